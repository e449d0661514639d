// Controls, and the first drawing.

const choose = (id, options, value, change) => {
  const select = byId(id);
  select.replaceChildren(...options.map(([key, words]) => element("option", { value: key }, words)));
  select.value = value;
  select.addEventListener("change", () => change(select.value));
};

// The metrics of heads that one of the checkpoints has, by signal.
const headMetrics = () => {
  const there = new Set(checkpoints.flatMap(({ metrics }) => metrics));
  return index.metrics.map((_, place) => place).filter((place) => there.has(place));
};

const offerMetrics = () => {
  const { signal } = metricOf(state.metric);
  const metrics = headMetrics().filter((place) => metricOf(place).signal === signal);
  const select = byId("metric");
  select.replaceChildren(...metrics.map((place) => element("option", { value: place }, withUnit(metricOf(place).title, metricOf(place).unit))));
  select.value = state.metric;
  byId("signal").value = signal;
  describe();
};

const describe = () => {
  const { meaning, formula, known, range } = metricOf(state.metric);
  const values = Object.entries(known ?? {}).filter(([, value]) => value).map(([kind, value]) => `${kind.replaceAll("_", " ")} ${value}`);
  const [low, high] = range ?? [null, null];
  const bounds = low === null && high === null ? "" : ` Range: ${low === null ? "−∞" : number(low)} to ${high === null ? "∞" : number(high)}.`;
  byId("meaning").textContent = `${meaning}${formula ? ` Formula: ${formula}.` : ""}${bounds}${values.length ? ` Known values: ${values.join("; ")}.` : ""}`;
  byId("null-meaning").textContent = index.nulls.find(({ name }) => name === state.against)?.meaning ?? "";
};

const startControls = () => {
  const metrics = headMetrics();
  const signals = index.signals.filter(({ name }) => metrics.some((place) => metricOf(place).signal === name));
  choose("signal", signals.map(({ name, title }) => [name, title]), metricOf(state.metric).signal, (signal) => {
    // The same metric of the other signal, where it has one.
    const candidates = metrics.filter((place) => metricOf(place).signal === signal);
    const same = candidates.find((place) => metricOf(place).metric === metricOf(state.metric).metric);
    update({ metric: same ?? candidates[0], page: 0 });
  });
  byId("metric").addEventListener("change", (event) => update({ metric: Number(event.target.value), page: 0 }));
  choose("shown", Object.entries(SHOWN_WORDS), state.shown, (shown) => update({ shown }));
  choose("against", index.nulls.map(({ name, title }) => [name, title]), state.against, (against) => update({ against, bands: new Set([...state.bands, against]) }));
  const labels = [...new Set(checkpoints.flatMap((checkpoint) => checkpoint.labels.flat()))].sort();
  choose("label", [["", "any"], ...labels.map((label) => [label, label])], state.label, (label) => update({ label, page: 0 }));
  byId("filter").addEventListener("input", (event) => update({ query: event.target.value, page: 0 }));
  byId("significant").addEventListener("change", (event) => update({ significant: event.target.checked, page: 0 }));
  byId("previous").addEventListener("click", () => update({ page: state.page - 1 }));
  byId("next").addEventListener("click", () => update({ page: state.page + 1 }));
  byId("logarithmic").addEventListener("change", (event) => update({ logarithmic: event.target.checked }));
  byId("all-nulls").addEventListener("change", drawHead);
  byId("head-previous").addEventListener("click", () => stepHead(-1));
  byId("head-next").addEventListener("click", () => stepHead(1));
  byId("head-close").addEventListener("click", closeHead);
  const layers = levelMetrics("layer");
  choose("layer-metric", layers.map((place) => [place, levelTitle(place)]), layers[0] ?? "", drawLevels);
  if (checkpoints.length > 1) {
    const names = checkpoints.map(({ label }, place) => [place, label]);
    choose("checkpoint", names, state.checkpoint, (value) => {
      const checkpoint = Number(value);
      update({ checkpoint, other: state.other === checkpoint ? null : state.other, page: 0 });
    });
    choose("other", [["", "nothing"], ...names], "", (value) => {
      const other = value === "" || Number(value) === state.checkpoint ? null : Number(value);
      update({ other, page: 0 });
      byId("other").value = other ?? "";
    });
    byId("checkpoint-controls").hidden = false;
  }
};

const closeHead = () => {
  const { checkpoint, cells } = grids[0];
  const cell = cells.get(checkpoint.byName.get(state.head));
  history.pushState(null, "", location.pathname + location.search);
  update({ head: null });
  cell?.focus();
};

// A link to a head that was opened or left with the buttons of the browser.
const followHistory = () => {
  if (location.hash === "" && state.head !== null) update({ head: null });
};

const THEMES = ["auto", "light", "dark"];

const setTheme = (theme) => {
  document.documentElement.dataset.theme = theme;
  byId("theme").textContent = `Colours: ${theme}`;
};

const startTheme = () => {
  // A page that is opened from a file may have no storage.
  const stored = (use) => {
    try {
      return use(localStorage);
    } catch {
      return null;
    }
  };
  const kept = stored((storage) => storage.getItem("ropelet-theme"));
  setTheme(THEMES.includes(kept) ? kept : "auto");
  byId("theme").hidden = false;
  byId("theme").addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length];
    setTheme(next);
    stored((storage) => storage.setItem("ropelet-theme", next));
  });
};

// What is wider than its place can be scrolled with the keyboard, and what is not is no stop for the Tab key.
const startScrolling = () => {
  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  for (const target of document.querySelectorAll("[data-scroll], article.proof :is(p, li, h3, h4, table)")) observer.observe(target);
};

const start = async () => {
  startTheme();
  startScrolling();
  await Promise.all(checkpoints.map((checkpoint) => checkpoint.load()));
  startControls();
  whenChanged(["checkpoint", "other"], drawGrids);
  whenChanged(["metric", "against"], offerMetrics);
  whenChanged(["metric", "shown", "against", "query", "label", "significant", "head"], paint);
  whenChanged(["checkpoint", "other", "metric", "against", "query", "label", "significant", "sort", "page"], drawTable);
  whenChanged(["checkpoint", "other", "head", "against", "bands", "logarithmic"], drawHead);
  whenChanged(["checkpoint", "other", "against"], drawLevels);
  whenChanged(["checkpoint"], () => {
    if (checkpoints.length > 1) byId("checkpoint").value = state.checkpoint;
  });
  whenChanged(["other"], () => {
    if (checkpoints.length > 1) byId("other").value = state.other ?? "";
  });
  offerMetrics();
  drawGrids();
  drawTable();
  drawLevels();
  byId("explorer").hidden = false;
  window.addEventListener("hashchange", followHash);
  window.addEventListener("popstate", followHistory);
  followHash();
  document.documentElement.dataset.ready = "";
  performance.mark("ropelet-ready");
};

start();
