"""A column of ranges as ANALYZE measures it: histograms of bounds and of lengths, the fraction of empty ones (rangetypes_typanalyze.c)."""

from __future__ import annotations

import numpy as np

from auroraml.batch import EMPTY_RANGE, LOWER_INF, UPPER_INF, Index, RangeVector
from auroraml.catalog.statistics import ColumnStatistics
from auroraml.types.bounds import Bounds, bounds_of, places, values_of
from auroraml.types.pg_type import PgType, Range
from auroraml.types.ranges import differences
from auroraml.types.table import BY_OID


def range_statistics(vector: RangeVector, type: PgType, width: int, target: int) -> ColumnStatistics:
    """The statistics of a sample; the values are taken for distinct, and no common ones are looked for."""
    known = np.flatnonzero(vector.valid)
    if not len(known):
        return ColumnStatistics(null_fraction=1.0 if vector.n else 0.0)
    nulls = float(np.float32((vector.n - len(known)) / vector.n))
    filled = vector.take(known[(vector.flags[known] & EMPTY_RANGE) == 0]).with_validity(None)
    bounds: tuple[Range, ...] = ()
    lengths: tuple[float, ...] = ()
    if filled.n >= 2:
        steps = _steps(filled.n, target)
        lower, upper = values_of([filled.lower, filled.upper])
        lows = _sorted(bounds_of(filled.flags, lower, True))[steps].tolist()
        highs = _sorted(bounds_of(filled.flags, upper, False))[steps].tolist()
        bounds = tuple(_between(filled.datum(low), filled.datum(high)) for low, high in zip(lows, highs, strict=True))
        infinite = (filled.flags & (LOWER_INF | UPPER_INF)) != 0
        long = np.where(infinite, np.inf, differences(BY_OID[type.subtype], filled.upper, filled.lower))
        lengths = tuple(np.sort(long)[steps].tolist())
    return ColumnStatistics(
        null_fraction=nulls, width=width, distinct=float(np.float32(-1.0 * (1.0 - nulls))), range_bounds=bounds, range_lengths=lengths,
        empty_fraction=float(np.float32((len(known) - filled.n) / len(known))),
    )  # fmt: skip


def _steps(count: int, bins: int) -> Index:
    """The places of a histogram's bounds among so many sorted values: whole steps, and a further one as the remainders add up."""
    bounds = bins + 1 if count > bins else count
    step, rest = divmod(count - 1, bounds - 1)
    numbers = np.arange(bounds, dtype=np.int64)
    return numbers * step + numbers * rest // (bounds - 1)


def _sorted(bounds: Bounds) -> Index:
    """The rows in the order of their bounds."""
    return np.lexsort([bounds.shift, np.where(bounds.side == 0, places(bounds.value), 0), bounds.side])


def _between(low: object, high: object) -> Range:
    assert isinstance(low, Range) and isinstance(high, Range)
    return Range(low.lower, high.upper, low.lower_inc, high.upper_inc)
