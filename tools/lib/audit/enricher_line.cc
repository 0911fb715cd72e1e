#include "audit/enricher_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>

#include "base/bytes.h"
#include "base/text.h"
#include "kernel/syscalls.h"

namespace cordon::audit {
namespace {

using Pairs = std::map<std::string, std::string, std::less<>>;

/// What stands in Go's quotes; nothing if they do not close. `line` begins behind the opening one and is moved on.
std::optional<std::string> take_quoted(std::string_view& line) {
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') {
      line.remove_prefix(i + 1);
      return out;
    }
    if (line[i] != '\\') {
      out += line[i];
      continue;
    }
    if (++i == line.size()) break;
    if (const auto byte = line[i] == 'x' ? from_hex(line.substr(i + 1, 2)) : std::nullopt; byte && byte->size() == 1) {
      out += *byte;
      i += 2;
    } else {
      out += line[i] == 'n' ? '\n' : line[i] == 't' ? '\t' : line[i];
    }
  }
  return std::nullopt;
}

/// `"key"="value"` and `"key"=number`, to the end of the line; nothing if something else stands between them.
std::optional<Pairs> pairs_of(std::string_view line) {
  Pairs pairs;
  while (!(line = trim(line)).empty()) {
    if (line.front() != '"') return std::nullopt;
    line.remove_prefix(1);
    const auto key = take_quoted(line);
    if (!key || !line.starts_with("=")) return std::nullopt;
    line.remove_prefix(1);
    if (line.starts_with("\"")) {
      line.remove_prefix(1);
      const auto value = take_quoted(line);
      if (!value) return std::nullopt;
      pairs[*key] = *value;
    } else {
      const auto end = std::min(line.find(' '), line.size());
      pairs[*key] = line.substr(0, end);
      line.remove_prefix(end);
    }
  }
  return pairs;
}

std::string value_of(const Pairs& pairs, std::string_view key) {
  const auto at = pairs.find(key);
  return at == pairs.end() ? std::string() : at->second;
}

/// As the kernel writes untrusted strings: quoted, or hex where the quotes would not hold.
std::string field(std::string_view key, std::string_view value) {
  if (value.empty()) return {};
  for (const char c : value)
    if (c == '"' || static_cast<unsigned char>(c) < 0x21 || static_cast<unsigned char>(c) > 0x7e) {
      auto hex = to_hex(value);
      std::transform(hex.begin(), hex.end(), hex.begin(),
                     [](unsigned char digit) { return static_cast<char>(std::toupper(digit)); });
      return fmt::format(" {}={}", key, hex);
    }
  return fmt::format(" {}=\"{}\"", key, value);
}

bool is_word(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:,-") == text.npos;
}

/// The architecture on which the call with this number has this name.
std::optional<Arch> arch_of(std::int64_t number, std::string_view name) {
  for (const Arch arch : {native_arch(), Arch::kX86_64, Arch::kAarch64})
    if (syscall_name(arch, number) == name) return arch;
  return std::nullopt;
}

std::string seccomp_body(const Pairs& pairs) {
  const auto number = parse_number<std::int64_t>(value_of(pairs, "syscallID"));
  const auto arch = number ? arch_of(*number, value_of(pairs, "syscallName")) : std::nullopt;
  if (!arch) return {};
  constexpr std::uint32_t kRetLog = 0x7ffc0000;
  return fmt::format("arch={:x} syscall={} compat=0 code={:#x}", arch_info(*arch).audit_arch, *number, kRetLog);
}

std::string selinux_body(const Pairs& pairs) {
  const auto source = value_of(pairs, "scontext"), target = value_of(pairs, "tcontext"),
             klass = value_of(pairs, "tclass");
  const auto perm = value_of(pairs, "perm");
  if (!is_word(source) || !is_word(target) || !is_word(klass) || !is_word(perm)) return {};
  return fmt::format("avc:  denied  {{ {} }} for  scontext={} tcontext={} tclass={}", perm, source, target, klass);
}

std::string apparmor_body(const Pairs& pairs) {
  if (value_of(pairs, "apparmor").empty()) return {};
  std::string body =
      "apparmor=\"" + std::string(value_of(pairs, "apparmor") == "ALLOWED" ? "ALLOWED" : "DENIED") + "\"";
  for (const auto* key : {"operation", "info", "profile", "name", "requested_mask", "denied_mask"})
    body += field(key, value_of(pairs, key));
  return body;
}

struct KindRow {
  std::string_view name;
  RecordType type;
  std::string (*body)(const Pairs&);
};
constexpr KindRow kKinds[] = {
    {"seccomp", kSeccomp, seccomp_body}, {"selinux", kAvc, selinux_body}, {"apparmor", kAvc, apparmor_body}};

std::string place_of(const Pairs& pairs) {
  std::string out;
  for (const auto* key : {"namespace", "pod", "container"})
    if (const auto part = value_of(pairs, key); !part.empty()) out += (out.empty() ? "" : "/") + part;
  return out;
}

}  // namespace

ParsedLine parse_enricher_line(std::string_view line, Block& block, Record& record) {
  constexpr std::string_view kMark = "\"msg\"=\"audit\"";
  const auto at = line.find(kMark);
  if (at == line.npos) return {};
  const auto pairs = pairs_of(line.substr(at));
  if (!pairs) return {LineKind::kMalformed, "the log-enricher's pairs cannot be read"};
  const auto kind = value_of(*pairs, "type");
  for (const auto& row : kKinds) {
    if (row.name != kind) continue;
    std::string body = row.body(*pairs);
    if (body.empty()) return {LineKind::kMalformed, "the log-enricher's line lacks what its type needs"};
    if (const auto pid = parse_number<std::int64_t>(value_of(*pairs, "pid"))) body += fmt::format(" pid={}", *pid);
    body += field("exe", value_of(*pairs, "executable")) + field("container", place_of(*pairs));
    record.type = row.type;
    if (const auto stamp = parse_stamp(value_of(*pairs, "timestamp"))) {
      record.time_ms = stamp->time_ms;
      record.serial = stamp->serial;
    }
    block.side.push_back(std::move(body));
    record.body = block.side.back();
    block.side.push_back(value_of(*pairs, "node"));
    record.node = block.side.back();
    return {LineKind::kRecord, {}};
  }
  return {};
}

}  // namespace cordon::audit
