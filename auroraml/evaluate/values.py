"""Single values: SQL's value words (current_date, current_user) and subscripts."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.batch import Datum
from auroraml.evaluate.frame import Runtime
from auroraml.ir import expr as e
from auroraml.types.pg_type import PgArray, Point
from auroraml.types.timetz import timetz_text
from auroraml.types.zones import zone_of_setting

DAY = 86_400_000_000
EPOCH_DAYS = 10_957  # 2000-01-01 in days from 1970-01-01


def local_micros(ctx: Runtime) -> int:
    """now() on the session's clock, in microseconds from 2000-01-01 local time."""
    zone = zone_of_setting(ctx.style.time_zone)
    now = ctx.transaction_start
    return now if zone is None else now + zone.at_instant(now)


def sql_value(expr: e.SqlValue, ctx: Runtime) -> Datum:
    """The value of current_date and its kin (chapter 9.9.5 and 9.26)."""
    name = expr.name
    if name in ("current_user", "user", "current_role"):
        return ctx.user
    if name == "session_user":
        return ctx.session_user
    if name == "current_catalog":
        return ctx.dbname
    if name == "current_schema":
        return ctx.host.current_schema()
    if name == "current_timestamp":
        return rounded(ctx.transaction_start, expr.typmod)
    local = local_micros(ctx)
    if name == "current_date":
        return local // DAY + EPOCH_DAYS
    if name == "current_time":
        east = (local - ctx.transaction_start) // 1_000_000
        return timetz_text(rounded(local % DAY, expr.typmod), east)
    if name == "localtime":
        return rounded(local % DAY, expr.typmod)
    return rounded(local, expr.typmod)


def rounded(micros: int, precision: int) -> int:
    """`micros` to `precision` digits of a second; -1 keeps all six."""
    if precision < 0 or precision >= 6:
        return micros
    unit = 10 ** (6 - precision)
    return (micros + unit // 2) // unit * unit  # type: ignore[no-any-return] # numpy gives Any


def subscript(value: object, bounds: Sequence[tuple[object, object]], slicing: bool) -> Datum | None:
    """value[i][j] or value[a:b], a bound left out being Ellipsis; NULL outside the array (an empty array for slices) and with a NULL index."""
    if isinstance(value, Point):
        index = bounds[0][1]
        return (value.x, value.y)[int(str(index))] if index in (0, 1) else None
    if not isinstance(value, PgArray):
        return None
    if slicing:
        return _slice(value, bounds)
    if len(bounds) != len(value.dims):
        return None
    place = 0
    for (_, index), size, lower in zip(bounds, value.dims, value.lower, strict=True):
        if index is None or not lower <= int(str(index)) < lower + size:
            return None
        place = place * size + int(str(index)) - lower
    return value.elements[place]


def _slice(value: PgArray, bounds: Sequence[tuple[object, object]]) -> PgArray | None:
    if any(bound is None for pair in bounds for bound in pair):
        return None
    if len(bounds) > len(value.dims):
        return PgArray((), (), ())
    ranges = []
    for i, (size, low) in enumerate(zip(value.dims, value.lower, strict=True)):
        a, b = bounds[i] if i < len(bounds) else (..., ...)
        start = max(low if a is ... else int(str(a)), low)
        stop = min(low + size - 1 if b is ... else int(str(b)), low + size - 1)
        if start > stop:
            return PgArray((), (), ())
        ranges.append(range(start - low, stop - low + 1))
    places = [0]
    for positions, size in zip(ranges, value.dims, strict=True):
        places = [place * size + position for place in places for position in positions]
    return PgArray(tuple(value.elements[place] for place in places), tuple(len(r) for r in ranges), (1,) * len(ranges))
