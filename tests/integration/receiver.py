#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The other end of sockets that the runtime is given.

receiver.py notify SOCKET    plays systemd: prints each datagram, lines joined by "|". After "BARRIER=1" with a
    descriptor it prints "barrier" and closes that, as sd_notify_barrier(3) has it; "SOCKET" may be abstract, "@NAME".
receiver.py silent SOCKET    the same, but keeps the descriptor.
receiver.py pidfd SOCKET     takes one connection and one pidfd, prints its message and the process's number.
"""
import os
import re
import socket
import sys


def received(sock):
    data, fds, _, _ = socket.recv_fds(sock, 4096, 4)
    return data.decode(), fds


def notify(path, answer):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind("\0" + path[1:] if path.startswith("@") else path)
    print("ready", flush=True)
    kept = []
    while True:
        text, fds = received(sock)
        if text == "BARRIER=1" and fds:
            text = "barrier"
        print("|".join(text.splitlines()), flush=True)
        if answer:
            for fd in fds:
                os.close(fd)
        kept += fds


def pidfd(path):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.bind(path)
    sock.listen(1)
    print("ready", flush=True)
    connection, _ = sock.accept()
    text, fds = received(connection)
    info = open(f"/proc/self/fdinfo/{fds[0]}").read()
    print(text, re.search(r"^Pid:\s*(\S+)", info, re.M).group(1), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "pidfd":
        pidfd(sys.argv[2])
    else:
        notify(sys.argv[2], sys.argv[1] == "notify")
