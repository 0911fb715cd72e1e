#include "selinux/neverallow.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/fd.h"
#include "base/text.h"
#include "selinux/spawn.h"

namespace cordon::selinux {
namespace {

constexpr std::size_t kMaxDepth = 32;  // of attribute sets that name each other

std::string text_of(const Sexp& sexp) {
  if (!sexp.list) return sexp.quoted ? "\"" + sexp.word + "\"" : sexp.word;
  std::string out = "(";
  for (const Sexp& item : sexp.items) out += (out.size() > 1 ? " " : "") + text_of(item);
  return out + ")";
}

constexpr std::size_t kPiece = std::size_t{256} << 10;
constexpr std::string_view kKeywords[] = {"neverallow", "typeattributeset"};

/// The next byte from `at` on that structures CIL; npos: none. A base module is megabytes of others.
std::size_t next_mark(std::string_view text, std::size_t at) {
  constexpr auto kMarks = [] {
    std::array<bool, 256> out{};
    for (const char c : {'(', ')', ';', '"'}) out[static_cast<unsigned char>(c)] = true;
    return out;
  }();
  while (at < text.size() && !kMarks[static_cast<unsigned char>(text[at])]) ++at;
  return at < text.size() ? at : std::string_view::npos;
}

/// Where the expression that opens at `at` ends; npos if it does not. Strings and comments may hold parentheses.
std::size_t expression_end(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while ((at = next_mark(text, at)) != std::string_view::npos) {
    const char c = text[at];
    if (c == ';' || c == '"') at = text.find(c == ';' ? '\n' : '"', at + 1);
    if (at == std::string_view::npos) break;
    depth += c == '(' ? 1 : 0;
    ++at;
    if (c == ')' && --depth == 0) return at;
  }
  return std::string_view::npos;
}

/// Takes CIL in pieces and keeps the statements that matter here, each on the line on which it stood. What does not
/// belong where it stands is kept too, for the parser to say what is wrong.
class Sieve {
 public:
  void add(std::string_view piece) {
    rest_ += piece;
    rest_.erase(0, take(rest_));
  }
  std::string finish() {
    keep(rest_);
    return std::move(kept_);
  }

 private:
  std::size_t take(std::string_view text);
  void keep(std::string_view statement) {
    kept_.append(std::exchange(lines_, 0), '\n');
    kept_ += statement;
  }
  void leave_out(std::string_view text) {
    for (std::size_t at = 0; (at = text.find('\n', at)) != std::string_view::npos; ++at) ++lines_;
  }

  std::string kept_;
  std::string rest_;       ///< an expression that goes on in the next piece
  std::size_t lines_ = 0;  ///< left out since the last statement that was kept
};

bool is_wanted(std::string_view expression) {
  if (expression.front() == ';') return false;
  const std::string_view inner = trim(expression.substr(1, 64));
  return expression.front() != '(' || std::any_of(std::begin(kKeywords), std::end(kKeywords),
                                                  [&](std::string_view k) { return inner.starts_with(k); });
}

/// Where what begins at `at` ends; npos: not in this text.
std::size_t end_of(std::string_view text, std::size_t at) {
  if (text[at] == '(') return expression_end(text, at);
  if (text[at] == ')') return at + 1;
  const std::size_t close = text.find(text[at] == ';' ? '\n' : '"', at + 1);
  return close == std::string_view::npos ? close : close + 1;
}

/// How much of the text is taken: whole expressions.
std::size_t Sieve::take(std::string_view text) {
  std::size_t taken = 0;
  for (std::size_t at; (at = next_mark(text, taken)) != std::string_view::npos;) {
    const std::size_t end = end_of(text, at);
    if (end == std::string_view::npos) break;
    leave_out(text.substr(taken, at - taken));
    const std::string_view expression = text.substr(at, end - at);
    is_wanted(expression) ? keep(expression) : leave_out(expression);
    taken = end;
  }
  return taken;
}

std::string_view leading(const Sexp& sexp) {
  return sexp.list && !sexp.items.empty() && !sexp.items[0].list ? std::string_view(sexp.items[0].word)
                                                                 : std::string_view();
}

}  // namespace

/// Answers whether a type is in a set. Unknown names make the answer unknown.
class NeverallowChecker {
 public:
  enum class In : std::uint8_t { kNo, kYes, kUnknown };

  NeverallowChecker(const Neverallows& rules, const Module& module, const PolicyDb& policy)
      : rules_(rules), module_(module), policy_(policy) {}

  NeverallowReport run();

 private:
  In in(const std::string& type, const Sexp& set, std::size_t depth = 0);
  In in_name(const std::string& type, const std::string& name, std::size_t depth);
  In in_list(const std::string& type, const Sexp& set, std::size_t depth);
  In breaks(const Neverallows::Rule& rule, const Vector& vector);
  void check(const Neverallows::Rule& rule, const Vectors& vectors, NeverallowReport& out);

  const Neverallows& rules_;
  const Module& module_;
  const PolicyDb& policy_;
  std::map<std::pair<std::string, std::string>, In> known_;
  std::string unknown_;
};

using In = NeverallowChecker::In;

In negate(In in) {
  if (in == In::kUnknown) return in;
  return in == In::kYes ? In::kNo : In::kYes;
}

In NeverallowChecker::in_name(const std::string& type, const std::string& name, std::size_t depth) {
  if (name == type || name == "all") return In::kYes;
  const auto own = module_.type_attributes.find(type);
  if (own != module_.type_attributes.end() && own->second.contains(name)) return In::kYes;
  const auto key = std::pair(type, name);
  if (const auto found = known_.find(key); found != known_.end()) return found->second;
  In out = In::kNo;
  bool told = policy_.has_type(name) || policy_.has_attribute(name) || module_.types.contains(type);
  if (policy_.has_attribute(name)) {
    const auto attributes = policy_.attributes_of(type);
    if (std::binary_search(attributes.begin(), attributes.end(), name)) out = In::kYes;
  } else if (const auto sets = rules_.sets_.find(name); sets != rules_.sets_.end()) {
    told = true;
    for (const Sexp& set : sets->second) out = std::max(out, in(type, set, depth + 1));
  }
  if (!told) {
    unknown_ = name;
    out = In::kUnknown;
  }
  known_[key] = out;
  return out;
}

/// A list of names is their union; a list that starts with an operator is that expression.
In NeverallowChecker::in_list(const std::string& type, const Sexp& set, std::size_t depth) {
  const std::string_view operation = leading(set);
  const bool is_operation = operation == "and" || operation == "or" || operation == "not" || operation == "xor";
  std::vector<In> parts;
  for (std::size_t i = is_operation ? 1 : 0; i < set.items.size(); ++i)
    parts.push_back(in(type, set.items[i], depth + 1));
  if (parts.empty()) return In::kNo;
  if (operation == "not") return negate(parts[0]);
  if (operation == "and")
    return *std::min_element(parts.begin(), parts.end(), [](In a, In b) {
      return std::tuple(a != In::kNo, a == In::kYes) < std::tuple(b != In::kNo, b == In::kYes);
    });
  if (std::find(parts.begin(), parts.end(), In::kYes) != parts.end() && operation != "xor") return In::kYes;
  if (std::find(parts.begin(), parts.end(), In::kUnknown) != parts.end()) return In::kUnknown;
  if (operation == "xor") return std::count(parts.begin(), parts.end(), In::kYes) % 2 == 1 ? In::kYes : In::kNo;
  return In::kNo;
}

In NeverallowChecker::in(const std::string& type, const Sexp& set, std::size_t depth) {
  if (depth > kMaxDepth) return In::kUnknown;
  return set.list ? in_list(type, set, depth) : in_name(type, set.word, depth);
}

In NeverallowChecker::breaks(const Neverallows::Rule& rule, const Vector& vector) {
  const In source = in(vector.source, rule.source);
  if (source == In::kNo) return source;
  const bool self = !rule.target.list && rule.target.word == "self";
  const In target = self ? (vector.source == vector.target ? In::kYes : In::kNo) : in(vector.target, rule.target);
  if (target == In::kNo) return target;
  return source == In::kYes && target == In::kYes ? In::kYes : In::kUnknown;
}

void NeverallowChecker::check(const Neverallows::Rule& rule, const Vectors& vectors, NeverallowReport& out) {
  bool told = true;
  for (const auto& [vector, perms] : vectors) {
    if (vector.klass != rule.klass) continue;
    std::set<std::string> common;
    std::set_intersection(perms.begin(), perms.end(), rule.perms.begin(), rule.perms.end(),
                          std::inserter(common, common.end()));
    if (common.empty()) continue;
    const In broken = breaks(rule, vector);
    told = told && broken != In::kUnknown;
    if (broken != In::kYes) continue;
    out.broken.push_back(
        {rule.text, fmt::format("{}:{}", rules_.where_, rule.line),
         fmt::format("allow {} {}:{} {{ {} }};", vector.source, vector.source == vector.target ? "self" : vector.target,
                     vector.klass, fmt::join(common, " ")),
         vector, common});
  }
  if (told)
    ++out.checked;
  else
    out.unchecked.push_back(rule.text + ": " + unknown_ + " is unknown");
}

NeverallowReport NeverallowChecker::run() {
  NeverallowReport out;
  Vectors vectors = vectors_of(module_, &policy_);
  for (const auto& [type, attributes] : module_.type_attributes)
    for (const std::string& attribute : attributes)
      for (auto& [vector, perms] : vectors_of_attribute(policy_, type, attribute)) vectors[vector].merge(perms);
  for (const auto& rule : rules_.rules_) check(rule, vectors, out);
  std::sort(out.broken.begin(), out.broken.end(),
            [](const Broken& a, const Broken& b) { return std::tie(a.rule, a.where) < std::tie(b.rule, b.where); });
  return out;
}

NeverallowReport Neverallows::check(const Module& module, const PolicyDb& policy) const {
  return NeverallowChecker(*this, module, policy).run();
}

Result<Neverallows> Neverallows::parse(std::string_view cil, const std::string& where) {
  const Read read = [&cil](char* buffer, std::size_t size) -> Result<std::size_t> {
    const std::size_t part = cil.copy(buffer, size);
    cil.remove_prefix(part);
    return part;
  };
  return parse(read, where);
}

Result<Neverallows> Neverallows::parse(const Read& read, const std::string& where) {
  Sieve sieve;
  std::vector<char> piece(kPiece);
  for (std::size_t all = 0;;) {
    const auto got = read(piece.data(), piece.size());
    if (!got) return got.error();
    if (*got == 0) break;
    if ((all += *got) > kMaxCilBytes) return Error{ErrorCode::kBadInput, "the CIL is longer than 64 MiB", where, {}};
    sieve.add({piece.data(), *got});
  }
  auto sexps = parse_cil(sieve.finish(), where);
  if (!sexps) return sexps.error();
  Neverallows out;
  out.where_ = where;
  for (Sexp& sexp : *sexps) {
    const std::string_view keyword = leading(sexp);
    if (keyword == "typeattributeset" && sexp.items.size() == 3) out.sets_[sexp.items[1].word].push_back(sexp.items[2]);
    if (keyword != "neverallow" || sexp.items.size() != 4) continue;
    const Sexp& what = sexp.items[3];
    if (!what.list || what.items.size() != 2 || !what.items[1].list) continue;
    Rule rule{sexp.items[1], sexp.items[2], what.items[0].word, {}, sexp.line, text_of(sexp)};
    for (const Sexp& perm : what.items[1].items) rule.perms.insert(perm.word);
    out.rules_.push_back(std::move(rule));
  }
  return out;
}

Result<Neverallows> Neverallows::load(const std::string& path) {
  auto bytes = read_file(path, kMaxCilBytes);
  if (!bytes) return bytes.error();
  if (!bytes->starts_with("BZh")) return parse(*bytes, path);
  const auto bzip2 = find_program("bzip2");
  if (!bzip2)
    return Error{ErrorCode::kEnvironment, "bzip2 is not installed, and the file is compressed", path,
                 "apt install bzip2"};
  auto ran = run_program({*bzip2, "-dc", path}, kMaxCilBytes);
  if (!ran) return ran.error();
  if (ran->status != 0) return Error{ErrorCode::kBadInput, "the compressed file is damaged", path, {}};
  return parse(ran->output, path);
}

Result<Neverallows> Neverallows::installed() {
  auto contexts = find_file_contexts();
  if (!contexts) return contexts.error();
  // /etc/selinux/TYPE/contexts/files/file_contexts
  const auto parts = split(*contexts, '/');
  const std::string type(parts.size() > 3 ? parts[3] : "");
  const std::string path = fmt::format("/var/lib/selinux/{}/active/modules/100/base/cil", type);
  if (access(path.c_str(), R_OK) != 0)
    return Error{ErrorCode::kEnvironment, "the installed policy's base module cannot be read", path,
                 "its neverallow rules are not checked"};
  return load(path);
}

}  // namespace cordon::selinux
