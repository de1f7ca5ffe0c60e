"""Quotients of numerics at the scales that PostgreSQL selects: by long division of limbs, or of whole columns of Python integers where divisors are large."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np

from auroraml.batch import NumericVector, limbs, limbs_of, of_limbs, shown
from auroraml.batch.limbs import POWERS, Limbs
from auroraml.errors import DivisionByZero
from auroraml.types.numeric import CONTEXT

UNIT = Decimal(1)
SIGNIFICANT, LARGEST = 16, 1_000  # digits that a quotient has at least, and the largest scale (NUMERIC_MIN_SIG_DIGITS, NUMERIC_MAX_DISPLAY_SCALE)
FEW = 4  # quotients up to which one by one takes less time than passes over arrays


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


def leading(a: Limbs, scale: int) -> tuple[np.ndarray, np.ndarray]:
    """The weight and value of the first base-10000 digit of magnitudes at a scale."""
    values, below = limbs.leads(a)
    places = scale - limbs.DIGITS * below  # decimals of `values`
    weights = (np.searchsorted(POWERS, values, "right") - 1 - places) // 4
    shifts = places + 4 * weights
    firsts = np.where(shifts >= 0, values // POWERS[np.minimum(np.maximum(shifts, 0), 18)], values * POWERS[np.minimum(np.maximum(-shifts, 0), 3)])
    return np.where(values == 0, 0, weights), firsts


def _weights(x: Limbs, scale_x: int, y: Limbs, scale_y: int) -> np.ndarray:
    """The weights that quotients have by PostgreSQL's estimate."""
    weight_y, first_y = leading(y, scale_y)
    if len(y[0]) > 1 or len(x) > 2:
        weight_x, first_x = leading(x, scale_x)
        return weight_x - weight_y - (first_x <= first_y)  # type: ignore[no-any-return] # numpy gives Any
    values = x[0] if len(x) == 1 else x[1] * limbs.BASE + x[0]
    by, lead = int(weight_y[0]), int(first_y[0]) + 1
    low = -((scale_x + 4) // 4) - 1  # below one unit of the last decimal
    found = np.full(len(values), low - by, np.int64)
    most = int(values.max())
    for weight in range(low + 1, 6):  # of one divisor: by one more from each border on
        shift = scale_x + 4 * weight
        border = lead * 10**shift if shift >= 0 else -(-lead // 10**-shift)
        if border > most:
            break
        found += values >= border
    return np.where(values == 0, -1 - by, found)


def quotients(a: NumericVector, b: NumericVector) -> NumericVector | None:
    """a / b row by row (NULLs aside; either may be one constant), where both are exact and no divisor is zero; else None."""
    of_a, of_b = limbs_of(a), limbs_of(b)
    if of_a is None or of_b is None or not a.n or not b.n:
        return None
    (x, negative_x), (y, negative_y) = limbs.magnitudes(of_a[0]), limbs.magnitudes(of_b[0])
    if not limbs.nonzero(y).all():
        return None
    least = np.maximum(shown(a), shown(b))
    scales = np.minimum(np.maximum(np.maximum(SIGNIFICANT - 4 * _weights(x, of_a[1], y, of_b[1]), least), 0), LARGEST)
    shift = of_b[1] - of_a[1]
    most = max(int(scales.max()), -shift)
    by = limbs.whole_of(y)
    found = None if by is None else limbs.divided(x, by, most + shift)
    negative = negative_x != negative_y
    if found is None or by is None:
        return _in_integers(x, y, shift, scales.astype(np.int16), negative)
    rounded = _rounded(*found, by, scales, most)
    return of_limbs(limbs.signed(rounded, negative), most, scales.astype(np.int16))


def whole_quotients(a: NumericVector, b: NumericVector) -> NumericVector | None:
    """The same cut to whole numbers."""
    of_a, of_b = limbs_of(a), limbs_of(b)
    if of_a is None or of_b is None or not a.n or not b.n:
        return None
    (x, negative_x), (y, negative_y) = limbs.magnitudes(of_a[0]), limbs.magnitudes(of_b[0])
    shift = of_b[1] - of_a[1]
    divisors = limbs.shifted(y, max(-shift, 0)) if limbs.nonzero(y).all() else None
    by = None if divisors is None else limbs.whole_of(divisors)
    found = None if by is None else limbs.divided(x, by, max(shift, 0))
    return None if found is None else of_limbs(limbs.signed(found[0], negative_x != negative_y), 0, 0)


def _rounded(cut: Limbs, rest: np.ndarray, by: np.ndarray, scales: np.ndarray, most: int) -> Limbs:
    """Quotients rounded half up at their own scales, from their digits at the largest and what was left."""
    counts = np.bincount(scales)
    usual = int(counts.argmax())
    if usual == most:
        up = rest >= by - rest
        found = limbs.carried([cut[0] + up, *cut[1:]]) if bool(up.any()) else cut
    else:
        found = limbs.settled(cut, most - usual)
    if counts[usual] == len(scales):
        return found
    if len(scales) != len(cut[0]):
        scales = np.broadcast_to(scales, cut[0].shape)
    parts, rows = [found], []
    for scale in np.flatnonzero(counts).tolist():
        if scale != usual:
            some = np.flatnonzero(scales == scale)
            part = limbs.taken(cut, some)
            if scale == most:
                left, divisor = rest[some], by[0] if len(by) == 1 else by[some]
                parts.append(limbs.carried([part[0] + (left >= divisor - left), *part[1:]]))
            else:
                parts.append(limbs.settled(part, most - scale))
            rows.append(some)
    first, *parts = limbs.same_count(parts)
    made = [limb.copy() for limb in first]
    for part, some in zip(parts, rows, strict=True):
        for limb, more in zip(made, part, strict=True):
            limb[some] = more
    return limbs.carried(made)


def _in_integers(x: Limbs, y: Limbs, shift: int, scales: np.ndarray, negative: np.ndarray) -> NumericVector:
    """The same by Python's integers, which numpy's loops over objects multiply and divide."""
    most = int(scales.max())
    tens = np.array([10**power for power in range(max(most + shift, most) + 1)], object)
    divisors = limbs.integers(y)
    if shift < 0:
        divisors, shift = divisors * 10**-shift, 0
    found = (2 * limbs.integers(x) * tens[scales + shift] + divisors) // (2 * divisors)
    found = np.where(negative, -found, found)
    whole = limbs.of_integers(found * tens[most - scales])
    if whole is not None:
        return of_limbs(whole, most, scales)
    units = np.array([UNIT.scaleb(-scale) for scale in range(most + 1)], object)
    made = np.empty(len(found), object)
    made[:] = list(map(Decimal, found.tolist()))
    with localcontext(CONTEXT):
        return NumericVector(made * units[scales], None)
