#include "selinux/diff.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "selinux/diff_text.h"
#include "selinux/policydb_impl.h"

namespace cordon::selinux {
namespace {

std::string type_rule_text(const TypeRule& rule) {
  return fmt::format("{} {} {}:{} {}{};", rule.kind, rule.source, rule.target, rule.klass, rule.result,
                     rule.name.empty() ? "" : " \"" + rule.name + "\"");
}

std::string context_line(const FileContext& context) {
  return fmt::format("{} {} {}", context.regex, context.file_type, context.type.empty() ? "<<none>>" : context.type);
}

/// Everything of a module but its access vectors, one line each.
std::set<std::string> lines_of(const Module& module) {
  std::set<std::string> out;
  for (const std::string& type : module.types) out.insert("type " + type + ";");
  for (const auto& [type, attributes] : module.type_attributes)
    for (const std::string& attribute : attributes) out.insert(fmt::format("typeattribute {} {};", type, attribute));
  for (const auto& [role, type] : module.role_types) out.insert(fmt::format("role {} types {};", role, type));
  for (const std::string& type : module.permissive) out.insert("permissive " + type + ";");
  for (const TypeRule& rule : module.type_rules) out.insert(type_rule_text(rule));
  for (const FileContext& context : module.contexts) out.insert(context_line(context));
  for (const PortContext& port : module.ports)
    out.insert(fmt::format("portcon {} {}-{} {};", port.protocol, port.low, port.high, port.type));
  return out;
}

void compare(const std::set<std::string>& old_lines, const std::set<std::string>& new_lines,
             std::vector<VectorChange>& out) {
  for (const std::string& line : minus(old_lines, new_lines)) out.push_back({false, line, {}});
  for (const std::string& line : minus(new_lines, old_lines)) out.push_back({true, line, {}});
}

/// Where one side may use some numbers and the other the permission without such a rule, that one may use any.
void compare_extended(const Module& old_module, const Module& new_module, const ExtendedKind& kind,
                      std::vector<VectorChange>& out) {
  const auto only = [&](const Module& a, const Module& b, bool added) {
    for (const auto& [access, numbers] : a.*kind.rules) {
      const auto other = (b.*kind.rules).find(access);
      const auto rule = b.rules.find(access);
      if (other == (b.*kind.rules).end()) {
        if (rule != b.rules.end() && rule->second.contains(std::string(kind.perm)))
          out.push_back({!added, extended_text(access, kind, any_number(kind)), {}});
        continue;
      }
      for (const std::uint16_t number : numbers)
        if (!other->second.contains(number))
          out.push_back({added, extended_text(access, kind, fmt::format("{:#06x}", number)), {}});
    }
  };
  only(old_module, new_module, false);
  only(new_module, old_module, true);
}

void compare(const Vectors& old_vectors, const Vectors& new_vectors, std::vector<VectorChange>& out) {
  static const std::set<std::string> kNone;
  for (const auto& [vector, perms] : old_vectors) {
    const auto other = new_vectors.find(vector);
    const auto gone = minus(perms, other == new_vectors.end() ? kNone : other->second);
    if (!gone.empty()) out.push_back({false, rule_text(vector, gone), {}});
  }
  for (const auto& [vector, perms] : new_vectors) {
    const auto other = old_vectors.find(vector);
    const auto fresh = minus(perms, other == old_vectors.end() ? kNone : other->second);
    if (!fresh.empty()) out.push_back({true, rule_text(vector, fresh), {}});
  }
}

/// A policy's rules by their heads as text: kind, source, target, class and condition; the value is the permissions
/// or the new type.
using RuleLines = std::map<std::pair<std::string, std::string>, std::set<std::string>>;

struct Walk {
  const PolicyDb::Impl* impl;
  RuleLines* out;
  std::string condition;
};

std::set<std::string> perms_of_bits(const PolicyDb::Impl& impl, std::uint32_t klass, std::uint32_t bits) {
  std::set<std::string> out;
  const std::string text = impl.perms_text(klass, bits);
  for (std::string_view word : split(std::string_view(text).substr(1, text.size() - 2), ' '))
    if (!word.empty()) out.emplace(word);
  return out;
}

std::string rule_head(const PolicyDb::Impl& impl, std::string_view word, const avtab_key_t& key) {
  return fmt::format("{} {} {}:{}", word, impl.type_name(key.source_type), impl.type_name(key.target_type),
                     impl.db.sym_val_to_name[SYM_CLASSES][key.target_class - 1]);
}

/// "0x5401", or "0x54**" for all commands of a driver.
void take_extended(const Walk& walk, const avtab_key_t& key, const avtab_datum_t& datum) {
  static constexpr std::pair<std::uint16_t, const char*> kKinds[] = {{AVTAB_XPERMS_ALLOWED, "allowxperm"},
                                                                     {AVTAB_XPERMS_AUDITALLOW, "auditallowxperm"},
                                                                     {AVTAB_XPERMS_DONTAUDIT, "dontauditxperm"}};
  if (datum.xperms == nullptr) return;
  const bool whole = datum.xperms->specified == AVTAB_XPERMS_IOCTLDRIVER;
  const char* const perm = whole || datum.xperms->specified == AVTAB_XPERMS_IOCTLFUNCTION ? "ioctl" : "nlmsg";
  for (const auto& [bit, word] : kKinds) {
    if ((key.specified & bit) == 0) continue;
    auto& values = (*walk.out)[{rule_head(*walk.impl, word, key) + " " + perm, walk.condition}];
    for (unsigned i = 0; i < 256; ++i) {
      if ((datum.xperms->perms[i / 32] >> (i % 32) & 1) == 0) continue;
      values.insert(whole ? fmt::format("{:#04x}**", i)
                          : fmt::format("{:#06x}", unsigned{datum.xperms->driver} << 8 | i));
    }
  }
}

void take(const Walk& walk, const avtab_key_t& key, const avtab_datum_t& datum) {
  static constexpr std::pair<std::uint16_t, const char*> kKinds[] = {
      {AVTAB_ALLOWED, "allow"},         {AVTAB_AUDITDENY, "dontaudit"},
      {AVTAB_AUDITALLOW, "auditallow"}, {AVTAB_TRANSITION, "type_transition"},
      {AVTAB_CHANGE, "type_change"},    {AVTAB_MEMBER, "type_member"}};
  const PolicyDb::Impl& impl = *walk.impl;
  if ((key.specified & AVTAB_XPERMS) != 0) return take_extended(walk, key, datum);
  for (const auto& [bit, word] : kKinds) {
    if ((key.specified & bit) == 0) continue;
    auto& values = (*walk.out)[{rule_head(impl, word, key), walk.condition}];
    if ((bit & AVTAB_TYPE) != 0)
      values.insert(impl.type_name(datum.data));
    else
      values.merge(perms_of_bits(impl, key.target_class, bit == AVTAB_AUDITDENY ? ~datum.data : datum.data));
  }
}

RuleLines rules_of(const PolicyDb& policy) {
  RuleLines out;
  const PolicyDb::Impl& impl = policy.impl();
  impl.use();
  Walk walk{&impl, &out, {}};
  avtab_map(
      &impl.db.te_avtab,
      [](avtab_key_t* key, avtab_datum_t* datum, void* self) {
        take(*static_cast<Walk*>(self), *key, *datum);
        return 0;
      },
      &walk);
  for (const cond_node_t* node = impl.db.cond_list; node != nullptr; node = node->next)
    for (const auto& [rules, branch] : {std::pair(node->true_list, "True"), std::pair(node->false_list, "False")}) {
      walk.condition = fmt::format("[ {} ]:{}", impl.condition_text(*node), branch);
      for (const cond_av_list_t* rule = rules; rule != nullptr; rule = rule->next)
        take(walk, rule->node->key, rule->node->datum);
    }
  return out;
}

std::string with_values(const std::string& head, const std::set<std::string>& values) {
  const bool one = head.starts_with("type_");
  return head + " " + (one ? *values.begin() : braced_list(values)) + ";";
}

void compare(const RuleLines& a, const RuleLines& b, bool added, std::vector<VectorChange>& out) {
  static const std::set<std::string> kNone;
  for (const auto& [key, values] : a) {
    const auto other = b.find(key);
    const auto only = minus(values, other == b.end() ? kNone : other->second);
    if (!only.empty()) out.push_back({added, with_values(key.first, only), key.second});
  }
}

struct NamedWalk {
  const PolicyDb::Impl* impl;
  std::set<std::string>* out;
};

int take_named(hashtab_key_t raw, hashtab_datum_t datum, void* self) {
  const auto& walk = *static_cast<NamedWalk*>(self);
  const auto& key = *reinterpret_cast<const filename_trans_key_t*>(raw);
  for (auto* rule = static_cast<const filename_trans_datum_t*>(datum); rule != nullptr; rule = rule->next)
    for (const std::uint32_t source : bits_of(rule->stypes))
      walk.out->insert(type_rule_text(
          {"type_transition", walk.impl->type_name(source + 1), walk.impl->type_name(key.ttype),
           walk.impl->db.sym_val_to_name[SYM_CLASSES][key.tclass - 1], key.name, walk.impl->type_name(rule->otype)}));
  return 0;
}

void add_roles(const policydb_t& db, const PolicyDb::Impl& impl, std::set<std::string>& out) {
  const auto role = [&](std::uint32_t value) { return db.sym_val_to_name[SYM_ROLES][value - 1]; };
  for (std::uint32_t i = 0; i < db.symtab[SYM_ROLES].nprim; ++i) {
    if (db.role_val_to_struct[i] == nullptr) continue;
    for (const std::uint32_t type : bits_of(db.role_val_to_struct[i]->types.types))
      out.insert(fmt::format("role {} types {};", role(i + 1), impl.type_name(type + 1)));
  }
  for (auto* rule = db.role_allow; rule != nullptr; rule = rule->next)
    out.insert(fmt::format("allow {} {};", role(rule->role), role(rule->new_role)));
}

std::set<std::string> symbols_of(const PolicyDb& policy) {
  std::set<std::string> out;
  const PolicyDb::Impl& impl = policy.impl();
  NamedWalk named{&impl, &out};
  hashtab_map(impl.db.filename_trans, take_named, &named);
  for (const std::uint32_t type : bits_of(impl.db.permissive_map))
    out.insert("permissive " + impl.type_name(type) + ";");
  add_roles(impl.db, impl, out);
  for (const std::string& type : policy.types()) {
    out.insert("type " + type + ";");
    for (const std::string& attribute : policy.attributes_of(type))
      out.insert(fmt::format("typeattribute {} {};", type, attribute));
  }
  for (const BooleanSetting& boolean : policy.booleans())
    out.insert(fmt::format("bool {} {};", boolean.name, boolean.on));
  return out;
}

}  // namespace

std::vector<VectorChange> diff_modules(const Module& old_module, const Module& new_module) {
  std::vector<VectorChange> out;
  compare(lines_of(old_module), lines_of(new_module), out);
  compare(vectors_of(old_module, nullptr), vectors_of(new_module, nullptr), out);
  for (const ExtendedKind& kind : kExtendedKinds) compare_extended(old_module, new_module, kind, out);
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<VectorChange> diff_policies(const PolicyDb& old_policy, const PolicyDb& new_policy) {
  std::vector<VectorChange> out;
  compare(symbols_of(old_policy), symbols_of(new_policy), out);
  const RuleLines old_rules = rules_of(old_policy);
  const RuleLines new_rules = rules_of(new_policy);
  compare(old_rules, new_rules, false, out);
  compare(new_rules, old_rules, true, out);
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace cordon::selinux
