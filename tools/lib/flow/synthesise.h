#pragma once

#include <string>
#include <vector>

#include "policy/backend.h"

namespace cordon::flow {

/// What one backend made, and the files that it became.
struct Synthesis {
  const Backend* backend = nullptr;
  Emission emission;
  std::vector<std::string> files;  ///< paths, once written
};

/// What one profile says of a trace's facts.
struct Proof {
  std::vector<Decision> decisions;  ///< one for each fact, in order
  std::size_t allowed = 0;
  std::size_t denied = 0;
  std::size_t cannot_tell = 0;
  std::size_t not_applicable = 0;
  bool passed() const { return denied == 0 && cannot_tell == 0; }
};

/// A backend and what it is asked with.
struct Request {
  const Backend* backend = nullptr;
  BackendOptions options;
};

/// Asks each backend for its profile. A backend that fails fails all: half a set of profiles is no set.
Result<std::vector<Synthesis>> synthesise(const Policy& policy, const std::vector<Request>& requests,
                                          Diagnostics& diagnostics);
/// The same with equal options for all.
Result<std::vector<Synthesis>> synthesise(const Policy& policy, const std::vector<const Backend*>& backends,
                                          const BackendOptions& options, Diagnostics& diagnostics);

/// Writes each file as `stem` + its suffix, atomically, and notes its path. What could not be made is taken away where
/// an earlier run left it: it would be loaded for what these files say.
Result<void> write_files(std::vector<Synthesis>& syntheses, const std::string& stem);

/// Reads the profile back from its files and decides every fact with it.
Result<Proof> prove(const Backend& backend, const std::vector<std::string>& files, const Trace& trace,
                    const BackendOptions& options, Diagnostics& diagnostics);

}  // namespace cordon::flow
