#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "seccomp/profile.h"

/// The tables of profiles/seccomp: every row bears its reason, and its source or its file's.
namespace cordon::seccomp {

/// (argument & mask) == value, as rows write it. Without a mask: the low 32 bits.
struct RowArg {
  std::uint32_t index = 0;
  std::vector<std::uint64_t> values;
  std::uint64_t mask = 0xffffffff;
};

struct PackRow {
  std::vector<std::string> names;
  std::optional<RowArg> arg;
  bool new_privs_only = false;  ///< needed only where no_new_privs is not set
  std::string reason;
  std::string source;
};

/// Calls that somebody other than the program makes: kernel, launcher, runtime, libc or language runtime.
struct Pack {
  std::string name;
  std::string kind;
  std::string what;
  std::string source;
  std::vector<std::string> told_by_maps;   ///< globs (fnmatch(3), '*' spans '/'): a program that mapped or executed one
  std::vector<std::string> told_by_reads;  ///< or that read one, needs the pack
  std::vector<PackRow> rows;
};

/// Who calls one of `seen` may, on another libc or ABI, call `grants` instead.
struct TwinRow {
  std::vector<std::string> seen;
  std::vector<std::string> grants;
  std::optional<RowArg> arg;
  std::string reason;
};

/// Who calls one of `seen`, and all of `with`, calls `grants` or not as its timing happens to be.
struct TimingRow {
  std::vector<std::string> seen;
  std::vector<std::string> with;
  std::vector<std::string> grants;
  std::optional<RowArg> arg;
  std::string reason;
};

struct ErrnoRow {
  std::vector<std::string> names;
  std::uint32_t number = 0;
  std::string reason;
};

/// Who calls clone3(2) with just these flags calls clone(2) with the same ones where clone3 gives ENOSYS.
struct FallbackRow {
  std::uint64_t flags = 0;
  std::string caller;
  std::string reason;
};

enum class ArgumentLevel : std::uint8_t { kNone, kSafe, kTight };
std::optional<ArgumentLevel> argument_level(std::string_view word);

/// Whether and how a kind of argument is filtered; `argument` is the vocabulary of kernel/syscall_table.h.
struct ArgumentRow {
  std::string argument;
  ArgumentLevel level = ArgumentLevel::kSafe;
  std::optional<std::uint64_t> mask;  ///< narrower than the kernel's
  std::vector<std::uint64_t> always;
  std::string always_reason;
  std::string reason;
};

struct RiskRow {
  std::string group;
  std::string severity;
  std::vector<std::string> calls;
  bool unless_filtered = false;  ///< a risk only where no argument is filtered
  std::string capability;        ///< without it the calls mostly fail
  std::string reason;
};

/// One of the calls must be allowed, with one of the argument values if any are given.
struct CveNeed {
  std::vector<std::string> calls;
  std::optional<RowArg> arg;
};
struct CveRow {
  std::string id;
  std::string what;
  std::vector<CveNeed> needs;
  std::string source;
};

/// An engine's default profile, resolved for x86_64 and Docker's default capabilities.
struct ReferenceProfile {
  std::string name;
  std::string source;
  Profile profile;
};

struct Data {
  std::map<std::string, Pack> packs;
  std::vector<TwinRow> twins;
  std::vector<TimingRow> timings;
  std::vector<ErrnoRow> errnos;
  std::vector<FallbackRow> fallbacks;
  std::vector<ArgumentRow> arguments;
  std::vector<RiskRow> risks;
  std::vector<CveRow> cves;
  std::vector<ReferenceProfile> references;
};

/// Adds one document to the tables; `path` is its place under profiles/seccomp ("packs/glibc.json"), and says which
/// table it is. kBadInput with the row for what is missing or of another type; `data` may then hold a part of it.
Result<void> read_table(std::string_view path, std::string_view text, const std::string& where, Data& data);

/// The tables of `data_dir`/profiles/seccomp where it has them, else the ones compiled in. Read once a directory.
Result<std::shared_ptr<const Data>> load_data(const std::string& data_dir);

}  // namespace cordon::seccomp
