#include "apparmor/emit.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

#include "apparmor/build.h"
#include "apparmor/container.h"
#include "apparmor/logged.h"
#include "apparmor/text.h"
#include "base/bytes.h"
#include "base/text.h"
#include "policy/generalise.h"

namespace cordon::apparmor {
namespace {

std::string indent(int depth) { return std::string(static_cast<std::size_t>(depth) * 2, ' '); }

/// A comment must not end early: bytes that could break the line become escapes.
std::string comment(int depth, std::string_view text) { return indent(depth) + "# " + printable(text) + "\n"; }

void append_section(std::string& out, const Section& section, int depth) {
  if (section.rules.empty() && section.verbatim.empty()) return;
  out += "\n" + comment(depth, section.title);
  for (const std::string& line : section.comments) out += comment(depth, line);
  for (const ProfileRule& rule : section.rules) out += indent(depth) + to_text(rule) + "\n";
  for (const std::string& line : section.verbatim) out += indent(depth) + line + "\n";
}

std::string head_text(const ProfileText& profile) {
  std::string out = profile.hat ? "^" + quote_name(profile.name) : "profile " + quote_name(profile.name);
  if (!profile.attachment.empty() && profile.attachment != profile.name) out += " " + quote_name(profile.attachment);
  if (!profile.flags.empty()) out += " flags=(" + join(profile.flags, ", ") + ")";
  return out + " {\n";
}

std::string header(const Policy& policy) {
  std::string out = comment(0, "AppArmor profile of " + policy.name + ", written by Cordon.");
  out += comment(0, "Made from " + counted(policy.runs.size(), "recording") + " of " + policy.program + ".");
  if (!policy.complete) out += comment(0, "INCOMPLETE RECORDING: the program may need more than this profile allows.");
  for (const std::string& note : policy.notes) out += comment(0, "Note: " + note + ".");
  return out;
}

std::vector<std::string> summary(const BuiltProfile& built) {
  std::vector<std::string> lines;
  lines.push_back(counted(built.counts.files, "file rule") + ", " + counted(built.counts.programs, "program") + ", " +
                  counted(built.counts.network, "network rule") + ", " +
                  counted(built.counts.capabilities, "capability") + ", " + counted(built.counts.other, "other rule"));
  if (built.counts.generalised != 0)
    lines.push_back(counted(built.counts.generalised, "rule") + " generalised from " +
                    counted(built.counts.generalised_from, "name"));
  return lines;
}

std::string sayable_name(const std::string& name, Diagnostics& diagnostics) {
  std::string out = sayable(name);
  if (out != name)
    diagnostics.note("the profile is named " + printable(out) + ": AppArmor cannot name one " + printable(name));
  return out;
}

Result<void> check_name(const std::string& name) {
  if (name.empty()) return Error{ErrorCode::kUsage, "the profile needs a name", "", "give one with -n NAME"};
  if (name[0] == ':' || name[0] == '&' || name.find("//") != std::string::npos || name.find('\0') != std::string::npos)
    return Error{ErrorCode::kUsage, "AppArmor gives another meaning to the profile name " + printable(name), "",
                 "use a name that starts with neither ':' nor '&' and holds no '//'"};
  return {};
}

/// The newest dialect whose abi file the machine's parser has.
Dialect newest_installed() {
  for (auto row = kDialects.rbegin(); row != kDialects.rend(); ++row)
    if (access(("/etc/apparmor.d/" + std::string(row->abi_file)).c_str(), R_OK) == 0) return row->dialect;
  return Dialect::k30;
}

std::string value_of(const BackendOptions& options, const char* name, const char* otherwise) {
  const auto found = options.values.find(name);
  return found == options.values.end() || found->second.empty() ? otherwise : found->second;
}

/// Notes name rules of the policy as it was given: a generalised rule's is the first that it came from.
void name_given_rules(std::vector<RuleNote>& notes, const Policy& shaped, const Policy& given) {
  std::map<FactId, std::size_t> by_evidence;
  std::map<Rule, std::size_t> by_rule;
  for (std::size_t i = 0; i < given.rules.size(); ++i) {
    by_rule.emplace(given.rules[i], i);
    for (const FactId& id : given.rules[i].evidence()) by_evidence.emplace(id, i);
  }
  for (RuleNote& note : notes) {
    const Rule& rule = shaped.rules[note.rule];
    if (const auto same = by_rule.find(rule); same != by_rule.end())
      note.rule = same->second;
    else if (!rule.evidence().empty())
      note.rule = by_evidence.at(rule.evidence().front());
  }
}

}  // namespace

Result<ExecMode> exec_mode(const std::string& word) {
  if (word == "ix") return ExecMode::kInherit;
  if (word == "child") return ExecMode::kChild;
  if (word == "auto") return ExecMode::kAuto;
  return Error{ErrorCode::kUsage, "unknown exec transition " + word, "", "choose ix, child or auto"};
}

Result<EmitOptions> emit_options(const BackendOptions& options) {
  EmitOptions out;
  out.platform = options.platform;
  const std::string abi = value_of(options, "abi", "3.0");
  const auto dialect = dialect_named(abi);
  if (!dialect && abi != "auto")
    return Error{ErrorCode::kUsage, "unknown AppArmor abi " + abi, "", "3.0, 4.0, 5.0 or auto"};
  out.dialect = dialect.value_or(Dialect::k30);
  if (abi == "auto") out.dialect = newest_installed();
  const auto generalise = generalise_named(value_of(options, "generalise", "safe"));
  if (!generalise) return Error{ErrorCode::kUsage, "unknown way to generalise", "", "choose none, safe or broad"};
  out.generalise = *generalise;
  out.abstractions = value_of(options, "abstractions", "none");
  out.denies = value_of(options, "denies", "on") != "off";
  const std::string attach = value_of(options, "attach-disconnected", "auto");
  if (attach != "auto") out.attach_disconnected = attach == "yes";
  const auto exec = exec_mode(value_of(options, "exec", "auto"));
  if (!exec) return exec.error();
  out.exec = *exec;
  const auto budget = parse_number<std::uint32_t>(value_of(options, "compile-budget", "5"));
  if (!budget || *budget == 0)
    return Error{ErrorCode::kUsage, "the compile budget is a whole number of seconds", "", ""};
  out.compile_budget_s = *budget;
  out.base = value_of(options, "base", "");
  return out;
}

std::string to_text(const ProfileText& profile, int depth) {
  std::string out = indent(depth) + head_text(profile);
  for (const Section& section : profile.sections) append_section(out, section, depth + 1);
  for (const ProfileText& child : profile.children) out += "\n" + to_text(child, depth + 1);
  return out + indent(depth) + "}\n";
}

Result<Emission> emit_profile(const Policy& policy, const EmitOptions& options, Diagnostics& diagnostics) {
  if (const auto fine = check_name(policy.name); !fine) return fine.error();
  const bool container = is_container(options.platform);
  const LoggedPolicy seen = with_logged_programs(policy);
  const ContainerView view = container ? container_view(seen.policy) : ContainerView{seen.policy, {}};
  Policy named = generalise(view.policy, options.generalise);
  named.name = sayable_name(policy.name, diagnostics);
  auto built = build_profile(named, options, diagnostics);
  if (!built) return built.error();
  std::string text = header(named);
  built->remarks.insert(built->remarks.begin(), view.remarks.begin(), view.remarks.end());
  built->remarks.insert(built->remarks.begin(), seen.remarks.begin(), seen.remarks.end());
  for (const std::string& line : built->remarks) text += comment(0, line);
  text += "abi <" + std::string(dialect_info(options.dialect).abi_file) + ">,\n";
  for (const std::string& line : built->preamble) text += line + "\n";
  text += "\n" + to_text(built->profile);
  for (const ProfileText& beside : built->beside) text += "\n" + to_text(beside);
  name_given_rules(built->notes, named, policy);
  Emission emission;
  emission.files.push_back({".apparmor", std::move(text)});
  emission.notes = std::move(built->notes);
  emission.summary = summary(*built);
  emission.added = std::move(built->added);
  emission.inputs = std::move(built->inputs);
  return emission;
}

}  // namespace cordon::apparmor
