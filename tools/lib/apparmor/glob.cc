#include "apparmor/glob.h"

#include <set>

#include "apparmor/text.h"

namespace cordon::apparmor {
namespace {

constexpr int kMaxDepth = 40;
constexpr std::size_t kMaxExpanded = 256 * 1024;

std::bitset<256> any_byte(bool slash) {
  std::bitset<256> set;
  set.set();
  set.reset(0);
  if (!slash) set.reset('/');
  return set;
}

std::bitset<256> one_byte(unsigned char byte) {
  std::bitset<256> set;
  set.set(byte);
  return set;
}

}  // namespace

/// Recursive descent over the glob's text into Glob::Step's.
class GlobBuilder {
 public:
  explicit GlobBuilder(std::string_view text) : text_(text) {}

  std::optional<Glob> build() {
    if (text_.size() > Glob::kMaxText || !sequence(0) || at_ != text_.size()) return std::nullopt;
    emit(Glob::Kind::kAccept);
    return std::move(glob_);
  }

 private:
  std::uint32_t emit(Glob::Kind kind, std::uint32_t first = 0, std::uint32_t second = 0) {
    glob_.steps_.push_back({kind, first, second});
    return static_cast<std::uint32_t>(glob_.steps_.size() - 1);
  }
  std::uint32_t here() const { return static_cast<std::uint32_t>(glob_.steps_.size()); }

  void byte_class(std::bitset<256> set) {
    glob_.classes_.push_back(set);
    emit(Glob::Kind::kByte, static_cast<std::uint32_t>(glob_.classes_.size() - 1));
  }

  void literal(unsigned char byte) {
    byte_class(one_byte(byte));
    if (in_prefix_) glob_.prefix_ += static_cast<char>(byte);
    after_slash_ = byte == '/';
  }

  void wild() {
    in_prefix_ = false;
    after_slash_ = false;
  }

  /// One or more stars; the whole component of a path needs at least one byte.
  void stars() {
    const bool slash = text_.substr(at_, 2) == "**";
    const bool after_slash = after_slash_;
    const std::size_t first = at_;
    at_ += slash ? 2 : 1;
    std::size_t next = first;
    while (next < text_.size() && text_[next] == '*') ++next;
    wild();
    if (after_slash && (next == text_.size() || text_[next] == '/')) byte_class(any_byte(false));
    const std::uint32_t split = emit(Glob::Kind::kSplit);
    byte_class(any_byte(slash));
    emit(Glob::Kind::kJump, split);
    glob_.steps_[split] = {Glob::Kind::kSplit, split + 1, here()};
  }

  /// The byte that stands at `at_` in a class or outside, escapes undone.
  unsigned char take_byte() {
    if (text_[at_] != '\\' || at_ + 1 >= text_.size()) return static_cast<unsigned char>(text_[at_++]);
    std::size_t digits = 0;
    while (digits < 3 && at_ + 1 + digits < text_.size() && text_[at_ + 1 + digits] >= '0' &&
           text_[at_ + 1 + digits] <= '7')
      ++digits;
    const std::string bytes = unescape_name(text_.substr(at_, digits == 0 ? 2 : digits + 1));
    at_ += digits == 0 ? 2 : digits + 1;
    return static_cast<unsigned char>(bytes[0]);
  }

  bool char_class() {
    ++at_;
    wild();
    std::bitset<256> set;
    const bool negated = at_ < text_.size() && text_[at_] == '^';
    if (negated) ++at_;
    const std::size_t first = at_;
    while (at_ < text_.size() && (text_[at_] != ']' || at_ == first)) {
      const unsigned char low = take_byte();
      unsigned char high = low;
      if (at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']') {
        ++at_;
        high = take_byte();
      }
      for (unsigned byte = low; byte <= high; ++byte) set.set(byte);
    }
    if (at_ == text_.size()) return false;
    ++at_;
    byte_class(negated ? ~set & any_byte(true) : set);
    return true;
  }

  bool alternation(int depth) {
    if (depth > kMaxDepth) return false;
    ++at_;
    wild();
    std::vector<std::uint32_t> ends;
    int branches = 0;
    while (true) {
      const std::uint32_t split = emit(Glob::Kind::kSplit);
      after_slash_ = false;
      if (!sequence(depth)) return false;
      ++branches;
      ends.push_back(emit(Glob::Kind::kJump));
      glob_.steps_[split] = {Glob::Kind::kSplit, split + 1, here()};
      if (at_ >= text_.size()) return false;
      if (text_[at_++] == '}') {
        // No branch left: the last split's second way leads nowhere.
        glob_.steps_[split] = {Glob::Kind::kJump, split + 1, 0};
        break;
      }
    }
    for (const std::uint32_t end : ends) glob_.steps_[end] = {Glob::Kind::kJump, here(), 0};
    after_slash_ = false;
    return branches > 1;
  }

  bool item(int depth) {
    switch (text_[at_]) {
      case '*': stars(); return true;
      case '?':
        ++at_;
        wild();
        byte_class(any_byte(false));
        return true;
      case '[': return char_class();
      case '{': return alternation(depth + 1);
      default: literal(take_byte()); return true;
    }
  }

  bool sequence(int depth) {
    while (at_ < text_.size()) {
      if (depth > 0 && (text_[at_] == ',' || text_[at_] == '}')) return true;
      if (!item(depth) || glob_.steps_.size() > Glob::kMaxSteps) return false;
    }
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool after_slash_ = false;
  bool in_prefix_ = true;
  Glob glob_;
};

std::optional<Glob> Glob::parse(std::string_view text) { return GlobBuilder(text).build(); }

void Glob::add(StateSet& set, std::vector<bool>& seen, std::uint32_t at) const {
  std::vector<std::uint32_t> pending{at};
  while (!pending.empty()) {
    const std::uint32_t step = pending.back();
    pending.pop_back();
    if (seen[step]) continue;
    seen[step] = true;
    switch (steps_[step].kind) {
      case Kind::kJump: pending.push_back(steps_[step].first); break;
      case Kind::kSplit:
        pending.push_back(steps_[step].second);
        pending.push_back(steps_[step].first);
        break;
      default: set.push_back(step);
    }
  }
}

Glob::StateSet Glob::start() const {
  StateSet set;
  std::vector<bool> seen(steps_.size());
  add(set, seen, 0);
  return set;
}

bool Glob::matches(std::string_view name) const {
  if (name.substr(0, prefix_.size()) != prefix_) return false;
  StateSet now = start();
  for (const char c : name) {
    StateSet next;
    std::vector<bool> seen(steps_.size());
    for (const std::uint32_t step : now)
      if (steps_[step].kind == Kind::kByte && classes_[steps_[step].first][static_cast<unsigned char>(c)])
        add(next, seen, step + 1);
    now = std::move(next);
    if (now.empty()) return false;
  }
  for (const std::uint32_t step : now)
    if (steps_[step].kind == Kind::kAccept) return true;
  return false;
}

bool Glob::overlaps(const Glob& other) const {
  std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pending;
  const auto add_pairs = [&](const StateSet& mine, const StateSet& theirs) {
    for (const std::uint32_t a : mine)
      for (const std::uint32_t b : theirs)
        if (seen.emplace(a, b).second) pending.emplace_back(a, b);
  };
  add_pairs(start(), other.start());
  while (!pending.empty()) {
    const auto [a, b] = pending.back();
    pending.pop_back();
    const Step& mine = steps_[a];
    const Step& theirs = other.steps_[b];
    if (mine.kind == Kind::kAccept && theirs.kind == Kind::kAccept) return true;
    if (mine.kind != Kind::kByte || theirs.kind != Kind::kByte) continue;
    if ((classes_[mine.first] & other.classes_[theirs.first]).none()) continue;
    StateSet next_mine, next_theirs;
    std::vector<bool> seen_mine(steps_.size()), seen_theirs(other.steps_.size());
    add(next_mine, seen_mine, a + 1);
    other.add(next_theirs, seen_theirs, b + 1);
    add_pairs(next_mine, next_theirs);
  }
  return false;
}

namespace {

std::optional<std::string> expand(std::string_view glob, const Variables& variables, int depth) {
  if (depth > kMaxDepth) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < glob.size(); ++i) {
    if (glob[i] == '\\' && i + 1 < glob.size()) {
      out += glob.substr(i, 2);
      ++i;
      continue;
    }
    const std::size_t end = glob.substr(i, 2) == "@{" ? glob.find('}', i) : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += glob[i];
      continue;
    }
    const auto found = variables.find(std::string(glob.substr(i + 2, end - i - 2)));
    if (found == variables.end() || found->second.empty()) return std::nullopt;
    std::string values;
    for (const std::string& value : found->second) {
      auto expanded = expand(value, variables, depth + 1);
      if (!expanded) return std::nullopt;
      // The parser folds the slash that a value ends in and the one behind the variable into one.
      if (end + 1 < glob.size() && glob[end + 1] == '/' && expanded->size() > 1 && expanded->back() == '/')
        expanded->pop_back();
      values += (values.empty() ? "" : ",") + *expanded;
    }
    out += found->second.size() == 1 ? values : "{" + values + "}";
    if (out.size() > kMaxExpanded) return std::nullopt;
    i = end;
  }
  // A variable that ends in a slash before a slash: the parser folds them into one.
  std::string folded;
  for (const char c : out)
    if (c != '/' || folded.empty() || folded.back() != '/') folded += c;
  return folded;
}

}  // namespace

std::optional<std::string> expand_variables(std::string_view glob, const Variables& variables) {
  return expand(glob, variables, 0);
}

}  // namespace cordon::apparmor
