"""Comparisons between date, timestamp and timestamptz, and of timetz."""

from __future__ import annotations

import operator
from collections.abc import Callable

import numpy as np

from auroraml.batch import ConstVector, FixedVector, Vector, stored
from auroraml.functions.comparison import FLIPPED, against
from auroraml.functions.signature import SCALARS, CallContext, Kernel, oid_of
from auroraml.types import julian
from auroraml.types.datetime_casts import instant_of
from auroraml.types.datetime_forms import session_zone
from auroraml.types.julian import DAY, POSTGRES_DAYS
from auroraml.types.timetz import timetz_parts
from auroraml.types.zones import FixedZone

Convert = Callable[[CallContext, np.ndarray], np.ndarray]


def _dates(ctx: CallContext, days: np.ndarray) -> np.ndarray:
    """Midnights; dates beyond timestamp's range are above all but infinity."""
    wide = days.astype(np.int64)
    if wide.size and int(wide.min()) > julian.FIRST_DAY and int(wide.max()) < julian.TIMESTAMP_END // DAY:
        return (wide - POSTGRES_DAYS) * DAY
    beyond = (wide - POSTGRES_DAYS >= julian.TIMESTAMP_END // DAY) & (days != julian.DATE_MAX)
    micros = np.where(beyond, julian.TIMESTAMP_MAX - 1, (np.where(beyond, 0, np.clip(wide, julian.FIRST_DAY, julian.DATE_END)) - POSTGRES_DAYS) * DAY)
    infinite = np.where(days == julian.DATE_MIN, julian.TIMESTAMP_MIN, julian.TIMESTAMP_MAX)
    return np.where((days == julian.DATE_MIN) | (days == julian.DATE_MAX), infinite, micros)


def _local_dates(ctx: CallContext, days: np.ndarray) -> np.ndarray:
    local = _dates(ctx, days)
    beyond = local >= julian.TIMESTAMP_END
    return np.where(beyond, local, instant_of(np.where(beyond, 0, local), ctx.style)) if beyond.any() else instant_of(local, ctx.style)


def _locals(ctx: CallContext, micros: np.ndarray) -> np.ndarray:
    return instant_of(micros, ctx.style)


def _same(ctx: CallContext, micros: np.ndarray) -> np.ndarray:
    return micros


# function name, argument types: how each side becomes comparable
_SIDES: dict[str, tuple[str, Convert, Convert]] = {
    "date_{0}_timestamp": ("date,timestamp", _dates, _same),
    "date_{0}_timestamptz": ("date,timestamptz", _local_dates, _same),
    "timestamp_{0}_date": ("timestamp,date", _same, _dates),
    "timestamptz_{0}_date": ("timestamptz,date", _same, _local_dates),
    "timestamp_{0}_timestamptz": ("timestamp,timestamptz", _locals, _same),
    "timestamptz_{0}_timestamp": ("timestamptz,timestamp", _same, _locals),
}


def _fixed(vector: Vector) -> FixedVector:
    flat = (vector.one if isinstance(vector, ConstVector) else vector).flat()
    assert isinstance(flat, FixedVector)
    return flat


def _moment(ctx: CallContext, vector: Vector, side: Convert) -> int | None:
    """The one timestamp that dates, converted by `side`, are compared with; None for several, or where days differ in length."""
    if not isinstance(vector, ConstVector) or side not in (_dates, _local_dates):
        return None
    micros = int(_fixed(vector).values[0])
    if side is _dates or micros in (julian.TIMESTAMP_MIN, julian.TIMESTAMP_MAX):
        return micros
    zone = session_zone(ctx.style)
    local = micros + zone.offset * 1_000_000 if isinstance(zone, FixedZone) else julian.TIMESTAMP_END
    return local if julian.TIMESTAMP_FIRST <= local < julian.TIMESTAMP_END else None


def _nearest_day(name: str, micros: int) -> tuple[str, int]:
    """The comparison of dates with a date that gives the same answers as one with a timestamp."""
    if micros in (julian.TIMESTAMP_MIN, julian.TIMESTAMP_MAX):
        return name, julian.DATE_MIN if micros < 0 else julian.DATE_MAX
    day, rest = divmod(micros, DAY)
    if rest and name in ("eq", "ne"):
        return name, 2**63  # which none is
    return name, day + POSTGRES_DAYS + (rest > 0 and name in ("lt", "ge"))  # before noon of a day is before the next day


def _kernel(name: str, left: Convert, right: Convert) -> Kernel:
    compare: Callable[[np.ndarray, np.ndarray], np.ndarray] = getattr(operator, name)

    def run(ctx: CallContext, a: Vector, b: Vector) -> Vector:
        x, y = _fixed(a), _fixed(b)
        for days, other, side, symbol in ((x, b, left, name), (y, a, right, FLIPPED[name])):
            moment = _moment(ctx, other, side)
            if moment is not None:
                asked, day = _nearest_day(symbol, moment)
                return FixedVector(against(asked, stored(days), day))
        return FixedVector(compare(left(ctx, x.values), right(ctx, y.values)))

    def nearest(ctx: CallContext, flipped: bool, column: Vector, one: Vector) -> tuple[str, int] | None:
        moment = _moment(ctx, ConstVector(one, 1), right if flipped else left)
        return None if moment is None else _nearest_day(FLIPPED[name] if flipped else name, moment)

    return Kernel(function=run, context=True, raises=False, light=True, nearest=nearest)


def _timetz(name: str) -> Kernel:
    compare: Callable[[object, object], bool] = getattr(operator, name)
    return Kernel(function=lambda a, b: compare(timetz_parts(a), timetz_parts(b)), face="datum", raises=False)


for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    for _pattern, (_types, _left, _right) in _SIDES.items():
        SCALARS[oid_of(f"{_pattern.format(_name)}({_types})")] = _kernel(_name, _left, _right)
    SCALARS[oid_of(f"timetz_{_name}(timetz,timetz)")] = _timetz(_name)
