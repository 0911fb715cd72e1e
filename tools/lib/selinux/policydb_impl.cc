#include "selinux/policydb_impl.h"

#include <cstdarg>

#include "base/text.h"

namespace cordon::selinux {
namespace {

void take_message(void* messages, sepol_handle_t*, const char* format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  static_cast<SepolMessages*>(messages)->add(line);
}

std::string operand(const policydb_t& db, const cond_expr_t& term) {
  return db.sym_val_to_name[SYM_BOOLS][term.boolean - 1];
}

}  // namespace

std::vector<std::uint32_t> bits_of(const ebitmap_t& map) {
  std::vector<std::uint32_t> out;
  for (const ebitmap_node_t* node = map.node; node != nullptr; node = node->next)
    for (std::uint64_t bits = node->map; bits != 0; bits &= bits - 1)
      out.push_back(node->startbit + static_cast<std::uint32_t>(__builtin_ctzll(bits)));
  return out;
}

SepolMessages::SepolMessages() : handle_(sepol_handle_create()) {
  if (handle_ != nullptr) sepol_msg_set_callback(handle_, take_message, this);
  sepol_debug(0);
}

SepolMessages::~SepolMessages() {
  if (handle_ != nullptr) sepol_handle_destroy(handle_);
}

void SepolMessages::add(std::string_view message) {
  if (text_.size() > 4096) return;
  if (!text_.empty()) text_ += "; ";
  text_ += trim(message);
}

PolicyDb::Impl::Impl() = default;

PolicyDb::Impl::~Impl() {
  if (!loaded) return;
  sepol_set_policydb(nullptr);
  sepol_set_sidtab(nullptr);
  sepol_sidtab_destroy(&sids);
  policydb_destroy(&db);
}

void PolicyDb::Impl::use() const {
  sepol_set_policydb(&db);
  sepol_set_sidtab(&sids);
}

std::optional<sepol_security_id_t> PolicyDb::Impl::sid(const std::string& context) const {
  const auto known = sid_of.find(context);
  if (known != sid_of.end()) return known->second == 0 ? std::nullopt : std::optional(known->second);
  use();
  sepol_security_id_t found = 0;
  const bool whole = context.find('\0') == std::string::npos && parse_context(context).has_value();
  if (!whole || sepol_context_to_sid(context.c_str(), context.size() + 1, &found) != 0) found = 0;
  sid_of.emplace(context, found);
  return found == 0 ? std::nullopt : std::optional(found);
}

const context_struct_t* PolicyDb::Impl::context(const std::string& text) const {
  const auto found = sid(text);
  return found ? sepol_sidtab_search(&sids, *found) : nullptr;
}

const class_datum_t* PolicyDb::Impl::klass(std::string_view name) const {
  return find_symbol<class_datum_t>(db.symtab[SYM_CLASSES], name);
}

std::uint32_t PolicyDb::Impl::perm_bit(const class_datum_t& klass, std::string_view perm) const {
  const auto* datum = find_symbol<perm_datum_t>(klass.permissions, perm);
  if (datum == nullptr && klass.comdatum != nullptr)
    datum = find_symbol<perm_datum_t>(klass.comdatum->permissions, perm);
  return datum == nullptr || datum->s.value == 0 || datum->s.value > 32 ? 0 : 1U << (datum->s.value - 1);
}

std::uint32_t PolicyDb::Impl::type_value(std::string_view name) const {
  const auto* datum = find_symbol<type_datum_t>(db.symtab[SYM_TYPES], name);
  return datum == nullptr ? 0 : datum->s.value;
}

std::string PolicyDb::Impl::type_name(std::uint32_t value) const {
  if (value == 0 || value > db.symtab[SYM_TYPES].nprim) return "?";
  const char* name = db.sym_val_to_name[SYM_TYPES][value - 1];
  return name == nullptr ? "?" : name;
}

std::uint32_t PolicyDb::Impl::allowed(sepol_security_id_t source, sepol_security_id_t target,
                                      std::uint32_t klass) const {
  const std::uint64_t key = (std::uint64_t{source} << 40) ^ (std::uint64_t{target} << 16) ^ klass;
  if (const auto known = allowed_cache.find(key); known != allowed_cache.end()) return known->second;
  use();
  sepol_av_decision decision{};
  const int failed = sepol_compute_av(source, target, static_cast<sepol_security_class_t>(klass), 0, &decision);
  const std::uint32_t bits = failed != 0 ? 0 : decision.allowed;
  allowed_cache.emplace(key, bits);
  return bits;
}

const std::vector<std::uint32_t>& PolicyDb::Impl::attributes(std::uint32_t type) const {
  const auto [found, fresh] = attributes_of.try_emplace(type);
  if (fresh) found->second = bits_of(db.type_attr_map[type - 1]);
  return found->second;
}

std::uint32_t PolicyDb::Impl::self_perms(std::uint32_t attribute, std::uint32_t klass, std::uint16_t kind,
                                         std::uint32_t but) const {
  constexpr std::size_t kEnough = 8;
  std::uint32_t common = ~0U;
  std::size_t members = 0;
  for (const std::uint32_t bit : bits_of(db.attr_type_map[attribute - 1])) {
    const auto member = static_cast<std::uint16_t>(bit + 1);
    if (member == but) continue;
    ++members;
    avtab_key_t search{member, member, static_cast<std::uint16_t>(klass), kind};
    const avtab_datum_t* found = avtab_search(&db.te_avtab, &search);
    common &= found == nullptr ? 0 : kind == AVTAB_ALLOWED ? found->data : ~found->data;
    if (common == 0) return 0;
  }
  return members < kEnough ? 0 : common;
}

namespace {

int note_rule(avtab_key_t* key, avtab_datum_t*, void* sides) {
  static_cast<RuleSides*>(sides)->add(*key);
  return 0;
}

}  // namespace

const RuleSides& PolicyDb::Impl::sides() const {
  if (!rule_sides) {
    rule_sides.emplace(db.symtab[SYM_TYPES].nprim, db.symtab[SYM_CLASSES].nprim);
    avtab_map(&db.te_avtab, note_rule, &*rule_sides);
    avtab_map(&db.te_cond_avtab, note_rule, &*rule_sides);
  }
  return *rule_sides;
}

std::vector<MatchedRule> PolicyDb::Impl::match(std::uint32_t source, std::uint32_t target, std::uint32_t klass,
                                               std::uint16_t specified) const {
  std::vector<MatchedRule> out;
  const RuleSides& known = sides();
  std::vector<std::uint32_t> targets;
  for (const std::uint32_t t : attributes(target))
    if (known.target(t + 1, klass)) targets.push_back(t + 1);
  for (const std::uint32_t s : attributes(source)) {
    if (!known.source(s + 1, klass)) continue;
    for (const std::uint32_t t : targets) {
      avtab_key_t key{static_cast<std::uint16_t>(s + 1), static_cast<std::uint16_t>(t),
                      static_cast<std::uint16_t>(klass), specified};
      for (auto* node = avtab_search_node(&db.te_avtab, &key); node != nullptr;
           node = avtab_search_node_next(node, specified))
        out.push_back({node->key, node->datum.data, node, false, true});
      for (auto* node = avtab_search_node(&db.te_cond_avtab, &key); node != nullptr;
           node = avtab_search_node_next(node, specified))
        out.push_back({node->key, node->datum.data, node, true, (node->key.specified & AVTAB_ENABLED) != 0});
    }
  }
  return out;
}

/// libsepol walks the class's table for each name that it is asked.
const std::vector<std::string>& PolicyDb::Impl::perm_names(std::uint32_t klass) const {
  auto& names = perm_names_of[klass];
  if (!names.empty()) return names;
  use();
  for (int i = 0; i < 32; ++i) {
    const char* name = sepol_av_perm_to_string(static_cast<sepol_security_class_t>(klass), 1U << i);
    names.emplace_back(trim(name == nullptr ? "?" : name));
  }
  return names;
}

std::string PolicyDb::Impl::perms_text(std::uint32_t klass, std::uint32_t bits) const {
  const auto& names = perm_names(klass);
  std::string out = bits == 0 ? "{  " : "{ ";
  for (; bits != 0; bits &= bits - 1) out += names[static_cast<std::size_t>(__builtin_ctz(bits))] + " ";
  return out + "}";
}

std::string PolicyDb::Impl::rule_text(const MatchedRule& rule) const {
  const bool allow = (rule.key.specified & AVTAB_ALLOWED) != 0;
  const std::uint32_t shown = allow ? rule.data : ~rule.data;
  std::string out = std::string(allow ? "allow " : "dontaudit ") + type_name(rule.key.source_type) + " " +
                    type_name(rule.key.target_type) + ":" + db.sym_val_to_name[SYM_CLASSES][rule.key.target_class - 1] +
                    " " + perms_text(rule.key.target_class, shown) + ";";
  const ConditionalRule* condition = rule.conditional ? conditional(rule.node) : nullptr;
  if (condition == nullptr) return out;
  return out + " [ " + condition_text(*condition->node) + " ]:" + (condition->on_true ? "True" : "False");
}

const ConditionalRule* PolicyDb::Impl::conditional(avtab_ptr_t wanted) const {
  if (conditionals.empty()) {
    for (const cond_node_t* node = db.cond_list; node != nullptr; node = node->next) {
      for (auto* rule = node->true_list; rule != nullptr; rule = rule->next) conditionals[rule->node] = {node, true};
      for (auto* rule = node->false_list; rule != nullptr; rule = rule->next) conditionals[rule->node] = {node, false};
    }
  }
  const auto found = conditionals.find(wanted);
  return found == conditionals.end() ? nullptr : &found->second;
}

std::string PolicyDb::Impl::condition_text(const cond_node_t& node) const {
  static constexpr const char* kOperators[] = {"", "", "!", "||", "&&", "^", "==", "!="};
  std::vector<std::string> stack;
  for (const cond_expr_t* term = node.expr; term != nullptr; term = term->next) {
    if (term->expr_type == COND_BOOL) {
      stack.push_back(operand(db, *term));
    } else if (term->expr_type == COND_NOT && !stack.empty()) {
      stack.back() = "!" + stack.back();
    } else if (term->expr_type <= COND_LAST && stack.size() >= 2) {
      const std::string right = stack.back();
      stack.pop_back();
      stack.back() = "(" + stack.back() + " " + kOperators[term->expr_type] + " " + right + ")";
    }
  }
  if (stack.empty()) return "?";
  std::string& whole = stack.back();
  return whole.size() > 2 && whole.front() == '(' ? whole.substr(1, whole.size() - 2) : whole;
}

std::string PolicyDb::Impl::text(sepol_security_id_t sid) const {
  use();
  char* context = nullptr;
  std::size_t size = 0;
  if (sepol_sid_to_context(sid, &context, &size) != 0 || context == nullptr) return {};
  std::string out(context);
  std::free(context);
  return out;
}

void PolicyDb::Impl::forget() {
  sid_of.clear();
  conditionals.clear();
  opens.clear();
  allowed_cache.clear();
  attributes_of.clear();
  perm_names_of.clear();
  rule_sides.reset();
}

}  // namespace cordon::selinux
