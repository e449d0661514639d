// What is looked at now. Whoever draws a part of it says which keys it depends on.

const state = {
  checkpoint: 0,
  other: null,
  metric: index.start.metric,
  shown: "z",
  against: index.start.null,
  head: null,
  query: "",
  label: "",
  significant: false,
  sort: { key: "layer", descending: false },
  page: 0,
  bands: new Set([index.start.null, "shuffled"]),
  logarithmic: false,
};

const listeners = [];

const whenChanged = (keys, draw) => listeners.push({ keys, draw });

const update = (changes) => {
  const changed = Object.keys(changes).filter((key) => state[key] !== changes[key]);
  Object.assign(state, changes);
  for (const { keys, draw } of listeners) if (keys.some((key) => changed.includes(key))) draw();
};

// The checkpoints that are looked at: one, or two beside each other.
const visible = () => [state.checkpoint, state.other].filter((place) => place !== null).map((place) => checkpoints[place]);

const metricOf = (place) => index.metrics[place];

// Which heads of a checkpoint pass the filter.
const passes = (checkpoint) => {
  const words = state.query.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const q = state.significant ? checkpoint.column(state.metric, `${state.against}.q`) : null;
  return Array.from({ length: checkpoint.count }, (_, i) => {
    const name = headName(checkpoint.layer[i], checkpoint.head[i]).toLowerCase();
    const labels = checkpoint.labels[i];
    const matches = (word) => (/^l\d+$/.test(word) ? name.startsWith(`${word}h`) : name.includes(word))
      || labels.some((label) => label.toLowerCase().includes(word));
    return words.every(matches) && (!state.label || labels.includes(state.label)) && (!q || q[i] < 0.05);
  });
};

// `#L3H2`, and `#CHECKPOINT/L3H2` where there are several.
const hashOf = (checkpoint, head) => {
  const name = headName(checkpoint.layer[head], checkpoint.head[head]);
  return checkpoints.length > 1 ? `#${encodeURIComponent(checkpoint.label)}/${name}` : `#${name}`;
};

const followHash = () => {
  const [, label, name] = location.hash.match(/^#(?:(.*)\/)?(L\d+H\d+)$/) ?? [];
  if (!name) return;
  let place = checkpoints.findIndex((checkpoint) => checkpoint.label === decoded(label ?? ""));
  if (place < 0) place = label ? -1 : state.checkpoint;
  const head = checkpoints[place]?.byName.get(name);
  if (head === undefined) {
    byId("readout").textContent = `There is no head ${decoded(location.hash.slice(1))} in this report.`;
    return;
  }
  const other = place === state.other ? state.checkpoint : state.other;
  update({ checkpoint: place, other, head: name });
  byId("head-title").focus({ preventScroll: true });
  byId("head").scrollIntoView({ block: "start" });
};

const decoded = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
