"""Places: on which line of a TOML text a key stands, and what is wrong there."""

from __future__ import annotations

import re
from collections.abc import Iterator

At = tuple[str | int, ...]  # keys from the document's root; the number of an item in a list of tables
_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=\s*(.*)""", re.S)
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")
_BLOCK = re.compile(r'"""|' + "'''")


class Wrong(ValueError):
    """What is wrong in a file, and at which key."""

    def __init__(self, message: str, *at: str | int) -> None:
        super().__init__(message)
        self.at = at


def line_of(text: str, at: At) -> int | None:
    """The line of a key, or of the nearest table above it that is written; None where the text has none of them."""
    found = {key: number for number, key in reversed(list(_keys(text)))}  # the first line of each
    while at:
        if at in found:
            return found[at]
        at = at[:-1]
    return None


def _keys(text: str) -> Iterator[tuple[int, At]]:
    """The lines that name a table or a key. Inside a text of several lines nothing is a key."""
    table: At = ()
    counts: dict[At, int] = {}
    quoted = ""
    for number, line in enumerate(text.splitlines(), 1):
        if quoted:
            quoted = "" if quoted in line else quoted
            continue
        if header := _HEADER.fullmatch(line):
            table = _path(header[2], counts)
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            yield number, table
        elif key := _KEY.fullmatch(line):
            yield number, (*table, *_names(key[1]))
            opening = _BLOCK.search(key[2])
            if opening and key[2].count(opening[0]) % 2:
                quoted = opening[0]


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _path(dotted: str, counts: dict[At, int]) -> At:
    """A header's keys; below a list of tables they belong to its last item."""
    path: At = ()
    names = _names(dotted)
    for place, name in enumerate(names):
        path = (*path, name)
        if path in counts and place + 1 < len(names):
            path = (*path, counts[path])
    return path
