# SPDX-License-Identifier: Apache-2.0
"""Just enough of C++ for the laws: comments and literals blanked out, functions with their length and parameters.

Not a parser: it follows braces and parentheses in code laid out by clang-format.
"""
import bisect
import re
from dataclasses import dataclass

LITERAL = re.compile(
    r'//[^\n]*|/\*.*?\*/'
    r'|(?:u8|[uUL])?R"(?P<mark>[^()\\ ]{0,16})\((?P<raw>.*?)\)(?P=mark)"'
    r'|(?:u8|[uUL])?"(?P<plain>(?:\\.|[^"\\\n])*)"'
    r"|(?<![0-9A-Za-z_])(?:u8|[uUL])?'(?:\\.|[^'\\\n])+'",
    re.S)
TOKEN = re.compile(r"[A-Za-z_]\w*|::|->|\S")
NOT_A_NAME = {"if", "for", "while", "switch", "return", "sizeof", "alignas", "decltype", "noexcept", "requires",
              "static_assert", "__attribute__", "catch", "explicit", "new", "delete"}


@dataclass
class Function:
    name: str
    line: int
    last_line: int
    parameters: int
    is_definition: bool


class Source:
    """One file: `text` as it is, `code` of equal length without comments and literals, `strings` with their lines."""

    def __init__(self, path, text):
        self.path, self.text = path, text
        self.newlines = [i for i, c in enumerate(text) if c == "\n"]
        self.strings = []
        self.code = LITERAL.sub(self._blank, text)

    def _blank(self, match):
        literal = match["raw"] if match["raw"] is not None else match["plain"]
        if literal is not None:
            line_start = self.text.rfind("\n", 0, match.start()) + 1
            if not self.text[line_start:match.start()].lstrip().startswith("#include"):
                self.strings.append((self.line(match.start()), literal))
            return '"' + re.sub(r"[^\n]", " ", match[0][1:-1]) + '"'
        return re.sub(r"[^\n]", " ", match[0])

    def line(self, offset):
        return bisect.bisect_left(self.newlines, offset) + 1

    def includes(self):
        """(line, header, is_quoted) of each include."""
        for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', self.text, re.M):
            yield self.line(match.start()), match[2], match[1] == '"'

    def functions(self):
        """Functions at file, namespace and class level; a lambda counts as part of the function around it."""
        code = re.sub(r"^[ \t]*#(?:[^\n\\]|\\.)*(?:\\\n(?:[^\n\\]|\\.)*)*",
                      lambda m: re.sub(r"[^\n]", " ", m[0]), self.code, flags=re.M | re.S)
        tokens = [(m[0], m.start()) for m in TOKEN.finditer(code)]
        found, head, i = [], [], 0
        while i < len(tokens):
            token, offset = tokens[i]
            if token == "{":
                kind = block_kind(head)
                if kind == "scope":
                    head = []
                else:
                    close = matching(tokens, i)
                    if kind == "function":
                        found.append(self._function(head, tokens[close][1], True))
                        head = []
                    elif kind == "list":
                        head.append(("{}", offset))
                    i = close
            elif token in (";", "}") or (token == ":" and [t for t, _ in head] in ACCESS):
                if token == ";" and names_function(head):
                    found.append(self._function(head, offset, False))
                head = []
            else:
                head.append((token, offset))
            i += 1
        return found

    def _function(self, head, end, is_definition):
        opening = parameter_list(head)
        name = head[opening - 1][0]
        line = self.line(head[opening - 1][1])
        return Function(name, line, self.line(end), count_parameters(head, opening), is_definition)


ACCESS = (["public"], ["private"], ["protected"])


def matching(tokens, i):
    depth = 0
    while i < len(tokens):
        depth += {"{": 1, "}": -1}.get(tokens[i][0], 0)
        if depth == 0:
            return i
        i += 1
    return len(tokens) - 1


def block_kind(head):
    """What an opening brace after `head` opens: a scope to look into, a function's body, or a list to skip."""
    words = [t for t, _ in head]
    if not words or "namespace" in words or words[:1] == ["extern"] and words[-1] in ('"', "extern"):
        return "scope"
    opening = parameter_list(head)
    if opening is None:
        return "scope" if {"class", "struct", "union"} & set(words) and "=" not in words else "list"
    if "=" in words[:opening] and "operator" not in words[:opening]:
        return "list"
    after = words[closing(words, opening) + 1:]
    if ":" in after and words[-1] not in (")", "{}") and "->" not in after:
        return "list"
    return "function"


def names_function(head):
    opening = parameter_list(head)
    words = [t for t, _ in head]
    return opening is not None and "using" not in words and "=" not in words[:opening] and "return" not in words


def parameter_list(head):
    """Index of the parenthesis after the first name that can be a function's, or None."""
    depth, i = 0, 0
    while i < len(head):
        token = head[i][0]
        if token == "(":
            previous = head[i - 1][0] if i else ""
            is_name = re.match(r"[A-Za-z_]\w*$", previous) and previous not in NOT_A_NAME
            is_operator = any(head[j][0] == "operator" for j in range(max(0, i - 4), i))
            if depth == 0 and (is_name or is_operator) and previous != "operator":
                return i
            depth += 1
        elif token == ")":
            depth -= 1
        i += 1
    return None


def closing(words, i):
    depth = 0
    while i < len(words):
        depth += {"(": 1, ")": -1}.get(words[i], 0)
        if depth == 0:
            return i
        i += 1
    return len(words) - 1


def count_parameters(head, opening):
    words = [t for t, _ in head]
    inside = words[opening + 1:closing(words, opening)]
    if not inside or inside == ["void"]:
        return 0
    depth, commas = 0, 0
    for word in inside:
        depth += {"(": 1, "[": 1, "<": 1, "{": 1, ")": -1, "]": -1, ">": -1, "}": -1}.get(word, 0)
        commas += word == "," and depth == 0
    return commas + 1
