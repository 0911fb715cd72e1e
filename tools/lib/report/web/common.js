
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const app = document.getElementById("app");

/* Elements are made from names and texts; a text is never markup. */
function el(name, attributes, ...children) {
  const node = document.createElement(name);
  fill(node, attributes);
  for (const child of children.flat()) if (child !== null && child !== undefined && child !== "") node.append(child);
  return node;
}
function svg(name, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  fill(node, attributes);
  for (const child of children.flat()) node.append(child);
  return node;
}
function fill(node, attributes) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== false && value !== undefined) node.setAttribute(key, value === true ? "" : value);
  }
}
const number = n => Number(n).toLocaleString("en").replaceAll(",", "\u202f");
const when = t => t ? t.slice(0, 16).replace("T", " ") : "";
const tag = text => el("span", { class: "tag " + String(text).split(" ")[0] }, text);
const plural = (n, noun) => number(n) + " " + noun + (Number(n) === 1 ? "" : "s");

/* Its content is made when it is opened first: a report of 10,000 rows opens at once. */
function lazy(summary, make, attributes) {
  const details = el("details", attributes, el("summary", {}, summary));
  let made = false;
  const build = () => { if (!made) { made = true; details.append(make()); } };
  details.addEventListener("toggle", () => { if (details.open) build(); });
  details.build = build;
  return details;
}
function table(head, rows, limit) {
  const body = el("tbody");
  const node = el("div", { class: "scroll" }, el("table", {}, el("thead", {}, el("tr", {}, head.map(h => el("th", { class: h[1] || "", scope: "col" }, h[0])))), body));
  let shown = 0;
  const more = el("button", { type: "button", onclick: () => show(1000) });
  function show(count) {
    for (const row of rows.slice(shown, shown + count)) body.append(el("tr", {}, row.map((cell, i) => el("td", { class: head[i][1] || "" }, cell))));
    shown = Math.min(rows.length, shown + count);
    more.textContent = "show more (" + number(rows.length - shown) + " left)";
    if (shown === rows.length) more.remove(); else node.append(more);
  }
  show(limit || 200);
  return node;
}
function toolbar(placeholder, buttons, changed) {
  const search = el("input", { type: "search", placeholder, "aria-label": placeholder, oninput: () => changed() });
  const pressed = new Set();
  const nodes = buttons.map(name => el("button", { type: "button", "aria-pressed": "false", onclick: event => {
    if (!pressed.delete(name)) pressed.add(name);
    event.currentTarget.setAttribute("aria-pressed", String(pressed.has(name)));
    changed();
  } }, name));
  document.addEventListener("keydown", event => {
    if (event.key === "/" && document.activeElement !== search) { event.preventDefault(); search.focus(); }
    if (event.key === "Escape" && search.value) { search.value = ""; changed(); }
  });
  const count = el("span", { class: "dim", role: "status", id: "count" });
  return { node: el("div", { class: "bar" }, search, nodes, count), pressed, count, words: () => search.value.toLowerCase().split(/\s+/).filter(Boolean) };
}
/* j and k walk over the rows that are shown. */
function walkable(list, selector) {
  document.addEventListener("keydown", event => {
    if ((event.key !== "j" && event.key !== "k") || event.target.tagName === "INPUT") return;
    const rows = [...list.querySelectorAll(selector)].filter(row => row.offsetParent !== null);
    const at = rows.indexOf(document.activeElement);
    const next = rows[event.key === "j" ? at + 1 : Math.max(at - 1, 0)];
    if (next) next.focus();
  });
}
function bars(points, label) {
  const width = 900, height = 120, most = Math.max(1, ...points.map(p => p[1]));
  const step = width / Math.max(1, points.length);
  return svg("svg", { viewBox: "0 0 " + width + " " + (height + 18), role: "img", "aria-label": label },
    points.map((p, i) => svg("rect", { class: "b", x: i * step, width: Math.max(1, step - 1), y: height - height * p[1] / most, height: height * p[1] / most }, svg("title", {}, p[0] + ": " + number(p[1])))),
    points.length ? [svg("text", { x: 0, y: height + 14 }, points[0][0]), svg("text", { x: width, y: height + 14, "text-anchor": "end" }, points[points.length - 1][0])] : []);
}
/* On paper nothing can be opened: what is shown is opened before. */
addEventListener("beforeprint", () => {
  let budget = 400;
  for (const details of app.querySelectorAll("details")) if (budget-- > 0 && details.offsetParent !== null) { if (details.build) details.build(); details.open = true; }
});
