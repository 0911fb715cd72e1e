#include "flow/learned.h"

#include <array>

#include "base/atomic_file.h"
#include "base/bytes.h"
#include "report/learned.h"

namespace cordon::flow {
namespace {

struct FormRow {
  std::string_view ending;
  std::string (*render)(const report::LearnedReport&);
};
const std::array kForms = std::to_array<FormRow>({{".html", report::render_html},
                                                  {".json", report::render_json},
                                                  {".md", report::render_markdown},
                                                  {".sarif", report::render_sarif}});

report::LearnedReport report_of(const Learned& learned) {
  report::LearnedReport report;
  report.title = learned.title;
  report.tool = "cordon " CORDON_VERSION;
  report.trace = learned.trace;
  report.policy = learned.policy;
  report.notes = learned.notes;
  for (const LearnedPart& part : learned.targets)
    report.targets.push_back({std::string(part.backend->name()), part.files, part.emission,
                              part.proof != nullptr ? part.proof->decisions : std::vector<Decision>()});
  return report;
}

const FormRow* form_of(const std::string& path) {
  for (const FormRow& row : kForms)
    if (path.ends_with(row.ending)) return &row;
  return nullptr;
}

}  // namespace

Result<void> write_reports(const Learned& learned, const std::string& /*data_dir*/,
                           const std::vector<std::string>& paths) {
  const report::LearnedReport report = report_of(learned);
  for (const std::string& path : paths) {
    const FormRow* form = form_of(path);
    if (form == nullptr)
      return Error{ErrorCode::kUsage, "no kind of report ends like that", printable(path),
                   "use .html, .json, .md or .sarif"};
    if (auto written = write_file_atomically(path, form->render(report)); !written) return written;
  }
  return {};
}

}  // namespace cordon::flow
