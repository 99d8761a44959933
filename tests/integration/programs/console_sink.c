// SPDX-License-Identifier: Apache-2.0
// Receives the pseudo-terminal that a runtime sends to a console socket and
// copies what the container prints on it to standard output until it closes.
// Usage: console_sink SOCKET.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int receive_terminal(int connection) {
  char data[4096];
  union {
    char buffer[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
  } control;
  struct iovec io = {.iov_base = data, .iov_len = sizeof data};
  struct msghdr message = {.msg_iov = &io,
                           .msg_iovlen = 1,
                           .msg_control = control.buffer,
                           .msg_controllen = sizeof control.buffer};
  if (recvmsg(connection, &message, MSG_CMSG_CLOEXEC) < 0) return -1;
  struct cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == NULL || header->cmsg_type != SCM_RIGHTS) {
    errno = EPROTO;
    return -1;
  }
  int terminal;
  memcpy(&terminal, CMSG_DATA(header), sizeof terminal);
  return terminal;
}

static int fail(const char* what) {
  fprintf(stderr, "console_sink: %s: %s\n", what, strerror(errno));
  return 1;
}

int main(int argc, char** argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (argc != 2 || strlen(argv[1]) >= sizeof address.sun_path) return 2;
  strcpy(address.sun_path, argv[1]);
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(listener, (struct sockaddr*)&address, sizeof address) != 0 || listen(listener, 1) != 0)
    return fail(argv[1]);
  int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  if (connection < 0) return fail("accept");
  int terminal = receive_terminal(connection);
  if (terminal < 0) return fail("receive");
  char buffer[4096];
  ssize_t got;
  // EIO is how a pty master reports that the last slave was closed.
  while ((got = read(terminal, buffer, sizeof buffer)) > 0)
    if (write(STDOUT_FILENO, buffer, (size_t)got) != got) return fail("write");
  return 0;
}
