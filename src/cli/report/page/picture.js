// Pictures made of cells: scalograms and attention, in one colour scale, with a table of what is to be seen.

// An image of `columns` by `rows` numbers from 0 to 1, the first row at the top; NaN is left blank.
const imageOf = (columns, rows, at) => {
  const canvas = element("canvas", { width: columns, height: rows });
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(columns, rows);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const value = at(row, column);
      if (Number.isNaN(value)) continue;
      pixels.data.set([...colourAt(SEQUENTIAL, value), 255], 4 * (row * columns + column));
    }
  }
  context.putImageData(pixels, 0, 0);
  return canvas.toDataURL();
};

const picture = ({ title, caption, x, y, image, over = [], table, scale }) => {
  const { px, py, group } = framed(x, y);
  const drawnImage = drawn("image", { href: image, x: FRAME.left, y: FRAME.top, width: INNER.width, height: INNER.height, preserveAspectRatio: "none", class: "pixels" });
  const svg = canvasOf(title, `${caption} The numbers are in the table below.`, drawnImage, over.map((draw) => draw(px, py)), group);
  svg.classList.add("picture");
  const key = legend({ anchors: SEQUENTIAL, ticks: scale.ticks, share: scale.share, open: false }, scale.title);
  return figureOf({ title, svg, caption, key, table });
};

// |W|² of a signal mirrored at both ends, by scale and place: a circular convolution of twice its length with
// the transform's impulse response.
const scalogram = (signal, kernels, { scales, complex }) => {
  const n = signal.length;
  const mirrored = Float64Array.from({ length: 2 * n }, (_, i) => (i < n ? signal[i] : signal[2 * n - 1 - i]));
  const parts = complex ? 2 : 1;
  return scales.map((_, a) => Float64Array.from({ length: n }, (_, b) => {
    let power = 0;
    for (let part = 0; part < parts; part += 1) {
      const kernel = 2 * n * (parts * a + part);
      let sum = 0;
      for (let t = 0; t < 2 * n; t += 1) sum += mirrored[t] * kernels[kernel + (t - b + 2 * n) % (2 * n)];
      power += sum * sum;
    }
    return power;
  }));
};

const scalogramPicture = ({ title, caption, signal, kernels, transform, x, y }) => {
  const power = scalogram(signal, kernels, transform);
  const largest = power.reduce((most, row) => row.reduce((a, b) => Math.max(a, b), most), 0) || 1;
  const { scales, cone } = transform;
  const count = signal.length;
  // Scales are geometric; each has a strip of its own, and the ticks are at whole octaves.
  const strip = (scale) => (Math.log2(scale) - Math.log2(scales[0])) * (scales.length - 1) / (Math.log2(scales[scales.length - 1]) - Math.log2(scales[0]));
  const yAxis = { ...y, kind: "linear", axis: { share: (scale) => (strip(scale) + 0.5) / scales.length, ticks: scales.filter((scale) => Number.isInteger(Math.log2(scale))) } };
  const place = (i) => (i + 0.5) / count;
  const xAxis = { label: x.label, kind: "linear", axis: { share: (value) => place(x.index(value)), ticks: ticksOf(x.at(0), x.at(count - 1), 4) } };
  const edge = (from) => (px, py) => drawn("polyline", { class: "cone", points: scales.map((scale, a) => (cone[a] < count ? `${px(x.at(from(cone[a])))},${py(scale)}` : null)).filter(Boolean).join(" ") });
  return picture({
    title,
    caption,
    x: xAxis,
    y: yAxis,
    image: imageOf(count, scales.length, (row, column) => power[scales.length - 1 - row][column] / largest),
    over: [edge((cone) => cone), edge((cone) => count - 1 - cone)],
    scale: { title: "share of the largest |W|²", ticks: [0, 0.5, 1], share: (value) => value },
    table: () => {
      const total = power.reduce((sum, row) => row.reduce((a, b) => a + b, sum), 0) || 1;
      return tableOf([y.label, `strongest at ${x.label}`, "share of the largest", "share of all"], scales.map((scale, a) => {
        const most = power[a].reduce((best, value, i) => (value > power[a][best] ? i : best), 0);
        return [number(scale), number(x.at(most)), number(power[a][most] / largest), number(power[a].reduce((p, q) => p + q, 0) / total)];
      }));
    },
  });
};

// Attention on the first tokens of a text: bytes are shares of the logarithm's range.
const attentionPicture = (bytes, { size, tokens, text, decades }, title) => {
  const log = (byte) => decades * (byte / 255 - 1);
  const axis = (downwards) => ({ kind: "linear", axis: { share: (token) => (downwards ? 1 - token / tokens : token / tokens), ticks: ticksOf(0, tokens, 4) } });
  return picture({
    title,
    caption: `Attention probability by query (down) and key (across) on the first ${tokens} tokens of ${text}${size < tokens ? `, means over ${tokens / size} by ${tokens / size}` : ""}.`,
    x: { label: "key (token)", ...axis(false) },
    y: { label: "query (token)", ...axis(true) },
    image: imageOf(size, size, (query, key) => (key > query ? NaN : bytes[query * size + key] / 255)),
    scale: { title: "probability", ticks: Array.from({ length: decades + 1 }, (_, i) => 10 ** (i - decades)), share: (p) => 1 + Math.log10(p) / decades },
    table: () => tableOf(["query", "strongest key", "its probability", "probability of key 0"], Array.from({ length: size }, (_, query) => {
      const row = bytes.subarray(query * size, query * size + query + 1);
      const most = row.reduce((best, value, key) => (value > row[best] ? key : best), 0);
      const token = tokens / size;
      return [`${query * token}`, `${most * token}`, number(10 ** log(row[most]), 2), number(10 ** log(row[0]), 2)];
    })),
  });
};
