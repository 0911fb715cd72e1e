
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
  return { node: el("div", { class: "bar" }, search, nodes, count), pressed, count, set: text => { search.value = text; }, words: () => search.value.toLowerCase().split(/\s+/).filter(Boolean) };
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
/* Bars over time. A point is a name with a number, or with numbers by severity that are stacked, the worst at the bottom. */
function bars(points, label) {
  const width = 900, height = 120, parts = p => typeof p[1] === "number" ? [["b", p[1]]] : ["attack", "fault", "missing", "noise"].filter(k => p[1][k]).map(k => [k, p[1][k]]);
  const total = p => parts(p).reduce((n, part) => n + part[1], 0), most = Math.max(1, ...points.map(total)), step = width / Math.max(1, points.length);
  const shapes = points.flatMap((p, i) => {
    let top = height;
    const words = p[0] + ": " + (typeof p[1] === "number" ? number(p[1]) : parts(p).map(part => number(part[1]) + " " + part[0]).join(", "));
    return parts(p).map(([kind, n]) => { const tall = Math.max(1.5, height * n / most); top -= tall; return svg("rect", { class: kind, x: i * step, width: Math.max(1, step - 1), y: Math.max(0, top), height: tall }, svg("title", {}, words)); });
  });
  return el("figure", {}, el("div", { class: "small dim ends" }, el("span", {}, "up to " + number(most) + " at a time")), svg("svg", { viewBox: "0 0 " + width + " " + height, preserveAspectRatio: "none", class: "time", role: "img", "aria-label": label }, shapes),
    points.length ? el("div", { class: "small dim ends" }, el("span", {}, points[0][0]), el("span", {}, points[points.length - 1][0])) : "");
}
/* A share of the whole as a bar. */
function meter(share, own) {
  const node = el("span", { class: "meter" }), inner = el("span", { class: own ? "own" : "" });
  inner.style.setProperty("width", (100 * Math.min(1, share)).toFixed(1) + "%");
  node.append(inner);
  return node;
}
/* Where the parts of the page are. */
function contents(parts) {
  return el("nav", { "aria-label": "parts of this page" }, parts.map(([id, words]) => el("a", { href: "#" + id }, words)));
}
/* A number that matters, with what it counts. */
const card = (value, words, kind) => el("div", { class: "card " + (kind || "") }, el("div", { class: "value" }, value), el("div", { class: "dim small" }, words));

/* On paper nothing can be opened: what is shown is opened before, level by level, and closed again. */
let opened = [];
addEventListener("beforeprint", () => {
  const most = 400;
  opened = [];
  for (let closed; (closed = [...app.querySelectorAll("details:not([open])")].filter(d => d.offsetParent !== null).slice(0, most - opened.length)).length;)
    for (const details of closed) { if (details.build) details.build(); details.open = true; opened.push(details); }
});
addEventListener("afterprint", () => { for (const details of opened) details.open = false; });
