# SPDX-License-Identifier: Apache-2.0
# A person at a terminal: types lines, waits for what appears, reads what stands there as plain text.
import fcntl
import os
import pty
import re
import select
import struct
import termios
import time

CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\x1b[=>]|\x0e|\x0f")
HOST = r"host\$ "


class Lost(Exception):
    """What had to appear did not."""


def plain(text):
    return re.sub(r"\r*\n\r*", "\n", CODES.sub("", text))


class Shell:
    def __init__(self, argv, env, rows=33, columns=101):
        self.seen = ""
        self.transcript = ""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], argv, env)
        self.resize(rows, columns)

    def resize(self, rows, columns):
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.terminal, text.encode())

    def wait(self, pattern, seconds=20):
        """What stands before the pattern, and the match; both are taken."""
        end = time.monotonic() + seconds
        while True:
            found = re.search(pattern, plain(self.seen))
            if found:
                text = plain(self.seen)
                self.seen = text[found.end():]
                self.transcript += text[:found.end()]
                return text[:found.start()], found
            if time.monotonic() > end:
                raise Lost(f"no {pattern!r} within {seconds} s, but {plain(self.seen)[-1500:]!r}")
            if select.select([self.terminal], [], [], 0.2)[0]:
                self.seen += os.read(self.terminal, 65536).decode(errors="replace")

    def settle(self):
        """Until nothing more comes; what was there, which is taken."""
        while select.select([self.terminal], [], [], 0.5)[0]:
            self.seen += os.read(self.terminal, 65536).decode(errors="replace")
        text, self.seen = plain(self.seen), ""
        self.transcript += text
        return text

    def run(self, line, prompt=HOST, seconds=20):
        """The lines that a command prints."""
        self.type(line + "\n")
        text, _ = self.wait(prompt, seconds)
        return text.split("\n")[1:-1] if "\n" in text else []

    def status(self):
        return int(self.run("echo $?")[0])

    def close(self):
        os.close(self.terminal)
        os.waitpid(self.pid, 0)
