#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "facts/operation.h"
#include "selinux/context_matcher.h"
#include "selinux/module.h"

struct selabel_handle;

namespace cordon::selinux {

/// What a file contexts file says of a path; never what the disk says. Works on machines without SELinux.
class Labels {
 public:
  /// Errors: kIo, kBadInput (libselinux's message, with the line).
  static Result<Labels> open(const std::string& file_contexts);
  /// The lines of a module, matched by the same library.
  static Result<Labels> of_module(const std::vector<FileContext>& contexts, bool mls);

  Labels(Labels&&) noexcept;
  Labels& operator=(Labels&&) noexcept;
  ~Labels();

  /// The whole context; nothing if no line matches or the line says <<none>>.
  std::optional<std::string> lookup(const std::string& path, FileKind kind) const;
  /// The same by libselinux, which tries every line in turn: slow, and what tests compare lookup() with.
  std::optional<std::string> ask_libselinux(const std::string& path, FileKind kind) const;
  /// The path as file_contexts.subs and .subs_dist turn it: what lines are compared with.
  std::string aliased(const std::string& path) const;
  /// True if a line of the file has that very expression.
  bool has_line(const std::string& regex) const { return matcher_ && matcher_->has_line(regex); }
  const std::string& digest() const { return digest_; }  ///< SHA-256 of the text form
  const std::string& where() const { return where_; }

 private:
  Labels() = default;
  std::optional<std::string> find(const std::string& path, FileKind kind) const;

  selabel_handle* handle_ = nullptr;
  std::optional<ContextMatcher> matcher_;  ///< absent where libselinux alone can tell
  std::unordered_multimap<std::string, std::pair<std::string, std::string>> exact_;  ///< path → file type, context
  mutable std::unordered_map<std::string, std::optional<std::string>> known_;
  std::string digest_;
  std::string where_;
};

/// The path as an anchored PCRE that matches just it: every byte that means something to PCRE, to the file contexts
/// parser, to m4 or to CIL is escaped, so that no name becomes a rule.
std::string escape_path(std::string_view path);

/// The same expression spelled so that it stands beside a line with the given one and comes after it: semodule refuses
/// two lines of one spelling with different labels, and takes the longer for the more specific.
std::string respelled(const std::string& regex);

/// The path that such a regex stands for, or nothing if it stands for more than one.
std::optional<std::string> literal_of(std::string_view regex);

}  // namespace cordon::selinux
