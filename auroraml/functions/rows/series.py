"""generate_series."""

from __future__ import annotations

from decimal import Decimal

from auroraml.errors import InvalidParameterValue
from auroraml.functions.signature import rows
from auroraml.types.numeric import CONTEXT


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
    if step == 0:
        raise InvalidParameterValue("step size cannot equal zero")
    found: list[tuple[object, ...]] = []
    value = start
    while (value <= stop) if step > 0 else (value >= stop):
        found.append((value,))
        value = CONTEXT.add(value, step)
    return found
