// SPDX-License-Identifier: Apache-2.0
// opened FILE: its effective group, and whether the file can be read: "5 opened" or "5 denied". Gives up no privilege.

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  printf("%u %s\n", getegid(), open(argv[1], O_RDONLY | O_CLOEXEC) < 0 ? "denied" : "opened");
  return 0;
}
