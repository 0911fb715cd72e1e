#include "report/page.h"
#include "report/triage_json.h"
#include "report/triage_report.h"

#include <nlohmann/json.hpp>

#include "report/web.h"

namespace cordon::report {

std::string triage_html(const triage::Triage& triage, std::string_view title) {
  TextOptions options;
  options.width = 100;
  options.top = 0;
  auto data = json_of(triage);
  return page({title, web::kTriageScript, json_text(data, -1), triage_text(triage, options)});
}

}  // namespace cordon::report
