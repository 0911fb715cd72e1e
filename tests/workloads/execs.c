/* The ways to execute: by path, by descriptor, from memory, through a script; in the directory given. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static char* const kEnd[] = {"execs", "--end", NULL};
static char* const kNone[] = {NULL};

static void in_child(void (*run)(const char*), const char* argument) {
  pid_t child = fork();
  if (child == 0) {
    run(argument);
    _exit(99);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 5);
}

static void by_path(const char* path) { execve(path, kEnd, kNone); }
static void by_descriptor(const char* path) { syscall(SYS_execveat, open(path, O_RDONLY | O_CLOEXEC), "", kEnd, kNone, AT_EMPTY_PATH); }
static void by_directory(const char* path) { syscall(SYS_execveat, open("/", O_PATH), path + 1, kEnd, kNone, 0); }

static void from_memory(const char* path) {
  int memory = memfd_create("program", 0);
  int file = open(path, O_RDONLY);
  struct stat status;
  CHECK(memory >= 0 && fstat(file, &status) == 0);
  for (off_t left = status.st_size; left > 0;) {
    ssize_t moved = sendfile(memory, file, NULL, left);
    CHECK(moved > 0);
    left -= moved;
  }
  fexecve(memory, kEnd, kNone);
}

static void missing(const char* path) {
  CHECK(execve("/nonexistent/program", kEnd, kNone) < 0);
  execve(path, kEnd, kNone);
}

int main(int argc, char** argv) {
  CHECK(argc >= 2);
  if (strcmp(argv[1], "--end") == 0 || (argc > 2 && strcmp(argv[2], "--end") == 0)) return 5;
  char self[4096];
  ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
  CHECK(size > 0);
  self[size] = 0;
  in_child(by_path, self);
  in_child(by_descriptor, self);
  in_child(by_directory, self);
  in_child(from_memory, self);
  in_child(missing, self);
  char script[4200];
  snprintf(script, sizeof script, "%s/script", argv[1]);
  FILE* out = fopen(script, "w");
  CHECK(out != NULL && fprintf(out, "#!%s --end\n", self) > 0 && fclose(out) == 0 && chmod(script, 0755) == 0);
  in_child(by_path, script);
  CHECK(unlink(script) == 0);
  return 0;
}
