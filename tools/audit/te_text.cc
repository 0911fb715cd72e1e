#include "te_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "base/bytes.h"
#include "base/text.h"
#include "remarks.h"

namespace cordon::audit_tool {
namespace {

using selinux::Reason;
using selinux::ReasonKind;

std::string hex_set(const std::set<std::uint32_t>& numbers) {
  if (numbers.size() == 1) return fmt::format("{:#06x}", *numbers.begin());
  std::string out = "{";
  for (const std::uint32_t number : numbers) out += fmt::format(" {:#06x}", number);
  return out + " }";
}

void comment(std::string& out, std::string_view mark, const std::string& text) {
  out += fmt::format("{} {}\n", mark, printable(text));
}

/// What the policy says of one permission, in the lines that go above its rule.
std::string comment_of(const PermissionState& state) {
  std::string out;
  constexpr std::string_view kMark = "#!!!!";
  for (const Reason& reason : state.reasons) {
    if (reason.kind == ReasonKind::kNoRule) continue;
    if (reason.kind == ReasonKind::kAllowed && !state.allowed) continue;
    comment(out, kMark, fmt::format("{}: {}", name_of(reason.kind), reason.words));
    for (std::size_t i = 0; i < reason.fixes.size() && i < 3; ++i)
      comment(out, kMark, "  or: " + boolean_command(reason.fixes[i]));
    if (reason.kind == ReasonKind::kConstraint) comment(out, kMark, "  " + constraint_advice(state));
  }
  for (const std::string& remark : state.remarks) comment(out, kMark, remark);
  return out;
}

bool is_given(const PermissionState& state) { return state.refused.empty() && !state.unknown; }

std::string rule_line(std::string_view verb, const TeRule& rule, const std::set<std::string>& perms) {
  return fmt::format("{} {} {}:{} {};\n", verb, rule.source, rule.target, rule.klass, perm_set(perms));
}

/// -R: the call, and what it grants that nobody asked for.
void append_call(std::string& out, const InterfaceChoice& choice) {
  if (choice.excess > 0) {
    out += fmt::format("#!!!! the interface grants more than was denied (excess {}):", choice.excess);
    for (const std::string& beyond : choice.beyond) out += " " + beyond + ",";
    out.back() = '\n';
  }
  out += choice.call + "\n";
}

bool gives(const TeRule& rule, const char* perm) {
  const auto state = rule.perms.find(perm);
  return state != rule.perms.end() && is_given(state->second);
}

void append_extended(std::string& out, const TeRule& rule, const TeOptions& options, std::string_view verb) {
  const auto line = [&](const char* perm, const std::set<std::uint32_t>& numbers) {
    out += fmt::format("{}xperm {} {}:{} {} {};\n", verb, rule.source, rule.target, rule.klass, perm, hex_set(numbers));
  };
  if (!rule.ioctls.empty() && gives(rule, "ioctl") && (options.extended || rule.extended_only))
    line("ioctl", rule.ioctls);
  if (!rule.nlmsgs.empty() && gives(rule, "nlmsg") && options.extended) line("nlmsg", rule.nlmsgs);
}

/// Permissions with the same comment share a rule.
void append_rule(std::string& out, const TeRule& rule, const TeOptions& options, const InterfaceChoice* interface) {
  std::map<std::string, std::set<std::string>> given, refused, unknown;
  for (const auto& [perm, state] : rule.perms) {
    if (is_given(state))
      given[comment_of(state)].insert(perm);
    else if (state.unknown)
      unknown[state.reasons.empty() ? std::string() : state.reasons.front().words].insert(perm);
    else
      refused["refused, " + state.refused + "; instead: " + state.instead].insert(perm);
  }
  const char* verb = options.dontaudit ? "dontaudit" : "allow";
  for (const auto& [remark, perms] : given) {
    if (!remark.empty()) out += "\n" + remark;
    if (interface == nullptr) out += rule_line(verb, rule, perms);
  }
  if (interface != nullptr && !given.empty()) append_call(out, *interface);
  for (const auto& [why, perms] : refused) out += "\n#!!!! " + printable(why) + "\n# " + rule_line(verb, rule, perms);
  for (const auto& [why, perms] : unknown)
    out += "\n#!!!! not in this policy: " + printable(why) + "\n# " + rule_line(verb, rule, perms);
  append_extended(out, rule, options, verb);
}

void append_evidence(std::string& out, const TeRule& rule, const std::vector<audit::Denial>& denials) {
  constexpr std::size_t kShown = 4;
  for (std::size_t i = 0; i < rule.denials.size() && i < kShown; ++i)
    for (const std::string& line : evidence_lines(denials[rule.denials[i]])) out += "# " + line + "\n";
  if (rule.denials.size() > kShown)
    out += fmt::format("# and {}\n", counted(rule.denials.size() - kShown, "other kind"));
}

std::string require_block(const selinux::Module& module) {
  const auto needs = selinux::requirements(module);
  if (needs.types.empty() && needs.roles.empty()) return {};  // an empty block does not compile
  std::string out = "require {\n";
  for (const std::string& type : needs.types) out += "\ttype " + type + ";\n";
  for (const auto& [klass, perms] : needs.classes) out += "\tclass " + klass + " " + perm_set(perms) + ";\n";
  for (const std::string& role : needs.roles) out += "\trole " + role + ";\n";
  return out + "}\n";
}

void append_roles(std::string& out, const SelinuxRules& rules) {
  if (rules.roles.empty()) return;
  out += "\n#============= ROLES ==============\n";
  for (const RoleRule& role : rules.roles)
    out += fmt::format("\n#!!!! {}\nrole {} types {};\n", printable(role.remark), role.role, role.type);
}

}  // namespace

std::string perm_set(const std::set<std::string>& perms) {
  if (perms.size() == 1) return *perms.begin();
  std::string out = "{";
  for (const std::string& perm : perms) out += " " + perm;
  return out + " }";
}

std::string time_text(std::int64_t time_ms) {
  if (time_ms == 0) return "unknown time";
  const std::time_t seconds = time_ms / 1000;
  std::tm when{};
  gmtime_r(&seconds, &when);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &when));
}

std::vector<std::string> evidence_lines(const audit::Denial& denial) {
  std::vector<std::string> lines;
  std::string when = time_text(denial.tally.first_ms);
  if (denial.tally.last_ms != denial.tally.first_ms) when += " to " + time_text(denial.tally.last_ms);
  lines.push_back(fmt::format("{}, {}", counted(denial.tally.count, "time"), when));
  for (const audit::Evidence& sample : denial.samples)
    lines.push_back(fmt::format("  comm={} exe={} path={} event={} ({}:{})", printable(sample.comm),
                                printable(sample.exe), printable(sample.path),
                                sample.event.empty() ? "none" : printable(sample.event), printable(sample.source),
                                sample.line));
  return lines;
}

selinux::Module module_of(const SelinuxRules& rules, const TeOptions& options) {
  selinux::Module module;
  module.name = options.module;
  module.version = "1.0";
  const auto kind = options.dontaudit ? selinux::RuleKind::kDontaudit : selinux::RuleKind::kAllow;
  for (const TeRule& rule : rules.rules)
    for (const auto& [perm, state] : rule.perms) {
      if (!is_given(state)) continue;
      module.rules[{kind, rule.source, rule.target, rule.klass}].insert(perm);
      if (perm == "ioctl" && (options.extended || rule.extended_only))
        for (const std::uint32_t command : rule.ioctls)
          module.ioctls[{kind, rule.source, rule.target, rule.klass}].insert(static_cast<std::uint16_t>(command));
      if (perm == "nlmsg" && options.extended)
        for (const std::uint32_t type : rule.nlmsgs)
          module.messages[{kind, rule.source, rule.target, rule.klass}].insert(static_cast<std::uint16_t>(type));
    }
  for (const RoleRule& role : rules.roles) module.role_types.insert({role.role, role.type});
  return module;
}

bool gives_any(const SelinuxRules& rules) {
  const auto given = [](const TeRule& rule) {
    return std::any_of(rule.perms.begin(), rule.perms.end(), [](const auto& perm) { return is_given(perm.second); });
  };
  return !rules.roles.empty() || std::any_of(rules.rules.begin(), rules.rules.end(), given);
}

std::string nlmsg_cil(const SelinuxRules& rules, const TeOptions& options) {
  std::string out;
  for (const TeRule& rule : rules.rules) {
    if (!options.extended || rule.nlmsgs.empty() || !gives(rule, "nlmsg")) continue;
    std::string numbers = hex_set(rule.nlmsgs);
    if (numbers.front() == '{') numbers = numbers.substr(2, numbers.size() - 4);
    out += fmt::format("({} {} {} (nlmsg {} ({})))\n", options.dontaudit ? "dontauditx" : "allowx", rule.source,
                       rule.target, rule.klass, numbers);
  }
  return out;
}

std::string te_text(const SelinuxRules& rules, const std::vector<audit::Denial>& denials, const TeOptions& options) {
  std::string out;
  const bool calls = !options.interfaces.empty();  // interface calls need refpolicy's own head
  if (!options.module.empty())
    out += calls ? "\npolicy_module(" + options.module + ", 1.0)\n" : "\nmodule " + options.module + " 1.0;\n";
  if (options.requires_block || !options.module.empty()) out += "\n" + require_block(module_of(rules, options));
  const std::string* section = nullptr;
  for (std::size_t i = 0; i < rules.rules.size(); ++i) {
    const TeRule& rule = rules.rules[i];
    const auto interface = options.interfaces.find(i);
    if (section == nullptr || *section != rule.source)
      out += fmt::format("\n#============= {} ==============\n", rule.source);
    section = &rule.source;
    if (options.verbose) append_evidence(out, rule, denials);
    append_rule(out, rule, options, interface == options.interfaces.end() ? nullptr : &interface->second);
  }
  append_roles(out, rules);
  return out;
}

}  // namespace cordon::audit_tool
