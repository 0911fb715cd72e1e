#include "facts/describe.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"
#include "facts/names.h"

namespace cordon {
namespace {

std::string endpoint(const std::string& address, std::uint16_t port) {
  if (address.empty() && port == 0) return {};
  const bool v6 = address.find(':') != std::string::npos;
  return fmt::format(" {}{}{}:{}", v6 ? "[" : "", address.empty() ? "*" : address, v6 ? "]" : "", port);
}

std::string spaced(std::string_view text) { return text.empty() ? std::string() : fmt::format(" {}", text); }

std::string arrow(std::string_view text) { return text.empty() ? std::string() : fmt::format(" -> {}", text); }

std::string words(const SyscallOp& op) {
  std::string text = op.name.empty() ? fmt::format("syscall_{}", op.number) : op.name;
  if (op.arch != native_arch()) text = std::string(name_of(op.arch)) + ":" + text;
  if (op.clone_flags) text += fmt::format("(flags={:#x})", *op.clone_flags);
  if (op.executable != Executable::kUntold) text += fmt::format("(executable {})", name_of(op.executable));
  if (op.args.empty()) return text;
  text += '(';
  for (const ArgPredicate& arg : op.args) {
    if (text.back() != '(') text += ", ";
    text += fmt::format("arg{}", arg.index);
    if (arg.mask != ~std::uint64_t{0}) text += fmt::format("&{:#x}", arg.mask);
    text += fmt::format("={:#x}", arg.value);
  }
  return text + ")";
}

std::string words(const FileOp& op) {
  const std::string perms = op.perms.empty() ? "lookup" : describe(op.perms);
  return perms + " " + op.path + arrow(op.target);
}

std::string words(const ExecOp& op) {
  return "exec " + op.path + (op.interpreter.empty() ? "" : " by " + op.interpreter) + (op.setid ? " (set-id)" : "");
}

std::string words(const NetOp& op) {
  return fmt::format(
      "{} {}{}{}{}{}{}", name_of(op.act), op.family, spaced(op.type), spaced(op.protocol),
      endpoint(op.address, op.port),
      op.peer_address.empty() && op.peer_port == 0 ? "" : " ->" + endpoint(op.peer_address, op.peer_port),
      op.message == 0 ? "" : fmt::format(" message {}", op.message));
}

std::string words(const UnixOp& op) {
  return fmt::format("{} unix{}{}{}", name_of(op.act), spaced(op.type), spaced(op.address), arrow(op.peer_address));
}

std::string words(const CapabilityOp& op) {
  return "capability " + op.name + (op.because.empty() ? "" : " (" + op.because + ")");
}

std::string words(const SignalOp& op) {
  return fmt::format("{} signal {}{}", name_of(op.direction), op.signal, spaced(op.peer));
}

std::string words(const PtraceOp& op) { return fmt::format("ptrace {}{}", name_of(op.act), spaced(op.peer)); }

std::string words(const MountOp& op) {
  return fmt::format("{}{}{} on {}{}", name_of(op.act), spaced(op.fstype), spaced(op.source), op.target,
                     op.flags.empty() ? "" : " (" + join(op.flags, ",") + ")");
}

std::string words(const IoctlOp& op) {
  return fmt::format("ioctl {:#x} on {}", op.command, op.path.empty() ? op.klass : op.path);
}

std::string words(const IpcOp& op) {
  return fmt::format("{} {}{}{}{}{}", name_of(op.kind), join(op.perms, ","), spaced(op.bus), spaced(op.name),
                     spaced(op.interface), spaced(op.member));
}

std::string words(const RlimitOp& op) { return fmt::format("rlimit {} {}", op.resource, op.value); }
std::string words(const NamespaceOp& op) { return fmt::format("{} {} namespace", name_of(op.act), op.kind); }
std::string words(const DomainOp& op) { return op.act + spaced(op.target); }

std::string words(const AvOp& op) {
  return fmt::format("{} {}:{} {{ {} }}{}", op.source, op.target, op.klass, join(op.perms, " "), spaced(op.path));
}

}  // namespace

std::string describe(FilePerms perms) {
  std::string text;
  for (std::size_t i = 0; i < EnumNames<FilePerm>::kNames.size(); ++i) {
    if (!perms.has(static_cast<FilePerm>(i))) continue;
    if (!text.empty()) text += ',';
    text += EnumNames<FilePerm>::kNames[i];
  }
  return text;
}

std::string describe(const Operation& operation) {
  // Names of the kernel's own too: a trace may come from anywhere.
  return printable(std::visit([](const auto& op) { return words(op); }, operation));
}

std::string describe(const Verdict& verdict) {
  switch (verdict.outcome) {
    case Outcome::kAllowed: return {};
    case Outcome::kFailed: return printable(verdict.error);
    case Outcome::kDenied: return fmt::format("denied by {}", name_of(verdict.by));
    case Outcome::kWouldDeny: return fmt::format("would be denied by {}", name_of(verdict.by));
    case Outcome::kUnwatched: return "result not watched";
  }
  return {};
}

}  // namespace cordon
