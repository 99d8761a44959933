# SPDX-License-Identifier: Apache-2.0
"""Compiles the benchmark's seccomp profile into the smallest program we know:
for each ABI one binary search over ranges of system call numbers.  It is what
the floor loads.  It looks at the low words of arguments only, so it is a
yardstick for the cost of loading a filter and no filter to rely on."""

import struct

import bundle

LOAD, JUMP_EQ, JUMP_GE, JUMP_SET, AND, RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
X86_64, I386, X32_BIT = 0xC000003E, 0x40000003, 0x40000000
X32_FIRST = 512
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000


def on_first_argument(code, value, matched=ALLOW, otherwise=ERRNO | 1):
    return [(LOAD, 0, 0, FIRST_ARGUMENT), (code, 0, 1, value), (RETURN, 0, 0, matched), (RETURN, 0, 0, otherwise)]


def personality():
    known = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)
    tests = [(JUMP_EQ, len(known) - i, 0, value) for i, value in enumerate(known)]
    return [(LOAD, 0, 0, FIRST_ARGUMENT)] + tests + [(RETURN, 0, 0, ERRNO | 1), (RETURN, 0, 0, ALLOW)]


SPECIAL = {
    "socket": lambda: on_first_argument(JUMP_EQ, 40, ERRNO | 1, ALLOW),
    "clone": lambda: on_first_argument(JUMP_SET, 0x7E020000, ERRNO | 1, ALLOW),
    "clone3": lambda: [(RETURN, 0, 0, ERRNO | 38)],
    "personality": personality,
}


def ranges(abi):
    """(first number, what to do) for each run of numbers treated alike."""
    numbers = {number: name for name, number in bundle.system_calls(abi).items()}
    if abi == "64":
        # x32 has the same numbers; its own calls begin where x86-64's never will.
        numbers |= {n: name for name, n in bundle.system_calls("x32").items() if n >= X32_FIRST}
    allowed = set(bundle.allowed_names())
    result = []
    for number in range(max(numbers) + 2):
        name = numbers.get(number)
        action = name if name in SPECIAL else "allow" if name in allowed else "refuse"
        if not result or result[-1][1] != action:
            result.append((number, action))
    return result


def search(table):
    if len(table) == 1:
        action = table[0][1]
        if action in SPECIAL:
            return SPECIAL[action]()
        return [(RETURN, 0, 0, ALLOW if action == "allow" else ERRNO | 1)]
    middle = len(table) // 2
    below, above = search(table[:middle]), search(table[middle:])
    assert len(below) < 256, "a conditional jump reaches 255 instructions"
    return [(JUMP_GE, len(below), 0, table[middle][0])] + below + above


def program():
    x86_64 = [(LOAD, 0, 0, NUMBER), (AND, 0, 0, ~X32_BIT & 0xFFFFFFFF)] + search(ranges("64"))
    i386 = [(LOAD, 0, 0, NUMBER)] + search(ranges("32"))
    far = 0x05  # an unconditional jump has 32 bits for its distance
    return [(LOAD, 0, 0, ARCHITECTURE), (JUMP_EQ, 3, 0, X86_64), (JUMP_EQ, 1, 0, I386),
            (RETURN, 0, 0, KILL), (far, 0, 0, len(x86_64))] + x86_64 + i386


def write(path):
    instructions = program()
    with open(path, "wb") as file:
        for instruction in instructions:
            file.write(struct.pack("<HBBI", *instruction))
    return len(instructions)
