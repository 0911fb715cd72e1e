#include "seccomp/write.h"

#include <nlohmann/json.hpp>

namespace cordon::seccomp {
namespace {

using Json = nlohmann::ordered_json;

Json arch_names(const std::vector<Arch>& arches) {
  Json out = Json::array();
  for (const Arch arch : arches) out.push_back(std::string(arch_info(arch).oci_name));
  return out;
}

Json condition(const ArgCondition& c) {
  Json out = {{"index", c.index}, {"value", c.value}};
  if (c.op == Compare::kMaskedEq || c.value_two != 0) out["valueTwo"] = c.value_two;
  out["op"] = std::string(oci_name(c.op));
  return out;
}

Json selector(const Selector& s) {
  Json out = Json::object();
  if (!s.caps.empty()) out["caps"] = s.caps;
  if (!s.arches.empty()) out["arches"] = s.arches;
  if (s.min_kernel) out["minKernel"] = std::to_string(s.min_kernel->major) + "." + std::to_string(s.min_kernel->minor);
  return out;
}

Json rule(const SyscallRule& r, bool conditional) {
  Json out = {{"names", r.names}, {"action", std::string(oci_name(r.action))}};
  if (r.errno_ret) out["errnoRet"] = *r.errno_ret;
  if (!r.args.empty()) {
    out["args"] = Json::array();
    for (const ArgCondition& c : r.args) out["args"].push_back(condition(c));
  }
  if (!r.comment.empty()) out["comment"] = r.comment;
  if (conditional && !r.includes.empty()) out["includes"] = selector(r.includes);
  if (conditional && !r.excludes.empty()) out["excludes"] = selector(r.excludes);
  return out;
}

Json arches(const Profile& profile) {
  Json out = arch_names(profile.architectures);
  for (const std::string& foreign : profile.foreign_architectures) out.push_back(foreign);
  return out;
}

Json arch_map(const Profile& profile) {
  Json out = Json::array();
  for (const ArchMapEntry& entry : profile.arch_map)
    out.push_back({{"architecture", std::string(arch_info(entry.architecture).oci_name)},
                   {"subArchitectures", arch_names(entry.sub_architectures)}});
  return out;
}

}  // namespace

std::string write_json(const Profile& profile, Dialect dialect) {
  const bool conditional = dialect == Dialect::kDocker || dialect == Dialect::kPodman;
  Json out = {{"defaultAction", std::string(oci_name(profile.default_action))}};
  if (profile.default_errno_ret) out["defaultErrnoRet"] = *profile.default_errno_ret;
  if (conditional && !profile.arch_map.empty())
    out["archMap"] = arch_map(profile);
  else if (!profile.architectures.empty() || !profile.foreign_architectures.empty())
    out["architectures"] = arches(profile);
  if (!profile.flags.empty()) out["flags"] = profile.flags;
  if (!profile.listener_path.empty()) out["listenerPath"] = profile.listener_path;
  if (!profile.listener_metadata.empty()) out["listenerMetadata"] = profile.listener_metadata;
  out["syscalls"] = Json::array();
  for (const SyscallRule& r : profile.rules) out["syscalls"].push_back(rule(r, conditional));
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cordon::seccomp
