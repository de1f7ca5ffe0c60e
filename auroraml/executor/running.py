"""Aggregates over frames without adding each frame up anew: prefix sums, running extremes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from auroraml.batch import FixedVector, Index, NumericVector, Vector
from auroraml.evaluate.keys import rank
from auroraml.functions.division import divide_decimals
from auroraml.types.pg_type import PgType, Rep

Span = tuple[Index, Index]
_WHOLE = frozenset((Rep.INT2, Rep.INT4, Rep.INT8))


def _prefix(values: np.ndarray) -> np.ndarray:
    out = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=out[1:])
    return out


def _differences(prefix: np.ndarray, span: Span) -> np.ndarray:
    low, high = span
    return prefix[high] - prefix[low]  # type: ignore[no-any-return] # numpy gives Any


def counts(args: Sequence[Vector], span: Span, n: int) -> np.ndarray:
    """How many values that are not NULL each frame has."""
    valid = np.ones(n, np.int64) if not args or args[0].validity is None else args[0].valid.astype(np.int64)
    return _differences(_prefix(valid), span)


def _exact(vector: Vector) -> tuple[np.ndarray, int] | None:
    """Integers of one scale whose sums fit int64; zero at NULLs."""
    if isinstance(vector, NumericVector):
        if vector.scale is None:
            return None
        values, scale = vector.values, vector.scale
    elif isinstance(vector, FixedVector) and vector.values.dtype.kind == "i":
        values, scale = vector.values.astype(np.int64), 0
    else:
        return None
    values = values if vector.validity is None else np.where(vector.validity, values, 0)
    largest = max(abs(int(values.max(initial=0))), abs(int(values.min(initial=0))))
    return (values, scale) if largest * max(len(values), 1) < 2**62 else None


def _float_sums(vector: FixedVector, span: Span, begin: Index) -> np.ndarray | None:
    """Sums of floats where every frame begins with its partition: added in row order."""
    low, high = span
    if not np.array_equal(low, begin) or not np.isfinite(vector.values[vector.valid]).all():
        return None
    values = np.where(vector.valid, vector.values, 0)
    sums = np.zeros(len(values) + 1, values.dtype)
    for start in np.unique(begin).tolist():  # a partition, not a row
        rows = slice(start, int(high[begin == start].max()))
        sums[rows.start + 1 : rows.stop + 1] = np.cumsum(values[rows])
    return np.where(high > low, sums[high], 0)


def _extremes(vector: Vector, type: PgType, span: Span, begin: Index, largest: bool) -> Vector | None:
    """min and max where every frame begins with its partition."""
    low, high = span
    if not np.array_equal(low, begin):
        return None
    ranks = rank(vector, type)
    if ranks.dtype == object or ranks.dtype.kind == "f":
        return None
    whole = ranks.astype(np.int64)
    worst = np.iinfo(np.int64).min if largest else np.iinfo(np.int64).max
    whole = np.where(vector.valid, whole, worst)
    best = np.empty(len(whole), np.int64)
    for start in np.unique(begin).tolist():  # a partition, not a row
        stop = int(high[begin == start].max())
        part = whole[start:stop]
        reached = np.maximum.accumulate(part) if largest else np.minimum.accumulate(part)
        changed = part == reached  # of equal values the last is kept
        if type.name == "bpchar" and len(part):
            changed = np.append(True, reached[1:] != reached[:-1])  # but here the first
        best[start:stop] = start + np.maximum.accumulate(np.where(changed, np.arange(len(part)), 0))
    place = np.where(high > low, best[np.maximum(high - 1, 0)], -1)
    return vector.take(place, True)


def over_frames(name: str, args: Sequence[Vector], types: Sequence[PgType], span: Span, begin: Index) -> Vector | None:
    """The aggregate's value for each frame; None where it must be computed frame by frame."""
    n = len(begin)
    if name == "count":
        return FixedVector(counts(args, span, n))
    if len(args) != 1:
        return None
    vector = args[0].flat()
    known = counts(args, span, n)
    valid = known > 0
    validity = None if valid.all() else valid
    if name in ("min", "max"):
        return _extremes(vector, types[0], span, begin, name == "max")
    if name not in ("sum", "avg"):
        return None
    if isinstance(vector, FixedVector) and vector.values.dtype.kind == "f":
        sums = _float_sums(vector, span, begin)
        if sums is None or (name == "avg" and vector.values.dtype != np.float64):
            return None
        return FixedVector(sums if name == "sum" else sums / np.maximum(known, 1), validity)
    exact = _exact(vector)
    if exact is None:
        return None
    totals, scale = _differences(_prefix(exact[0]), span), exact[1]
    if name == "sum":
        whole = types[0].rep in (Rep.INT2, Rep.INT4)
        return FixedVector(totals, validity) if whole else NumericVector(totals, scale, validity)
    return _averages(totals, scale, known, validity)


def _averages(totals: np.ndarray, scale: int, known: np.ndarray, validity: np.ndarray | None) -> Vector:
    quotients: dict[tuple[int, int], Decimal] = {}
    out = np.empty(len(totals), object)
    for row, pair in enumerate(zip(totals.tolist(), known.tolist(), strict=True)):  # each quotient has a scale of its own
        found = quotients.get(pair)
        if found is None:
            total, n = pair
            found = quotients[pair] = divide_decimals(Decimal(total).scaleb(-scale), Decimal(n)) if n else Decimal(0)
        out[row] = found
    return NumericVector(out, None, validity)
