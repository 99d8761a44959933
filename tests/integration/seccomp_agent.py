# SPDX-License-Identifier: Apache-2.0
# seccomp_agent.py SOCKET LOG [NUMBER=ERRNO...]: a seccomp agent. Answers the system calls of these numbers with an errno,
# lets all others go on, and writes a line of JSON for each connection and each call. "die" in place of the answers: ends
# as soon as it has a listener.
import array
import errno
import fcntl
import json
import os
import select
import socket
import struct
import sys
import threading

RECEIVE, SEND = 0xC0502100, 0xC0182101  # SECCOMP_IOCTL_NOTIF_RECV, SECCOMP_IOCTL_NOTIF_SEND
CONTINUE = 1  # SECCOMP_USER_NOTIF_FLAG_CONTINUE

path, log = sys.argv[1:3]
die = sys.argv[3:] == ["die"]
answers = {} if die else dict(map(int, pair.split("=")) for pair in sys.argv[3:])


def note(entry):
    with open(log, "a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


def serve(listener):
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    while not any(event & select.POLLHUP for _, event in poll.poll()):
        call = bytearray(80)
        try:
            fcntl.ioctl(listener, RECEIVE, call)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.EINTR):
                continue
            break
        number = struct.unpack_from("i", call, 16)[0]
        note({"call": number})
        result = struct.pack("qqiI", struct.unpack_from("q", call)[0], 0, -answers.get(number, 0),
                             0 if number in answers else CONTINUE)
        try:
            fcntl.ioctl(listener, SEND, bytearray(result))
        except OSError:
            pass  # the process has ended meanwhile
    os.close(listener)


def receive(connection):
    """The document up to the end of the connection, which runc leaves open while it runs, so the calls do not wait."""
    document, control, _, _ = connection.recvmsg(65536, socket.CMSG_SPACE(4 * 8))
    fds = array.array("i")
    for _, kind, content in control:
        if kind == socket.SCM_RIGHTS:
            fds.frombytes(content)
    for fd in () if die else fds:
        threading.Thread(target=serve, args=(fd,), daemon=True).start()
    while piece := connection.recv(65536):
        document += piece
    note({"document": json.loads(document) if document else None, "descriptors": len(fds)})
    if die:
        os._exit(0)


server = socket.socket(socket.AF_UNIX)
server.bind(path)
server.listen(64)
while True:
    threading.Thread(target=receive, args=(server.accept()[0],), daemon=True).start()
