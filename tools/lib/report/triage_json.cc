#include "report/triage_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "facts/describe.h"
#include "report/escape.h"
#include "report/triage_report.h"
#include "triage/baseline.h"
#include "triage/denial.h"

namespace cordon::report {
namespace {

using Json = nlohmann::ordered_json;
using triage::time_text;

Json texts(const std::vector<std::string>& list) {
  Json out = Json::array();
  for (const auto& text : list) out.push_back(utf8(text));
  return out;
}

/// The most frequent first; what was counted without its name is "".
Json names(const std::map<std::string, std::uint64_t>& counts) {
  std::vector<std::pair<std::string, std::uint64_t>> rows(counts.begin(), counts.end());
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  Json out = Json::array();
  for (const auto& [name, count] : rows) out.push_back({{"name", utf8(name)}, {"count", count}});
  return out;
}

/// How often on which host by what. Where the log names neither host nor unit, the programs are all that is known.
Json places(const triage::Finding& finding) {
  Json out = Json::array();
  const auto add = [&](std::string_view host, std::string_view runs, std::uint64_t count) {
    out.push_back({{"host", utf8(host)}, {"runs", utf8(runs)}, {"count", count}});
  };
  std::uint64_t told = 0;
  for (const auto& [key, count] : finding.places) {
    const auto [host, runs] = triage::place_parts(key);
    add(host, runs, count);
    told += count;
  }
  if (finding.places.empty())
    for (const auto& [program, count] : finding.programs) add("", program, count);
  else if (told < finding.count)
    add("", "", finding.count - told);
  return out;
}

Json fix_json(const triage::Fix& fix) {
  Json out{{"kind", triage::to_text(fix.kind)},
           {"title", utf8(fix.title)},
           {"commands", texts(fix.commands)},
           {"undo", texts(fix.undo)},
           {"no_undo", fix.no_undo}};
  Json files = Json::array();
  for (const auto& [name, text] : fix.files) files.push_back({{"name", utf8(name)}, {"text", text}});
  out["files"] = std::move(files);
  out["proof"] = {{"status", triage::to_text(fix.proof.status)},
                  {"fixed", fix.proof.fixed},
                  {"of", fix.proof.of},
                  {"how", utf8(fix.proof.how)}};
  out["excess"] = {{"known", fix.excess.known},
                   {"count", fix.excess.count},
                   {"unit", fix.excess.unit},
                   {"what", texts(fix.excess.what)}};
  out["reversal"] = triage::to_text(fix.reversal);
  out["rule"] = fix.rule;
  return out;
}

Json denial_json(const triage::Shape& shape) {
  Json out{{"mechanism", triage::view_of(shape).first(triage::Field::kMechanism)},
           {"operation", utf8(describe(shape.merged.operation))},
           {"count", shape.count},
           {"blocked", shape.blocked},
           {"first", time_text(shape.first_ms)},
           {"last", time_text(shape.last_ms)}};
  if (const auto* av = std::get_if<AvOp>(&shape.merged.operation))
    out["access"] = {{"source", utf8(av->source)},
                     {"target", utf8(av->target)},
                     {"class", utf8(av->klass)},
                     {"permissions", texts(av->perms)}};
  Json samples = Json::array();
  for (const auto& fact : shape.samples)
    samples.push_back({{"event", utf8(fact.origin.event)},
                       {"source", utf8(fact.origin.source)},
                       {"line", fact.origin.line},
                       {"pid", fact.origin.pid}});
  out["samples"] = std::move(samples);
  return out;
}

Json timeline_json(const triage::Timeline& timeline) {
  constexpr std::string_view kTrends[] = {"unknown", "once", "steady", "rising", "falling"};
  Json buckets = Json::array();
  for (const auto& [at, count] : timeline.buckets()) buckets.push_back({time_text(at), count});
  return {{"trend", kTrends[static_cast<std::size_t>(timeline.trend())]},
          {"seconds", timeline.width_ms() / 1000},
          {"buckets", std::move(buckets)}};
}

}  // namespace

Json json_of(const triage::Finding& finding) {
  Json out{{"id", finding.id},
           {"rule", finding.rule},
           {"severity", triage::to_text(finding.severity)},
           {"title", finding.title},
           {"summary", utf8(finding.summary)},
           {"reason", finding.reason},
           {"source", finding.source},
           {"risk", finding.risk},
           {"also", texts(finding.also)},
           {"mechanisms", finding.mechanisms},
           {"count", finding.count},
           {"blocked", finding.blocked},
           {"first", time_text(finding.first_ms)},
           {"last", time_text(finding.last_ms)},
           {"hosts", names(finding.hosts)},
           {"units", names(finding.units)},
           {"containers", names(finding.containers)},
           {"places", places(finding)},
           {"programs", names(finding.programs)},
           {"paths", names(finding.paths)},
           {"timeline", timeline_json(finding.timeline)}};
  Json reasons = Json::array();
  for (const auto& row : finding.reasons) reasons.push_back({{"what", utf8(row.what)}, {"reason", utf8(row.reason)}});
  out["reasons"] = std::move(reasons);
  Json fixes = Json::array();
  for (const auto& fix : finding.fixes) fixes.push_back(fix_json(fix));
  out["fixes"] = std::move(fixes);
  Json denials = Json::array();
  for (const auto& shape : finding.shapes) denials.push_back(denial_json(shape));
  out["denials"] = std::move(denials);
  if (!finding.accepted.empty()) out["accepted"] = utf8(finding.accepted);
  if (!finding.baseline_note.empty()) out["baseline_note"] = utf8(finding.baseline_note);
  return out;
}

Json json_of(const triage::Triage& triage) {
  Json out{{"format", "cordon-findings"}, {"version", 1}};
  out["counts"] = {{"records", triage.records},
                   {"denials", triage.denials},
                   {"filtered", triage.filtered},
                   {"undecoded", triage.undecoded},
                   {"folded", triage.folded}};
  for (const auto& [name, count] : triage.counts) out["counts"][name] = count;
  out["problems"] = names(triage.problems);
  out["inputs"] = Json::object();
  for (const auto& [name, digest] : triage.inputs) out["inputs"][utf8(name)] = digest;
  out["findings"] = Json::array();
  for (const auto& finding : triage.findings) out["findings"].push_back(json_of(finding));
  out["accepted"] = Json::array();
  for (const auto& finding : triage.accepted) out["accepted"].push_back(json_of(finding));
  out["notes"] = texts(triage.notes);
  Json diagnostics = Json::array();
  for (const auto& row : triage.diagnostics.all())
    diagnostics.push_back({{"severity", to_text(row.severity)},
                           {"what", utf8(row.what)},
                           {"where", utf8(row.where)},
                           {"hint", utf8(row.hint)}});
  out["diagnostics"] = std::move(diagnostics);
  return out;
}

std::string json_text(const Json& json, int indent) {
  return json.dump(indent, ' ', true, Json::error_handler_t::replace);
}

std::string triage_json(const triage::Triage& triage) { return json_text(json_of(triage), 2) + "\n"; }

}  // namespace cordon::report
