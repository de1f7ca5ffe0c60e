"""numeric arithmetic, exact: scaled int64 where it fits, decimal.Decimal objects elsewhere, PostgreSQL's result scales."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal

import numpy as np

from auroraml.batch import ConstVector, NumericVector, Vector
from auroraml.errors import DivisionByZero
from auroraml.functions.comparison import aligned
from auroraml.functions.signature import scalar
from auroraml.types.numeric import CONTEXT, in_range, positive_zero, round_to

LIMIT = 2**63 - 1
_UNTRAPPED = Context(prec=30, traps=[])


def _one(vector: Vector) -> NumericVector:
    found = (vector.one if isinstance(vector, ConstVector) else vector).flat()
    assert isinstance(found, NumericVector)
    return found


def bound(values: np.ndarray) -> int:
    """The largest magnitude in an int64 array."""
    return max(abs(int(values.max())), abs(int(values.min()))) if len(values) else 0


def _result(values: np.ndarray, scale: int | None, n: int) -> Vector:
    vector = NumericVector(values, scale)
    return vector if vector.n == n else ConstVector(vector, n)


def by_value(a: Vector, b: Vector, compute: Callable[[Decimal, Decimal], Decimal]) -> Vector:
    """`compute` pair by pair: the widest tier, whose values each have a scale of their own."""
    n = max(a.n, b.n)
    left, right = np.broadcast_arrays(_one(a).as_objects().values, _one(b).as_objects().values)
    values = np.empty(len(left), object)
    values[:] = [in_range(compute(x, y)) for x, y in zip(left.tolist(), right.tolist(), strict=True)]
    return _result(values, None, n)


def context_of(a: Decimal, b: Decimal) -> Context:
    """Where an infinity or NaN takes part, invalid operations give NaN."""
    return CONTEXT if a.is_finite() and b.is_finite() else _UNTRAPPED


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


@scalar("numeric_add(numeric,numeric)")
def add(a: Vector, b: Vector) -> Vector:
    """a + b, at the larger scale."""
    x, y, scale = aligned(a, b)
    if scale is not None and bound(x) + bound(y) <= LIMIT:
        return _result(x + y, scale, max(a.n, b.n))
    return by_value(a, b, lambda p, q: context_of(p, q).add(p, q))


@scalar("numeric_sub(numeric,numeric)")
def subtract(a: Vector, b: Vector) -> Vector:
    """a - b, at the larger scale."""
    x, y, scale = aligned(a, b)
    if scale is not None and bound(x) + bound(y) <= LIMIT:
        return _result(x - y, scale, max(a.n, b.n))
    return by_value(a, b, lambda p, q: positive_zero(context_of(p, q).subtract(p, q)))


@scalar("numeric_mul(numeric,numeric)")
def multiply(a: Vector, b: Vector) -> Vector:
    """a * b, scales added."""
    x, y = _one(a), _one(b)
    if x.scale is not None and y.scale is not None and bound(x.values) * bound(y.values) <= LIMIT:
        return _result(x.values * y.values, x.scale + y.scale, max(a.n, b.n))
    return by_value(a, b, lambda p, q: positive_zero(context_of(p, q).multiply(p, q)))


def _weight(value: Decimal) -> tuple[int, int]:
    """The weight and value of the first base-10000 digit."""
    if value == 0:
        return 0, 0
    exponent = value.adjusted()
    weight = exponent // 4
    lead = abs(value).scaleb(-4 * weight, CONTEXT)
    return weight, int(lead)


def division_scale(a: Decimal, b: Decimal) -> int:
    """The result scale PostgreSQL selects: at least 16 significant digits (numeric.c: select_div_scale)."""
    weight_a, first_a = _weight(a)
    weight_b, first_b = _weight(b)
    quotient = weight_a - weight_b - (1 if first_a <= first_b else 0)
    return min(max(16 - quotient * 4, -_exponent(a), -_exponent(b), 0), 1000)


def divide_decimals(a: Decimal, b: Decimal) -> Decimal:
    """a / b for two values."""
    if a.is_nan() or b.is_nan():
        return Decimal("NaN")
    if b == 0:
        raise DivisionByZero("division by zero")
    if a.is_infinite():
        return Decimal("NaN") if b.is_infinite() else a.copy_sign(Decimal(1) if (a > 0) == (b > 0) else Decimal(-1))
    if b.is_infinite():
        return Decimal(0)
    return round_quotient(a, b, division_scale(a, b))


def round_quotient(a: Decimal, b: Decimal, scale: int) -> Decimal:
    """a / b rounded half away from zero at `scale`, from the exact fraction."""
    numerator_tuple, denominator_tuple = a.as_tuple(), b.as_tuple()
    assert isinstance(numerator_tuple.exponent, int)
    assert isinstance(denominator_tuple.exponent, int)
    numerator = int("".join(map(str, numerator_tuple.digits)))
    denominator = int("".join(map(str, denominator_tuple.digits)))
    shift = scale + numerator_tuple.exponent - denominator_tuple.exponent
    numerator, denominator = (numerator * 10**shift, denominator) if shift >= 0 else (numerator, denominator * 10**-shift)
    quotient = (2 * numerator + denominator) // (2 * denominator)
    negative = numerator_tuple.sign != denominator_tuple.sign and quotient
    return Decimal((1 if negative else 0, tuple(map(int, str(quotient))), -scale))


@scalar("numeric_div(numeric,numeric)")
def divide(a: Vector, b: Vector) -> Vector:
    """a / b; each quotient has the scale its own operands select, so value by value."""
    return by_value(a, b, divide_decimals)


def _modulo(a: Decimal, b: Decimal) -> Decimal:
    if a.is_nan() or b.is_nan():
        return Decimal("NaN")
    if b == 0:
        raise DivisionByZero("division by zero")
    if a.is_infinite():
        return Decimal("NaN")
    if b.is_infinite():
        return a
    return round_to(CONTEXT.remainder(a, b), max(-_exponent(a), -_exponent(b)))


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
