#include "selinux/private_types.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/bytes.h"
#include "selinux/shape.h"

namespace cordon::selinux {
namespace {

constexpr FilePerms kMakes =
    FilePerms(FilePerm::kCreate) | FilePerm::kRenameTo | FilePerm::kSymlink | FilePerm::kLinkTo | FilePerm::kOpenCreate;
constexpr FilePerms kWrites = FilePerms(FilePerm::kWrite) | FilePerm::kAppend | FilePerm::kTruncate |
                              FilePerm::kUnlink | FilePerm::kRenameFrom | FilePerm::kSetattr | FilePerm::kSetxattr;

struct Seen {
  FilePerms perms;
  FileKind kind = FileKind::kUnknown;
  const Grant* grant = nullptr;
};

bool is_generic(const Place& place, const std::string& type) {
  return std::find(place.generic.begin(), place.generic.end(), type) != place.generic.end();
}

std::string type_for(const std::string& base, const Place& place) { return base + "_" + place.suffix; }

/// What was done to each path, over all rules; a directory that only gets entries is not written itself.
std::map<std::string, Seen> paths_of(const Policy& policy) {
  std::map<std::string, Seen> out;
  for (const Rule& rule : policy.rules) {
    const auto* op = std::get_if<FileOp>(&rule.grant().operation);
    if (op == nullptr || op->inherited) continue;
    const FileOp file = file_of(rule.grant());
    if (file.path.empty() || file.path.front() != '/' || file.kind == FileKind::kMemfd) continue;
    Seen& seen = out[file.path];
    seen.perms |= file.perms;
    if (seen.kind == FileKind::kUnknown)
      seen.kind = file.perms.has(FilePerm::kSymlink) ? FileKind::kSymlink : file.kind;
    if (seen.grant == nullptr || rule.grant().pattern) seen.grant = &rule.grant();
  }
  return out;
}

bool below(const std::string& path, const std::string& directory) {
  return path.size() > directory.size() && path.starts_with(directory) && path[directory.size()] == '/';
}

std::string_view file_type_of(FileKind kind) {
  switch (kind) {
    case FileKind::kDirectory: return "-d";
    case FileKind::kSymlink: return "-l";
    case FileKind::kCharDevice: return "-c";
    case FileKind::kBlockDevice: return "-b";
    case FileKind::kSocket: return "-s";
    case FileKind::kFifo: return "-p";
    default: return "--";
  }
}

/// True for memfds and the like, which no path names but which are made on the kernel's own tmpfs.
bool makes_memfd(const Policy& policy) {
  return std::any_of(policy.rules.begin(), policy.rules.end(), [](const Rule& rule) {
    const auto* file = std::get_if<FileOp>(&rule.grant().operation);
    const auto* call = std::get_if<SyscallOp>(&rule.grant().operation);
    return (file != nullptr && file->kind == FileKind::kMemfd) || (call != nullptr && call->name == "memfd_create");
  });
}

PrivatePath memfd_path(const std::string& base) {
  const Place& place = place_of("/dev/shm/x");
  PrivatePath out;
  out.kind = FileKind::kMemfd;
  out.place = &place;
  out.type = type_for(base, place);
  out.created = true;
  return out;
}

/// The expression as the policy's aliases turn the path that it stands for: lines for an alias are never compared.
std::string aliased_regex(const std::string& regex, const std::string& path, const Resolver& resolver) {
  const std::string to = resolver.aliased(path);
  const std::size_t same =
      static_cast<std::size_t>(std::mismatch(path.rbegin(), path.rend(), to.rbegin(), to.rend()).first - path.rbegin());
  const std::string start = escape_path(path.substr(0, path.size() - same));
  return regex.starts_with(start) ? escape_path(to.substr(0, to.size() - same)) + regex.substr(start.size()) : regex;
}

}  // namespace

FileOp file_of(const Grant& grant) {
  FileOp out = std::get<FileOp>(grant.operation);
  if (grant.pattern) out.path = sample_of(*grant.pattern);
  return out;
}

std::vector<PrivatePath> private_paths(const Policy& policy, const std::string& base, const Resolver& resolver) {
  std::vector<PrivatePath> out;
  for (const auto& [seen_path, seen] : paths_of(policy)) {
    const std::string& path = seen_path;  // clang 14 captures no structured binding
    const bool made = seen.perms.has_any(kMakes);
    const bool made_directory = seen.kind == FileKind::kDirectory && seen.perms.has(FilePerm::kCreate);
    const bool written = seen.kind != FileKind::kDirectory && seen.perms.has_any(kWrites);
    const Place& place = place_of(path);
    if (!made && !(written && place.written)) continue;
    if (seen.kind == FileKind::kDirectory && !made_directory && !seen.perms.has(FilePerm::kRenameTo)) continue;
    if (!is_generic(place, resolver.policy_path(path, seen.kind).type)) continue;
    const auto inside = std::find_if(out.begin(), out.end(), [&](const PrivatePath& other) {
      return other.whole_tree && other.place == &place && below(path, other.path);
    });
    if (inside != out.end()) continue;
    const auto& pattern = seen.grant->pattern;
    PrivatePath found{path,
                      aliased_regex(pattern ? regex_of(*pattern) : escape_path(path), path, resolver),
                      seen.kind,
                      &place,
                      type_for(base, place),
                      made,
                      made_directory,
                      !pattern};
    out.push_back(std::move(found));
  }
  if (makes_memfd(policy)) out.push_back(memfd_path(base));
  return out;
}

void add_private_types(Module& module, const std::vector<PrivatePath>& paths, const std::string& domain,
                       const PolicyDb& policy) {
  std::map<std::string, std::set<std::string>> classes;
  for (const PrivatePath& path : paths) {
    module.types.insert(path.type);
    for (const auto* attributes : {&place_tables().file_attributes, &path.place->attributes})
      for (const std::string& attribute : *attributes)
        if (policy.has_attribute(attribute)) module.type_attributes[path.type].insert(attribute);
    classes[path.type].insert(class_of(path.kind));
    if (path.whole_tree) classes[path.type].insert({"file", "dir"});
    if (path.regex.empty()) continue;
    module.contexts.push_back({path.whole_tree ? path.regex + "(/.*)?" : path.regex,
                               path.whole_tree ? "" : std::string(file_type_of(path.kind)), path.type, "s0"});
  }
  for (const auto& [type, names] : classes) {
    for (const std::string& klass : names) {
      const auto manage = place_tables().manage.find(klass);
      if (manage != place_tables().manage.end()) module.allow(domain, type, klass, manage->second);
    }
    for (const char* filesystem : {"fs_t", "tmpfs_t"})
      if (policy.has_type(filesystem)) module.allow(type, filesystem, "filesystem", {"associate"});
  }
  std::sort(module.contexts.begin(), module.contexts.end());
}

std::vector<std::string> add_transitions(Module& module, const std::vector<PrivatePath>& paths,
                                         const std::string& domain, Resolver& resolver) {
  std::vector<std::string> contradictions;
  std::map<std::pair<std::string, std::string>, std::string> taken;                // parent's type, class → new type
  std::map<std::tuple<std::string, std::string, std::string>, std::string> named;  // and the object's name
  for (const PrivatePath& path : paths) {
    if (!path.created) continue;
    const std::size_t slash = path.path.find_last_of('/');
    const std::string parent = slash == 0 ? "/" : path.path.substr(0, slash);
    const std::string from =
        path.kind == FileKind::kMemfd ? "tmpfs_t" : resolver.path(parent, FileKind::kDirectory).type;
    if (from.empty() || from == path.type) continue;
    const std::string& klass = class_of(path.kind);
    TypeRule rule{"type_transition", domain, from, klass, {}, path.type};
    const std::string name = path.exact && slash != path.path.npos ? path.path.substr(slash + 1) : "";
    const auto [known, fresh] = taken.emplace(std::pair(from, klass), path.type);
    const auto [same, first] = named.emplace(std::tuple(from, klass, name), path.type);
    const bool ambiguous = !name.empty() && !first && same->second != path.type;
    if ((!fresh && known->second != path.type) || ambiguous) {
      rule.name = name;
      if (ambiguous || name.empty() || printable(name) != name || name.find('"') != name.npos) {
        contradictions.push_back(
            fmt::format("{} is made in a directory of {}, where new objects of class {} already get {}",
                        printable(path.path), from, klass, ambiguous ? same->second : known->second));
        continue;
      }
    }
    module.type_rules.insert(rule);
  }
  return contradictions;
}

}  // namespace cordon::selinux
