"""numeric: rounding, signs and scales, in scaled integers where the values are."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal

import numpy as np

from auroraml.batch import ConstVector, FixedVector, NumericVector, Vector, limbs, limbs_of, of_limbs, shown
from auroraml.batch.limbs import Limbs
from auroraml.batch.wide import SCALES
from auroraml.functions.signature import scalar
from auroraml.types.numeric import CONTEXT, positive_zero, rescale

Whole = Callable[[np.ndarray, int], np.ndarray]


def one_of(vector: Vector) -> NumericVector:
    """The numeric vector behind a constant or a column."""
    found = (vector.one if isinstance(vector, ConstVector) else vector).flat()
    assert isinstance(found, NumericVector)
    return found


def rounded(value: Decimal, places: int, how: str) -> Decimal:
    """A value at `places` decimals; negative ones round to tens, hundreds, ... and show none."""
    if not value.is_finite():
        return value
    if places > 16_383:
        places = 16_383
    if places < 0 and -places > value.adjusted() + 2 and how in (ROUND_HALF_UP, ROUND_DOWN):
        return Decimal(0)
    found = value.quantize(Decimal((0, (1,), -places)), how, CONTEXT)
    return positive_zero(found if places >= 0 else found.quantize(Decimal(1), how, CONTEXT))


def _objects(vector: NumericVector, compute: Callable[[Decimal], Decimal]) -> NumericVector:
    values = np.empty(vector.n, object)
    values[:] = [compute(value) for value in vector.as_objects().values]  # the widest tier is Python objects
    return NumericVector(values, None)


def _to_places(vector: Vector, places: int, how: str) -> Vector:
    one = one_of(vector)
    if one.scale is not None and 0 <= places <= 18 and how == ROUND_HALF_UP and (plain := rescale(one.values, one.scale, places)) is not None:
        return NumericVector(plain, places)
    found = limbs_of(one)
    made = None if found is None or places > SCALES else _limbs_to_places(*found, places, how)
    return _objects(one, lambda value: rounded(value, places, how)) if made is None else of_limbs(made, max(places, 0), max(places, 0))


def _limbs_to_places(whole: Limbs, scale: int, places: int, how: str) -> Limbs | None:
    """Whole numbers of a scale at another, negative ones filled up with zeros."""
    if places >= scale:
        return limbs.shifted(whole, places - scale)
    digits = scale - places
    if how == ROUND_FLOOR:
        found = limbs.rounded(whole, digits, False)
    elif how == ROUND_CEILING:
        found = limbs.negated(limbs.rounded(limbs.negated(whole), digits, False))
    else:
        magnitudes, negative = limbs.magnitudes(whole)
        found = limbs.signed(limbs.rounded(magnitudes, digits, how == ROUND_HALF_UP), negative)
    return limbs.shifted(found, max(-places, 0))


def _by_places(vector: Vector, places: Vector, how: str) -> Vector:
    if isinstance(places, ConstVector):
        return _to_places(vector, int(str(places.datum(0))), how)
    values = one_of(vector).as_objects().values
    if len(values) != places.n:
        values = np.broadcast_to(values, (places.n,))
    out = np.empty(places.n, object)
    out[:] = [rounded(value, int(str(p)), how) for value, p in zip(values, places.datums(), strict=True)]  # places a row
    return NumericVector(out, None)


@scalar("round(numeric)", raises=False)
def round_whole(a: Vector) -> Vector:
    """To a whole number, half away from zero."""
    return _to_places(a, 0, ROUND_HALF_UP)


@scalar("round(numeric,int4)", raises=False)
def round_places(a: Vector, places: Vector) -> Vector:
    """To `places` decimals, half away from zero."""
    return _by_places(a, places, ROUND_HALF_UP)


@scalar("trunc(numeric)", raises=False)
def truncate_whole(a: Vector) -> Vector:
    """To a whole number, towards zero."""
    return _to_places(a, 0, ROUND_DOWN)


@scalar("trunc(numeric,int4)", raises=False)
def truncate_places(a: Vector, places: Vector) -> Vector:
    """To `places` decimals, towards zero."""
    return _by_places(a, places, ROUND_DOWN)


@scalar("ceil(numeric)", "ceiling(numeric)", raises=False)
def ceiling(a: Vector) -> Vector:
    """The least whole number not below."""
    return _to_places(a, 0, ROUND_CEILING)


@scalar("floor(numeric)", raises=False)
def floor(a: Vector) -> Vector:
    """The largest whole number not above."""
    return _to_places(a, 0, ROUND_FLOOR)


@scalar("abs(numeric)", "numeric_abs(numeric)", raises=False)
def absolute(a: Vector) -> Vector:
    """|a|."""
    one = one_of(a)
    if (one.scale is None or int(one.values.min(initial=0)) == -(2**63)) and (found := limbs_of(one)) is not None:
        return of_limbs(limbs.magnitudes(found[0])[0], found[1], shown(one))
    return NumericVector(np.abs(one.values), one.scale) if one.scale is not None else _objects(one, lambda value: value.copy_abs())


@scalar("sign(numeric)", raises=False)
def sign(a: Vector) -> Vector:
    """-1, 0 or 1."""
    one = one_of(a)
    if one.scale is not None:
        return NumericVector(np.sign(one.values), 0)
    if (found := limbs_of(one)) is not None:
        return NumericVector(limbs.compared(found[0], (np.zeros(1, np.int64),)).astype(np.int64), 0)
    return _objects(one, lambda value: value if value.is_nan() else Decimal((value > 0) - (value < 0)))


def scale_of(value: Decimal) -> int | None:
    """The display scale; None for NaN and infinities."""
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else None


def trimmed(value: Decimal) -> Decimal:
    """The value without zeros at its end."""
    if not value.is_finite():
        return value
    short = value.normalize(CONTEXT)
    exponent = short.as_tuple().exponent
    return short.quantize(Decimal(1), context=CONTEXT) if isinstance(exponent, int) and exponent > 0 else short


def _needed(vector: NumericVector) -> tuple[np.ndarray, int, np.ndarray] | None:
    """Whole numbers at a scale, and how many decimals each needs; None where int64 does not hold them."""
    found = limbs_of(vector)
    whole = None if found is None else limbs.whole_of(found[0])
    if found is None or whole is None or not vector.n:
        return None
    zeros = np.zeros(len(whole), np.int64)
    left, some = whole, np.arange(len(whole))
    for _ in range(found[1]):  # over decimals
        ends = left % 10 == 0
        some, left = some[ends], left[ends] // 10
        if not len(some):
            break
        zeros[some] += 1
    return whole, found[1], found[1] - zeros


def _trimmed_columns(vector: Vector) -> Vector | None:
    found = _needed(one_of(vector))
    return None if found is None else of_limbs(limbs.of_whole(found[0]), found[1], found[2].astype(np.int16))


def _least_scales(vector: Vector) -> Vector | None:
    found = _needed(one_of(vector))
    return None if found is None else FixedVector(found[2].astype(np.int32))


def _scales(vector: Vector) -> Vector | None:
    one = one_of(vector)
    return None if limbs_of(one) is None else FixedVector(np.broadcast_to(np.asarray(shown(one), np.int32), (one.n,)))


@scalar("scale(numeric)", face="datum", raises=False, columns=_scales)
def scale(value: Decimal) -> int | None:
    """Decimals shown."""
    return scale_of(value)


@scalar("min_scale(numeric)", face="datum", raises=False, columns=_least_scales)
def min_scale(value: Decimal) -> int | None:
    """Decimals needed."""
    return scale_of(trimmed(value))


@scalar("trim_scale(numeric)", face="datum", raises=False, columns=_trimmed_columns)
def trim_scale(value: Decimal) -> Decimal:
    """Without zeros at the end."""
    return trimmed(value)
