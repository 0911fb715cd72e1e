/* So many tasks at once, half of them threads: all live until the last one has started. Or so many paths, none there. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static int gate[2], told[2];

static void* waits(void* argument) {
  char byte = 1;
  CHECK(syscall(SYS_gettid) > 0 && write(told[1], &byte, 1) == 1);
  CHECK(read(gate[0], &byte, 1) == 0);
  return argument;
}

static void tasks(int count) {
  CHECK(pipe(gate) == 0 && pipe(told) == 0);
  pthread_attr_t small;
  CHECK(pthread_attr_init(&small) == 0 && pthread_attr_setstacksize(&small, 65536) == 0);
  pthread_t* threads = calloc((size_t)count / 2, sizeof *threads);
  CHECK(threads != NULL);
  for (int i = 0; i < count / 2; ++i) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      close(gate[1]);
      waits(NULL);
      _exit(0);
    }
  }
  for (int i = 0; i < count / 2; ++i) CHECK(pthread_create(&threads[i], &small, waits, NULL) == 0);
  char byte;
  for (int i = 0; i < count / 2 * 2; ++i) CHECK(read(told[0], &byte, 1) == 1);
  close(gate[1]);
  for (int i = 0; i < count / 2; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
  for (int status; wait(&status) > 0;) CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void paths(int count) {
  char path[64];
  struct stat status;
  for (int i = 0; i < count; ++i) {
    snprintf(path, sizeof path, "/nonexistent/%08d", i);
    CHECK(stat(path, &status) < 0);
  }
}

int main(int argc, char** argv) {
  CHECK(argc == 3);
  (strcmp(argv[1], "tasks") == 0 ? tasks : paths)(atoi(argv[2]));
  return 0;
}
