#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Terminals for the integration tests.

terminal.py drive SCRIPT COMMAND...    runs COMMAND on a new terminal and follows SCRIPT, line by line:
    expect TEXT    waits until TEXT appears in the output after the last match
    send TEXT      types TEXT (escapes as in Python)
    size ROWS COLS sets the window size
    signal NAME    sends a signal to COMMAND
    mode           prints whether the terminal is raw or cooked
    sleep SECONDS
  The output goes to stdout; ends with the status of COMMAND (128 + n for a signal).

terminal.py receive SOCKET [LOG]       waits for a console on SOCKET, copies it to stdout (and LOG),
  prints "console NAME" first; stdin is typed into it.
"""
import array
import codecs
import fcntl
import os
import select
import signal
import socket
import struct
import sys
import termios
import time

LIMIT = 20  # seconds to wait for a text


def set_size(fd, rows, cols):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))


class Session:
    """A command on a terminal of its own and what it printed so far."""

    def __init__(self, command):
        self.seen = b""
        self.master, self.slave = os.openpty()
        set_size(self.master, 24, 80)
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.master)
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in (0, 1, 2):
                os.dup2(self.slave, fd)
            os.closerange(3, 256)
            os.execvp(command[0], command)

    def read(self, seconds):
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            data = b""
        self.seen += data
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return bool(data)

    def expect(self, text):
        wanted = codecs.decode(text, "unicode_escape").encode("latin-1")
        end = time.monotonic() + LIMIT
        while wanted not in self.seen:
            if time.monotonic() > end:
                sys.exit(f"\nterminal.py: no {text!r} within {LIMIT} s")
            self.read(0.2)
        self.seen = self.seen[self.seen.index(wanted) + len(wanted):]

    def mode(self):
        # Raw: no echo and no line editing.
        flags = termios.tcgetattr(self.slave)[3]
        return "cooked" if flags & termios.ICANON and flags & termios.ECHO else "raw"

    def step(self, line):
        word, _, rest = line.partition(" ")
        if word == "expect":
            self.expect(rest)
        elif word == "send":
            os.write(self.master, codecs.decode(rest, "unicode_escape").encode("latin-1"))
        elif word == "size":
            rows, cols = rest.split()
            set_size(self.master, int(rows), int(cols))
        elif word == "signal":
            os.kill(self.pid, getattr(signal, rest))
        elif word == "mode":
            print(f"\nmode {self.mode()}", flush=True)
        elif word == "sleep":
            end = time.monotonic() + float(rest)
            while time.monotonic() < end:
                self.read(max(0.01, end - time.monotonic()))
        else:
            sys.exit(f"terminal.py: unknown step {line!r}")

    def finish(self):
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                while self.read(0.1):
                    pass
                print(f"\nmode {self.mode()} at the end", flush=True)
                return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
        os.kill(self.pid, signal.SIGKILL)
        sys.exit("terminal.py: the command does not end")


def drive(script, *command):
    session = Session(command)
    for line in script.splitlines():
        if line.strip():
            session.step(line.strip())
    return session.finish()


def receive(path, log=None):
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(1)
    peer, _ = server.accept()
    fds = array.array("i")
    data, ancillary, _, _ = peer.recvmsg(4096, socket.CMSG_SPACE(16 * fds.itemsize))
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(payload[: len(payload) - len(payload) % fds.itemsize])
    out = open(log, "wb", buffering=0) if log else sys.stdout.buffer.raw
    out.write(f"console {data.decode()} {len(fds)}\n".encode())
    master, sources = fds[0], [fds[0], 0]
    while True:
        ready, _, _ = select.select(sources, [], [])
        if master in ready:
            try:
                data = os.read(master, 65536)
            except OSError:
                data = b""
            if not data:
                return 0
            out.write(data)
        if 0 in ready:
            data = os.read(0, 65536)
            if data:
                os.write(master, data)
            else:
                sources.remove(0)


if __name__ == "__main__":
    commands = {"drive": drive, "receive": receive}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    sys.exit(commands[sys.argv[1]](*sys.argv[2:]))
