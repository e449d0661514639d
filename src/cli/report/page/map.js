// The map: layer by head, a grid of cells that arrow keys walk through. The grid is its own table: each cell
// says its numbers to whoever cannot see its colour.

const SHOWN_WORDS = { value: "value", z: "z-score", p: "p-value", q: "q-value" };

const fieldOf = (shown) => (shown === "value" ? "value" : `${state.against}.${shown}`);

const comparisonWords = (checkpoint, head, metric, against) => {
  const at = (field) => checkpoint.column(metric, `${against}.${field}`)[head];
  return `${against} ${number(at("mean"))} ± ${number(at("sd"))}, z ${number(at("z"))}, p ${number(at("p"))}, q ${number(at("q"))}`;
};

const headWords = (checkpoint, head) => {
  const { unit, title } = metricOf(state.metric);
  const at = (field) => checkpoint.column(state.metric, field)[head];
  const labels = checkpoint.labels[head];
  const name = `layer ${checkpoint.layer[head]}, head ${checkpoint.head[head]}`;
  const value = `${title} ${number(at("value"), 4)} ${unitWords(unit)}`.trim();
  const spread = Number.isNaN(at("low")) ? "" : ` ${interval(at("low"), at("high"))}`;
  const words = `${name}${labels.length ? ` (${labels.join(", ")})` : ""}: ${value}${spread}; `;
  return `${words}${comparisonWords(checkpoint, head, state.metric, state.against)}`;
};

const openHead = (checkpoint, head) => {
  const hash = hashOf(checkpoint, head);
  if (location.hash === hash) followHash();
  else location.hash = hash;
};

const gridOf = (checkpoint) => {
  const layers = Math.max(...checkpoint.layer) + 1;
  const heads = Math.max(...checkpoint.head) + 1;
  const cells = new Map();
  const size = Math.min(56, Math.max(14, Math.floor((visible().length > 1 ? 440 : 900) / heads)));
  // Layer 0, where the input is, at the bottom.
  const rows = Array.from({ length: layers }, (_, i) => layers - 1 - i).map((layer) => {
    const row = Array.from({ length: heads }, (_, head) => {
      const place = checkpoint.byName.get(headName(layer, head));
      if (place === undefined) return element("td", { class: "no-head" });
      const cell = element("td", { role: "gridcell", tabindex: "-1", "data-head": place });
      cells.set(place, cell);
      return cell;
    });
    return element("tr", {}, element("th", { scope: "row" }, `${layer}`), row);
  });
  const step = Math.ceil(heads * 20 / (heads * size));
  const names = Array.from({ length: heads }, (_, head) => element("th", { scope: "col" }, head % step ? element("span", { class: "unseen" }, `${head}`) : `${head}`));
  const corner = element("th", { scope: "col" }, element("span", { class: "unseen" }, "Layer"));
  const table = element(
    "table",
    { role: "grid", class: "map", "aria-label": `Heads of ${checkpoint.label} by layer`, "aria-readonly": "true" },
    element("thead", {}, element("tr", {}, corner, names)),
    element("tbody", {}, rows),
  );
  table.style.setProperty("--cell", `${size}px`);
  table.style.setProperty("--row", `${Math.min(size, 32, Math.max(13, Math.floor(640 / layers)))}px`);
  table.classList.toggle("roomy", size >= 36);
  const at = (event) => event.target.closest("[data-head]");
  const say = (event) => {
    const cell = at(event);
    if (cell) byId("readout").textContent = `${checkpoints.length > 1 ? `${checkpoint.label}, ` : ""}${headWords(checkpoint, Number(cell.dataset.head))}`;
  };
  table.addEventListener("pointerover", say);
  table.addEventListener("focusin", say);
  table.addEventListener("click", (event) => {
    const cell = at(event);
    if (!cell) return;
    rove(cells, cell);
    openHead(checkpoint, Number(cell.dataset.head));
  });
  table.addEventListener("keydown", (event) => {
    const cell = at(event);
    if (!cell) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      openHead(checkpoint, Number(cell.dataset.head));
      return;
    }
    const place = Number(cell.dataset.head);
    const target = neighbour(checkpoint, place, event.key, heads, layers);
    if (target === undefined) return;
    event.preventDefault();
    rove(cells, cells.get(target));
    cells.get(target).focus();
  });
  return { checkpoint, table, cells };
};

// One cell at a time is in the order of the Tab key.
const rove = (cells, cell) => {
  for (const other of cells.values()) if (other.tabIndex === 0) other.tabIndex = -1;
  cell.tabIndex = 0;
};

const STEPS = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

const neighbour = (checkpoint, place, key, heads, layers) => {
  const [layer, head] = [checkpoint.layer[place], checkpoint.head[place]];
  if (key === "Home" || key === "End") {
    const row = Array.from({ length: heads }, (_, i) => checkpoint.byName.get(headName(layer, i))).filter((i) => i !== undefined);
    return key === "Home" ? row[0] : row[row.length - 1];
  }
  if (!STEPS[key]) return undefined;
  const [up, right] = STEPS[key];
  // Over the layers and heads that are missing, to the next that is there.
  for (let l = layer + up, h = head + right; l >= 0 && l < layers && h >= 0 && h < heads; l += up, h += right) {
    const found = checkpoint.byName.get(headName(l, h));
    if (found !== undefined) return found;
  }
  return undefined;
};

let grids = [];

const drawGrids = () => {
  grids = visible().map(gridOf);
  byId("maps").replaceChildren(...grids.map(({ checkpoint, table }) => element(
    "div",
    { class: "map-and-name" },
    visible().length > 1 ? element("p", { class: "map-name" }, element("bdi", {}, checkpoint.label)) : null,
    element("div", { class: "map-scroll" }, table),
  )));
  for (const { cells } of grids) rove(cells, cells.values().next().value);
  paint();
};

const paint = () => {
  const columns = grids.map(({ checkpoint }) => checkpoint.column(state.metric, fieldOf(state.shown)));
  const scale = scaleOf(state.shown, columns.flatMap((column) => Array.from(column)));
  grids.forEach(({ checkpoint, table, cells }, i) => {
    const pass = passes(checkpoint);
    const roomy = table.classList.contains("roomy");
    for (const [place, cell] of cells) {
      const value = columns[i][place];
      const missing = Number.isNaN(value);
      // As many digits in words as in the cell, so that what is read is what is seen.
      const words = number(value, roomy && Math.abs(value) < 100 ? 2 : 3);
      const colour = missing ? null : colourAt(scale.anchors, scale.share(value));
      cell.style.backgroundColor = missing ? "" : css(colour);
      cell.style.color = missing ? "" : inkOn(colour);
      cell.classList.toggle("missing", missing);
      cell.classList.toggle("filtered", !pass[place]);
      cell.classList.toggle("open", state.head === headName(checkpoint.layer[place], checkpoint.head[place]));
      cell.setAttribute("aria-label", `${headName(checkpoint.layer[place], checkpoint.head[place])}, ${SHOWN_WORDS[state.shown]} ${words}${pass[place] ? "" : ", does not pass the filter"}`);
      cell.textContent = roomy && !missing ? words : "";
    }
  });
  const { title, unit } = metricOf(state.metric);
  const words = state.shown === "value" ? withUnit(title, unit) : `${SHOWN_WORDS[state.shown]} of ${title} against ${state.against}`;
  byId("legend").replaceChildren(legend(scale, words));
};
