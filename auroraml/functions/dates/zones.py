"""AT TIME ZONE, now() and the clocks."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from auroraml.batch import ConstVector, FixedVector, Vector
from auroraml.errors import DatetimeFieldOverflow, InvalidParameterValue
from auroraml.functions.signature import CallContext, scalar
from auroraml.types import julian
from auroraml.types.datetime_casts import finite_timestamps
from auroraml.types.datetime_forms import session_zone
from auroraml.types.interval_forms import interval_text
from auroraml.types.julian import DAY, POSTGRES_DAYS
from auroraml.types.pg_type import Interval
from auroraml.types.timetz import timetz_split, timetz_text
from auroraml.types.zones import FixedZone, Zone, find_abbreviation, find_zone, zone_of_setting

SECOND = 1_000_000


def zone_named(name: str) -> Zone:
    """The zone that AT TIME ZONE takes a name for: abbreviations first; 22023."""
    east = find_abbreviation(name)
    if east is not None:
        return FixedZone(name, east, name.upper())
    found = find_zone(name)
    if found is None and name[:1] in "+-0123456789" and (hours := zone_of_setting(name)) is not None:
        found = FixedZone(name, -hours.at_instant(0))  # as in POSIX zones, west is positive
    if found is None:
        raise InvalidParameterValue(f'time zone "{name}" not recognized')
    return found


def zone_of_interval(interval: Interval) -> Zone:
    """The zone an interval of hours east means."""
    if interval.months or interval.days:
        raise InvalidParameterValue(f'interval time zone "{interval_text(interval)}" must not include months or days')
    return FixedZone("interval", int(interval.micros / SECOND))


def _zones(vector: Vector) -> list[tuple[Zone, np.ndarray | None]]:
    """The distinct zones and the rows of each; rows None means all."""

    def zone(datum: object) -> Zone:
        return zone_of_interval(datum) if isinstance(datum, Interval) else zone_named(str(datum))

    if isinstance(vector, ConstVector):
        return [(zone(vector.datum(0)), None)]
    datums = vector.datums()
    distinct = {datum: place for place, datum in enumerate(dict.fromkeys(datums))}
    codes = np.array([distinct[datum] for datum in datums])
    return [(zone(datum), np.flatnonzero(codes == place)) for datum, place in distinct.items()]


def _micros(vector: Vector) -> np.ndarray:
    flat = (vector.one if isinstance(vector, ConstVector) else vector).flat()
    assert isinstance(flat, FixedVector)
    return flat.values


def _converted(zones: Vector, values: Vector, sign: int) -> Vector:
    micros = _micros(values)
    if len(micros) and not finite_timestamps(micros).any():
        return FixedVector(micros)  # infinities need no zone
    parts = _zones(zones)
    if parts[0][1] is not None:
        micros = np.broadcast_to(micros, (zones.n,))
    out = np.array(micros)
    for zone, rows in parts:
        here = micros if rows is None else micros[rows]
        finite = finite_timestamps(here)
        known = np.where(finite, here, 0)
        moved = known + zone.at_instants(known) * SECOND if sign > 0 else known - zone.at_locals(known) * SECOND
        if (((moved < julian.TIMESTAMP_FIRST) | (moved >= julian.TIMESTAMP_END)) & finite).any():
            raise DatetimeFieldOverflow("timestamp out of range")
        out[slice(None) if rows is None else rows] = np.where(finite, moved, here)
    return FixedVector(out)


@scalar("timezone(text,timestamp)", "timezone(interval,timestamp)")
def instant_in(zones: Vector, values: Vector) -> Vector:
    """The instant of a local time of a zone."""
    return _converted(zones, values, -1)


@scalar("timezone(text,timestamptz)", "timezone(interval,timestamptz)")
def local_in(zones: Vector, values: Vector) -> Vector:
    """An instant on a zone's clock."""
    return _converted(zones, values, 1)


@scalar("timezone(text,timetz)", "timezone(interval,timetz)", face="datum", context=True)
def zoned_time_in(ctx: CallContext, zone: str | Interval, value: str) -> str:
    """A timetz on another zone's clock."""
    found = zone_of_interval(zone) if isinstance(zone, Interval) else zone_named(zone)
    east = found.at_instant(ctx.transaction_start)
    clock, old = timetz_split(value)
    return timetz_text((clock + (east - old) * SECOND) % DAY, east)


@scalar("timetz_pl_interval(timetz,interval)", face="datum", raises=False)
def zoned_time_plus(value: str, interval: Interval) -> str:
    """timetz + interval."""
    clock, east = timetz_split(value)
    return timetz_text((clock + interval.micros) % DAY, east)


@scalar("timetz_mi_interval(timetz,interval)", face="datum", raises=False)
def zoned_time_minus(value: str, interval: Interval) -> str:
    """timetz - interval."""
    clock, east = timetz_split(value)
    return timetz_text((clock - interval.micros) % DAY, east)


@scalar("datetimetz_pl(date,timetz)", "timestamptz(date,timetz)", face="datum")
def instant_of_zoned(days: int, value: str) -> int:
    """date + timetz."""
    clock, east = timetz_split(value)
    return (days - POSTGRES_DAYS) * DAY + clock - east * SECOND


@scalar("timetzdate_pl(timetz,date)", face="datum")
def zoned_plus_date(value: str, days: int) -> int:
    """timetz + date."""
    return instant_of_zoned(days, value)


@scalar("now()", "transaction_timestamp()", face="datum", context=True, raises=False)
def now(ctx: CallContext) -> int:
    """When the transaction began."""
    return ctx.transaction_start


@scalar("statement_timestamp()", face="datum", context=True, raises=False)
def statement_timestamp(ctx: CallContext) -> int:
    """When the statement began."""
    return ctx.statement_start


@scalar("clock_timestamp()", face="datum", context=True, raises=False)
def clock_timestamp(ctx: CallContext) -> int:
    """The time; under the virtual clock that at which the statement began, and what has passed of virtual time since."""
    return int(ctx.clock.day() * 1_000_000) - POSTGRES_DAYS * DAY


@scalar("timeofday()", face="datum", context=True, raises=False)
def time_of_day(ctx: CallContext) -> str:
    """The time as text: Thu Nov 26 22:11:14.000000 2026 UTC."""
    instant = clock_timestamp(ctx)
    zone = session_zone(ctx.style)
    local = instant + zone.at_instant(instant) * SECOND + POSTGRES_DAYS * DAY
    shown = datetime.fromtimestamp(local // SECOND, UTC)
    return f"{shown:%a %b %d %H:%M:%S}.{local % SECOND:06d} {shown:%Y} {zone.abbreviation(instant)}"
