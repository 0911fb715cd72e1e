// Tries accesses and says how each went: prober LIST. LIST has one access a line, `OP PATH [OTHER]`; the answer is one
// line each, `allowed` or `denied` (EACCES or EPERM from a security module), or another errno's name.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int opened(const char* path, int flags) {
  int fd = open(path, flags | O_CLOEXEC, 0644);
  if (fd < 0) return errno;
  close(fd);
  return 0;
}

static int locked(const char* path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  int result = flock(fd, LOCK_SH) ? errno : 0;
  close(fd);
  return result;
}

static int mapped(const char* path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  void* at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
  int result = at == MAP_FAILED ? errno : 0;
  close(fd);
  return result;
}

static int executed(const char* path) {
  int failed[2];
  if (pipe2(failed, O_CLOEXEC)) return errno;
  pid_t child = fork();
  if (child == 0) {
    char* argv[] = {(char*)path, NULL};
    execv(path, argv);
    int why = errno;
    _exit(write(failed[1], &why, sizeof why) == sizeof why ? 1 : 2);
  }
  close(failed[1]);
  int why = 0;
  if (read(failed[0], &why, sizeof why) != sizeof why) why = 0;
  close(failed[0]);
  int status = 0;
  waitpid(child, &status, 0);
  // Past the point of no return the kernel can refuse only by killing.
  return WIFSIGNALED(status) ? EACCES : why;
}

static int result_of(int status) { return status ? errno : 0; }

static int attempt(const char* op, const char* path, const char* other) {
  if (!strcmp(op, "read")) return opened(path, O_RDONLY);
  if (!strcmp(op, "write")) return opened(path, O_WRONLY);
  if (!strcmp(op, "readwrite")) return opened(path, O_RDWR);
  if (!strcmp(op, "append")) return opened(path, O_WRONLY | O_APPEND);
  if (!strcmp(op, "create")) return opened(path, O_WRONLY | O_CREAT | O_EXCL);
  if (!strcmp(op, "truncate")) return result_of(truncate(path, 0));
  if (!strcmp(op, "unlink")) return result_of(unlink(path));
  if (!strcmp(op, "mkdir")) return result_of(mkdir(path, 0755));
  if (!strcmp(op, "rmdir")) return result_of(rmdir(path));
  if (!strcmp(op, "symlink")) return result_of(symlink("target", path));
  if (!strcmp(op, "mkfifo")) return result_of(mkfifo(path, 0600));
  if (!strcmp(op, "chmod")) return result_of(chmod(path, 0755));
  if (!strcmp(op, "rename")) return result_of(rename(path, other));
  if (!strcmp(op, "link")) return result_of(link(path, other));
  if (!strcmp(op, "lock")) return locked(path);
  if (!strcmp(op, "mapexec")) return mapped(path);
  if (!strcmp(op, "exec")) return executed(path);
  fprintf(stderr, "prober: no such access: %s\n", op);
  exit(2);
}

int main(int argc, char** argv) {
  FILE* list = argc > 1 ? fopen(argv[1], "re") : NULL;
  char op[32];
  char path[512];
  char other[512];
  char line[1200];
  if (!list) return 2;
  while (fgets(line, sizeof line, list)) {
    other[0] = 0;
    if (sscanf(line, "%31s %511s %511s", op, path, other) < 2) return 2;
    int error = attempt(op, path, other);
    puts(error == 0 ? "allowed" : error == EACCES || error == EPERM ? "denied" : strerrorname_np(error));
  }
  return fclose(list);
}
