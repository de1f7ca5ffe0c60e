"""Words: counts, costs, shares and times as a story says them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from textwrap import wrap

WIDTH = 100  # of a line of the story, as far as what it quotes lets it


def count(number: float, noun: str) -> str:
    """A number of things: 1 row, 1,000 rows."""
    return f"{number:,.0f} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """The noun for several."""
    if noun.endswith(("s", "ch", "x")):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}s"


def listed(things: Iterable[str], word: str = "and") -> str:
    """a, b and c."""
    found = list(things)
    return f"{', '.join(found[:-1])} {word} {found[-1]}" if len(found) > 1 else "".join(found)


def cost(number: float) -> str:
    """A cost as EXPLAIN prints it."""
    return f"{number:.2f}"


def milliseconds(number: float) -> str:
    """A time as EXPLAIN prints it."""
    return f"{number:,.3f} ms"


def amount(number: Decimal, currency: str) -> str:
    """Money to the last digit that is not nothing."""
    return f"{number:f} {currency}"


def times(larger: float, smaller: float) -> str:
    """How many times as much: 2.2 times, 1,250 times."""
    ratio = larger / smaller
    return f"{ratio:,.0f} times" if ratio >= 100 else f"{ratio:.1f} times" if ratio >= 1.05 else f"{ratio:.4g} times"


def differing(number: float, other: float) -> str:
    """How much more or less a number is than another: 0.2 % more, 3.0 times as much, 40 % less."""
    if number >= 2 * other > 0:
        return f"{times(number, other)} as much"
    share = 100 * abs(number - other) / other
    return f"{share:.0f} % {'more' if number > other else 'less'}" if share >= 10 else f"{share:.1g} % {'more' if number > other else 'less'}"


def paragraph(text: str, indent: int = 0) -> list[str]:
    """Sentences in lines of the story's width; what is longer than a line stays whole."""
    return wrap(text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False) or [""]


def columns(rows: Sequence[Sequence[str]], right: Sequence[int] = (), gap: str = "  ") -> list[str]:
    """Rows of cells one below the other; those of the columns `right` end at the same place."""
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        gap.join(cell.rjust(width) if i in right else cell.ljust(width) for i, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip()
        for row in rows
    ]
