#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists a directory: a line for each file with all that an image says of it, so that two trees can be compared by diff.

tree.py DIR [--no-directory-times]
"""
import hashlib
import os
import stat
import sys


def content(path, info):
    if stat.S_ISLNK(info.st_mode):
        return os.readlink(path)
    if not stat.S_ISREG(info.st_mode):
        return f"{os.major(info.st_rdev)}:{os.minor(info.st_rdev)}"
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return f"{info.st_size} {digest.hexdigest()}"


def attributes(path):
    names = sorted(n for n in os.listxattr(path, follow_symlinks=False)
                   if not n.startswith(("security.selinux", "trusted.overlay.", "user.overlay.", "user.rootlesscontainers")))
    return " ".join(f"{n}={os.getxattr(path, n, follow_symlinks=False).hex()}" for n in names)


def line(path, name, first_names, skip_times):
    info = os.lstat(path)
    is_dir = stat.S_ISDIR(info.st_mode)
    words = [name, stat.filemode(info.st_mode), str(info.st_uid), str(info.st_gid)]
    if not (is_dir and skip_times):
        words.append(str(info.st_mtime_ns // 1_000_000_000))
    if not is_dir:
        words.append(content(path, info))
        if info.st_nlink > 1:
            words.append("= " + first_names.setdefault((info.st_dev, info.st_ino), name))
    words.append(attributes(path))
    return " ".join(words).encode("utf-8", "backslashreplace").decode()


def main():
    root, skip_times = sys.argv[1], "--no-directory-times" in sys.argv
    names = ["."]
    for folder, dirs, files in os.walk(root):
        names += [os.path.relpath(os.path.join(folder, n), root) for n in dirs + files]
    first_names = {}
    for name in sorted(names):
        print(line(os.path.join(root, name), name, first_names, skip_times))


main()
