#include "apparmor/build.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

#include "apparmor/abstractions.h"
#include "apparmor/budget.h"
#include "apparmor/children.h"
#include "apparmor/container.h"
#include "apparmor/data.h"
#include "apparmor/glob.h"
#include "apparmor/text.h"
#include "apparmor/translate.h"
#include "base/bytes.h"
#include "base/text.h"

namespace cordon::apparmor {
namespace {

struct ClassTitle {
  std::string_view title;
  bool (*holds)(const ProfileRule&);
};
bool is_file(const ProfileRule& rule) { return rule.klass == RuleClass::kFile && rule.exec.empty(); }
bool is_exec(const ProfileRule& rule) { return rule.klass == RuleClass::kFile && !rule.exec.empty(); }
bool is_link(const ProfileRule& rule) { return rule.klass == RuleClass::kLink; }
bool is_capability(const ProfileRule& rule) { return rule.klass == RuleClass::kCapability; }
bool is_network(const ProfileRule& rule) { return rule.klass == RuleClass::kNetwork || rule.klass == RuleClass::kUnix; }
bool is_process(const ProfileRule& rule) {
  return rule.klass == RuleClass::kSignal || rule.klass == RuleClass::kPtrace;
}
bool is_mount(const ProfileRule& rule) {
  return rule.klass == RuleClass::kMount || rule.klass == RuleClass::kRemount || rule.klass == RuleClass::kUmount ||
         rule.klass == RuleClass::kPivotRoot;
}
bool is_any(const ProfileRule&) { return true; }
constexpr auto kTitles = std::to_array<ClassTitle>({
    {"capabilities", is_capability},
    {"network", is_network},
    {"signals and tracing", is_process},
    {"mounts", is_mount},
    {"programs", is_exec},
    {"files", is_file},
    {"links", is_link},
    {"other", is_any},
});

/// Splits rules of one basis into titled sections; each rule lands in the first that holds it.
std::vector<Section> by_class(std::string_view basis, std::vector<ProfileRule> rules) {
  std::vector<Section> sections;
  for (const ClassTitle& row : kTitles) {
    Section section{std::string(basis) + " " + std::string(row.title), {}, {}, {}};
    const auto rest = std::stable_partition(rules.begin(), rules.end(), [&](const auto& r) { return !row.holds(r); });
    section.rules.assign(rest, rules.end());
    rules.erase(rest, rules.end());
    sections.push_back(std::move(section));
  }
  return sections;
}

/// An owner rule needs only the letters that the rule for everyone does not give.
void drop_covered_owner_letters(std::vector<ProfileRule>& rules) {
  std::map<std::string, FileLetters> everyone;
  for (const ProfileRule& rule : rules)
    if (rule.klass == RuleClass::kFile && !rule.owner && !rule.deny) everyone[rule.pattern] |= rule.letters;
  for (ProfileRule& rule : rules) {
    if (rule.klass != RuleClass::kFile || !rule.owner) continue;
    const auto found = everyone.find(rule.pattern);
    if (found == everyone.end()) continue;
    rule.letters &= ~found->second;
    if ((found->second & kW) != 0) rule.letters &= ~FileLetters{kA};
  }
  std::erase_if(rules, [](const ProfileRule& rule) {
    return rule.klass == RuleClass::kFile && rule.letters == 0 && rule.exec.empty() && rule.owner;
  });
}

using BasisKey = std::tuple<BasisKind, std::string, std::string>;
using ByBasis = std::map<BasisKey, std::vector<ProfileRule>>;

ByBasis translate_rules(const std::vector<const Rule*>& rules, const std::vector<std::size_t>& indexes,
                        const TranslateContext& context, BuiltProfile& built) {
  ByBasis out;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Rule& rule = *rules[i];
    const Grant& grant = rule.grant();
    Translation said = translate(grant, context);
    if (said.expression.fit != Fit::kExact) built.notes.push_back({indexes[i], said.expression});
    auto& bucket = out[{rule.basis().kind, rule.basis().by, rule.basis().reason}];
    bucket.insert(bucket.end(), said.rules.begin(), said.rules.end());
    if (rule.basis().kind == BasisKind::kGeneralised && !said.rules.empty()) {
      ++built.counts.generalised;
      built.counts.generalised_from += rule.evidence().size();
    }
  }
  return out;
}

std::string basis_title(BasisKind kind, const std::string& by) {
  switch (kind) {
    case BasisKind::kObserved: return "Observed:";
    case BasisKind::kGeneralised: return "Generalised (" + by + "):";
    case BasisKind::kBaseline: return "Baseline (" + by + "):";
    case BasisKind::kPinned: return "Pinned (" + by + "):";
  }
  return {};
}

std::string seconds_text(double seconds) {
  const auto tenths = static_cast<std::uint64_t>(seconds * 10);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

/// Observed names give way to globs where apparmor_parser could not take them all in its time or its states.
std::vector<ProfileRule> within_budget(std::vector<ProfileRule> rules, ProfileText& profile, double seconds,
                                       BuiltProfile& built) {
  BudgetPlan plan = plan_budget(std::move(rules), seconds);
  if (plan.coarsened.empty()) return std::move(plan.kept);
  Section section{"Coarsened (compile budget):", {}, {}, {}};
  section.comments.push_back("as seen: " + std::to_string(plan.before.states) + " states, about " +
                             seconds_text(plan.before.seconds) + " to compile; now " +
                             std::to_string(plan.after.states) + " states, about " + seconds_text(plan.after.seconds));
  for (const Coarsened& one : plan.coarsened) {
    section.verbatim.push_back("# for " + counted(one.names, "name"));
    section.verbatim.push_back(to_text(one.rule));
    built.added.push_back(to_text(one.rule) + " in the place of " + counted(one.names, "name") +
                          ": the compile budget");
  }
  built.remarks.push_back(counted(plan.coarsened.size(), "folder") + " coarsened to keep to the compile budget.");
  profile.sections.push_back(std::move(section));
  return std::move(plan.kept);
}

void add_sections(ProfileText& profile, ByBasis by_basis, double seconds, BuiltProfile& built) {
  for (auto& [key, rules] : by_basis) {
    const auto& [kind, by, reason] = key;
    normalise(rules);
    drop_covered_owner_letters(rules);
    if (kind == BasisKind::kObserved) rules = within_budget(std::move(rules), profile, seconds, built);
    for (Section& section : by_class(basis_title(kind, by), std::move(rules))) {
      if (section.rules.empty()) continue;
      if (!reason.empty()) section.comments.push_back(reason);
      profile.sections.push_back(std::move(section));
    }
  }
}

Section baseline_section(Platform platform, BuiltProfile& built) {
  Section section{"Baseline (standard-streams):", {}, {}, {}};
  for (const PackRule& rule : baseline_pack()) {
    if (!rule.where.empty() && !is_container(platform)) continue;
    section.verbatim.push_back("# " + rule.reason);
    section.verbatim.push_back(rule.rule);
    built.added.push_back(rule.rule.substr(0, rule.rule.size() - 1) + ": " + rule.reason);
  }
  return section;
}

/// The program itself: the kernel maps it for execve, under the profile that it starts.
Section program_section(const std::string& program) {
  ProfileRule rule;
  rule.pattern = escape_name(program);
  rule.letters = kR | kM;
  return {"Baseline (execve):",
          {"the program that the profile is attached to, read and mapped by execve itself"},
          {rule},
          {}};
}

/// True if a seen access is one that the row would refuse.
bool was_seen(const PackRule& deny, const Policy& policy) {
  const auto glob = Glob::parse(deny.glob);
  if (!glob) return true;
  for (const Rule& rule : policy.rules) {
    const auto* file = std::get_if<FileOp>(&rule.grant().operation);
    if (file == nullptr || file->path.compare(0, glob->literal_prefix().size(), glob->literal_prefix()) != 0) continue;
    if ((letters_for(*file) & deny.letters) != 0 && glob->matches(mediated_name(*file))) return true;
  }
  return false;
}

Section denies_section(const Policy& policy, BuiltProfile& built) {
  Section section{"Denied whatever else is granted (kernel-interfaces):", {}, {}, {}};
  for (const PackRule& rule : denies_pack()) {
    if (was_seen(rule, policy)) {
      built.remarks.push_back("Left out, since the program was seen to use it: " + rule.rule);
      continue;
    }
    section.verbatim.push_back("# " + rule.reason);
    section.verbatim.push_back(rule.rule);
  }
  return section;
}

/// Names that lead outside of the root that the program had: of files opened before that changed, or handed over.
std::set<std::string> disconnected_names(const Policy& policy) {
  std::set<std::string> names;
  for (const Rule& rule : policy.rules) {
    const auto* file = std::get_if<FileOp>(&rule.grant().operation);
    if (file != nullptr && file->disconnected) names.insert(file->path);
  }
  return names;
}

/// The flag lets such a name stand for the one under the profile's root: it is given for what was seen, and the ground
/// is said either way, in the profile and in the report.
bool attaches_disconnected(const Policy& policy, const EmitOptions& options, BuiltProfile& built) {
  const auto names = disconnected_names(policy);
  const bool given = options.attach_disconnected.value_or(!names.empty());
  std::string outside = names.empty() ? "no recorded name leads outside of the program's root"
                                      : counted(names.size(), "recorded name") +
                                            " outside of the program's root, the first " + printable(*names.begin());
  if (given && names.empty()) outside = "asked for; " + outside;
  if (given) {
    built.added.push_back("attach_disconnected: " + outside);
    built.remarks.push_back(built.added.back());
  } else if (!names.empty()) {
    built.remarks.push_back("No attach_disconnected, as asked: refused will be " + outside + ".");
  } else if (is_container(options.platform)) {
    built.remarks.push_back("No attach_disconnected: " + outside +
                            ". Where a denial says \"disconnected path\", --attach-disconnected yes gives it.");
  }
  return given;
}

void count(const ProfileText& profile, RuleCounts& counts) {
  for (const Section& section : profile.sections) {
    for (const ProfileRule& rule : section.rules) {
      if (is_exec(rule))
        ++counts.programs;
      else if (is_file(rule))
        ++counts.files;
      else if (is_network(rule))
        ++counts.network;
      else if (is_capability(rule))
        ++counts.capabilities;
      else
        ++counts.other;
    }
  }
  for (const ProfileText& child : profile.children) count(child, counts);
}

/// A part of the policy as a profile: its rules' sections between the baseline and the denies.
ProfileText part_profile(const Part& part, const Policy& policy, const EmitOptions& options, BuiltProfile& built) {
  TranslateContext context;
  context.dialect = options.dialect;
  context.profile = part.full_name;
  context.addresses = dialect_info(options.dialect).inet_mediation;
  ProfileText profile;
  profile.name = part.name;
  profile.hat = part.transition == Transition::kHat;
  const bool container = is_container(options.platform);
  // A profile beside the main one has no attachment: it is not for whoever else runs the program.
  if (part.transition == Transition::kMain && !container) profile.attachment = part.program;
  if (attaches_disconnected(policy, options, built)) profile.flags.push_back("attach_disconnected");
  if (container) profile.flags.push_back("mediate_deleted");
  profile.sections.push_back(baseline_section(options.platform, built));
  if (!part.program.empty()) profile.sections.push_back(program_section(part.program));
  add_sections(profile, translate_rules(part.rules, part.indexes, context, built), options.compile_budget_s, built);
  profile.sections.insert(profile.sections.end(), part.extra.begin(), part.extra.end());
  if (options.abstractions != "none") include_abstractions(profile, options, built);
  if (options.denies) profile.sections.push_back(denies_section(policy, built));
  return profile;
}

/// Children repeat the parent's packs and remarks: each is said once.
void unique_in_order(std::vector<std::string>& lines) {
  std::set<std::string> seen;
  std::erase_if(lines, [&](const std::string& line) { return !seen.insert(line).second; });
}

}  // namespace

Result<BuiltProfile> build_profile(const Policy& policy, const EmitOptions& options, Diagnostics& diagnostics) {
  static_cast<void>(diagnostics);
  BuiltProfile built;
  Division division = divide_by_program(policy, options.exec);
  for (const Part& part : division.parts) {
    ProfileText profile = part_profile(part, policy, options, built);
    apply_transitions(profile, part.transition, division.parts);
    if (part.transition == Transition::kMain)
      built.profile = std::move(profile);
    else if (part.transition != Transition::kBeside)
      built.profile.children.push_back(std::move(profile));
    else
      built.beside.push_back(std::move(profile));
  }
  std::move(division.remarks.begin(), division.remarks.end(), std::back_inserter(built.remarks));
  count(built.profile, built.counts);
  for (const ProfileText& beside : built.beside) count(beside, built.counts);
  unique_in_order(built.added);
  unique_in_order(built.remarks);
  return built;
}

}  // namespace cordon::apparmor
