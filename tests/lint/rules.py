# SPDX-License-Identifier: Apache-2.0
"""The laws of CONTRIBUTING.md that a tool can check. A rule takes the whole tree and yields (path, line, message).

Each rule has a bad sample in samples.py that it must catch and a good one that it must let pass.
"""
import ast
import os
import re

MAX_FILE, MAX_FUNCTION, MAX_PARAMETERS = 500, 60, 5

# Folder -> level. A file includes only what stands on its own level or below; the longest folder decides.
LEVELS = {
    "include/estiva/": 0, "include/estiva/base/": 0, "src/base/": 0,
    "include/estiva/spec/": 1, "src/spec/": 1,
    "src/runtime/plan/": 2,
    "src/runtime/sync/": 3, "src/runtime/cgroup/": 3, "src/runtime/net/": 3,
    "src/runtime/": 3,
    "src/runtime/child/": 4, "src/runtime/parent/": 4,
    "src/runtime/commands/": 5, "src/runtime/main.cc": 6,
    "src/shim/": 1, "src/image/": 2, "src/engine/": 3,
}
# Program -> the folders it may never look into.
STRANGERS = {
    "src/runtime/": ("src/image/", "src/engine/", "src/shim/"),
    "src/image/": ("src/runtime/", "src/engine/", "src/shim/"),
    "src/engine/": ("src/runtime/", "src/shim/"),
    "src/shim/": ("src/runtime/", "src/engine/", "src/image/", "src/spec/"),
    "src/runtime/child/": ("src/runtime/parent/", "src/runtime/commands/"),
    "src/runtime/plan/": ("src/runtime/parent/", "src/runtime/child/", "src/runtime/sync/", "src/runtime/cgroup/"),
}
THIRD_PARTY = re.compile(r"^(seccomp\.h|sys/capability\.h|(yajl|selinux|curl|openssl|systemd|archive|libmnl|libnftnl)/"
                         r"|zstd\.h|zlib\.h|isa-l.*\.h|archive.*\.h|yajl_\w+\.h)")
# Headers of constants and types are allowed in plan/; the calls that they declare besides are not.
PLAN_HEADER = re.compile(r"^(sys/(?!(types|mount|stat|sysmacros|resource|personality|capability)\.h)|unistd\.h|fcntl\.h"
                         r"|dirent\.h|poll\.h|time\.h|grp\.h|pwd\.h"
                         r"|(estiva/)?base/(sys|sys_\w+|files|fd|root_dir|process)\.h)")
PLAN_CALL = re.compile(r"(?<![\w.>:])(?:::\s*)?(mount|umount2?|l?stat|fstat(?:at)?|mkdir(?:at)?|mknod(?:at)?|chmod|umask|"
                       r"[gs]etrlimit|prlimit|[gs]etpriority|personality|clone|unshare|setns|sched_\w+|kill|raise|sigaction|"
                       r"cap_[gs]et_\w+|syscall|getenv|open)\s*\(|\bsys::\w+")
CHILD_HEADER = re.compile(r"^(yajl|seccomp\.h|selinux/|pwd\.h|netdb\.h|nss|iostream|fstream|sstream|ostream|istream|iomanip"
                          r"|.*\b(json|json_\w+|options|codec\w*|yajl\w*)\.h$|runtime/commands/)")
# The image tool inflates, hashes and writes at once: threads behind this one wrapper.
THREADS = ("src/image/worker.cc", "src/image/worker.h")
BANNED_HEADER = re.compile(r"^(iostream|fstream|sstream|regex|filesystem|stdexcept|exception|thread|future|mutex|"
                           r"condition_variable|shared_mutex|pthread\.h|locale|iomanip)$")
RAW_CALL = re.compile(r"(?<![\w:>])::\s*(open|openat|mount|umount2?|unshare|setns|fork|vfork|clone|execve\w*|ioctl|prctl|"
                      r"socket|socketpair|pipe2?|read|write|close|dup[23]?|kill|waitpid|waitid|stat|lstat|unlink|mkdir|"
                      r"rmdir|chroot|chdir)\s*\(|\bsyscall\s*\(")
CREATOR = re.compile(r"(?<![\w:>])::\s*(open|openat|socket|socketpair|pipe2|pipe|accept4|accept|memfd_create|epoll_create1|eventfd|"
                     r"signalfd|inotify_init1|dup)\s*\(([^;]*);")
RAW_FD = re.compile(r"\b(?:const\s+)?int\s+&?(\w*_fds?_?|fds?_?|\w*descriptor_?)\b(?!\s*\()")


def production(tree):
    return [s for s in tree.cxx() if s.path.startswith(("src/", "include/"))]


def file_length(tree):
    for path, text in tree.sources():
        lines = text.count("\n")
        if lines > MAX_FILE:
            yield path, lines, f"{lines} lines, at most {MAX_FILE}"


def function_length(tree):
    for path, name, line, last in functions(tree):
        if last - line + 1 > MAX_FUNCTION:
            yield path, line, f"{name} has {last - line + 1} lines, at most {MAX_FUNCTION}"


def functions(tree):
    for source in tree.cxx():
        for f in source.functions():
            if f.is_definition:
                yield source.path, f.name, f.line, f.last_line
    for path, text in tree.sources():
        if tree.language(path) == "python":
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    yield path, node.name, node.lineno, node.end_lineno
        elif tree.language(path) == "shell":
            for match in re.finditer(r"^(?:@test .*|(?:function )?([\w-]+) ?\(\) ?)\{\n(?:.*\n)*?\}", text, re.M):
                line = text.count("\n", 0, match.start()) + 1
                yield path, match[1] or "the test", line, line + match[0].count("\n")


def parameters(tree):
    for source in tree.cxx():
        for f in source.functions():
            if f.parameters > MAX_PARAMETERS:
                yield source.path, f.line, f"{f.name} has {f.parameters} parameters, at most {MAX_PARAMETERS}"


def level(path):
    best = max((p for p in LEVELS if path.startswith(p)), key=len, default=None)
    return LEVELS[best] if best else None


def include_direction(tree):
    for source in production(tree):
        for line, header, quoted in source.includes():
            target = tree.resolve(header) if quoted else None
            if target is None or target == "config.h":
                continue
            mine, theirs = level(source.path), level(target)
            if mine is not None and theirs is not None and theirs > mine:
                yield source.path, line, f"includes {target}, which stands above it"
            for folder, strangers in STRANGERS.items():
                if source.path.startswith(folder) and target.startswith(strangers):
                    yield source.path, line, f"{folder} never includes {target}"


def plan_is_pure(tree):
    for source in production(tree):
        if not source.path.startswith("src/runtime/plan/"):
            continue
        for line, header, _ in source.includes():
            if PLAN_HEADER.match(header):
                yield source.path, line, f"plan/ makes no system call, and includes {header}"
        for match in PLAN_CALL.finditer(source.code):
            yield source.path, source.line(match.start()), f"plan/ makes no system call: {match[0]}"


def child_is_lean(tree):
    for source in production(tree):
        if not source.path.startswith("src/runtime/child/"):
            continue
        for line, header, _ in source.includes():
            if CHILD_HEADER.match(header):
                yield source.path, line, f"child/ does without {header}"
        for match in re.finditer(r"(?<![\w_])(exit|quick_exit|abort|getpwnam|getpwuid|getgrnam|getgrgid)\s*\(", source.code):
            yield source.path, source.line(match.start()), f"child/ ends by exec or _exit and asks no NSS: {match[1]}"


def third_party_once(tree):
    users = {}
    for source in production(tree):
        for line, header, _ in source.includes():
            if THIRD_PARTY.match(header):
                users.setdefault(header, []).append((source.path, line))
    for header, places in users.items():
        for path, line in places:
            if not path.endswith(".cc"):
                yield path, line, f"a header includes <{header}>; one .cc may"
        for path, line in places[1:]:
            yield path, line, f"<{header}> is included by {places[0][0]} already"


def raw_descriptors(tree):
    for source in production(tree):
        if "/base/" in source.path:
            continue
        for match in RAW_FD.finditer(source.code):
            yield source.path, source.line(match.start()), f"a descriptor as int ({match[1]}): Fd owns, FdView borrows"


def raw_calls(tree):
    for source in production(tree):
        if "/base/" in source.path:
            continue
        for match in RAW_CALL.finditer(source.code):
            yield source.path, source.line(match.start()), f"{match[0].strip()} goes through sys::"


def close_on_exec(tree):
    for source in production(tree):
        if not source.path.startswith("src/base/"):
            continue
        for match in CREATOR.finditer(source.code):
            if "CLOEXEC" not in match[2]:
                yield source.path, source.line(match.start()), f"{match[1]} without close-on-exec"


def banned(tree):
    for source in production(tree):
        for line, header, _ in source.includes():
            if BANNED_HEADER.match(header) and not (source.path in THREADS and header in ("pthread.h", "mutex", "condition_variable")):
                yield source.path, line, f"<{header}> is not used here"
        for match in re.finditer(r"\b(throw|try|catch|dynamic_cast|typeid)\b(?!_)|\bstd::(thread|jthread|async|regex|cout|cerr)\b",
                                 source.code):
            yield source.path, source.line(match.start()), f"no {match[0]}: errors are values, the program has one thread"


def wording(tree):
    for source in production(tree):
        for line, text in source.strings:
            docker_says = text.startswith(("Unable to find image '", "Could not find the file "))  # and scripts read it
            if re.search(r"\b(failed to|unable to|could not)\b", text, re.I) and not docker_says:
                yield source.path, line, f'an error text names the thing and the call, not "{text}"'


def written_once(tree):
    seen = {}
    for source in production(tree):
        for line, text in source.strings:
            if re.fullmatch(r"CAP_[A-Z_]+|--[a-z][a-z-]+", text):
                first = seen.setdefault(text, (source.path, line))
                if first != (source.path, line):
                    yield source.path, line, f"{text} is written in {first[0]}:{first[1]} already; derive it from there"


def spdx(tree):
    for path, text in tree.sources():
        head = text.split("\n")[:4]
        if not any("SPDX-License-Identifier: Apache-2.0" in line for line in head):
            yield path, 1, "no SPDX-License-Identifier: Apache-2.0 in the first lines"


def header_comment(tree):
    for source in tree.cxx():
        lines = source.text.split("\n")
        if not (len(lines) > 1 and lines[1].startswith(("//", "/*"))):
            yield source.path, 2, "no header comment: what the file is responsible for, which process runs it"


def pragma_once(tree):
    for source in tree.cxx():
        if source.path.endswith(".h") and "#pragma once" not in source.text:
            yield source.path, 1, "no #pragma once"


def links(tree):
    for path, text in tree.documents():
        text = re.sub(r"```.*?```|`[^`\n]*`", lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.S)
        for match in re.finditer(r"\]\(([^)#\s]+)[^)]*\)", text):
            target = match[1]
            if re.match(r"[a-z]+:", target):
                continue
            if not tree.exists(os.path.normpath(os.path.join(os.path.dirname(path), target))):
                yield path, text.count("\n", 0, match.start()) + 1, f"the link to {target} leads nowhere"


def named_files(tree):
    """Files of this repository by path, decisions by number, pages of the manual by name: each is there."""
    folders = {part for p in tree.files for part in p.split("/")[:-1]}
    tops = "|".join(re.escape(top) for top in sorted({p.split("/")[0] for p in tree.files if "/" in p}))
    by_path = re.compile(rf"(?<![\w./$~*<-])(?:{tops})/[\w./-]*\w")
    all_paths = "\n" + "\n".join(sorted(tree.files)) + "\n"
    for path, text in tree.documents() + tree.sources():
        if path.startswith("tests/lint/"):  # samples of what is not there
            continue
        named = [(m, "\n" + m[0]) for m in by_path.finditer(text)]
        named += [(m, f"\ndocs/adr/{int(m[1]):04}-") for m in re.finditer(r"\bADR (\d+)", text)]
        if path.endswith(".md"):
            named += [(m, f"\nman/{m[1]}.{m[2]}.md\n")
                      for m in re.finditer(r"\*\*((?:cais|estiva)(?:-\w+)*)\*\*\((\d)\)", text)]
            # `plan/exec` is enough for src/runtime/plan/exec.cc.
            named += [(m, "/" + m[1]) for m in re.finditer(r"`(([\w-]+)/[\w./-]*\w)", text)
                      if m[2] in folders and "\n" + m[1] not in all_paths]
        for match, beginning in named:
            stands_for_any = re.search(r"/[A-Z_-]+([/.]|$)", match[0])  # tests/fuzz/corpus/NAME
            if beginning not in all_paths and not stands_for_any:
                yield path, text.count("\n", 0, match.start()) + 1, f"{match[0].lstrip('`')} is named and is not there"


RULES = [file_length, function_length, parameters, include_direction, plan_is_pure, child_is_lean, third_party_once,
         raw_descriptors, raw_calls, close_on_exec, banned, wording, written_once, spdx, header_comment, pragma_once, links,
         named_files]
