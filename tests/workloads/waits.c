/* One call that waits for ever, made once, by the name of it; another thread makes calls all the while if "busy" is given. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "check.h"

static void on_accept(void) {
  struct sockaddr_un here = {.sun_family = AF_UNIX};
  const int server = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK(bind(server, (struct sockaddr*)&here, sizeof here.sun_family) == 0 && listen(server, 1) == 0);
  accept(server, NULL, NULL);
}

static void on_poll(void) { poll(NULL, 0, -1); }

static void on_epoll(void) {
  struct epoll_event event;
  epoll_wait(epoll_create1(0), &event, 1, -1);
}

static void on_futex(void) {
  static int word = 0;
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

/* Only the path tells this open from those before it. */
static void on_fifo(void) {
  CHECK(mkfifo("fifo", 0600) == 0);
  open("fifo", O_RDONLY);
}

static void* busy(void* argument) {
  for (;;) syscall(SYS_getppid);
  return argument;
}

static const struct {
  const char* name;
  void (*run)(void);
} kWaits[] = {{"accept", on_accept}, {"poll", on_poll}, {"epoll_wait", on_epoll}, {"futex", on_futex}, {"open", on_fifo}};

int main(int argc, char** argv) {
  CHECK(argc >= 2);
  if (argc > 2) CHECK(pthread_create(&(pthread_t){0}, NULL, busy, NULL) == 0);
  for (unsigned i = 0; i < sizeof kWaits / sizeof kWaits[0]; ++i)
    if (strcmp(kWaits[i].name, argv[1]) == 0) kWaits[i].run();
  return 1;
}
