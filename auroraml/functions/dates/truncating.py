"""date_trunc and date_bin."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from auroraml.batch import FixedVector, Vector
from auroraml.errors import DatetimeFieldOverflow, FeatureNotSupported
from auroraml.functions.dates.fields import by_unit
from auroraml.functions.dates.units import UNITS, not_recognized, not_supported
from auroraml.functions.dates.zones import zone_named
from auroraml.functions.signature import CallContext, scalar
from auroraml.types import julian
from auroraml.types.datetime_casts import finite_timestamps
from auroraml.types.datetime_forms import session_zone
from auroraml.types.julian import DAY, POSTGRES_DAYS
from auroraml.types.zones import Zone

SECOND = 1_000_000
_STEPS = {"microseconds": 1, "milliseconds": 1000, "second": SECOND, "minute": 60 * SECOND, "hour": 3600 * SECOND, "day": DAY}
_BOUNDARIES = frozenset(("week", "month", "quarter", "year", "decade", "century", "millennium"))


def _boundary(unit: str, local: np.ndarray) -> np.ndarray:
    """The first midnight of the week, month, ... that local times are in."""
    days = local // DAY + POSTGRES_DAYS
    if unit == "week":
        return (days - (days + 3) % 7 - POSTGRES_DAYS) * DAY  # type: ignore[no-any-return] # numpy gives Any
    year, month, _ = julian.civil_of_array(days)
    one = np.ones_like(year)
    if unit == "month":
        first = month
    elif unit == "quarter":
        first = (month - 1) // 3 * 3 + 1
    else:
        first = one
        if unit == "decade":
            year = np.where(year > 0, year // 10 * 10, -((8 - (year - 1)) // 10) * 10)
        elif unit in ("century", "millennium"):
            size = 100 if unit == "century" else 1000
            year = np.where(year > 0, (year + size - 1) // size * size - (size - 1), -((size - 1 - (year - 1)) // size) * size + 1)
    return (julian.days_of_array(year, first, one) - POSTGRES_DAYS) * DAY


def _unit(text: str, type_name: str) -> str:
    unit = UNITS.get(text.lower()[:10])
    if unit is None:
        raise not_recognized(text.lower(), type_name)
    if unit not in _STEPS and unit not in _BOUNDARIES:
        raise not_supported(text.lower(), type_name)
    return unit


def _timestamps(text: str, micros: np.ndarray) -> Vector:
    finite = finite_timestamps(micros)
    if not finite.any() and len(micros):
        return FixedVector(micros)
    unit = _unit(text, "timestamp without time zone")
    known = np.where(finite, micros, 0)
    found = known // _STEPS[unit] * _STEPS[unit] if unit in _STEPS else _boundary(unit, known)
    return FixedVector(np.where(finite, _ranged(found, finite), micros))


def _ranged(micros: np.ndarray, finite: np.ndarray) -> np.ndarray:
    if ((micros < julian.TIMESTAMP_FIRST) & finite).any():
        raise DatetimeFieldOverflow("timestamp out of range")
    return micros


def _instants(find_zone: Callable[[], Zone]) -> Callable[[str, np.ndarray], Vector]:
    def compute(text: str, micros: np.ndarray) -> Vector:
        finite = finite_timestamps(micros)
        if not finite.any() and len(micros):
            return FixedVector(micros)
        zone = find_zone()  # looked at before the unit, but not for infinity, as PostgreSQL does
        unit = _unit(text, "timestamp with time zone")
        known = np.where(finite, micros, 0)
        east = zone.at_instants(known) * SECOND
        local = known + east
        if unit in _STEPS and unit != "day":
            found = local // _STEPS[unit] * _STEPS[unit] - east  # hours and less keep the offset in force
        else:
            floor = local // DAY * DAY if unit == "day" else _boundary(unit, local)
            found = floor - zone.at_locals(floor) * SECOND
        return FixedVector(np.where(finite, found, micros))

    return compute


@scalar("date_trunc(text,timestamp)")
def truncate_timestamp(units: Vector, values: Vector) -> Vector:
    """To the start of the unit."""
    return by_unit(units, values, _timestamps)


@scalar("date_trunc(text,timestamptz)", context=True)
def truncate_instant(ctx: CallContext, units: Vector, values: Vector) -> Vector:
    """To the start of the unit on the session's clock."""
    return by_unit(units, values, _instants(lambda: session_zone(ctx.style)))


@scalar("date_trunc(text,timestamptz,text)")
def truncate_in_zone(units: Vector, values: Vector, zones: Vector) -> Vector:
    """To the start of the unit on a zone's clock."""
    found: list[object] = []
    if len(set(zones.datums())) == 1:
        return by_unit(units, values, _instants(lambda: zone_named(str(zones.datum(0)))))
    for row, name in enumerate(zones.datums()):  # a zone a row: rare
        one = values.take(np.array([row]))
        found.append(by_unit(units.take(np.array([row])), one, _instants(partial(zone_named, str(name)))).datum(0))
    return FixedVector(np.array(found, np.int64))


def _intervals(text: str, values: np.ndarray) -> Vector:
    unit = UNITS.get(text.lower()[:10])
    if unit is None:
        raise not_recognized(text.lower(), "interval")
    if unit == "week":
        raise not_supported(text.lower(), "interval", "Months usually have fractional weeks.")
    out = values.copy()
    if unit in _STEPS and unit != "day":
        step = _STEPS[unit]
        out["micros"] = np.sign(values["micros"]) * (np.abs(values["micros"]) // step * step)
        return FixedVector(out)
    months = {"day": 0, "month": 1, "quarter": 3, "year": 12, "decade": 120, "century": 1200, "millennium": 12_000}.get(unit)
    if months is None:
        raise not_supported(text.lower(), "interval")
    out["micros"] = 0
    if months:
        out["days"] = 0
        out["months"] = np.sign(values["months"]) * (np.abs(values["months"]) // months * months)
    return FixedVector(out)


@scalar("date_trunc(text,interval)")
def truncate_interval(units: Vector, values: Vector) -> Vector:
    """Each field below the unit to zero."""
    return by_unit(units, values, _intervals)


@scalar("date_bin(interval,timestamp,timestamp)", "date_bin(interval,timestamptz,timestamptz)", face="numpy")
def bin_start(stride: np.ndarray, micros: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """The start of the bin of a stride from an origin that a timestamp is in."""
    if len(micros) and not finite_timestamps(micros).any():
        return micros
    if not finite_timestamps(origin).all():
        raise DatetimeFieldOverflow("origin out of range")
    if (stride["months"] != 0).any():
        raise FeatureNotSupported("timestamps cannot be binned into intervals containing months or years")
    step = stride["days"].astype(np.int64) * DAY + stride["micros"]
    if (step <= 0).any():
        raise DatetimeFieldOverflow("stride must be greater than zero")
    finite = finite_timestamps(micros)
    return np.where(finite, (np.where(finite, micros, origin) - origin) // step * step + origin, micros)
