
const severities = ["attack", "fault", "missing", "noise"];
const words = { attack: "signs of an attack", fault: "faults to mend", missing: "missing from the policy", noise: "noise" };
const names = rows => rows.filter(row => row.name).concat(rows.filter(row => !row.name)).map(row => (row.name || "others") + (row.count > 1 ? " (" + number(row.count) + ")" : "")).join(", ");

function fixNode(fix) {
  const proof = fix.proof;
  const opens = !fix.excess.known || !["proven", "partial"].includes(proof.status) ? "" : fix.excess.count === 0 ? "Opens nothing else." : "Opens " + number(fix.excess.count) + " more " + (fix.excess.count === 1 ? fix.excess.unit.replace(/s$/, "") : fix.excess.unit) + ".";
  return el("div", { class: "fix" },
    el("div", {}, tag(proof.status), el("strong", {}, fix.title)),
    el("div", { class: "dim" }, (proof.of && proof.status !== "untried" ? number(proof.fixed) + " of " + number(proof.of) + " go away. " : "") + proof.how + (proof.how ? ". " : "") + opens),
    opens && fix.excess.what.length ? el("ul", {}, fix.excess.what.map(what => el("li", { class: "mono" }, what))) : null,
    fix.commands.length ? el("pre", {}, fix.commands.join("\n")) : null,
    fix.undo.length ? el("div", {}, el("span", { class: "dim" }, "To undo:"), el("pre", {}, fix.undo.join("\n"))) : null,
    fix.no_undo ? el("div", { class: "dim" }, "Nothing to undo: " + fix.no_undo) : null,
    fix.files.map(file => lazy(file.name, () => el("pre", {}, file.text))));
}
function denialRows(finding) {
  return finding.denials.map(d => [number(d.count), d.mechanism, d.raw
    ? lazy(d.operation, () => el("div", {}, el("pre", {}, d.raw), el("div", { class: "dim mono" }, d.samples.map(s => s.source + ":" + s.line + " " + s.event).join(" · "))))
    : el("div", {}, d.operation, el("div", { class: "dim mono" }, d.samples.slice(0, 3).map(s => s.source + ":" + s.line).join(" · "))), when(d.last)]);
}
function findingBody(finding) {
  const about = [["by", finding.programs], ["on", finding.paths], ["hosts", finding.hosts], ["units", finding.units], ["containers", finding.containers]];
  return el("div", {},
    el("p", {}, finding.reason), finding.risk ? el("p", {}, el("strong", {}, "Risk: "), finding.risk) : null,
    finding.also.length ? el("p", { class: "dim" }, "It may also be: " + finding.also.join("; ")) : null,
    about.map(([word, rows]) => rows.length ? el("div", {}, el("span", { class: "dim" }, word + " "), el("span", { class: "mono" }, names(rows.filter(r => r.name).slice(0, 12).concat(rows.length > 12 ? [{ name: "", count: rows.filter(r => !r.name).concat(rows.filter(r => r.name).slice(12)).reduce((n, r) => n + r.count, 0) }] : rows.filter(r => !r.name))))) : null),
    finding.timeline.buckets.length > 1 ? bars(finding.timeline.buckets.map(b => [when(b[0]), b[1]]), "denials over time") : null,
    el("h3", {}, "Fixes, best first"), finding.fixes.map(fixNode),
    finding.reasons.length ? [el("h3", {}, "What the policy says"), table([["what"], ["reason"]], finding.reasons.map(r => [el("code", {}, r.what), r.reason]), 30)] : null,
    el("h3", {}, "Evidence"), table([["count", "n"], ["mechanism"], ["what was denied"], ["last"]], denialRows(finding), 50),
    el("p", { class: "dim" }, "Rule " + finding.rule + ". Source: " + finding.source));
}
const trends = { rising: "\u2197 rising", falling: "\u2198 falling", steady: "\u2192 steady", once: "once" };
function findingNode(finding) {
  const best = finding.fixes[0], trend = trends[finding.timeline.trend];
  const about = [finding.blocked ? "" : "logged only", finding.mechanisms.join("+"), finding.hosts.length > 1 ? plural(finding.hosts.length, "host") : "", trend && finding.count > 1 ? trend : "", "last " + when(finding.last), finding.id].filter(Boolean).join(" \u00b7 ");
  const node = lazy(el("span", { class: "head" },
    el("span", { class: "title" }, tag(finding.severity), el("strong", {}, finding.summary)), el("span", { class: "times" }, number(finding.count) + "\u00d7"),
    el("span", { class: "dim small about" }, about),
    best ? el("span", { class: "small best" }, "\u2192 " + best.title + " ", best.proof.status === "untried" ? "" : tag(best.proof.status)) : ""),
    () => findingBody(finding), { class: "finding " + finding.severity, id: finding.id });
  node.text = (finding.id + " " + finding.rule + " " + finding.summary + " " + finding.title + " " + finding.mechanisms.join(" ") + " " + finding.programs.concat(finding.paths, finding.hosts, finding.units, finding.containers).map(r => r.name).join(" ")).toLowerCase();
  node.finding = finding;
  return node;
}
/* Where it happens: hosts against units, darker for more. */
function heat(findings) {
  const hosts = new Map(), cells = new Map(), units = new Map(), add = (map, key, n) => map.set(key, (map.get(key) || 0) + n);
  for (const f of findings) for (const { host, runs, count } of f.places) {
    add(hosts, host, count); add(units, runs, count); add(cells, host + "\0" + runs, count);
  }
  const top = (map, n) => [...map].sort((a, b) => b[1] - a[1]).slice(0, n).map(e => e[0]);
  const host = name => name || (hosts.size === 1 ? "this log" : "others");
  const columns = top(hosts, 12), rows = top(units, 12), most = Math.max(1, ...cells.values());
  if (!rows.length) return null;
  return el("div", { class: "scroll" }, el("table", { class: "heat" }, el("thead", {}, el("tr", {}, el("th", {}, "container, unit or program"), columns.map(c => el("th", { scope: "col" }, host(c))))),
    el("tbody", {}, rows.map(r => el("tr", {}, el("th", { scope: "row" }, r || "others"), columns.map(c => {
      const n = cells.get(c + "\0" + r) || 0, cell = el("td", {}, n ? el("button", { type: "button", class: "cell", title: "show the findings of " + (r || "others") + " on " + host(c), onclick: () => narrow(c, r) }, number(n)) : "");
      if (n) cell.style.setProperty("background-color", "color-mix(in srgb, var(--bar) " + Math.round(15 + 70 * Math.log1p(n) / Math.log1p(most)) + "%, transparent)");
      return cell;
    }))))));
}
/* From a cell of the map to its findings. */
function narrow(host, unit) {
  bar.set([host, unit].filter(Boolean).join(" "));
  filter();
  bar.node.scrollIntoView();
}
/* All findings' time lines in one, the severities apart. */
function wholeTime(findings) {
  const sums = new Map();
  const width = Math.max(60, ...findings.map(f => f.timeline.seconds)) * 1000;
  for (const f of findings) for (const [at, n] of f.timeline.buckets) {
    const key = Math.floor(Date.parse(at) / width) * width;
    if (!sums.has(key)) sums.set(key, {});
    sums.get(key)[f.severity] = (sums.get(key)[f.severity] || 0) + n;
  }
  return [...sums].sort((a, b) => a[0] - b[0]).map(([at, parts]) => [when(new Date(at).toISOString()), parts]);
}
const list = el("div");
const nodes = data.findings.map(findingNode);
list.append(...nodes);
const bar = toolbar("Search findings ( / )", severities.concat(["selinux", "apparmor", "seccomp", "blocked"]), filter);
function filter() {
  const typed = bar.words(), p = bar.pressed, wanted = severities.filter(s => p.has(s)), mechanisms = ["selinux", "apparmor", "seccomp"].filter(m => p.has(m));
  let shown = 0;
  for (const node of nodes) {
    const f = node.finding;
    const fits = typed.every(w => node.text.includes(w)) && (!wanted.length || wanted.includes(f.severity)) && (!mechanisms.length || mechanisms.some(m => f.mechanisms.includes(m))) && (!p.has("blocked") || f.blocked > 0);
    node.hidden = !fits;
    shown += fits;
  }
  bar.count.textContent = plural(shown, "finding") + " of " + number(nodes.length);
}
const times = wholeTime(data.findings), map = heat(data.findings);
const worst = name => data.totals[name] || 0;
const asked = Object.keys(data.inputs).length > 0;
app.append(el("h1", {}, plural(data.counts.denials, "denial") + " in " + plural(data.totals.findings, "finding")),
  contents([times.length > 1 ? ["when", "When"] : null, map ? ["where", "Where"] : null, ["findings", "Findings"], data.accepted.length ? ["accepted", "Accepted"] : null, asked ? ["consulted", "Consulted"] : null].filter(Boolean)),
  el("div", { class: "cards" }, card(number(data.totals.blocked), "denials that blocked"), severities.map(name => card(number(worst(name)), words[name], worst(name) ? name : ""))),
  el("p", { class: "dim" }, [["filtered", "left out by filters"], ["undecoded", "not understood"], ["records_malformed", "malformed records"]].map(([key, what]) => data.counts[key] ? number(data.counts[key]) + " " + what : "").filter(Boolean).concat(data.accepted.length ? [plural(data.accepted.length, "finding") + " accepted"] : [], data.notes).join(" \u00b7 ")),
  times.length > 1 ? el("h2", { id: "when" }, "When") : "", times.length > 1 ? bars(times, "all denials over time") : "",
  map ? el("h2", { id: "where" }, "Where") : "", map || "",
  el("h2", { id: "findings" }, "Findings, worst first"), bar.node, list);
if (data.accepted.length) app.append(el("h2", { id: "accepted" }, "Accepted by the baseline"), table([["id"], ["what"], ["why accepted"], ["count", "n"]], data.accepted.map(f => [f.id, f.summary, f.accepted, number(f.count)])));
if (Object.keys(data.inputs).length) app.append(el("h2", { id: "consulted" }, "Consulted"), table([["what"], ["SHA-256"]], Object.entries(data.inputs).map(([name, digest]) => [name, el("code", {}, digest)])));
walkable(list, ".finding > summary");
filter();
