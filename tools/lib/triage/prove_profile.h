#pragma once

#include <memory>
#include <string>

#include "triage/prover.h"

namespace cordon::triage {

/// Asks an AppArmor profile, compiled by apparmor_parser: each fix's rules are put in, the text is compiled again and
/// every denial is decided by the automaton. Only denials of a profile that the file holds can be tried.
Result<std::unique_ptr<Prover>> apparmor_prover(const std::string& profile, Diagnostics& diagnostics);

/// Asks a seccomp profile's program: each fix's rule is put in, the program is made again as crun, runc and libseccomp
/// alone make it, and every denied call is run through all three.
Result<std::unique_ptr<Prover>> seccomp_prover(const std::string& profile, Diagnostics& diagnostics);

}  // namespace cordon::triage
