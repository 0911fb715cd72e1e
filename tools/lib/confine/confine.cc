#include "confine/confine.h"

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <span>

#include "base/embedded.h"
#include "base/fd.h"
#include "base/text.h"
#include "confine/privileges.h"
#include "seccomp/compile.h"
#include "seccomp/read.h"

namespace cordon::confine {

std::span<const EmbeddedFile> embedded_files();

namespace {

Result<seccomp::BpfProgram> filter_named(const std::string& name) {
  for (const EmbeddedFile& file : embedded_files()) {
    if (file.name != "self/" + name + ".seccomp.json") continue;
    Diagnostics ignored;  // names that this libseccomp does not know are none that we call
    auto read = seccomp::read_profile(file.text, std::string(file.name), ignored);
    if (!read) return read.error();
    seccomp::Profile plain = seccomp::resolved(read->profile, {});
    // A newer libc tries newer calls first, and falls back where the kernel does not know them.
    plain.default_errno_ret = ENOSYS;
    auto compiled = seccomp::compile_tree(plain);
    if (!compiled) return compiled.error();
    return std::move(compiled->program);
  }
  return Error{ErrorCode::kEnvironment, "no filter is called " + name, {}, {}};
}

Result<void> install(const seccomp::BpfProgram& program) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno_error(errno, "cannot set no_new_privs");
  sock_fprog raw{static_cast<unsigned short>(program.size()), const_cast<sock_filter*>(program.data())};
  // Refusals are logged, for cordon-audit to explain (Linux 4.14).
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, &raw) == 0) return {};
  if (errno == EINVAL && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &raw) == 0) return {};
  return errno_error(errno, "cannot install a seccomp filter");
}

void note(Confinement& done, bool& part, const Result<bool>& outcome) {
  if (outcome)
    part = *outcome;
  else
    done.lacking.push_back(to_text(outcome.error()));
}

Confinement confine(const Need& need) {
  Confinement done;
  if (need.any_user) note(done, done.user, become_nobody(need.capabilities, need.inputs));
  note(done, done.capabilities, drop_capabilities(need.capabilities));
  const auto program = filter_named(need.filter);
  const auto installed = program ? install(*program) : Result<void>(program.error());
  done.filter = installed.ok();
  if (!installed) done.lacking.push_back(to_text(installed.error()));
  return done;
}

std::string_view wish() {
  const char* given = std::getenv("CORDON_CONFINE");
  return given != nullptr ? given : "";
}

constexpr bool instrumented() {
#ifdef CORDON_INSTRUMENTED
  return true;
#else
  return false;
#endif
}

}  // namespace

bool switched_off() { return wish() == "off" || (instrumented() && wish() != "on" && wish() != "require"); }

Result<Confinement> confine_self(const Need& need) {
  if (switched_off()) return Confinement{};
  Confinement done = confine(need);
  if (wish() == "require" && !done.lacking.empty())
    return Error{ErrorCode::kEnvironment,
                 "cannot confine itself: " + join(done.lacking, "; "),
                 {},
                 "CORDON_CONFINE=require asks for it; without that it would go on"};
  return done;
}

Confinement probe() {
  int ends[2];
  Confinement found;
  if (pipe(ends) != 0) return found;
  const pid_t child = fork();
  if (child == 0) {
    const Confinement done = confine({"cordon-trace", {}, true, {}});
    const std::string words = join(done.lacking, "; ");
    const ssize_t told = write(ends[1], words.data(), words.size());
    _exit((done.filter ? 1 : 0) + (done.capabilities ? 2 : 0) + (done.user ? 4 : 0) + (told < 0 ? 8 : 0));
  }
  const UniqueFd reader(ends[0]);
  close(ends[1]);
  if (child < 0) return found;
  char buffer[512];
  const auto got = read_some(reader.get(), buffer, sizeof buffer, "");
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  const int parts = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  found.filter = (parts & 1) != 0;
  found.capabilities = (parts & 2) != 0;
  found.user = (parts & 4) != 0;
  if (got && *got > 0) found.lacking.emplace_back(buffer, *got);
  return found;
}

}  // namespace cordon::confine
