#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command on a terminal of a size of its own, types a line, prints what appears.

in_terminal.py ROWS COLUMNS COMMAND...   exits with the command's status
"""
import fcntl
import os
import pty
import struct
import sys
import termios


def main():
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", int(sys.argv[1]), int(sys.argv[2]), 0, 0))
        os.execvp(sys.argv[3], sys.argv[3:])
    os.write(terminal, b"typed\n")
    try:
        while piece := os.read(terminal, 4096):
            sys.stdout.buffer.write(piece.replace(b"\r", b""))
    except OSError:  # the other side is closed
        pass
    sys.stdout.flush()
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


main()
