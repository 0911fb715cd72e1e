#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/atomic_file.h"
#include "base/invariant.h"
#include "policy/backend.h"
#include "seccomp/backend.h"

/// What several tests of the room share.
namespace cordon::seccomp {

inline SyscallOp call(std::string name, std::vector<ArgPredicate> args = {}, Arch arch = Arch::kX86_64) {
  SyscallOp op;
  op.arch = arch;
  op.name = std::move(name);
  op.args = std::move(args);
  return op;
}

using Values = std::map<std::string, std::string>;

/// Each operation as an observed rule.
inline Policy policy_of(const std::vector<Operation>& ops) {
  Policy policy;
  policy.name = "demo";
  policy.program = "/usr/bin/demo";
  for (const Operation& op : ops)
    policy.rules.push_back(Rule::observed({{"/usr/bin/demo", "", "", ""}, op, std::nullopt}, {"f"}));
  return policy;
}

inline Result<Emission> emit_all(const std::vector<Operation>& ops, Values values = {},
                                 Platform platform = Platform::kTry) {
  BackendOptions options;
  options.platform = platform;
  options.values = std::move(values);
  Diagnostics diagnostics;
  return seccomp_backend().emit(policy_of(ops), options, diagnostics);
}

inline Result<Emission> emit(const std::vector<SyscallOp>& ops, Values values = {},
                             Platform platform = Platform::kTry) {
  return emit_all({ops.begin(), ops.end()}, std::move(values), platform);
}

inline std::string file_of(const Emission& emission, const std::string& suffix) {
  for (const EmittedFile& file : emission.files)
    if (file.suffix == suffix) return file.bytes;
  return {};
}

/// A directory that goes when the test ends.
class Scratch {
 public:
  Scratch() {
    std::string name = "/tmp/cordon-seccomp-XXXXXX";
    CORDON_INVARIANT(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string write(const std::string& name, std::string_view bytes) const {
    const std::string path = path_ + "/" + name;
    CORDON_INVARIANT(write_file_atomically(path, bytes).ok());
    return path;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace cordon::seccomp
