#include "report/learned.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "facts/describe.h"
#include "report/escape.h"
#include "report/learned_data.h"
#include "report/page.h"
#include "report/sarif.h"
#include "report/triage_json.h"
#include "report/web.h"

namespace cordon::report {
namespace {

using Json = nlohmann::ordered_json;

/// The page's rows: texts that many rows share stand in a table once, which keeps 10,000 rows under a megabyte.
class RowTable {
 public:
  Json row(const LearnedRow& row) {
    const bool path = !row.path.empty();
    return Json::array({path ? Json(utf8(row.path)) : Json(text(row.kind)),
                        path ? text(row.what) : Json(utf8(row.what)), text(row.basis), text(row.why), row.evidence,
                        text(join({row.programs.begin(), row.programs.end()}, ", ")), row.times});
  }
  const Json& texts() const { return texts_; }

 private:
  Json text(const std::string& value) {
    const auto [at, fresh] = index_.emplace(value, index_.size());
    if (fresh) texts_.push_back(utf8(value));
    return at->second;
  }
  std::map<std::string, std::size_t> index_;
  Json texts_ = Json::array();
};

Json names_of(const LearnedRow& row) {
  Json out = Json::array();
  for (const auto& name : row.programs) out.push_back(utf8(name));
  return out;
}

constexpr std::size_t kMostPageBytes = 900'000;

/// Leaves rows out from the end until the page is small enough; the page says how many.
void shrink(Json& data) {
  std::size_t left_out = 0;
  while (json_text(data, -1).size() > kMostPageBytes && data["paths"].size() + data["rules"].size() > 100) {
    auto& list = data["paths"].size() > data["rules"].size() ? data["paths"] : data["rules"];
    const auto drop = std::max<std::size_t>(list.size() / 8, 1);
    list.erase(list.end() - static_cast<std::ptrdiff_t>(drop), list.end());
    left_out += drop;
  }
  if (left_out != 0)
    data["notes"].push_back(counted(left_out, "row") +
                            " left out to keep this page under a megabyte: the JSON report has all.");
}

std::string target_markdown(const LearnedTarget& target) {
  const auto counts = counts_of(target);
  return fmt::format("| {} | {} | {} | {} | {} |\n", markdown(target.backend), markdown(join(target.files, " ")),
                     counts.allowed, counts.denied, counts.cannot_tell);
}

}  // namespace

std::string render_html(const LearnedReport& given) {
  const auto report = with_tables(given);
  auto data = json_of(report);
  RowTable table;
  data["paths"] = Json::array();
  data["rules"] = Json::array();
  for (const auto& row : rows_of(report)) data[row.path.empty() ? "rules" : "paths"].push_back(table.row(row));
  data["texts"] = table.texts();
  shrink(data);
  return page({report.title, web::kLearnedScript, json_text(data, -1), render_markdown(given)});
}

std::string render_json(const LearnedReport& given) {
  const auto report = with_tables(given);
  auto data = json_of(report);
  data["rules"] = Json::array();
  for (const auto& row : rows_of(report))
    data["rules"].push_back({{"kind", row.kind},
                             {"path", utf8(row.path)},
                             {"what", utf8(row.what)},
                             {"basis", row.basis},
                             {"why", utf8(row.why)},
                             {"evidence", row.evidence},
                             {"times", row.times},
                             {"programs", names_of(row)}});
  return json_text(data, 2) + "\n";
}

std::string render_markdown(const LearnedReport& given) {
  constexpr std::size_t kShown = 30;
  const auto report = with_tables(given);
  std::string out = "### " + markdown(report.title) + "\n\n";
  if (report.trace != nullptr && !report.trace->complete()) out += "**A recording behind this is incomplete.**\n\n";
  for (const auto& note : report.notes) out += markdown(note) + "\n\n";
  out += "| language | files | allowed | denied | cannot tell |\n|---|---|---:|---:|---:|\n";
  for (const auto& target : report.targets) out += target_markdown(target);
  std::size_t problems = 0;
  std::string list;
  for (const auto& target : report.targets)
    for (std::size_t i = 0; report.trace != nullptr && i < target.decisions.size() && i < report.trace->facts.size();
         ++i) {
      const auto& decision = target.decisions[i];
      if (decision.ruling != Ruling::kDenied && decision.ruling != Ruling::kCannotTell) continue;
      if (problems++ >= kShown) continue;
      list += fmt::format("- {} {}: {} ({})\n", markdown(target.backend),
                          decision.ruling == Ruling::kDenied ? "denies" : "cannot tell",
                          markdown_code(describe(report.trace->facts[i].operation)), markdown(decision.why));
    }
  if (problems != 0) out += "\n" + list;
  if (problems > kShown) out += fmt::format("- … and {} more\n", problems - kShown);
  std::string risky;
  for (const auto& call : syscalls_of(report))
    if (!call.risk.empty()) risky += fmt::format("- {}: {}\n", markdown_code(call.name), markdown(call.risk));
  if (!risky.empty()) out += "\nSystem calls worth a look:\n\n" + risky;
  return out;
}

std::string render_sarif(const LearnedReport& report) {
  const std::vector<SarifRule> rules = {
      {"denied", "denied", "The profile denies what the program was seen doing",
       "Enforced, the program would fail here."},
      {"undecided", "undecided", "The profile's decision could not be told",
       "Neither allowed nor denied could be shown."},
      {"incomplete", "incomplete", "The recording is incomplete", "What it did not see, the profile does not allow."}};
  std::vector<SarifResult> results;
  for (const auto& target : report.targets)
    for (std::size_t i = 0; report.trace != nullptr && i < target.decisions.size() && i < report.trace->facts.size();
         ++i) {
      const auto& decision = target.decisions[i];
      if (decision.ruling != Ruling::kDenied && decision.ruling != Ruling::kCannotTell) continue;
      const bool denied = decision.ruling == Ruling::kDenied;
      const auto& fact = report.trace->facts[i];
      results.push_back({denied ? "denied" : "undecided",
                         denied ? "error" : "warning",
                         target.backend + ": " + describe(fact.operation) + ": " + decision.why,
                         target.files.empty() ? std::string() : target.files.front(),
                         0,
                         target.backend + "/" + fact_id(fact),
                         {{"by", decision.by}}});
    }
  if (report.trace != nullptr && !report.trace->complete())
    results.push_back(
        {"incomplete", "error", "A recording behind this profile is incomplete.", "", 0, "incomplete", {}});
  return sarif_log("cordon-check", CORDON_VERSION, rules, results);
}

}  // namespace cordon::report
