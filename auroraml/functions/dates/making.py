"""make_date and its kin, to_timestamp from seconds, OVERLAPS."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from auroraml.batch import FixedVector, Vector, from_datums
from auroraml.errors import DatabaseError, DatetimeFieldOverflow
from auroraml.functions.dates.arithmetic import shift, shift_instant
from auroraml.functions.dates.zones import zone_named
from auroraml.functions.signature import SCALARS, CallContext, Kernel, oid_of, scalar
from auroraml.types import julian
from auroraml.types.datetime_forms import session_zone
from auroraml.types.interval_forms import interval_out_of_range
from auroraml.types.julian import DAY, POSTGRES_DAYS
from auroraml.types.pg_type import Interval, PgType, Rep
from auroraml.types.table import BY_NAME, INTERVAL
from auroraml.types.timetz import timetz_parts

SECOND = 1_000_000


def date_error(year: int, month: int, day: int) -> DatabaseError:
    """22008 for a date that does not exist."""
    return DatetimeFieldOverflow(f"date field value out of range: {year}-{month:02d}-{day:02d}")


def _days(year: int, month: int, day: int, shown: int) -> int:
    """Days from 1970; an error shows the year `shown`: make_date's has been counted from 1 BC as 0 by then, make_timestamp's has not."""
    if year == 0:
        raise date_error(shown, month, day)
    civil = year + 1 if year < 0 else year
    if not (1 <= month <= 12 and 1 <= day <= julian.days_in_month(civil, month)):
        raise date_error(shown, month, day)
    days = julian.days_of(civil, month, day)
    if not julian.FIRST_DAY <= days < julian.DATE_END:
        raise DatetimeFieldOverflow(f"date out of range: {year}-{month:02d}-{day:02d}")
    return days


def _clock(hour: int, minute: int, seconds: float) -> int:
    bad = math.isnan(seconds) or not (0 <= hour <= 24 and 0 <= minute <= 59 and 0 <= seconds <= 60)
    micros = 0 if bad else round(seconds * SECOND)
    if bad or (hour == 24 and (minute or micros)):
        shown = "NaN" if math.isnan(seconds) else f"{'-' if seconds < 0 else ''}Infinity" if math.isinf(seconds) else f"{seconds:g}".rjust(2, "0")
        raise DatetimeFieldOverflow(f"time field value out of range: {hour}:{minute:02d}:{shown}")
    return (hour * 60 + minute) * 60 * SECOND + micros


@scalar("make_date(int4,int4,int4)", face="datum")
def make_date(year: int, month: int, day: int) -> int:
    """A date of its fields; years below zero are BC."""
    return _days(year, month, day, year + 1 if year < 0 else year)


@scalar("make_time(int4,int4,float8)", face="datum")
def make_time(hour: int, minute: int, seconds: float) -> int:
    """A time of its fields."""
    return _clock(hour, minute, seconds)


def _timestamp(year: int, month: int, day: int, hour: int, minute: int, seconds: float) -> int:
    micros = (_days(year, month, day, year) - POSTGRES_DAYS) * DAY + _clock(hour, minute, seconds)
    if not julian.TIMESTAMP_FIRST <= micros < julian.TIMESTAMP_END:
        raise DatetimeFieldOverflow(f"timestamp out of range: {year}-{month:02d}-{day:02d} {hour}:{minute:02d}:{seconds:02g}")
    return micros


@scalar("make_timestamp(int4,int4,int4,int4,int4,float8)", face="datum")
def make_timestamp(year: int, month: int, day: int, hour: int, minute: int, seconds: float) -> int:
    """A timestamp of its fields."""
    return _timestamp(year, month, day, hour, minute, seconds)


@scalar("make_timestamptz(int4,int4,int4,int4,int4,float8)", face="datum", context=True)
def make_instant(ctx: CallContext, year: int, month: int, day: int, hour: int, minute: int, seconds: float) -> int:
    """An instant of its fields on the session's clock."""
    local = _timestamp(year, month, day, hour, minute, seconds)
    return local - session_zone(ctx.style).at_local(local) * SECOND


@scalar("make_timestamptz(int4,int4,int4,int4,int4,float8,text)", face="datum")
def make_instant_in(year: int, month: int, day: int, hour: int, minute: int, seconds: float, zone: str) -> int:
    """An instant of its fields on a zone's clock."""
    local = _timestamp(year, month, day, hour, minute, seconds)
    return local - zone_named(zone).at_local(local) * SECOND


@scalar("make_interval(int4,int4,int4,int4,int4,int4,float8)", face="datum")
def make_interval(years: int, months: int, weeks: int, days: int, hours: int, minutes: int, seconds: float) -> Interval:
    """An interval of its fields."""
    if math.isinf(seconds) or math.isnan(seconds):
        raise interval_out_of_range()
    scaled = seconds * SECOND
    whole = round(scaled) if -(2.0**63) <= scaled < 2.0**63 else -(2**63)  # as the processor converts what does not fit
    micros = (hours * 3600 + minutes * 60) * SECOND + whole
    micros = (micros + 2**63) % 2**64 - 2**63
    return Interval(_wrapped(years * 12 + months), _wrapped(weeks * 7 + days), micros)


def _wrapped(value: int) -> int:
    """In 32 bits, as PostgreSQL adds the fields."""
    return (value + 2**31) % 2**32 - 2**31


def _from_epochs(seconds: Vector) -> Vector | None:
    """Those of many numbers, where all of them are in range."""
    if not isinstance(seconds, FixedVector):
        return None
    with np.errstate(over="ignore"):  # what is beyond all numbers is out of range
        shifted = (seconds.values - POSTGRES_DAYS * 86_400.0) * 1e6
    inside = (shifted >= julian.TIMESTAMP_FIRST) & (shifted < julian.TIMESTAMP_END)
    return FixedVector(np.rint(shifted).astype(np.int64)) if inside.all() else None


@scalar("to_timestamp(float8)", face="datum", columns=_from_epochs)
def from_epoch(seconds: float) -> int:
    """The instant so many seconds after 1970."""
    if math.isnan(seconds):
        raise DatetimeFieldOverflow("timestamp cannot be NaN")
    if math.isinf(seconds):
        return julian.TIMESTAMP_MAX if seconds > 0 else julian.TIMESTAMP_MIN
    shifted = (seconds - POSTGRES_DAYS * 86_400.0) * 1e6
    if not julian.TIMESTAMP_FIRST <= shifted < julian.TIMESTAMP_END:
        raise DatetimeFieldOverflow(f'timestamp out of range: "{seconds:g}"')
    return round(shifted)


def _overlap(ends: tuple[object, ...], key: Callable[[object], object]) -> bool | None:
    """The OVERLAPS operator, whose NULLs count where the rest decides nothing."""
    (s1, e1), (s2, e2) = ((a, b) if a is not None and (b is None or key(a) <= key(b)) else (b, a) for a, b in (ends[:2], ends[2:]))  # type: ignore[operator] # keys of one type compare
    if s1 is None or s2 is None:
        return None
    if key(s1) > key(s2):  # type: ignore[operator]
        if e2 is None:
            return None
        return True if key(s1) < key(e2) else None if e1 is None else False  # type: ignore[operator]
    if key(s1) < key(s2):  # type: ignore[operator]
        if e1 is None:
            return None
        return True if key(s2) < key(e1) else None if e2 is None else False  # type: ignore[operator]
    return None if e1 is None or e2 is None else True


def _plus(ctx: CallContext, type: PgType, start: object, end: object) -> object:
    if not isinstance(end, Interval) or start is None:
        return None if isinstance(end, Interval) else end
    if type.rep is Rep.TIME:
        return (int(str(start)) + end.micros) % DAY
    value, interval = (from_datums(t, [d]).flat().values for t, d in ((type, start), (INTERVAL, end)))  # type: ignore[attr-defined]
    return int((shift_instant(ctx, value, interval) if type.name == "timestamptz" else shift(value, interval))[0])


def _overlaps(type: PgType) -> Kernel:
    def run(ctx: CallContext, a: object, b: object, c: object, d: object) -> bool | None:
        key = (lambda x: timetz_parts(str(x))) if type.name == "timetz" else lambda x: x
        return _overlap((a, _plus(ctx, type, a, b), c, _plus(ctx, type, c, d)), key)

    return Kernel(function=run, face="datum", context=True)


def _moments(vectors: Sequence[Vector]) -> list[FixedVector]:
    """Columns of moments, constants as columns too."""
    return [found for vector in vectors if isinstance(found := vector.flat(), FixedVector)]


def _overlapping(type: PgType) -> Kernel:
    """Of moments alone, without intervals."""

    def columns(*ends: Vector) -> Vector | None:
        (a, b, c, d) = _moments(ends)
        s1, e1, s2, e2 = (
            np.minimum(a.values, b.values),
            np.maximum(a.values, b.values),
            np.minimum(c.values, d.values),
            np.maximum(c.values, d.values),
        )
        found = (s1 == s2) | (np.maximum(s1, s2) < np.where(s1 > s2, e2, e1))
        known = a.valid & b.valid & c.valid & d.valid
        if known.all():
            return FixedVector(found)
        rows = np.flatnonzero(~known)
        values = zip(*[part.take(rows).datums() for part in (a, b, c, d)], strict=True)
        odd = [_overlap(row, lambda moment: moment) for row in values]  # where something is NULL
        found[rows] = [bool(value) for value in odd]
        known[rows] = [value is not None for value in odd]
        return FixedVector(found & known, known)

    return replace(_overlaps(type), columns=columns)


def _register() -> None:
    for name in ("time", "timestamp", "timestamptz"):
        for second in (name, "interval"):
            for fourth in (name, "interval"):
                moments = second == fourth == name
                SCALARS[oid_of(f"overlaps({name},{second},{name},{fourth})")] = (_overlapping if moments else _overlaps)(BY_NAME[name])
    SCALARS[oid_of("overlaps(timetz,timetz,timetz,timetz)")] = _overlaps(BY_NAME["timetz"])


_register()
