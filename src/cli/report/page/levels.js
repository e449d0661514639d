// Metrics of whole layers and of the model, which are over heads.

const levelMetrics = (level) => index.metrics.map((_, place) => place).filter((place) => metricOf(place).level === level);

const measured = (measurements, place) => measurements?.find(({ metric }) => metric === place);

// The same metric is taken of several signals.
const levelTitle = (place) => {
  const { title, unit, signal } = metricOf(place);
  return `${withUnit(title, unit)}, ${signal}`;
};

const drawLevels = () => {
  const shown = visible();
  const has = (level) => levelMetrics(level).some((place) => shown.some(({ layers, model }) => (
    level === "model" ? measured(model, place) : layers.some((measurements) => measured(measurements, place)))));
  byId("levels-none").hidden = has("layer") || has("model");
  byId("layer-part").hidden = !has("layer");
  byId("model-part").hidden = !has("model");
  if (has("model")) drawModel(shown);
  if (has("layer")) drawLayers(shown);
  drawBands(shown);
  drawBands(shown);
};

const drawModel = (shown) => {
  const headings = ["Metric", ...shown.flatMap(({ label }) => {
    const of = shown.length > 1 ? ` (${label})` : "";
    return [`Value${of}`, `95 % interval${of}`, ...["mean", "sd", "z", "p", "q"].map((field) => `${field}, ${state.against}${of}`)];
  })];
  const rows = levelMetrics("model").map((place) => element("tr", {},
    element("th", { scope: "row", title: metricOf(place).meaning }, levelTitle(place)),
    shown.flatMap(({ model }) => {
      const one = measured(model, place);
      const [low, high] = one?.interval ?? [NaN, NaN];
      const null_ = one?.nulls?.[state.against] ?? {};
      return [number(one?.value, 4), interval(low, high), ...["mean", "sd", "z", "p", "q"].map((field) => number(null_[field]))]
        .map((words) => element("td", { class: "number" }, words));
    })));
  byId("model-table").replaceChildren(
    element("thead", {}, element("tr", {}, headings.map((heading, i) => element("th", { scope: "col", class: i ? "number" : null }, heading)))),
    element("tbody", {}, rows),
  );
};

const drawLayers = (shown) => {
  const select = byId("layer-metric");
  const place = Number(select.value);
  const { unit, title: plainTitle, meaning } = metricOf(place);
  const title = levelTitle(place);
  const of = (measurements, at) => {
    const one = measured(measurements, place);
    return one ? at(one) ?? NaN : NaN;
  };
  const series = shown.flatMap(({ label, layers }, i) => {
    const xs = layers.map((_, layer) => layer);
    const own = { name: shown.length > 1 ? label : "this model", style: i ? "own second" : "own", xs, ys: layers.map((m) => of(m, ({ value }) => value)), dots: true };
    const null_ = (field) => layers.map((m) => of(m, ({ nulls }) => nulls?.[state.against]?.[field]));
    return [own, ...(i ? [] : [{ name: state.against, style: `null-${state.against}`, xs, ys: null_("mean"), sd: null_("sd").map((sd) => (Number.isNaN(sd) ? 0 : sd)) }])];
  }).sort((a, b) => a.style.startsWith("null") - b.style.startsWith("null"));
  byId("layer-figure").replaceChildren(lineChart({
    title: `${title} by layer`,
    caption: meaning,
    x: { label: "layer", kind: "linear" },
    y: { label: withUnit(plainTitle, unit), kind: "linear" },
    series: series.filter(({ ys }) => ys.some((value) => !Number.isNaN(value))),
  }));
};

// The band of every head: how wide it is over where it lies. Wavelets of one shape lie on a line of slope 1,
// atoms of a short-time Fourier transform on a level one.
const drawBands = (shown) => {
  const find = (signal, metric) => index.metrics.findIndex((one) => one.level === "head" && one.signal === signal && one.metric === metric);
  const signal = ["scores", "profile"].find((one) => find(one, "centre_frequency") >= 0 && find(one, "bandwidth") >= 0);
  byId("band-part").hidden = !signal;
  if (!signal) return;
  const [centre, width] = [find(signal, "centre_frequency"), find(signal, "bandwidth")];
  const points = shown.flatMap((checkpoint, i) => Array.from({ length: checkpoint.count }, (_, head) => ({
    checkpoint,
    name: headName(checkpoint.layer[head], checkpoint.head[head]),
    x: checkpoint.column(centre, "value")[head],
    y: checkpoint.column(width, "value")[head],
    style: i ? "second" : "",
  }))).filter(({ x, y }) => x > 0 && y > 0);
  byId("band-figure").replaceChildren(scatterChart({
    title: "Bandwidth of every head over its centre frequency",
    caption: `Of the signal ${signal}, both axes logarithmic. Lines: slope 1, as wavelets have, and slope 0, as a short-time Fourier transform has, through the middle of the heads.`,
    x: { label: withUnit(metricOf(centre).title, metricOf(centre).unit), kind: "log" },
    y: { label: withUnit(metricOf(width).title, metricOf(width).unit), kind: "log" },
    points,
  }));
};
