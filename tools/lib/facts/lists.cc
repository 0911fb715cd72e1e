#include "facts/lists.h"

#include <set>

#include "base/bytes.h"
#include "facts/describe.h"

namespace cordon {
namespace {

/// A line for scripts: tabs and newlines inside a name are escaped, so a line is always one item.
std::vector<std::string> sorted(const std::set<std::string>& items) { return {items.begin(), items.end()}; }

template <class Op, class Each>
void for_each_op(const Trace& trace, Each each) {
  for (const Fact& fact : trace.facts)
    if (const auto* op = std::get_if<Op>(&fact.operation)) each(*op, fact);
}

}  // namespace

std::vector<std::string> list_syscalls(const Trace& trace) {
  std::set<std::string> names;
  for_each_op<SyscallOp>(trace, [&](const SyscallOp& op, const Fact&) {
    SyscallOp bare = op;
    bare.args.clear();
    bare.clone_flags.reset();
    bare.executable = Executable::kUntold;
    names.insert(describe(Operation(bare)));
  });
  return sorted(names);
}

std::vector<std::string> list_files(const Trace& trace) {
  std::map<std::string, FilePerms> perms;
  for_each_op<FileOp>(trace, [&](const FileOp& op, const Fact& fact) {
    if (fact.verdict.outcome != Outcome::kFailed) perms[op.path] |= op.perms;
  });
  std::set<std::string> lines;
  for (const auto& [path, all] : perms) lines.insert(printable(path) + "\t" + describe(all));
  return sorted(lines);
}

std::vector<std::string> list_net(const Trace& trace) {
  std::set<std::string> lines;
  for_each_op<NetOp>(trace, [&](const NetOp& op, const Fact&) { lines.insert(describe(Operation(op))); });
  for_each_op<UnixOp>(trace, [&](const UnixOp& op, const Fact&) { lines.insert(describe(Operation(op))); });
  return sorted(lines);
}

std::vector<std::string> list_caps(const Trace& trace) {
  std::set<std::string> names;
  for_each_op<CapabilityOp>(trace, [&](const CapabilityOp& op, const Fact&) { names.insert(op.name); });
  return sorted(names);
}

std::vector<std::string> list_exec(const Trace& trace) {
  std::set<std::string> paths;
  for (const Run& run : trace.runs)
    if (!run.head.program.empty()) paths.insert(printable(run.head.program));
  for_each_op<ExecOp>(trace, [&](const ExecOp& op, const Fact& fact) {
    if (fact.verdict.outcome == Outcome::kFailed) return;
    paths.insert(printable(op.path));
    if (!op.interpreter.empty()) paths.insert(printable(op.interpreter));
  });
  return sorted(paths);
}

const std::vector<ListRow>& list_rows() {
  static const std::vector<ListRow> kRows = {
      {"syscalls", "the syscalls' names; those of other ABIs as ABI:NAME", list_syscalls},
      {"files", "the paths and what was done to them, separated by a tab", list_files},
      {"net", "the sockets", list_net},
      {"caps", "the capabilities", list_caps},
      {"exec", "the programs that were started", list_exec},
  };
  return kRows;
}

std::map<std::string, std::size_t> facts_by_kind(const Trace& trace) {
  std::map<std::string, std::size_t> counts;
  for (const Fact& fact : trace.facts) ++counts[std::string(kind_of(fact.operation))];
  return counts;
}

}  // namespace cordon
