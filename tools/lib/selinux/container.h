#pragma once

#include <map>
#include <string>
#include <vector>

#include "policy/policy.h"
#include "selinux/container_info.h"
#include "selinux/labels.h"
#include "selinux/module.h"
#include "selinux/policydb.h"

namespace cordon::selinux {

struct ContainerOptions {
  std::string name;
  std::map<std::string, std::string> peers;  ///< as in AppOptions
  bool templates = false;  ///< inherit from the block `container` of the installed container templates
};

/// A module for one container, in udica's role: its own process type, granted what was touched.
struct ContainerModule {
  Module module;
  std::string type;                ///< "NAME_t", or "NAME.process" with templates
  std::string cil;                 ///< what to install
  std::string run_option;          ///< --security-opt label=type:…
  std::string kubernetes;          ///< seLinuxOptions, YAML
  std::string selinux_profile;     ///< the Security Profiles Operator's SelinuxProfile, YAML; "" where it can't say it
  std::vector<std::string> added;  ///< what is granted without being seen, each with its reason
  std::vector<std::string> notes;  ///< what is left out, and why
  std::vector<std::string> summary;  ///< all of this for the one screen
  std::string bottlerocket;          ///< which of Bottlerocket's own types fits, and why
};

/// `recorded` (the trace of the container) and `info` may be null, not both. Paths of the trace are the container's;
/// those under a mount are labelled by the mount's source on the host. MCS categories stay the engine's affair: the
/// module grants types only. Errors: kUsage (nothing given; a name that the policy has).
Result<ContainerModule> build_container_module(const Policy* recorded, const ContainerInfo* info, const PolicyDb& base,
                                               const Labels& labels, const ContainerOptions& options);

}  // namespace cordon::selinux
