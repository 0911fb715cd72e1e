#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

/// The rows of profiles/selinux/*.json, which also bear each row's reason and source.
namespace cordon::selinux {

using Strings = std::vector<std::string>;

struct FileRow {
  std::string klass;  ///< empty: by the file's kind
  Strings object;     ///< permissions on the object
  Strings directory;  ///< instead, on a directory; empty: the same
  Strings inherited;  ///< on a descriptor that was passed in
  Strings parent;     ///< on the directory that holds it
};

struct SocketRow {
  std::string family;
  std::string type;
  std::string protocol;
  std::string klass;
  Strings send;
};

struct SyscallRow {
  std::string klass;
  Strings perms;
  std::string target;  ///< "self", "filesystem", "kernel"
  std::optional<std::uint32_t> arg;
  std::uint64_t value = 0;
};

struct IpcRow {
  std::string klass;
  std::map<std::string, Strings> perms;  ///< by "create", "read", "write", "other"
};

struct IoctlRow {
  std::vector<std::uint32_t> commands;
  Strings perms;  ///< instead of ioctl
};

/// What a netlink message of these types asks for on the sender's socket.
struct NetlinkRow {
  std::string klass;
  std::string perm;
  std::vector<std::pair<std::uint16_t, std::uint16_t>> types;  ///< first and last
};

struct AccessTables {
  std::map<std::string, FileRow> files;  ///< by FilePerm's name
  std::map<std::string, std::string> kinds;
  std::vector<SocketRow> sockets;  ///< the first that fits
  std::map<std::string, Strings> socket_acts;
  std::multimap<std::string, SyscallRow> syscalls;
  std::map<std::string, IpcRow> ipc;
  std::vector<IoctlRow> ioctls;
  std::vector<NetlinkRow> netlink;
  std::map<std::string, std::string> signals;
  std::map<std::string, Strings> executables;  ///< by Executable's name: what the process asks of itself
};

struct Place {
  std::string role;
  Strings prefixes;
  std::string suffix;
  Strings attributes;
  Strings generic;
  Strings unlabelled;
  bool written = true;
  std::string reason;
};

struct FilesystemRow {
  std::string prefix;
  std::string fstype;
};

struct PlaceTables {
  Strings file_attributes;
  std::vector<Place> places;
  std::map<std::string, Strings> manage;  ///< by class
  std::vector<FilesystemRow> filesystems;
  std::string terminal_prefix;
  Strings terminal_types;
  Strings generic_ports;
  Strings port_attributes;
  std::string port_suffix;
  Strings interpreter_types;
  Strings interpreter_names;
  std::string interpreter_reason;
};

struct CallerRow {
  std::string domain;
  std::string role;
  bool automatic = false;
  std::string reason;
};

struct GrantRow {
  Strings types;
  std::string klass;
  Strings perms;
  std::string reason;
};

struct BaselineTables {
  Strings domain_attributes;
  Strings exec_attributes;
  std::vector<CallerRow> callers;
  std::vector<GrantRow> from_caller;
  std::vector<GrantRow> to_domain;
  std::vector<GrantRow> quiet;        ///< the caller's denials that are not logged
  std::vector<GrantRow> libselinux;   ///< not logged, for programs that are linked with it
  std::vector<GrantRow> with_create;  ///< on the domain's own objects of a class that it makes
  std::vector<GrantRow> streams;
  std::vector<GrantRow> self;
  Strings with_open;
  std::vector<std::uint16_t> with_open_ioctls;
  std::string with_open_reason;
};

struct GuardRow {
  std::string id;
  Strings types;
  Strings type_suffixes;
  Strings classes;
  Strings perms;
  std::string why;
  std::string instead;
};

/// What lies at a place of a Bottlerocket host, and which of its container types may write there.
struct BottlerocketPlace {
  Strings prefixes;
  std::string label;
  Strings writers;
  std::string reason;
};

struct BottlerocketTables {
  std::vector<std::pair<std::string, std::string>> types;  ///< and what each is for; the least first
  std::vector<BottlerocketPlace> places;
};

const BottlerocketTables& bottlerocket_tables();
const AccessTables& access_tables();
const PlaceTables& place_tables();
const BaselineTables& baseline_tables();
const std::vector<GuardRow>& guard_rows();

/// The place whose prefix is the longest that holds the path; there is always one.
const Place& place_of(const std::string& path);

}  // namespace cordon::selinux
