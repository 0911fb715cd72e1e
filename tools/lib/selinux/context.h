#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cordon::selinux {

/// A security context in its parts; `range` is empty where the policy has no MLS.
struct Context {
  std::string user;
  std::string role;
  std::string type;
  std::string range;
  auto operator<=>(const Context&) const = default;
};

/// user:role:type[:range], as the kernel prints it. Nothing if a part is missing or holds a blank or control byte.
std::optional<Context> parse_context(std::string_view text);
std::string to_text(const Context& context);

/// The type of a context, or empty.
std::string_view type_of(std::string_view context);

/// True if the name may stand in policy source: a letter, then letters, digits, '_', '-' or '.', and no keyword
/// (checkpolicy's policy_scan.l), at most 255 bytes.
bool is_identifier(std::string_view name);

/// The name with every byte that is not a letter or digit turned to '_', and "m_" before it if it starts with no
/// letter or is a keyword, so that it can be a module's name.
std::string to_identifier(std::string_view name);

}  // namespace cordon::selinux
