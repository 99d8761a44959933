# SPDX-License-Identifier: Apache-2.0
"""The chart for the README: one panel an operation, one bar a contender, medians."""

import re
from xml.sax.saxutils import escape

WIDTH, LABEL_WIDTH, BAR_HEIGHT, BAR_GAP, PANEL_GAP, MARGIN = 760, 150, 15, 4, 16, 16
VALUE_WIDTH, HEAD_HEIGHT = 70, 44
COLOURS = {"estiva": "#c2410c", "crun": "#2563eb", "runc": "#64748b", "floor": "#16a34a"}
FONT = 'font-family="ui-sans-serif, system-ui, Helvetica, Arial, sans-serif"'


def shown(names):
    """estiva, the newest of each peer, the floor; the page has the rest."""
    chosen = [name for name in names if name in ("estiva", "floor")]
    for peer in ("crun", "runc"):
        versions = [name for name in names if re.fullmatch(rf"{peer} [\d.]+", name)]
        chosen += sorted(versions, key=lambda name: [int(n) for n in name.split()[1].split(".")])[-1:]
    order = list(COLOURS)
    return sorted(chosen, key=lambda name: order.index(name.split()[0]))


def text(x, y, content, size=12, anchor="start", weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" {FONT} font-size="{size}" text-anchor="{anchor}" '
            f'font-weight="{weight}" fill="#1e293b">{escape(content)}</text>')


def panel(operation, by_name, names, top):
    parts, y = [text(MARGIN, top + 12, operation, 13, weight="bold")], top
    names = [name for name in names if name in by_name]
    longest = max(by_name[name]["median"] for name in names)
    room = WIDTH - 2 * MARGIN - LABEL_WIDTH - VALUE_WIDTH - 70
    for name in names:
        value = by_name[name]["median"]
        x = MARGIN + 70 + LABEL_WIDTH
        parts.append(text(x - 8, y + 12, name, 12, "end"))
        parts.append(f'<rect x="{x}" y="{y}" width="{max(1, room * value / longest):.1f}" height="{BAR_HEIGHT}" '
                     f'rx="2" fill="{COLOURS[name.split()[0]]}"/>')
        parts.append(text(x + room * value / longest + 6, y + 12, f"{value:.2f} ms"))
        y += BAR_HEIGHT + BAR_GAP
    return parts, y + PANEL_GAP


def write(results, path):
    names = shown(list(results["operations"]["run"]))
    parts = [text(MARGIN, 24, "Time of one operation, median (each panel has its own scale)", 15, weight="bold"),
             text(MARGIN, 40, f"docker-like container; {results['rounds']} interleaved rounds, Linux {results['kernel']}, "
                              f"{results['cpus']} CPUs", 11)]
    top = HEAD_HEIGHT + 12
    for operation, by_name in results["operations"].items():
        drawn, top = panel(operation, by_name, names, top)
        parts += drawn
    with open(path, "w") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top:.0f}" '
                   f'viewBox="0 0 {WIDTH} {top:.0f}" role="img" aria-label="Benchmark of estiva, crun and runc">\n'
                   f'<rect width="{WIDTH}" height="{top:.0f}" rx="6" fill="#ffffff"/>\n' + "\n".join(parts) + "\n</svg>\n")
