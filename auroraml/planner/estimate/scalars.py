"""Scalars: values and histogram bounds as points on a line, for interpolation within a bin (selfuncs.c: convert_to_scalar)."""

from __future__ import annotations

from typing import Final

from auroraml.planner.estimate.order import DAY, order_key
from auroraml.types.pg_type import Interval, PgType, Rep

NUMBERS: Final = frozenset((Rep.BOOL, Rep.INT2, Rep.INT4, Rep.INT8, Rep.FLOAT4, Rep.FLOAT8, Rep.NUMERIC, Rep.OID))
TIMES: Final = frozenset((Rep.DATE, Rep.TIME, Rep.TIMESTAMP, Rep.INTERVAL))
STRINGS: Final = frozenset(("char", "bpchar", "varchar", "text", "name"))
DAYS_PER_MONTH: Final = 365.25 / 12.0
STRING_LIMIT: Final = 12  # later characters do not matter for a double
BYTES_LIMIT: Final = 10
NARROW: Final = 9

Line = tuple[float, float, float]


def on_a_line(value: object, type: PgType, low: object, high: object, bound_type: PgType) -> Line | None:
    """`value`, `low` and `high` as numbers; None where the types have no measure of distance."""
    if type.rep in NUMBERS and bound_type.rep in NUMBERS:
        return float(value), float(low), float(high)  # type: ignore[arg-type] # numbers, by their representation
    if type.rep in TIMES and bound_type.rep in TIMES:
        return _time(value, type), _time(low, bound_type), _time(high, bound_type)
    if type.name in STRINGS and bound_type.name in STRINGS:
        return _strings(str(value).encode(), str(low).encode(), str(high).encode())
    if isinstance(value, bytes) and isinstance(low, bytes) and isinstance(high, bytes) and type.name == bound_type.name == "bytea":
        return _fractions(value, low, high, 0, 255, BYTES_LIMIT)
    return None


def _time(value: object, type: PgType) -> float:
    if isinstance(value, Interval):
        return value.micros + value.days * float(DAY) + value.months * (DAYS_PER_MONTH * DAY)
    return float(order_key(value, type))


def _strings(value: bytes, low: bytes, high: bytes) -> Line:
    """Fractions in a base that spans the characters of the bounds, widened to whole ranges of letters and digits."""
    characters = low + high
    first = min(characters, default=0)
    last = max(characters, default=0)
    for start, end in ((65, 90), (97, 122), (48, 57)):  # A-Z, a-z, 0-9
        if first <= end and last >= start:
            first, last = min(first, start), max(last, end)
    if last - first < NARROW:
        first, last = 32, 127
    return _fractions(value, low, high, first, last, STRING_LIMIT)


def _fractions(value: bytes, low: bytes, high: bytes, first: int, last: int, limit: int) -> Line:
    shared = 0
    least = min(len(value), len(low), len(high))
    while shared < least and low[shared] == high[shared] == value[shared]:
        shared += 1
    return tuple(_fraction(text[shared:], first, last, limit) for text in (value, low, high))  # type: ignore[return-value] # three of them


def _fraction(text: bytes, first: int, last: int, limit: int) -> float:
    base = float(last - first + 1)
    total, share = 0.0, base
    for character in text[:limit]:
        place = first - 1 if character < first else last + 1 if character > last else character
        total += (place - first) / share
        share *= base
    return total
