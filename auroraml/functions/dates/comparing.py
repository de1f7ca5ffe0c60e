"""Comparisons between date, timestamp and timestamptz, and of timetz."""

from __future__ import annotations

import operator
from collections.abc import Callable

import numpy as np

from auroraml.functions.signature import SCALARS, CallContext, Kernel, oid_of
from auroraml.types import julian
from auroraml.types.datetime_casts import instant_of
from auroraml.types.julian import DAY, POSTGRES_DAYS
from auroraml.types.timetz import timetz_parts

Convert = Callable[[CallContext, np.ndarray], np.ndarray]


def _dates(ctx: CallContext, days: np.ndarray) -> np.ndarray:
    """Midnights; dates beyond timestamp's range are above all but infinity."""
    wide = days.astype(np.int64)
    if wide.size and int(wide.min()) > julian.FIRST_DAY and int(wide.max()) < julian.TIMESTAMP_END // DAY:
        return (wide - POSTGRES_DAYS) * DAY
    beyond = (wide - POSTGRES_DAYS >= julian.TIMESTAMP_END // DAY) & (days != julian.DATE_MAX)
    micros = np.where(beyond, julian.TIMESTAMP_MAX - 1, (np.where(beyond, 0, np.clip(wide, julian.FIRST_DAY, julian.DATE_END)) - POSTGRES_DAYS) * DAY)
    infinite = np.where(days == julian.DATE_MIN, julian.TIMESTAMP_MIN, julian.TIMESTAMP_MAX)
    return np.where((days == julian.DATE_MIN) | (days == julian.DATE_MAX), infinite, micros)


def _local_dates(ctx: CallContext, days: np.ndarray) -> np.ndarray:
    return instant_of(_dates(ctx, days), ctx.style)


def _locals(ctx: CallContext, micros: np.ndarray) -> np.ndarray:
    return instant_of(micros, ctx.style)


def _same(ctx: CallContext, micros: np.ndarray) -> np.ndarray:
    return micros


# function name, argument types: how each side becomes comparable
_SIDES: dict[str, tuple[str, Convert, Convert]] = {
    "date_{0}_timestamp": ("date,timestamp", _dates, _same),
    "date_{0}_timestamptz": ("date,timestamptz", _local_dates, _same),
    "timestamp_{0}_date": ("timestamp,date", _same, _dates),
    "timestamptz_{0}_date": ("timestamptz,date", _same, _local_dates),
    "timestamp_{0}_timestamptz": ("timestamp,timestamptz", _locals, _same),
    "timestamptz_{0}_timestamp": ("timestamptz,timestamp", _same, _locals),
}


def _kernel(name: str, left: Convert, right: Convert) -> Kernel:
    compare: Callable[[np.ndarray, np.ndarray], np.ndarray] = getattr(operator, name)
    return Kernel(function=lambda ctx, a, b: compare(left(ctx, a), right(ctx, b)), face="numpy", context=True, raises=False)


def _timetz(name: str) -> Kernel:
    compare: Callable[[object, object], bool] = getattr(operator, name)
    return Kernel(function=lambda a, b: compare(timetz_parts(a), timetz_parts(b)), face="datum", raises=False)


for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    for _pattern, (_types, _left, _right) in _SIDES.items():
        SCALARS[oid_of(f"{_pattern.format(_name)}({_types})")] = _kernel(_name, _left, _right)
    SCALARS[oid_of(f"timetz_{_name}(timetz,timetz)")] = _timetz(_name)
