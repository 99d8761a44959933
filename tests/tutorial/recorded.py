# SPDX-License-Identifier: Apache-2.0
# Whether what a document shows of a terminal is what was seen there. Compared without IDs, times, sizes, made-up names
# and the width of columns.
import re

VARYING = [
    (r"\b[0-9a-f]{64}\b|\b[0-9a-f]{12}\b|\bcdfe0\b|(?<=attach )[0-9a-f]{5}\b", "ID"),
    (r"Less than a second|About an? \w+|\b\d+ (second|minute|hour|year)s?", "TIME"),
    (r"\b[\d.]+ ?[kMG]?B\b", "SIZE"),
    (r"\b[a-z]+_[a-z]+[0-9]*\b", "NAME"),
    (r", \[::\]:\d+->\d+/tcp", ""),  # where the host has IPv6
    (r" {2,}", " "),
]


def lines_of(text):
    out = []
    for line in text.split("\n"):
        for pattern, word in VARYING:
            line = re.sub(pattern, word, line.rstrip())
        # How often progress is told depends on the machine. After the detach keys the prompts stand in one line.
        if "Downloading [" not in line and (not out or line != out[-1]):
            out.append(line)
    return [part for line in out for part in re.split(r"(?<=# )(?=host\$)|(?<=# )(?=root@)", line)]


def parts_of(document):
    """For each block: runs of lines, between lines that are left out."""
    for block in re.findall(r"^```console\n(.*?)^```", document, re.M | re.S):
        yield [lines_of(part) for part in block.rstrip("\n").split("\n...\n") if part != "..."]


def not_seen(document, transcript):
    """What the document shows and the transcript does not have, in this order."""
    seen = lines_of(transcript)
    for block in parts_of(document):
        start = 0
        for part in block:
            part = [line for line in part if line != "..."]
            found = [at for at in range(start, len(seen)) if seen[at:at + len(part)] == part]
            if not found:
                yield part
                break
            start = found[0] + len(part)
