#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "selinux/policydb.h"
#include "selinux/sepol.h"

namespace cordon::selinux {

// Of libsepol 3.8 and kernel 6.13: what the headers of Debian 12 do not have.
constexpr std::uint8_t kXpermsMessage = 3;          ///< AVTAB_XPERMS_NLMSG
constexpr unsigned kCapabilityNetlinkExtended = 9;  ///< POLICYDB_CAP_NETLINK_XPERM

/// Which conditional a rule of te_cond_avtab hangs on, and on which branch.
struct ConditionalRule {
  const cond_node_t* node = nullptr;
  bool on_true = true;
};

/// An allow or dontaudit rule that matches a request.
struct MatchedRule {
  avtab_key_t key{};
  std::uint32_t data = 0;
  avtab_ptr_t node = nullptr;
  bool conditional = false;
  bool enabled = true;
};

/// Which types and attributes stand as source or target of any rule on a class: most do not, and need not be looked up.
class RuleSides {
 public:
  RuleSides(std::uint32_t types, std::uint32_t classes)
      : types_(types), source_(bits(classes)), target_(bits(classes)) {}
  void add(const avtab_key_t& key) {
    if (key.source_type > types_ || key.target_type > types_ || at(key.source_type, key.target_class) >= source_.size())
      return;
    source_[at(key.source_type, key.target_class)] = true;
    target_[at(key.target_type, key.target_class)] = true;
  }
  bool source(std::uint32_t type, std::uint32_t klass) const { return source_.at(at(type, klass)); }
  bool target(std::uint32_t type, std::uint32_t klass) const { return target_.at(at(type, klass)); }

 private:
  std::size_t bits(std::uint32_t classes) const { return (std::size_t{types_} + 1) * (std::size_t{classes} + 1); }
  std::size_t at(std::uint32_t type, std::uint32_t klass) const { return klass * (std::size_t{types_} + 1) + type; }
  std::uint32_t types_;
  std::vector<bool> source_, target_;
};

struct PolicyDb::Impl {
  Impl();
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  mutable policydb_t db{};
  mutable sidtab_t sids{};
  bool loaded = false;
  std::string where;
  std::string digest;
  mutable std::unordered_map<std::string, sepol_security_id_t> sid_of;
  mutable std::unordered_map<avtab_ptr_t, ConditionalRule> conditionals;
  mutable std::map<std::vector<BooleanSetting>, std::size_t> opens;
  mutable std::unordered_map<std::uint64_t, std::uint32_t> allowed_cache;  ///< by sids and class
  mutable std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> attributes_of;
  mutable std::unordered_map<std::uint32_t, std::vector<std::string>> perm_names_of;  ///< by class
  mutable std::optional<RuleSides> rule_sides;

  void use() const;  ///< points libsepol's process-wide pointers at this policy
  std::optional<sepol_security_id_t> sid(const std::string& context) const;
  const context_struct_t* context(const std::string& text) const;
  const class_datum_t* klass(std::string_view name) const;
  std::uint32_t perm_bit(const class_datum_t& klass, std::string_view perm) const;  ///< 0: unknown
  std::uint32_t type_value(std::string_view name) const;                            ///< 0: unknown
  std::string type_name(std::uint32_t value) const;
  std::uint32_t allowed(sepol_security_id_t source, sepol_security_id_t target, std::uint32_t klass) const;
  const std::vector<std::uint32_t>& attributes(std::uint32_t type) const;  ///< with itself; positions: values - 1
  /// What every member of an attribute may do to itself (AVTAB_ALLOWED; AVTAB_AUDITDENY: what of that is not logged).
  /// "allow ATTRIBUTE self:…" is kept in a binary policy as one rule for each member: where there are enough of them
  /// that chance is ruled out, what all have is taken for such a rule. `but`: a member left aside.
  std::uint32_t self_perms(std::uint32_t attribute, std::uint32_t klass, std::uint16_t kind,
                           std::uint32_t but = 0) const;
  const RuleSides& sides() const;
  std::vector<MatchedRule> match(std::uint32_t source, std::uint32_t target, std::uint32_t klass,
                                 std::uint16_t specified) const;
  std::string rule_text(const MatchedRule& rule) const;
  const std::vector<std::string>& perm_names(std::uint32_t klass) const;  ///< 32, by their bits
  std::string perms_text(std::uint32_t klass, std::uint32_t bits) const;
  const ConditionalRule* conditional(avtab_ptr_t node) const;
  std::string condition_text(const cond_node_t& node) const;
  std::string text(sepol_security_id_t sid) const;
  void forget();  ///< after the policy was changed: drops everything that was cached
};

/// The name's datum in one of libsepol's symbol tables, or null.
template <class Datum>
const Datum* find_symbol(const symtab_t& table, std::string_view name) {
  return static_cast<const Datum*>(hashtab_search(table.table, std::string(name).c_str()));
}

/// The positions of the set bits.
std::vector<std::uint32_t> bits_of(const ebitmap_t& map);

/// libsepol's messages while a scope lives, instead of on stderr.
class SepolMessages {
 public:
  SepolMessages();
  ~SepolMessages();
  SepolMessages(const SepolMessages&) = delete;
  SepolMessages& operator=(const SepolMessages&) = delete;
  sepol_handle_t* handle() const { return handle_; }
  const std::string& text() const { return text_; }  ///< the messages, "; " between them
  void add(std::string_view message);

 private:
  sepol_handle_t* handle_;
  std::string text_;
};

}  // namespace cordon::selinux
