#include "policy/needs.h"

#include <array>
#include <string_view>

namespace cordon {
namespace {

/// What a failed path call came to before the security hooks, by errno. Source: Linux fs/namei.c and
/// security/security.c: path walking and the owner's and mode's check (inode_permission) come before the LSM's hook
/// on the last component. An errno that is not here came after it, or may have.
struct FailureRow {
  std::string_view error;
  Need need;
  std::string_view reason;
};
constexpr auto kPathFailures = std::to_array<FailureRow>({
    {"ENOENT", Need::kLookup, "no such name: nothing is there to decide on"},
    {"ENOTDIR", Need::kLookup, "the walk ended at a file"},
    {"ELOOP", Need::kLookup, "the walk met too many symlinks"},
    {"ENAMETOOLONG", Need::kLookup, "the name was refused before the walk"},
    {"EEXIST", Need::kLookup, "the name was there: creating it was not decided on"},
    {"EACCES", Need::kNothing, "mode bits refused; the confinement refuses with the same errno"},
});

/// A connect to a socket that has a path walks to it before anything else (net/unix/af_unix.c unix_find_bsd).
bool connects_to_path(const Operation& operation) {
  const auto* local = std::get_if<UnixOp>(&operation);
  return local != nullptr && local->peer_address.starts_with('/');
}

bool is_path_operation(const Operation& operation) {
  return std::holds_alternative<FileOp>(operation) || std::holds_alternative<ExecOp>(operation) ||
         connects_to_path(operation);
}

FileOp lookup_of(const Operation& operation) {
  FileOp lookup;
  if (const auto* file = std::get_if<FileOp>(&operation)) {
    lookup = *file;
    lookup.perms = {};
  } else if (const auto* exec = std::get_if<ExecOp>(&operation)) {
    lookup.path = exec->path;
    lookup.host_path = exec->host_path;
  } else if (const auto* local = std::get_if<UnixOp>(&operation)) {
    lookup.path = local->peer_address;
  }
  return lookup;
}

}  // namespace

Need need_of(const Fact& fact) {
  if (fact.verdict.outcome != Outcome::kFailed || !is_path_operation(fact.operation)) return Need::kAll;
  for (const FailureRow& row : kPathFailures)
    if (row.error == fact.verdict.error) return row.need;
  return Need::kAll;
}

std::optional<Operation> needed_operation(const Fact& fact) {
  switch (need_of(fact)) {
    case Need::kAll: return fact.operation;
    case Need::kLookup: return lookup_of(fact.operation);
    case Need::kNothing: return std::nullopt;
  }
  return fact.operation;
}

}  // namespace cordon
