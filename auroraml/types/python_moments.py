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
        return _zoned(values, tzinfo(session_zone(style)))
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


def _zoned(values: np.ndarray, zone: dt.tzinfo) -> list[object | None]:
    moments = (values + POSTGRES_DAYS * DAY).astype("datetime64[us]").tolist()
    if zone is dt.UTC:
        return [moment.replace(tzinfo=zone) for moment in moments]
    return [zone.fromutc(moment.replace(tzinfo=zone)) for moment in moments]  # what astimezone does of a moment in UTC


def _intervals(values: np.ndarray) -> list[object | None] | None:
    months, days, micros = (values[name].astype(np.int64) for name in ("months", "days", "micros"))
    size = np.abs(months)
    days += np.sign(months) * (size // 12 * YEAR + size % 12 * MONTH)
    if int(np.abs(days).max()) > MOST_DAYS or not -(2**62) < int(micros.min()) <= int(micros.max()) < 2**62:
        return None
    return (days * DAY + micros).astype("timedelta64[us]").tolist()  # type: ignore[no-any-return]
