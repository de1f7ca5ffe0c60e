"""How single values compare: a key for each type, equal and ordered as PostgreSQL's operators have it."""

from __future__ import annotations

import math
from decimal import Decimal

from auroraml.errors import UndefinedFunction
from auroraml.types.json import JsonValue, jsonb_key, read_json
from auroraml.types.pg_type import Interval, PgArray, PgType, Range, Rep
from auroraml.types.table import BY_OID
from auroraml.types.timetz import timetz_parts
from auroraml.types.typmod import format_type


class Last:
    """NULL inside arrays and rows: equal to itself, above everything."""

    def __lt__(self, other: object) -> bool:
        return False

    def __gt__(self, other: object) -> bool:
        return not isinstance(other, Last)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Last)

    def __hash__(self) -> int:
        return 0


_LAST = (1, Last())


def orderable(type: PgType, value: object) -> object:
    """A key that compares and hashes as values of `type` do; NULL is above everything."""
    return _LAST if value is None else (0, _key(type, value))


def _key(type: PgType, value: object) -> object:
    if isinstance(value, bool | int | bytes):
        return value
    if isinstance(value, float):
        return (1, 0.0) if math.isnan(value) else (0, value)
    if isinstance(value, Decimal):
        return (1, Decimal(0)) if value.is_nan() else (0, value)
    if isinstance(value, Interval):
        return (value.months * 30 + value.days) * 86_400_000_000 + value.micros
    if isinstance(value, PgArray):
        element = BY_OID.get(type.element) or type
        return tuple(orderable(element, item) for item in value.elements), len(value.elements), len(value.dims), value.dims, value.lower
    if isinstance(value, Range):
        return range_key(type, value)
    if isinstance(value, tuple) and type.rep is Rep.STRUCT:
        return tuple(orderable(a.type, item) for a, item in zip(type.attributes, value, strict=True))
    if isinstance(value, str):
        return _text_key(type, value)
    return value


def range_key(type: PgType, value: Range) -> tuple[object, ...]:
    """The empty range first, then by the lower bound, then by the upper one (range_cmp)."""
    if value.empty:
        return (0,)
    subtype = BY_OID[type.subtype]
    lower = (-1, 0, 0) if value.lower is None else (0, _key(subtype, value.lower), 0 if value.lower_inc else 1)
    upper = (1, 0, 0) if value.upper is None else (0, _key(subtype, value.upper), 0 if value.upper_inc else -1)
    return 1, lower, upper


def _text_key(type: PgType, value: str) -> object:
    if type.name == "jsonb":
        parsed: JsonValue = read_json(value)
        return jsonb_key(parsed)
    if type.name == "timetz":
        return timetz_parts(value)
    if type.name == "json":
        raise UndefinedFunction(f"could not identify an equality operator for type {format_type(type)}")
    return (value.rstrip(" ") if type.name == "bpchar" else value).encode()


def same(type: PgType, a: object, b: object) -> bool:
    """IS NOT DISTINCT FROM."""
    if a is None or b is None:
        return a is b
    return _key(type, a) == _key(type, b)
