#!/usr/bin/env python3
"""Draws a terminal picture of a coached call: what `coach replay` prints on a terminal, as SVG.

    tests/support/picture.py build/bin/coach tests/cases/broadband.ndjson > packaging/coached-call.svg

The README shows it; a test compares the committed file with what the program prints today."""

import html
import os
import pty
import re
import subprocess
import sys

COLORS = {"31": "#ff6b68", "32": "#7bd88f", "33": "#ffd866", "35": "#c8a2ff", "36": "#78dce8"}
CELL, LINE, MARGIN = 8.4, 18, 16


def terminal_output(command):
    """What the command prints when its output is a terminal."""
    master, slave = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    with subprocess.Popen(command, stdout=slave, env=environment) as p:
        os.close(slave)
        out = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:  # the other end of a terminal closes with an error
                break
            if not piece:
                break
            out += piece
    os.close(master)
    if p.returncode != 0:
        sys.exit(f"{command}: exit code {p.returncode}")
    return out.decode().replace("\r\n", "\n")


def spans(line):
    """The pieces of a line, each with its colour, weight and opacity."""
    fill, bold, dim = "#d8dee9", False, False
    for piece in re.split(r"(\033\[[0-9;]*m)", line):
        if not piece.startswith("\033"):
            if piece:
                yield piece, fill, bold, dim
            continue
        for code in piece[2:-1].split(";"):
            if code in ("0", ""):
                fill, bold, dim = "#d8dee9", False, False
            elif code == "1":
                bold = True
            elif code == "2":
                dim = True
            else:
                fill = COLORS[code]


def draw(text):
    lines = text.rstrip("\n").split("\n")
    plain = [re.sub(r"\033\[[0-9;]*m", "", l) for l in lines]
    width = round(max(map(len, plain)) * CELL + 2 * MARGIN)
    height = len(lines) * LINE + 2 * MARGIN
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
           f'role="img" aria-label="A coached call in a terminal">',
           f'<rect width="{width}" height="{height}" rx="8" fill="#1d2129"/>',
           '<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">']
    for n, line in enumerate(lines):
        y = MARGIN + (n + 0.8) * LINE
        column = 0
        for piece, fill, bold, dim in spans(line):
            if piece.strip():
                look = (' font-weight="bold"' if bold else "") + (' opacity="0.6"' if dim else "")
                out.append(f'<text x="{MARGIN + column * CELL:.1f}" y="{y:.1f}" textLength="{len(piece) * CELL:.1f}" '
                           f'lengthAdjust="spacingAndGlyphs" fill="{fill}"{look}>{html.escape(piece)}</text>')
            column += len(piece)
    return "\n".join(out + ["</g>", "</svg>", ""])


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)
    sys.stdout.write(draw(terminal_output([sys.argv[1], "replay", sys.argv[2]])))
