/* Four threads that do nothing but make calls; the number for each is the only argument. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static long calls;

static void* work(void* argument) {
  for (long i = 0; i < calls; ++i) syscall(SYS_getppid);
  return argument;
}

int main(int argc, char** argv) {
  pthread_t all[4];
  calls = argc > 1 ? atol(argv[1]) : 100000;
  for (int i = 0; i < 4; ++i) pthread_create(&all[i], NULL, work, NULL);
  for (int i = 0; i < 4; ++i) pthread_join(all[i], NULL);
  return 0;
}
