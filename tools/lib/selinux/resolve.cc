#include "selinux/resolve.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "selinux/tables.h"

namespace cordon::selinux {
namespace {

bool under(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// True for /proc/self/…, /proc/thread-self/… and /proc/PID/…: their inodes bear the process's own label.
bool is_process_path(std::string_view path) {
  if (!path.starts_with("/proc/")) return false;
  std::string_view rest = path.substr(6);
  const std::string_view first = rest.substr(0, rest.find('/'));
  if (first == "self" || first == "thread-self") return first.size() < rest.size();
  return all_digits(first);
}

const FilesystemRow* filesystem_of(std::string_view path) {
  for (const FilesystemRow& row : place_tables().filesystems)
    if (under(path, row.prefix)) return &row;
  return nullptr;
}

}  // namespace

Resolved Resolver::of_context(const std::optional<std::string>& context, const std::string& why) const {
  const auto parsed = context ? parse_context(*context) : std::nullopt;
  if (!parsed) return {{}, {}, why, {}};
  if (!policy_.has_type(parsed->type) && !own_types_.contains(parsed->type))
    return {{}, {}, fmt::format("the policy lacks the type {}", parsed->type), {}};
  return {parsed->type, policy_.mls() ? parsed->range : std::string(), {}, {}};
}

Resolved Resolver::first_type(const std::vector<std::string>& types, const std::string& why) const {
  for (const std::string& type : types)
    if (policy_.has_type(type)) return {type, policy_.mls() ? "s0" : "", {}, {}};
  return {{}, {}, why, {}};
}

Resolved Resolver::proc(const std::string& path, FileKind kind) const {
  if (is_process_path(path)) return {domain_, policy_.mls() ? "s0" : "", {}, {}};
  const FilesystemRow* row = filesystem_of(path);
  const std::string inside = path.size() > row->prefix.size() ? path.substr(row->prefix.size()) : "/";
  auto context = policy_.genfs_context(row->fstype, inside, class_of(kind));
  if (!context) context = policy_.fs_context(row->fstype);
  return of_context(context, fmt::format("the policy has no label for the file system {}", row->fstype));
}

Resolved Resolver::policy_path(const std::string& path, FileKind kind) const {
  const PlaceTables& tables = place_tables();
  if (path.starts_with(tables.terminal_prefix))
    return first_type(tables.terminal_types, "the policy has no type for terminals");
  if (kind == FileKind::kMemfd) return first_type({"tmpfs_t"}, "the policy has no tmpfs_t");
  const FilesystemRow* row = filesystem_of(path);
  if (row != nullptr) return proc(path, kind);
  if (auto context = labels_.lookup(path, kind))
    return of_context(context, fmt::format("the label of {} is malformed", printable(path)));
  return first_type(place_of(path).unlabelled, fmt::format("the file contexts give {} no label", printable(path)));
}

/// What the kernel makes up (/proc, /sys) and devices bear the same labels in a container as outside.
Resolved Resolver::container_path(const std::string& path, FileKind kind) const {
  if (filesystem_of(path) != nullptr || under(path, "/dev")) return policy_path(path, kind);
  const ContainerMount* mount = container_->mount_of(path);
  if (mount == nullptr || mount->relabelled) return {container_->file_type, policy_.mls() ? "s0" : "", {}, {}};
  return policy_path(ContainerView::on_host(*mount, path), kind);
}

Resolved Resolver::find_path(const std::string& path, FileKind kind) const {
  if (container_ && kind != FileKind::kMemfd) return container_path(path, kind);
  if (auto own = module_labels_.lookup(labels_.aliased(path), kind)) {
    const auto parsed = parse_context(*own);
    if (parsed) return {parsed->type, parsed->range, {}, {}};
  }
  return policy_path(path, kind);
}

const Resolved& Resolver::path(const std::string& path, FileKind kind) {
  const std::string key = path + '\0' + static_cast<char>('0' + static_cast<int>(kind));
  const auto known = known_.find(key);
  if (known != known_.end()) return known->second;
  return known_.emplace(key, find_path(path, kind)).first->second;
}

Resolved Resolver::of_peer(const Peer& peer, const std::string& untold) const {
  if (peer.domain.empty()) return {{}, {}, untold, {}};
  return {peer.domain, policy_.mls() ? "s0" : "", {}, peer.assumed};
}

Resolved Resolver::peer(const std::string& program) const {
  if (parse_context(program)) return of_context(program, {});
  if (program.empty()) return {{}, {}, "the other process's domain is not recorded", {}};
  const std::string label = program.front() == '/' ? policy_path(program, FileKind::kRegular).type : "";
  return of_peer(peers_.runner(program, label),
                 fmt::format("the domain that {} runs in is not recorded: name it with --peer PROGRAM=DOMAIN",
                             printable(program)));
}

Resolved Resolver::socket_peer(const std::string& address) {
  if (own_sockets_.contains(address)) return {domain_, policy_.mls() ? "s0" : "", {}, {}};
  const std::string label = !address.empty() && address.front() == '/' ? path(address, FileKind::kSocket).type : "";
  if (own_types_.contains(label) || (container_ && label == container_->file_type))
    return {domain_,
            policy_.mls() ? "s0" : "",
            {},
            container_ ? "another program of the container listens at " + printable(address) : ""};
  // What anybody's files bear there says nothing of whose the socket is.
  const Strings& generic = place_of(address).generic;
  const bool tells = std::find(generic.begin(), generic.end(), label) == generic.end();
  return of_peer(peers_.listener(address, tells ? label : ""),
                 fmt::format("which domain listens at {} is not recorded: name it with --peer ADDRESS=DOMAIN",
                             printable(address)));
}

Resolved Resolver::target(const Target& target) {
  switch (target.kind) {
    case TargetKind::kSelf: return {domain_, policy_.mls() ? "s0" : "", {}, {}};
    case TargetKind::kPath: return path(target.text, target.file);
    case TargetKind::kPort:
      return of_context(policy_.port_context(target.text, target.port), "the policy labels no such port");
    case TargetKind::kNode: return of_context(policy_.node_context(target.text), "the policy labels no such node");
    case TargetKind::kFilesystem:
      return of_context(policy_.fs_context(target.text.empty() ? "ext4" : target.text),
                        fmt::format("the policy has no label for the file system {}", printable(target.text)));
    case TargetKind::kKernel: return of_context(policy_.initial_context("kernel"), "the policy has no kernel context");
    case TargetKind::kPeer: return peer(target.text);
    case TargetKind::kSocketPeer: return socket_peer(target.text);
    case TargetKind::kContext: return of_context(target.text, "not a context of this policy");
  }
  return {{}, {}, "unknown target", {}};
}

}  // namespace cordon::selinux
