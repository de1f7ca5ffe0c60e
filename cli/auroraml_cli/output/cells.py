"""Cells as lines on the screen: line breaks, tabs, control characters and wide characters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from auroraml.lazy import load

_PLAIN = re.compile(r"[ -~]*")


@lru_cache(maxsize=4096)
def _char(char: str) -> tuple[str, int]:
    """How one character is shown, and the places it takes."""
    code = ord(char)
    if char == "\r":
        return "\\r", 2
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02X}", 4
    places = load("wcwidth").wcwidth(char)
    return (f"\\u{code:04X}", 6) if places < 0 else (char, places)


def shown(text: str) -> list[tuple[str, int]]:
    """The lines of a cell, each as shown and with its width."""
    if _PLAIN.fullmatch(text):
        return [(text, len(text))]
    return [_line(line) for line in text.split("\n")]


def _line(line: str) -> tuple[str, int]:
    if _PLAIN.fullmatch(line):
        return line, len(line)
    parts: list[str] = []
    width = 0
    for char in line:
        if char == "\t":
            part, places = " " * (8 - width % 8), 8 - width % 8
        else:
            part, places = _char(char)
        parts.append(part)
        width += places
    return "".join(parts), width


def plain(texts: Iterable[str]) -> bool:
    """Whether all texts are one line of printable ASCII, shown as they are."""
    return _PLAIN.fullmatch("".join(texts)) is not None


def fit(text: str, room: int) -> tuple[str, int]:
    """The longest start of `text` (already as shown) that fits into `room` places, at least one character; and its width."""
    if text.isascii():
        return text[:room] if room > 0 else text[:1], max(min(len(text), room), 1 if text else 0)
    taken = used = 0
    for char in text:
        places = max(load("wcwidth").wcwidth(char), 0)
        if used + places > room and taken:
            break
        taken += 1
        used += places
    return text[:taken], used
