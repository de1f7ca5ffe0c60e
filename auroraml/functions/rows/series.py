"""generate_series."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from auroraml.batch import INTERVAL_DTYPE
from auroraml.errors import InvalidParameterValue
from auroraml.functions.dates.arithmetic import shift, shift_instant
from auroraml.functions.signature import CallContext, rows
from auroraml.types import julian
from auroraml.types.numeric import CONTEXT
from auroraml.types.pg_type import Interval


@rows("generate_series(int4,int4)", "generate_series(int8,int8)")
def series(start: int, stop: int) -> list[tuple[object, ...]]:
    """start, start + 1, ... stop."""
    return [(i,) for i in range(start, stop + 1)]


@rows("generate_series(int4,int4,int4)", "generate_series(int8,int8,int8)")
def series_step(start: int, stop: int, step: int) -> list[tuple[object, ...]]:
    """start, start + step, ... not beyond stop."""
    if step == 0:
        raise InvalidParameterValue("step size cannot equal zero")
    return [(i,) for i in range(start, stop + (1 if step > 0 else -1), step)]


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
