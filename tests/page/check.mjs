// Opens the report in Chromium and uses it: every control, by pointer and by keyboard; links to heads; names that
// try to be markup; what axe-core finds; what is left without scripts; and how long 1,440 heads take.
//
//     node check.mjs ROPELET [FOLDER]
//
// ROPELET is the program; screenshots go to FOLDER. Chromium is $CHROMIUM, or the one of the system.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { enlarge } from "./synthetic.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const [program, pictures] = [process.argv[2], process.argv[3]];
const LARGEST_PAGE = 15e6;

// A name that would be a script, a picture, an attribute and a line of JavaScript, if it were not a name.
const HOSTILE = "script><img src=x onerror=hacked=1>'\"&amp;${hacked=1}\u2028\u202e<!--";

const found = (paths) => paths.find((path) => path && existsSync(path));

const ropelet = (...words) => execFileSync(resolve(program), words, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });

const SMALL = ["--length", "192", "--lags", "128", "--draws", "40", "--untrained", "1", "--quiet"];

// The pages that are checked: of one checkpoint, of two of which one has a hostile name, of very many heads.
const makePages = (folder) => {
  const texts = ["docs/text/rounding.txt"];
  const model = "tests/data/llama";
  ropelet("report", model, "--text", ...texts, ...SMALL, "--out", join(folder, "one"));

  // With the folder before it, the name has `</script>` in it.
  const hostile = join(folder, "<", HOSTILE);
  mkdirSync(dirname(hostile));
  symlinkSync(join(ROOT, model), hostile);
  const text = join(folder, `<${HOSTILE}.txt`);
  writeFileSync(text, `</script><script>hacked=1</script> <img src=x onerror=hacked=1> \u2028 \u202e ${readFileSync(join(ROOT, texts[0]), "utf8")}`);
  ropelet("report", model, hostile, "--text", text, ...SMALL, "--out", join(folder, "two"));

  enlarge(join(folder, "one", "analysis.json"), join(folder, "many.json"), 40, 36);
  ropelet("report", join(folder, "many.json"), "--quiet", "--out", join(folder, "many"));
  rmSync(join(folder, "many.json"));
  return Object.fromEntries(["one", "two", "many"].map((name) => [name, join(folder, name, "index.html")]));
};

// A page with a part of its script or markup changed, and the policy that admits the changed script.
const changed = (file, from, to) => {
  const page = readFileSync(file, "utf8");
  if (!page.includes(from)) throw new Error(`the page has no ${from}`);
  const other = page.replace(from, () => to);
  const start = other.lastIndexOf('<script type="module">') + '<script type="module">'.length;
  const script = other.slice(start, other.indexOf("</script>", start));
  const hash = createHash("sha256").update(script).digest("base64");
  const copy = join(dirname(file), "changed.html");
  writeFileSync(copy, other.replace(/'sha256-[^']*'/, `'sha256-${hash}'`));
  return copy;
};

// A tab with the page in it, which notes what went wrong.
const opened = async (browser, file, { hash = "", failures = [], ...options } = {}) => {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, reducedMotion: "reduce", ...options });
  const tab = await context.newPage();
  tab.setDefaultTimeout(10_000);
  tab.on("console", (message) => failures.push(`console: ${message.type()}: ${message.text()}`));
  tab.on("pageerror", (error) => failures.push(`error: ${error.message}`));
  tab.on("dialog", (dialog) => {
    failures.push("a dialog opened");
    dialog.dismiss();
  });
  tab.on("request", (request) => {
    if (!request.url().startsWith("file:") && !request.url().startsWith("data:") && !request.url().startsWith("blob:")) failures.push(`loads ${request.url()}`);
  });
  await tab.goto(`${pathToFileURL(file)}${hash}`);
  if (options.javaScriptEnabled !== false) await tab.waitForSelector("html[data-ready]");
  return { tab, close: () => context.close() };
};

const shot = async (tab, name, options = {}) => {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  await tab.screenshot({ path: join(pictures, `${name}.png`), ...options });
};

// ---- What is checked. Each returns what it found wrong.

const accessible = async (tab, where) => {
  await tab.evaluate(AXE);
  const { violations } = await tab.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  return violations.flatMap(({ id, nodes }) => nodes.slice(0, 3).map((node) => `axe, ${where}: ${id}: ${node.html.slice(0, 160)}: ${node.failureSummary.replaceAll("\n", " ")}`));
};

// What a check of controls works with: notes of what does not hold, and of what does not change when it should.
const noting = (tab) => {
  const failures = [];
  const expect = (holds, words) => holds || failures.push(words);
  const changes = async (words, observe, act) => {
    const before = await observe();
    await act();
    // What follows a link or unpacks curves comes a little later.
    for (let left = 50; left > 0 && await observe() === before; left -= 1) await tab.waitForTimeout(100);
    expect(await observe() !== before, `${words} changes nothing`);
  };
  const text = (selector) => tab.locator(selector).innerText();
  return { failures, expect, changes, text };
};

// Every signal has metrics, every metric can be shown, in every colour and against every null model.
const choosing = async (tab) => {
  const { failures, expect, changes, text } = noting(tab);
  const colours = () => tab.$$eval("#maps td[data-head]", (cells) => cells.map((cell) => cell.style.backgroundColor).join());
  const rows = () => text("#head-table");
  for (const signal of await tab.$$eval("#signal option", (options) => options.map(({ value }) => value))) {
    await tab.selectOption("#signal", signal);
    const metrics = await tab.$$eval("#metric option", (options) => options.map(({ value }) => value));
    expect(metrics.length > 0, `the signal ${signal} has no metric`);
    for (const metric of metrics) {
      await tab.selectOption("#metric", metric);
      expect((await text("#meaning")).length > 5, `metric ${metric} of ${signal} has no meaning`);
    }
  }
  await tab.selectOption("#signal", "profile");
  await changes("the metric", rows, () => tab.selectOption("#metric", { index: 1 }));
  for (const shown of ["value", "q", "z", "p", "value"]) await changes(`colouring by ${shown}`, colours, () => tab.selectOption("#shown", shown));
  for (const null_ of ["shuffled", "dirichlet", "alibi", "sink", "untrained"]) await changes(`the null model ${null_}`, rows, () => tab.selectOption("#against", null_));
  return failures;
};

// Every column sorts, either way.
const sorting = async (tab) => {
  const { failures, expect } = noting(tab);
  for (const key of ["layer", "head", "value", "mean", "z", "p", "q", "interval", "label"]) {
    const column = (await tab.$$eval("#head-table [data-sort]", (buttons) => buttons.map((button) => button.dataset.sort))).indexOf(key);
    for (const way of ["ascending", "descending"]) {
      const sort = () => tab.locator(`#head-table thead th:nth-child(${column + 1})`).getAttribute("aria-sort");
      await tab.click(`#head-table [data-sort="${key}"]`);
      if (await sort() !== way) await tab.click(`#head-table [data-sort="${key}"]`);
      expect(await sort() === way, `${key} cannot be sorted ${way}`);
      const cells = await tab.$$eval(`#head-table tbody tr > :nth-child(${column + 1})`, (all) => all.map(({ textContent }) => textContent));
      const numbers = cells.map((cell) => Number(cell.replaceAll("−", "-"))).filter((number) => !Number.isNaN(number));
      const sign = way === "ascending" ? 1 : -1;
      expect(numbers.every((number, i) => i === 0 || sign * (number - numbers[i - 1]) >= 0), `${key} is not ${way}`);
    }
  }
  return failures;
};

// The filter narrows the table and fades the map.
const filtering = async (tab) => {
  const { failures, expect, changes, text } = noting(tab);
  const dim = () => tab.locator("#maps td.filtered").count();
  await changes("the filter", () => text("#count"), () => tab.fill("#filter", "L2"));
  expect(await dim() > 0, "the filter does not reach the map");
  expect((await tab.$$eval("#head-table tbody th", (cells) => cells.map(({ textContent }) => textContent))).every((layer) => layer === "2"), "the filter lets other layers through");
  await tab.fill("#filter", "");
  expect(await dim() === 0, "the map stays faded");
  const labels = await tab.$$eval("#label option", (options) => options.map(({ value }) => value).filter(Boolean));
  for (const label of labels.slice(0, 2)) {
    await changes(`the label ${label}`, () => text("#count"), () => tab.selectOption("#label", label));
    await tab.selectOption("#label", "");
  }
  await tab.selectOption("#signal", "head");
  await tab.check("#significant");
  const significant = await tab.$$eval("#head-table tbody tr > :nth-child(9)", (cells) => cells.map(({ textContent }) => Number(textContent)));
  expect(significant.every((q) => q < 0.05), "heads with a large q pass the filter");
  await tab.uncheck("#significant");
  await tab.click('#head-table [data-sort="layer"]');
  return failures;
};

// The keyboard: to a cell, along the map, and into a head.
const walking = async (tab) => {
  const { failures, expect, changes, text } = noting(tab);
  await tab.locator('#maps td[tabindex="0"]').first().focus();
  const at = () => tab.evaluate(() => document.activeElement.getAttribute("aria-label") ?? "");
  for (const key of ["End", "Home", "ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"]) await changes(`the key ${key}`, at, () => tab.keyboard.press(key));
  expect((await text("#readout")).includes("layer"), "a focused head does not say its numbers");
  const name = (await at()).split(",")[0];
  await tab.keyboard.press("Enter");
  await tab.waitForFunction(() => document.querySelectorAll("#head-figures figure").length > 2);
  const [, layer, head] = name.match(/L(\d+)H(\d+)/);
  expect(await text("#head-title") === `Layer ${layer}, head ${head}`, `Enter on ${name} opens ${await text("#head-title")}`);
  expect((await tab.evaluate(() => location.hash)).endsWith(name), "an open head has no link of its own");
  expect(await tab.evaluate(() => document.activeElement.id) === "head-title", "the focus does not follow to the head");
  return failures;
};

// An open head: bands, axes, tables behind the figures, all null models, its neighbours.
const looking = async (tab) => {
  const { failures, expect, changes, text } = noting(tab);
  const bands = () => tab.locator("#head-figures .band").count();
  for (const null_ of ["dirichlet", "alibi", "sink", "shuffled"]) {
    await tab.locator(`#head-bands [value="${null_}"]`).click();
    await tab.waitForSelector('#head[aria-busy="false"]');
  }
  await changes("a null model's band", bands, () => tab.locator('#head-bands [value="untrained"]').click());
  const lines = () => tab.locator("#head-figures polyline.line").first().getAttribute("points");
  await changes("the logarithmic lag", lines, () => tab.check("#logarithmic"));
  await tab.waitForSelector('#head[aria-busy="false"]');
  await changes("all null models", () => tab.locator("#head-metrics th").count(), () => tab.check("#all-nulls"));
  await tab.uncheck("#all-nulls");
  const figures = await tab.locator("#head-figures figure").count();
  for (let i = 0; i < figures; i += 1) {
    const figure = tab.locator("#head-figures figure").nth(i);
    await figure.locator("summary").click();
    expect(await figure.locator("details td").count() > 4, `figure ${i} of a head has no table behind it`);
    await figure.locator("summary").click();
  }
  await tab.locator("#head-figures svg").first().hover();
  expect((await text("#head-figures .chart-readout >> nth=0")).includes(":"), "a chart does not say its numbers");
  await changes("the next head", () => text("#head-title"), () => tab.click("#head-next"));
  await changes("the previous head", () => text("#head-title"), () => tab.click("#head-previous"));
  await changes("the back button", () => text("#head-title"), () => tab.goBack());
  await tab.click("#head-close");
  expect(await tab.locator("#head").isHidden(), "a head does not close");
  return failures;
};

// A click on the map and a link of the table open a head too.
const opening = async (tab) => {
  const { failures, expect } = noting(tab);
  for (const [words, target] of [["a click on the map", "#maps td[data-head]"], ["a link of the table", "#head-table tbody a"]]) {
    await tab.locator(target).nth(5).click();
    const opens = await tab.locator("#head").waitFor().then(() => true, () => false);
    expect(opens, `${words} opens no head`);
    if (opens) await tab.click("#head-close");
  }
  return failures;
};

// Every metric of layers has a figure.
const layers = async (tab) => {
  const { failures, expect } = noting(tab);
  for (const metric of await tab.$$eval("#layer-metric option", (options) => options.map(({ value }) => value))) {
    await tab.selectOption("#layer-metric", metric);
    expect(await tab.locator("#layer-figure svg.chart").count() === 1, `the metric ${metric} of layers has no figure`);
  }
  return failures;
};

// The page has light and dark colours.
const colouring = async (tab) => {
  const { failures, expect } = noting(tab);
  const paper = () => tab.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await tab.click("#theme");
  const light = await paper();
  await tab.click("#theme");
  expect(await paper() !== light, "light and dark look the same");
  await tab.click("#theme");
  return failures;
};

const controls = async (tab) => {
  const failures = [];
  for (const part of [choosing, sorting, filtering, walking, looking, opening, layers, colouring]) failures.push(...await part(tab));
  return failures;
};

// Of 1,440 heads the table has several pages.
const pages = async (tab) => {
  const failures = [];
  const count = () => tab.locator("#count").innerText();
  const first = await count();
  await tab.click("#next");
  if (await count() === first) failures.push("the next page of the table is the first");
  await tab.click("#previous");
  if (await count() !== first) failures.push("there is no way back to the first page of the table");
  return failures;
};

const fits = async (tab, where) => {
  const width = await tab.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  return width[0] > width[1] ? [`${where}: the page is ${width[0]} pixels wide on a screen of ${width[1]}`] : [];
};

const comparison = async (tab) => {
  const failures = [];
  const expect = (holds, words) => holds || failures.push(words);
  const labels = await tab.$$eval("#checkpoint option", (options) => options.map(({ textContent }) => textContent));
  expect(labels.length === 2, "two checkpoints are not both offered");
  await tab.selectOption("#other", { index: 2 });
  expect(await tab.locator("table.map").count() === 2, "two checkpoints do not stand beside each other");
  await tab.click('#head-table [data-sort="difference"]');
  await tab.locator("#maps table").nth(1).locator("td[data-head]").first().click();
  await tab.waitForFunction(() => document.querySelectorAll("#head-figures figure").length > 4);
  const hash = await tab.evaluate(() => location.hash);
  expect(hash === `#${encodeURIComponent(labels[1])}/${hash.split("/").at(-1)}`, `the link ${hash} does not name the checkpoint`);
  await tab.selectOption("#checkpoint", { index: 0 });
  await tab.selectOption("#other", "");
  return { failures, hash };
};

const harmless = async (tab) => {
  const failures = [];
  if (await tab.evaluate(() => globalThis.hacked !== undefined)) failures.push("a name was executed");
  if (await tab.locator('[onerror], img, [src="x"]').count()) failures.push("a name became markup");
  const shown = await tab.locator("body").innerText();
  if (!shown.includes("<img src=x onerror=hacked=1>'\"&amp;${hacked=1}\\u{2028}\\u{202e}<!--")) failures.push("a name is not shown as it is");
  if (/[\u2028\u202e]/.test(shown)) failures.push("a name changes the direction of what follows");
  return failures;
};

// What the page prints and draws of an open head is what the analysis has.
const faithful = async (tab, analysis, layer, head) => {
  const failures = [];
  const of = analysis.heads.find((one) => one.layer === layer && one.head === head);
  const read = (text) => (text === "–" ? null : Number(text.replaceAll("−", "-")));
  const close = (printed, exact, relative, absolute = 0) => (printed === null || exact === null
    ? printed === exact
    : Math.abs(printed - exact) <= relative * Math.abs(exact) + absolute);
  const cells = (rows) => rows.map((row) => Array.from(row.querySelectorAll("td"), ({ textContent }) => textContent));

  // Every metric to its four digits, and z against the null model that is chosen.
  const printed = await tab.$$eval("#head-metrics tbody tr:has(td)", cells);
  const there = of.metrics.filter((one) => analysis.metrics.some((known) => known.level === "head" && known.signal === one.signal && known.metric === one.metric));
  // Signal by signal, as the page has them.
  const signals = [...new Set(there.map(({ signal }) => signal))];
  there.sort((one, other) => signals.indexOf(one.signal) - signals.indexOf(other.signal));
  if (printed.length !== there.length) failures.push(`${printed.length} metrics are printed of ${there.length}`);
  there.forEach((one, i) => {
    const [value, , , , z] = printed[i];
    if (!close(read(value), one.value, 6e-4)) failures.push(`${one.signal} ${one.metric} is ${one.value}, and ${value} on the page`);
    if (!close(read(z), one.nulls.untrained.z, 6e-3)) failures.push(`z of ${one.signal} ${one.metric} is ${one.nulls.untrained.z}, and ${z} on the page`);
  });

  // The scalogram that the page computes, by scale, against the one that was computed for the analysis.
  const figure = tab.locator("#head-figures figure", { hasText: "Scalogram of the lag profile" });
  await figure.locator("summary").click();
  const rows = await figure.locator("tbody tr").evaluateAll(cells);
  const { scales } = analysis.protocol.lag_transform;
  const largest = Math.max(...of.lag_scalogram);
  scales.forEach((scale, a) => {
    const power = of.lag_scalogram.slice(a * analysis.protocol.lags, (a + 1) * analysis.protocol.lags);
    const share = Math.max(...power) / largest;
    if (!close(read(rows[a][1]), share, 6e-3, 1e-4)) failures.push(`at scale ${scale} the scalogram is ${share} of its largest, and ${rows[a][1]} on the page`);
  });

  // A curve, lag by lag.
  const profile = tab.locator("#head-figures figure").filter({ has: tab.locator("h4", { hasText: /^Lag profile$/ }) });
  await profile.locator("summary").click();
  const curve = await profile.locator("tbody tr").evaluateAll(cells);
  of.lag_profile.forEach((probability, lag) => {
    if (!close(read(curve[lag][0]), probability, 7e-3, 1e-9)) failures.push(`at lag ${lag} the profile is ${probability}, and ${curve[lag][0]} on the page`);
  });
  return failures.slice(0, 5);
};

const withoutScripts = async (tab) => {
  const failures = [];
  const text = await tab.locator("body").innerText();
  for (const words of ["The answer in short", "statements came out as expected", "What this does not show", "Proofs", "Heads of"]) {
    if (!text.includes(words)) failures.push(`without scripts there is no “${words}”`);
  }
  if (await tab.locator("noscript table tbody tr").count() !== 24) failures.push("without scripts there is no table of heads");
  if (await tab.locator("article math").count() < 100) failures.push("without scripts there are no proofs");
  if (await tab.locator("#explorer").isVisible()) failures.push("without scripts there are controls that do nothing");
  return failures;
};

// ---- Running it.

const run = async (browser, pageOf) => {
  const failures = [];
  const session = async (file, options, use) => {
    const { tab, close } = await opened(browser, file, { failures, ...options });
    await use(tab);
    await close();
  };
  await session(pageOf.one, {}, async (tab) => {
    failures.push(...await accessible(tab, "light"), ...await controls(tab));
    await shot(tab, "light", { fullPage: false });
  });
  await session(pageOf.one, { colorScheme: "dark", hash: "#L3H2" }, async (tab) => {
    await tab.waitForSelector("#head-figures figure");
    if (await tab.locator("#head-title").innerText() !== "Layer 3, head 2") failures.push("a link does not open its head");
    const analysis = JSON.parse(readFileSync(join(dirname(pageOf.one), "analysis.json"), "utf8"));
    failures.push(...await accessible(tab, "dark, head open"), ...await faithful(tab, analysis, 3, 2));
    await shot(tab, "dark-head");
    await tab.evaluate(() => {
      location.hash = "#L1H0";
    });
    await tab.waitForFunction(() => document.getElementById("head-title").textContent === "Layer 1, head 0");
    await tab.evaluate(() => {
      location.hash = "#L77H0";
    });
    await tab.waitForFunction(() => document.getElementById("readout").textContent.includes("no head L77H0"));
  });
  await session(pageOf.one, { viewport: { width: 360, height: 740 }, hash: "#L3H2" }, async (tab) => {
    await tab.waitForSelector("#head-figures figure");
    failures.push(...await fits(tab, "telephone"), ...await accessible(tab, "telephone, head open"));
    await shot(tab, "phone-head");
    await tab.locator("#explorer").scrollIntoViewIfNeeded();
    await shot(tab, "phone");
  });
  await session(pageOf.one, { javaScriptEnabled: false }, async (tab) => {
    failures.push(...await withoutScripts(tab));
  });
  let hash;
  await session(pageOf.two, {}, async (tab) => {
    const compared = await comparison(tab);
    hash = compared.hash;
    failures.push(...compared.failures, ...await harmless(tab));
    await tab.selectOption("#other", { index: 2 });
    failures.push(...await accessible(tab, "two checkpoints"));
    await tab.locator("#maps").scrollIntoViewIfNeeded();
    await shot(tab, "two-checkpoints");
  });
  await session(pageOf.two, { hash }, async (tab) => {
    await tab.waitForSelector("#head-figures figure");
    if (await tab.locator("#checkpoint").inputValue() !== "1") failures.push("a link does not open its checkpoint");
    failures.push(...await harmless(tab));
  });

  const size = statSync(pageOf.many).size;
  const loads = [];
  for (let i = 0; i < 5; i += 1) {
    await session(pageOf.many, {}, async (tab) => {
      loads.push(await tab.evaluate(() => performance.getEntriesByName("ropelet-ready")[0].startTime));
    });
  }
  await session(pageOf.many, { hash: "#L20H18" }, async (tab) => {
    await tab.waitForSelector("#head-figures figure");
    const head = await tab.evaluate(() => performance.now());
    loads.sort((a, b) => a - b);
    console.log(`1,440 heads: ${(size / 1e6).toFixed(2)} MB, ready after ${loads.map((ms) => ms.toFixed(0)).join(", ")} ms; with a head open by link after at most ${head.toFixed(0)} ms`);
    failures.push(...await pages(tab), ...await fits(tab, "1,440 heads"));
    await shot(tab, "many-head");
    await tab.locator("#maps").scrollIntoViewIfNeeded();
    await shot(tab, "many");
  });
  if (size > LARGEST_PAGE) failures.push(`1,440 heads take ${size} bytes, more than ${LARGEST_PAGE}`);
  console.log(`24 heads: ${(statSync(pageOf.one).size / 1e6).toFixed(2)} MB`);
  return failures;
};

// Pages with one thing wrong: each must be caught by the check that is there for it.
const MISTAKES = [
  ["a filter that is not connected", 'byId("filter").addEventListener("input"', 'byId("filter").addEventListener("never"', filtering],
  ["a sort that goes one way only", "const sign = state.sort.descending ? -1 : 1;", "const sign = 1;", sorting],
  ["a map without the arrow keys", "if (!STEPS[key]) return undefined;", "return undefined;", walking],
  ["text without contrast", "--faint: light-dark(#5a5a5a", "--faint: light-dark(#b0b0b0", (tab) => accessible(tab, "light")],
  ["a page without a language", '<html lang="en">', "<html>", (tab) => accessible(tab, "light")],
  ["an image without a name", 'role: "img", "aria-label": `${title}. ${description}`', 'role: "img"', async (tab) => {
    await tab.locator("#maps td[data-head]").first().click();
    await tab.waitForSelector("#head-figures figure");
    return accessible(tab, "light");
  }],
];

const mistakes = async (browser, file) => {
  const failures = [];
  for (const [words, from, to, check] of MISTAKES) {
    const { tab, close } = await opened(browser, changed(file, from, to));
    tab.setDefaultTimeout(3000);
    const caught = await check(tab).catch((error) => [error.message]);
    if (!caught.length) failures.push(`nothing notices ${words}`);
    await close();
  }
  return failures;
};

if (!program) {
  console.error("usage: node check.mjs ROPELET [FOLDER]");
  process.exit(2);
}
const executablePath = found([process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser"]);
if (!executablePath) {
  console.error("error: there is no Chromium; set CHROMIUM, or run: apt-get install chromium");
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), "ropelet-page-"));
let failures = [];
try {
  const pageOf = makePages(folder);
  // A container has no user namespaces for the sandbox; what is opened is our own page.
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  console.log(`Chromium ${browser.version()}`);
  failures = [...await run(browser, pageOf), ...await mistakes(browser, pageOf.one)];
  await browser.close();
} finally {
  rmSync(folder, { recursive: true });
}
for (const failure of failures) console.error(`FAILED: ${failure}`);
console.log(failures.length ? `${failures.length} failures` : "every check of the page passed");
process.exit(failures.length ? 1 : 0);
