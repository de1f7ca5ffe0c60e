"""Literals taken out of a statement's text, so that texts which differ in nothing else are known as alike; where that is not simple, nothing is."""

from __future__ import annotations

import re
from typing import NamedTuple

_LITERAL = re.compile(r"""(?<![\w&'])'([^']*(?:''[^']*)*)'|(?<![\w.$])([0-9]+(?:\.[0-9]+)?)(?![\w.])""")
_REST = re.compile(r"""['"$\\]|--|/\*""")  # what says that the above may have mistaken something else for a literal
_FIRST = re.compile(r"\s*(?:insert|select)\b", re.IGNORECASE)
LONGEST = 4_000  # characters of a text that is looked at


class Lifted(NamedTuple):
    """A text with $n in place of its literals; of each whether it is a string, and its value's text."""

    text: str
    strings: tuple[bool, ...]
    values: list[str]


def lifted(text: str) -> Lifted | None:
    """A query's text without its literals; None where it has none, or they cannot be told from the rest by a look at them alone."""
    if len(text) > LONGEST or _FIRST.match(text) is None:
        return None
    parts = _LITERAL.split(text)
    if len(parts) == 1:
        return None
    made, strings, values = [parts[0]], list[bool](), list[str]()
    for number in range(1, len(parts), 3):
        string, whole, after = parts[number : number + 3]
        made.append(f"${len(values) + 1}")
        made.append(after)
        strings.append(whole is None)
        values.append(whole if string is None else string.replace("''", "'") if "'" in string else string)
    if any(_REST.search(part) for part in parts[::3]) or any("\\" in value for value in values):
        return None
    return Lifted("".join(made), tuple(strings), values)
