// An analysis of many heads, made of one of few: each new head is an old one with every number of its own moved by a
// few percent, so that nothing compresses better than real numbers would. Written piece by piece: it is large.

import { closeSync, openSync, readFileSync, writeSync } from "node:fs";

// Marsaglia's xorshift, so that the same heads come every time.
const generator = (seed) => {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
};

export const enlarge = (from, to, layers, heads) => {
  const small = JSON.parse(readFileSync(from, "utf8"));
  const random = generator(20_250_311);
  const moved = (value, key) => {
    // p and q are shares of the draws, and flat Dirichlet rows are the same for every head.
    if (key === "p" || key === "q" || key === "dirichlet") return value;
    if (typeof value === "number") return Number.isInteger(value) ? value : value * (0.9 + 0.2 * random());
    if (Array.isArray(value)) return value.map((inner) => moved(inner));
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, moved(inner, key)]));
    return value;
  };
  const file = openSync(to, "w");
  const checkpoint = { ...small.checkpoint, name: "many-heads", layers, heads: Array(layers).fill(heads) };
  writeSync(file, `${JSON.stringify({ ...small, checkpoint, heads: undefined, layers: undefined }).slice(0, -1)},"layers":`);
  const layer = (i) => ({ ...moved(small.layers[i % small.layers.length]), layer: i });
  writeSync(file, `${JSON.stringify(Array.from({ length: layers }, (_, i) => layer(i)))},"heads":[`);
  for (let i = 0; i < layers * heads; i += 1) {
    // The page makes the scalograms itself.
    const head = { ...small.heads[i % small.heads.length], lag_scalogram: [], spectrum_scalogram: [] };
    const one = { ...moved(head), layer: Math.floor(i / heads), head: i % heads, rows: head.rows };
    writeSync(file, `${i ? "," : ""}${JSON.stringify(one)}`);
  }
  writeSync(file, "]}");
  closeSync(file);
};
