#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A client of cais-shim's socket for the tests, by docs/shim.md: shim.py SOCKET STEP...

Steps, in order; every one that waits gives up after a minute:
  hello[:ROWSxCOLS]  says hello and prints the welcome; `quiet` instead of hello: wants no output
  start              starts the container, prints "started" or "failed TEXT"
  send:TEXT          input (escapes as in Python);  eof: its end
  size:ROWSxCOLS     resizes;  signal:N
  expect:TEXT        waits for TEXT in standard output (or the terminal); errors:TEXT: in standard error
  exec:FLAGS:FILE    an exec session
  exit               waits for the exit and prints "exit CODE SIGNAL OOM"
  end                waits until the shim closes the connection
  detach             leaves;  drop: closes the connection
  until:FILE         reads nothing until FILE is there;  touch:FILE makes it;  patience:MS, before hello
  print              all output so far
"""
import codecs
import os
import select
import socket
import struct
import sys
import time

HELLO, INPUT, RESIZE, SIGNAL, START, EXEC, DETACH, REOPEN = range(1, 9)
WELCOME, OUTPUT, ERRORS, LOST, STARTED, FAILED, EXIT = range(64, 71)
LIMIT = 60


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.connect(path)
        self.text = {OUTPUT: b"", ERRORS: b""}
        self.other = []
        self.patience = 5000
        self.lost = 0
        self.closed = False

    def send(self, kind, data=b""):
        self.socket.send(bytes([kind]) + data)

    def read(self, seconds):
        if self.closed or not select.select([self.socket], [], [], seconds)[0]:
            return
        try:
            packet = self.socket.recv(1 << 16)
        except ConnectionResetError:
            packet = b""
        if not packet:
            self.closed = True
        elif packet[0] in self.text:
            self.text[packet[0]] += packet[1:]
        elif packet[0] == LOST:
            self.lost += struct.unpack("Q", packet[1:9])[0]
        else:
            self.other.append((packet[0], packet[1:]))

    def wait(self, what, condition):
        end = time.monotonic() + LIMIT
        while not condition():
            if time.monotonic() > end or (self.closed and what != "end"):
                sys.exit(f"shim.py: no {what}; output so far {self.text!r}, {self.other!r}")
            self.read(0.1)

    def message(self, *kinds):
        self.wait(f"message {kinds}", lambda: any(kind in kinds for kind, _ in self.other))
        found = next(each for each in self.other if each[0] in kinds)
        self.other.remove(found)
        return found

    def answer(self):
        kind, data = self.message(STARTED, FAILED)
        print("started" if kind == STARTED else "failed " + data.decode())

    def hello(self, wants, size):
        rows, columns = map(int, size.split("x")) if size else (0, 0)
        self.send(HELLO, struct.pack("IHHBBxx", self.patience, rows, columns, 1, wants))
        replay, _pid, version, phase, terminal = struct.unpack_from("IiBBB", self.message(WELCOME)[1])
        print(f"welcome {version} phase {phase} terminal {terminal} replay {replay}")

    def step(self, word, rest):
        text = codecs.decode(rest, "unicode_escape").encode("latin-1")
        if word in ("hello", "quiet"):
            self.hello(3 if word == "hello" else 0, rest)
        elif word == "patience":
            self.patience = int(rest)
        elif word == "start":
            self.send(START)
            self.answer()
        elif word == "send":
            self.send(INPUT, text)
        elif word == "eof":
            self.send(INPUT)
        elif word == "size":
            self.send(RESIZE, struct.pack("HH", *map(int, rest.split("x"))))
        elif word == "signal":
            self.send(SIGNAL, bytes([int(rest)]))
        elif word in ("expect", "errors"):
            kind = OUTPUT if word == "expect" else ERRORS
            self.wait(repr(rest), lambda: text in self.text[kind])
            self.text[kind] = self.text[kind][self.text[kind].index(text) + len(text):]
        elif word == "exec":
            flags, _, file = rest.partition(":")
            self.send(EXEC, struct.pack("HHBx", 30, 90, int(flags)) + file.encode())
            self.answer()
        elif word == "exit":
            code, number, oom = struct.unpack_from("BBB", self.message(EXIT)[1])
            print(f"exit {code} {number} {oom}")
        elif word == "end":
            self.wait("end", lambda: self.closed)
        elif word == "detach":
            self.send(DETACH)
        elif word == "drop":
            self.socket.close()
        elif word == "until":
            end = time.monotonic() + LIMIT
            while not os.path.exists(rest) and time.monotonic() < end:
                time.sleep(0.02)
        elif word == "touch":
            open(rest, "w", encoding="ascii").close()
        elif word == "print":
            print(f"output {self.text[OUTPUT]!r} errors {self.text[ERRORS]!r} lost {self.lost}")
        else:
            sys.exit(f"shim.py: unknown step {word!r}")
        sys.stdout.flush()


def main():
    client = Client(sys.argv[1])
    for argument in sys.argv[2:]:
        word, _, rest = argument.partition(":")
        client.step(word, rest)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main()
