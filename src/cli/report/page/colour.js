// Colour scales that people with any of the common kinds of colour blindness can read.

const VIRIDIS = ["440154", "472d7b", "3b528b", "2c728e", "21918c", "28ae80", "5ec962", "addc30", "fde725"];
const BLUE_RED = ["053061", "2166ac", "4393c3", "92c5de", "d1e5f0", "f7f7f7", "fddbc7", "f4a582", "d6604d", "b2182b", "67001f"];

const channels = (anchor) => [0, 2, 4].map((at) => parseInt(anchor.slice(at, at + 2), 16));
const SEQUENTIAL = VIRIDIS.map(channels);
const DIVERGING = BLUE_RED.map(channels);

const colourAt = (anchors, share) => {
  const along = Math.min(1, Math.max(0, share)) * (anchors.length - 1);
  const below = Math.min(Math.floor(along), anchors.length - 2);
  const part = along - below;
  return anchors[below].map((from, i) => Math.round(from + part * (anchors[below + 1][i] - from)));
};

const css = ([red, green, blue]) => `rgb(${red} ${green} ${blue})`;

// Black or white, whichever has more contrast with a colour (the relative luminance of WCAG).
const inkOn = (colour) => {
  const [red, green, blue] = colour.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
};

// From numbers to colours, with the ticks of a legend. `values` are all that are on the page, so that maps
// which stand beside each other can be compared.
const scaleOf = (shown, values) => {
  const finite = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const ends = (low, high) => [low, (low + high) / 2, high];
  if (shown === "z") {
    const sizes = finite.map(Math.abs).sort((a, b) => a - b);
    const limit = Math.max(3, Math.ceil(sizes[Math.floor(0.95 * (sizes.length - 1))] ?? 3));
    const share = (z) => 0.5 + z / (2 * limit);
    return { anchors: DIVERGING, share, ticks: [-limit, -limit / 2, 0, limit / 2, limit], open: true };
  }
  if (shown === "p" || shown === "q") {
    const smallest = Math.min(0.01, finite.find((value) => value > 0) ?? 0.01);
    const share = (p) => Math.log10(Math.max(p, smallest)) / Math.log10(smallest);
    const ticks = [1, 0.3, 0.05, 0.01, 0.001].filter((tick) => tick >= smallest);
    return { anchors: SEQUENTIAL, share, ticks, open: false };
  }
  const [low, high] = [finite[0] ?? 0, finite[finite.length - 1] ?? 1];
  const share = (value) => (high > low ? (value - low) / (high - low) : 0.5);
  return { anchors: SEQUENTIAL, share, ticks: high > low ? ends(low, high) : [low], open: false };
};

// A bar of the colours with numbers under it.
const legend = (scale, title) => {
  const stops = Array.from({ length: 17 }, (_, i) => css(colourAt(scale.anchors, i / 16))).join(", ");
  const bar = element("div", { class: "legend-bar" });
  bar.style.background = `linear-gradient(to right, ${stops})`;
  const ticks = scale.ticks.map((tick, i) => {
    const last = scale.open && (i === 0 || i === scale.ticks.length - 1);
    const label = element("span", {}, `${last ? (tick < 0 ? "≤ " : "≥ ") : ""}${number(tick, 3)}`);
    label.style.left = `${100 * scale.share(tick)}%`;
    return label;
  });
  return element("div", { class: "legend" }, element("p", {}, title), bar, element("div", { class: "legend-ticks", "aria-hidden": "true" }, ticks));
};
