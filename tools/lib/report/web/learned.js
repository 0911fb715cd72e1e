
const kinds = ["read", "write", "exec"];
function accessClass(perms) { return perms.includes("exec") || perms.includes("map_exec") ? "exec" : /write|create|append|unlink|rename|truncate|link|setattr|symlink/.test(perms) ? "write" : "read"; }

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
function leaf(row) {
  return el("span", {}, " ", el("span", { class: "mono " + accessClass(row.perms) }, row.perms), " ", tag(row.basis), row.why ? el("span", { class: "dim" }, row.why + " ") : "", row.evidence ? el("span", { class: "dim" }, plural(row.evidence, "fact")) : "");
}
function treeList(node, top, open) {
  return el("ul", { class: top ? "tree top" : "tree" }, [...node.children].sort((a, b) => a[0] < b[0] ? -1 : 1).map(([name, child]) => {
    let label = name;
    while (child.children.size === 1 && !child.rows.length) { const [next] = child.children; label += "/" + next[0]; child = next[1]; }
    const text = el("span", { class: "mono" }, "/" + label);
    if (!child.children.size) return el("li", {}, text, child.rows.map(leaf));
    const details = lazy(el("span", {}, text, child.rows.map(leaf), el("span", { class: "dim" }, " " + number(child.count))), () => treeList(child, false, open));
    if (open) { details.build(); details.open = true; }
    return el("li", {}, details);
  }));
}
function processTree(procs) {
  const children = new Map(), pids = new Set(procs.map(p => p.pid));
  for (const p of procs) { const key = pids.has(p.parent) && p.parent !== p.pid ? p.parent : 0; children.set(key, (children.get(key) || []).concat(p)); }
  const seen = new Set();
  const list = (pid, top) => el("ul", { class: top ? "tree top" : "tree" }, (children.get(pid) || []).filter(p => !seen.has(p)).map(p => { seen.add(p); return el("li", {}, el("span", { class: "mono" }, p.argv || p.exe || p.comm), el("span", { class: "dim" }, " " + p.pid), children.has(p.pid) ? list(p.pid, false) : null); }));
  return list(0, true);
}
function curve(steps) {
  const width = 700, height = 140, most = Math.max(1, ...steps.map(s => s.total)), x = i => 30 + i * (width - 60) / Math.max(1, steps.length - 1), y = n => height - (height - 20) * n / most;
  return svg("svg", { viewBox: "0 0 " + width + " " + (height + 20), role: "img", "aria-label": "facts known after each run" },
    svg("polyline", { points: steps.map((s, i) => x(i) + "," + y(s.total)).join(" ") }),
    steps.map((s, i) => svg("circle", { cx: x(i), cy: y(s.total), r: 4 }, svg("title", {}, s.label + ": " + s.new + " new, " + s.total + " in all"))),
    steps.map((s, i) => svg("text", { x: x(i), y: height + 14, "text-anchor": "middle" }, "+" + s.new)));
}
function syscallTable() {
  const head = [["syscall"], ["arguments"], ["count", "n"]].concat(data.defaults.map(d => ["in " + d.name + "'s default"]), [["worth a look"]]);
  return table(head, data.syscalls.map(s => [el("code", {}, s.name), el("span", { class: "mono dim" }, s.args), number(s.count)].concat(data.defaults.map((d, i) => s.defaults[i] ? "yes" : el("span", { class: "bad" }, "no")), [s.risk ? el("span", { class: "bad" }, s.risk) : ""])), 500);
}
const problems = data.targets.flatMap(t => t.problems.map(p => [t.backend, tag(p.ruling), p.what, p.why, p.by]));
app.append(el("h1", {}, data.title), el("p", {}, data.complete ? "" : el("strong", { class: "bad" }, "A recording behind this is incomplete. "), plural(data.counts.facts, "fact") + " from " + plural(data.runs.length, "run") + ", " + plural(data.counts.rules, "rule") + "."));
for (const note of data.notes) app.append(el("p", { class: "dim" }, note));
app.append(el("h2", {}, "Profiles"), table([["language"], ["files"], ["what it says"], ["allowed", "n"], ["denied", "n"], ["cannot tell", "n"]],
  data.targets.map(t => [t.backend, t.files.map(f => el("div", { class: "mono nobr" }, f.split("/").pop())), el("div", {}, t.summary.map(s => el("div", {}, s)), t.added.length ? lazy(plural(t.added.length, "grant") + " added without being seen", () => el("ul", {}, t.added.map(a => el("li", {}, a)))) : null, t.notes.length ? lazy(plural(t.notes.length, "rule") + " not said exactly", () => el("ul", {}, t.notes.map(n => el("li", {}, n)))) : null),
    number(t.allowed), number(t.denied), number(t.cannot_tell)])));
app.append(el("h2", {}, "Denied or not decided"), problems.length ? table([["language"], ["verdict"], ["what"], ["why"], ["rule"]], problems) : el("p", { class: "good" }, "Every fact that the profiles govern is allowed by them."));
app.append(el("h2", {}, "Processes"), data.processes.length ? processTree(data.processes) : el("p", { class: "dim" }, "None were recorded."));
if (data.steps.length > 1) app.append(el("h2", {}, "New facts in each run"), curve(data.steps), el("p", { class: "dim" }, "The last run added " + plural(data.steps[data.steps.length - 1].new, "fact") + "."));
app.append(el("h2", {}, "System calls"), syscallTable());
const holder = el("div");
const bar = toolbar("Search paths and rules ( / )", kinds.concat(["observed", "generalised", "baseline", "pinned"]), filter);
app.append(el("h2", {}, "Paths and rules"), bar.node, holder);
let pending = 0;
function filter() { clearTimeout(pending); pending = setTimeout(draw, 60); }
function draw() {
  const words = bar.words(), p = bar.pressed, bases = ["observed", "generalised", "baseline", "pinned"].filter(b => p.has(b)), access = kinds.filter(k => p.has(k));
  const fits = row => words.every(w => row.text.includes(w)) && (!bases.length || bases.includes(row.basis)) && (!access.length || access.includes(accessClass(row.perms)));
  const paths = data.paths.filter(fits), rules = data.rules.filter(fits);
  holder.replaceChildren(el("h3", {}, plural(paths.length, "path")), treeList(treeOf(paths), true, paths.length <= 60),
    el("h3", {}, plural(rules.length, "other rule")), table([["kind"], ["grant"], ["basis"], ["evidence"]], rules.map(r => [r.kind, el("span", { class: "mono" }, r.what), el("span", {}, tag(r.basis), el("span", { class: "dim" }, r.why)), plural(r.evidence, "fact")])));
  bar.count.textContent = plural(paths.length + rules.length, "rule") + " of " + number(data.paths.length + data.rules.length);
}
const texts = data.texts;
data.paths = data.paths.map(r => ({ path: r[0], perms: texts[r[1]], basis: texts[r[2]], why: texts[r[3]], evidence: r[4] }));
data.rules = data.rules.map(r => ({ kind: texts[r[0]], what: r[1], perms: r[1], basis: texts[r[2]], why: texts[r[3]], evidence: r[4] }));
for (const row of data.paths) row.text = (row.path + " " + row.perms + " " + row.basis).toLowerCase();
for (const row of data.rules) row.text = (row.kind + " " + row.what + " " + row.basis).toLowerCase();
walkable(holder, "summary");
draw();
