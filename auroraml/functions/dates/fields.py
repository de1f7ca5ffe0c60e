"""extract and date_part: the fields of dates, times, timestamps and intervals."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import numpy as np

from auroraml.batch import ConstVector, FixedVector, NumericVector, TextVector, Vector, from_datums
from auroraml.functions.dates.units import not_recognized, not_supported, unit_of
from auroraml.functions.division import divide_decimals
from auroraml.functions.signature import CallContext, scalar
from auroraml.records import dataclass
from auroraml.types import julian
from auroraml.types.datetime_casts import finite_timestamps, timestamps_of_days
from auroraml.types.datetime_forms import session_zone
from auroraml.types.julian import DAY, POSTGRES_DAYS, UNIX_JULIAN
from auroraml.types.numeric import CONTEXT
from auroraml.types.table import NUMERIC
from auroraml.types.timetz import timetz_split

SECOND = 1_000_000
MANY = 4_096  # dates from which on a table of their days is thought of
_MONOTONIC = frozenset(("year", "decade", "century", "millennium", "julian", "isoyear", "epoch"))
_CLOCK = frozenset(("microseconds", "milliseconds", "second", "minute", "hour"))
_ZONES = frozenset(("timezone", "timezone_hour", "timezone_minute"))
_DATE = frozenset(
    ("day", "month", "quarter", "week", "year", "decade", "century", "millennium", "julian", "isoyear", "dow", "isodow", "doy", "epoch")
)


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field's values as whole numbers of a decimal scale; `julian` days add the part of the day."""

    values: np.ndarray
    scale: int = 0
    clock: np.ndarray | None = None


def civil_field(unit: str, days: np.ndarray) -> np.ndarray:
    """A field of civil dates given as days from 1970."""
    if unit in ("dow", "isodow"):
        dow = (days + 4) % 7
        return np.where(dow == 0, 7, dow) if unit == "isodow" else dow
    if unit == "julian":
        return days + UNIX_JULIAN
    if unit in ("week", "isoyear"):
        year, week = iso_week(days)
        return week if unit == "week" else np.where(year <= 0, year - 1, year)
    year, month, day = julian.civil_of_array(days)
    if unit == "doy":
        return days - julian.days_of_array(year, np.ones_like(year), np.ones_like(year)) + 1
    simple: dict[str, Callable[[], np.ndarray]] = {
        "day": lambda: day, "month": lambda: month, "quarter": lambda: (month - 1) // 3 + 1, "year": lambda: np.where(year > 0, year, year - 1),
        "decade": lambda: np.where(year >= 0, year // 10, -((8 - (year - 1)) // 10)),
        "century": lambda: np.where(year > 0, (year + 99) // 100, -((99 - (year - 1)) // 100)),
        "millennium": lambda: np.where(year > 0, (year + 999) // 1000, -((999 - (year - 1)) // 1000)),
    }  # fmt: skip
    return simple[unit]()


def iso_week(days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ISO 8601 year (0 is 1 BC) and week."""
    thursday = days - (days + 3) % 7 + 3
    year, _, _ = julian.civil_of_array(thursday)
    first = julian.days_of_array(year, np.ones_like(year), np.ones_like(year))
    return year, (thursday - first) // 7 + 1


def clock_field(unit: str, micros: np.ndarray) -> Field:
    """A field of the time of day (or of an interval's time, whose sign it keeps)."""
    sign, size = np.sign(micros), np.abs(micros)
    if unit == "hour":
        return Field(values=sign * (size // (3600 * SECOND)))
    if unit == "minute":
        return Field(values=sign * (size // (60 * SECOND) % 60))
    return Field(values=sign * (size % (60 * SECOND)), scale={"second": 6, "milliseconds": 3, "microseconds": 0}[unit])


def zone_field(unit: str, east: np.ndarray) -> Field:
    """timezone, timezone_hour, timezone_minute of offsets in seconds."""
    sign, size = np.sign(east), np.abs(east)
    if unit == "timezone":
        return Field(values=east)
    return Field(values=sign * (size // 3600 if unit == "timezone_hour" else size // 60 % 60))


def timestamp_field(unit: str, shown: str, micros: np.ndarray, type_name: str, offsets: Callable[[np.ndarray], np.ndarray] | None) -> Field:
    """A field of timestamps; with `offsets`, of instants on a zone's clock."""
    if unit == "epoch":
        return Field(values=micros + POSTGRES_DAYS * DAY, scale=6)
    if unit in _ZONES and offsets is None:
        raise not_supported(shown, type_name)
    east = None if offsets is None else offsets(micros)
    if unit in _ZONES:
        assert east is not None
        return zone_field(unit, east)
    local = micros if east is None else micros + east * SECOND
    if unit in _CLOCK:
        return clock_field(unit, local % DAY)
    days = local // DAY + POSTGRES_DAYS
    return Field(values=civil_field(unit, days), clock=local % DAY if unit == "julian" else None)


def interval_field(unit: str, shown: str, values: np.ndarray, type_name: str) -> Field:
    """A field of intervals, each part by itself."""
    months, days, micros = values["months"].astype(np.int64), values["days"].astype(np.int64), values["micros"]
    if unit in _CLOCK:
        return clock_field(unit, micros)
    sign, size = np.sign(months), np.abs(months)
    years = sign * (size // 12)
    if unit == "epoch":
        quarters = 4 * 365 * years + years + 4 * 30 * (sign * (size % 12)) + 4 * days
        return Field(values=quarters * (DAY // 4) + micros, scale=6)
    simple: dict[str, Callable[[], np.ndarray]] = {
        "day": lambda: days, "month": lambda: sign * (size % 12), "quarter": lambda: _cut(sign * (size % 12), 3) + 1, "year": lambda: years,
        "decade": lambda: _cut(years, 10), "century": lambda: _cut(years, 100), "millennium": lambda: _cut(years, 1000),
    }  # fmt: skip
    if unit not in simple:
        raise not_supported(shown, type_name)
    return Field(values=simple[unit]())


def _cut(values: np.ndarray, by: int) -> np.ndarray:
    return np.sign(values) * (np.abs(values) // by)  # type: ignore[no-any-return] # numpy gives Any


def _numeric(field: Field) -> Vector:
    if field.clock is None:
        return NumericVector(field.values.astype(np.int64), field.scale)
    parts = zip(field.values.tolist(), field.clock.tolist(), strict=True)
    whole = Decimal(DAY)
    return from_datums(NUMERIC, [CONTEXT.add(Decimal(day), divide_decimals(Decimal(clock), whole)) for day, clock in parts])  # a scale a value


def _float(field: Field) -> Vector:
    values = field.values.astype(np.float64)
    if field.clock is not None:
        return FixedVector(values + field.clock / 1e6 / 86_400.0)
    return FixedVector(values / 10.0**field.scale if field.scale else values)


def _unbounded(vector: Vector, finite: np.ndarray, negative: np.ndarray, unit: str) -> Vector:
    """Fields of infinities: NULL for those that come round, infinite for those that grow."""
    if finite.all():
        return vector
    if unit not in _MONOTONIC:
        return vector.with_validity(np.array(finite))
    if isinstance(vector, FixedVector):
        return FixedVector(np.where(finite, vector.values, np.where(negative, -np.inf, np.inf)))
    datums = [d if ok else Decimal("-Infinity" if below else "Infinity") for d, ok, below in zip(vector.datums(), finite, negative, strict=True)]
    return from_datums(NUMERIC, datums)  # infinities are few


Finish = Callable[[Field], Vector]


def by_unit(units: Vector, values: Vector, compute: Callable[[str, np.ndarray], Vector]) -> Vector:
    """`compute` for the unit that all rows have, or for each distinct unit on its own rows."""
    flat = (values.one if isinstance(values, ConstVector) else values).flat()
    array = np.asarray(flat.datums(), object) if isinstance(flat, TextVector) else flat.values  # type: ignore[attr-defined]
    if isinstance(units, ConstVector):
        return compute(str(units.datum(0)), array)
    texts = units.flat().datums()
    wide = np.broadcast_to(array, (len(texts),))
    out: list[object] = []
    for row, text in enumerate(texts):  # a unit a row: rare
        out.append(compute(str(text), wide[row : row + 1]).datum(0))
    sample = compute(str(texts[0]), wide[:1])
    return from_datums(NUMERIC, out) if isinstance(sample, NumericVector) else _like(sample, out)


def _like(sample: Vector, out: list[object]) -> Vector:
    assert isinstance(sample, FixedVector)
    values = np.zeros(len(out), sample.values.dtype)
    for row, value in enumerate(out):
        if value is not None:
            values[row] = value
    valid = np.array([value is not None for value in out])
    return FixedVector(values, None if valid.all() else valid)


def _timestamps(finish: Finish, type_name: str, offsets: Callable[[np.ndarray], np.ndarray] | None) -> Callable[[str, np.ndarray], Vector]:
    def compute(text: str, micros: np.ndarray) -> Vector:
        unit = unit_of(text, True)
        if unit is None:
            raise not_recognized(text.lower(), type_name)
        finite = finite_timestamps(micros)
        found = finish(timestamp_field(unit, text.lower(), np.where(finite, micros, 0), type_name, offsets))
        return _unbounded(found, finite, micros < 0, unit)

    return compute


def _dates(text: str, days: np.ndarray) -> Vector:
    unit = unit_of(text, True)
    if unit is None:
        raise not_recognized(text.lower(), "date")
    if unit not in _DATE:
        raise not_supported(text.lower(), "date")
    return _by_day(days, lambda distinct: _of_days(unit, distinct))


def _by_day(days: np.ndarray, compute: Callable[[np.ndarray], Vector]) -> Vector:
    """`compute` of the days, or where they are many of few years of every day of those, to look the rest up."""
    if len(days) >= MANY:
        first, last = int(days.min()), int(days.max())
        if 2 * (last - first) < len(days):
            return compute(np.arange(first, last + 1)).take(np.subtract(days, first, dtype=np.int64))
    return compute(days)


def _of_days(unit: str, days: np.ndarray) -> Vector:
    finite = (days != julian.DATE_MIN) & (days != julian.DATE_MAX)
    whole = np.where(finite, days, 0).astype(np.int64)
    field = whole * 86_400 if unit == "epoch" else civil_field(unit, whole)
    return _unbounded(NumericVector(field.astype(np.int64), 0), finite, days < 0, unit)


def _times(finish: Finish) -> Callable[[str, np.ndarray], Vector]:
    def compute(text: str, micros: np.ndarray) -> Vector:
        unit = unit_of(text, True)
        if unit is None:
            raise not_recognized(text.lower(), "time without time zone")
        if unit == "epoch":
            return finish(Field(values=micros, scale=6))
        if unit not in _CLOCK:
            raise not_supported(text.lower(), "time without time zone")
        return finish(clock_field(unit, micros))

    return compute


def _zoned_times(finish: Finish) -> Callable[[str, np.ndarray], Vector]:
    def compute(text: str, values: np.ndarray) -> Vector:
        unit = unit_of(text, True)
        if unit is None:
            raise not_recognized(text.lower(), "time with time zone")
        parts = np.array([timetz_split(str(value)) for value in values], np.int64).reshape(-1, 2)  # timetz is kept as text
        clock, east = parts[:, 0], parts[:, 1]
        if unit == "epoch":
            return finish(Field(values=clock - east * SECOND, scale=6))
        if unit in _ZONES:
            return finish(zone_field(unit, east))
        if unit not in _CLOCK:
            raise not_supported(text.lower(), "time with time zone")
        return finish(clock_field(unit, clock))

    return compute


def _intervals(finish: Finish) -> Callable[[str, np.ndarray], Vector]:
    def compute(text: str, values: np.ndarray) -> Vector:
        unit = unit_of(text, True)
        if unit is None:
            raise not_recognized(text.lower(), "interval")
        return finish(interval_field(unit, text.lower(), values, "interval"))

    return compute


def _session(ctx: CallContext) -> Callable[[np.ndarray], np.ndarray]:
    return session_zone(ctx.style).at_instants


@scalar("extract(text,date)")
def extract_date(units: Vector, values: Vector) -> Vector:
    """EXTRACT(unit FROM date)."""
    return by_unit(units, values, _dates)


@scalar("date_part(text,date)")
def part_of_date(units: Vector, values: Vector) -> Vector:
    """date_part of a date, as of its midnight."""
    compute = _timestamps(_float, "timestamp without time zone", None)
    return by_unit(units, values, lambda text, days: compute(text, timestamps_of_days(days)))


@scalar("extract(text,timestamp)")
def extract_timestamp(units: Vector, values: Vector) -> Vector:
    """EXTRACT(unit FROM timestamp)."""
    return by_unit(units, values, _timestamps(_numeric, "timestamp without time zone", None))


@scalar("date_part(text,timestamp)")
def part_of_timestamp(units: Vector, values: Vector) -> Vector:
    """date_part of a timestamp."""
    return by_unit(units, values, _timestamps(_float, "timestamp without time zone", None))


@scalar("extract(text,timestamptz)", context=True)
def extract_instant(ctx: CallContext, units: Vector, values: Vector) -> Vector:
    """EXTRACT(unit FROM timestamptz) on the session's clock."""
    return by_unit(units, values, _timestamps(_numeric, "timestamp with time zone", _session(ctx)))


@scalar("date_part(text,timestamptz)", context=True)
def part_of_instant(ctx: CallContext, units: Vector, values: Vector) -> Vector:
    """date_part of a timestamptz on the session's clock."""
    return by_unit(units, values, _timestamps(_float, "timestamp with time zone", _session(ctx)))


@scalar("extract(text,time)")
def extract_time(units: Vector, values: Vector) -> Vector:
    """EXTRACT(unit FROM time)."""
    return by_unit(units, values, _times(_numeric))


@scalar("date_part(text,time)")
def part_of_time(units: Vector, values: Vector) -> Vector:
    """date_part of a time."""
    return by_unit(units, values, _times(_float))


@scalar("extract(text,timetz)")
def extract_zoned_time(units: Vector, values: Vector) -> Vector:
    """EXTRACT(unit FROM timetz)."""
    return by_unit(units, values, _zoned_times(_numeric))


@scalar("date_part(text,timetz)")
def part_of_zoned_time(units: Vector, values: Vector) -> Vector:
    """date_part of a timetz."""
    return by_unit(units, values, _zoned_times(_float))


@scalar("extract(text,interval)")
def extract_interval(units: Vector, values: Vector) -> Vector:
    """EXTRACT(unit FROM interval)."""
    return by_unit(units, values, _intervals(_numeric))


@scalar("date_part(text,interval)")
def part_of_interval(units: Vector, values: Vector) -> Vector:
    """date_part of an interval."""
    return by_unit(units, values, _intervals(_float))
