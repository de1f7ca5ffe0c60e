"""real and double precision: the shortest digits that read back the same value."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from auroraml.batch import Datum, FixedVector, Vector
from auroraml.errors import InvalidTextRepresentation, NumericValueOutOfRange
from auroraml.lazy import compute as pc
from auroraml.types.form import REP_FORMS, TextForm, TextStyle
from auroraml.types.pg_type import PgType, Rep

NAMES = {Rep.FLOAT4: "real", Rep.FLOAT8: "double precision"}
_ARROW_TYPES = {Rep.FLOAT4: pa.float32(), Rep.FLOAT8: pa.float64()}
_POINT_LIMIT = {Rep.FLOAT4: 6, Rep.FLOAT8: 15}  # from this exponent on the form is scientific
_PLAIN_BELOW = {Rep.FLOAT4: 1e6, Rep.FLOAT8: 1e10}  # Arrow's form is PostgreSQL's between 1e-4 and this
_INTEGERS_FROM = {Rep.FLOAT4: 2**24, Rep.FLOAT8: 2**53}  # every value is an integer, some next to which are not
_DIGITS = {Rep.FLOAT4: 6, Rep.FLOAT8: 15}
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_HEX = re.compile(r"([+-]?0[xX])([0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)([pP][+-]?[0-9]+)?")
_WORDS = {"nan": math.nan, "+nan": math.nan, "-nan": math.nan}
_WORDS |= {sign + word: value for word in ("infinity", "inf") for sign, value in (("", math.inf), ("+", math.inf), ("-", -math.inf))}


class FloatForm(TextForm):
    """Shortest round-trip output (extra_float_digits > 0), or %g with fewer digits; strtod's input."""

    def datum_out(self, type: PgType, datum: Datum, style: TextStyle) -> str:
        assert isinstance(datum, float)
        return float_out(datum, type.rep, style.extra_float_digits)

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        return float_in(text, type.rep, NAMES[type.rep])

    def vector_out(self, type: PgType, vector: Vector, style: TextStyle) -> pa.Array:
        assert isinstance(vector, FixedVector)
        if style.extra_float_digits <= 0:
            return super().vector_out(type, vector, style)
        values = vector.values
        texts = pc.cast(pa.array(values), pa.large_string())
        magnitudes = np.abs(values)
        plain = ((magnitudes >= 1e-4) & (magnitudes < _PLAIN_BELOW[type.rep])) | (magnitudes == 0)
        if plain.all():
            return texts
        odd = [float_out(value, type.rep, 1) for value in values[~plain].tolist()]  # per value: where Arrow's exponents differ
        return pc.replace_with_mask(texts, pa.array(~plain), pa.array(odd, pa.large_string()))

    def vector_in(self, type: PgType, typmod: int, texts: pa.Array, style: TextStyle) -> Vector:
        try:
            values = pc.cast(texts, _ARROW_TYPES[type.rep]).to_numpy(zero_copy_only=False)
        except pa.ArrowInvalid:
            return super().vector_in(type, typmod, texts, style)
        if np.isfinite(values).all():  # what Arrow reads as a finite number PostgreSQL reads as the same
            zero = values == 0
            if not zero.any() or _all_zero_texts(texts.filter(pa.array(zero))):
                return FixedVector(values)
        return super().vector_in(type, typmod, texts, style)


def _all_zero_texts(texts: pa.Array) -> bool:
    """Whether each text is zero as written, not a number too small (or too great) to hold."""
    return bool(pc.all(pc.match_substring_regex(texts, r"^-?[0.]+([eE]|$)"), min_count=0).as_py())


def float_out(value: float, rep: Rep = Rep.FLOAT8, extra_float_digits: int = 1) -> str:
    """The text of one value of `rep`."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if extra_float_digits <= 0:
        return f"{value:.{max(_DIGITS[rep] + extra_float_digits, 1)}g}"
    number: np.floating[Any] = np.float32(value) if rep is Rep.FLOAT4 else np.float64(value)
    mantissa, _, exponent_text = np.format_float_scientific(number, unique=True, trim="-").partition("e")
    exponent = int(exponent_text)
    digits = len(mantissa.lstrip("-").replace(".", ""))
    while abs(number) >= _INTEGERS_FROM[rep] and _between(number, f"{mantissa}e{exponent}"):
        mantissa = np.format_float_scientific(number, precision=digits, unique=False, trim="-").partition("e")[0]
        digits += 1
    if not -4 <= exponent < _POINT_LIMIT[rep]:
        return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    return np.format_float_positional(number, unique=True, trim="-")


def _between(number: np.floating[Any], digits: str) -> bool:
    """Whether the digits lie half way to a neighbour: they read back right, but PostgreSQL wants a digit more."""
    shown = int(Decimal(digits))
    here = int(number)
    if shown == here or abs(number) == np.finfo(number.dtype).max:
        return False
    neighbour = int(np.nextafter(number, number.dtype.type(np.inf if shown > here else -np.inf)))
    return 2 * shown == here + neighbour


def float_in(text: str, rep: Rep, name: str, whole: str | None = None) -> float:
    """The value of a text, spaces around it allowed; `name` is the type in messages and `whole` the text they quote."""
    stripped = text.strip(" \t\n\r\f\v")
    word = _WORDS.get(stripped.lower())
    if word is not None:
        return word
    hexadecimal = _HEX.fullmatch(stripped)
    if hexadecimal is not None:
        value = float.fromhex(stripped)
    elif _NUMBER.fullmatch(stripped):
        value = float(stripped) if rep is Rep.FLOAT8 else pc.cast(pa.array([stripped.lstrip("+")]), pa.float32())[0].as_py()
    else:
        raise InvalidTextRepresentation(f'invalid input syntax for type {name}: "{text if whole is None else whole}"')
    digits = stripped.lower().partition("e")[0]
    if math.isinf(value) or (value == 0 and digits.strip("+-0.") and hexadecimal is None):
        raise NumericValueOutOfRange(f'"{stripped}" is out of range for type {name}')
    return float(np.float32(value)) if rep is Rep.FLOAT4 else value


for _rep in NAMES:
    REP_FORMS[_rep] = FloatForm()
