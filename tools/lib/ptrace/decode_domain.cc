#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "ptrace/decode.h"
#include "ptrace/memory.h"

/// Writes to /proc/PID/attr: how a program asks AppArmor for another profile or hat, and SELinux for another context.
namespace cordon::decode {
namespace {

constexpr std::size_t kMaxRequest = 4096;  // security/apparmor/lsm.c apparmor_setprocattr: a page

struct CommandRow {
  std::string_view word;
  std::string_view act;
};
/// Source: security/apparmor/lsm.c do_setattr.
constexpr auto kCommands = std::to_array<CommandRow>({
    {"changehat ", "change_hat"},
    {"changeprofile ", "change_profile"},
    {"stack ", "stack"},
    {"exec ", "change_onexec"},
});

/// The attributes of a process, and what SELinux is asked for by a write of a context: hooks.c selinux_setprocattr.
struct AttributeRow {
  std::string_view end;
  std::string_view act;  ///< empty: AppArmor's alone
};
constexpr auto kAttributes = std::to_array<AttributeRow>({
    {"/attr/apparmor/current", {}},
    {"/attr/apparmor/exec", {}},
    {"/attr/current", "setcon"},
    {"/attr/exec", "setexec"},
    {"/attr/fscreate", "setfscreate"},
    {"/attr/keycreate", "setkeycreate"},
    {"/attr/sockcreate", "setsockcreate"},
});

const AttributeRow* attribute_of(std::string_view path) {
  if (!path.starts_with("/proc/")) return nullptr;
  const auto* found = std::find_if(kAttributes.begin(), kAttributes.end(),
                                   [&](const AttributeRow& row) { return path.ends_with(row.end); });
  return found == kAttributes.end() ? nullptr : found;
}

/// Only descriptors that the program opened itself are known here: nothing is looked up for a write.
const AttributeRow* written_attribute(const World& world, Tracee& tracee) {
  const FdEntry* entry = tracee.files->at(static_cast<int>(tracee.call.args[0]));
  if (entry == nullptr || entry->object == 0) return nullptr;
  const Object& object = world.objects[entry->object];
  return object.kind == ObjectKind::kFile ? attribute_of(world.texts.text(object.path)) : nullptr;
}

void drop_end(std::string_view& text) {
  while (!text.empty() && (text.back() == '\0' || text.back() == '\n')) text.remove_suffix(1);
}

/// "user:role:type" with or without a range; nothing at all takes what was asked for before back.
bool is_context(std::string_view text) {
  return text.empty() || (std::count(text.begin(), text.end(), ':') >= 2 && text.find(' ') == text.npos);
}

/// "TOKEN^HAT NUL HAT …"; without a hat it is the way back.
void hats_asked_for(Tracee& tracee, std::string_view rest) {
  const std::size_t caret = rest.find('^');
  if (caret == std::string_view::npos) return;
  rest.remove_prefix(caret + 1);
  while (!rest.empty()) {
    const std::string_view hat = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(hat.size() + 1, rest.size()));
    if (hat.empty()) continue;
    if (tracee.call.text.empty()) tracee.call.text = "^" + std::string(hat);
    at_exit(tracee, DomainOp{"change_hat", std::string(hat), {}});
  }
}

}  // namespace

bool write_entry(World& world, Tracee& tracee) {
  Call& call = tracee.call;
  call.scratch[0] = 0;
  const AttributeRow* attribute = written_attribute(world, tracee);
  if (attribute == nullptr) return false;
  std::string request(static_cast<std::size_t>(std::min<std::uint64_t>(call.args[2], kMaxRequest)), '\0');
  request.resize(read_memory(tracee.tid, call.args[1], request.data(), request.size()));
  for (const CommandRow& row : kCommands) {
    if (!request.starts_with(row.word)) continue;
    std::string_view rest = std::string_view(request).substr(row.word.size());
    call.text.clear();
    call.scratch[0] = row.act == "change_hat" ? 1 : 0;
    if (call.scratch[0] != 0) {
      hats_asked_for(tracee, rest);
      return true;
    }
    drop_end(rest);
    at_exit(tracee, DomainOp{std::string(row.act), std::string(rest), {}});
    return true;
  }
  std::string_view context = request;
  drop_end(context);
  if (attribute->act.empty() || !is_context(context)) return false;
  at_exit(tracee, DomainOp{std::string(attribute->act), std::string(context), {}});
  return true;
}

/// A kernel without AppArmor answers EINVAL: which hat the program meant is known all the same.
void write_exit(World& world, Tracee& tracee) {
  const Call& call = tracee.call;
  if (call.scratch[0] == 0) return;
  const int error = error_of(call);
  if (error != 0 && error != EINVAL) return;
  Process& process = *tracee.process;
  if (process.tasks > 1)
    world.note(world.texts.text(process.exe) +
               " has threads: what they do is told apart by the hat that the process took last");
  process.hat = call.text.empty() ? 0 : world.texts.intern(call.text);
  world.renew_subject(tracee);
}

}  // namespace cordon::decode
