// Needs capabilities: capable DIR [chroot]
// Gives DIR/owned to nobody (CAP_CHOWN), makes a device node (CAP_MKNOD), listens on port 81 of the loopback
// (CAP_NET_BIND_SERVICE), lowers its niceness (CAP_SYS_NICE), with a second word changes its root (CAP_SYS_CHROOT), and
// says how each went.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int failures;

static void say(const char* what, int result) {
  printf("%s: %s\n", what, result == 0 ? "done" : strerror(errno));
  failures += result != 0;
}

static int listen_on(int port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr*)&at, sizeof at)) return -1;
  return listen(fd, 1);
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  char owned[256];
  char node[256];
  snprintf(owned, sizeof owned, "%s/owned", argv[1]);
  snprintf(node, sizeof node, "%s/node", argv[1]);
  int fd = open(owned, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || close(fd)) return 1;
  say("chown", chown(owned, 65534, 65534));
  unlink(node);
  say("mknod", mknod(node, S_IFCHR | 0600, makedev(1, 3)));
  say("listen", listen_on(81));
  say("nice", setpriority(PRIO_PROCESS, 0, -2));
  if (argc > 2) say("chroot", chroot(argv[1]));
  return failures != 0;
}
