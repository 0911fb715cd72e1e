// A daemon of several processes that gives up root: dropping_daemon DIR [FILE]
// The master opens DIR/log, listens on DIR/socket, forks two workers that become nobody, sends each a request,
// prints the answers, and waits. A worker answers with its uid and, if FILE is given, the size of FILE.
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kNobody = 65534, kWorkers = 2 };

static void die(const char* what) {
  perror(what);
  exit(1);
}

static struct sockaddr_un address(const char* dir) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  snprintf(to.sun_path, sizeof to.sun_path, "%s/socket", dir);
  return to;
}

static void serve(int listener, const char* file) {
  if (setgroups(0, NULL) || setresgid(kNobody, kNobody, kNobody) || setresuid(kNobody, kNobody, kNobody)) die("drop");
  int client = accept(listener, NULL, NULL);
  if (client < 0) die("accept");
  char answer[128];
  struct stat st = {0};
  int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
  if (file && (fd < 0 || fstat(fd, &st))) die(file);
  int n = snprintf(answer, sizeof answer, "uid %d size %lld\n", (int)getuid(), (long long)st.st_size);
  if (write(client, answer, (size_t)n) != n) die("answer");
  exit(0);
}

static void ask(const char* dir) {
  struct sockaddr_un to = address(dir);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  char answer[128];
  if (fd < 0 || connect(fd, (struct sockaddr*)&to, sizeof to)) die("connect");
  ssize_t n = read(fd, answer, sizeof answer);
  if (n > 0) fwrite(answer, 1, (size_t)n, stdout);
  close(fd);
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  char log[128];
  snprintf(log, sizeof log, "%s/log", argv[1]);
  int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (out < 0 || write(out, "start\n", 6) != 6) die(log);
  struct sockaddr_un at = address(argv[1]);
  unlink(at.sun_path);
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, (struct sockaddr*)&at, sizeof at) || listen(listener, 5)) die("listen");
  for (int i = 0; i < kWorkers; ++i)
    if (fork() == 0) serve(listener, argc > 2 ? argv[2] : NULL);
  for (int i = 0; i < kWorkers; ++i) ask(argv[1]);
  int bad = 0;
  for (int i = 0; i < kWorkers; ++i) {
    int status = 0;
    if (wait(&status) < 0 || status) bad = 1;
  }
  return bad;
}
