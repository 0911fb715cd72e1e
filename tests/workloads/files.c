/* Path operands of every kind, in a directory given as the only argument. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <dirent.h>

#include "check.h"

static void make_and_open(void) {
  int fd = open("created", O_RDWR | O_CREAT | O_TRUNC, 0644);
  CHECK(fd >= 0);
  CHECK(write(fd, "0123456789", 10) == 10);
  CHECK(flock(fd, LOCK_EX) == 0);
  CHECK(ftruncate(fd, 5) == 0);
  CHECK(fchmod(fd, 0600) == 0);
  CHECK(mmap(0, 4096, PROT_READ, MAP_PRIVATE, fd, 0) != MAP_FAILED);
  CHECK(mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) != MAP_FAILED);
  struct stat status;
  CHECK(fstat(fd, &status) == 0);
  CHECK(close(fd) == 0);
  fd = open("appended", O_WRONLY | O_CREAT | O_APPEND, 0644);
  CHECK(fd >= 0 && close(fd) == 0);
  fd = open("created", O_WRONLY | O_CREAT, 0644);
  CHECK(fd >= 0 && close(fd) == 0);
  CHECK(open("missing", O_RDONLY) < 0 && errno == ENOENT);
}

static void names(void) {
  CHECK(mkdir("dir", 0755) == 0);
  CHECK(symlink("dir", "to_dir") == 0);
  CHECK(symlink("created", "to_file") == 0);
  CHECK(link("created", "hard") == 0);
  CHECK(rename("hard", "dir/moved") == 0);
  int through = open("to_dir/moved", O_RDONLY);
  CHECK(through >= 0 && close(through) == 0);
  CHECK(open("to_file", O_RDONLY | O_NOFOLLOW) < 0 && errno == ELOOP);
  CHECK(mknod("fifo", S_IFIFO | 0600, 0) == 0);
  char text[64];
  CHECK(readlink("to_file", text, sizeof text) == 7);
  CHECK(unlink("fifo") == 0);
}

static void relative_to_directories(void) {
  int dir = open("dir", O_RDONLY | O_DIRECTORY);
  CHECK(dir >= 0);
  int fd = openat(dir, "moved", O_RDONLY);
  CHECK(fd >= 0 && close(fd) == 0);
  fd = openat(dir, "../dir/../created", O_RDONLY);
  CHECK(fd >= 0 && close(fd) == 0);
  CHECK(faccessat(dir, "moved", R_OK, 0) == 0);
  CHECK(mkdirat(dir, "inner", 0755) == 0);
  CHECK(unlinkat(dir, "inner", AT_REMOVEDIR) == 0);
  char entries[1024];
  CHECK(syscall(SYS_getdents64, dir, entries, sizeof entries) > 0);
  CHECK(fchdir(dir) == 0);
  CHECK(chdir("..") == 0);
  CHECK(close(dir) == 0);
}

static void attributes(void) {
  struct stat status;
  CHECK(stat("created", &status) == 0);
  CHECK(lstat("to_file", &status) == 0);
  CHECK(chmod("created", 0644) == 0);
  CHECK(chown("created", getuid(), getgid()) == 0);
  CHECK(utimes("created", NULL) == 0);
  CHECK(truncate("created", 3) == 0);
  CHECK(access("created", R_OK) == 0);
  char value[16];
  if (setxattr("created", "user.cordon", "v", 1, 0) == 0) getxattr("created", "user.cordon", value, sizeof value);
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  int fd = open("created", O_RDWR);
  CHECK(fd >= 0 && fcntl(fd, F_SETLK, &lock) == 0 && close(fd) == 0);
  int watch = inotify_init1(IN_CLOEXEC);
  CHECK(watch >= 0 && inotify_add_watch(watch, "dir", IN_CREATE) >= 0 && close(watch) == 0);
}

static void odd_names(void) {
  static const char* const kNames[] = {"new\nline", "quo\"te'", "st*r{a,b}", "\xff\xfe", "tr\xc3\xa9ma", " "};
  for (unsigned i = 0; i < sizeof kNames / sizeof *kNames; ++i) {
    int fd = open(kNames[i], O_WRONLY | O_CREAT, 0600);
    CHECK(fd >= 0 && close(fd) == 0 && unlink(kNames[i]) == 0);
  }
}

int main(int argc, char** argv) {
  CHECK(argc == 2 && chdir(argv[1]) == 0);
  make_and_open();
  names();
  relative_to_directories();
  attributes();
  odd_names();
  int temporary = open(".", O_TMPFILE | O_RDWR, 0600);
  if (temporary >= 0) close(temporary);
  CHECK(unlink("to_dir") == 0 && unlink("to_file") == 0 && unlink("dir/moved") == 0 && rmdir("dir") == 0);
  return 0;
}
