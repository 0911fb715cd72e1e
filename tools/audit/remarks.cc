#include "remarks.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/text.h"
#include "selinux/context.h"

namespace cordon::audit_tool {
namespace {

struct ClassKind {
  std::string_view klass;
  FileKind kind;
};
constexpr std::array kFileClasses = std::to_array<ClassKind>({{"file", FileKind::kRegular},
                                                              {"dir", FileKind::kDirectory},
                                                              {"lnk_file", FileKind::kSymlink},
                                                              {"chr_file", FileKind::kCharDevice},
                                                              {"blk_file", FileKind::kBlockDevice},
                                                              {"fifo_file", FileKind::kFifo},
                                                              {"sock_file", FileKind::kSocket}});

const ClassKind* file_class(std::string_view klass) {
  const auto found =
      std::find_if(kFileClasses.begin(), kFileClasses.end(), [&](const auto& row) { return row.klass == klass; });
  return found == kFileClasses.end() ? nullptr : &*found;
}

/// A path that a shell takes as one word.
std::string shell_word(const std::string& path) {
  std::string out = "'";
  for (const char c : path) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return printable(out + "'");
}

/// A file system without labels of its own (nfs, vfat) has one type for all; restorecon does not reach it.
bool keeps_labels(const AvOp& op, const Judges& judges) {
  if (!judges.policy) return true;
  const auto attributes = judges.policy->attributes_of(selinux::type_of(op.target));
  return std::find(attributes.begin(), attributes.end(), "noxattrfs") == attributes.end();
}

void wrong_label(const audit::Denial& denial, const AvOp& op, const Judges& judges, std::vector<std::string>& out) {
  const ClassKind* row = file_class(op.klass);
  if (row == nullptr || !judges.labels || !keeps_labels(op, judges)) return;
  for (const audit::Evidence& sample : denial.samples) {
    // name="/" is the root of some file system, not of the tree.
    if (sample.path.size() < 2 || sample.path.front() != '/') continue;
    std::string path = sample.path;
    if (!judges.root.empty() && path.rfind(judges.root, 0) == 0) path = path.substr(judges.root.size());
    const auto wanted = judges.labels->lookup(path, row->kind);
    if (!wanted) continue;
    const std::string_view has = selinux::type_of(op.target), wants = selinux::type_of(*wanted);
    if (wants.empty() || has == wants) continue;
    out.push_back("label: " + printable(path) + " bears " + printable(has) + ", the file contexts say " +
                  std::string(wants) + "; mend: restorecon -v " + shell_word(path));
  }
}

void lost_label(const audit::Denial& denial, std::vector<std::string>& out) {
  if (!denial.details.target_raw.empty())
    out.push_back("label: the object is labelled " + printable(denial.details.target_raw) +
                  ", which the loaded policy does not know (it counts as unlabeled); load the module that has the "
                  "type, or restorecon the path");
  if (!denial.details.source_raw.empty())
    out.push_back("label: the process runs as " + printable(denial.details.source_raw) +
                  ", which the loaded policy does not know; load its module and start it anew");
}

constexpr std::size_t kMaxPortTypes = 6;

std::string protocol_of(std::string_view klass) {
  for (const std::string_view name : {"tcp", "udp", "dccp", "sctp"})
    if (klass.substr(0, name.size()) == name) return std::string(name);
  return {};
}

/// Types of ports that belong to no service; another port has its label for a reason. Source: refpolicy corenetwork.te.
constexpr std::array kGenericPorts = std::to_array<std::string_view>(
    {"port_t", "unreserved_port_t", "reserved_port_t", "hi_reserved_port_t", "ephemeral_port_t"});

/// "http" of http_port_t, "httpd" of httpd_t.
std::string_view stem(std::string_view type) {
  return type.substr(0, type.find("_port_t") == type.npos ? type.rfind("_t") : type.find("_port_t"));
}

/// Those first that are named like the domain: httpd_t's http_port_t before http_cache_port_t.
void likeliest_first(std::vector<std::string>& types, std::string_view domain) {
  std::stable_sort(types.begin(), types.end(), [&](const std::string& a, const std::string& b) {
    return stem(domain).starts_with(stem(a)) > stem(domain).starts_with(stem(b));
  });
}

/// The port types that the domain may already use for this.
void port_types(const audit::Denial& denial, const AvOp& op, const Judges& judges, std::vector<std::string>& out) {
  const std::string protocol = protocol_of(op.klass);
  const bool binds = std::find(op.perms.begin(), op.perms.end(), "name_bind") != op.perms.end();
  const bool connects = std::find(op.perms.begin(), op.perms.end(), "name_connect") != op.perms.end();
  const bool generic =
      std::find(kGenericPorts.begin(), kGenericPorts.end(), selinux::type_of(op.target)) != kGenericPorts.end();
  if (!generic || !judges.policy || denial.details.port == 0 || protocol.empty() || (!binds && !connects)) return;
  std::vector<std::string> usable;
  for (const std::string& type : judges.policy->types_of("port_type")) {
    const auto allowed =
        judges.policy->allows(op.source, "system_u:object_r:" + type + (judges.policy->mls() ? ":s0" : ""), op.klass,
                              binds ? "name_bind" : "name_connect");
    if (allowed && *allowed) usable.push_back(type);
    if (usable.size() > kMaxPortTypes) return;  // so many that none of them is meant
  }
  if (usable.empty()) return;
  likeliest_first(usable, selinux::type_of(op.source));
  out.push_back("port: the domain may use ports of " + join(usable, ", ") + "; mend: semanage port -a -t " +
                usable.front() + " -p " + protocol + " " + std::to_string(denial.details.port));
}

bool is_level(const selinux::Reason& reason) {
  return reason.words.find("MCS") != std::string::npos || reason.words.find("level") != std::string::npos ||
         reason.words.find("categor") != std::string::npos;
}

}  // namespace

std::vector<std::string> other_causes(const audit::Denial& denial, const AvOp& op, const Judges& judges) {
  std::vector<std::string> out;
  lost_label(denial, out);
  wrong_label(denial, op, judges, out);
  port_types(denial, op, judges, out);
  if (denial.outcome == Outcome::kWouldDeny) out.push_back("permissive: it was logged and not blocked (permissive=1)");
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::string constraint_advice(const PermissionState& state) {
  for (const selinux::Reason& reason : state.reasons)
    if (reason.kind == selinux::ReasonKind::kConstraint && is_level(reason))
      return "give both the same level: mount the volume with :z (shared) or :Z (private), run the container with "
             "--security-opt label=level:LEVEL, or chcon -l LEVEL the path";
  return "change the user, role or level of one side, or give one of the types the attribute that the constraint "
         "exempts; an allow rule does not reach it";
}

std::string boolean_command(const selinux::BooleanFix& fix) {
  std::string out = "setsebool -P";
  for (const auto& setting : fix.set) out += ' ' + setting.name + (setting.on ? "=on" : "=off");
  return out + " (opens " + counted(fix.opens, "other rule") + ")";
}

}  // namespace cordon::audit_tool
