#pragma once

#include <string>
#include <vector>

#include "seccomp/plan.h"

namespace cordon::seccomp {

/// Allows what depends on timing alone, beside calls that the plan allows.
void add_timing(Plan& plan, const Data& data);

/// Allows the twins of what the plan allows, where one of the plan's ABIs has them. Argument conditions move to the
/// twin's argument of the same kind; where it has none, the twin stays denied.
void add_twins(Plan& plan, const Data& data);

/// Allows a pack's calls. Rows for programs that may gain privileges only where `new_privs`.
void add_pack(Plan& plan, const Pack& pack, bool new_privs);

/// A plan moved to other ABIs: calls that they lack are replaced by their twins. What has none is listed.
struct Mapped {
  Plan plan;
  std::vector<std::string> lost;  ///< "open on riscv64: no such call, and no twin"
};
Mapped map_to(const Plan& plan, Arch target, const Data& data);

}  // namespace cordon::seccomp
