#include "selinux/link.h"

#include <fmt/format.h>

#include "base/text.h"
#include "selinux/policydb_impl.h"

namespace cordon::selinux {
namespace {

class Linker {
 public:
  Linker(PolicyDb& policy, const Module& module, Diagnostics& diagnostics)
      : policy_(policy), impl_(policy.impl()), module_(module), diagnostics_(diagnostics) {}

  Result<void> run();

 private:
  std::vector<std::string> missing() const;
  Result<void> check_transitions() const;
  void declare(const std::string& name, std::uint32_t flavor);
  void grow_types();
  void declare_role(const std::string& name);
  void join(const std::string& type, const std::string& attribute);
  void widen_constraints(std::uint32_t type, std::uint32_t attribute);
  void inherit_self_rules(std::uint32_t type, std::uint32_t attribute);
  void insert(avtab_key_t key, std::uint32_t bits);
  void add_rule(const Access& access, const std::set<std::string>& perms);
  void add_extended(const Access& access, const std::set<std::uint16_t>& numbers, std::uint8_t specified);
  void add_type_rule(const TypeRule& rule);
  void add_roles();
  void add_ports();
  avtab_key_t key(const Access& access, std::uint16_t specified) const;
  std::uint32_t target_of(const std::string& source, const std::string& target) const {
    return impl_.type_value(target == "self" ? source : target);
  }

  PolicyDb& policy_;
  PolicyDb::Impl& impl_;
  const Module& module_;
  Diagnostics& diagnostics_;
};

std::uint16_t type_rule_kind(std::string_view kind) {
  if (kind == "type_change") return AVTAB_CHANGE;
  return kind == "type_member" ? AVTAB_MEMBER : AVTAB_TRANSITION;
}

std::vector<std::string> Linker::missing() const {
  std::vector<std::string> out;
  const Requirements needed = requirements(module_);
  for (const std::string& name : needed.types)
    if (impl_.type_value(name) == 0) out.push_back("type " + name);
  for (const std::string& name : needed.roles)
    if (!policy_.has_role(name)) out.push_back("role " + name);
  for (const auto& [klass, perms] : needed.classes) {
    if (!policy_.has_class(klass)) {
      out.push_back("class " + klass);
      continue;
    }
    for (const std::string& perm : perms)
      if (!policy_.has_perm(klass, perm)) out.push_back("permission " + perm + " of class " + klass);
  }
  return out;
}

Result<void> Linker::check_transitions() const {
  for (const TypeRule& rule : module_.type_rules) {
    if (!rule.name.empty() || rule.klass.empty()) continue;
    const std::uint32_t source = impl_.type_value(rule.source);
    const std::uint32_t target = target_of(rule.source, rule.target);
    if (source == 0 || target == 0) continue;
    avtab_key_t search{static_cast<std::uint16_t>(source), static_cast<std::uint16_t>(target),
                       static_cast<std::uint16_t>(impl_.klass(rule.klass)->s.value), type_rule_kind(rule.kind)};
    const avtab_datum_t* found = avtab_search(&impl_.db.te_avtab, &search);
    if (found != nullptr && impl_.type_name(found->data) != rule.result)
      return Error{ErrorCode::kBadInput,
                   fmt::format("{} {} {}:{} {} contradicts the policy, which says {}", rule.kind, rule.source,
                               rule.target, rule.klass, rule.result, impl_.type_name(found->data)),
                   impl_.where,
                   {}};
  }
  return {};
}

/// Makes room for one more type in the arrays that libsepol indexes by value; they are malloc's.
void Linker::grow_types() {
  policydb_t& db = impl_.db;
  const std::size_t count = db.symtab[SYM_TYPES].nprim;
  const auto grow = [count]<class T>(T*& array) {
    array = static_cast<T*>(std::realloc(array, count * sizeof(T)));
    CORDON_INVARIANT(array != nullptr);
    std::memset(static_cast<void*>(&array[count - 1]), 0, sizeof(T));
  };
  grow(db.sym_val_to_name[SYM_TYPES]);
  grow(db.type_val_to_struct);
  grow(db.type_attr_map);
  grow(db.attr_type_map);
}

void Linker::declare(const std::string& name, std::uint32_t flavor) {
  policydb_t& db = impl_.db;
  if (impl_.type_value(name) != 0) {
    diagnostics_.note(fmt::format("{} is in the policy already", name), impl_.where);
    return;
  }
  auto* datum = static_cast<type_datum_t*>(std::calloc(1, sizeof(type_datum_t)));
  CORDON_INVARIANT(datum != nullptr);
  type_datum_init(datum);
  const std::uint32_t value = ++db.symtab[SYM_TYPES].nprim;
  datum->s.value = value;
  datum->primary = 1;
  datum->flavor = flavor;
  char* key_name = strdup(name.c_str());
  CORDON_INVARIANT(key_name != nullptr && hashtab_insert(db.symtab[SYM_TYPES].table, key_name, datum) == 0);
  grow_types();
  db.sym_val_to_name[SYM_TYPES][value - 1] = key_name;
  db.type_val_to_struct[value - 1] = datum;
  if (flavor == TYPE_ATTRIB) return;
  ebitmap_set_bit(&db.type_attr_map[value - 1], value - 1, 1);
  ebitmap_set_bit(&db.attr_type_map[value - 1], value - 1, 1);
}

void Linker::declare_role(const std::string& name) {
  policydb_t& db = impl_.db;
  if (policy_.has_role(name)) return;
  auto* datum = static_cast<role_datum_t*>(std::calloc(1, sizeof(role_datum_t)));
  CORDON_INVARIANT(datum != nullptr);
  role_datum_init(datum);
  const std::uint32_t value = ++db.symtab[SYM_ROLES].nprim;
  datum->s.value = value;
  ebitmap_set_bit(&datum->dominates, value - 1, 1);
  char* key_name = strdup(name.c_str());
  CORDON_INVARIANT(key_name != nullptr && hashtab_insert(db.symtab[SYM_ROLES].table, key_name, datum) == 0);
  const std::size_t bytes = value * sizeof(void*);
  db.sym_val_to_name[SYM_ROLES] = static_cast<char**>(std::realloc(db.sym_val_to_name[SYM_ROLES], bytes));
  db.role_val_to_struct = static_cast<role_datum_t**>(std::realloc(db.role_val_to_struct, bytes));
  CORDON_INVARIANT(db.sym_val_to_name[SYM_ROLES] != nullptr && db.role_val_to_struct != nullptr);
  db.sym_val_to_name[SYM_ROLES][value - 1] = key_name;
  db.role_val_to_struct[value - 1] = datum;
}

void Linker::inherit_self_rules(std::uint32_t type, std::uint32_t attribute) {
  for (std::uint32_t klass = 1; klass <= impl_.db.symtab[SYM_CLASSES].nprim; ++klass)
    for (std::uint16_t kind : {std::uint16_t{AVTAB_ALLOWED}, std::uint16_t{AVTAB_AUDITDENY}}) {
      const auto self = static_cast<std::uint16_t>(type);
      if (const std::uint32_t common = impl_.self_perms(attribute, klass, kind, type); common != 0)
        insert({self, self, static_cast<std::uint16_t>(klass), kind}, common);
    }
}

/// A constraint that names an attribute holds, in the binary policy, the types that the attribute had when it was
/// built; `type_names` keeps the attribute itself (policy version 29 and later).
void Linker::widen_constraints(std::uint32_t type, std::uint32_t attribute) {
  policydb_t& db = impl_.db;
  for (std::uint32_t i = 0; i < db.symtab[SYM_CLASSES].nprim; ++i) {
    if (db.class_val_to_struct[i] == nullptr) continue;
    for (auto* node = db.class_val_to_struct[i]->constraints; node != nullptr; node = node->next)
      for (auto* term = node->expr; term != nullptr; term = term->next)
        if (term->expr_type == CEXPR_NAMES && (term->attr & CEXPR_TYPE) != 0 && term->type_names != nullptr &&
            ebitmap_get_bit(&term->type_names->types, attribute - 1) != 0)
          ebitmap_set_bit(&term->names, type - 1, 1);
  }
}

void Linker::join(const std::string& type, const std::string& attribute) {
  const std::uint32_t t = impl_.type_value(type);
  const std::uint32_t a = impl_.type_value(attribute);
  if (a == 0) {
    diagnostics_.warn(
        fmt::format("the policy holds no attribute {}; what it would give {} is not counted", attribute, type),
        impl_.where, "a policy's compiler leaves out attributes that no rule uses");
    return;
  }
  ebitmap_set_bit(&impl_.db.type_attr_map[t - 1], a - 1, 1);
  ebitmap_set_bit(&impl_.db.attr_type_map[a - 1], t - 1, 1);
  ebitmap_set_bit(&impl_.db.type_val_to_struct[a - 1]->types, t - 1, 1);
  widen_constraints(t, a);
  inherit_self_rules(t, a);
}

avtab_key_t Linker::key(const Access& access, std::uint16_t specified) const {
  return avtab_key_t{static_cast<std::uint16_t>(impl_.type_value(access.source)),
                     static_cast<std::uint16_t>(target_of(access.source, access.target)),
                     static_cast<std::uint16_t>(impl_.klass(access.klass)->s.value), specified};
}

void Linker::add_rule(const Access& access, const std::set<std::string>& perms) {
  if (access.kind == RuleKind::kNeverallow || access.kind == RuleKind::kAuditallow) return;
  std::uint32_t bits = 0;
  for (const std::string& perm : perms) bits |= impl_.perm_bit(*impl_.klass(access.klass), perm);
  insert(key(access, access.kind == RuleKind::kAllow ? AVTAB_ALLOWED : AVTAB_AUDITDENY), bits);
}

/// Adds the permissions to the rule with that key, or makes it.
void Linker::insert(avtab_key_t key, std::uint32_t bits) {
  const bool allow = key.specified == AVTAB_ALLOWED;
  if (avtab_datum_t* found = avtab_search(&impl_.db.te_avtab, &key)) {
    found->data = allow ? found->data | bits : found->data & ~bits;
    return;
  }
  avtab_datum_t datum{allow ? bits : ~bits, nullptr};
  avtab_insert(&impl_.db.te_avtab, &key, &datum);
}

void Linker::add_extended(const Access& access, const std::set<std::uint16_t>& numbers, std::uint8_t specified) {
  if (access.kind != RuleKind::kAllow) return;
  std::map<std::uint8_t, avtab_extended_perms_t> by_driver;
  for (std::uint16_t number : numbers) {
    auto& perms = by_driver[static_cast<std::uint8_t>(number >> 8)];
    perms.specified = specified;
    perms.driver = static_cast<std::uint8_t>(number >> 8);
    xperm_set((number & 0xff), perms.perms);
  }
  for (auto& [driver, perms] : by_driver) {
    avtab_key_t where = key(access, AVTAB_XPERMS_ALLOWED);
    avtab_datum_t datum{0, &perms};
    avtab_insert_nonunique(&impl_.db.te_avtab, &where, &datum);
  }
}

void Linker::add_type_rule(const TypeRule& rule) {
  const std::uint32_t source = impl_.type_value(rule.source);
  const std::uint32_t target = target_of(rule.source, rule.target);
  const std::uint32_t result = impl_.type_value(rule.result);
  const std::uint32_t klass = impl_.klass(rule.klass)->s.value;
  if (!rule.name.empty()) {
    std::uint32_t present = 0;
    policydb_filetrans_insert(&impl_.db, source, target, klass, rule.name.c_str(), nullptr, result, &present);
    return;
  }
  avtab_key_t where{static_cast<std::uint16_t>(source), static_cast<std::uint16_t>(target),
                    static_cast<std::uint16_t>(klass), type_rule_kind(rule.kind)};
  avtab_datum_t datum{result, nullptr};
  avtab_insert(&impl_.db.te_avtab, &where, &datum);
}

void Linker::add_roles() {
  policydb_t& db = impl_.db;
  for (const auto& [role, type] : module_.role_types) {
    auto* datum = static_cast<role_datum_t*>(hashtab_search(db.symtab[SYM_ROLES].table, role.c_str()));
    const std::uint32_t value = impl_.type_value(type);
    ebitmap_set_bit(&datum->types.types, value - 1, 1);
    ebitmap_set_bit(&datum->cache, value - 1, 1);
  }
  for (const auto& [from, to] : module_.role_allows) {
    auto* rule = static_cast<role_allow_t*>(std::calloc(1, sizeof(role_allow_t)));
    CORDON_INVARIANT(rule != nullptr);
    rule->role = find_symbol<role_datum_t>(db.symtab[SYM_ROLES], from)->s.value;
    rule->new_role = find_symbol<role_datum_t>(db.symtab[SYM_ROLES], to)->s.value;
    rule->next = db.role_allow;
    db.role_allow = rule;
  }
}

void Linker::add_ports() {
  static constexpr std::pair<std::string_view, std::uint8_t> kProtocols[] = {
      {"tcp", 6}, {"udp", 17}, {"dccp", 33}, {"sctp", 132}};
  for (const PortContext& port : module_.ports) {
    const context_struct_t* context =
        impl_.context("system_u:object_r:" + port.type + (impl_.db.mls != 0 ? ":s0" : ""));
    if (context == nullptr) continue;
    auto* entry = static_cast<ocontext_t*>(std::calloc(1, sizeof(ocontext_t)));
    CORDON_INVARIANT(entry != nullptr);
    for (const auto& [name, number] : kProtocols)
      if (name == port.protocol) entry->u.port.protocol = number;
    entry->u.port.low_port = port.low;
    entry->u.port.high_port = port.high;
    context_cpy(&entry->context[0], context);
    entry->next = impl_.db.ocontexts[OCON_PORT];
    impl_.db.ocontexts[OCON_PORT] = entry;
  }
}

Result<void> Linker::run() {
  const std::vector<std::string> lacking = missing();
  if (!lacking.empty())
    return Error{ErrorCode::kBadInput, "the module needs what the policy lacks: " + cordon::join(lacking, ", "),
                 impl_.where, "give the policy that the module was made for with --policy"};
  if (auto checked = check_transitions(); !checked) return checked;
  for (const std::string& name : module_.attributes) declare(name, TYPE_ATTRIB);
  for (const std::string& name : module_.types) declare(name, TYPE_TYPE);
  for (const std::string& name : module_.roles) declare_role(name);
  for (const auto& [type, attributes] : module_.type_attributes)
    for (const std::string& attribute : attributes) join(type, attribute);
  for (const auto& [access, perms] : module_.rules) add_rule(access, perms);
  for (const auto& [access, numbers] : module_.ioctls) add_extended(access, numbers, AVTAB_XPERMS_IOCTLFUNCTION);
  for (const auto& [access, numbers] : module_.messages) add_extended(access, numbers, kXpermsMessage);
  for (const TypeRule& rule : module_.type_rules) add_type_rule(rule);
  add_roles();
  for (const auto& [parent, child] : module_.bounds)
    impl_.db.type_val_to_struct[impl_.type_value(child) - 1]->bounds = impl_.type_value(parent);
  for (const std::string& type : module_.permissive)
    ebitmap_set_bit(&impl_.db.permissive_map, impl_.type_value(type), 1);
  impl_.forget();
  add_ports();
  impl_.forget();
  return {};
}

}  // namespace

Result<void> link_module(PolicyDb& policy, const Module& module, Diagnostics& diagnostics) {
  return Linker(policy, module, diagnostics).run();
}

}  // namespace cordon::selinux
