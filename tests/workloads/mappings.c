/* A file's private mapping made executable: as it is, and after it was written to. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

enum { kPage = 4096 };

static void *map(const char *directory, const char *name) {
  char path[4000];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0700);
  CHECK(fd >= 0 && ftruncate(fd, 2 * kPage) == 0);
  void *at = mmap(NULL, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  CHECK(at != MAP_FAILED);
  close(fd);
  return at;
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  char *plain = map(argv[1], "plain");
  char *changed = map(argv[1], "changed");
  changed[kPage] = 1;
  CHECK(mprotect(plain, kPage, PROT_READ | PROT_EXEC) == 0);
  CHECK(mprotect(changed, kPage, PROT_READ | PROT_EXEC) == 0);
  return 0;
}
