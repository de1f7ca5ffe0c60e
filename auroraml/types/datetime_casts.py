"""Casts among date, time, timestamp, timestamptz and interval."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auroraml.batch import INTERVAL_DTYPE, FixedVector, TextVector, Vector, from_datums
from auroraml.errors import DatetimeFieldOverflow
from auroraml.lazy import compute as pc
from auroraml.types import julian, table
from auroraml.types.datetime_forms import TimeForm, clock_text, now_micros, session_zone
from auroraml.types.form import TextStyle
from auroraml.types.julian import DAY, POSTGRES_DAYS
from auroraml.types.zones import offset_text

Micros = npt.NDArray[np.int64]
_SECOND = 1_000_000


def _fixed(vector: Vector) -> FixedVector:
    flat = vector.flat()
    assert isinstance(flat, FixedVector)
    return flat


def finite_timestamps(micros: Micros) -> npt.NDArray[np.bool_]:
    """Which timestamps are not infinite."""
    return (micros != julian.TIMESTAMP_MIN) & (micros != julian.TIMESTAMP_MAX)  # type: ignore[no-any-return]  # numpy's stubs


def local_of(micros: Micros, style: TextStyle) -> Micros:
    """Instants as local time of the session's zone; infinities stay."""
    finite = finite_timestamps(micros)
    return np.where(finite, micros + np.where(finite, session_zone(style).at_instants(np.where(finite, micros, 0)) * _SECOND, 0), micros)


def instant_of(micros: Micros, style: TextStyle) -> Micros:
    """Local times of the session's zone as instants; infinities stay."""
    finite = finite_timestamps(micros)
    return np.where(finite, micros - np.where(finite, session_zone(style).at_locals(np.where(finite, micros, 0)) * _SECOND, 0), micros)


def timestamps_of_days(days: npt.NDArray[np.int32]) -> Micros:
    """Midnights of dates; raises where timestamp cannot hold one."""
    wide = days.astype(np.int64)
    finite = (days != julian.DATE_MIN) & (days != julian.DATE_MAX)
    if (wide[finite] - POSTGRES_DAYS >= julian.TIMESTAMP_END // DAY).any():
        raise DatetimeFieldOverflow("date out of range for timestamp")
    infinite = np.where(days == julian.DATE_MIN, julian.TIMESTAMP_MIN, julian.TIMESTAMP_MAX)
    return np.where(finite, (np.where(finite, wide, 0) - POSTGRES_DAYS) * DAY, infinite)


def days_of_timestamps(micros: Micros) -> npt.NDArray[np.int32]:
    """The dates of timestamps."""
    days = micros // DAY + POSTGRES_DAYS
    days = np.where(micros == julian.TIMESTAMP_MIN, julian.DATE_MIN, np.where(micros == julian.TIMESTAMP_MAX, julian.DATE_MAX, days))
    return days.astype(np.int32)


def _date_to_timestamp(vector: Vector, style: TextStyle) -> Vector:
    fixed = _fixed(vector)
    return FixedVector(timestamps_of_days(fixed.values), fixed.validity)


def _date_to_timestamptz(vector: Vector, style: TextStyle) -> Vector:
    fixed = _fixed(vector)
    return FixedVector(instant_of(timestamps_of_days(fixed.values), style), fixed.validity)


def _timestamp_to_date(vector: Vector, style: TextStyle) -> Vector:
    fixed = _fixed(vector)
    return FixedVector(days_of_timestamps(fixed.values), fixed.validity)


def _timestamptz_to_date(vector: Vector, style: TextStyle) -> Vector:
    fixed = _fixed(vector)
    return FixedVector(days_of_timestamps(local_of(fixed.values, style)), fixed.validity)


def _timestamp_to_timestamptz(vector: Vector, style: TextStyle) -> Vector:
    fixed = _fixed(vector)
    return FixedVector(instant_of(fixed.values, style), fixed.validity)


def _timestamptz_to_timestamp(vector: Vector, style: TextStyle) -> Vector:
    fixed = _fixed(vector)
    return FixedVector(local_of(fixed.values, style), fixed.validity)


def _clock(micros: Micros, fixed: FixedVector) -> FixedVector:
    """Times of day; NULL for infinities, as PostgreSQL has it."""
    finite = finite_timestamps(fixed.values)
    validity = fixed.validity if finite.all() else fixed.valid & finite
    return FixedVector(np.where(finite, micros % DAY, 0), validity)


def _timestamp_to_time(vector: Vector, style: TextStyle) -> Vector:
    fixed = _fixed(vector)
    return _clock(fixed.values, fixed)


def _timestamptz_to_time(vector: Vector, style: TextStyle) -> Vector:
    fixed = _fixed(vector)
    return _clock(local_of(fixed.values, style), fixed)


def _timestamptz_to_timetz(vector: Vector, style: TextStyle) -> Vector:
    fixed = _fixed(vector)
    zone = session_zone(style)
    finite = finite_timestamps(fixed.values) & fixed.valid
    texts: list[object] = [None] * fixed.n
    for row in np.flatnonzero(finite).tolist():  # per value: timetz is kept as text
        micros = int(fixed.values[row])
        offset = zone.at_instant(micros)
        texts[row] = clock_text((micros + offset * _SECOND) % DAY) + offset_text(offset)
    return from_datums(table.TIMETZ, texts)


def _time_to_timetz(vector: Vector, style: TextStyle) -> Vector:
    fixed = _fixed(vector)
    zone = session_zone(style)
    now = now_micros(style)
    offset = zone.at_instant(now)
    texts = TimeForm().vector_out(table.TIME, fixed, style)
    suffix = pa.array([offset_text(offset)] * fixed.n, pa.large_string())
    return TextVector(pc.binary_join_element_wise(texts, suffix, pa.scalar("", pa.large_string())), fixed.validity)


def _timetz_to_time(vector: Vector, style: TextStyle) -> Vector:
    datums = vector.datums()  # per value: timetz is kept as text
    return from_datums(table.TIME, [None if d is None else TimeForm().datum_in(table.TIME, -1, str(d), style) for d in datums])


def _time_to_interval(vector: Vector, style: TextStyle) -> Vector:
    fixed = _fixed(vector)
    values = np.zeros(fixed.n, INTERVAL_DTYPE)
    values["micros"] = fixed.values
    return FixedVector(values, fixed.validity)


def _interval_to_time(vector: Vector, style: TextStyle) -> Vector:
    fixed = _fixed(vector)
    return FixedVector(fixed.values["micros"] % DAY, fixed.validity)


KERNELS: dict[tuple[int, int], Callable[[Vector, TextStyle], Vector]] = {
    (table.DATE.oid, table.TIMESTAMP.oid): _date_to_timestamp,
    (table.DATE.oid, table.TIMESTAMPTZ.oid): _date_to_timestamptz,
    (table.TIMESTAMP.oid, table.DATE.oid): _timestamp_to_date,
    (table.TIMESTAMPTZ.oid, table.DATE.oid): _timestamptz_to_date,
    (table.TIMESTAMP.oid, table.TIMESTAMPTZ.oid): _timestamp_to_timestamptz,
    (table.TIMESTAMPTZ.oid, table.TIMESTAMP.oid): _timestamptz_to_timestamp,
    (table.TIMESTAMP.oid, table.TIME.oid): _timestamp_to_time,
    (table.TIMESTAMPTZ.oid, table.TIME.oid): _timestamptz_to_time,
    (table.TIMESTAMPTZ.oid, table.TIMETZ.oid): _timestamptz_to_timetz,
    (table.TIME.oid, table.TIMETZ.oid): _time_to_timetz,
    (table.TIMETZ.oid, table.TIME.oid): _timetz_to_time,
    (table.TIME.oid, table.INTERVAL.oid): _time_to_interval,
    (table.INTERVAL.oid, table.TIME.oid): _interval_to_time,
}
