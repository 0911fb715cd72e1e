
const kinds = ["read", "write", "exec"];
function accessClass(perms) { return perms.includes("exec") ? "exec" : /\b(write|create|append|unlink|rename|truncate|link|setattr|symlink)\b/.test(perms) ? "write" : "read"; }

/* Paths as a tree, one node a component; only what is opened is made. */
function treeOf(rows) {
  const root = { children: new Map(), rows: [], count: 0 };
  for (const row of rows) {
    let node = root;
    node.count++;
    for (const part of row.path.split("/").filter(Boolean)) {
      if (!node.children.has(part)) node.children.set(part, { children: new Map(), rows: [], count: 0 });
      node = node.children.get(part);
      node.count++;
    }
    node.rows.push(row);
  }
  return root;
}
function evidence(row) {
  if (!row.evidence) return "";
  return el("span", { class: "dim small" }, plural(row.evidence, "fact") + (row.times > row.evidence ? ", seen " + number(row.times) + "\u00d7" : "") + (row.by ? " by " + row.by : ""));
}
function leaf(row) {
  return el("span", {}, " ", el("span", { class: "mono " + accessClass(row.perms) }, row.perms), " ", tag(row.basis), row.why ? el("span", { class: "dim" }, row.why + " ") : "", evidence(row));
}
function treeList(node, top, open) {
  return el("ul", { class: top ? "tree top" : "tree" }, [...node.children].sort((a, b) => a[0] < b[0] ? -1 : 1).map(([name, child]) => {
    let label = name;
    while (child.children.size === 1 && !child.rows.length) { const [next] = child.children; label += "/" + next[0]; child = next[1]; }
    const text = el("span", { class: "mono" }, "/" + label);
    if (!child.children.size) return el("li", {}, text, child.rows.map(leaf));
    const details = lazy(el("span", {}, text, child.rows.map(leaf), el("span", { class: "dim small" }, "  " + number(child.count - child.rows.length) + " below")), () => treeList(child, false, open));
    if (open) { details.build(); details.open = true; }
    return el("li", {}, details);
  }));
}
/* One node a process: its programs, without the image that a fork inherits. Siblings that are
   the same, with all below them, are one row. */
function processTree(procs) {
  const nodes = new Map(), roots = [];
  for (const p of procs) {
    const key = p.run + ":" + p.pid;
    if (!nodes.has(key)) nodes.set(key, { parent: p.run + ":" + p.parent, pid: p.pid, images: [], children: [] });
    const image = p.argv || p.exe || p.comm;
    if (!nodes.get(key).images.includes(image)) nodes.get(key).images.push(image);
  }
  for (const [key, node] of nodes) {
    const parent = nodes.get(node.parent);
    const own = node.images.filter(image => !parent || !parent.images.includes(image));
    node.text = (own.length ? own : node.images.slice(-1)).map(image => image.length > 160 ? image.slice(0, 160) + "\u2026" : image).join(", ");
    if (parent && node.parent !== key) parent.children.push(node); else roots.push(node);
  }
  const seen = new Set(), shapes = new Map();
  const shape = node => {
    if (seen.has(node)) return -1;
    seen.add(node);
    const key = node.text + "\0" + node.children.map(shape).join(",");
    if (!shapes.has(key)) shapes.set(key, shapes.size);
    return node.shape = shapes.get(key);
  };
  roots.forEach(shape);
  const list = (siblings, top) => {
    const rows = [], at = new Map();
    for (const node of siblings) {
      if (at.has(node.shape)) { at.get(node.shape).times++; continue; }
      at.set(node.shape, { node, times: 1 });
      rows.push(at.get(node.shape));
    }
    return el("ul", { class: top ? "tree top" : "tree" }, rows.map(row => el("li", {}, el("span", { class: "mono" }, row.node.text), el("span", { class: "dim small" }, row.times > 1 ? "  \u00d7 " + number(row.times) : "  " + row.node.pid), row.node.children.length ? list(row.node.children, false) : null)));
  };
  return list(roots, true);
}
function curve(steps) {
  const width = 700, height = 140, every = Math.ceil(steps.length / 14), last = steps.length - 1, most = Math.max(1, ...steps.map(s => s.total)), x = i => 30 + i * (width - 60) / Math.max(1, last), y = n => height - (height - 20) * n / most;
  const named = steps.map((s, i) => [s, i]).filter(([, i]) => i === last || (i % every === 0 && last - i >= every));
  return svg("svg", { viewBox: "0 -14 " + width + " " + (height + 50), role: "img", "aria-label": "facts known after each run" },
    svg("polyline", { points: steps.map((s, i) => x(i) + "," + y(s.total)).join(" ") }),
    steps.map((s, i) => svg("circle", { cx: x(i), cy: y(s.total), r: 4 }, svg("title", {}, s.label + ": " + s.new + " new, " + s.total + " in all"))),
    named.map(([s, i]) => svg("text", { x: x(i), y: y(s.total) - 9, "text-anchor": "middle" }, number(s.total))),
    named.map(([s, i]) => svg("text", { x: x(i), y: height + 16, "text-anchor": "middle" }, "+" + number(s.new))),
    named.map(([s, i]) => svg("text", { x: x(i), y: height + 30, "text-anchor": "middle" }, s.label.length > 9 ? s.label.slice(0, 8) + "\u2026" : s.label)));
}
/* How much each default allows, as bars; then the calls that were made, those worth a look first. */
function syscallPart() {
  const most = Math.max(data.syscalls.length, ...data.defaults.map(d => d.allows));
  const bar = (name, n, own) => el("div", { class: "level" }, el("span", {}, name), meter(n / most, own), el("span", { class: "n" }, number(n)));
  const head = [["syscall"], ["arguments"], ["count", "n"]].concat(data.defaults.map(d => ["in " + d.name + "'s default"]), [["worth a look"]]);
  const weight = s => (s.risk ? 0 : 2) + (s.defaults.every(Boolean) ? 1 : 0);
  const rows = [...data.syscalls].sort((a, b) => weight(a) - weight(b) || (a.name < b.name ? -1 : 1));
  return [bar("called by the program", data.syscalls.length, true), data.defaults.map(d => bar("allowed by " + d.name + "'s default", d.allows, false)),
    data.defaults.map(d => d.spared.length ? el("p", {}, el("span", { class: "good" }, "Not needed, though " + d.name + "'s default allows it: "), el("span", { class: "mono" }, d.spared.join(" "))) : null),
    table(head, rows.map(s => [el("code", { class: "nobr" }, s.name), el("span", { class: "mono dim" }, s.args), number(s.count)].concat(data.defaults.map((d, i) => s.defaults[i] ? el("span", { class: "dim" }, "\u2713 yes") : el("strong", { class: "bad" }, "\u2717 no")), [s.risk ? el("span", { class: "bad" }, s.risk) : ""])), 500)];
}
/* Facts that a profile cannot tell apart (other arguments, another program) are one row. */
function problemRows() {
  const rows = new Map();
  for (const t of data.targets) for (const p of t.problems) {
    const key = [t.backend, p.ruling, p.what, p.why, p.by].join("\0");
    if (!rows.has(key)) rows.set(key, { t, p, facts: 0 });
    rows.get(key).facts++;
  }
  return [...rows.values()].map(({ t, p, facts }) => [t.backend, tag(p.ruling), el("span", { class: "mono" }, p.what), p.why, p.by, number(facts)]);
}
const problems = problemRows(), said = data.targets.some(t => t.summary.length || t.added.length || t.notes.length);
const sum = key => data.targets.reduce((n, target) => n + target[key], 0);
const curved = data.steps.length > 1;
app.append(el("h1", {}, data.title),
  contents([["profiles", "Profiles"], ["problems", "Denied or not decided"], ["processes", "Processes"]].concat(curved ? [["runs", "Runs"]] : [], [["syscalls", "System calls"], ["paths", "Paths and rules"]])),
  data.complete ? "" : el("p", {}, el("strong", { class: "bad" }, "A recording behind this is incomplete: what it did not see, the profiles do not allow.")),
  el("div", { class: "cards" }, card(number(data.counts.facts), "facts from " + plural(data.runs.length, "run")), card(number(data.counts.rules), "rules"), card(number(data.syscalls.length), "system calls"),
    card(number(sum("denied")), "decisions: denied", sum("denied") ? "attack" : "good"), card(number(sum("cannot_tell")), "decisions: cannot tell", sum("cannot_tell") ? "fault" : "good")));
for (const note of data.notes) app.append(el("p", { class: "dim" }, note));
app.append(el("h2", { id: "profiles" }, "Profiles"), table([["language"], ["files"], [said ? "what it says" : ""], ["allowed", "n"], ["denied", "n"], ["cannot tell", "n"]],
  data.targets.map(t => [t.backend, t.files.map(f => el("div", { class: "mono nobr" }, f.split("/").pop())), el("div", {}, t.summary.map(s => el("div", {}, s)), t.added.length ? lazy(plural(t.added.length, "grant") + " added without being seen", () => el("ul", {}, t.added.map(a => el("li", {}, a)))) : null, t.notes.length ? lazy(plural(t.notes.length, "rule") + " not said exactly", () => el("ul", {}, t.notes.map(n => el("li", {}, n)))) : null),
    number(t.allowed), number(t.denied), number(t.cannot_tell)])));
app.append(el("h2", { id: "problems" }, "Denied or not decided"), problems.length ? table([["language"], ["verdict"], ["what"], ["why"], ["rule"], ["facts", "n"]], problems) : el("p", { class: "good" }, "Every fact that the profiles govern is allowed by them."));
app.append(el("h2", { id: "processes" }, "Processes"), data.processes.length ? processTree(data.processes) : el("p", { class: "dim" }, "None were recorded."));
if (data.steps.length > 1) app.append(el("h2", { id: "runs" }, "New facts in each run"), curve(data.steps), el("p", { class: "dim" }, "Facts known after each run, and what it added. The last run added " + plural(data.steps[data.steps.length - 1].new, "fact") + "."));
app.append(el("h2", { id: "syscalls" }, "System calls"), ...syscallPart().flat().filter(Boolean));
const holder = el("div");
const bar = toolbar("Search paths and rules ( / )", kinds.concat(["observed", "generalised", "baseline", "pinned"]), filter);
app.append(el("h2", { id: "paths" }, "Paths and rules"), bar.node, holder);
let pending = 0;
function filter() { clearTimeout(pending); pending = setTimeout(draw, 60); }
function draw() {
  const words = bar.words(), p = bar.pressed, bases = ["observed", "generalised", "baseline", "pinned"].filter(b => p.has(b)), access = kinds.filter(k => p.has(k));
  const fits = row => words.every(w => row.text.includes(w)) && (!bases.length || bases.includes(row.basis)) && (!access.length || access.includes(accessClass(row.perms)));
  const paths = data.paths.filter(fits), rules = data.rules.filter(fits);
  holder.replaceChildren(el("h3", {}, plural(paths.length, "path")), treeList(treeOf(paths), true, paths.length <= 60),
    el("h3", {}, plural(rules.length, "other rule")), table([["kind"], ["grant"], ["basis"], ["evidence"]], rules.map(r => [r.kind, el("span", { class: "mono" }, r.what), el("span", {}, tag(r.basis), el("span", { class: "dim" }, r.why)), evidence(r)])));
  bar.count.textContent = plural(paths.length + rules.length, "rule") + " of " + number(data.paths.length + data.rules.length);
}
const texts = data.texts;
data.paths = data.paths.map(r => ({ path: r[0], perms: texts[r[1]], basis: texts[r[2]], why: texts[r[3]], evidence: r[4], by: texts[r[5]], times: r[6] }));
data.rules = data.rules.map(r => ({ kind: texts[r[0]], what: r[1], perms: r[1], basis: texts[r[2]], why: texts[r[3]], evidence: r[4], by: texts[r[5]], times: r[6] }));
for (const row of data.paths) row.text = (row.path + " " + row.perms + " " + row.basis).toLowerCase();
for (const row of data.rules) row.text = (row.kind + " " + row.what + " " + row.basis).toLowerCase();
walkable(holder, "summary");
draw();
