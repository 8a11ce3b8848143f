#!/usr/bin/env python3
"""Turns a terminal's content into a picture: `tmux capture-pane -e -p | assets/picture.py > assets/overview.svg`.

Understands the colours and attributes that sockwatch uses (SGR 0, 1, 2, 4, 7, 22, 24, 27, 30-37, 38;5;0-15, 39, 40-47,
48;5;0-15, 49, 90-97). Blocks and braille dots are drawn as rectangles, so that charts look the same whatever the font.
"""
import re
import sys
import unicodedata
from html import escape
from itertools import groupby

WIDTH, HEIGHT = 8.4, 18
BACKGROUND, FOREGROUND = "#16181d", "#c8ccd4"
NORMAL = ["#3a3f4b", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4"]
BRIGHT = ["#6b7280", "#ff7b85", "#b5e890", "#ffd98a", "#82c4ff", "#e19bf5", "#7fe0ea", "#ffffff"]


# Dots of a braille character by their bits: column and row.
DOTS = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]


def dots(text, x, y):
    """The path of the dots of braille characters."""
    path = []
    for at, character in enumerate(text):
        for bit, (column, row) in enumerate(DOTS):
            if ord(character) >> bit & 1:
                left, top = x + (at + (column + 0.2) / 2) * WIDTH, y + (row + 0.2) / 4 * HEIGHT
                path.append(f"M{left:.1f} {top:.1f}h2.6v2.8h-2.6z")
    return "".join(path)


def columns(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


class Style:
    def __init__(self):
        self.reset()

    def reset(self):
        self.fg = self.bg = None
        self.bold = self.dim = self.underline = self.reverse = False

    def apply(self, codes):
        codes = iter(codes)
        for code in codes:
            if code in (38, 48) and next(codes, None) == 5:
                colour = (NORMAL + BRIGHT)[next(codes, 7) % 16]
                if code == 38:
                    self.fg = colour
                else:
                    self.bg = colour
            elif code == 0:
                self.reset()
            elif code == 1:
                self.bold = True
            elif code == 2:
                self.dim = True
            elif code == 4:
                self.underline = True
            elif code == 7:
                self.reverse = True
            elif code == 22:
                self.bold = self.dim = False
            elif code == 24:
                self.underline = False
            elif code == 27:
                self.reverse = False
            elif 30 <= code <= 37:
                self.fg = NORMAL[code - 30]
            elif code == 39:
                self.fg = None
            elif 40 <= code <= 47:
                self.bg = NORMAL[code - 40]
            elif code == 49:
                self.bg = None
            elif 90 <= code <= 97:
                self.fg = BRIGHT[code - 90]

    def colours(self):
        fg, bg = self.fg or FOREGROUND, self.bg or BACKGROUND
        return (bg, fg) if self.reverse else (fg, bg)


def main():
    lines = sys.stdin.read().rstrip("\n").split("\n")
    style, shapes, texts, widest = Style(), [], [], 0
    for row, line in enumerate(lines):
        column = 0
        for part in re.split(r"(\x1b\[[0-9;]*m|[\u2581-\u2588]+|[\u2801-\u28ff]+)", line):
            if part.startswith("\x1b["):
                style.apply([int(code or 0) for code in part[2:-1].split(";")])
                continue
            if not part:
                continue
            span = columns(part)
            fg, bg = style.colours()
            x, y = column * WIDTH, row * HEIGHT
            if bg != BACKGROUND:
                shapes.append(f'<rect x="{x:.1f}" y="{y}" width="{span * WIDTH:.1f}" height="{HEIGHT}" fill="{bg}"/>')
            if "\u2581" <= part[0] <= "\u2588":
                dim = ' opacity="0.6"' if style.dim else ""
                for block, run in groupby(part):
                    length = len(list(run)) * WIDTH
                    high = HEIGHT * (ord(block) - 0x2580) / 8
                    shapes.append(f'<rect x="{x:.1f}" y="{y + HEIGHT - high:.2f}" width="{length:.1f}"'
                                  f' height="{high:.2f}" fill="{fg}"{dim}/>')
                    x += length
            elif "\u2801" <= part[0] <= "\u28ff":
                dim = ' opacity="0.6"' if style.dim else ""
                shapes.append(f'<path d="{dots(part, x, y)}" fill="{fg}"{dim}/>')
            elif part.strip():
                extra = ' font-weight="bold"' if style.bold else ""
                extra += ' opacity="0.6"' if style.dim else ""
                extra += ' text-decoration="underline"' if style.underline else ""
                texts.append(
                    f'<text x="{x:.1f}" y="{y + 13.5}" fill="{fg}" textLength="{span * WIDTH:.1f}"'
                    f' lengthAdjust="spacingAndGlyphs"{extra}>{escape(part)}</text>'
                )
            column += span
        widest = max(widest, column)
    width, height = widest * WIDTH + 16, len(lines) * HEIGHT + 16
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 -8 {width:.0f} {height}" width="{width:.0f}"'
          f' height="{height}" font-family="ui-monospace, Menlo, Consolas, \'DejaVu Sans Mono\', monospace"'
          ' font-size="14" xml:space="preserve">')
    print(f'<rect x="-8" y="-8" width="{width:.0f}" height="{height}" rx="6" fill="{BACKGROUND}"/>')
    print("\n".join(shapes + texts))
    print("</svg>")


main()
