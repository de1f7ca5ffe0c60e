"""numeric: powers, roots, logarithms, exponentials, divisors and buckets, at the scales PostgreSQL selects."""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache

import numpy as np

from auroraml.batch import ConstVector, FixedVector, ManyScales, NumericVector, Vector
from auroraml.errors import (
    DivisionByZero,
    InvalidArgumentForLogarithm,
    InvalidArgumentForPowerFunction,
    InvalidArgumentForWidthBucketFunction,
    NumericValueOutOfRange,
)
from auroraml.functions.division import SIGNIFICANT, division_scale, round_quotient, whole_quotients
from auroraml.functions.extended import exponentials, logarithms, powers
from auroraml.functions.maths import bucket_error
from auroraml.functions.roots import square_roots, whole_powers
from auroraml.functions.rounding import one_of, scale_of
from auroraml.functions.signature import scalar
from auroraml.types.numeric import CONTEXT, in_range, positive_zero

LOG10_E = 0.434294481903252
_MAX_SCALE = 1000
SCALED = 18  # digits behind the point of numbers that int64 may hold
MOST_BUCKETS, WIDEST = 10_000, 10**11  # among which PostgreSQL's quotients, of at least 12 decimals, are never rounded up to a whole number
_NAN, _INFINITY, _TEN = Decimal("NaN"), Decimal("Infinity"), Decimal(10)


def _scale(value: Decimal) -> int:
    return scale_of(value) or 0


@lru_cache(maxsize=256)
def _context(digits: int) -> decimal.Context:
    return decimal.Context(prec=max(digits, 30), rounding=decimal.ROUND_HALF_UP, Emin=-400_000, Emax=400_000)


def _at(value: Decimal, scale: int) -> Decimal:
    return positive_zero(value.quantize(Decimal((0, (1,), -scale)), decimal.ROUND_HALF_UP, CONTEXT))


def _clamped(scale: int, *scales: int) -> int:
    return min(max(scale, *scales, 0), _MAX_SCALE)


def _base_digits(value: Decimal) -> tuple[list[int], int]:
    """Digits in base 10000, without zeros at either end, and the weight of the first."""
    if value == 0:
        return [], 0
    weight = value.adjusted() // 4
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits))
    before = value.adjusted() - 4 * weight + 1  # decimal digits in the first group
    text = "0" * (4 - before) + text.lstrip("0")
    text += "0" * (-len(text) % 4)
    groups = [int(text[i : i + 4]) for i in range(0, len(text), 4)]
    while groups and groups[-1] == 0:
        groups.pop()
    return groups, weight


def _ln_weight(value: Decimal) -> int:
    """The decimal weight of ln(value), estimated (estimate_ln_dweight)."""
    if value <= 0:
        return 0
    if Decimal("0.9") <= value <= Decimal("1.1"):
        groups, weight = _base_digits(abs(value - 1))
        return weight * 4 + int(math.log10(groups[0])) if groups else 0
    groups, weight = _base_digits(value)
    digits, decimals = groups[0], weight * 4
    if len(groups) > 1:
        digits, decimals = digits * 10_000 + groups[1], decimals - 4
    estimate = math.log(digits) + decimals * 2.302585092994046
    return int(math.log10(abs(estimate)))


def _roots(a: Vector) -> Vector | None:
    return square_roots(one_of(a))


@scalar("sqrt(numeric)", "numeric_sqrt(numeric)", face="datum", columns=_roots)
def square_root(value: Decimal) -> Decimal:
    """The square root."""
    if value.is_nan():
        return value
    if value < 0:
        raise InvalidArgumentForPowerFunction("cannot take square root of a negative number")
    if value.is_infinite():
        return value
    weight = value.adjusted() // 4 if value else 0
    scale = _clamped(16 - (weight * 2 + 1), _scale(value))
    return _at(_context(scale + abs(value.adjusted()) + 20).sqrt(value), scale)


def _exponentials(a: Vector) -> Vector | None:
    return exponentials(one_of(a), exponential)


def _exponential(value: Decimal, scale: int) -> Decimal:
    size = abs(int(float(value) * LOG10_E)) if value.adjusted() < 6 else 10_000
    return _at(_context(scale + size + 20).exp(value), scale)


@scalar("exp(numeric)", "numeric_exp(numeric)", face="datum", columns=_exponentials)
def exponential(value: Decimal) -> Decimal:
    """e to the power of a value."""
    if value.is_nan():
        return value
    if value.is_infinite():
        return value if value > 0 else Decimal(0)
    estimate = max(min(float(value) * LOG10_E, 2000.0), -2000.0)
    scale = _clamped(16 - int(estimate), _scale(value))
    if abs(float(value)) >= 6000:
        if value > 0:
            raise NumericValueOutOfRange("value overflows numeric format")
        return Decimal((0, (0,), -scale))
    return in_range(_exponential(value, scale))


def _check_logarithm(value: Decimal) -> None:
    if value == 0:
        raise InvalidArgumentForLogarithm("cannot take logarithm of zero")
    if value < 0:
        raise InvalidArgumentForLogarithm("cannot take logarithm of a negative number")


@lru_cache(maxsize=64)
def _ln(value: Decimal, digits: int) -> Decimal:
    return _context(digits).ln(value)


def _sure(compute: Callable[[int], Decimal], scale: int) -> Decimal:
    """A value rounded at a scale: computed to a few digits more than it has, or to many where these do not say how it is rounded."""
    for digits in (scale + 12, scale + 45):
        found = compute(digits)
        off = found.copy_abs().scaleb(5 - digits, CONTEXT)
        low, high = _at(CONTEXT.subtract(found, off), scale), _at(CONTEXT.add(found, off), scale)
        if low == high:
            break
    return _at(found, scale)


def _natural(a: Vector) -> Vector | None:
    return logarithms(one_of(a), None, 0, 0, natural_logarithm)


@scalar("ln(numeric)", "numeric_ln(numeric)", face="datum", columns=_natural)
def natural_logarithm(value: Decimal) -> Decimal:
    """The logarithm to e."""
    if value.is_nan():
        return value
    _check_logarithm(value)
    if value.is_infinite():
        return value
    scale = _clamped(16 - _ln_weight(value), _scale(value))
    return _sure(lambda digits: _context(digits).ln(value), scale)


def _based(base: Vector, value: Vector) -> Vector | None:
    by = base.one.datum(0) if isinstance(base, ConstVector) else None
    if not isinstance(by, Decimal) or not by.is_finite() or by <= 0 or isinstance(value, ConstVector):
        return None
    return logarithms(one_of(value), by, _ln_weight(by), _scale(by), lambda one: logarithm(by, one))


def _common(value: Vector) -> Vector | None:
    return logarithms(one_of(value), _TEN, 0, 0, common_logarithm)


@scalar("log(numeric,numeric)", "numeric_log(numeric,numeric)", face="datum", columns=_based)
def logarithm(base: Decimal, value: Decimal) -> Decimal:
    """The logarithm to a base."""
    if base.is_nan() or value.is_nan():
        return _NAN
    _check_logarithm(base)
    _check_logarithm(value)
    if base.is_infinite() or value.is_infinite():
        return _NAN if base.is_infinite() and value.is_infinite() else Decimal(0) if base.is_infinite() else _INFINITY
    scale = _clamped(16 - (_ln_weight(value) - _ln_weight(base)), _scale(base), _scale(value))
    if base == 1:
        raise DivisionByZero("division by zero")
    return _sure(lambda digits: _context(digits).divide(_context(digits + 2).ln(value), _ln(base, digits + 2)), scale)


@scalar("log(numeric)", "log10(numeric)", face="datum", columns=_common)
def common_logarithm(value: Decimal) -> Decimal:
    """The logarithm to 10."""
    return logarithm(_TEN, value)


def _infinite_power(base: Decimal, exponent: Decimal) -> Decimal:
    if base == 1 or exponent == 0:
        return Decimal(1)
    if exponent.is_infinite():
        if base == 0 and exponent < 0:
            raise InvalidArgumentForPowerFunction("zero raised to a negative power is undefined")
        if abs(base) == 1:
            return Decimal(1)
        return _INFINITY if (abs(base) > 1) == (exponent > 0) else Decimal(0)
    if exponent < 0:
        return Decimal(0)
    odd = exponent == exponent.to_integral_value() and int(exponent) % 2 == 1
    return -_INFINITY if base < 0 and odd else _INFINITY


def _multiplied_out(base: Vector, exponent: Vector) -> Vector | None:
    if not isinstance(exponent, ConstVector) or isinstance(base, ConstVector):
        return None
    value = exponent.datum(0)
    if not isinstance(value, Decimal) or not value.is_finite():
        return None
    if value != value.to_integral_value(context=CONTEXT):
        return powers(one_of(base), value, _scale(value), lambda one: power(one, value))
    if abs(value) > SIGNIFICANT:
        return None
    return whole_powers(one_of(base), int(value))


@scalar("power(numeric,numeric)", "pow(numeric,numeric)", "numeric_power(numeric,numeric)", face="datum", columns=_multiplied_out)
def power(base: Decimal, exponent: Decimal) -> Decimal:
    """A value to the power of another."""
    if base.is_nan():
        return Decimal(1) if exponent == 0 and not exponent.is_nan() else base
    if exponent.is_nan():
        return Decimal(1) if base == 1 else exponent
    whole = exponent.is_infinite() or exponent == exponent.to_integral_value(context=CONTEXT)
    if base == 0 and exponent < 0:
        raise InvalidArgumentForPowerFunction("zero raised to a negative power is undefined")
    if base < 0 and not whole:
        raise InvalidArgumentForPowerFunction("a negative number raised to a non-integer power yields a complex result")
    if base.is_infinite() or exponent.is_infinite():
        return _infinite_power(base, exponent)
    if whole and -(2**31) <= int(exponent) < 2**31:
        return _whole_power(base, int(exponent))
    if base == 0:
        return Decimal((0, (0,), -16))
    negative = base < 0 and int(exponent) % 2 == 1
    size = abs(base)
    estimate = float(CONTEXT.multiply(_context(60).ln(size), exponent))
    if abs(estimate) > 2000 * 3.01:
        if estimate > 0:
            raise NumericValueOutOfRange("value overflows numeric format")
        return Decimal((0, (0,), -_MAX_SCALE))
    estimate *= LOG10_E
    scale = _clamped(16 - int(estimate), _scale(base), _scale(exponent))
    more = abs(int(estimate)) + 8  # digits before the point, or of the exponential's argument

    def compute(digits: int) -> Decimal:
        context = _context(digits + more)
        return context.exp(context.multiply(context.ln(size), exponent))

    found = _sure(compute, scale)
    return in_range(-found if negative else found)


def _whole_power(base: Decimal, exponent: int) -> Decimal:
    """power_var_int: at least 16 decimals, whatever the size of the result."""
    scale = _clamped(16, _scale(base))
    if exponent == 0 or not base:
        return _at(Decimal(1 if exponent == 0 else 0), scale)
    estimate = exponent * float(_context(30).log10(abs(base)))
    if estimate > 131_072:
        raise NumericValueOutOfRange("value overflows numeric format")
    if estimate + 1 < -scale:
        return Decimal((0, (0,), -scale))
    context = _context(scale + abs(int(estimate)) + 40)
    return in_range(_at(context.power(base, exponent), scale))


def _whole_quotients(a: Vector, b: Vector) -> Vector | None:
    return whole_quotients(one_of(a), one_of(b))


@scalar("div(numeric,numeric)", "numeric_div_trunc(numeric,numeric)", face="datum", columns=_whole_quotients)
def quotient(a: Decimal, b: Decimal) -> Decimal:
    """The whole quotient, towards zero."""
    if a.is_nan() or b.is_nan():
        return _NAN
    if b == 0:
        raise DivisionByZero("division by zero")
    if a.is_infinite():
        return _NAN if b.is_infinite() else a if b > 0 else -a
    if b.is_infinite():
        return Decimal(0)
    return positive_zero(CONTEXT.divide_int(a, b))


def _integers(a: Decimal, b: Decimal) -> tuple[int, int, int]:
    scale = max(_scale(a), _scale(b))
    return int(a.scaleb(scale, CONTEXT)), int(b.scaleb(scale, CONTEXT)), scale


@scalar("gcd(numeric,numeric)", face="datum")
def common_divisor(a: Decimal, b: Decimal) -> Decimal:
    """The greatest common divisor."""
    if not (a.is_finite() and b.is_finite()):
        return _NAN
    x, y, scale = _integers(a, b)
    return Decimal(math.gcd(x, y)).scaleb(-scale, CONTEXT)


@scalar("lcm(numeric,numeric)", face="datum")
def common_multiple(a: Decimal, b: Decimal) -> Decimal:
    """The least common multiple."""
    if not (a.is_finite() and b.is_finite()):
        return _NAN
    x, y, scale = _integers(a, b)
    return in_range(Decimal(math.lcm(x, y)).scaleb(-scale, CONTEXT))


@scalar("factorial(int8)", face="datum")
def factorial(n: int) -> Decimal:
    """1 * 2 * ... * n."""
    if n < 0:
        raise NumericValueOutOfRange("factorial of a negative number is undefined")
    if n > 32_177:
        raise NumericValueOutOfRange("value overflows numeric format")
    return Decimal(math.factorial(n))


def _buckets(values: Vector, low: Vector, high: Vector, count: Vector) -> Vector | None:
    """Buckets of scaled whole numbers between two of them; None where that may not fit, and where something is wrong with the bounds."""
    if isinstance(values, ManyScales):
        values = values.at_most()
    if not isinstance(values, NumericVector) or values.scale is None or not values.n:
        return None
    if not isinstance(low, ConstVector) or not isinstance(high, ConstVector) or not isinstance(count, ConstVector):
        return None
    first, last, number = low.one.datum(0), high.one.datum(0), count.one.datum(0)
    assert isinstance(first, Decimal) and isinstance(last, Decimal) and isinstance(number, int)
    if not first.is_finite() or not last.is_finite() or first == last or not 0 < number <= MOST_BUCKETS:
        return None
    scale = max(values.scale, _scale(first), _scale(last))
    start, stop = int(first.scaleb(scale, CONTEXT)), int(last.scaleb(scale, CONTEXT))
    up = 10 ** (scale - values.scale)
    largest = max(abs(int(values.values.max())), abs(int(values.values.min()))) * up
    if scale > SCALED or abs(stop - start) > WIDEST or (largest + abs(start) + abs(stop)) * number >= 2**62:
        return None
    whole = values.values.astype(np.int64) * up
    above, width = (whole - start, stop - start) if start < stop else (start - whole, start - stop)
    found = np.where(above < 0, 0, np.where(above >= width, number + 1, above * number // width + 1))
    return FixedVector(found.astype(np.int32))


@scalar("width_bucket(numeric,numeric,numeric,int4)", face="datum", columns=_buckets)
def bucket(value: Decimal, low: Decimal, high: Decimal, count: int) -> int:
    """The number of the equal-width bucket a value is in; 0 below, count + 1 above."""
    bucket_error(count)
    if value.is_nan() or low.is_nan() or high.is_nan():
        raise InvalidArgumentForWidthBucketFunction("operand, lower bound, and upper bound cannot be NaN")
    if low.is_infinite() or high.is_infinite():
        raise InvalidArgumentForWidthBucketFunction("lower and upper bounds must be finite")
    if low == high:
        raise InvalidArgumentForWidthBucketFunction("lower bound cannot equal upper bound")
    outside = (value < low, value >= high) if low < high else (value > low, value <= high)
    if outside[0]:
        return 0
    if outside[1]:
        if count + 1 >= 2**31:
            raise NumericValueOutOfRange("integer out of range")
        return count + 1
    part, width = CONTEXT.multiply(abs(CONTEXT.subtract(value, low)), Decimal(count)), abs(CONTEXT.subtract(high, low))
    share = round_quotient(part, width, division_scale(part, width))  # which may be rounded up to the bound of the next bucket
    return count if share >= count else int(share.quantize(Decimal(1), ROUND_DOWN, CONTEXT)) + 1
