// SPDX-License-Identifier: Apache-2.0
// The attacker of the race tests: swaps two names in a tight loop until
// SIGTERM, then writes the number of swaps to a file.
// Usage: exchanger NAME-A NAME-B COUNT-FILE. The empty COUNT-FILE appears when the loop begins.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t stop;

static void on_term(int sig) {
  (void)sig;
  stop = 1;
}

int main(int argc, char** argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: exchanger NAME-A NAME-B COUNT-FILE\n");
    return 2;
  }
  struct sigaction action = {.sa_handler = on_term};
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);

  FILE* count_file = fopen(argv[3], "we");
  if (count_file == NULL) {
    fprintf(stderr, "%s: %s\n", argv[3], strerror(errno));
    return 2;
  }
  unsigned long swaps = 0;
  while (!stop) {
    if (renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE) == 0) {
      swaps++;
    } else if (errno != EBUSY && errno != ENOENT) {
      // A mount point can't be renamed while the other container has it mounted in our
      // namespace too; anything else is a broken test.
      fprintf(stderr, "exchange: %s\n", strerror(errno));
      return 2;
    }
  }
  fprintf(count_file, "%lu\n", swaps);
  return fclose(count_file) == 0 ? 0 : 2;
}
