#include "flow/synthesise.h"

#include <unistd.h>

#include <cerrno>

#include "base/atomic_file.h"
#include "base/fd.h"
#include "policy/needs.h"

namespace cordon::flow {

Result<std::vector<Synthesis>> synthesise(const Policy& policy, const std::vector<Request>& requests,
                                          Diagnostics& diagnostics) {
  std::vector<Synthesis> made;
  for (const Request& request : requests) {
    auto emission = request.backend->emit(policy, request.options, diagnostics);
    if (!emission) return emission.error();
    made.push_back({request.backend, std::move(*emission), {}});
  }
  return made;
}

Result<std::vector<Synthesis>> synthesise(const Policy& policy, const std::vector<const Backend*>& backends,
                                          const BackendOptions& options, Diagnostics& diagnostics) {
  std::vector<Request> requests;
  for (const Backend* backend : backends) requests.push_back({backend, options});
  return synthesise(policy, requests, diagnostics);
}

Result<void> write_files(std::vector<Synthesis>& syntheses, const std::string& stem) {
  for (Synthesis& synthesis : syntheses) {
    for (const EmittedFile& file : synthesis.emission.files) {
      const std::string path = stem + file.suffix;
      if (auto written = write_file_atomically(path, file.bytes); !written) return written;
      synthesis.files.push_back(path);
    }
    for (const std::string& suffix : synthesis.emission.unmade)
      if (unlink((stem + suffix).c_str()) != 0 && errno != ENOENT)
        return errno_error(errno, "an older file cannot be taken away", stem + suffix);
  }
  return {};
}

namespace {

Decision decide_needed(const Backend& backend, Decider& decider, const Fact& fact) {
  auto needed = needed_operation(fact);
  if (!needed) return {Ruling::kNotApplicable, "", "mode bits refused it; the program gets the same errno either way"};
  if (!backend.governs(*needed)) return {Ruling::kNotApplicable, "", "not governed by this language"};
  if (needed->index() == fact.operation.index() && *needed == fact.operation) return decider.decide(fact);
  Fact cut = fact;
  cut.operation = std::move(*needed);
  return decider.decide(cut);
}

void count(Proof& proof, Ruling ruling) {
  switch (ruling) {
    case Ruling::kAllowed: ++proof.allowed; return;
    case Ruling::kDenied: ++proof.denied; return;
    case Ruling::kCannotTell: ++proof.cannot_tell; return;
    case Ruling::kNotApplicable: ++proof.not_applicable; return;
  }
}

}  // namespace

Result<Proof> prove(const Backend& backend, const std::vector<std::string>& files, const Trace& trace,
                    const BackendOptions& options, Diagnostics& diagnostics) {
  auto decider = backend.read(files, options, diagnostics);
  if (!decider) return decider.error();
  Proof proof;
  (*decider)->prepare(trace.facts);
  proof.decisions.reserve(trace.facts.size());
  for (const Fact& fact : trace.facts) {
    proof.decisions.push_back(decide_needed(backend, **decider, fact));
    count(proof, proof.decisions.back().ruling);
  }
  return proof;
}

}  // namespace cordon::flow
