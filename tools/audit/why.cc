#include "why.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "allow_json.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "base/text.h"
#include "commands.h"
#include "facts/names.h"
#include "te_text.h"

namespace cordon::audit_tool {

std::vector<cli::OptionRow> why_options() {
  auto options = allow_options();
  options.push_back(
      {"--profiles", "PATH", "AppArmor profiles to look into, files or directories", "", "/etc/apparmor.d", true});
  return options;
}

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kFlushAt = 256 * 1024;

void append_cause(std::string& out, const Cause& cause, const std::string& indent) {
  out += fmt::format("{}{}: {}\n", indent, cause.kind, printable(cause.words));
  for (const std::string& rule : cause.rules) out += fmt::format("{}    {}\n", indent, printable(rule));
  for (const std::string& mend : cause.mends) out += fmt::format("{}  -> {}\n", indent, printable(mend));
}

/// Permissions for which the same holds are told together.
std::vector<std::pair<std::string, const Part*>> together(const std::vector<Part>& parts) {
  std::vector<std::pair<std::string, const Part*>> out;
  const auto text = [](const Part& part) {
    std::string all;
    for (const Cause& cause : part.causes) append_cause(all, cause, "");
    return all;
  };
  for (const Part& part : parts) {
    const auto same =
        std::find_if(out.begin(), out.end(), [&](const auto& o) { return text(*o.second) == text(part); });
    if (same == out.end())
      out.emplace_back(part.what, &part);
    else
      same->first += " " + part.what;
  }
  return out;
}

std::string text_of(const audit::Denial& denial, const Explained& explained) {
  std::string out = explained.title + "\n";
  for (const std::string& line : explained.lines) out += "  " + line + "\n";
  for (const std::string& line : evidence_lines(denial)) out += "  " + line + "\n";
  for (const auto& [what, part] : together(explained.parts)) {
    if (!what.empty()) out += "  " + printable(what) + "\n";
    for (const Cause& cause : part->causes) append_cause(out, cause, what.empty() ? "  " : "    ");
  }
  if (explained.fate.fate == Fate::kUnexplained) out += "  UNEXPLAINED: " + printable(explained.fate.why) + "\n";
  return out + "\n";
}

Json json_of(const audit::Denial& denial, const Explained& explained) {
  Json parts = Json::array();
  for (const Part& part : explained.parts) {
    Json causes = Json::array();
    for (const Cause& cause : part.causes)
      causes.push_back(
          {{"kind", cause.kind}, {"words", printable(cause.words)}, {"rules", cause.rules}, {"mends", cause.mends}});
    parts.push_back({{"what", printable(part.what)}, {"causes", causes}});
  }
  return {{"title", explained.title},
          {"lines", explained.lines},
          {"parts", parts},
          {"explained", explained.fate.fate != Fate::kUnexplained},
          {"why_not", printable(explained.fate.why)},
          {"evidence", evidence_json(denial)}};
}

/// Asks the one who knows the mechanism.
class Explainer {
 public:
  Explainer(const Gathered& gathered, std::shared_ptr<const seccomp::Data> data, ProfileShelf shelf)
      : gathered_(gathered), data_(std::move(data)), shelf_(std::move(shelf)) {}
  Explained explain(const audit::Denial& denial) const {
    if (denial.facts.empty())
      return {"record of type " + denial.details.record_type, {}, {}, {Fate::kUnexplained, denial.problem}};
    switch (denial.by) {
      case Mechanism::kAppArmor: return explain_apparmor(denial, shelf_);
      case Mechanism::kSeccomp: return explain_seccomp(denial, *data_);
      default: return explain_selinux(denial, gathered_.judges);
    }
  }

 private:
  const Gathered& gathered_;
  std::shared_ptr<const seccomp::Data> data_;
  ProfileShelf shelf_;
};

std::vector<std::string> profile_paths(const cli::Arguments& arguments, const Gathered& gathered) {
  const bool any = std::any_of(gathered.denials.begin(), gathered.denials.end(),
                               [](const auto& d) { return d.by == Mechanism::kAppArmor; });
  if (!any) return {};
  std::vector<std::string> paths = arguments.get_all("profiles");
  if (paths.empty() && access("/etc/apparmor.d", R_OK) == 0) paths.emplace_back("/etc/apparmor.d");
  return paths;
}

bool wanted(const cli::Arguments& arguments, const audit::Denial& denial) {
  const auto targets = arguments.get_all("target");
  return targets.empty() || std::find(targets.begin(), targets.end(), name_of(denial.by)) != targets.end();
}

}  // namespace

namespace {

/// Explains each denial and hands over what is wanted of it; the fates of all.
template <class Each>
std::vector<Judgement> explain_all(const Gathered& gathered, const Explainer& explainer,
                                   const cli::Arguments& arguments, const Each& each) {
  std::vector<Judgement> fates;
  for (const audit::Denial& denial : gathered.denials) {
    const Explained explained = explainer.explain(denial);
    fates.push_back(explained.fate);
    if (wanted(arguments, denial)) each(denial, explained);
  }
  return fates;
}

Result<void> to_output(std::string_view text) { return write_all(STDOUT_FILENO, text, "standard output"); }

Result<void> print_json(const Gathered& gathered, const Explainer& explainer, const cli::Arguments& arguments,
                        std::vector<Judgement>& fates) {
  JsonStream out(to_output);
  out.member("version", 1);
  out.begin_array("findings");
  fates = explain_all(gathered, explainer, arguments, [&](const audit::Denial& denial, const Explained& explained) {
    out.item(json_of(denial, explained));
  });
  out.end_array();
  out.member("notes", gathered.notes);
  out.member("counts", counts_object(gathered, fates));
  return out.finish();
}

Result<void> print_text(const Gathered& gathered, const Explainer& explainer, const cli::Arguments& arguments,
                        std::vector<Judgement>& fates) {
  Result<void> outcome;
  std::string text;
  fates = explain_all(gathered, explainer, arguments, [&](const audit::Denial& denial, const Explained& explained) {
    text += text_of(denial, explained);
    if (text.size() < kFlushAt || !outcome) return;
    outcome = to_output(text);
    text.clear();
  });
  return outcome ? to_output(text) : outcome;
}

}  // namespace

int why(const cli::Arguments& arguments) {
  auto read = gather(arguments, For::kReasons);
  if (!read) return cli::fail(kTool, read.error());
  Gathered& gathered = kept(*std::move(read));
  const auto data = seccomp::load_data({});
  if (!data) return cli::fail(kTool, data.error());
  auto shelf = ProfileShelf::load(profile_paths(arguments, gathered), gathered.notes);
  const Explainer explainer(gathered, *data, std::move(shelf));
  std::vector<Judgement> fates;
  const auto done = (arguments.has("json") ? print_json : print_text)(gathered, explainer, arguments, fates);
  if (!done) return cli::fail(kTool, done.error());
  print_counts(gathered.logs);
  const bool unexplained = print_fates(gathered, fates, false);
  return exit_of(gathered.logs, arguments, unexplained ? cli::kFindings : cli::kFine);
}

}  // namespace cordon::audit_tool
