"""numeric: rounding, signs and scales, in scaled integers where the values are."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal

import numpy as np

from auroraml.batch import ConstVector, NumericVector, Vector
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


def _cut(values: np.ndarray, factor: int) -> np.ndarray:
    return np.sign(values) * (np.abs(values) // factor)  # type: ignore[no-any-return] # numpy gives Any


def _to_places(vector: Vector, places: int, how: str) -> Vector:
    one = one_of(vector)
    scale = one.scale
    if scale is None or not 0 <= places <= 18 or scale - places > 18:
        return _objects(one, lambda value: rounded(value, places, how))
    if places >= scale or how == ROUND_HALF_UP:
        scaled = rescale(one.values, scale, places)
        if scaled is None:
            return _objects(one, lambda value: rounded(value, places, how))
        return NumericVector(scaled, places)
    factor = 10 ** (scale - places)
    if how == ROUND_DOWN:
        return NumericVector(_cut(one.values, factor), places)
    return NumericVector(one.values // factor if how == ROUND_FLOOR else -(-one.values // factor), places)


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
    return NumericVector(np.abs(one.values), one.scale) if one.scale is not None else _objects(one, lambda value: value.copy_abs())


@scalar("sign(numeric)", raises=False)
def sign(a: Vector) -> Vector:
    """-1, 0 or 1."""
    one = one_of(a)
    if one.scale is not None:
        return NumericVector(np.sign(one.values), 0)
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


@scalar("scale(numeric)", face="datum", raises=False)
def scale(value: Decimal) -> int | None:
    """Decimals shown."""
    return scale_of(value)


@scalar("min_scale(numeric)", face="datum", raises=False)
def min_scale(value: Decimal) -> int | None:
    """Decimals needed."""
    return scale_of(trimmed(value))


@scalar("trim_scale(numeric)", face="datum", raises=False)
def trim_scale(value: Decimal) -> Decimal:
    """Without zeros at the end."""
    return trimmed(value)
