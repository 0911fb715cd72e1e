/* Makes memory executable in the ways that are named, and prints for each whether it could: "heap yes". */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { kPage = 4096, kWrite = PROT_READ | PROT_WRITE, kExec = PROT_READ | PROT_EXEC, kAll = kWrite | PROT_EXEC };

static const char *file;

static char *map(int prot) {
  int fd = open(file, O_RDONLY | O_CLOEXEC);
  char *at = mmap(NULL, kPage, prot, MAP_PRIVATE, fd, 0);
  close(fd);
  return at == MAP_FAILED ? NULL : at;
}

static char *page_of(char *address) { return address - (unsigned long)address % kPage; }

static int plain(void) { return map(kExec) != NULL; }
static int both(void) { return map(kAll) != NULL; }
static int anonymous(void) { return mmap(NULL, kPage, kAll, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED; }
static int heap(void) { return mprotect(page_of((char *)sbrk(2 * kPage) + kPage - 1), kPage, kAll) == 0; }

static int stack(void) {
  char local = 0;
  return mprotect(page_of(&local), kPage, kAll) == 0;
}

static int changed(void) {
  char *at = map(kWrite);
  if (at == NULL) return 0;
  at[0] = 1;
  return mprotect(at, kPage, kExec) == 0;
}

static const struct {
  const char *name;
  int (*way)(void);
} kWays[] = {{"plain", plain}, {"both", both}, {"anonymous", anonymous}, {"heap", heap}, {"stack", stack}, {"changed", changed}};

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  file = argv[1];
  for (int i = 2; i < argc; ++i)
    for (unsigned w = 0; w < sizeof kWays / sizeof *kWays; ++w)
      if (strcmp(argv[i], kWays[w].name) == 0) printf("%s %s\n", argv[i], kWays[w].way() ? "yes" : "no");
  return 0;
}
