// A 32-bit program: compat32 DIR [FILE]. Copies DIR/in, or FILE, to DIR/out, and prints how many bytes and its word size.
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  char in[256];
  char out[256];
  char buffer[512];
  snprintf(in, sizeof in, "%s/in", argv[1]);
  snprintf(out, sizeof out, "%s/out", argv[1]);
  int from = open(argc > 2 ? argv[2] : in, O_RDONLY | O_CLOEXEC);
  int to = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (from < 0 || to < 0) {
    perror("open");
    return 1;
  }
  ssize_t total = 0;
  for (ssize_t n = 0; (n = read(from, buffer, sizeof buffer)) > 0; total += n)
    if (write(to, buffer, (size_t)n) != n) return 1;
  printf("%zd bytes, %zu-bit words\n", total, sizeof(void*) * 8);
  return 0;
}
