#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "report/escape.h"
#include "report/page.h"
#include "report/triage_json.h"
#include "report/triage_report.h"
#include "report/web.h"

namespace cordon::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostPageBytes = 850'000;
constexpr std::size_t kMostRawBytes = 2000;

/// What is kept of each finding, from plenty to little. Beyond `full_findings`, the least of everything is kept.
struct Diet {
  std::size_t denials, full_findings, fixes, reasons, file_bytes;
  bool raw;
};
constexpr std::size_t kAll = 1'000'000;
constexpr Diet kDiets[] = {{100, kAll, kAll, kAll, kAll, true},
                           {20, kAll, kAll, 200, kAll, true},
                           {8, 500, kAll, 40, 4000, true},
                           {4, 300, 6, 20, 2000, true},
                           {3, 200, 4, 10, 1000, false},
                           {1, 100, 3, 5, 400, false},
                           {1, 50, 2, 3, 200, false}};
constexpr Diet kLeast = {1, 0, 1, 2, 0, false};

void keep_first(Json& list, std::size_t count) {
  if (list.size() > count) list.erase(list.begin() + static_cast<std::ptrdiff_t>(count), list.end());
}

void shorten_files(Json& fixes, std::size_t bytes) {
  for (auto& fix : fixes)
    for (auto& file : fix["files"])
      if (file["text"].get_ref<const std::string&>().size() > bytes)
        file["text"] =
            "(" + counted(file["text"].get_ref<const std::string&>().size(), "byte") + ": --apply writes it)";
}

void put_on_diet(Json& data, const Diet& diet) {
  std::size_t index = 0;
  for (auto& finding : data["findings"]) {
    const auto& kept = index++ < diet.full_findings ? diet : kLeast;
    keep_first(finding["denials"], kept.denials);
    keep_first(finding["reasons"], kept.reasons);
    keep_first(finding["paths"], &kept == &kLeast ? 3 : 30);
    keep_first(finding["fixes"], kept.fixes);
    shorten_files(finding["fixes"], kept.file_bytes);
    if (!kept.raw)
      for (auto& denial : finding["denials"]) denial.erase("raw");
  }
}

/// What the page says of all findings, also of those that it has no room for.
Json totals_of(const triage::Triage& triage) {
  Json totals{{"findings", triage.findings.size()}, {"blocked", 0}};
  std::uint64_t blocked = 0;
  for (const auto& finding : triage.findings) {
    blocked += finding.blocked;
    auto& count = totals[std::string(to_text(finding.severity))];
    count = (count.is_null() ? 0 : count.get<std::size_t>()) + 1;
  }
  totals["blocked"] = blocked;
  return totals;
}

void add_raw(Json& data, const triage::Triage& triage) {
  for (std::size_t i = 0; i < triage.findings.size(); ++i)
    for (std::size_t j = 0; j < triage.findings[i].shapes.size(); ++j) {
      std::string text;
      for (const auto line : split(trim(triage.findings[i].shapes[j].raw).substr(0, kMostRawBytes), '\n'))
        text += (text.empty() ? "" : "\n") + utf8(line);
      if (!text.empty()) data["findings"][i]["denials"][j]["raw"] = text;
    }
}

}  // namespace

std::string triage_html(const triage::Triage& triage, std::string_view title) {
  TextOptions options;
  options.width = 100;
  options.top = 200;
  auto data = json_of(triage);
  data["totals"] = totals_of(triage);
  add_raw(data, triage);
  const auto fits = [&] { return json_text(data, -1).size() <= kMostPageBytes; };
  bool whole = true;
  for (const auto& diet : kDiets) {
    put_on_diet(data, diet);
    if (fits()) break;
    whole = false;
  }
  while (!fits() && data["findings"].size() > 50) keep_first(data["findings"], data["findings"].size() * 3 / 4);
  const auto shown = data["findings"].size();
  if (shown < triage.findings.size())
    data["notes"].push_back("The page has room for " + counted(shown, "finding") + " of " +
                            std::to_string(triage.findings.size()) + ".");
  if (!whole || shown < triage.findings.size())
    data["notes"].push_back("Some evidence is left out to keep this page under a megabyte: the JSON report has all.");
  return page({title, web::kTriageScript, json_text(data, -1), triage_text(triage, options)});
}

}  // namespace cordon::report
