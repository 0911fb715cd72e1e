/* Roots and namespaces, in the directory given; what needs privileges is left out without them. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static void reap(pid_t child) {
  int status;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void chrooted(void) {
  if (mkdir("jail", 0755) != 0 || mkdir("jail/etc", 0755) != 0) exit(2);
  CHECK(symlink("/etc/real", "jail/etc/link") == 0);
  int fd = open("jail/etc/real", O_WRONLY | O_CREAT, 0644);
  CHECK(fd >= 0 && close(fd) == 0);
  if (chroot("jail") != 0) _exit(0);
  CHECK(chdir("/") == 0);
  fd = open("/etc/link", O_RDONLY); /* leads to the jail's own file */
  CHECK(fd >= 0 && close(fd) == 0);
  fd = open("../../etc/real", O_RDONLY);
  CHECK(fd >= 0 && close(fd) == 0);
  _exit(0);
}

static void pivoted(void) {
  if (unshare(CLONE_NEWNS) != 0) _exit(0);
  CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
  CHECK(mkdir("root", 0755) == 0);
  CHECK(mount("tmpfs", "root", "tmpfs", MS_NOSUID | MS_NODEV, "size=1m") == 0);
  CHECK(chdir("root") == 0 && mkdir("old", 0755) == 0);
  CHECK(syscall(SYS_pivot_root, ".", "old") == 0 && chdir("/") == 0);
  int fd = open("/inside", O_WRONLY | O_CREAT, 0644);
  CHECK(fd >= 0 && close(fd) == 0);
  CHECK(umount2("/old", MNT_DETACH) == 0);
  fd = open("/inside", O_RDONLY);
  CHECK(fd >= 0 && close(fd) == 0);
  _exit(0);
}

/* As container runtimes do it: the new root is a directory of the host, bound onto itself. */
static void pivoted_to_a_directory(void) {
  if (unshare(CLONE_NEWNS) != 0) _exit(0);
  CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
  CHECK(mkdir("bound", 0755) == 0 && mkdir("bound/data", 0755) == 0);
  CHECK(mount("bound", "bound", NULL, MS_BIND | MS_REC, NULL) == 0 && chdir("bound") == 0);
  CHECK(syscall(SYS_pivot_root, ".", ".") == 0 && umount2(".", MNT_DETACH) == 0 && chdir("/") == 0);
  int fd = open("/data/made", O_WRONLY | O_CREAT, 0644);
  CHECK(fd >= 0 && close(fd) == 0);
  _exit(0);
}

static void user_namespace(void) {
  if (unshare(CLONE_NEWUSER | CLONE_NEWUTS) == 0) sethostname("workload", 8);
  _exit(0);
}

static void in_child(void (*run)(void)) {
  pid_t child = fork();
  if (child == 0) run();
  reap(child);
}

int main(int argc, char** argv) {
  CHECK(argc == 2 && chdir(argv[1]) == 0);
  in_child(chrooted);
  in_child(pivoted);
  in_child(pivoted_to_a_directory);
  in_child(user_namespace);
  return 0;
}
