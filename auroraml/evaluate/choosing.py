"""One vector of rows that come from several: what CASE, COALESCE and GREATEST make."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from auroraml.batch import (
    ConstVector,
    DictVector,
    FixedVector,
    Index,
    ManyScales,
    Mask,
    NumericVector,
    TextVector,
    Vector,
    aligned_limbs,
    alike,
    at_one_scale,
    concat,
    limbs,
    of_limbs,
    scales_of,
    shown,
)
from auroraml.evaluate.call import null
from auroraml.types.pg_type import PgType

Parts = Sequence[tuple[Index, Vector]]  # row numbers, and the values of those rows


def choose(n: int, parts: Parts, type: PgType) -> Vector:
    """A vector of `n` rows; rows of no part are NULL."""
    parts = [(index, vector) for index, vector in parts if len(index)]
    if not parts:
        return ConstVector(null(type), n)
    if len(parts) == 1 and len(parts[0][0]) == n:
        return parts[0][1]
    ones = [vector.one if isinstance(vector, ConstVector) else vector.flat() for _, vector in parts]  # a value for all rows, or one each
    if all(isinstance(one, FixedVector) for one in ones):
        return _fixed(n, parts, [one for one in ones if isinstance(one, FixedVector)])
    if all(isinstance(one, NumericVector) for one in ones):
        found = _numeric(n, parts, [one for one in ones if isinstance(one, NumericVector)])
        if found is not None:
            return found
    if all(isinstance(one, TextVector) and isinstance(vector, ConstVector) for one, (_, vector) in zip(ones, parts, strict=True)):
        return _texts(n, parts, [one for one in ones if isinstance(one, TextVector)])
    return _joined(n, parts)


def _joined(n: int, parts: Parts) -> Vector:
    """All the parts' values one after another, and each row's place among them."""
    places = np.full(n, -1, np.int64)
    start = 0
    for index, vector in parts:
        places[index] = np.arange(start, start + vector.n)
        start += vector.n
    joined = concat([vector.flat() for _, vector in parts])
    return joined.take(places, True) if (places < 0).any() else joined.take(places)


def _validity(n: int, parts: Parts, ones: Sequence[Vector]) -> Mask | None:
    if sum(len(index) for index, _ in parts) == n and all(one.validity is None for one in ones):
        return None
    valid = np.zeros(n, np.bool_)
    for (index, _), one in zip(parts, ones, strict=True):
        valid[index] = True if one.validity is None else one.validity
    return None if valid.all() else valid


def _bounds(ones: Sequence[Vector], validity: Mask | None) -> tuple[int | None, int | None]:
    """Bounds of all, and of the zeros that stand for NULL."""
    los, his = [one.lo for one in ones if one.lo is not None], [one.hi for one in ones if one.hi is not None]
    if len(los) < len(ones) or len(his) < len(ones):
        return None, None
    zero = [] if validity is None else [0]
    return min(los + zero), max(his + zero)


def _fixed(n: int, parts: Parts, ones: Sequence[FixedVector]) -> FixedVector:
    values = np.zeros(n, ones[0].values.dtype)
    for (index, _), one in zip(parts, ones, strict=True):
        values[index] = one.values
    validity = _validity(n, parts, ones)
    return FixedVector(values, validity, *_bounds(ones, validity))


def _numeric(n: int, parts: Parts, ones: Sequence[NumericVector]) -> NumericVector | None:
    """Whole numbers, of one scale or many; None where int64 does not hold them."""
    ones = alike(ones)
    found = at_one_scale(ones)
    if found is None:
        return _wide(n, parts, ones)
    most, wholes = found
    values = np.zeros(n, np.int64)
    for (index, _), whole in zip(parts, wholes, strict=True):
        values[index] = whole
    validity = _validity(n, parts, ones)
    if all(one.scale == most for one in ones):
        return NumericVector(values, most, validity, *_bounds(ones, validity))
    scales = np.full(n, most, np.int16)
    for (index, _), one in zip(parts, ones, strict=True):
        scales[index] = scales_of(one)
    return ManyScales(values, most, scales, validity)


def _wide(n: int, parts: Parts, ones: Sequence[NumericVector]) -> NumericVector | None:
    """The same in limbs; None where some are not exact, or too large."""
    found = aligned_limbs(ones)
    if found is None:
        return None
    most, numbers = found
    numbers = limbs.same_count(numbers)
    made = tuple(np.zeros(n, np.int64) for _ in numbers[0])
    scales = np.full(n, most, np.int16)
    for (index, _), one, number in zip(parts, ones, numbers, strict=True):
        scales[index] = shown(one)
        for limb, values in zip(made, number, strict=True):
            limb[index] = values
    return of_limbs(limbs.carried(made), most, scales, _validity(n, parts, ones))


def _texts(n: int, parts: Parts, ones: Sequence[TextVector]) -> DictVector:
    """A few texts: a dictionary of them."""
    places: dict[object, int] = {}
    codes = np.zeros(n, np.int32)
    for (index, _), one in zip(parts, ones, strict=True):
        codes[index] = places.setdefault(one.values[0].as_py(), len(places))
    return DictVector(codes, TextVector(pa.array(list(places), ones[0].values.type)), _validity(n, parts, ones))
