#pragma once

#include "check.h"
#include "inputs.h"

/// What cordon-check does besides deciding a recording's facts. Each gives the exit code.
namespace cordon::check_tool {

/// --diff OLD NEW: what each allows that the other does not; exit 1 if anything.
Result<int> diff(const cli::Arguments& arguments, Diagnostics& diagnostics);

/// --cost PROFILE TRACE…: instructions that the filter runs for the recorded calls, in both layouts.
Result<int> cost(const cli::Arguments& arguments, Diagnostics& diagnostics);

/// --verify LOG --module M: each logged SELinux denial recomputed; exit 1 if any remains.
Result<int> verify(const cli::Arguments& arguments, Diagnostics& diagnostics);

/// --prune MODULE [TRACE…|LOG…]: what the module need not hold; exit 1 if anything and -o is not given.
Result<int> prune(const cli::Arguments& arguments, Diagnostics& diagnostics);

/// --merge BASE OURS THEIRS: the module that holds both sides' changes; exit 1 if they contradict.
Result<int> merge(const cli::Arguments& arguments, Diagnostics& diagnostics);

/// --gate FILE: the committed profiles against a new recording; exit 1 if the gate is shut.
Result<int> gate(const cli::Arguments& arguments, Diagnostics& diagnostics);

/// What a profile lets through that was not used, in a few lines. Nothing where it cannot be told.
std::vector<std::string> surface(const ProfileFiles& profile, const Trace& trace, const BackendOptions& options);

}  // namespace cordon::check_tool
