#include "gather.h"

#include <fmt/format.h>
#include <regex.h>

#include <memory>

#include "apparmor_rules.h"
#include "base/bytes.h"
#include "base/text.h"
#include "commands.h"
#include "seccomp_rules.h"

namespace cordon::audit_tool {

std::vector<cli::OptionRow> judge_options() {
  auto options = input_options();
  for (cli::OptionRow row : std::vector<cli::OptionRow>{
           {"-p,--policy", "FILE", "the SELinux policy to ask (default: the loaded one, else /etc/selinux's)"},
           {"--file-contexts", "FILE", "the file contexts to look labels up in (default: those beside the policy)"},
           {"--root", "DIR", "the logged paths lie under DIR (an image)"},
           {"-t,--type", "REGEX", "only SELinux denials whose source or target type matches at its beginning"},
           {"-l,--lastreload", "", "only what came after the last policy load"},
       })
    options.push_back(std::move(row));
  return options;
}

namespace {

/// POSIX extended, matched at the beginning as audit2allow matches.
class TypeFilter {
 public:
  static Result<TypeFilter> compile(const std::string& pattern) {
    TypeFilter filter;
    if (pattern.empty()) return filter;
    filter.regex_ = std::shared_ptr<regex_t>(new regex_t{}, [](regex_t* r) {
      regfree(r);
      delete r;
    });
    if (regcomp(filter.regex_.get(), ("^(" + pattern + ")").c_str(), REG_EXTENDED | REG_NOSUB) != 0)
      return Error{ErrorCode::kUsage, "not a regular expression: " + printable(pattern), "--type", {}};
    return filter;
  }
  bool accepts(const audit::Denial& denial) const {
    if (!regex_ || denial.by != Mechanism::kSelinux || denial.facts.empty()) return true;
    const auto* op = std::get_if<AvOp>(&denial.facts.front().operation);
    if (op != nullptr) return matches(op->source) || matches(op->target);
    const auto* domain = std::get_if<DomainOp>(&denial.facts.front().operation);
    return domain == nullptr || matches(denial.facts.front().subject.domain) || matches(domain->target) ||
           matches(denial.details.target_raw);
  }

 private:
  bool matches(const std::string& context) const {
    const std::string type(selinux::type_of(context));
    return regexec(regex_.get(), type.c_str(), 0, nullptr, 0) == 0;
  }
  std::shared_ptr<regex_t> regex_;
};

/// Seconds since the epoch at which the host booted, for -b.
std::int64_t boot_time_ms() {
  const auto stat = read_file("/proc/stat");
  const std::size_t at = stat ? stat->find("btime ") : std::string::npos;
  if (at == std::string::npos) return 0;
  const std::string_view rest = std::string_view(*stat).substr(at + 6);
  return parse_number<std::int64_t>(rest.substr(0, rest.find('\n'))).value_or(0) * 1000;
}

std::uint64_t denials_in(const std::vector<audit::Denial>& all) {
  std::uint64_t count = 0;
  for (const audit::Denial& denial : all) count += denial.is_denial() ? denial.tally.count : 0;
  return count;
}

/// In place: ten thousand denials are megabytes.
void keep_denials(std::vector<audit::Denial>&& all, const TypeFilter& filter, Gathered& gathered) {
  const auto left_out = [&](audit::Denial& denial) {
    if (denial.is_denial()) {
      const bool accepted = filter.accepts(denial);
      gathered.filtered += accepted ? 0 : denial.tally.count;
      return !accepted;
    }
    gathered.not_denied += denial.tally.count;
    if (denial.by == Mechanism::kAppArmor) gathered.audited.push_back(std::move(denial));
    return true;
  };
  std::size_t kept = 0;
  for (audit::Denial& denial : all) {
    if (left_out(denial)) continue;
    if (&all[kept] != &denial) all[kept] = std::move(denial);
    ++kept;
  }
  all.erase(all.begin() + static_cast<std::ptrdiff_t>(kept), all.end());
  gathered.denials = std::move(all);
}

}  // namespace

Result<Gathered> gather(const cli::Arguments& arguments, For what) {
  Gathered gathered;
  const auto filter = TypeFilter::compile(arguments.get("type"));
  if (!filter) return filter.error();
  const bool last_reload = arguments.has("lastreload");
  const std::int64_t since = arguments.has("boot") ? boot_time_ms() : 0;
  std::unique_ptr<audit::DenialStore> store;
  gathered.logs = read_input(arguments, audit::EventFilter{}, [&](audit::LogReader& reader) {
    const auto name = [&reader](std::uint32_t i) -> const std::string& { return reader.source_name(i); };
    store = std::make_unique<audit::DenialStore>(audit::Grain::kDecision, name);
    return [&, name, last_reload, since](const audit::Event& event) {
      if (event.time_ms != 0 && event.time_ms < since) {
        gathered.filtered += denials_in(audit::decode_decisions(event, name));
        return;
      }
      if (last_reload && event.find(audit::kMacPolicyLoad) != nullptr) gathered.filtered += denials_in(store->take());
      store->add(event);
    };
  });
  keep_denials(store->take(), *filter, gathered);
  const std::int64_t policy_loaded_ms = store->last_policy_load_ms();
  store.reset();
  JudgeFiles files{arguments.get("policy"), arguments.get("file-contexts"), arguments.get("root"), false, {}};
  files.digests = arguments.has("json") || arguments.has("verbose") || arguments.has("module-package");
  if (what == For::kRules) files.neverallows = arguments.get("neverallow");
  auto judges = find_judges(files, gathered.denials, gathered.notes);
  if (!judges) return judges.error();
  gathered.judges = *std::move(judges);
  gathered.judges.policy_loaded_ms = policy_loaded_ms;
  return gathered;
}

std::vector<Judgement> merged_fates(const std::vector<audit::Denial>& denials, const SelinuxRules& selinux,
                                    const ApparmorRules& apparmor, const SeccompRules& seccomp) {
  std::vector<Judgement> fates;
  for (std::size_t i = 0; i < denials.size(); ++i) {
    if (denials[i].by == Mechanism::kAppArmor)
      fates.push_back(apparmor.fates[i]);
    else if (denials[i].by == Mechanism::kSeccomp)
      fates.push_back(seccomp.fates[i]);
    else
      fates.push_back(selinux.fates[i]);
  }
  return fates;
}

FateCounts count_fates(const std::vector<audit::Denial>& denials, const std::vector<Judgement>& fates) {
  FateCounts counts;
  for (std::size_t i = 0; i < denials.size(); ++i) {
    std::uint64_t& slot = fates[i].fate == Fate::kRule      ? counts.rules
                          : fates[i].fate == Fate::kFinding ? counts.findings
                                                            : counts.unexplained;
    slot += denials[i].tally.count;
  }
  return counts;
}

namespace {

/// Reasons with how many denials they stand for, the commonest first.
std::vector<std::pair<std::uint64_t, std::string>> by_reason(const Gathered& gathered,
                                                             const std::vector<Judgement>& fates, Fate fate) {
  std::map<std::string, std::uint64_t> sums;
  for (std::size_t i = 0; i < fates.size(); ++i)
    if (fates[i].fate == fate) sums[fates[i].why] += gathered.denials[i].tally.count;
  std::vector<std::pair<std::uint64_t, std::string>> out;
  for (const auto& [why, count] : sums) out.emplace_back(count, why);
  std::sort(out.begin(), out.end(),
            [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
  return out;
}

void print_reasons(std::string_view label, const std::vector<std::pair<std::uint64_t, std::string>>& reasons) {
  constexpr std::size_t kShown = 10;
  for (std::size_t i = 0; i < reasons.size() && i < kShown; ++i)
    fmt::print(stderr, "{}: {}: {}: {}\n", kTool, label, counted(reasons[i].first, "denial"),
               printable(reasons[i].second));
  if (reasons.size() > kShown)
    fmt::print(stderr, "{}: {}: {}\n", kTool, label, counted(reasons.size() - kShown, "further reason"));
}

}  // namespace

bool print_fates(const Gathered& gathered, const std::vector<Judgement>& fates, bool without_rule) {
  for (const std::string& note : gathered.notes) fmt::print(stderr, "{}: {}\n", kTool, printable(note));
  if (without_rule) print_reasons("no rule", by_reason(gathered, fates, Fate::kFinding));
  print_reasons("unexplained", by_reason(gathered, fates, Fate::kUnexplained));
  const FateCounts counts = count_fates(gathered.denials, fates);
  fmt::print(stderr,
             "{}: {} = {} by rules + {} by findings + {} unexplained; {} left out by -t, -l or -b, {} granted or only "
             "audited\n",
             kTool, counted(counts.denials(), "denial"), counts.rules, counts.findings, counts.unexplained,
             gathered.filtered, gathered.not_denied);
  return counts.unexplained > 0;
}

}  // namespace cordon::audit_tool
