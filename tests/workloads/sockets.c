/* Sockets of the usual families, with a path in the directory given as the only argument. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/uio.h>
#include <unistd.h>

#include "check.h"

static void tcp(void) {
  int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof at;
  int one = 1;
  CHECK(server >= 0 && setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0);
  CHECK(bind(server, (struct sockaddr*)&at, sizeof at) == 0 && listen(server, 4) == 0);
  CHECK(getsockname(server, (struct sockaddr*)&at, &size) == 0);
  int client = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
  CHECK(connect(client, (struct sockaddr*)&at, sizeof at) == 0);
  int peer = accept4(server, NULL, NULL, SOCK_CLOEXEC);
  char byte;
  CHECK(peer >= 0 && send(client, "x", 1, 0) == 1 && recv(peer, &byte, 1, 0) == 1);
  CHECK(shutdown(client, SHUT_RDWR) == 0);
  close(peer), close(client), close(server);
}

static void udp6(void) {
  int fd = socket(AF_INET6, SOCK_DGRAM, 0);
  if (fd < 0) return;
  struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(9), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  sendto(fd, "x", 1, 0, (struct sockaddr*)&to, sizeof to);
  struct iovec part = {"y", 1};
  struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &part, .msg_iovlen = 1};
  sendmsg(fd, &message, 0);
  close(fd);
}

static void unix_sockets(const char* directory) {
  struct sockaddr_un named = {.sun_family = AF_UNIX};
  snprintf(named.sun_path, sizeof named.sun_path, "%s/sock", directory);
  int server = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK(bind(server, (struct sockaddr*)&named, sizeof named) == 0 && listen(server, 1) == 0);
  int client = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK(connect(client, (struct sockaddr*)&named, sizeof named) == 0);
  close(client), close(server), unlink(named.sun_path);
  struct sockaddr_un abstract = {.sun_family = AF_UNIX, .sun_path = "\0cordon-workload"};
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  CHECK(bind(fd, (struct sockaddr*)&abstract, offsetof(struct sockaddr_un, sun_path) + 16) == 0);
  close(fd);
  int pair[2];
  CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0 && write(pair[0], "x", 1) == 1);
  close(pair[0]), close(pair[1]);
}

/* A descriptor that arrives over a socket, and is then used. */
static void passed_descriptor(void) {
  int pair[2];
  int pipes[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && pipe(pipes) == 0);
  char control[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec part = {"x", 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET, head->cmsg_type = SCM_RIGHTS, head->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(head), &pipes[1], sizeof(int));
  CHECK(sendmsg(pair[0], &message, 0) == 1);
  char byte;
  part.iov_base = &byte;
  CHECK(recvmsg(pair[1], &message, 0) == 1);
  int received;
  memcpy(&received, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof received);
  CHECK(write(received, "y", 1) == 1);
}

struct question {
  struct nlmsghdr head;
  struct ifinfomsg body;
};

static struct question ask(int type) {
  struct question made = {.head = {.nlmsg_len = sizeof made, .nlmsg_type = (unsigned short)type, .nlmsg_flags = NLM_F_REQUEST}};
  return made;
}

/* Messages of each way to send: in one buffer, two in one, in parts, in a message. None of them changes anything. */
static void netlink(void) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return;
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  struct question one = ask(RTM_GETLINK), two[2] = {ask(RTM_GETADDR), ask(RTM_GETROUTE)};
  sendto(fd, &one, sizeof one, 0, (struct sockaddr*)&kernel, sizeof kernel);
  CHECK(write(fd, two, sizeof two) == sizeof two);
  struct question neighbour = ask(RTM_GETNEIGH), link = ask(RTM_SETLINK);
  struct iovec parts[2] = {{&neighbour, 8}, {(char*)&neighbour + 8, sizeof neighbour - 8}};
  CHECK(writev(fd, parts, 2) == sizeof neighbour);
  struct iovec part = {&link, sizeof link};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  CHECK(sendmsg(fd, &message, 0) == sizeof link);
  struct question rule = ask(RTM_GETRULE);
  struct iovec last = {&rule, sizeof rule};
  struct mmsghdr many[2] = {{.msg_hdr = message}, {.msg_hdr = {.msg_iov = &last, .msg_iovlen = 1}}};
  CHECK(sendmmsg(fd, many, 2, 0) == 2);
  close(fd);
}

int main(int argc, char** argv) {
  CHECK(argc == 2);
  tcp();
  udp6();
  unix_sockets(argv[1]);
  passed_descriptor();
  netlink();
  CHECK(socket(AF_INET, 99, 0) < 0);
  return 0;
}
