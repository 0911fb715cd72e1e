#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cordon::selinux {

/// file_contexts(5), matched as libselinux 3.4's label_file.c does, but without trying every line in turn: lines are
/// indexed by the plain text that their expression starts with. A test compares the two.
class ContextMatcher {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{256} << 20;

  /// The file with its .homedirs and .local, and the aliases of its .subs and .subs_dist. Nothing where it holds what
  /// this matcher does not take, or cannot be read: libselinux is to be asked then.
  static std::optional<ContextMatcher> open(const std::string& file_contexts);
  /// The lines of one text, without aliases.
  static std::optional<ContextMatcher> parse(std::string_view text);

  ContextMatcher(ContextMatcher&&) noexcept;
  ContextMatcher& operator=(ContextMatcher&&) noexcept;
  ~ContextMatcher();

  /// False for the paths whose treatment is libselinux's own affair: doubled slashes, newlines, no slash at the start.
  static bool takes(std::string_view path);

  /// The context of the last line that matches; nothing if none does or it says <<none>>. `file_type` is "--", "-d", …
  /// or "" for any.
  std::optional<std::string> lookup(std::string_view path, std::string_view file_type) const;
  /// True if a line has that very expression.
  bool has_line(std::string_view regex) const;
  /// The path as the aliases turn it, before lines are tried.
  std::string aliased(std::string_view path) const;

 private:
  struct Line;
  struct State;
  struct Alias {
    std::string from;
    std::string to;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  ContextMatcher();
  bool add_lines(std::string_view text);
  bool add_line(std::string_view line);
  void index();
  bool matches(const Line& line, std::string_view path) const;

  std::unique_ptr<State> state_;
  std::vector<Alias> own_aliases_;
  std::vector<Alias> aliases_;
  std::unordered_map<std::string, std::vector<std::uint32_t>, Hash, std::equal_to<>> by_start_;
  std::vector<bool> lengths_;  ///< of the starts that there are
};

}  // namespace cordon::selinux
