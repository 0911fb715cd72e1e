/* Calls with arguments that no sound program passes: addresses of nothing, of the end of a page and of the kernel, lengths
 * of all sizes, structures of any bytes, names without an end. Draws from a seed, in children that die of what they ask
 * for. Nothing is asked for that could change the system: names lead nowhere, and what would make something is given too
 * little.
 * usage: hostile SEED ROUNDS */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif

enum { kPage = 4096, kCallsAChild = 200 };

static uint64_t state;
static uint32_t draw(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 33);
}
static uint32_t below(uint32_t limit) { return draw() % limit; }

static unsigned char* pages; /* two that hold bytes, one that cannot be read */
static int descriptors[8];

static void fill(unsigned char* at, size_t size) {
  for (size_t i = 0; i < size; ++i) at[i] = below(3) == 0 ? (unsigned char)below(4) : (unsigned char)draw();
}

/* A family that is known and whatever follows, at the very end of what can be read. */
static long address(void) {
  static const unsigned char kFamilies[] = {0, 1, 2, 10, 16, 17, 38, 40};
  const uint32_t size = 2 + below(110);
  unsigned char* at = pages + 2 * kPage - (below(2) ? size : size / 2);
  fill(at, (size_t)(pages + 2 * kPage - at));
  at[0] = kFamilies[below(sizeof kFamilies)];
  at[1] = 0;
  return (long)at;
}

static long pointer(void) {
  switch (below(8)) {
    case 0: return 0;
    case 1: return 1;
    case 2: return -1;
    case 3: return (long)(pages + 2 * kPage);
    case 4: return (long)(pages + 2 * kPage - 1 - below(64));
    case 5: return address();
    default: fill(pages, kPage); return (long)(pages + below(512));
  }
}

static long name(void) {
  static char long_name[6000];
  switch (below(7)) {
    case 0: return pointer();
    case 1: return (long)"";
    case 2: memset(long_name, 'a', sizeof long_name - 1); return (long)long_name;
    case 3: memset(long_name, '/', 300); strcpy(long_name + 300, "no/../\n\"such\xff\\name"); return (long)long_name;
    case 4: memset(pages + kPage, 'x', kPage); return (long)(pages + 2 * kPage - 1 - below(100)); /* without an end */
    case 5: return (long)"/proc/self/fd/99/../../exe/no";
    default: return (long)"no such\tname/\x01";
  }
}

static long length(void) {
  static const long kLengths[] = {0, 1, 2, 15, 16, 24, 28, 110, 128, 4096, 65536, 0x7fffffff, -1, -4096};
  return kLengths[below(sizeof kLengths / sizeof *kLengths)];
}

static long descriptor(void) { return below(4) ? descriptors[below(8)] : (long)below(2) * -100; }

/* d descriptor, p pointer, n name, l length, s small number, b any number, 0 zero, P a PATH-only open's flags */
struct Row {
  long number;
  const char* arguments;
};
static const struct Row kRows[] = {
    {SYS_socket, "sss"},      {SYS_socketpair, "sssp"}, {SYS_bind, "dpl"},        {SYS_connect, "dpl"},
    {SYS_sendto, "dpl0pl"},   {SYS_sendmsg, "dp0"},     {SYS_recvmsg, "dpb"},     {SYS_sendmmsg, "dps0"},
    {SYS_setsockopt, "dsspl"},{SYS_getsockopt, "dsspp"},{SYS_getsockname, "dpp"}, {SYS_accept4, "dppb"},
    {SYS_openat, "dnP0"},     {SYS_openat2, "dnpl"},    {SYS_readlinkat, "dnpl"}, {SYS_faccessat, "dns0"},
    {SYS_execve, "npp"},      {SYS_execveat, "dnppb"},  {SYS_clone3, "pl"},       {SYS_chdir, "n"},
    {SYS_umount2, "nb"},      {SYS_mount, "nnnbp"},     {SYS_pivot_root, "nn"},   {SYS_chroot, "n"},
    {SYS_renameat2, "dndnb"}, {SYS_linkat, "dndnb"},    {SYS_unlinkat, "dn0"},    {SYS_fchmodat, "dns"},
    {SYS_utimensat, "dnpb"},  {SYS_getxattr, "nppl"},   {SYS_setxattr, "nppl0"},  {SYS_name_to_handle_at, "dnppb"},
    {SYS_mq_open, "nP00"},    {SYS_mq_unlink, "n"},     {SYS_keyctl, "6bpl0"},    {SYS_add_key, "nppl0"},
    {SYS_ioctl, "dbp"},       {SYS_fcntl, "dbp"},       {SYS_prctl, "bpbbb"},     {SYS_prlimit64, "0b0p"},
    {SYS_process_vm_readv, "bpsps0"},                   {SYS_ptrace, "bbpp"},     {SYS_rt_sigaction, "bppl"},
    {SYS_mprotect, "pll"},    {SYS_mremap, "plls"},     {SYS_io_uring_setup, "sp"},
    {SYS_io_uring_enter, "d0s0pl"},                     {SYS_pidfd_send_signal, "d0p0"},
    {SYS_bpf, "bpl"},         {SYS_perf_event_open, "pbbdb"},                     {SYS_setns, "db"},
    {SYS_seccomp, "bbp"},     {SYS_statx, "dnbbp"},     {SYS_writev, "dps"},      {SYS_memfd_create, "nb"},
    {SYS_kill, "b0"},         {SYS_tgkill, "bb0"},      {SYS_sched_setattr, "bp0"},
};

static long argument(char kind) {
  switch (kind) {
    case 'd': return descriptor();
    case 'p': return pointer();
    case 'n': return name();
    case 'l': return length();
    case 's': return (long)below(20);
    case 'b': return below(2) ? (long)below(64) : (long)draw();
    case 'P': return O_PATH | (below(2) ? O_NOFOLLOW : 0);
    case '6': return 6; /* KEYCTL_DESCRIBE */
    default: return 0;
  }
}

static void one_call(void) {
  const struct Row* row = &kRows[below(sizeof kRows / sizeof *kRows)];
  long values[6] = {0, 0, 0, 0, 0, 0};
  for (int i = 0; row->arguments[i] != 0; ++i) values[i] = argument(row->arguments[i]);
  syscall(row->number, values[0], values[1], values[2], values[3], values[4], values[5]);
}

static void child(uint64_t seed) {
  static const struct rlimit kFiles = {64, 64}, kNone = {0, 0};
  state = seed;
  setrlimit(RLIMIT_NOFILE, &kFiles);
  setrlimit(RLIMIT_CORE, &kNone);
  setrlimit(RLIMIT_FSIZE, &kNone);
  pages = mmap(NULL, 3 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(pages + 2 * kPage, kPage, PROT_NONE);
  const int made[8] = {socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0),
                       socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0),
                       socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, 0),
                       open("/dev/null", O_RDWR),
                       open("/", O_PATH),
                       open("/proc/self", O_RDONLY),
                       memfd_create("hostile", 0),
                       -1};
  memcpy(descriptors, made, sizeof made);
  for (int i = 0; i < kCallsAChild; ++i) one_call();
  _exit(0);
}

/* A child may have asked to be left alone by signals, or to wait for ever. */
static int reap(pid_t pid) {
  static const struct timespec kWait = {5, 0};
  sigset_t ended;
  int status = 0;
  sigemptyset(&ended);
  sigaddset(&ended, SIGCHLD);
  while (waitpid(pid, &status, WNOHANG) == 0)
    if (sigtimedwait(&ended, NULL, &kWait) < 0) kill(pid, SIGKILL);
  return 0;
}

int main(int argc, char** argv) {
  const uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
  const int rounds = argc > 2 ? atoi(argv[2]) : 10;
  sigset_t ended;
  sigemptyset(&ended);
  sigaddset(&ended, SIGCHLD);
  sigprocmask(SIG_BLOCK, &ended, NULL);
  for (int i = 0; i < rounds; ++i) {
    const pid_t pid = fork();
    if (pid == 0) child(seed * 1000003u + (uint64_t)i);
    if (pid < 0 || reap(pid) != 0) return 1;
  }
  return 0;
}
