// Temporary files and renames, as editors and databases write: renaming DIR [OTHER]
// Writes DIR/state through a temporary file three times, keeps the last as DIR/state.old by a link, and prints the
// state. With OTHER, the last rename goes there instead.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void die(const char* what) {
  perror(what);
  exit(1);
}

static void replace(const char* dir, const char* target, int round) {
  char temporary[256];
  char text[64];
  snprintf(temporary, sizeof temporary, "%s/state.XXXXXX", dir);
  int fd = mkstemp(temporary);
  int n = snprintf(text, sizeof text, "round %d\n", round);
  if (fd < 0 || write(fd, text, (size_t)n) != n || fsync(fd) || close(fd)) die(temporary);
  if (rename(temporary, target)) die(target);
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  char state[256];
  char old[256];
  snprintf(state, sizeof state, "%s/state", argv[1]);
  snprintf(old, sizeof old, "%s/state.old", argv[1]);
  for (int round = 1; round <= 2; ++round) replace(argv[1], state, round);
  unlink(old);
  if (link(state, old)) die(old);
  replace(argv[1], argc > 2 ? argv[2] : state, 3);
  FILE* in = fopen(argc > 2 ? argv[2] : state, "re");
  if (!in) die(state);
  for (int c = 0; (c = getc(in)) != EOF;) putchar(c);
  return fclose(in);
}
