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

/// The evidence that is kept of each finding, and how many findings keep all their fixes, from plenty to little.
struct Diet {
  std::size_t denials, full_findings;
  bool raw;
};
constexpr Diet kDiets[] = {{100, 100'000, true}, {20, 100'000, true}, {8, 500, true}, {3, 300, true},
                           {3, 200, false},      {1, 100, false},     {0, 50, false}};

void keep_first(Json& list, std::size_t count) {
  if (list.size() > count) list.erase(list.begin() + static_cast<std::ptrdiff_t>(count), list.end());
}

void put_on_diet(Json& data, const Diet& diet) {
  std::size_t index = 0;
  for (auto& finding : data["findings"]) {
    const bool full = index++ < diet.full_findings;
    keep_first(finding["denials"], full ? diet.denials : std::min<std::size_t>(diet.denials, 1));
    keep_first(finding["reasons"], full ? 50 : 3);
    keep_first(finding["paths"], full ? 30 : 3);
    if (!full) keep_first(finding["fixes"], 1);
    if (!diet.raw || !full)
      for (auto& denial : finding["denials"]) denial.erase("raw");
  }
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
  add_raw(data, triage);
  std::size_t limit = 0;
  for (const auto& diet : kDiets) {
    put_on_diet(data, diet);
    limit = diet.denials;
    if (json_text(data, -1).size() <= kMostPageBytes) break;
  }
  while (json_text(data, -1).size() > kMostPageBytes && data["findings"].size() > 50)
    keep_first(data["findings"], data["findings"].size() / 2);
  if (limit < 100 || data["findings"].size() < triage.findings.size())
    data["notes"].push_back("Some evidence is left out to keep this page under a megabyte: the JSON report has all.");
  return page({title, web::kTriageScript, json_text(data, -1), triage_text(triage, options)});
}

}  // namespace cordon::report
