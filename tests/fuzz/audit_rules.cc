// rooms: tool:audit audit apparmor selinux seccomp
// Rules made of any log: nothing that the log says gets out of a comment or a name, each denial has one fate, and what
// is printed is read again by our own readers.
#include <nlohmann/json.hpp>

#include "allow_json.h"
#include "apparmor/syntax.h"
#include "apparmor_rules.h"
#include "audit/reader.h"
#include "base/text.h"
#include "gather.h"
#include "seccomp_rules.h"
#include "support.h"
#include "te_text.h"

namespace {

using namespace cordon;
using namespace cordon::audit_tool;

std::vector<audit::Denial> denials_of(std::string_view text) {
  audit::LogReader* at = nullptr;
  const auto name = [&](std::uint32_t i) -> const std::string& { return at->source_name(i); };
  audit::DenialStore store(audit::Grain::kDecision, name);
  audit::LogReader reader(audit::ReadOptions{}, [&](const audit::Event& event) { store.add(event); });
  at = &reader;
  fuzz::require(reader.read(audit::memory_source(text), "fuzz").ok());
  reader.flush();
  return store.take();
}

/// Without denials yet; the installed policy judges them, where there is one.
Gathered& judged() {
  auto& gathered = *new Gathered;
  const auto file = selinux::find_policy();
  if (!file) return gathered;
  auto policy = selinux::PolicyDb::load(*file);
  if (policy) gathered.judges.policy.emplace(*std::move(policy));
  return gathered;
}

bool is_rule(std::string_view line) {
  for (const std::string_view begin : {"allow ", "dontaudit ", "allowxperm ", "dontauditxperm ", "role ", "type ",
                                       "class ", "module ", "require {", "}"})
    if (line.starts_with(begin)) return true;
  return false;
}

/// Policy source: a comment, or words of the language's own letters.
void require_te(const std::string& te) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:;{}~ \t";
  for (const std::string_view raw : split(te, '\n')) {
    const std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#') continue;
    fuzz::require(is_rule(line));
    fuzz::require(line.substr(0, line.find('#')).find_first_not_of(kLetters) == std::string_view::npos);
  }
}

void require_json(const Gathered& gathered, const SelinuxRules& selinux, const ApparmorRules& apparmor,
                  const SeccompRules& seccomp, const std::vector<Judgement>& fates, const TeOptions& options) {
  std::string out;
  const auto write = [&](std::string_view piece) {
    out += piece;
    return Result<void>();
  };
  fuzz::require(write_allow_json(gathered, selinux, apparmor, seccomp, fates, options, write).ok());
  fuzz::require(nlohmann::json::accept(out));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > 16384) return 0;
  static Gathered& gathered = judged();
  const std::uint8_t choice = data[0];
  gathered.denials = denials_of(fuzz::text_of(data + 1, size - 1));
  gathered.judges.i_know = (choice & 1) != 0;
  TeOptions options;
  options.module = (choice & 2) != 0 ? "fuzz" : "";
  options.requires_block = (choice & 4) != 0;
  options.dontaudit = (choice & 8) != 0;
  options.extended = (choice & 16) != 0;
  options.verbose = (choice & 32) != 0;
  const SelinuxRules selinux = selinux_rules(gathered.denials, gathered.judges);
  const auto dialect = *apparmor::dialect_named((choice & 64) != 0 ? "3.0" : "5.0");
  const ApparmorRules apparmor =
      apparmor_rules(gathered.denials, {}, dialect, *apparmor::exec_mode((choice & 128) != 0 ? "child" : "auto"));
  const SeccompRules seccomp = seccomp_rules(gathered.denials);
  const auto fates = merged_fates(gathered.denials, selinux, apparmor, seccomp);
  const FateCounts counts = count_fates(gathered.denials, fates);
  std::uint64_t all = 0;
  for (const audit::Denial& denial : gathered.denials) all += denial.tally.count;
  fuzz::require(counts.denials() == all);
  require_te(te_text(selinux, gathered.denials, options));
  fuzz::require(apparmor::parse_syntax(apparmor_text(apparmor, gathered.denials, options.verbose), "made").ok());
  (void)seccomp_text(seccomp, gathered.denials, options.verbose);
  require_json(gathered, selinux, apparmor, seccomp, fates, options);
  return 0;
}
