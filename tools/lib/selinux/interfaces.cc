#include "selinux/interfaces.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/fd.h"
#include "base/text.h"
#include "selinux/m4.h"

namespace cordon::selinux {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{16} << 20;
const std::string kFirst = "$1";
const std::string kSecond = "$2";

/// "{", "}", ":" and ";" apart, the rest by blanks.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  const auto flush = [&] {
    if (!word.empty()) out.push_back(std::move(word));
    word.clear();
  };
  for (char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      flush();
    } else if (c == '{' || c == '}' || c == ':' || c == ';' || c == '~' || c == '*' || c == ',') {
      flush();
      out.emplace_back(1, c);
    } else {
      word += c;
    }
  }
  flush();
  return out;
}

/// A cursor over one statement's words.
struct Statement {
  const std::vector<std::string>& words;
  std::size_t at;
  std::size_t end;
  bool wide = false;  ///< a complement, a subtraction or "*"

  bool done() const { return at >= end; }
  std::set<std::string> set() {
    std::set<std::string> out;
    std::size_t depth = 0;
    while (!done()) {
      const std::string& word = words[at];
      if (word == "~" || word == "*" || word.starts_with("-")) wide = true;
      if (word == ":" && depth == 0) break;
      ++at;
      if (word == "{")
        ++depth;
      else if (word == "}")
        depth = depth == 0 ? 0 : depth - 1;
      else if (word != "~" && word != "*" && !word.starts_with("-"))
        out.insert(word);
      if (depth == 0 && word != "~") break;
    }
    return out;
  }
  void colon() {
    if (!done() && words[at] == ":") ++at;
  }
};

}  // namespace

class InterfaceReader {
 public:
  InterfaceReader(const Macros& macros, Interfaces& out) : macros_(macros), out_(out) {}
  void read(const std::string& name);

 private:
  void statement(const std::vector<std::string>& words, std::size_t start, std::size_t end,
                 Interfaces::Interface& made);
  bool allow(Statement statement, Interfaces::Interface& made);

  const Macros& macros_;
  Interfaces& out_;
  bool wide_ = false;
};

bool InterfaceReader::allow(Statement statement, Interfaces::Interface& made) {
  const auto sources = statement.set();
  const auto targets = statement.set();
  statement.colon();
  const auto classes = statement.set();
  const auto perms = statement.set();
  if (statement.wide || perms.empty()) return false;
  for (const std::string& source : sources)
    for (const std::string& target : targets)
      for (const std::string& klass : classes)
        made.vectors[{source, target == "self" ? source : target, klass}].insert(perms.begin(), perms.end());
  return true;
}

void InterfaceReader::statement(const std::vector<std::string>& words, std::size_t start, std::size_t end,
                                Interfaces::Interface& made) {
  if (start >= end) return;
  const std::string& keyword = words[start];
  if (keyword == "dontaudit" || keyword == "class" || keyword == "type" || keyword == "attribute") return;
  if (keyword != "allow") {
    // What a domain joins may grant much: more than any set of plain rules.
    made.more += keyword == "typeattribute" || keyword == "roleattribute" ? 1000 : 1;
    return;
  }
  if (!allow({words, start + 1, end}, made)) wide_ = true;
}

void InterfaceReader::read(const std::string& name) {
  Macros::Met met;
  const std::vector<std::string> placeholders = {kFirst, kSecond, "$3", "$4"};
  const std::vector<std::string> words = words_of(macros_.call(name, placeholders, met));
  Interfaces::Interface made{name, {}, 0, false};
  wide_ = false;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= words.size(); ++i) {
    if (i < words.size() && words[i] != ";") continue;
    statement(words, start, i, made);
    start = i + 1;
  }
  if (met.unknown) ++out_.unreadable_;
  if (met.unknown || met.deprecated || wide_ || made.vectors.empty()) return;
  if (met.conditional) ++made.more;
  for (const auto& [vector, perms] : made.vectors) {
    for (const std::string* type : {&vector.source, &vector.target}) {
      if (*type == kSecond) made.second = true;
      if (type->starts_with("$3") || type->starts_with("$4")) return;
    }
  }
  out_.interfaces_.push_back(std::move(made));
}

void Interfaces::index(const PolicyDb* policy) {
  for (std::size_t i = 0; i < interfaces_.size(); ++i)
    for (const auto& [vector, perms] : interfaces_[i].vectors) {
      if (vector.source == kFirst) by_target_.emplace(std::pair(vector.target, vector.klass), i);
      if (policy != nullptr && !weight_.contains(vector.target) && policy->has_attribute(vector.target))
        weight_[vector.target] = policy->types_of(vector.target).size();
    }
}

Result<Interfaces> Interfaces::parse(const std::vector<std::pair<std::string, std::string>>& files,
                                     const PolicyDb* policy) {
  Macros macros;
  Interfaces out;
  for (const auto& [name, text] : files) out.unreadable_ += macros.read(text);
  InterfaceReader reader(macros, out);
  for (const std::string& name : macros.interfaces()) reader.read(name);
  out.index(policy);
  return out;
}

Result<Interfaces> Interfaces::load(const std::string& directory, const PolicyDb* policy) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<std::string> paths;
  for (fs::recursive_directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    const std::string path = it->path().string();
    // The macros that these two files define are built into the reader.
    const bool own = path.ends_with("loadable_module.spt") || path.ends_with("misc_macros.spt");
    if ((path.ends_with(".if") || path.ends_with(".spt")) && !own) paths.push_back(path);
  }
  if (error)
    return Error{ErrorCode::kEnvironment, "no refpolicy interfaces: " + error.message(), directory,
                 "apt install selinux-policy-dev"};
  std::sort(paths.begin(), paths.end());
  std::vector<std::pair<std::string, std::string>> files;
  for (const std::string& path : paths) {
    auto text = read_file(path, kMaxFileBytes);
    if (!text) return text.error();
    files.emplace_back(path, std::move(*text));
  }
  auto out = parse(files, policy);
  if (out && out->size() == 0) return Error{ErrorCode::kBadInput, "no interface is defined here", directory, {}};
  return out;
}

namespace {

std::string bound(const std::string& name, const std::string& source, const std::string& target) {
  if (name == kFirst) return source;
  return name == kSecond ? target : name;
}

}  // namespace

std::vector<InterfaceCall> Interfaces::matches(const std::string& source, const std::string& target,
                                               const std::string& klass, const std::set<std::string>& perms,
                                               const Vectors& needed, std::size_t limit) const {
  std::vector<InterfaceCall> out;
  for (const std::string& wanted : {target == source ? kFirst : target, kSecond}) {
    const auto [begin, end] = by_target_.equal_range(std::pair(wanted, klass));
    for (auto found = begin; found != end; ++found) {
      const Interface& interface = interfaces_[found->second];
      if (interface.second != (wanted == kSecond)) continue;
      const auto& granted = interface.vectors.at({kFirst, wanted, klass});
      if (!std::includes(granted.begin(), granted.end(), perms.begin(), perms.end())) continue;
      InterfaceCall call{interface.name + "(" + source + (interface.second ? ", " + target : "") + ")",
                         interface.name,
                         0,
                         interface.more,
                         {},
                         {}};
      for (const auto& [vector, bits] : interface.vectors) {
        const Vector real{bound(vector.source, source, target), bound(vector.target, source, target), vector.klass};
        const auto need = needed.find(real);
        const auto weight = weight_.find(vector.target);
        for (const std::string& perm : bits) {
          const bool wanted_perm = (real == Vector{source, target, klass} && perms.contains(perm)) ||
                                   (need != needed.end() && need->second.contains(perm));
          if (wanted_perm)
            ++call.requested;
          else
            call.excess += weight == weight_.end() ? 1 : weight->second;
        }
        call.vectors[real].insert(bits.begin(), bits.end());
        call.grants.push_back(fmt::format("allow {} {}:{} {{ {} }};", real.source,
                                          real.target == real.source ? "self" : real.target, real.klass,
                                          fmt::join(bits, " ")));
      }
      out.push_back(std::move(call));
    }
  }
  std::sort(out.begin(), out.end(), [](const InterfaceCall& a, const InterfaceCall& b) {
    return std::tuple(a.excess, b.requested, a.text) < std::tuple(b.excess, a.requested, b.text);
  });
  out.resize(std::min(out.size(), limit));
  return out;
}

}  // namespace cordon::selinux
