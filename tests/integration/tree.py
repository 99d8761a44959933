#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists a directory: a line for each file with all that an image says of it, so that two trees can be compared by diff.

tree.py DIR [--no-directory-times]
"""
import hashlib
import os
import stat
import sys


def line(name, mode, owner, mtime, content, attributes):
    """`owner`: uid and gid; `mtime`: None is left out; `content`: words; `attributes`: name and value, sorted."""
    words = [name, stat.filemode(mode), *map(str, owner), *([] if mtime is None else [str(mtime)]), *content,
             " ".join(f"{key}={value.hex()}" for key, value in attributes if is_told(key))]
    return " ".join(words).encode("utf-8", "backslashreplace").decode()


def is_told(attribute):
    return not attribute.startswith(("security.selinux", "trusted.overlay.", "user.overlay.", "user.rootlesscontainers"))


def file_content(size, pieces):
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return f"{size} {digest.hexdigest()}"


def content(path, info):
    if stat.S_ISLNK(info.st_mode):
        return os.readlink(path)
    if not stat.S_ISREG(info.st_mode):
        return f"{os.major(info.st_rdev)}:{os.minor(info.st_rdev)}"
    with open(path, "rb") as file:
        return file_content(info.st_size, iter(lambda: file.read(1 << 20), b""))


def line_of(path, name, first_names, skip_times):
    info = os.lstat(path)
    is_dir = stat.S_ISDIR(info.st_mode)
    words = [] if is_dir else [content(path, info)]
    if not is_dir and info.st_nlink > 1:
        words.append("= " + first_names.setdefault((info.st_dev, info.st_ino), name))
    attributes = [(key, os.getxattr(path, key, follow_symlinks=False))
                  for key in sorted(os.listxattr(path, follow_symlinks=False))]
    mtime = None if is_dir and skip_times else info.st_mtime_ns // 1_000_000_000
    return line(name, info.st_mode, (info.st_uid, info.st_gid), mtime, words, attributes)


def main():
    root, skip_times = sys.argv[1], "--no-directory-times" in sys.argv
    names = ["."]
    for folder, dirs, files in os.walk(root):
        names += [os.path.relpath(os.path.join(folder, n), root) for n in dirs + files]
    first_names = {}
    for name in sorted(names):
        print(line_of(os.path.join(root, name), name, first_names, skip_times))


if __name__ == "__main__":
    main()
