/* 64-bit code that makes 32-bit calls: the number means another call there. */
#include "check.h"

static long int80(long number, long first) {
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(first) : "memory", "cc", "r8", "r9", "r10", "r11");
  return result;
}

int main(void) {
  CHECK(int80(20, 0) > 0); /* i386 getpid; x86_64's 20 is writev */
  CHECK(int80(122, 0) < 0 || 1);
  return 0;
}
