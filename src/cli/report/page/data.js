// What is embedded in the page: an index, which is JSON, and blocks of bytes, which are deflated, written in
// base64, and unpacked when they are first asked for. src/cli/report/embedded.rs writes them and says how.

const index = JSON.parse(byId("index").textContent);

const unpacked = new Map();

const block = (name) => {
  if (!unpacked.has(name)) unpacked.set(name, inflated(byId(`block-${name}`).textContent));
  return unpacked.get(name);
};

const inflated = async (text) => {
  const stream = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};

const bytesOf = (base64) => {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes;
};

// Powers of ten for the exponents -128..=127 of the decimal numbers.
const TENS = Float64Array.from({ length: 256 }, (_, i) => Number(`1e${i - 128}`));
const MISSING = -32768;

class Checkpoint {
  constructor(description, place) {
    Object.assign(this, description);
    this.place = place;
    this.count = this.layer.length;
    this.columns = new Map();
    this.byName = new Map(this.layer.map((layer, i) => [headName(layer, this.head[i]), i]));
  }

  async load() {
    this.numbers = await block(`${this.place}-numbers`);
    return this;
  }

  // A number of every head, NaN where there is none: `field` is value, low or high, or NULL.mean and so on.
  column(metric, field) {
    const key = `${metric}.${field}`;
    if (!this.columns.has(key)) {
      const row = this.metrics.indexOf(metric);
      this.columns.set(key, row < 0 ? new Float64Array(this.count).fill(NaN) : this.decoded(row, field));
    }
    return this.columns.get(key);
  }

  decoded(row, field) {
    const { count, numbers } = this;
    const start = 3 * count * (row * index.fields.length + index.fields.indexOf(field));
    return Float64Array.from({ length: count }, (_, i) => {
      const mantissa = ((numbers[start + count + i] << 8 | numbers[start + i]) << 16) >> 16;
      if (mantissa === MISSING) return NaN;
      // Dividing by a power of ten that is a double rounds once; multiplying by its inverse would round twice.
      const exponent = (numbers[start + 2 * count + i] << 24) >> 24;
      return exponent < 0 ? mantissa / TENS[128 - exponent] : mantissa * TENS[128 + exponent];
    });
  }

  // A curve of a head, or of one of its nulls: `slot` is own, NULL.mean or NULL.sd. Null where there is none.
  async curve(head, kind, slot) {
    const bytes = await block(`${this.place}-curves`);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const slots = index.slots.length;
    const at = view.getUint32(4 * ((head * this.curves.length + kind) * slots + index.slots.indexOf(slot)), true);
    if (at === 0) return null;
    const { x, null_x: sparse } = this.curves[kind];
    const length = (slot === "own" ? x : sparse).length;
    const scale = view.getFloat32(at, true);
    return Float64Array.from({ length }, (_, i) => scale * half(bytes[at + 4 + i] << 8 | bytes[at + 4 + length + i]));
  }

  // Attention by query and key on the first tokens of a text, as shares of the range of its logarithm.
  async attention(head) {
    if (!this.thumbnail) return null;
    const area = this.thumbnail.size ** 2;
    return (await block(`${this.place}-attention`)).subarray(head * area, (head + 1) * area);
  }

  // The impulse response of a transform: real and, where the wavelet is complex, imaginary part, by scale.
  async kernels(transform) {
    const bytes = await block(`${this.place}-${transform}`);
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  }
}

const half = (bits) => {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = bits >> 10 & 31;
  const fraction = bits & 1023;
  return sign * (exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction);
};

const checkpoints = index.checkpoints.map((description, place) => new Checkpoint(description, place));
