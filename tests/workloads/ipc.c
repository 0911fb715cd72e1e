/* System V IPC, POSIX queues, keys, limits, io_uring's set-up. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

int main(void) {
  int memory = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
  CHECK(memory >= 0);
  void* at = shmat(memory, NULL, 0);
  CHECK(at != (void*)-1 && shmdt(at) == 0 && shmctl(memory, IPC_RMID, NULL) == 0);
  int semaphore = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
  struct sembuf up = {0, 1, 0};
  CHECK(semaphore >= 0 && semop(semaphore, &up, 1) == 0 && semctl(semaphore, 0, IPC_RMID) == 0);
  int queue = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
  struct { long type; char text[4]; } message = {1, "abc"};
  CHECK(queue >= 0 && msgsnd(queue, &message, 4, 0) == 0 && msgctl(queue, IPC_RMID, NULL) == 0);
  mqd_t posix = mq_open("/cordon-workload", O_CREAT | O_RDWR, 0600, NULL);
  if (posix >= 0) CHECK(mq_close(posix) == 0 && mq_unlink("/cordon-workload") == 0);
  struct rlimit limit;
  CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max / 2;
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
#ifdef SYS_add_key
  syscall(SYS_add_key, "user", "cordon-workload", "v", 1, -2);
#endif
#ifdef SYS_io_uring_setup
  char params[120] = {0};
  int ring = syscall(SYS_io_uring_setup, 4, params);
  if (ring >= 0) close(ring);
#endif
  return 0;
}
