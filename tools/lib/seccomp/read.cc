#include "seccomp/read.h"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/text.h"
#include "kernel/names.h"
#include "seccomp/json.h"
#include "seccomp/names.h"

namespace cordon::seccomp {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxFileBytes = std::size_t{8} << 20;
constexpr std::uint32_t kMaxErrno = 4095;  // linux/err.h MAX_ERRNO: the kernel clips what is above
constexpr std::size_t kMaxNames = 100'000;

constexpr auto kFlags =
    std::to_array<std::string_view>({"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG",
                                     "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"});

/// Valid in OCI, but without a table here.
constexpr auto kForeignArches = std::to_array<std::string_view>(
    {"SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64",
     "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64", "SCMP_ARCH_S390", "SCMP_ARCH_PARISC",
     "SCMP_ARCH_PARISC64", "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K", "SCMP_ARCH_SH", "SCMP_ARCH_SHEB"});

/// Walks the document; the first error ends it.
class Reader {
 public:
  Reader(const std::string& where, Dialect dialect, Diagnostics& diagnostics)
      : where_(where), dialect_(dialect), diagnostics_(diagnostics) {}

  Result<Profile> read(const Json& root) {
    Profile profile;
    if (object(root, "", "a seccomp profile")) profile_fields(root, profile);
    if (ok_ && !has_default_) fail("", "no defaultAction");
    if (ok_ && !profile.arch_map.empty() && !profile.architectures.empty())
      fail("/archMap", "archMap and architectures exclude each other");
    if (ok_ && profile.default_errno_ret && !carries_errno(profile.default_action))
      fail("/defaultErrnoRet", "the default action returns no errno");
    if (!ok_) return error_;
    return profile;
  }

 private:
  void profile_fields(const Json& root, Profile& profile) {
    for (const auto& [key, value] : root.items()) {
      const std::string at = "/" + pointer_step(key);
      if (!ok_) return;
      if (key == "defaultAction")
        profile.default_action = action(value, at), has_default_ = true;
      else if (key == "defaultErrnoRet")
        profile.default_errno_ret = errno_number_at(value, at);
      else if (key == "defaultErrno" && podman())
        profile.default_errno_ret = errno_word(value, at);
      else if (key == "architectures")
        arches(value, at, profile);
      else if (key == "archMap" && conditional())
        arch_map(value, at, profile);
      else if (key == "flags")
        flags(value, at, profile);
      else if (key == "listenerPath")
        profile.listener_path = text(value, at);
      else if (key == "listenerMetadata")
        profile.listener_metadata = text(value, at);
      else if (key == "syscalls")
        rules(value, at, profile);
      else
        unknown_key(key, at);
    }
  }

  void rules(const Json& value, const std::string& at, Profile& profile) {
    if (value.is_null() || !array(value, at)) return;
    for (std::size_t i = 0; i < value.size() && ok_; ++i) {
      const std::string here = at + "/" + std::to_string(i);
      if (!object(value[i], here, "a rule")) return;
      profile.rules.push_back(rule(value[i], here));
    }
  }

  SyscallRule rule(const Json& value, const std::string& at) {
    SyscallRule out;
    out.pointer = at;
    bool has_action = false;
    for (const auto& [key, field] : value.items()) {
      const std::string here = at + "/" + pointer_step(key);
      if (!ok_) return out;
      if (key == "names")
        names(field, here, out);
      else if (key == "name" && conditional())
        old_name(field, here, out);
      else if (key == "action")
        out.action = action(field, here), has_action = true;
      else if (key == "errnoRet")
        out.errno_ret = errno_number_at(field, here);
      else if (key == "errno" && podman())
        out.errno_ret = errno_word(field, here);
      else if (key == "args")
        args(field, here, out);
      else if (key == "comment")
        out.comment = field.is_null() ? "" : text(field, here);
      else if (key == "includes" && conditional())
        out.includes = selector(field, here);
      else if (key == "excludes" && conditional())
        out.excludes = selector(field, here);
      else
        unknown_key(key, here);
    }
    if (ok_ && out.names.empty()) fail(at, "a rule without names");
    if (ok_ && !has_action) fail(at, "a rule without an action");
    if (ok_ && out.errno_ret && !carries_errno(out.action)) fail(at + "/errnoRet", "the action returns no errno");
    return out;
  }

  void names(const Json& value, const std::string& at, SyscallRule& out) {
    if (value.is_null() || !array(value, at)) return;
    for (std::size_t i = 0; i < value.size() && ok_; ++i) name(value[i], at + "/" + std::to_string(i), out);
  }

  void old_name(const Json& value, const std::string& at, SyscallRule& out) {
    if (value.is_string() && value.get_ref<const std::string&>().empty()) return;  // moby writes "" beside names
    name(value, at, out);
  }

  void name(const Json& value, const std::string& at, SyscallRule& out) {
    const std::string word = text(value, at);
    if (!ok_) return;
    if (word.empty()) return fail(at, "an empty syscall name");
    if (++names_ > kMaxNames) return fail(at, "more than " + std::to_string(kMaxNames) + " names");
    if (!is_known_name(word))
      diagnostics_.note("libseccomp does not know \"" + printable(word) + "\"; runtimes ignore it", where_ + ": " + at);
    out.names.push_back(word);
  }

  void args(const Json& value, const std::string& at, SyscallRule& out) {
    if (value.is_null() || !array(value, at)) return;
    for (std::size_t i = 0; i < value.size() && ok_; ++i) {
      const std::string here = at + "/" + std::to_string(i);
      if (value[i].is_null()) continue;  // moby's generator writes null entries
      if (!object(value[i], here, "a condition")) return;
      out.args.push_back(condition(value[i], here));
    }
  }

  ArgCondition condition(const Json& value, const std::string& at) {
    ArgCondition out;
    bool has_index = false;
    bool has_op = false;
    for (const auto& [key, field] : value.items()) {
      const std::string here = at + "/" + pointer_step(key);
      if (!ok_) return out;
      if (key == "index")
        out.index = static_cast<std::uint32_t>(number(field, here, 5)), has_index = true;
      else if (key == "value")
        out.value = number(field, here, ~std::uint64_t{0});
      else if (key == "valueTwo")
        out.value_two = number(field, here, ~std::uint64_t{0});
      else if (key == "op")
        out.op = compare(field, here), has_op = true;
      else
        unknown_key(key, here);
    }
    if (ok_ && !has_index) fail(at, "a condition without an index");
    if (ok_ && !has_op) fail(at, "a condition without an op");
    return out;
  }

  Selector selector(const Json& value, const std::string& at) {
    Selector out;
    if (value.is_null() || !object(value, at, "conditions")) return out;
    for (const auto& [key, field] : value.items()) {
      const std::string here = at + "/" + pointer_step(key);
      if (key == "caps")
        out.caps = words(field, here);
      else if (key == "arches")
        out.arches = words(field, here);
      else if (key == "minKernel")
        out.min_kernel = kernel_version(field, here);
      else
        unknown_key(key, here);
    }
    return out;
  }

  std::optional<KernelVersion> kernel_version(const Json& value, const std::string& at) {
    const std::string word = text(value, at);
    if (!ok_ || word.empty()) return std::nullopt;
    const auto parts = split(word, '.');
    if (parts.size() == 2) {
      const auto major = parse_number<std::uint32_t>(parts[0]);
      const auto minor = parse_number<std::uint32_t>(parts[1]);
      if (major && minor) return KernelVersion{*major, *minor};
    }
    fail(at, "a kernel version is MAJOR.MINOR");
    return std::nullopt;
  }

  void arches(const Json& value, const std::string& at, Profile& profile) {
    if (value.is_null() || !array(value, at)) return;
    for (std::size_t i = 0; i < value.size() && ok_; ++i) {
      const std::string here = at + "/" + std::to_string(i);
      const std::string word = text(value[i], here);
      if (!ok_) return;
      if (const auto known = arch_from_oci(word))
        profile.architectures.push_back(*known);
      else if (is_foreign(word))
        profile.foreign_architectures.push_back(word);
      else
        fail(here, "an unknown architecture, \"" + printable(word) + "\"");
    }
  }

  static bool is_foreign(const std::string& word) {
    return std::find(kForeignArches.begin(), kForeignArches.end(), word) != kForeignArches.end();
  }

  void arch_map(const Json& value, const std::string& at, Profile& profile) {
    if (value.is_null() || !array(value, at)) return;
    for (std::size_t i = 0; i < value.size() && ok_; ++i) {
      const std::string here = at + "/" + std::to_string(i);
      if (!object(value[i], here, "an archMap entry")) return;
      arch_entry(value[i], here, profile);
    }
  }

  void arch_entry(const Json& value, const std::string& at, Profile& profile) {
    Profile head;
    Profile subs;
    for (const auto& [key, field] : value.items()) {
      const std::string here = at + "/" + pointer_step(key);
      if (key == "architecture")
        arches(Json::array({field}), here, head);
      else if (key == "subArchitectures")
        arches(field, here, subs);
      else
        unknown_key(key, here);
    }
    if (!ok_) return;
    if (!head.architectures.empty())
      profile.arch_map.push_back({head.architectures.front(), subs.architectures});
    else if (head.foreign_architectures.empty())
      fail(at, "an archMap entry without an architecture");
  }

  void flags(const Json& value, const std::string& at, Profile& profile) {
    if (value.is_null()) return;
    profile.flags = words(value, at);
    for (std::size_t i = 0; i < profile.flags.size() && ok_; ++i)
      if (std::find(kFlags.begin(), kFlags.end(), profile.flags[i]) == kFlags.end())
        fail(at + "/" + std::to_string(i), "an unknown flag, \"" + printable(profile.flags[i]) + "\"");
  }

  Action action(const Json& value, const std::string& at) {
    const std::string word = text(value, at);
    const auto known = action_from_oci(word);
    if (ok_ && !known) fail(at, "an unknown action, \"" + printable(word) + "\"");
    return known.value_or(Action::kKillProcess);
  }

  Compare compare(const Json& value, const std::string& at) {
    const std::string word = text(value, at);
    const auto known = compare_from_oci(word);
    if (ok_ && !known) fail(at, "an unknown operator, \"" + printable(word) + "\"");
    return known.value_or(Compare::kEq);
  }

  std::optional<std::uint32_t> errno_number_at(const Json& value, const std::string& at) {
    if (value.is_null()) return std::nullopt;
    return static_cast<std::uint32_t>(number(value, at, kMaxErrno));
  }

  std::optional<std::uint32_t> errno_word(const Json& value, const std::string& at) {
    const std::string word = text(value, at);
    if (!ok_ || word.empty()) return std::nullopt;
    const auto found = errno_number(word);
    if (!found) fail(at, "an unknown errno, \"" + printable(word) + "\"");
    return found ? std::optional<std::uint32_t>(static_cast<std::uint32_t>(*found)) : std::nullopt;
  }

  std::vector<std::string> words(const Json& value, const std::string& at) {
    std::vector<std::string> out;
    if (value.is_null() || !array(value, at)) return out;
    for (std::size_t i = 0; i < value.size() && ok_; ++i) out.push_back(text(value[i], at + "/" + std::to_string(i)));
    return out;
  }

  std::uint64_t number(const Json& value, const std::string& at, std::uint64_t max) {
    if (!value.is_number_unsigned()) {
      fail(at, "expected a whole number from 0 to " + std::to_string(max));
      return 0;
    }
    const auto out = value.get<std::uint64_t>();
    if (out > max) fail(at, std::to_string(out) + " is over " + std::to_string(max));
    return out;
  }

  std::string text(const Json& value, const std::string& at) {
    if (value.is_string()) return value.get<std::string>();
    fail(at, "expected a string");
    return {};
  }

  bool object(const Json& value, const std::string& at, const std::string& what) {
    if (!value.is_object()) fail(at, "expected an object: " + what);
    return value.is_object();
  }
  bool array(const Json& value, const std::string& at) {
    if (!value.is_array()) fail(at, "expected an array");
    return value.is_array();
  }
  void unknown_key(const std::string& key, const std::string& at) {
    fail(at, "the key \"" + printable(key) + "\" has no meaning in a profile of kind " +
                 std::string(dialect_name(dialect_)));
  }
  void fail(const std::string& at, std::string what) {
    if (!ok_) return;
    ok_ = false;
    error_ = Error{ErrorCode::kBadInput, std::move(what), where_ + ": " + (at.empty() ? "/" : at), {}};
  }

  bool conditional() const { return dialect_ == Dialect::kDocker || dialect_ == Dialect::kPodman; }
  bool podman() const { return dialect_ == Dialect::kPodman; }

  std::string where_;
  Dialect dialect_;
  Diagnostics& diagnostics_;
  bool ok_ = true;
  bool has_default_ = false;
  std::size_t names_ = 0;
  Error error_;
};

bool any_rule_has(const Json& root, std::initializer_list<const char*> keys) {
  const auto rules = root.find("syscalls");
  if (rules == root.end() || !rules->is_array()) return false;
  return std::any_of(rules->begin(), rules->end(), [&](const Json& rule) {
    return rule.is_object() &&
           std::any_of(keys.begin(), keys.end(), [&](const char* key) { return rule.contains(key); });
  });
}

/// By the keys that only one dialect has. Docker's and containers-common's are told apart by the errno words.
Dialect dialect_of(const Json& root) {
  if (!root.is_object()) return Dialect::kOci;
  if (root.value("kind", Json()) == Json("SeccompProfile") && root.contains("spec")) return Dialect::kSpo;
  if (root.contains("defaultErrno") || any_rule_has(root, {"errno"})) return Dialect::kPodman;
  if (root.contains("archMap") || any_rule_has(root, {"includes", "excludes", "name"})) return Dialect::kDocker;
  return Dialect::kOci;
}

/// Of a SeccompProfile, the spec holds the profile; the operator's own keys beside it are not the filter's.
Json spo_profile(const Json& root) {
  Json spec = root["spec"];
  if (spec.is_object())
    for (const char* key : {"baseProfileName", "disabled"}) spec.erase(key);
  return spec;
}

}  // namespace

std::string_view dialect_name(Dialect dialect) {
  constexpr auto kNames = std::to_array<std::string_view>({"oci", "docker", "podman", "spo"});
  return kNames[static_cast<std::size_t>(dialect)];
}

Result<ReadProfile> read_profile(std::string_view raw, const std::string& where, Diagnostics& diagnostics) {
  const std::string_view head = trim(raw);
  const bool json = head.starts_with('{') || head.starts_with('[') || head.empty();
  auto root = json ? parse_json(raw, where) : parse_yaml(raw, where);
  if (!root) return root.error();
  ReadProfile out;
  out.dialect = dialect_of(*root);
  const bool spo = out.dialect == Dialect::kSpo;
  if (spo && (*root)["spec"].is_object() && (*root)["spec"].contains("baseProfileName"))
    diagnostics.warn("the profile builds on another, which is not read", where + ": /spec/baseProfileName");
  Reader reader(where + (spo ? ": /spec" : ""), out.dialect, diagnostics);
  auto profile = spo ? reader.read(spo_profile(*root)) : reader.read(*root);
  if (!profile) return profile.error();
  out.profile = std::move(*profile);
  return out;
}

Result<ReadProfile> read_profile_file(const std::string& path, Diagnostics& diagnostics) {
  auto text = read_file(path, kMaxFileBytes);
  if (!text) return text.error();
  return read_profile(*text, path, diagnostics);
}

}  // namespace cordon::seccomp
