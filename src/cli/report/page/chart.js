// Line charts: SVG for the eye, with the numbers as a table behind.

const WIDTH = 400;
const HEIGHT = 260;
const FRAME = { left: 58, right: 12, top: 12, bottom: 44 };
const INNER = { width: WIDTH - FRAME.left - FRAME.right, height: HEIGHT - FRAME.top - FRAME.bottom };

// About so many round numbers from low to high.
const ticksOf = (low, high, count = 5) => {
  if (!(high > low)) return [low];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) => (first + i) * step);
};

const decadesOf = (low, high) => {
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  const stride = Math.max(1, Math.ceil((last - first) / 5));
  const powers = [];
  for (let power = first; power <= last; power += stride) powers.push(10 ** power);
  return powers.length > 1 ? powers : [low, high];
};

// An axis: `linear`, `log`, or `lag`, which is the logarithm of 1 + the lag.
const axisOf = (kind, low, high) => {
  const forward = { linear: (x) => x, log: (x) => Math.log(x), lag: (x) => Math.log1p(x) }[kind];
  const [from, to] = [forward(low), forward(high)];
  const share = (x) => (to > from ? (forward(x) - from) / (to - from) : 0.5);
  const lags = () => [0, 1, 3, 10, 30, 100, 300, 1000, 3000, 10000].filter((lag) => lag >= low && lag <= high);
  const ticks = kind === "log" ? decadesOf(low, high) : kind === "lag" ? lags() : ticksOf(low, high);
  return { share, ticks };
};

const tickWords = (tick, kind) => {
  if (tick === 0) return "0";
  if (kind === "log" || Math.abs(tick) < 1e-3) return number(Number(tick.toPrecision(2)), 1);
  return `${Number(tick.toPrecision(4))}`.replace("-", "−");
};

// The axes of a chart, and where a point lies in it.
const framed = (x, y) => {
  const px = (value) => FRAME.left + INNER.width * x.axis.share(value);
  const py = (value) => FRAME.top + INNER.height * (1 - y.axis.share(value));
  const bottom = FRAME.top + INNER.height;
  const group = drawn("g", { class: "axes" },
    x.axis.ticks.map((tick) => drawn("g", {},
      drawn("line", { x1: px(tick), x2: px(tick), y1: FRAME.top, y2: bottom, class: "rule" }),
      drawn("text", { x: px(tick), y: bottom + 16, "text-anchor": "middle" }, tickWords(tick, x.kind)))),
    y.axis.ticks.map((tick) => drawn("g", {},
      drawn("line", { x1: FRAME.left, x2: WIDTH - FRAME.right, y1: py(tick), y2: py(tick), class: "rule" }),
      drawn("text", { x: FRAME.left - 6, y: py(tick) + 4, "text-anchor": "end" }, tickWords(tick, y.kind)))),
    drawn("text", { x: FRAME.left + INNER.width / 2, y: HEIGHT - 6, "text-anchor": "middle", class: "axis-name" }, x.label),
    drawn("text", { x: 12, y: FRAME.top + INNER.height / 2, "text-anchor": "middle", class: "axis-name", transform: `rotate(-90 12 ${FRAME.top + INNER.height / 2})` }, y.label));
  return { px, py, group };
};

const canvasOf = (title, description, ...children) => drawn(
  "svg",
  { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title}. ${description}`, class: "chart" },
  children,
);

// A figure with its title, its key and a table that is written when it is opened.
const figureOf = ({ title, svg, caption, key = null, readout = null, table }) => {
  const details = element("details", { class: "numbers" }, element("summary", {}, "Numbers", element("span", { class: "unseen" }, ` of: ${title}`)));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(element("div", { class: "wide", "data-scroll": true, tabindex: "0", role: "region", "aria-label": `Numbers of: ${title}` }, table()));
  });
  return element("figure", {}, element("h4", {}, title), svg, key, readout, element("figcaption", {}, caption), details);
};

const tableOf = (headings, rows) => element("table", {},
  element("thead", {}, element("tr", {}, headings.map((heading) => element("th", { scope: "col", class: "number" }, heading)))),
  element("tbody", {}, rows.map((row) => element("tr", {}, row.map((cell, i) => (
    i ? element("td", { class: "number" }, cell) : element("th", { scope: "row", class: "number" }, cell)))))));

// series: name, style (a class that has colour and dash), xs, ys, and sd where the line is the middle of a band.
const lineChart = ({ title, caption, x, y, series, mark = null }) => {
  const edges = series.flatMap(({ ys, sd }) => Array.from(ys).flatMap((value, i) => (sd ? [value - sd[i], value + sd[i]] : [value])));
  const usable = edges.filter((value) => Number.isFinite(value) && (y.kind !== "log" || value > 0));
  let [low, high] = usable.length ? [usable.reduce((a, b) => Math.min(a, b)), usable.reduce((a, b) => Math.max(a, b))] : [0, 1];
  if (y.kind === "log") {
    // Below what the lines themselves reach, a band only shows that it goes to zero.
    const lines = series.flatMap(({ ys }) => Array.from(ys)).filter((value) => value > 0);
    low = Math.max(low, 0.3 * lines.reduce((a, b) => Math.min(a, b), Infinity));
  } else if (low > 0 && low < 0.5 * high) low = 0;
  if (!(high > low)) [low, high] = y.kind === "log" ? [low / 2, low * 2] : [low - 0.5, low + 0.5];
  const xs = series.flatMap((one) => [one.xs[0], one.xs[one.xs.length - 1]]);
  const xAxis = { ...x, axis: axisOf(x.kind, Math.min(...xs), Math.max(...xs)) };
  const yAxis = { ...y, axis: axisOf(y.kind, low, high) };
  const { px, py, group } = framed(xAxis, yAxis);
  const clamp = (value) => py(Math.min(high, Math.max(low, value)));
  const points = (one, ys) => Array.from(one.xs, (value, i) => (Number.isNaN(ys[i]) ? null : `${px(value).toFixed(1)},${clamp(ys[i]).toFixed(1)}`)).filter(Boolean);
  const bands = series.filter(({ sd }) => sd).map((one) => {
    const upper = points(one, one.ys.map((value, i) => value + one.sd[i]));
    const lower = points(one, one.ys.map((value, i) => value - one.sd[i])).reverse();
    return drawn("polygon", { points: [...upper, ...lower].join(" "), class: `band ${one.style}` });
  });
  const lines = series.map((one) => drawn("polyline", { points: points(one, one.ys).join(" "), class: `line ${one.style}` }));
  const dots = series.filter(({ dots }) => dots).flatMap((one) => Array.from(one.xs, (value, i) => (
    Number.isNaN(one.ys[i]) ? null : drawn("circle", { cx: px(value), cy: clamp(one.ys[i]), r: 3, class: `dot ${one.style}` }))));
  const upright = mark === null ? null : drawn("line", { x1: px(mark), x2: px(mark), y1: FRAME.top, y2: FRAME.top + INNER.height, class: "mark" });
  const cursor = drawn("line", { y1: FRAME.top, y2: FRAME.top + INNER.height, x1: -9, x2: -9, class: "cursor" });
  const description = `${y.label} over ${x.label}; ${series.map(({ name }) => name).join(", ")}. The numbers are in the table below.`;
  const svg = canvasOf(title, description, group, bands, lines, dots, upright, cursor);
  const readout = element("p", { class: "chart-readout" }, " ");
  svg.addEventListener("pointermove", (event) => {
    const place = WIDTH * (event.clientX - svg.getBoundingClientRect().left) / svg.getBoundingClientRect().width;
    const nearest = (one) => one.xs.reduce((best, value, i) => (Math.abs(px(value) - place) < Math.abs(px(one.xs[best]) - place) ? i : best), 0);
    const at = series[0].xs[nearest(series[0])];
    cursor.setAttribute("x1", px(at));
    cursor.setAttribute("x2", px(at));
    readout.textContent = `${x.label} ${number(at)}: ${series.map((one) => `${one.name} ${number(one.ys[nearest(one)])}`).join("; ")}`;
  });
  const key = element("ul", { class: "key" }, series.map((one) => element("li", {},
    drawn("svg", { viewBox: "0 0 26 8", width: 26, height: 8, "aria-hidden": "true" }, drawn("line", { x1: 0, x2: 26, y1: 4, y2: 4, class: `line ${one.style}` })),
    one.name, one.sd ? " ± 1 sd" : "")));
  const table = () => {
    const nulls = series.slice(1);
    const lookup = nulls.map((one) => new Map(Array.from(one.xs, (value, i) => [value, i])));
    const words = (one, i) => (i === undefined ? "" : `${number(one.ys[i])}${one.sd ? ` ± ${number(one.sd[i])}` : ""}`);
    return tableOf(
      [x.label, ...series.map(({ name, sd }) => `${name}${sd ? " ± sd" : ""}`)],
      Array.from(series[0].xs, (value, i) => [number(value), words(series[0], i), ...nulls.map((one, n) => words(one, lookup[n].get(value)))]),
    );
  };
  return figureOf({ title, svg, caption, key, readout, table });
};

// points: name, x, y, style; with lines of slope 1 and 0 through their middle. Both axes are logarithmic.
const scatterChart = ({ title, caption, x, y, points }) => {
  const range = (values) => [Math.min(...values) / 1.1, Math.max(...values) * 1.1];
  const [xs, ys] = [points.map((point) => point.x), points.map((point) => point.y)];
  const [[left, right], [low, high]] = [range(xs), range(ys)];
  const { px, py, group } = framed({ ...x, axis: axisOf(x.kind, left, right) }, { ...y, axis: axisOf(y.kind, low, high) });
  const middle = (values) => Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
  const [a, b] = [middle(xs), middle(ys)];
  // Where the line of slope 1 meets the frame.
  const [from, to] = [Math.max(left, a * low / b), Math.min(right, a * high / b)];
  const lines = [
    drawn("line", { x1: px(from), y1: py(b * from / a), x2: px(to), y2: py(b * to / a), class: "guide" }),
    drawn("line", { x1: px(left), y1: py(b), x2: px(right), y2: py(b), class: "guide" }),
  ];
  const dots = points.map((point) => drawn("circle", { cx: px(point.x), cy: py(point.y), r: 3, class: `dot own ${point.style}` }, drawn("title", {}, point.name)));
  const svg = canvasOf(title, `${y.label} over ${x.label}. The numbers are in the table below.`, group, lines, dots);
  return figureOf({ title, svg, caption, table: () => tableOf(["head", x.label, y.label], points.map((point) => [point.name, number(point.x), number(point.y)])) });
};
