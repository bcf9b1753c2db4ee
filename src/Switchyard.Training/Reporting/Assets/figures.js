// From the plain data and layout of a chart to a figure of plotly.js: colours of the theme, sizes, labels. Nothing here touches the page.
const hiddenRows = new Set();
const coarse = matchMedia("(pointer: coarse)").matches;
const systemFont = getComputedStyle(document.body).fontFamily;
const isObject = value => value !== null && typeof value === "object" && !Array.isArray(value);
function merge(target, source) {
  for (const [key, value] of Object.entries(source)) {
    if (isObject(value) && isObject(target[key])) merge(target[key], value); else target[key] = structuredClone(value);
  }
}
const scaleStops = { load: [0, 0.125, 0.25, 0.45, 0.7, 1], share: [0, 0.25, 0.5, 0.75, 1] };
const decode = text => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
const encode = text => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const shorten = (text, length) => { const plain = [...decode(text)]; return plain.length <= length ? text : encode(plain.slice(0, length - 1).join("") + "…"); };

function themedTrace(trace, colors, saved) {
  const meta = trace.meta || {};
  if ("row" in meta) {
    const color = colors.rows[meta.color];
    Object.assign(trace.line ??= {}, { color });
    Object.assign(trace.marker ??= {}, { color });
    trace.textfont = { color: colors.ink, size: 12 };
    for (const bar of ["error_x", "error_y"]) if (trace[bar]) Object.assign(trace[bar], { color, thickness: 1.5, width: 4 });
    trace.visible = !hiddenRows.has(meta.row);
  } else if (meta.role === "reference" || meta.role === "front") {
    trace.line = { color: colors.quiet, width: 1.5, dash: "2px,4px" };
  } else if (meta.bar) {
    trace.marker = { color: colors.bars[meta.bar] };
    trace.textfont = { color: colors.ink };
  } else if (meta.scale) {
    trace.colorscale = scaleStops[meta.scale].map((stop, i) => [stop, colors[meta.scale][i]]);
    trace.showscale = saved && !trace.yaxis?.match(/\d/);
    trace.colorbar = meta.scale === "load"
      ? { title: { text: "load ÷ even share", side: "right" }, tickvals: [0, 1, 2, 3, 4], ticktext: ["idle", "even", "2×", "3×", "≥ 4×"], thickness: 12, lenmode: "pixels", len: 200, y: 1, yanchor: "top", outlinewidth: 0 }
      : { title: { text: "share of the domain", side: "right" }, tickformat: ".0%", thickness: 12, lenmode: "pixels", len: 200, y: 1, yanchor: "top", outlinewidth: 0 };
  }
}

function themedAxis(axis, colors, narrow, names) {
  const given = axis.title?.text;
  Object.assign(axis, { gridcolor: colors.line, linecolor: colors.line, tickcolor: colors.line, zeroline: false, automargin: true, tickfont: { color: colors.quiet, size: narrow ? 11 : 12 }, ...axis });
  if (given) axis.title = { text: given, standoff: 10, font: { color: colors.quiet, size: narrow ? 11.5 : 12.5 } };
  if (axis.meta === "names" && names) {
    const unique = [...new Set(names)];
    axis.tickvals = unique;
    axis.ticktext = unique.map(name => shorten(name, narrow ? 15 : 36) + " ");
    axis.tickmode = "array";
  }
  delete axis.meta;
}

// With rows hidden the frame closes in on those that are left.
function fit(data, layout, meta) {
  const shown = data.filter(t => t.meta?.row !== undefined && t.visible);
  if (shown.length === 0) return;
  const span = values => { const known = values.filter(v => v !== null && v !== undefined), low = Math.min(...known), high = Math.max(...known), pad = 0.06 * (high - low) || 0.01; return known.length ? [low - pad, high + pad] : [0, 1]; };
  const ends = (t, axis) => { const reach = t[`error_${axis}`]?.array[0] ?? 0; return [t[axis][0] - reach, t[axis][0] + reach]; };
  if (meta.fit === "all") {
    layout.xaxis.range = span([0, ...shown.flatMap(t => ends(t, "x"))]);
    layout.yaxis.range = span(shown.flatMap(t => ends(t, "y")));
    const points = shown.map(t => [t.x[0], t.y[0]]).sort((a, b) => a[0] - b[0]);
    const front = points.filter(p => !points.some(o => o[0] <= p[0] && o[1] <= p[1] && (o[0] < p[0] || o[1] < p[1])));
    Object.assign(data.find(t => t.meta?.role === "front"), { x: front.map(p => p[0]), y: front.map(p => p[1]) });
    return;
  }
  const steps = shown.flatMap(t => t.x), from = meta.fit === "late" ? Math.min(...steps) + (Math.max(...steps) - Math.min(...steps)) / 6 : 0;
  const values = shown.flatMap(t => t.y.filter((_, i) => t.x[i] >= from));
  layout.yaxis.range = meta.fit === "top" ? [0, Math.min(1, span([0, ...values])[1])] : span(meta.levelY === 0 ? [0, ...values] : values);
}

// Labels of points, each beside its point where it hides least: greedy, from the top down.
function placeLabels(data, layout, width, height) {
  const points = data.filter(t => t.mode === "markers+text" && t.visible !== false);
  if (points.length === 0) return;
  const inner = { left: layout.margin.l, top: layout.margin.t, width: width - layout.margin.l - layout.margin.r, height: height - layout.margin.t - layout.margin.b };
  const [x0, x1] = layout.xaxis.range, [y0, y1] = layout.yaxis.range;
  const at = points.map(t => ({ t, x: (t.x[0] - x0) / (x1 - x0) * inner.width, y: (y1 - t.y[0]) / (y1 - y0) * inner.height, w: decode(t.text[0]).length * 6.9 + 4 }));
  const level = layout.shapes.find(s => s.xref === "paper");
  const overlap = (a, b) => Math.max(0, Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x)) * Math.max(0, Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y));
  const taken = at.map(p => ({ x: p.x - 6, y: p.y - 6, w: 12, h: 12, own: p }));
  at.forEach(p => {
    const ex = (p.t.error_x?.array[0] ?? 0) / (x1 - x0) * inner.width, ey = (p.t.error_y?.array[0] ?? 0) / (y1 - y0) * inner.height;
    if (ex > 0) taken.push({ x: p.x - ex, y: p.y - 3, w: 2 * ex, h: 6 });
    if (ey > 0) taken.push({ x: p.x - 3, y: p.y - ey, w: 6, h: 2 * ey });
  });
  if (level) taken.push({ x: 0, y: (y1 - level.y0) / (y1 - y0) * inner.height - 2, w: inner.width, h: 4 });
  for (const note of layout.annotations.filter(n => n.xref === "paper" && n.xanchor === "right")) {
    const w = decode(note.text).length * 6;
    taken.push({ x: inner.width - w, y: (y1 - note.y) / (y1 - y0) * inner.height - 18, w, h: 18 });
  }
  const places = [["middle right", 8, -8], ["middle left", -8, -8], ["top center", 0, -24], ["bottom center", 0, 8], ["top right", 4, -22], ["bottom right", 4, 6], ["top left", -4, -22], ["bottom left", -4, 6]];
  for (const p of [...at].sort((a, b) => a.y - b.y)) {
    let best = null;
    places.forEach(([name, dx, dy], rank) => {
      const x = name.endsWith("right") ? p.x + dx : name.endsWith("left") ? p.x + dx - p.w : p.x - p.w / 2;
      const box = { x, y: p.y + dy, w: p.w, h: 16, own: p };
      const outside = Math.max(0, -box.x) + Math.max(0, box.x + box.w - inner.width) + Math.max(0, -box.y) + Math.max(0, box.y + box.h - inner.height);
      const cost = taken.reduce((sum, other) => sum + (other.own === p ? 0 : overlap(box, other)), 0) + outside * 30 + rank;
      if (best === null || cost < best.cost) best = { cost, name, box };
    });
    // No room: the marker and the legend must do.
    p.t.textposition = best.name;
    p.t.text = best.cost > 80 ? [""] : p.t.text;
    if (best.cost <= 80) taken.push(best.box);
  }
}

function composed(chart, colors, width, saved, print) {
  const narrow = width < 560;
  const data = structuredClone(chart.view().data);
  const layout = structuredClone(chart.spec.layout);
  if (narrow && chart.spec.narrow) merge(layout, chart.spec.narrow);
  const rows = chart.spec.legend === "rows";
  const height = layout.height ?? Math.min(chart.spec.height, print && rows ? 310 : narrow && rows ? 360 : 2000);
  data.forEach(trace => themedTrace(trace, colors, saved));
  const names = data.find(t => Array.isArray(t.y) && typeof t.y[0] === "string")?.y;
  layout.xaxis ??= {};
  layout.yaxis ??= {};
  Object.keys(layout).filter(key => /^[xy]axis\d*$/.test(key)).forEach(key => themedAxis(layout[key], colors, narrow, names));
  layout.margin = { l: narrow ? 50 : 62, r: narrow ? 10 : 18, t: 12, b: 50, ...layout.margin };
  if (chart.spec.legend === "none" && !saved) layout.margin.r = 26;
  const meta = layout.meta || {};
  layout.shapes ??= [];
  layout.annotations ??= [];
  if (hiddenRows.size > 0 && meta.fit) fit(data, layout, meta);
  const level = meta.levelY;
  if (level !== undefined && level !== null) {
    layout.shapes.push({ type: "line", xref: "paper", x0: 0, x1: 1, y0: level, y1: level, line: { color: colors.quiet, width: 1.2 }, layer: "below" });
    if (meta.levelLabel) layout.annotations.push({ text: meta.levelLabel, xref: "paper", x: 1, xanchor: "right", y: level, yanchor: "bottom", showarrow: false, font: { color: colors.quiet, size: 11 } });
  }
  layout.annotations.forEach(note => { note.font ??= { color: colors.ink, size: narrow ? 11.5 : 13 }; });
  Object.assign(layout, {
    width, height, autosize: false, showlegend: saved && chart.spec.legend === "rows", hovermode: "closest", dragmode: coarse ? false : "zoom",
    paper_bgcolor: saved ? colors.page : "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: saved ? "Helvetica, Arial, sans-serif" : systemFont, size: 12, color: colors.ink },
    hoverlabel: { bgcolor: colors.page, bordercolor: colors.quiet, font: { color: colors.ink, size: 12 }, namelength: -1 },
  });
  delete layout.meta;
  placeLabels(data, layout, width, height);
  return { data, layout };
}
