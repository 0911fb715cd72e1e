/* Daemonises, and works on when its parent has gone; leaves "done" in the directory given. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

int main(int argc, char** argv) {
  CHECK(argc == 2 && chdir(argv[1]) == 0);
  if (fork() != 0) return 3;
  CHECK(setsid() > 0);
  if (fork() != 0) return 0;
  for (int fd = 0; fd < 1024; ++fd) close(fd);
  struct timespec wait = {0, 200 * 1000 * 1000};
  nanosleep(&wait, NULL);
  int fd = open("done", O_WRONLY | O_CREAT, 0644);
  return fd < 0;
}
