/* Four threads that make calls, as many rounds each as the first argument says. A round is what cat does with a small
 * file: open it, ask for its status, read a block and then its end, write the block to /dev/null, close it; with a second
 * argument it is one getppid, the cheapest call there is, so that hardly anything but the way into the kernel and back is
 * measured. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kBlock = 4096 };
static long rounds;

static void* bare(void* argument) {
  for (long i = 0; i < rounds; ++i) syscall(SYS_getppid);
  return argument;
}

static void* work(void* argument) {
  char block[kBlock], name[] = "/tmp/block.XXXXXX";
  struct stat status;
  const int made = mkstemp(name), sink = open("/dev/null", O_WRONLY);
  if (made < 0 || sink < 0 || ftruncate(made, kBlock) != 0) exit(1);
  for (long i = 0; i < rounds; ++i) {
    const int file = open(name, O_RDONLY);
    if (fstat(file, &status) != 0 || read(file, block, kBlock) != kBlock || read(file, block, kBlock) != 0) exit(1);
    if (write(sink, block, kBlock) != kBlock || close(file) != 0) exit(1);
  }
  unlink(name);
  return argument;
}

int main(int argc, char** argv) {
  pthread_t all[4];
  rounds = argc > 1 ? atol(argv[1]) : 100000;
  for (int i = 0; i < 4; ++i) {
    if (pthread_create(&all[i], NULL, argc > 2 ? bare : work, NULL) != 0) return 1;
  }
  for (int i = 0; i < 4; ++i) pthread_join(all[i], NULL);
  return 0;
}
