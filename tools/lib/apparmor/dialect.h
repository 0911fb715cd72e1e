#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace cordon::apparmor {

/// The versions of the profile language that we write. Newer parsers read older dialects.
enum class Dialect : std::uint8_t { k30, k40, k50 };

/// What a dialect can say. Source: the feature files that each release of apparmor_parser installs in
/// /etc/apparmor.d/abi, and the rule classes in apparmor.d(5) of that release.
struct DialectInfo {
  Dialect dialect;
  std::string_view name;      ///< "3.0"
  std::string_view abi_file;  ///< for the abi rule: "abi/3.0"
  bool mqueue;
  bool io_uring;
  bool userns;
  bool network_addresses;  ///< network rules with access words, ip= and port= are understood
  bool inet_mediation;     ///< and held to: its abi file has network_v8/af_inet (4.0 has it only as "abi/4.0-ip")
  bool priority;
  bool all_rule;
};

inline constexpr auto kDialects = std::to_array<DialectInfo>({
    {Dialect::k30, "3.0", "abi/3.0", false, false, false, false, false, false, false},
    {Dialect::k40, "4.0", "abi/4.0", true, true, true, true, false, false, true},
    {Dialect::k50, "5.0", "abi/5.0", true, true, true, true, true, true, true},
});

constexpr const DialectInfo& dialect_info(Dialect dialect) { return kDialects[static_cast<std::size_t>(dialect)]; }

constexpr std::optional<Dialect> dialect_named(std::string_view name) {
  for (const DialectInfo& row : kDialects)
    if (row.name == name) return row.dialect;
  return std::nullopt;
}

}  // namespace cordon::apparmor
