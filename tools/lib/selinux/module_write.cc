#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "selinux/context.h"
#include "selinux/module.h"

namespace cordon::selinux {
namespace {

constexpr std::size_t kLineWidth = 100;

/// "x", or "{ x y }" with the members sorted.
std::string braced(const std::set<std::string>& names) {
  if (names.size() == 1) return *names.begin();
  std::string out = "{";
  for (const std::string& name : names) out += " " + name;
  return out + " }";
}

std::string remarks(const Module& module, std::string_view mark) {
  std::string out;
  for (const std::string& line : module.remarks) {
    std::string safe = printable(line);
    out += fmt::format("{} {}\n", mark, safe);
  }
  return out;
}

/// A name that a named transition can bear: checkpolicy takes any bytes but a quote, a newline and NUL between quotes.
bool is_plain_name(const std::string& name) {
  return !name.empty() && std::none_of(name.begin(), name.end(), [](char c) {
    return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f;
  });
}

std::string require_names(std::string_view keyword, const std::set<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += fmt::format("\t{} {};\n", keyword, name);
  return out;
}

std::string require_block(const Module& module, const std::set<std::string>& known_attributes) {
  Requirements needed = requirements(module);
  for (const std::string& name : known_attributes)
    if (needed.types.erase(name) > 0) needed.attributes.insert(name);
  std::string out = "require {\n";
  out += require_names("type", needed.types) + require_names("attribute", needed.attributes);
  out += require_names("role", needed.roles);
  for (const auto& [klass, perms] : needed.classes)
    out += perms.empty() ? fmt::format("\tclass {};\n", klass) : fmt::format("\tclass {} {};\n", klass, braced(perms));
  return out + "}\n";
}

std::string declarations(const Module& module) {
  std::string out;
  for (const std::string& name : module.attributes) out += fmt::format("attribute {};\n", name);
  for (const std::string& name : module.roles) out += fmt::format("role {};\n", name);
  for (const std::string& name : module.types) out += fmt::format("type {};\n", name);
  for (const auto& [type, attributes] : module.type_attributes)
    for (const std::string& attribute : attributes) out += fmt::format("typeattribute {} {};\n", type, attribute);
  for (const auto& [role, type] : module.role_types) out += fmt::format("role {} types {};\n", role, type);
  for (const auto& [parent, child] : module.bounds) out += fmt::format("typebounds {} {};\n", parent, child);
  for (const std::string& type : module.permissive) out += fmt::format("permissive {};\n", type);
  return out;
}

std::string transitions(const Module& module) {
  std::string out;
  for (const auto& [from, to] : module.role_allows) out += fmt::format("allow {} {};\n", from, to);
  for (const RoleTransition& rule : module.role_transitions)
    out += fmt::format("role_transition {} {}:{} {};\n", rule.role, rule.type, rule.klass, rule.result);
  for (const TypeRule& rule : module.type_rules) {
    if (!rule.name.empty() && !is_plain_name(rule.name)) continue;
    const std::string name = rule.name.empty() ? "" : " \"" + rule.name + "\"";
    out += fmt::format("{} {} {}:{} {}{};\n", rule.kind, rule.source, rule.target, rule.klass, rule.result, name);
  }
  return out;
}

std::string number_set(const std::set<std::uint16_t>& numbers) {
  std::string out = "{";
  for (std::uint16_t number : numbers) out += fmt::format(" {:#06x}", number);
  return out + " }";
}

std::string xperm_word(RuleKind kind) { return std::string(name_of(kind)) + "xperm"; }

std::string te_rules(const Module& module) {
  std::string out;
  std::string last;
  for (const auto& [access, perms] : module.rules) {
    if (access.source != last) out += "\n";
    last = access.source;
    out += fmt::format("{} {} {}:{} {};\n", name_of(access.kind), access.source, access.target, access.klass,
                       braced(perms));
  }
  for (const ExtendedKind& kind : kExtendedKinds)
    for (const auto& [access, numbers] : module.*kind.rules)
      out += fmt::format("{} {} {}:{} {} {};\n", xperm_word(access.kind), access.source, access.target, access.klass,
                         kind.perm, number_set(numbers));
  return out;
}

std::string context_text(const FileContext& context, ContextStyle style) {
  if (context.type.empty()) return "<<none>>";
  const std::string range = context.range.empty() ? "s0" : context.range;
  if (style == ContextStyle::kGenContext)
    return fmt::format("gen_context(system_u:object_r:{},{})", context.type, range);
  if (style == ContextStyle::kPlain) return fmt::format("system_u:object_r:{}", context.type);
  return fmt::format("system_u:object_r:{}:{}", context.type, range);
}

std::string_view cil_file_type(std::string_view file_type) {
  static constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"--", "file"},  {"-d", "dir"},    {"-l", "symlink"}, {"-c", "char"},
      {"-b", "block"}, {"-s", "socket"}, {"-p", "pipe"}};
  for (const auto& [te, cil] : kWords)
    if (te == file_type) return cil;
  return "any";
}

std::string cil_perms(const std::set<std::string>& perms) {
  std::string out;
  for (const std::string& perm : perms) out += (out.empty() ? "" : " ") + perm;
  return "(" + out + ")";
}

std::string cil_context(const std::string& type, bool mls) {
  // CIL always takes a range; where the policy has no MLS, the compiler leaves it out.
  static_cast<void>(mls);
  return fmt::format("(system_u object_r {} ((s0) (s0)))", type);
}

std::string_view cil_type_rule(std::string_view kind) {
  if (kind == "type_change") return "typechange";
  return kind == "type_member" ? "typemember" : "typetransition";
}

std::string cil_declarations(const Module& module) {
  std::string out;
  for (const std::string& name : module.attributes) out += fmt::format("(typeattribute {})\n", name);
  for (const std::string& name : module.roles) out += fmt::format("(role {})\n", name);
  for (const std::string& name : module.types) out += fmt::format("(type {0})\n(roletype object_r {0})\n", name);
  std::map<std::string, std::set<std::string>> members;
  for (const auto& [type, attributes] : module.type_attributes)
    for (const std::string& attribute : attributes) members[attribute].insert(type);
  for (const auto& [attribute, types] : members)
    out += fmt::format("(typeattributeset {} {})\n", attribute, cil_perms(types));
  for (const auto& [role, type] : module.role_types) out += fmt::format("(roletype {} {})\n", role, type);
  for (const auto& [parent, child] : module.bounds) out += fmt::format("(typebounds {} {})\n", parent, child);
  for (const std::string& type : module.permissive) out += fmt::format("(typepermissive {})\n", type);
  return out;
}

std::string cil_transitions(const Module& module) {
  std::string out;
  for (const auto& [from, to] : module.role_allows) out += fmt::format("(roleallow {} {})\n", from, to);
  for (const RoleTransition& rule : module.role_transitions)
    out += fmt::format("(roletransition {} {} {} {})\n", rule.role, rule.type, rule.klass, rule.result);
  for (const TypeRule& rule : module.type_rules) {
    if (!rule.name.empty() && !is_plain_name(rule.name)) continue;
    const std::string name = rule.name.empty() ? "" : "\"" + rule.name + "\" ";
    out += fmt::format("({} {} {} {} {}{})\n", cil_type_rule(rule.kind), rule.source, rule.target, rule.klass, name,
                       rule.result);
  }
  return out;
}

std::string cil_contexts(const Module& module, bool mls) {
  std::string out;
  for (const FileContext& context : module.contexts)
    out += fmt::format("(filecon \"{}\" {} {})\n", context.regex, cil_file_type(context.file_type),
                       context.type.empty() ? "()" : cil_context(context.type, mls));
  for (const PortContext& port : module.ports) {
    const std::string range =
        port.low == port.high ? fmt::format("{}", port.low) : fmt::format("({} {})", port.low, port.high);
    out += fmt::format("(portcon {} {} {})\n", port.protocol, range, cil_context(port.type, mls));
  }
  return out;
}

}  // namespace

std::string write_te(const Module& module, const std::set<std::string>& known_attributes) {
  std::string out = remarks(module, "#");
  out += fmt::format("module {} {};\n\n", module.name, module.version);
  out += require_block(module, known_attributes) + "\n" + declarations(module);
  const std::string changes = transitions(module);
  if (!changes.empty()) out += "\n" + changes;
  return out + te_rules(module);
}

std::string write_fc(const Module& module, ContextStyle style) {
  std::string out = remarks(module, "#");
  std::size_t width = 0;
  for (const FileContext& context : module.contexts)
    width = std::max(width, std::min(context.regex.size(), kLineWidth));
  for (const FileContext& context : module.contexts)
    out += fmt::format("{:<{}} {:<2} {}\n", context.regex, width, context.file_type, context_text(context, style));
  return out;
}

std::string write_cil(const Module& module, bool mls) {
  std::string out = remarks(module, ";");
  out += cil_declarations(module) + cil_transitions(module);
  for (const auto& [access, perms] : module.rules)
    out += fmt::format("({} {} {} ({} {}))\n", name_of(access.kind), access.source, access.target, access.klass,
                       cil_perms(perms));
  for (const ExtendedKind& kind : kExtendedKinds)
    for (const auto& [access, numbers] : module.*kind.rules) {
      std::string list;
      for (std::uint16_t number : numbers) list += (list.empty() ? "" : " ") + fmt::format("{:#06x}", number);
      out += fmt::format("({}x {} {} ({} {} ({})))\n", name_of(access.kind), access.source, access.target, kind.perm,
                         access.klass, list);
    }
  return out + cil_contexts(module, mls);
}

}  // namespace cordon::selinux
