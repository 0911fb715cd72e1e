/* io_uring by hand: a read and a no-op through the submission queue, which no call but io_uring_enter tells of. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

static struct io_uring_params params;
static char *ring, *entries;

static unsigned* word(unsigned offset) { return (unsigned*)(ring + offset); }

static void submit(unsigned char opcode, int fd, void* buffer, unsigned size) {
  const unsigned tail = *word(params.sq_off.tail), slot = tail & *word(params.sq_off.ring_mask);
  struct io_uring_sqe* entry = (struct io_uring_sqe*)entries + slot;
  memset(entry, 0, sizeof *entry);
  entry->opcode = opcode;
  entry->fd = fd;
  entry->addr = (uintptr_t)buffer;
  entry->len = size;
  word(params.sq_off.array)[slot] = slot;
  __atomic_store_n(word(params.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
}

int main(void) {
  char buffer[16];
  int fd = syscall(SYS_io_uring_setup, 4, &params);
  if (fd < 0) return errno == ENOSYS || errno == EPERM ? 77 : 1; /* switched off here */
  const size_t size = params.sq_off.array + params.sq_entries * sizeof(unsigned);
  ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQ_RING);
  entries = mmap(NULL, params.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQES);
  CHECK(ring != MAP_FAILED && entries != MAP_FAILED);
  int zero = open("/dev/zero", O_RDONLY);
  submit(IORING_OP_NOP, -1, NULL, 0);
  submit(IORING_OP_READ, zero, buffer, sizeof buffer);
  CHECK(syscall(SYS_io_uring_enter, fd, 2, 2, IORING_ENTER_GETEVENTS, NULL, 0) == 2);
  return 0;
}
