#include "confine/confine.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <thread>

#ifdef CORDON_COVERAGE
extern "C" void __gcov_dump(void);
#endif

namespace {

using namespace cordon::confine;

/// What a child has run counts too, where lines are counted: its filter lets it write the counts.
void count_lines() {
#ifdef CORDON_COVERAGE
  __gcov_dump();
#endif
}

/// Runs in a child, where what is given up stays given up; what it returned.
int in_child(const std::function<int()>& run) {
  const pid_t child = fork();
  if (child == 0) {
    const int code = run();
    count_lines();
    _exit(code);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 200 + WTERMSIG(status);
}

/// An instrumented build confines itself where it is told to.
bool off() {
#ifdef CORDON_COVERAGE
  setenv("CORDON_CONFINE", "on", 0);
#endif
  return switched_off();
}
bool unable() { return off() || !probe().filter; }

}  // namespace

TEST_CASE("A reader's filter refuses what it never needs, and lets it read and start a thread") {
  if (unable()) {
    WARN("skip: this build or machine lets no tool confine itself");
    return;
  }
  for (const char* filter : {"cordon-trace", "cordon-events"}) {
    INFO(filter);
    CHECK(in_child([&] {
            const auto done = confine_self({filter, {}, false, {}});
            if (!done || !done->filter) return 1;
            if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != ENOSYS) return 2;
            char* const argv[] = {const_cast<char*>("/bin/true"), nullptr};
            if (execve("/bin/true", argv, nullptr) == 0 || errno != ENOSYS) return 3;
            if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 || errno != ENOSYS) return 4;
            const int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
            char byte = 0;
            if (fd < 0 || read(fd, &byte, 1) != 1) return 5;
            return 0;
          }) == 0);
  }
  CHECK(in_child([] {
          if (!confine_self({"cordon-events", {}, false, {}})) return 1;
          bool ran = false;
          std::thread([&] { ran = true; }).join();
          return ran ? 0 : 2;
        }) == 0);
}

TEST_CASE("A filter that does not exist is told, and fatal only where it is required") {
  if (off()) {
    WARN("skip: this build does not confine");
    return;
  }
  CHECK(in_child([] {
          const auto done = confine_self({"no-such", {}, false, {}});
          return done && !done->filter && done->lacking.size() == 1 ? 0 : 1;
        }) == 0);
  CHECK(in_child([] {
          setenv("CORDON_CONFINE", "require", 1);
          return confine_self({"no-such", {}, false, {}}).ok() ? 1 : 0;
        }) == 0);
  CHECK(in_child([] {
          setenv("CORDON_CONFINE", "off", 1);
          const auto done = confine_self({"cordon-trace", {}, true, {}});
          return done && !done->filter && !done->user && done->lacking.empty() ? 0 : 1;
        }) == 0);
}

TEST_CASE("Root becomes nobody, but not where it could then not read its input") {
  if (unable() || geteuid() != 0) {
    WARN("skip: only root can become nobody");
    return;
  }
  CHECK(in_child([] {
          const auto done = confine_self({"cordon-trace", {CAP_DAC_READ_SEARCH}, true, {"/etc/shadow"}});
          if (!done || !done->user) return 1;
          if (getuid() == 0 || setuid(0) == 0) return 2;
          return access("/etc/shadow", R_OK) == 0 || open("/etc/shadow", O_RDONLY | O_CLOEXEC) >= 0 ? 0 : 3;
        }) == 0);
  CHECK(in_child([] {
          const auto done = confine_self({"cordon-trace", {}, true, {"/etc/shadow"}});
          return done && !done->user && open("/etc/shadow", O_RDONLY | O_CLOEXEC) >= 0 ? 0 : 1;
        }) == 0);
}
