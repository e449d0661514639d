// The table of heads: sorted by any column, filtered, a part of it at a time.

const ROWS = 50;

const columnsOfTable = () => {
  const { title, unit } = metricOf(state.metric);
  const value = (field) => (checkpoint, head) => checkpoint.column(state.metric, field)[head];
  const columns = [
    { key: "layer", title: "Layer", at: (checkpoint, head) => checkpoint.layer[head] },
    { key: "head", title: "Head", at: (checkpoint, head) => checkpoint.head[head] },
    { key: "label", title: "Labels", at: (checkpoint, head) => checkpoint.labels[head].join(", "), text: true },
    { key: "value", title: withUnit(title, unit), at: value("value"), digits: 4 },
    { key: "interval", title: "95 % interval", at: value("low"), words: (checkpoint, head) => interval(value("low")(checkpoint, head), value("high")(checkpoint, head)) },
    ...["mean", "z", "p", "q"].map((field) => ({ key: field, title: `${field} ${field === "mean" ? "of" : "against"} ${state.against}`, at: value(`${state.against}.${field}`) })),
  ];
  if (state.other !== null) {
    const partner = (checkpoint, head) => checkpoints[state.other].byName.get(headName(checkpoint.layer[head], checkpoint.head[head]));
    const there = (field) => (checkpoint, head) => {
      const place = partner(checkpoint, head);
      return place === undefined ? NaN : checkpoints[state.other].column(state.metric, field)[place];
    };
    const { label } = checkpoints[state.other];
    columns.push({ key: "other", title: `Value in ${label}`, at: there("value"), digits: 4 });
    columns.push({ key: "difference", title: "Difference", at: (checkpoint, head) => there("value")(checkpoint, head) - value("value")(checkpoint, head) });
    columns.push({ key: "other-z", title: `z in ${label}`, at: there(`${state.against}.z`) });
  }
  return columns;
};

// The heads in the order of the table; those without a value come last, either way.
const sorted = (checkpoint, column) => {
  const pass = passes(checkpoint);
  const heads = Array.from({ length: checkpoint.count }, (_, i) => i).filter((i) => pass[i]);
  const sign = state.sort.descending ? -1 : 1;
  const missing = (value) => value === "" || Number.isNaN(value);
  return heads.sort((a, b) => {
    const [one, other] = [column.at(checkpoint, a), column.at(checkpoint, b)];
    if (missing(one) || missing(other)) return missing(one) - missing(other) || a - b;
    return sign * (column.text ? one.localeCompare(other) : one - other) || a - b;
  });
};

const drawTable = () => {
  const checkpoint = checkpoints[state.checkpoint];
  const columns = columnsOfTable();
  const by = columns.find(({ key }) => key === state.sort.key) ?? columns[0];
  const heads = sorted(checkpoint, by);
  const pages = Math.max(1, Math.ceil(heads.length / ROWS));
  const page = Math.min(state.page, pages - 1);
  const shown = heads.slice(page * ROWS, (page + 1) * ROWS);

  const headings = columns.map(({ key, title, text }) => {
    const active = by.key === key;
    const descending = active ? !state.sort.descending : false;
    const button = element("button", { type: "button", "data-sort": key, onclick: () => {
      update({ sort: { key, descending }, page: 0 });
      byId("head-table").querySelector(`[data-sort="${key}"]`)?.focus();
    } }, title, element("span", { "aria-hidden": "true" }, active ? (state.sort.descending ? " ▼" : " ▲") : ""));
    return element("th", { scope: "col", class: text ? null : "number", "aria-sort": active ? (state.sort.descending ? "descending" : "ascending") : null }, button);
  });
  const rows = shown.map((head) => element("tr", {}, columns.map((column, i) => {
    const words = column.words?.(checkpoint, head) ?? (column.text ? column.at(checkpoint, head) : number(column.at(checkpoint, head), column.digits ?? 3));
    if (i > 1) return element("td", { class: column.text ? null : "number" }, words);
    if (i === 1) return element("td", { class: "number" }, element("a", { href: hashOf(checkpoint, head), "aria-label": `layer ${checkpoint.layer[head]}, head ${checkpoint.head[head]}` }, `${checkpoint.head[head]}`));
    return element("th", { scope: "row", class: "number" }, `${checkpoint.layer[head]}`);
  })));
  byId("head-table").replaceChildren(element("thead", {}, element("tr", {}, headings)), element("tbody", {}, rows));
  const from = heads.length ? page * ROWS + 1 : 0;
  byId("count").textContent = `Heads ${from} to ${page * ROWS + shown.length} of ${heads.length}${heads.length < checkpoint.count ? ` that pass the filter, ${checkpoint.count} in all` : ""}`;
  byId("previous").disabled = page === 0;
  byId("next").disabled = page === pages - 1;
};
