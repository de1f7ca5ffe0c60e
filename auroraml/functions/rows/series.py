"""generate_series."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from auroraml.batch import INTERVAL_DTYPE, FixedVector, Index, Vector
from auroraml.errors import InvalidParameterValue, OutOfMemory
from auroraml.functions.dates.arithmetic import shift, shift_instant
from auroraml.functions.signature import CallContext, rows
from auroraml.types import julian
from auroraml.types.numeric import CONTEXT
from auroraml.types.pg_type import Interval

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


def _stepped(start: int, stop: int, step: Interval, move: object) -> list[tuple[object, ...]]:
    assert callable(move)
    direction = (step.months * 30 + step.days) * julian.DAY + step.micros
    if direction == 0:
        raise InvalidParameterValue("step size cannot equal zero")
    interval = np.zeros(1, INTERVAL_DTYPE)
    interval[0] = tuple(step)
    found: list[tuple[object, ...]] = []
    value = start
    while (value <= stop) if direction > 0 else (value >= stop):  # each step starts from the last: months differ in length
        found.append((value,))
        value = int(move(np.array([value], np.int64), interval)[0])
    return found


@rows("generate_series(timestamp,timestamp,interval)")
def series_timestamp(start: int, stop: int, step: Interval) -> list[tuple[object, ...]]:
    """Timestamps by an interval."""
    return _stepped(start, stop, step, shift)


@rows("generate_series(timestamptz,timestamptz,interval)", context=True)
def series_instant(ctx: CallContext, start: int, stop: int, step: Interval) -> list[tuple[object, ...]]:
    """Instants by an interval, on the session's clock."""
    return _stepped(start, stop, step, lambda value, interval: shift_instant(ctx, value, interval))
