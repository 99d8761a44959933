# SPDX-License-Identifier: Apache-2.0
"""For each rule: trees it must find fault with, and trees it must let pass. A tree is path -> text."""

TOP = "// SPDX-License-Identifier: Apache-2.0\n// A sample.\n"


def cc(path, body, top=TOP):
    return {path: top + body}


def lines(count, line="int x;\n"):
    return line * count


LONG_CTOR = "A::A(int a)\n    : a_{a}, b_(a) {\n" + lines(60, "  f();\n") + "}\n"
NAMESPACED = "namespace a {\nclass B : public C {\n public:\n  int f(int x) const override {\n" + lines(60, "    g();\n") + "  }\n};\n}\n"
IN_TABLE = "constexpr Row kRows[] = {\n" + lines(90, "    {1, 2},\n") + "};\nenum class E : int {\n" + lines(70, "  kA,\n") + "};\n"
BRACE_IN_TEXT = 'int f() {\n  return g("{{{", \'{\', R"({{)"); /* { */\n}\n' + lines(70)
MACRO = "#define M(x) \\\n  ({ \\\n" + lines(70, "    x; \\\n") + "  })\nint f() { return 1; }\n"

SAMPLES = {
    "file_length": (
        [{"src/base/a.cc": lines(501)}, {"tests/integration/a.bats": lines(501)}],
        [{"src/base/a.cc": lines(500)}, {"docs/a.md": lines(900)}]),
    "function_length": (
        [cc("src/base/a.cc", "static int f() {\n" + lines(59, "  g();\n") + "}\n"),
         cc("src/base/a.cc", LONG_CTOR), cc("src/base/a.h", NAMESPACED),
         cc("tests/unit/a_test.cc", "TEST(A, B) {\n" + lines(60, "  g();\n") + "}\n"),
         cc("bench/a.c", 'extern "C" {\nvoid f(void) {\n' + lines(60, "  g();\n") + "}\n}\n"),
         {"tests/a.py": "def f():\n" + lines(61, "    g()\n")},
         {"contrib/a.sh": "f() {\n" + lines(60, "  g\n") + "}\n"},
         {"tests/integration/a.bats": '@test "x" {\n' + lines(60, "  g\n") + "}\n"}],
        [cc("src/base/a.cc", "static int f() {\n" + lines(58, "  g();\n") + "}\n"), cc("src/base/a.cc", IN_TABLE),
         cc("src/base/a.cc", BRACE_IN_TEXT), cc("src/base/a.h", MACRO),
         cc("src/base/a.cc", lines(40, "int f() { return 1; }\nint g(int a);\n"))]),
    "parameters": (
        [cc("src/base/a.h", "int f(int a, int b, int c, int d, int e, int f);\n"),
         cc("src/base/a.cc", "A::A(int a, int b, int c, int d, int e, int f) : a_(a) {}\n"),
         cc("src/base/a.h", "struct A {\n  bool operator()(int a, int b, int c, int d, int e, int f) const;\n};\n")],
        [cc("src/base/a.h", "int f(std::map<int, int> a, int b, std::function<int(int, int)> c, int d, int e = g(1, 2));\n"),
         cc("src/base/a.cc", "int f() {\n  return g(1, 2, 3, 4, 5, 6, 7);\n}\nint x[] = {g(1, 2, 3, 4, 5, 6)};\n")]),
    "include_direction": (
        [{"src/base/a.cc": '#include "spec/b.h"\n', "src/spec/b.h": ""},
         {"include/estiva/base/a.h": '#include "estiva/spec/b.h"\n', "include/estiva/spec/b.h": ""},
         {"src/runtime/plan/a.cc": '#include "runtime/parent/b.h"\n', "src/runtime/parent/b.h": ""},
         {"src/runtime/child/a.cc": '#include "runtime/parent/b.h"\n', "src/runtime/parent/b.h": ""},
         {"src/runtime/parent/a.cc": '#include "runtime/commands/b.h"\n', "src/runtime/commands/b.h": ""},
         {"src/runtime/parent/a.cc": '#include "engine/b.h"\n', "src/engine/b.h": ""},
         {"src/shim/a.cc": '#include "spec/b.h"\n', "src/spec/b.h": ""}],
        [{"src/spec/a.cc": '#include "base/b.h"\n#include "config.h"\n', "src/base/b.h": ""},
         {"src/runtime/main.cc": '#include "runtime/commands/b.h"\n', "src/runtime/commands/b.h": ""},
         {"src/runtime/child/a.cc": '#include "runtime/sync/b.h"\n', "src/runtime/sync/b.h": ""}]),
    "plan_is_pure": (
        [cc("src/runtime/plan/a.cc", "#include <unistd.h>\n"), cc("src/runtime/plan/a.cc", "#include <sys/wait.h>\n"),
         cc("src/runtime/plan/a.cc", '#include "estiva/base/sys.h"\n'),
         cc("src/runtime/plan/a.cc", "int f() { return sys::getpid(); }\n"),
         cc("src/runtime/plan/a.cc", "#include <sys/stat.h>\nint f() { return stat(a, b); }\n")],
        [cc("src/runtime/plan/a.cc", "#include <sys/mount.h>\nint f() { return plan_mount(m.mount(), Mount::open(1)); }\n"),
         cc("src/runtime/plan/a.cc", '#include <sys/types.h>\n#include <string>\n#include "estiva/base/text.h"\n'),
         cc("src/runtime/parent/a.cc", "#include <unistd.h>\n")]),
    "child_is_lean": (
        [cc("src/runtime/child/a.cc", '#include "estiva/base/json.h"\n'),
         cc("src/runtime/child/a.cc", '#include "estiva/base/options.h"\n'),
         cc("src/runtime/child/a.cc", "#include <seccomp.h>\n"), cc("src/runtime/child/a.cc", "#include <pwd.h>\n"),
         cc("src/runtime/child/a.cc", "void f() { exit(1); }\n"), cc("src/runtime/child/a.cc", "void f() { std::exit(1); }\n")],
        [cc("src/runtime/child/a.cc", '#include "estiva/base/sys.h"\n#include <linux/seccomp.h>\nvoid f() { _exit(1); }\n'),
         cc("src/runtime/child/a.cc", "// exit(1) is forbidden\n"), cc("src/runtime/parent/a.cc", "#include <pwd.h>\n")]),
    "third_party_once": (
        [{"src/base/a.cc": "#include <yajl/yajl_parse.h>\n", "src/base/b.cc": "#include <yajl/yajl_parse.h>\n"},
         {"src/runtime/plan/a.h": "#include <seccomp.h>\n"}],
        [{"src/base/a.cc": "#include <yajl/yajl_parse.h>\n#include <linux/seccomp.h>\n",
          "src/base/b.cc": "#include <linux/seccomp.h>\n", "tests/unit/a_test.cc": "#include <yajl/yajl_parse.h>\n"}]),
    "raw_descriptors": (
        [cc("src/runtime/parent/a.h", "struct A {\n  int fd;\n};\n"), cc("src/runtime/parent/a.cc", "void f(int socket_fd);\n"),
         cc("src/runtime/parent/a.cc", "void f() {\n  int fds[2];\n}\n")],
        [cc("src/runtime/parent/a.h", "struct A {\n  Fd fd;\n  int count_of_fds();\n};\n"), cc("src/base/a.cc", "int fd = 1;\n")]),
    "raw_calls": (
        [cc("src/runtime/parent/a.cc", 'void f() { ::mount("a", "b", "c", 0, nullptr); }\n'),
         cc("src/runtime/parent/a.cc", "void f() { syscall(1); }\n")],
        [cc("src/runtime/parent/a.cc", "void f() { sys::mount(a); foo.open(); Fd::open(x); }\n"),
         cc("src/base/a.cc", "void f() { ::close(1); }\n")]),
    "close_on_exec": (
        [cc("src/base/a.cc", "int f() { return ::open(p, O_RDONLY); }\n"),
         cc("src/base/a.cc", "int f() {\n  return ::socket(AF_UNIX,\n                  SOCK_STREAM, 0);\n}\n"),
         cc("src/base/a.cc", "int f() { return ::dup(1); }\n")],
        [cc("src/base/a.cc", "int f() { return ::open(p, flags | O_CLOEXEC); }\n")]),
    "banned": (
        [cc("src/base/a.cc", "#include <iostream>\n"), cc("src/base/a.cc", "void f() { throw 1; }\n"),
         cc("src/image/a.cc", "#include <pthread.h>\n"), cc("src/image/worker.cc", "#include <thread>\n"),
         cc("src/base/a.cc", "std::thread t;\n"), cc("src/base/a.cc", "void f() { try { g(); } catch (...) {} }\n")],
        [cc("src/base/a.cc", "Result<int> f() { return TRY(g()); }  // try and catch\n"),
         cc("tests/unit/a_test.cc", "#include <thread>\n"), cc("src/image/worker.cc", "#include <pthread.h>\n")]),
    "wording": (
        [cc("src/base/a.cc", 'auto x = "failed to open";\n'), cc("src/base/a.cc", 'auto x = "Unable to open";\n')],
        [cc("src/base/a.cc", 'auto x = "open";  // what failed to open\n'), cc("tests/unit/a_test.cc", 'auto x = "failed to";\n'),
         cc("src/engine/a.cc", 'auto x = "Unable to find image \'";\n')]),
    "written_once": (
        [{"src/base/a.cc": 'auto x = "CAP_CHOWN";\n', "src/runtime/plan/b.cc": 'auto x = "CAP_CHOWN";\n'},
         {"src/base/a.cc": 'auto x = "--root";\nauto y = "--root";\n'}],
        [{"src/base/a.cc": 'auto x = "CAP_CHOWN";\nauto y = "--root";\n', "tests/unit/a_test.cc": 'auto x = "CAP_CHOWN";\n'}]),
    "spdx": (
        [{"src/base/a.cc": "int x;\n"}, {"contrib/a": "#!/bin/sh\necho\n"}, {"tests/integration/a.bats": "x\n"}],
        [cc("src/base/a.cc", ""), {"contrib/a": "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n"}, {"docs/a.md": "x\n"}]),
    "header_comment": (
        [{"src/base/a.cc": "// SPDX-License-Identifier: Apache-2.0\n#include <string>\n"}],
        [cc("src/base/a.cc", "")]),
    "pragma_once": ([cc("src/base/a.h", "int f();\n")], [cc("src/base/a.h", "#pragma once\n"), cc("src/base/a.cc", "")]),
    "links": (
        [{"README.md": "see [that](docs/none.md)\n"}, {"docs/a.md": "see [that](b.md#part)\n", "b.md": ""}],
        [{"README.md": "see [that](docs/a.md#x), [web](https://example.org/x)\n`[x](y)`\n", "docs/a.md": ""}]),
    "named_files": (
        [{"docs/a.md": "see docs/none.md\n"}, {"docs/a.md": "`plan/none` decides\n", "src/runtime/plan/exec.cc": ""},
         {"docs/a.md": "(ADR 7)\n", "docs/adr/0006-b.md": ""}, {"man/cais.1.md": "**cais-none**(1)\n"},
         cc("src/base/a.cc", "// As src/base/none.cc.\n")],
        [{"docs/a.md": "docs/adr/0006, ADR 6, `plan/exec`, docs/b.md; build/docs/c, /etc/docs/d, docs/NAME.md, `other/c`\n",
          "docs/b.md": "", "docs/adr/0006-b.md": "", "src/runtime/plan/exec.cc": ""},
         {"man/cais.1.md": "**cais-run**(1), **podman**(1)\n", "man/cais-run.1.md": ""}]),
}
