#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "policy/backend.h"
#include "selinux/labels.h"
#include "selinux/module.h"
#include "selinux/policydb.h"

namespace cordon::selinux {

struct AppOptions {
  std::vector<std::string> callers;  ///< domains; empty: those of the baseline that the policy has
  bool permissive = false;
  std::map<std::string, std::string> peers;  ///< --peer: a socket's address or a program → its domain
  bool own_ports = false;                    ///< a port without a service's label gets a type of the module's own
  bool any_ioctl = false;                    ///< do not narrow ioctl to the commands that were seen
  bool label_interpreter = false;            ///< though other programs share it
  std::string range = "s0";
};

/// An application module with what has to be said about it.
struct AppModule {
  Module module;
  std::string domain;
  std::string exec_type;
  std::vector<RuleNote> notes;
  std::vector<std::string> added;
  std::vector<std::string> summary;
  std::vector<std::string> left_out;  ///< accesses that a guard refused, each with its reason
};

/// Where the policy already has NAME_t or NAME_exec_t the module is called NAME_cordon and the summary says so; kUsage
/// where that is taken too.
Result<AppModule> build_app_module(const Policy& policy, const PolicyDb& base, const Labels& labels,
                                   const AppOptions& options, Diagnostics& diagnostics);

}  // namespace cordon::selinux
