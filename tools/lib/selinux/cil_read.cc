#include <fmt/format.h>

#include <functional>

#include "base/bytes.h"
#include "base/text.h"
#include "selinux/cil.h"

namespace cordon::selinux {
namespace {

using Words = std::vector<std::string>;

class CilReader {
 public:
  CilReader(const std::string& where, Diagnostics& diagnostics) : where_(where), diagnostics_(diagnostics) {}

  Result<void> statement(const Sexp& sexp);
  Module take() { return std::move(module_); }

 private:
  using Method = Result<void> (CilReader::*)(const Sexp&);
  struct Row {
    std::string_view keyword;
    std::size_t operands;  // at least
    Method read;
  };
  static const Row kRows[];

  Error fail(const Sexp& sexp, const std::string& what) const {
    return Error{ErrorCode::kBadInput, what, fmt::format("{}:{}", where_, sexp.line), {}};
  }
  Result<Words> flat(const Sexp& sexp) const;

  Result<void> type(const Sexp& sexp);
  Result<void> attribute(const Sexp& sexp);
  Result<void> attribute_set(const Sexp& sexp);
  Result<void> role(const Sexp& sexp);
  Result<void> role_type(const Sexp& sexp);
  Result<void> role_allow(const Sexp& sexp);
  Result<void> role_transition(const Sexp& sexp);
  Result<void> bounds(const Sexp& sexp);
  Result<void> permissive(const Sexp& sexp);
  Result<void> access(const Sexp& sexp);
  Result<void> extended(const Sexp& sexp);
  Result<void> type_rule(const Sexp& sexp);
  Result<void> file_context(const Sexp& sexp);
  Result<void> port(const Sexp& sexp);
  Result<void> optional(const Sexp& sexp);
  Result<void> nothing(const Sexp&) { return {}; }

  const std::string& where_;
  Diagnostics& diagnostics_;
  Module module_;
};

const CilReader::Row CilReader::kRows[] = {
    {"type", 1, &CilReader::type},
    {"typeattribute", 1, &CilReader::attribute},
    {"typeattributeset", 2, &CilReader::attribute_set},
    {"role", 1, &CilReader::role},
    {"roletype", 2, &CilReader::role_type},
    {"roleallow", 2, &CilReader::role_allow},
    {"roletransition", 4, &CilReader::role_transition},
    {"typebounds", 2, &CilReader::bounds},
    {"typepermissive", 1, &CilReader::permissive},
    {"allow", 3, &CilReader::access},
    {"dontaudit", 3, &CilReader::access},
    {"auditallow", 3, &CilReader::access},
    {"neverallow", 3, &CilReader::access},
    {"allowx", 3, &CilReader::extended},
    {"dontauditx", 3, &CilReader::extended},
    {"auditallowx", 3, &CilReader::extended},
    {"neverallowx", 3, &CilReader::extended},
    {"typetransition", 4, &CilReader::type_rule},
    {"typechange", 4, &CilReader::type_rule},
    {"typemember", 4, &CilReader::type_rule},
    {"filecon", 3, &CilReader::file_context},
    {"portcon", 3, &CilReader::port},
    {"optional", 1, &CilReader::optional},
    {"roleattributeset", 0, &CilReader::nothing},
    {"handleunknown", 0, &CilReader::nothing},
    {"mls", 0, &CilReader::nothing},
};

Result<void> CilReader::statement(const Sexp& sexp) {
  if (!sexp.list || sexp.items.empty() || sexp.items[0].list) return fail(sexp, "not a CIL statement");
  const std::string& keyword = sexp.items[0].word;
  for (const Row& row : kRows) {
    if (row.keyword != keyword) continue;
    if (sexp.items.size() <= row.operands) return fail(sexp, fmt::format("({} …) has too few operands", keyword));
    return (this->*row.read)(sexp);
  }
  Error error = fail(sexp, fmt::format("the CIL statement ({} …) is not one of a flat module", printable(keyword)));
  if (keyword == "block" || keyword == "blockinherit" || keyword == "call")
    error.hint = "blocks and macros are whole only with the templates: make the module without --templates to check it";
  return error;
}

/// The operands as words; a list of plain words counts as one word each.
Result<Words> CilReader::flat(const Sexp& sexp) const {
  Words out;
  for (std::size_t i = 1; i < sexp.items.size(); ++i) {
    if (sexp.items[i].list)
      return fail(sexp, fmt::format("({} …) has a list where a name belongs", sexp.items[0].word));
    out.push_back(sexp.items[i].word);
  }
  return out;
}

Result<void> CilReader::type(const Sexp& sexp) {
  auto words = flat(sexp);
  if (!words) return words.error();
  module_.types.insert((*words)[0]);
  return {};
}

Result<void> CilReader::attribute(const Sexp& sexp) {
  auto words = flat(sexp);
  if (!words) return words.error();
  module_.attributes.insert((*words)[0]);
  return {};
}

Result<void> CilReader::attribute_set(const Sexp& sexp) {
  const std::string& attribute = sexp.items[1].word;
  if (attribute == "cil_gen_require") return {};
  const Sexp& members = sexp.items[2];
  if (!members.list) {
    module_.type_attributes[members.word].insert(attribute);
    return {};
  }
  for (const Sexp& member : members.items) {
    const bool operation = member.word == "and" || member.word == "or" || member.word == "not" ||
                           member.word == "xor" || member.word == "all";
    if (member.list || operation) return fail(sexp, "an attribute set with an expression is not one of a flat module");
    module_.type_attributes[member.word].insert(attribute);
  }
  return {};
}

Result<void> CilReader::role(const Sexp& sexp) {
  auto words = flat(sexp);
  if (!words) return words.error();
  module_.roles.insert((*words)[0]);
  return {};
}

Result<void> CilReader::role_type(const Sexp& sexp) {
  auto words = flat(sexp);
  if (!words) return words.error();
  if ((*words)[0] != "object_r") module_.role_types.insert({(*words)[0], (*words)[1]});
  return {};
}

Result<void> CilReader::role_allow(const Sexp& sexp) {
  auto words = flat(sexp);
  if (!words) return words.error();
  module_.role_allows.insert({(*words)[0], (*words)[1]});
  return {};
}

Result<void> CilReader::role_transition(const Sexp& sexp) {
  auto words = flat(sexp);
  if (!words) return words.error();
  module_.role_transitions.insert({(*words)[0], (*words)[1], (*words)[2], (*words)[3]});
  return {};
}

Result<void> CilReader::bounds(const Sexp& sexp) {
  auto words = flat(sexp);
  if (!words) return words.error();
  module_.bounds.insert({(*words)[0], (*words)[1]});
  return {};
}

Result<void> CilReader::permissive(const Sexp& sexp) {
  auto words = flat(sexp);
  if (!words) return words.error();
  module_.permissive.insert((*words)[0]);
  return {};
}

std::optional<RuleKind> rule_kind(std::string_view word) {
  for (RuleKind kind : {RuleKind::kAllow, RuleKind::kDontaudit, RuleKind::kAuditallow, RuleKind::kNeverallow})
    if (name_of(kind) == word) return kind;
  return std::nullopt;
}

Result<void> CilReader::access(const Sexp& sexp) {
  const Sexp& what = sexp.items[3];
  if (sexp.items[1].list || sexp.items[2].list || !what.list || what.items.size() != 2 || what.items[0].list ||
      !what.items[1].list)
    return fail(sexp, "an access rule is (allow SOURCE TARGET (CLASS (PERMISSION …)))");
  auto& perms =
      module_.rules[{*rule_kind(sexp.items[0].word), sexp.items[1].word, sexp.items[2].word, what.items[0].word}];
  for (const Sexp& perm : what.items[1].items) {
    if (perm.list || perm.word == "all" || perm.word == "not")
      return fail(sexp, "a permission expression is not one of a flat module");
    perms.insert(perm.word);
  }
  return {};
}

std::optional<std::uint16_t> extended_number(std::string_view word) {
  if (word.starts_with("0x")) return parse_number<std::uint16_t>(word.substr(2), 16);
  return parse_number<std::uint16_t>(word);
}

Result<void> CilReader::extended(const Sexp& sexp) {
  const Sexp& what = sexp.items[3];
  const std::string keyword = sexp.items[0].word.substr(0, sexp.items[0].word.size() - 1);
  const ExtendedKind* kind = nullptr;
  for (const ExtendedKind& one : kExtendedKinds)
    if (what.list && what.items.size() == 3 && what.items[0].word == one.perm && what.items[2].list) kind = &one;
  if (kind == nullptr)
    return fail(sexp,
                "an extended rule is (allowx SOURCE TARGET (ioctl CLASS (NUMBER …))), or nlmsg in place of ioctl");
  auto& numbers =
      (module_.*kind->rules)[{*rule_kind(keyword), sexp.items[1].word, sexp.items[2].word, what.items[1].word}];
  for (const Sexp& item : what.items[2].items) {
    const bool range = item.list && item.items.size() == 3 && item.items[0].word == "range";
    const auto low = extended_number(range ? item.items[1].word : item.word);
    const auto high = range ? extended_number(item.items[2].word) : low;
    if (!low || !high || *low > *high)

      return fail(sexp, fmt::format("{} is a number up to 0xffff, or (range A B)",
                                    kind->perm == "ioctl" ? "an ioctl command" : "a netlink message type"));
    for (std::uint32_t number = *low; number <= *high; ++number) numbers.insert(static_cast<std::uint16_t>(number));
  }
  return {};
}

Result<void> CilReader::type_rule(const Sexp& sexp) {
  auto words = flat(sexp);
  if (!words) return words.error();
  const std::string& keyword = sexp.items[0].word;
  TypeRule rule;
  rule.kind = keyword == "typechange" ? "type_change" : keyword == "typemember" ? "type_member" : "type_transition";
  rule.source = (*words)[0];
  rule.target = (*words)[1];
  rule.klass = (*words)[2];
  rule.name = words->size() > 4 ? (*words)[3] : "";
  rule.result = words->back();
  module_.type_rules.insert(rule);
  return {};
}

/// The type in (user role type range).
std::optional<std::string> context_type(const Sexp& sexp) {
  if (!sexp.list || sexp.items.size() < 3 || sexp.items[2].list) return std::nullopt;
  return sexp.items[2].word;
}

Result<void> CilReader::file_context(const Sexp& sexp) {
  static constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"file", "--"},  {"dir", "-d"},    {"symlink", "-l"}, {"char", "-c"},
      {"block", "-b"}, {"socket", "-s"}, {"pipe", "-p"},    {"any", ""}};
  FileContext out{sexp.items[1].word, {}, {}, {}};
  for (const auto& [cil, te] : kWords)
    if (cil == sexp.items[2].word) out.file_type = te;
  const Sexp& context = sexp.items[3];
  const auto type = context_type(context);
  if (!type && !(context.list && context.items.empty())) return fail(sexp, "a file context needs a context or ()");
  out.type = type.value_or("");
  module_.contexts.push_back(std::move(out));
  return {};
}

Result<void> CilReader::port(const Sexp& sexp) {
  const Sexp& range = sexp.items[2];
  const bool pair = range.list && range.items.size() == 2;
  const auto low = parse_number<std::uint16_t>(pair ? range.items[0].word : range.word);
  const auto high = pair ? parse_number<std::uint16_t>(range.items[1].word) : low;
  const auto type = context_type(sexp.items[3]);
  if (!low || !high || !type) return fail(sexp, "a port context is (portcon PROTOCOL PORT (USER ROLE TYPE RANGE))");
  module_.ports.push_back({sexp.items[1].word, *low, *high, *type});
  return {};
}

Result<void> CilReader::optional(const Sexp& sexp) {
  diagnostics_.note("the optional " + printable(sexp.items[1].word) + " is read as if its needs were met",
                    fmt::format("{}:{}", where_, sexp.line));
  for (std::size_t i = 2; i < sexp.items.size(); ++i)
    if (auto read = statement(sexp.items[i]); !read) return read;
  return {};
}

}  // namespace

Result<Module> read_cil(std::string_view text, const std::string& where, Diagnostics& diagnostics) {
  auto sexps = parse_cil(text, where);
  if (!sexps) return sexps.error();
  CilReader reader(where, diagnostics);
  for (const Sexp& sexp : *sexps)
    if (auto read = reader.statement(sexp); !read) return read.error();
  return reader.take();
}

}  // namespace cordon::selinux
