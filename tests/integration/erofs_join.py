#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts an EROFS index and its devices together as the one file whose block addresses they share.

erofs_join.py INDEX OUT DEVICE...     for fsck.erofs --extract, which up to 1.9.4 reads what such an address of another
device holds from the first (erofs_map_dev of its lib/data.c subtracts the device's start and does not switch to it).
"""
import struct
import sys

BLOCK = 512
SUPER, DEVICE_TABLE = 1024, 0x8


def main():
    index, out, *devices = sys.argv[1:]
    with open(index, "rb") as file:
        image = bytearray(file.read())
    incompatible, _, count, slot = struct.unpack_from("<IHHH", image, SUPER + 80)
    if count != len(devices):
        sys.exit(f"{index}: {count} devices, not {len(devices)}")
    slots = [struct.unpack_from("<II", image, (slot + number) * 128 + 64) for number in range(count)]
    end = max((start + blocks for blocks, start in slots), default=len(image) // BLOCK)
    struct.pack_into("<I", image, SUPER + 36, end)
    struct.pack_into("<IHH", image, SUPER + 80, incompatible & ~DEVICE_TABLE, 0, 0)
    with open(out, "wb") as file:
        file.write(image)
        for path, (blocks, start) in zip(devices, slots):
            if file.tell() > start * BLOCK:
                sys.exit(f"{index}: {path} lies over what comes before it")
            file.seek(start * BLOCK)
            with open(path, "rb") as device:
                while piece := device.read(1 << 20):
                    file.write(piece)
            if file.tell() > (start + blocks) * BLOCK:
                sys.exit(f"{index}: {path} is longer than its {blocks} blocks")
        file.truncate(end * BLOCK)


main()
