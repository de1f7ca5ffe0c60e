"""numeric: exact decimals in tiers (int64 with one scale, or Decimal objects), their forms and their rounding."""

from __future__ import annotations

import decimal
import re
from decimal import Decimal

import numpy as np
import pyarrow as pa

from auroraml.batch import Datum, NumericVector, Vector, limbs, limbs_of, of_limbs, shown
from auroraml.batch.limbs import Limbs
from auroraml.batch.wide import SCALES
from auroraml.errors import InvalidTextRepresentation, NumericValueOutOfRange
from auroraml.lazy import compute as pc
from auroraml.lazy import pattern
from auroraml.types.digits import written, written_whole
from auroraml.types.form import REP_FORMS, TextForm, TextStyle
from auroraml.types.integers import bytes_of, read_plain_integers
from auroraml.types.pg_type import PgType, Rep

# wide enough for every value PostgreSQL can hold: 131072 digits before the point, 16383 after
CONTEXT = decimal.Context(
    prec=150_000, rounding=decimal.ROUND_HALF_UP, Emin=-200_000, Emax=200_000, traps=[decimal.InvalidOperation, decimal.DivisionByZero]
)
_NUMBER = pattern(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE]([+-]?[0-9]+))?")
_WORDS = {"nan": Decimal("NaN"), "infinity": Decimal("Infinity"), "inf": Decimal("Infinity"), "+infinity": Decimal("Infinity")}
_WORDS |= {"+inf": Decimal("Infinity"), "-infinity": Decimal("-Infinity"), "-inf": Decimal("-Infinity")}
POINT = ord(".")


def precision_scale(typmod: int) -> tuple[int, int]:
    """The precision and scale (which may be negative) that a numeric typmod holds."""
    scale = (typmod - 4) & 0x7FF
    return ((typmod - 4) >> 16) & 0xFFFF, (scale ^ 1024) - 1024


class NumericForm(TextForm):
    """Digits with as many decimals as the value's display scale; reads exponents, NaN and Infinity."""

    def datum_out(self, type: PgType, datum: Datum, style: TextStyle) -> str:
        assert isinstance(datum, Decimal)
        return numeric_out(datum)

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        return numeric_in(text)

    def vector_out(self, type: PgType, vector: Vector, style: TextStyle) -> pa.Array:
        assert isinstance(vector, NumericVector)
        exact = limbs_of(vector) if vector.scale is None else None
        if exact is not None:
            return written(*exact, shown(vector))
        if vector.scale is None:
            # per value: the widest tier is Python objects
            return pa.array([numeric_out(value) for value in vector.values], pa.large_string())
        return written_whole(vector.values, vector.scale)

    def vector_in(self, type: PgType, typmod: int, texts: pa.Array, style: TextStyle) -> Vector:
        scaled = _scaled_in(texts, precision_scale(typmod)[1] if typmod >= 0 else None)
        return super().vector_in(type, typmod, texts, style) if scaled is None else scaled


def _scaled_in(texts: pa.Array, scale: int | None) -> NumericVector | None:
    """Plain decimals read as int64; None where a text is not plain or the result would not fit.

    With `scale` None each value keeps its own display scale, else all are at this one or, where one has more decimals, at the most.
    """
    if len(texts) == 0:
        return None
    points = pc.find_substring(texts, ".").to_numpy(zero_copy_only=False)
    has_point = points >= 0
    some = bool(has_point.any())
    if some and int(np.count_nonzero(bytes_of(texts) == POINT)) != int(np.count_nonzero(has_point)):  # one has two
        return None
    lengths = pc.binary_length(texts).to_numpy(zero_copy_only=False)
    decimals = np.where(has_point, lengths - points - 1, 0)
    most = int(decimals.max())
    width = most if scale is None else max(most, scale, 0)
    if int((lengths - decimals).max()) + width > 19:
        return None
    values = read_plain_integers(pc.replace_substring(texts, ".", "") if some else texts)
    if values is None:
        return None
    if int(decimals.min()) == width:
        return NumericVector(values, width)
    units = 10 ** (width - decimals)
    if int(np.abs(values).max()) * int(units.max()) >= 2**63 and (np.abs(values) > (2**63 - 1) // units).any():
        return None
    whole = values * units
    return NumericVector(whole, width) if scale is not None else of_limbs((whole,), width, decimals.astype(np.int16))


def numeric_out(value: Decimal) -> str:
    """The text of one value."""
    if value.is_nan():
        return "NaN"
    if value.is_infinite():
        return "Infinity" if value > 0 else "-Infinity"
    return f"{value:f}"


def numeric_in(text: str) -> Decimal:
    """The value of a text, with the display scale it is written with."""
    stripped = text.strip(" \t\n\r\f\v")
    word = _WORDS.get(stripped.lower())
    if word is not None:
        return word
    match = _NUMBER.fullmatch(stripped)
    if match is None:
        raise InvalidTextRepresentation(f'invalid input syntax for type numeric: "{text}"')
    if match[3] is not None:
        return _with_exponent(stripped, int(match[3]))
    return in_range(positive_zero(Decimal(stripped)))


def _with_exponent(stripped: str, exponent: int) -> Decimal:
    if abs(exponent) >= (2**31 - 1) // 2:
        raise NumericValueOutOfRange("value overflows numeric format")
    digits = Decimal(re.split("[eE]", stripped)[0])
    scale = max(-_exponent(digits) - exponent, 0)
    if not digits:
        return Decimal((0, (0,), -min(scale, 16383)))
    if scale > 16_383 or digits.adjusted() + exponent > 131_072:
        raise NumericValueOutOfRange("value overflows numeric format")
    value = digits.scaleb(exponent, CONTEXT)
    return in_range(value.quantize(Decimal((0, (1,), -min(scale, 16383))), context=CONTEXT))


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return exponent


def positive_zero(value: Decimal) -> Decimal:
    """The value without the negative zero that numeric does not have."""
    return value if value else value.copy_abs()


def in_range(value: Decimal) -> Decimal:
    """The value itself if numeric can hold it; else raises 'value overflows numeric format'."""
    if value and value.adjusted() >= 131_072:
        raise NumericValueOutOfRange("value overflows numeric format")
    return value


def round_to(value: Decimal, scale: int) -> Decimal:
    """The value rounded half away from zero to `scale` decimals (negative: to tens, hundreds), as round() shows it."""
    if not value.is_finite():
        return value
    rounded = value.quantize(Decimal((0, (1,), -scale)), context=CONTEXT)
    return positive_zero(rounded if scale >= 0 else rounded.quantize(Decimal(1), context=CONTEXT))


def apply_numeric_typmod(value: Decimal, typmod: int) -> Decimal:
    """The value rounded to the typmod's scale; raises 'numeric field overflow' where its precision is too small."""
    precision, scale = precision_scale(typmod)
    if value.is_nan():
        return value
    if value.is_infinite():
        detail = f"A field with precision {precision}, scale {scale} cannot hold an infinite value."
        raise NumericValueOutOfRange("numeric field overflow", detail=detail)
    rounded = round_to(value, scale)
    if rounded and rounded.adjusted() >= precision - scale:
        raise field_overflow(precision, scale)
    return rounded


def apply_numeric_typmod_vector(vector: NumericVector, typmod: int) -> NumericVector:
    """`apply_numeric_typmod` over a vector: in whole numbers where they are exact."""
    precision, scale = precision_scale(typmod)
    plain = None if vector.scale is None or not 0 <= scale <= 18 else rescale(vector.values, vector.scale, scale)
    if plain is not None:
        limit = 10**precision
        if precision <= 18 and ((plain >= limit) | (plain <= -limit)).any():
            raise field_overflow(precision, scale)
        return vector if plain is vector.values else NumericVector(plain, scale, vector.validity)
    found = limbs_of(vector)
    if found is not None and 0 <= scale <= SCALES and (made := limbs_at(*found, scale)) is not None:
        if precision < limbs.DIGITS * len(made) and int(limbs.lengths(limbs.magnitudes(made)[0]).max(initial=0)) > precision:
            raise field_overflow(precision, scale)
        return of_limbs(made, scale, scale, vector.validity)
    values = np.empty(vector.n, object)
    # per value: Decimal objects
    values[:] = [apply_numeric_typmod(value, typmod) for value in vector.as_objects().values]
    return narrowed(NumericVector(values, None, vector.validity), scale if scale >= 0 and precision <= 18 else None)


def limbs_at(whole: Limbs, old: int, new: int) -> Limbs | None:
    """Whole numbers of a scale at another, rounded half away from zero; None where they are too large for limbs."""
    if new >= old:
        return limbs.shifted(whole, new - old)
    magnitudes, negative = limbs.magnitudes(whole)
    return limbs.signed(limbs.rounded(magnitudes, old - new, True), negative)


def field_overflow(precision: int, scale: int) -> NumericValueOutOfRange:
    """The error for a value with too many digits before the point."""
    limit = f"10^{precision - scale}" if precision != scale else "1"
    detail = f"A field with precision {precision}, scale {scale} must round to an absolute value less than {limit}."
    return NumericValueOutOfRange("numeric field overflow", detail=detail)


def rescale(values: np.ndarray, old: int, new: int) -> np.ndarray | None:
    """Scaled int64 values at another scale, rounded half away from zero; None where int64 cannot hold them."""
    if new == old:
        return values
    if new > old:
        if new - old > 18:
            return values if not values.any() else None
        factor = 10 ** (new - old)
        limit = (2**63 - 1) // factor
        return None if values.size and (int(values.max()) > limit or int(values.min()) < -limit) else values * factor
    if old - new > 18:
        return np.zeros_like(values) if old - new > 19 else None
    factor = 10 ** (old - new)
    quotient = np.abs(values) // factor
    quotient += (np.abs(values) - quotient * factor) >= factor - factor // 2
    return np.where(values < 0, -quotient, quotient)  # type: ignore[no-any-return]  # numpy's stubs


def narrowed(vector: NumericVector, scale: int | None) -> NumericVector:
    """An object vector of values of this one scale as int64, if `scale` is given and all are finite; else itself."""
    if scale is None or not all(value.is_finite() for value in vector.values):
        return vector
    shift = scale
    return NumericVector(np.array([int(value.scaleb(shift, CONTEXT)) for value in vector.values], np.int64), scale, vector.validity)


REP_FORMS[Rep.NUMERIC] = NumericForm()
