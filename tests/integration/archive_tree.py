#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists what the layers of an image are together, as libarchive reads their tars, in the form of tree.py.

archive_tree.py TAR...      the lowest layer first
"""
import ctypes
import os
import stat
import sys

import tree

OK, EOF = 0, 1
SPECIAL = (stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO)
library = ctypes.CDLL("libarchive.so.13")


def function(name, result, *arguments):
    found = getattr(library, name)
    found.restype, found.argtypes = result, arguments
    return found


POINTER, TEXT, LONG, INT = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int64, ctypes.c_int
read_new = function("archive_read_new", POINTER)
for support in ("archive_read_support_format_tar", "archive_read_support_filter_none"):
    function(support, INT, POINTER)
read_open = function("archive_read_open_filename", INT, POINTER, TEXT, ctypes.c_size_t)
read_header = function("archive_read_next_header", INT, POINTER, ctypes.POINTER(POINTER))
read_data = function("archive_read_data", ctypes.c_ssize_t, POINTER, POINTER, ctypes.c_size_t)
read_free = function("archive_read_free", INT, POINTER)
error_of = function("archive_error_string", TEXT, POINTER)
xattr_reset = function("archive_entry_xattr_reset", INT, POINTER)
xattr_next = function("archive_entry_xattr_next", INT, POINTER, ctypes.POINTER(TEXT), ctypes.POINTER(POINTER),
                      ctypes.POINTER(ctypes.c_size_t))


def getter(name, result):
    return function("archive_entry_" + name, result, POINTER)


pathname, hardlink, symlink = (getter(name, TEXT) for name in ("pathname", "hardlink", "symlink"))
mode_of, major_of, minor_of = (getter(name, ctypes.c_uint) for name in ("mode", "rdevmajor", "rdevminor"))
uid_of, gid_of, size_of, mtime_of = (getter(name, LONG) for name in ("uid", "gid", "size", "mtime"))


class Node:
    """A file as libarchive tells it; its names are the tree's."""

    def __init__(self, mode=stat.S_IFDIR | 0o755, owner=(0, 0), mtime=0, content="", attributes=()):
        self.mode, self.owner, self.mtime, self.content, self.attributes = mode, owner, mtime, content, attributes
        self.children = {} if stat.S_ISDIR(mode) else None


def attributes_of(entry):
    out = []
    xattr_reset(entry)
    name, value, size = TEXT(), POINTER(), ctypes.c_size_t()
    while xattr_next(entry, name, value, size) == OK:
        out.append((name.value.decode(), ctypes.string_at(value, size.value)))
    return sorted(out)


def pieces(archive):
    buffer = ctypes.create_string_buffer(1 << 20)
    while (count := read_data(archive, buffer, len(buffer))) > 0:
        yield buffer.raw[:count]
    if count < 0:
        sys.exit(f"libarchive: {error_of(archive)}")


def node_of(archive, entry):
    mode, content = mode_of(entry), ""
    if stat.S_ISLNK(mode):
        content = os.fsdecode(symlink(entry))
    elif stat.S_IFMT(mode) in SPECIAL:
        content = f"{major_of(entry)}:{minor_of(entry)}"
    elif stat.S_ISREG(mode):
        content = tree.file_content(size_of(entry), pieces(archive))
    return Node(mode, (uid_of(entry), gid_of(entry)), mtime_of(entry), content, attributes_of(entry))


def entries(path):
    """(name, target of a hard link or None, Node or None) in the archive's order."""
    archive = read_new()
    library.archive_read_support_format_tar(archive)
    library.archive_read_support_filter_none(archive)
    if read_open(archive, path.encode(), 1 << 16) != OK:
        sys.exit(f"libarchive: {error_of(archive)}")
    entry = POINTER()
    while (status := read_header(archive, entry)) == OK:
        name, target = os.fsdecode(pathname(entry)), hardlink(entry)
        yield name, target and os.fsdecode(target), None if target else node_of(archive, entry)
    if status != EOF:
        sys.exit(f"libarchive: {path}: {error_of(archive)}")
    read_free(archive)


def parts_of(path):
    return [part for part in path.split("/") if part not in ("", ".")]


def directory(root, parts, make):
    """Where the parts lead to, over links of lower layers; with `make` what is missing comes into being."""
    at, todo = [root], parts[::-1]
    while todo:
        part = todo.pop()
        if part == "..":
            at = at[:-1] or at
            continue
        child = at[-1].children.get(part)
        if child is not None and stat.S_ISLNK(child.mode):
            todo += parts_of(child.content)[::-1]
            at = at[:1] if child.content.startswith("/") else at
            continue
        if child is None or child.children is None:
            if not make:
                return None
            child = at[-1].children[part] = Node()
        at.append(child)
    return at[-1]


def apply(root, path):
    """image-spec, layer.md: what is hidden goes first, then entries in their order, links to later ones last."""
    additions = []
    for name, target, node in entries(path):
        *parents, last = parts_of(name) or [""]
        if last.startswith(".wh..wh.") and last != ".wh..wh..opq" or any(p.startswith(".wh..wh.") for p in parents):
            continue  # aufs' own
        if not last.startswith(".wh."):
            additions.append((parents, last, target, node))
        elif (there := directory(root, parents, False)) is not None:
            if last == ".wh..wh..opq":
                there.children.clear()
            else:
                there.children.pop(last[4:], None)
    for pick in (lambda found: found is not None, lambda found: found is None):
        add(root, additions, pick)


def add(root, additions, pick):
    for addition in list(additions):
        parents, last, target, node = addition
        found = node
        if target is not None:
            *way, name = parts_of(target)
            where = directory(root, way, False)
            found = where.children.get(name) if where else None
            if found is None and pick(node):
                sys.exit(f"{target}: a hard link to nothing")
        if found is None:
            continue
        additions.remove(addition)
        if not last:
            found.children = root.children
            root.__dict__.update(found.__dict__)
            continue
        parent = directory(root, parents, True)
        there = parent.children.get(last)
        if there is not None and there.children is not None and found.children is not None and target is None:
            found.children = there.children
        parent.children[last] = found


def names_of(node, path="."):
    yield path, node
    for name, child in (node.children or {}).items():
        yield from names_of(child, name if path == "." else f"{path}/{name}")


def main():
    root = Node()
    for path in sys.argv[1:]:
        apply(root, path)
    names = sorted(names_of(root), key=lambda each: each[0])
    links = {}
    for name, node in names:
        links.setdefault(id(node), []).append(name)
    for name, node in names:
        words = [] if node.children is not None else [node.content]
        if len(links[id(node)]) > 1:
            words.append("= " + links[id(node)][0])
        print(tree.line(name, node.mode, node.owner, node.mtime, words, node.attributes))


main()
