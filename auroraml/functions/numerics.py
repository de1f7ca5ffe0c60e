"""numeric arithmetic, exact: scaled int64 where it fits, decimal.Decimal objects elsewhere, PostgreSQL's result scales."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal, localcontext

import numpy as np

from auroraml.batch import ConstVector, FixedVector, NumericVector, Vector, numeric, stored, width
from auroraml.errors import DivisionByZero
from auroraml.functions.division import divide_decimals, exponent_of, quotients
from auroraml.functions.signature import scalar
from auroraml.types.numeric import CONTEXT, in_range, positive_zero, round_to

LIMIT = 2**63 - 1
INT8 = np.dtype(np.int64)
_UNTRAPPED = Context(prec=30, traps=[])


def _one(vector: Vector) -> NumericVector:
    found = (vector.one if isinstance(vector, ConstVector) else vector).flat()
    assert isinstance(found, NumericVector)
    return found


def reach(vector: FixedVector | NumericVector) -> tuple[int, int]:
    """Bounds of a vector's whole numbers, looked for once."""
    if vector.lo is None or vector.hi is None:
        values = stored(vector)
        vector.lo, vector.hi = (int(values.min()), int(values.max())) if vector.n else (0, 0)
    return vector.lo, vector.hi


def magnitude(vector: FixedVector | NumericVector) -> int:
    """No value of a vector of whole numbers is further from zero."""
    lo, hi = reach(vector)
    return max(abs(lo), abs(hi))


def _result(values: np.ndarray, scale: int | None, n: int, bounds: tuple[int | None, int | None] = (None, None)) -> Vector:
    vector = NumericVector(values, None, None, *bounds) if scale is None else numeric(values, scale, None, *bounds)
    return vector if vector.n == n else ConstVector(vector, n)


def _narrowed(vector: NumericVector, dtype: np.dtype) -> np.ndarray:
    """Values in as many bytes as the result of sums and products needs: what is cut off makes no difference to the bits that are left."""
    values = vector.values if dtype == INT8 else stored(vector)
    return values.astype(dtype, copy=False)


def _total(a: Vector, b: Vector, sign: int) -> Vector | None:
    """a + b or a - b at the larger scale, where int64 holds it for sure."""
    x, y = _one(a), _one(b)
    if x.scale is None or y.scale is None:
        return None
    scale = max(x.scale, y.scale)
    of_x, of_y = 10 ** (scale - x.scale), 10 ** (scale - y.scale)
    (low_x, high_x), (low_y, high_y) = (sorted(end * factor for end in reach(v)) for v, factor in ((x, of_x), (y, sign * of_y)))
    if max(-low_x, high_x, -low_y, high_y, of_x, of_y, -low_x - low_y, high_x + high_y) > LIMIT:
        return None
    bounds = low_x + low_y, high_x + high_y
    dtype = width(bounds[0], max(bounds[1], of_x, of_y), INT8)
    left, right = (_narrowed(v, dtype) if factor == 1 else _narrowed(v, dtype) * dtype.type(factor) for v, factor in ((x, of_x), (y, of_y)))
    return _result(left + right if sign > 0 else left - right, scale, max(a.n, b.n), bounds)


def by_value(a: Vector, b: Vector, compute: Callable[[Decimal, Decimal], Decimal]) -> Vector:
    """`compute` pair by pair: the widest tier, whose values each have a scale of their own."""
    n = max(a.n, b.n)
    left, right = np.broadcast_arrays(_one(a).as_objects().values, _one(b).as_objects().values)
    values = np.empty(len(left), object)
    values[:] = [in_range(compute(x, y)) for x, y in zip(left.tolist(), right.tolist(), strict=True)]
    return _result(values, None, n)


def _by_column(a: Vector, b: Vector, operation: Callable[..., np.ndarray], compute: Callable[[Decimal, Decimal], Decimal]) -> Vector:
    """`operation` of numpy over the Decimals of both, whose own addition and multiplication are exact; `compute` where some are not finite."""
    left, right = (_one(v).as_objects().values for v in (a, b))
    if not all(map(Decimal.is_finite, left.tolist())) or not all(map(Decimal.is_finite, right.tolist())):
        return by_value(a, b, compute)
    with localcontext(CONTEXT):
        values = operation(left, right) + Decimal(0)  # there is no negative zero
    if len(values):
        in_range(max(values.tolist(), key=Decimal.adjusted))
    return _result(values, None, max(a.n, b.n))


def context_of(a: Decimal, b: Decimal) -> Context:
    """Where an infinity or NaN takes part, invalid operations give NaN."""
    return CONTEXT if a.is_finite() and b.is_finite() else _UNTRAPPED


@scalar("numeric_add(numeric,numeric)", sure=lambda a, b: _total(a, b, 1))
def add(a: Vector, b: Vector) -> Vector:
    """a + b, at the larger scale."""
    return _total(a, b, 1) or _by_column(a, b, np.add, lambda p, q: context_of(p, q).add(p, q))


@scalar("numeric_sub(numeric,numeric)", sure=lambda a, b: _total(a, b, -1))
def subtract(a: Vector, b: Vector) -> Vector:
    """a - b, at the larger scale."""
    return _total(a, b, -1) or _by_column(a, b, np.subtract, lambda p, q: positive_zero(context_of(p, q).subtract(p, q)))


def _product(a: Vector, b: Vector) -> Vector | None:
    """a * b, where int64 holds it for sure."""
    x, y = _one(a), _one(b)
    if x.scale is None or y.scale is None or magnitude(x) * magnitude(y) > LIMIT:
        return None
    corners = [p * q for p in reach(x) for q in reach(y)]
    dtype = width(min(corners), max(corners), INT8)
    return _result(_narrowed(x, dtype) * _narrowed(y, dtype), x.scale + y.scale, max(a.n, b.n), (min(corners), max(corners)))


@scalar("numeric_mul(numeric,numeric)", sure=_product)
def multiply(a: Vector, b: Vector) -> Vector:
    """a * b, scales added."""
    return _product(a, b) or _by_column(a, b, np.multiply, lambda p, q: positive_zero(context_of(p, q).multiply(p, q)))


@scalar("numeric_div(numeric,numeric)")
def divide(a: Vector, b: Vector) -> Vector:
    """a / b; each quotient has the scale its own operands select: value by value where those differ."""
    x, y = _one(a), _one(b)
    if x.n != y.n:
        x, y = (v if v.n == max(x.n, y.n) else v.take(np.zeros(max(x.n, y.n), np.int64)) for v in (x, y))
    found = quotients(x, y)
    return by_value(a, b, divide_decimals) if found is None else _result(found.values, found.scale, max(a.n, b.n))


def _modulo(a: Decimal, b: Decimal) -> Decimal:
    if a.is_nan() or b.is_nan():
        return Decimal("NaN")
    if b == 0:
        raise DivisionByZero("division by zero")
    if a.is_infinite():
        return Decimal("NaN")
    if b.is_infinite():
        return a
    return round_to(CONTEXT.remainder(a, b), max(-exponent_of(a), -exponent_of(b)))


@scalar("numeric_mod(numeric,numeric)", "mod(numeric,numeric)")
def modulo(a: Vector, b: Vector) -> Vector:
    """a % b with a's sign."""
    return by_value(a, b, _modulo)


@scalar("numeric_uminus(numeric)", raises=False)
def negate(a: Vector) -> Vector:
    """-a."""
    x = _one(a)
    if x.scale is not None:
        return _result(-x.values, x.scale, a.n)
    values = np.empty(x.n, object)
    values[:] = [positive_zero(CONTEXT.minus(value)) if not value.is_nan() else value for value in x.values]  # the widest tier
    return _result(values, None, a.n)


@scalar("numeric_uplus(numeric)", raises=False)
def positive(a: Vector) -> Vector:
    """+a."""
    return a
