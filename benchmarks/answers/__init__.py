"""TPC-H's published answers at scale 1, of 11 queries with few rows, and whether rows agree with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

ANSWERS: Mapping[str, list[list[str]]] = {
    path.stem: [line.split("|") for line in path.read_text(encoding="utf-8").splitlines()] for path in sorted(Path(__file__).parent.glob("q*.txt"))
}


def agree(got: Iterable[Sequence[object]], wanted: Sequence[Sequence[str]]) -> bool:
    """Whether every value is the published one: numbers as far as the answer set prints them (in its last digits it rounds), texts without padding."""
    rows = [list(row) for row in got]
    return len(rows) == len(wanted) and all(
        len(row) == len(answer) and all(map(_alike, map(str, row), answer)) for row, answer in zip(rows, wanted, strict=True)
    )


def _alike(got: str, wanted: str) -> bool:
    try:
        figure, published = Decimal(got), Decimal(wanted)
    except InvalidOperation:
        return got.strip() == wanted
    exponent = published.as_tuple().exponent
    assert isinstance(exponent, int)
    if exponent < -6:  # printed from a float of 16 digits
        return abs(figure - published) <= abs(published) * Decimal("1e-13")
    return abs(figure - published) <= Decimal(1).scaleb(exponent) * (1 if exponent else 0)
