#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// Our own tools, confined before they read what others wrote: fewer privileges, and a seccomp filter that Cordon
/// learned of them (profiles/self). Nothing here is fatal unless CORDON_CONFINE=require says so: an old kernel, a
/// container's filter or an emulator may refuse any part of it.
namespace cordon::confine {

/// What a command still needs.
struct Need {
  std::string filter;               ///< profiles/self/FILTER.seccomp.json
  std::set<unsigned> capabilities;  ///< CAP_* that root keeps, if it has them
  bool any_user = false;            ///< root may become nobody: it writes no file and runs no helper
  std::vector<std::string> inputs;  ///< files that must be as readable afterwards as before
};

/// What was done.
struct Confinement {
  bool filter = false;
  bool capabilities = false;  ///< there were some to give up, and they were
  bool user = false;
  std::vector<std::string> lacking;  ///< what could not be done, each with its reason
};

/// By the environment's CORDON_CONFINE: "off" does nothing, "require" makes what is lacking an error.
Result<Confinement> confine_self(const Need& need);

/// Whether this machine lets a tool confine itself; tried in a child.
Confinement probe();

/// CORDON_CONFINE=off, or a build whose instruments need more calls (sanitizers, coverage) unless it is on or require.
bool switched_off();

}  // namespace cordon::confine
