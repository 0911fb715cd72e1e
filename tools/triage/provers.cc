#include "provers.h"

#include "apparmor/backend.h"
#include "base/fd.h"
#include "selinux/policydb.h"
#include "triage/prove_profile.h"
#include "triage/prove_selinux.h"

namespace cordon::triage_tool {
namespace {

/// The policy asked for, or this machine's; nothing if there is none.
Result<std::unique_ptr<triage::Prover>> selinux_of(const cli::Arguments& arguments, std::vector<std::string>& notes) {
  auto policy = arguments.get("policy"), contexts = arguments.get("file-contexts");
  if (policy.empty()) {
    const auto found = selinux::find_policy();
    if (!found) return std::unique_ptr<triage::Prover>();
    policy = *found;
    if (const auto files = selinux::find_file_contexts(); contexts.empty() && files) contexts = *files;
    notes.push_back("SELinux fixes were tried against this machine's policy " + policy +
                    "; --policy and --file-contexts name another's");
  }
  auto prover = triage::selinux_prover(policy, contexts);
  if (!prover && !arguments.has("policy")) {
    notes.push_back("no SELinux fix was tried: " + to_text(prover.error()));
    return std::unique_ptr<triage::Prover>();
  }
  return prover;
}

Result<std::unique_ptr<triage::Prover>> profile_of(const std::string& path, Diagnostics& diagnostics) {
  const auto text = read_file(path, std::size_t{16} << 20);
  if (!text) return text.error();
  const auto start = std::string_view(*text).substr(0, 4096);
  return apparmor_backend().recognises(path, start) ? triage::apparmor_prover(path, diagnostics)
                                                    : triage::seccomp_prover(path, diagnostics);
}

}  // namespace

Result<Provers> make_provers(const cli::Arguments& arguments, std::vector<std::string>& notes,
                             Diagnostics& diagnostics) {
  Provers provers;
  if (arguments.has("no-policy")) return provers;
  auto selinux = selinux_of(arguments, notes);
  if (!selinux) return selinux.error();
  if (*selinux) provers.push_back(std::move(*selinux));
  for (const auto& path : arguments.get_all("profile")) {
    auto prover = profile_of(path, diagnostics);
    if (!prover) return prover.error();
    provers.push_back(std::move(*prover));
  }
  return provers;
}

}  // namespace cordon::triage_tool
