// One head: its curves beside the bands of its null models, its pictures, its metrics.

let drawing = 0;

const drawHead = async () => {
  const panel = byId("head");
  panel.hidden = state.head === null;
  if (state.head === null) return;
  drawing += 1;
  const mine = drawing;
  panel.setAttribute("aria-busy", "true");
  const shown = visible().map((checkpoint) => ({ checkpoint, head: checkpoint.byName.get(state.head) })).filter(({ head }) => head !== undefined);
  if (!shown.length) return;
  const [{ checkpoint, head }] = shown;
  byId("head-title").textContent = `Layer ${checkpoint.layer[head]}, head ${checkpoint.head[head]}`;
  byId("head-labels").replaceChildren(...shown.flatMap(labelsOf));
  byId("head-bands").replaceChildren(...bandControls());
  drawMetrics(shown);
  const [figures, pictures] = await Promise.all([Promise.all(curveFigures(shown)), Promise.all(shown.map(picturesOf))]);
  // Another head may have been asked for in the meantime.
  if (mine !== drawing) return;
  byId("head-figures").replaceChildren(...figures.filter(Boolean), ...pictures.flat().filter(Boolean));
  panel.setAttribute("aria-busy", "false");
};

const labelsOf = ({ checkpoint, head }) => {
  const labels = checkpoint.labels[head];
  return [
    element("p", {},
      visible().length > 1 ? [element("bdi", {}, checkpoint.label), ": "] : null,
      labels.length ? labels.map((label) => element("span", { class: "label" }, label)) : "no label",
      `, ${checkpoint.rows[head]} rows of attention`),
  ];
};

const bandControls = () => index.nulls.map(({ name, title }) => element("label", { title },
  element("input", { type: "checkbox", value: name, checked: state.bands.has(name), onchange: (event) => {
    const bands = new Set(state.bands);
    if (event.target.checked) bands.add(name);
    else bands.delete(name);
    update({ bands });
    byId("head-bands").querySelector(`[value="${name}"]`).focus();
  } }),
  " ", name));

const curveFigures = (shown) => {
  const kinds = new Set(shown.flatMap(({ checkpoint }) => checkpoint.curves.map(({ key }) => key)));
  return [...kinds].map(async (key) => {
    const series = (await Promise.all(shown.map((one, i) => seriesOf(one, key, i)))).flat();
    if (!series.length) return null;
    const { title, meaning, x_label: xLabel, y_label: yLabel, x_kind: xKind, y_kind: yKind, mark } = shown.map(({ checkpoint }) => checkpoint.curves.find((curve) => curve.key === key)).find(Boolean);
    const lag = xKind === "lag" && !state.logarithmic ? "linear" : xKind;
    // The heads themselves first, so that they are in front, in the key and in the table.
    series.sort((a, b) => a.order - b.order);
    return lineChart({ title, caption: meaning, x: { label: xLabel, kind: lag }, y: { label: yLabel, kind: yKind }, series, mark });
  });
};

const seriesOf = async ({ checkpoint, head }, key, place) => {
  const kind = checkpoint.curves.findIndex((curve) => curve.key === key);
  if (kind < 0) return [];
  const { x, null_x: sparse } = checkpoint.curves[kind];
  const own = await checkpoint.curve(head, kind, "own");
  if (!own) return [];
  const name = visible().length > 1 ? checkpoint.label : "this head";
  const nulls = place ? [] : await Promise.all(index.nulls.filter((null_) => state.bands.has(null_.name)).map(async (null_) => {
    const [ys, sd] = await Promise.all(["mean", "sd"].map((field) => checkpoint.curve(head, kind, `${null_.name}.${field}`)));
    return ys && { name: null_.name, style: `null-${null_.name}`, xs: sparse, ys, sd, order: 9 };
  }));
  return [{ name, style: place ? "own second" : "own", xs: x, ys: own, order: place }, ...nulls.filter(Boolean)];
};

const picturesOf = async ({ checkpoint, head }) => {
  const of = visible().length > 1 ? `, ${checkpoint.label}` : "";
  const figures = [];
  const signal = async (key) => checkpoint.curve(head, checkpoint.curves.findIndex((curve) => curve.key === key), "own");
  const { lag_transform: lag, spectrum_transform: bins } = checkpoint;
  const cone = "Between the white lines it hardly depends on what lies beyond the ends.";
  if (lag) {
    figures.push(scalogramPicture({
      title: `Scalogram of the lag profile${of}`,
      caption: `|W|² of the lag profile (${lag.wavelet}). ${cone}`,
      signal: await signal("lag_profile"),
      kernels: await checkpoint.kernels("lag"),
      transform: lag,
      x: { label: "lag (tokens)", at: (i) => i, index: (lag_) => lag_ },
      y: { label: "scale (tokens)" },
    }));
  }
  if (bins) {
    const spectrum = (await signal("spectrum")).subarray(1);
    const sum = spectrum.reduce((a, b) => a + b, 0) || 1;
    const points = 2 * spectrum.length;
    figures.push(scalogramPicture({
      title: `Scalogram of the spectrum${of}`,
      caption: `|W|² of the spectrum without frequency 0, along the frequencies (${bins.wavelet}). ${cone}`,
      signal: spectrum.map((power) => power / sum),
      kernels: await checkpoint.kernels("spectrum"),
      transform: bins,
      x: { label: "frequency (cycles/token)", at: (i) => (i + 1) / points, index: (f) => f * points - 1 },
      y: { label: "scale (bins)" },
    }));
  }
  const attention = await checkpoint.attention(head);
  if (attention) figures.push(attentionPicture(attention, checkpoint.thumbnail, `Attention on the first tokens${of}`));
  return figures;
};

// Every metric of the head, signal by signal, against the null that is chosen or against all.
const drawMetrics = (shown) => {
  const all = byId("all-nulls").checked;
  const nulls = all ? index.nulls.map(({ name }) => name) : [state.against];
  const fields = ["mean", "sd", "z", "p", "q"];
  const [{ checkpoint }] = shown;
  const headings = ["Metric", ...shown.flatMap((one) => {
    const of = shown.length > 1 ? ` (${one.checkpoint.label})` : "";
    return [`Value${of}`, `95 % interval${of}`, ...nulls.flatMap((name) => fields.map((field) => `${field}, ${name}${of}`))];
  })];
  const bodies = Object.entries(grouped(checkpoint.metrics)).map(([signal, metrics]) => element("tbody", {},
    element("tr", {}, element("th", { scope: "rowgroup", colspan: headings.length, class: "signal" }, signalTitle(signal))),
    metrics.map((metric) => element("tr", {},
      element("th", { scope: "row", title: metricOf(metric).meaning }, withUnit(metricOf(metric).title, metricOf(metric).unit)),
      shown.flatMap((one) => {
        const at = (field) => one.checkpoint.column(metric, field)[one.head];
        return [
          element("td", { class: "number" }, number(at("value"), 4)),
          element("td", { class: "number" }, interval(at("low"), at("high"))),
          ...nulls.flatMap((name) => fields.map((field) => element("td", { class: "number" }, number(at(`${name}.${field}`))))),
        ];
      })))));
  byId("head-metrics").replaceChildren(
    element("thead", {}, element("tr", {}, headings.map((heading, i) => element("th", { scope: "col", class: i ? "number" : null }, heading)))),
    ...bodies,
  );
};

const grouped = (metrics) => {
  const groups = {};
  for (const metric of metrics) (groups[metricOf(metric).signal] ??= []).push(metric);
  return groups;
};

const signalTitle = (signal) => index.signals.find(({ name }) => name === signal)?.title ?? signal;

// The head before or after this one, in the order of the table.
const stepHead = (by) => {
  const checkpoint = checkpoints[state.checkpoint];
  const column = columnsOfTable().find(({ key }) => key === state.sort.key) ?? columnsOfTable()[0];
  const order = sorted(checkpoint, column);
  if (!order.length) return;
  const at = order.indexOf(checkpoint.byName.get(state.head));
  openHead(checkpoint, order[(at + by + order.length) % order.length]);
};
