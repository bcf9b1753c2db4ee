// The page: theme, table, charts, saving and copying.
const root = document.documentElement;
root.classList.add("js");
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
all("button[hidden]").forEach(button => { button.hidden = false; });

// Colours live in the style sheet alone. A probe element reads those of a theme that is not the page's own, for print and for saved files.
const probe = document.createElement("div");
probe.hidden = true;
document.body.append(probe);
function palette(theme) {
  if (theme) probe.dataset.theme = theme;
  const style = getComputedStyle(theme ? probe : root);
  const read = name => style.getPropertyValue(name).trim();
  const list = (name, count, from = 0) => Array.from({ length: count }, (_, i) => read(`--${name}-${i + from}`));
  return { page: read("--page"), line: read("--line"), ink: read("--ink"), quiet: read("--quiet"), rows: list("row", 11), bars: ["", ...list("bar", 2, 1)], load: list("load", 6), share: list("share", 5) };
}

// Theme: the system's, unless the reader chose.
const themeButton = document.getElementById("theme");
const themes = ["auto", "light", "dark"];
let theme = "auto";
try { theme = themes.includes(localStorage.getItem("switchyard-theme")) ? localStorage.getItem("switchyard-theme") : "auto"; } catch { /* no storage for this page */ }
function applyTheme() {
  if (theme === "auto") delete root.dataset.theme; else root.dataset.theme = theme;
  themeButton.textContent = `Theme: ${theme}`;
}
applyTheme();
themeButton.addEventListener("click", () => {
  theme = themes[(themes.indexOf(theme) + 1) % themes.length];
  try { localStorage.setItem("switchyard-theme", theme); } catch { /* no storage for this page */ }
  applyTheme();
  drawAll();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll());

// Table: sorting and folded columns.
const table = document.getElementById("compare");
const heads = all("th[aria-sort]", table);
heads.forEach((head, column) => head.querySelector("button").addEventListener("click", event => {
  const first = event.currentTarget.dataset.first || "ascending";
  const order = head.getAttribute("aria-sort") === "none" ? first : head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  heads.forEach(h => h.setAttribute("aria-sort", h === head ? order : "none"));
  const sign = order === "ascending" ? 1 : -1;
  const value = line => line.children[column].dataset.value;
  const compare = (a, b) => {
    if (a === "" || b === "") return (a === "") - (b === "");
    return sign * (column === 0 ? a.localeCompare(b) : Number(a) - Number(b));
  };
  table.tBodies[0].append(...all("tr", table.tBodies[0]).sort((a, b) => compare(value(a), value(b))));
}));
const columnsButton = document.getElementById("columns");
const columnsText = columnsButton.textContent;
function fold(folded) {
  table.classList.toggle("folded", folded);
  columnsButton.textContent = folded ? columnsText : "Show the main columns";
  columnsButton.setAttribute("aria-pressed", String(!folded));
  all(".groups th", table).forEach(group => { group.colSpan = folded ? Math.max(1, Number(group.dataset.main)) : Number(group.dataset.all ??= group.colSpan); });
}
all(".groups th", table).forEach(group => { group.dataset.all = group.colSpan; });
fold(true);
columnsButton.addEventListener("click", () => fold(!table.classList.contains("folded")));

// Charts.
const charts = all(".chart").map(figure => {
  const spec = JSON.parse(figure.querySelector("script.figure").textContent);
  const chart = { figure, spec, plot: figure.querySelector(".plot"), selects: all("select", figure), width: 0 };
  chart.labelled = spec.views[0].data.some(t => t.mode === "markers+text");
  chart.view = () => spec.views[chart.selects.reduce((index, select, i) => index * spec.sizes[i] + Number(select.value), 0)];
  return chart;
});

function draw(chart, print) {
  const width = print || Math.floor(chart.plot.clientWidth);
  if (width < 40) return Promise.resolve();
  chart.width = width;
  const { data, layout } = composed(chart, palette(print ? "light" : null), width, false, print);
  chart.plot.style.height = `${layout.height}px`;
  const note = chart.figure.querySelector(".note"), text = chart.view().note;
  if (note && chart.shown !== undefined && chart.shown !== chart.view()) note.textContent = text ?? "";
  chart.shown = chart.view();
  const drawn = Plotly.react(chart.plot, data, layout, { displayModeBar: false, responsive: false, scrollZoom: false, doubleClick: "reset+autosize" });
  if (chart.labelled && chart.plot._fullLayout) replaceLabels(chart); // now that the margins are known
  return drawn;
}
function drawAll(print) { return Promise.all(charts.map(chart => draw(chart, print))); }

// After a zoom the labels of points are placed anew for what is then in the frame.
function replaceLabels(chart) {
  const layout = structuredClone({ xaxis: { range: chart.plot.layout.xaxis.range }, yaxis: { range: chart.plot.layout.yaxis.range }, shapes: chart.plot.layout.shapes ?? [], annotations: chart.plot.layout.annotations ?? [] });
  layout.margin = { l: chart.plot._fullLayout._size.l, r: chart.plot._fullLayout._size.r, t: chart.plot._fullLayout._size.t, b: chart.plot._fullLayout._size.b };
  const data = chart.plot.data.map((t, i) => ({ mode: t.mode, visible: t.visible, x: t.x, y: t.y, error_x: t.error_x, error_y: t.error_y, text: chart.view().data[i].text }));
  placeLabels(data, layout, chart.plot._fullLayout.width, chart.plot._fullLayout.height);
  const moved = data.map((t, i) => [i, t]).filter(([, t]) => t.textposition);
  if (moved.length > 0) Plotly.restyle(chart.plot, { textposition: moved.map(([, t]) => t.textposition), text: moved.map(([, t]) => t.text) }, moved.map(([i]) => i));
}

for (const chart of charts) {
  chart.selects.forEach(select => select.addEventListener("change", () => draw(chart)));
  all(".legend button", chart.figure).forEach(button => {
    button.addEventListener("click", () => {
      const row = Number(button.dataset.row);
      if (!hiddenRows.delete(row)) hiddenRows.add(row);
      all(`.legend button[data-row="${row}"]`).forEach(b => b.setAttribute("aria-pressed", String(!hiddenRows.has(row))));
      charts.filter(c => c.spec.legend === "rows").forEach(c => draw(c));
    });
    const emphasise = row => {
      const opacity = chart.plot.data.map(t => row === null || t.meta?.row === undefined || t.meta.row === row ? 1 : 0.15);
      Plotly.restyle(chart.plot, { opacity });
    };
    button.addEventListener("pointerenter", event => { if (event.pointerType === "mouse") emphasise(Number(button.dataset.row)); });
    button.addEventListener("pointerleave", event => { if (event.pointerType === "mouse") emphasise(null); });
  });
}
let printing = false, resizing = 0;
const observer = new ResizeObserver(() => {
  if (printing) return;
  clearTimeout(resizing);
  resizing = setTimeout(() => charts.filter(c => Math.floor(c.plot.clientWidth) !== c.width).forEach(c => draw(c)), 60);
});
charts.forEach(chart => observer.observe(chart.plot));
addEventListener("beforeprint", () => { printing = true; drawAll(670); });
addEventListener("afterprint", () => { printing = false; drawAll(); });

// Saving and copying.
function save(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
async function svg(chart) {
  const { data, layout } = composed(chart, palette("light"), 960, true);
  layout.title = { text: chart.spec.title, x: 0.02, xanchor: "left", font: { size: 16 } };
  const added = 44;
  layout.margin.t += added;
  layout.height += added;
  if (layout.showlegend) { layout.legend = { font: { size: 12 } }; data.forEach(t => { if (t.mode === "markers+text") t.showlegend = true; }); }
  return Plotly.toImage({ data, layout, config: {} }, { format: "svg", width: layout.width, height: layout.height, imageDataOnly: true });
}
function said(button, text) {
  const before = button.textContent;
  button.textContent = text;
  setTimeout(() => { button.textContent = before; }, 1600);
}
async function copy(button) {
  const element = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(element.textContent);
    said(button, "Copied");
  } catch {
    getSelection().selectAllChildren(element);
    said(button, document.execCommand("copy") ? "Copied" : "Selected");
  }
}
all("[data-copy]").forEach(button => button.addEventListener("click", () => copy(button)));
all("[data-save]").forEach(button => button.addEventListener("click", async () => {
  const figure = button.closest(".chart");
  const chart = charts.find(c => c.figure === figure);
  if (button.dataset.save === "csv") save(`${figure.id}.csv`, "text/csv", figure.querySelector("pre.data").textContent);
  else save(`${figure.id}.svg`, "image/svg+xml", await svg(chart));
}));

drawAll().then(() => {
  charts.filter(c => c.labelled).forEach(chart => chart.plot.on("plotly_relayout", change => {
    if (Object.keys(change).some(key => /axis/.test(key))) replaceLabels(chart);
  }));
  root.dataset.drawn = "true"; });
