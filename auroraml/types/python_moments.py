"""Dates, times, timestamps and intervals of a whole vector as Python's objects, where its classes can hold them all."""

from __future__ import annotations

import datetime as dt

import numpy as np

from auroraml.batch import FixedVector, Vector
from auroraml.types import table
from auroraml.types.datetime_forms import session_zone
from auroraml.types.form import TextStyle
from auroraml.types.julian import DAY, POSTGRES_DAYS
from auroraml.types.pg_type import PgType, Rep
from auroraml.types.zones import RegionZone, Zone

FIRST_DAY, LAST_DAY = dt.date.min.toordinal() - 719_163, dt.date.max.toordinal() - 719_163
MOST_DAYS = 10_000_000  # of an interval's days: as microseconds they leave 64 bits room for its time
FEW = 32  # instants of which each is looked up in its zone
MONTH, YEAR = 30, 365  # days, for Python's timedelta has neither


def moments(type: PgType, vector: Vector, style: TextStyle) -> list[object | None] | None:
    """The objects, anything where the vector is NULL; None where they have to be made one by one, or one of them cannot be."""
    if not isinstance(vector, FixedVector) or vector.n == 0:
        return None
    values = vector.values
    if type.rep is Rep.DATE and int(values.min()) >= FIRST_DAY and int(values.max()) <= LAST_DAY:
        return values.astype("datetime64[D]").tolist()  # type: ignore[no-any-return] # numpy's stubs
    if type.oid == table.TIMESTAMP.oid and _datetimes(values, 0):
        return (values + POSTGRES_DAYS * DAY).astype("datetime64[us]").tolist()  # type: ignore[no-any-return]
    if type.oid == table.TIMESTAMPTZ.oid and _datetimes(values, 1):
        return _zoned(values, session_zone(style))
    if type.rep is Rep.TIME and type.oid == table.TIME.oid and int(values.max()) < DAY:
        return [moment.time() for moment in values.astype("datetime64[us]").tolist()]
    if type.rep is Rep.INTERVAL:
        return _intervals(values)
    return None


def tzinfo(zone: Zone) -> dt.tzinfo:
    """A zone as Python's."""
    if isinstance(zone, RegionZone):
        return zone.info
    seconds = zone.at_instant(0)
    return dt.timezone(dt.timedelta(seconds=seconds)) if seconds else dt.UTC


def _datetimes(values: np.ndarray, margin: int) -> bool:
    """Whether datetime holds all these timestamps, and those up to `margin` days away."""
    low, high = FIRST_DAY - POSTGRES_DAYS + margin, LAST_DAY - POSTGRES_DAYS + 1 - margin
    return int(values.min()) >= low * DAY and int(values.max()) < high * DAY


def _zoned(values: np.ndarray, zone: Zone) -> list[object | None]:
    """Instants as datetimes of a zone: on its own calendar, but for those after which the clocks had just been put back."""
    info = tzinfo(zone)
    if isinstance(zone, RegionZone) and len(values) < FEW:
        utc = dt.datetime(2000, 1, 1, tzinfo=info)
        return [info.fromutc(utc + passed) for passed in values.astype("timedelta64[us]").tolist()]
    offsets = zone.at_instants(values)
    start = dt.datetime(2000, 1, 1, tzinfo=info)
    # one after another: each becomes a Python object
    made: list[object | None] = [start + passed for passed in (values + offsets * 1_000_000).astype("timedelta64[us]").tolist()]
    if isinstance(zone, RegionZone):  # no zone has put its clocks back by more than a day
        changed = (zone.at_instants(values - DAY) != offsets) | (zone.at_instants(values - 2 * DAY) != offsets)
        utc = dt.datetime(2000, 1, 1, tzinfo=info)
        for row, value in zip(np.flatnonzero(changed).tolist(), values[changed].tolist(), strict=True):
            made[row] = info.fromutc(utc + dt.timedelta(microseconds=value))
    return made


def _intervals(values: np.ndarray) -> list[object | None] | None:
    months, days, micros = (values[name].astype(np.int64) for name in ("months", "days", "micros"))
    size = np.abs(months)
    days += np.sign(months) * (size // 12 * YEAR + size % 12 * MONTH)
    if int(np.abs(days).max()) > MOST_DAYS or not -(2**62) < int(micros.min()) <= int(micros.max()) < 2**62:
        return None
    return (days * DAY + micros).astype("timedelta64[us]").tolist()  # type: ignore[no-any-return]
