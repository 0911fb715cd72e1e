/* Memory that becomes executable: a file's private mapping as it is and after it was written to, and what is no file. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

enum { kPage = 4096, kReadExec = PROT_READ | PROT_EXEC, kAll = PROT_READ | PROT_WRITE | PROT_EXEC };

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

static char *page_of(char *address) { return address - (unsigned long)address % kPage; }

int main(int argc, char **argv) {
  CHECK(argc == 2);
  char *plain = map(argv[1], "plain");
  char *changed = map(argv[1], "changed");
  changed[kPage] = 1;
  CHECK(mprotect(plain, kPage, kReadExec) == 0);
  CHECK(mprotect(changed, kPage, kReadExec) == 0);
  CHECK(mprotect(map(argv[1], "both"), kPage, kAll) == 0);
  CHECK(mmap(NULL, kPage, kReadExec, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
  void *shared = mmap(NULL, kPage, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(shared != MAP_FAILED && mprotect(shared, kPage, kReadExec) == 0);
  char *heap = page_of((char *)sbrk(2 * kPage) + kPage - 1);
  CHECK(mprotect(heap, kPage, kAll) == 0 && mprotect(heap, kPage, kReadExec) == 0);
  char local = 0;
  CHECK(mprotect(page_of(&local), kPage, kAll) == 0);
  return 0;
}
