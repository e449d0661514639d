// Numbers and names as the page prints them.

// A number to so many digits, with a minus sign and a power of ten where it needs one.
const number = (value, digits = 3) => {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size === Infinity) return value < 0 ? "−∞" : "∞";
  const text = size >= 1e-3 && size < 1e6
    ? plain(size, digits)
    : size.toExponential(digits - 1).replace("e+", "e").replace("-", "−");
  return value < 0 ? `−${text}` : text;
};

// Without an exponent: 1234.5 to three digits is 1235, and not 1.23e+3.
const plain = (size, digits) => {
  const exponent = Math.floor(Math.log10(Number(size.toPrecision(digits))));
  return size.toFixed(Math.max(0, digits - 1 - exponent));
};

const interval = (low, high) => (Number.isNaN(low) ? "–" : `[${number(low, 4)}, ${number(high, 4)}]`);

const unitWords = (unit) => (unit === "1" ? "" : unit === "token" ? "tokens" : unit.replace("radian", "radians"));

const withUnit = (title, unit) => (unitWords(unit) ? `${title} (${unitWords(unit)})` : title);

const headName = (layer, head) => `L${layer}H${head}`;

// An element with attributes and children. Text is always text: nothing here reads HTML.
const element = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);

const drawn = (name, attributes = {}, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

const fill = (node, attributes, children) => {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
};

const byId = (id) => document.getElementById(id);
