"""generate_series."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from auroraml.batch import INTERVAL_DTYPE, FixedVector, Index, Vector
from auroraml.errors import DatetimeFieldOverflow, InvalidParameterValue, OutOfMemory
from auroraml.functions.dates.arithmetic import shift, shift_instant
from auroraml.functions.signature import CallContext, rows
from auroraml.types import julian
from auroraml.types.datetime_casts import local_of
from auroraml.types.numeric import CONTEXT
from auroraml.types.pg_type import Interval

Moments: TypeAlias = npt.NDArray[np.int64]  # microseconds from 2000-01-01
MOST = 500_000_000  # values of one call: 4 GB, where PostgreSQL would fill its disk


@rows("generate_series(int4,int4)", "generate_series(int8,int8)", face="vector")
def series(start: FixedVector, stop: FixedVector) -> tuple[list[Vector], Index]:
    """start, start + 1, ... stop."""
    return series_step(start, stop, FixedVector(np.ones(start.n, start.values.dtype)))


@rows("generate_series(int4,int4,int4)", "generate_series(int8,int8,int8)", face="vector")
def series_step(start: FixedVector, stop: FixedVector, step: FixedVector) -> tuple[list[Vector], Index]:
    """start, start + step, ... not beyond stop."""
    if not step.values.all():
        raise InvalidParameterValue("step size cannot equal zero")
    if start.values.dtype == np.int32:
        lengths = np.maximum((stop.values.astype(np.int64) - start.values) // step.values + 1, 0)
    else:  # differences of bigints need Python's integers; a loop over calls, not over the rows they make
        ends = (max((int(b) - int(a)) // int(by) + 1, 0) for a, b, by in zip(start.values, stop.values, step.values, strict=True))
        lengths = np.array([min(length, MOST + 1) for length in ends], np.int64)
    if (total := int(lengths.sum())) > MOST:
        raise OutOfMemory("out of memory", detail=f"A series of more than {MOST} values does not fit.")
    counts = lengths
    if len(counts) == 1:
        first, by = int(start.values[0]), int(step.values[0])
        if _fits(first + by * total, start):
            return [FixedVector(np.arange(first, first + by * total, by, dtype=start.values.dtype))], counts
    place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    values = np.repeat(start.values.astype(np.int64), counts) + place * np.repeat(step.values.astype(np.int64), counts)
    return [FixedVector(values.astype(start.values.dtype))], counts


def _fits(value: int, like: FixedVector) -> bool:
    """Whether arange's end, one step beyond the last value, can be said in the type."""
    info = np.iinfo(like.values.dtype)
    return bool(info.min <= value <= info.max)


@rows("generate_series(numeric,numeric)")
def series_numeric(start: Decimal, stop: Decimal) -> list[tuple[object, ...]]:
    """By one."""
    return series_numeric_step(start, stop, Decimal(1))


@rows("generate_series(numeric,numeric,numeric)")
def series_numeric_step(start: Decimal, stop: Decimal, step: Decimal) -> list[tuple[object, ...]]:
    """By `step`."""
    for name, value in (("start", start), ("stop", stop), ("step size", step)):
        if not value.is_finite():
            raise InvalidParameterValue(f"{name}{' value' if name != 'step size' else ''} cannot be {'NaN' if value.is_nan() else 'infinity'}")
    if step == 0:
        raise InvalidParameterValue("step size cannot equal zero")
    found: list[tuple[object, ...]] = []
    value = start
    while (value <= stop) if step > 0 else (value >= stop):
        found.append((value,))
        value = CONTEXT.add(value, step)
    return found


Move = Callable[[Moments, np.ndarray], Moments]
Leap = Callable[[Moments, np.ndarray], "Moments | None"]


def _stepped(start: int, stop: int, step: Interval, move: Move) -> Moments:
    """Step by step: each starts from the last, as months differ in length, and days where clocks are changed."""
    forwards = _forwards(step)
    interval = np.zeros(1, INTERVAL_DTYPE)
    interval[0] = tuple(step)
    found: list[int] = []
    value = start
    while (value <= stop) if forwards else (value >= stop):
        found.append(value)
        value = int(move(np.array([value], np.int64), interval)[0])
    return np.array(found, np.int64)


def _forwards(step: Interval) -> bool:
    length = (step.months * 30 + step.days) * julian.DAY + step.micros
    if length == 0:
        raise InvalidParameterValue("step size cannot equal zero")
    return length > 0


def _at_once(start: int, stop: int, step: Interval, leap: Leap) -> Moments | None:
    """All steps from the first moment, where months, days or microseconds alone are added; None where each has to start from the last."""
    forwards = _forwards(step)
    least = abs(step.months) * 28 * julian.DAY or abs(step.days) * julian.DAY or abs(step.micros)
    span = stop - start if forwards else start - stop
    if sum(map(bool, step)) != 1 or not all(julian.TIMESTAMP_FIRST <= moment < julian.TIMESTAMP_END for moment in (start, stop)):
        return None
    if span < 0:
        return np.zeros(0, np.int64)
    count = span // least + 3  # clocks are changed by less than a day
    if count > MOST or (count + 1) * least * 2 >= 2**62:
        return None
    steps = np.zeros(count, INTERVAL_DTYPE)
    for name, size in zip(("months", "days", "micros"), step, strict=True):
        if abs(size) * count >= 2 ** (63 if name == "micros" else 31):
            return None
        steps[name] = np.arange(count) * size
    try:
        found = leap(np.full(count, start, np.int64), steps)
    except DatetimeFieldOverflow:
        return None  # perhaps behind the last one
    return None if found is None else found[found <= stop] if forwards else found[found >= stop]


def _on_days_of_all_months(local: Moments, steps: np.ndarray) -> bool:
    """Whether no month is too short for the first moment's day."""
    return not steps["months"].any() or int(julian.civil_of_array(local[:1] // julian.DAY + julian.POSTGRES_DAYS)[2][0]) <= 28


def _series(starts: FixedVector, stops: FixedVector, steps: FixedVector, move: Move, leap: Leap) -> tuple[list[Vector], Index]:
    found = []
    for start, stop, step in zip(
        starts.values.tolist(), stops.values.tolist(), steps.datums(), strict=True
    ):  # over calls, not over the rows they make
        assert isinstance(step, Interval)
        made = _at_once(start, stop, step, leap)
        found.append(_stepped(start, stop, step, move) if made is None else made)
    values = np.concatenate(found) if found else np.zeros(0, np.int64)
    return [FixedVector(values)], np.array([len(one) for one in found], np.int64)


@rows("generate_series(timestamp,timestamp,interval)", face="vector")
def series_timestamp(start: FixedVector, stop: FixedVector, step: FixedVector) -> tuple[list[Vector], Index]:
    """Timestamps by an interval."""
    return _series(start, stop, step, shift, lambda first, steps: shift(first, steps) if _on_days_of_all_months(first, steps) else None)


@rows("generate_series(timestamptz,timestamptz,interval)", face="vector", context=True)
def series_instant(ctx: CallContext, start: FixedVector, stop: FixedVector, step: FixedVector) -> tuple[list[Vector], Index]:
    """Instants by an interval, on the session's clock."""

    def leap(first: Moments, steps: np.ndarray) -> Moments | None:
        local = local_of(first[:1], ctx.style)
        if not _on_days_of_all_months(local, steps):
            return None
        found = shift_instant(ctx, first, steps)
        if steps["micros"].any() or bool((local_of(found, ctx.style) == shift(np.repeat(local, len(first)), steps)).all()):
            return found
        return None  # a time that a day does not have moves all that follow

    return _series(start, stop, step, lambda value, interval: shift_instant(ctx, value, interval), leap)
