"""Quotients of numerics at the scales that PostgreSQL selects: by long division of int64 where it fits, else of whole columns of Python integers."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np

from auroraml.batch import NumericVector
from auroraml.errors import DivisionByZero
from auroraml.types.numeric import CONTEXT

UNIT = Decimal(1)
SIGNIFICANT, LARGEST = 16, 1_000  # digits that a quotient has at least, and the largest scale (NUMERIC_MIN_SIG_DIGITS, NUMERIC_MAX_DISPLAY_SCALE)
POWERS = 10 ** np.arange(19, dtype=np.int64)
STEP = 9  # digits of the quotient made at once: a remainder below 2^31 times 10^9 fits


def exponent_of(value: Decimal) -> int:
    """The power of ten of the last digit; 0 for NaN and infinities."""
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _weight(value: Decimal) -> tuple[int, int]:
    """The weight and value of the first base-10000 digit."""
    if value == 0:
        return 0, 0
    weight = value.adjusted() // 4
    return weight, int(value.copy_abs().scaleb(-4 * weight, CONTEXT))


def division_scale(a: Decimal, b: Decimal) -> int:
    """The result scale PostgreSQL selects: at least 16 significant digits (numeric.c: select_div_scale)."""
    weight_a, first_a = _weight(a)
    weight_b, first_b = _weight(b)
    quotient = weight_a - weight_b - (1 if first_a <= first_b else 0)
    return min(max(SIGNIFICANT - quotient * 4, -exponent_of(a), -exponent_of(b), 0), LARGEST)


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
    shift = scale + exponent_of(a) - exponent_of(b)
    numerator, denominator = (int(x.copy_abs().scaleb(-exponent_of(x), CONTEXT)) for x in (a, b))
    numerator, denominator = (numerator * 10**shift, denominator) if shift >= 0 else (numerator, denominator * 10**-shift)
    quotient = (2 * numerator + denominator) // (2 * denominator)
    return Decimal(-quotient if a.is_signed() != b.is_signed() else quotient).scaleb(-scale, CONTEXT)


def _leads(values: np.ndarray, scale: int) -> tuple[np.ndarray, np.ndarray]:
    """`_weight` of magnitudes, scaled integers."""
    weights = (np.searchsorted(POWERS, values, "right") - 1 - scale) // 4
    shifts = scale + 4 * weights
    firsts = np.where(shifts >= 0, values // POWERS[np.clip(shifts, 0, 18)], values * POWERS[np.clip(-shifts, 0, 3)])
    return np.where(values == 0, 0, weights), firsts


def quotients(a: NumericVector, b: NumericVector) -> NumericVector | None:
    """a / b row by row (NULLs aside), where both are scaled integers and no divisor is zero; else None."""
    if a.scale is None or b.scale is None or not a.n:
        return None
    x, y = np.abs(a.values), np.abs(b.values)
    if int(x.min()) < 0 or int(y.min()) <= 0:  # the magnitude of the least int64 is none
        return None
    weight_x, first_x = _leads(x, a.scale)
    weight_y, first_y = _leads(y, b.scale)
    scales = np.clip(SIGNIFICANT - 4 * (weight_x - weight_y - (first_x <= first_y)), max(a.scale, b.scale), LARGEST)
    negative = (a.values < 0) != (b.values < 0)
    scale = int(scales[0])
    if (scales == scale).all() and (found := _in_words(x, y, scale + b.scale - a.scale)) is not None:
        return NumericVector(np.where(negative, -found, found), scale)
    return NumericVector(_in_integers(x, y, scales + (b.scale - a.scale), scales, negative), None)


def _in_words(x: np.ndarray, y: np.ndarray, digits: int) -> np.ndarray | None:
    """x * 10^digits / y in int64, where it fits."""
    if int(y.max()) >= 2**31:
        return None
    found, rest = np.divmod(x, y)
    while digits:
        step = min(digits, STEP)
        factor = 10**step
        if int(found.max()) >= (2**63 - 1) // factor - 1:
            return None
        more, rest = np.divmod(rest * factor, y)
        found = found * factor + more
        digits -= step
    found += 2 * rest >= y
    return found


def _in_integers(x: np.ndarray, y: np.ndarray, digits: np.ndarray, scales: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """x * 10^digits / y as Decimals of `scales`: by Python's integers, which numpy's loops over objects multiply and divide."""
    tens = np.array([10**power for power in range(int(digits.max()) + 1)], object)
    twice = 2 * y.astype(object)
    found = (2 * x.astype(object) * tens[digits] + y) // twice
    units = np.array([UNIT.scaleb(-scale) for scale in range(int(scales.max()) + 1)], object)
    made = np.empty(len(x), object)
    made[:] = list(map(Decimal, np.where(negative, -found, found).tolist()))
    with localcontext(CONTEXT):
        return made * units[scales]  # type: ignore[no-any-return] # numpy gives Any
