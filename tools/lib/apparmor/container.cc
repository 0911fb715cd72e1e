#include "apparmor/container.h"

#include <algorithm>
#include <set>

#include "apparmor/data.h"
#include "apparmor/glob.h"
#include "base/bytes.h"
#include "base/text.h"

namespace cordon::apparmor {
namespace {

/// The length of the root at the start of the path, or 0. '*' in a row stands for one component.
std::size_t root_length(std::string_view root, std::string_view path) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < root.size(); ++i) {
    if (root[i] != '*') {
      if (at >= path.size() || path[at] != root[i]) return 0;
      ++at;
      continue;
    }
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (end == at) return 0;
    at = end;
  }
  return at == path.size() || path[at] == '/' ? at : 0;
}

bool strip(std::string& path) {
  std::string inside = within_container(path);
  if (inside == path) return false;
  path = std::move(inside);
  return true;
}

/// The rule with another grant, its basis and evidence kept.
Rule with_grant(const Rule& rule, Grant grant) {
  const Basis& basis = rule.basis();
  switch (basis.kind) {
    case BasisKind::kObserved: return Rule::observed(std::move(grant), rule.evidence());
    case BasisKind::kGeneralised: return Rule::generalised(std::move(grant), basis.by, basis.reason, rule.evidence());
    case BasisKind::kBaseline: return Rule::baseline(std::move(grant), basis.by, basis.reason);
    case BasisKind::kPinned: return Rule::pinned(std::move(grant), basis.by, basis.reason);
  }
  return rule;
}

std::string first_workload(const Policy& policy) {
  for (const Rule& rule : policy.rules) {
    const auto* exec = std::get_if<ExecOp>(&rule.grant().operation);
    if (exec != nullptr && is_runtime_program(rule.grant().subject.exe) && !is_runtime_program(exec->path))
      return within_container(exec->path);
  }
  return policy.program;
}

}  // namespace

bool is_container(Platform platform) {
  return platform == Platform::kDocker || platform == Platform::kPodman || platform == Platform::kKubernetes ||
         platform == Platform::kEcs;
}

std::string within_container(const std::string& path) {
  std::size_t longest = 0;
  for (const ContainerRoot& row : container_roots()) longest = std::max(longest, root_length(row.root, path));
  if (longest == 0) return path;
  return longest == path.size() ? "/" : path.substr(longest);
}

Operation within_container(Operation operation, std::size_t& stripped) {
  if (auto* file = std::get_if<FileOp>(&operation)) {
    stripped += strip(file->path) ? 1 : 0;
    if (file->target.starts_with('/')) strip(file->target);
  } else if (auto* exec = std::get_if<ExecOp>(&operation)) {
    stripped += strip(exec->path) ? 1 : 0;
    strip(exec->interpreter);
    strip(exec->loader);
  } else if (auto* local = std::get_if<UnixOp>(&operation)) {
    strip(local->address);
    strip(local->peer_address);
  }
  return operation;
}

bool is_runtime_program(const std::string& exe) {
  return std::any_of(runtime_programs().begin(), runtime_programs().end(), [&](const RuntimeProgram& row) {
    const auto glob = Glob::parse(row.program);
    return glob && glob->matches(exe);
  });
}

ContainerView container_view(const Policy& policy) {
  ContainerView view{policy, {}};
  view.policy.rules.clear();
  std::size_t stripped = 0, setup = 0;
  std::set<std::string> runtimes;
  for (const Rule& rule : policy.rules) {
    const std::string& exe = rule.grant().subject.exe;
    if (rule.basis().kind == BasisKind::kObserved && is_runtime_program(exe)) {
      ++setup;
      runtimes.insert(printable(exe));
      continue;
    }
    Grant grant = rule.grant();
    grant.subject.exe = within_container(exe);
    grant.operation = within_container(std::move(grant.operation), stripped);
    view.policy.rules.push_back(with_grant(rule, std::move(grant)));
  }
  std::sort(view.policy.rules.begin(), view.policy.rules.end());
  if (setup != 0 && is_runtime_program(policy.program)) view.policy.program = first_workload(policy);
  view.policy.program = within_container(view.policy.program);
  if (setup != 0)
    view.remarks.push_back(counted(setup, "operation") + " of the container's set-up left out, by " +
                           join({runtimes.begin(), runtimes.end()}, ", ") + ": the profile is the workload's.");
  if (stripped != 0)
    view.remarks.push_back(counted(stripped, "name") + " stripped of the engine's folder for the container's root.");
  return view;
}

}  // namespace cordon::apparmor
