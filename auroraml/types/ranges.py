"""Ranges: literals read and written, bounds checked, discrete ranges made canonical (rangetypes.c)."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pyarrow as pa

from auroraml.batch import (
    EMPTY_RANGE,
    LOWER_INC,
    LOWER_INF,
    UPPER_INC,
    UPPER_INF,
    Datum,
    FixedVector,
    Mask,
    NumericVector,
    RangeVector,
    Vector,
    from_datums,
)
from auroraml.errors import (
    DatabaseError,
    DataException,
    DatetimeFieldOverflow,
    FeatureNotSupported,
    InvalidTextRepresentation,
    NumericValueOutOfRange,
)
from auroraml.lazy import compute as pc
from auroraml.types.bounds import values_of
from auroraml.types.form import REP_FORMS, TextForm, TextStyle, form_of, scatter
from auroraml.types.julian import POSTGRES_DAYS
from auroraml.types.numeric import CONTEXT
from auroraml.types.pg_type import PgType, Rep
from auroraml.types.typmod import format_type

_SPACE = " \t\n\r\f\v"
_MUST_QUOTE = r'["\\()\[\],\s\x0b]'
_ONE = r'"[^"\\]+"|[^"\\,)\]]*'
_PLAIN = rf"^[ \t\n\r\f\v]*(?P<open>[\[(])(?P<lower>{_ONE}),(?P<upper>{_ONE})(?P<close>[\])])[ \t\n\r\f\v]*$"
_EMPTY = r"(?i)^[ \t\n\r\f\v]*empty[ \t\n\r\f\v]*$"
_BITS = {"[": LOWER_INC, "(": 0, "]": UPPER_INC, ")": 0}
LAST_DATE = 2_145_042_905  # the last day of the type date, counted from 1970-01-01


class RangeForm(TextForm):
    """[1,5), (,"2020-01-01 00:00:00"], empty."""

    def datum_out(self, type: PgType, datum: Datum, style: TextStyle) -> str:
        text: str = self.vector_out(type, from_datums(type, [datum]), style)[0].as_py()
        return text

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        value = self.vector_in(type, typmod, pa.array([text], pa.large_string()), style).datum(0)
        assert value is not None
        return value

    def vector_out(self, type: PgType, vector: Vector, style: TextStyle) -> pa.Array:
        assert isinstance(vector, RangeVector)
        flags = vector.flags
        lower, upper = (
            _shown_bounds(style.resolve(type.subtype), bound, (flags & (infinite | EMPTY_RANGE)) == 0, style)
            for bound, infinite in ((vector.lower, LOWER_INF), (vector.upper, UPPER_INF))
        )
        opening = pc.if_else(pa.array((flags & LOWER_INC) != 0), _text("["), _text("("))
        closing = pc.if_else(pa.array((flags & UPPER_INC) != 0), _text("]"), _text(")"))
        texts = pc.binary_join_element_wise(opening, lower, _text(","), upper, closing, _text(""))
        return pc.if_else(pa.array((flags & EMPTY_RANGE) != 0), _text("empty"), texts)

    def vector_in(self, type: PgType, typmod: int, texts: pa.Array, style: TextStyle) -> Vector:
        empty = pc.match_substring_regex(texts, _EMPTY)
        parts = pc.extract_regex(pc.if_else(empty, pa.scalar("(,)", texts.type), texts), _PLAIN)
        if parts.null_count:
            return self._read_each(type, texts, style)
        opening, lower, upper, closing = (pc.utf8_trim(parts.field(name), '"') for name in ("open", "lower", "upper", "close"))
        flags = np.where(pc.equal(opening, "[").to_numpy(zero_copy_only=False), LOWER_INC, 0)
        flags |= np.where(pc.equal(closing, "]").to_numpy(zero_copy_only=False), UPPER_INC, 0)
        no_lower, no_upper = (pc.equal(part, "").to_numpy(zero_copy_only=False) for part in (lower, upper))
        flags |= np.where(no_lower, LOWER_INF, 0) | np.where(no_upper, UPPER_INF, 0)
        flags = np.where(empty.to_numpy(zero_copy_only=False), EMPTY_RANGE, flags)
        subtype = style.resolve(type.subtype)
        try:
            low, high = _read_bounds(subtype, lower, no_lower, style), _read_bounds(subtype, upper, no_upper, style)
            return made(type, low, high, flags.astype(np.uint8))
        except DatabaseError:
            if len(texts) == 1:
                raise
            return self._read_each(type, texts, style)  # the first text that is wrong decides about the error

    def _read_each(self, type: PgType, texts: pa.Array, style: TextStyle) -> Vector:
        """Texts with quotes, escapes, the word empty, or mistakes: a grammar, read one by one."""
        subtype = style.resolve(type.subtype)
        found = []
        for text in texts.to_pylist():
            lower, upper, flags = read_range(text)
            low, high = (
                from_datums(subtype, [None if part is None else form_of(subtype).datum_in(subtype, -1, part, style)]).with_validity(None)
                for part in (lower, upper)
            )
            one = made(type, low, high, np.array([flags], np.uint8))
            found.append(one.datum(0))
        return from_datums(type, found)


def _shown_bounds(subtype: PgType, bounds: Vector, there: Mask, style: TextStyle) -> pa.Array:
    """The texts of the bounds that are there, in double quotes where they must be; else nothing."""
    texts = form_of(subtype).vector_out(subtype, bounds.flat(), style)
    quoting = pc.match_substring_regex(texts, _MUST_QUOTE)
    if pc.any(quoting).as_py():
        doubled = pc.replace_substring_regex(texts, r'(["\\])', r"\1\1")
        texts = pc.if_else(quoting, pc.binary_join_element_wise(_text('"'), doubled, _text('"'), _text("")), texts)
    return texts if there.all() else pc.if_else(pa.array(there), texts, _text(""))


def _text(value: str) -> pa.Scalar:
    return pa.scalar(value, pa.large_string())


def _read_bounds(subtype: PgType, texts: pa.Array, missing: Mask, style: TextStyle) -> Vector:
    if not missing.any():
        return form_of(subtype).vector_in(subtype, -1, texts, style)
    known = texts.filter(pa.array(~missing))
    if not len(known):
        return from_datums(subtype, [None] * len(texts)).with_validity(None)
    return scatter(form_of(subtype).vector_in(subtype, -1, known, style), ~missing).with_validity(None)


def malformed(text: str, detail: str) -> InvalidTextRepresentation:
    """PostgreSQL's error for a text that is no range."""
    return InvalidTextRepresentation(f'malformed range literal: "{text}"', detail=detail)


def read_range(text: str) -> tuple[str | None, str | None, int]:
    """The texts of both bounds (None where infinite) and the flags; raises 'malformed range literal' with PostgreSQL's DETAIL."""
    at = len(text) - len(text.lstrip(_SPACE))
    if text[at : at + 5].lower() == "empty":
        if text[at + 5 :].strip(_SPACE):
            raise malformed(text, 'Junk after "empty" key word.')
        return None, None, EMPTY_RANGE
    if text[at : at + 1] not in ("[", "("):
        raise malformed(text, "Missing left parenthesis or bracket.")
    flags = _BITS[text[at]]
    lower, at = _bound(text, at + 1)
    if text[at] != ",":
        raise malformed(text, "Missing comma after lower bound.")
    upper, at = _bound(text, at + 1)
    if text[at] == ",":
        raise malformed(text, "Too many commas.")
    flags |= _BITS[text[at]]
    if text[at + 1 :].strip(_SPACE):
        raise malformed(text, "Junk after right parenthesis or bracket.")
    return lower, upper, flags | (LOWER_INF if lower is None else 0) | (UPPER_INF if upper is None else 0)


def _bound(text: str, at: int) -> tuple[str | None, int]:
    """A bound's text from `at`, None where nothing stands there, and where it ends: at a comma, parenthesis or bracket."""
    if text[at : at + 1] in (",", ")", "]"):
        return None, at
    out: list[str] = []
    quoted = False
    while quoted or text[at : at + 1] not in (",", ")", "]"):
        char = text[at : at + 1]
        at += 1
        if char == "\\":
            char = text[at : at + 1]
            at += 1
            out.append(char)
        elif char == '"':
            if quoted and text[at : at + 1] == '"':
                out.append('"')
                at += 1
            else:
                quoted = not quoted
        else:
            out.append(char)
        if not char:
            raise malformed(text, "Unexpected end of input.")
    return "".join(out), at


def made(type: PgType, lower: Vector, upper: Vector, flags: np.ndarray) -> RangeVector:
    """Ranges of these bounds (none of them NULL), checked and in canonical form; infinite bounds hold no value (make_range)."""
    found = _checked(lower, upper, flags)
    step = _STEPS.get(type.subtype)
    if step is not None:
        found = _checked(*step(found))
    empty = (found.flags & EMPTY_RANGE) != 0
    return RangeVector(
        _cleared(found.lower, empty | ((found.flags & LOWER_INF) != 0)), _cleared(found.upper, empty | ((found.flags & UPPER_INF) != 0)), found.flags
    )


def _checked(lower: Vector, upper: Vector, flags: np.ndarray) -> RangeVector:
    """Ranges whose flags say what is infinite and empty; raises where a lower bound is above its upper one (range_serialize)."""
    flags = flags & ~np.where(flags & LOWER_INF, LOWER_INC, 0).astype(np.uint8) & ~np.where(flags & UPPER_INF, UPPER_INC, 0).astype(np.uint8)
    low, high = values_of([lower, upper])
    finite = (flags & (LOWER_INF | UPPER_INF | EMPTY_RANGE)) == 0
    if (finite & (low > high).astype(np.bool_, copy=False)).any():
        raise DataException("range lower bound must be less than or equal to range upper bound")
    both = (flags & (LOWER_INC | UPPER_INC)) == (LOWER_INC | UPPER_INC)
    empty = finite & ~both & (low == high).astype(np.bool_, copy=False)
    return RangeVector(lower, upper, np.where(empty | ((flags & EMPTY_RANGE) != 0), np.uint8(EMPTY_RANGE), flags))


def _cleared(bounds: Vector, where: Mask) -> Vector:
    """The bounds with zero where there is none."""
    if not where.any():
        return bounds.flat()
    flat = bounds.flat()
    return flat.take(np.where(where, -1, np.arange(flat.n)), True).with_validity(None)


_Parts = tuple[Vector, Vector, np.ndarray]


def _discrete(found: RangeVector, values: list[np.ndarray], movable: list[Mask], last: int, error: Exception) -> _Parts:
    """A lower bound that is out and an upper bound that is in, each moved to the next value."""
    flags = found.flags.copy()
    out: list[Vector] = []
    for value, can, inside, infinite, wanted in (
        (values[0], movable[0], LOWER_INC, LOWER_INF, 0), (values[1], movable[1], UPPER_INC, UPPER_INF, UPPER_INC),
    ):  # fmt: skip
        moving = ((flags & (infinite | EMPTY_RANGE)) == 0) & ((flags & inside) == wanted) & can
        if not moving.any():
            out.append(FixedVector(value))
            continue
        if (moving & (value >= last)).any():
            raise error
        out.append(FixedVector(np.where(moving, value + value.dtype.type(1), value) if not (value == last).any() else _stepped(value, moving)))
        flags[moving] ^= inside
    return out[0], out[1], flags


def _stepped(value: np.ndarray, moving: Mask) -> np.ndarray:
    moved = value.copy()
    moved[moving] += 1
    return moved


def _integers(name: str, last: int) -> Callable[[RangeVector], _Parts]:
    def step(found: RangeVector) -> _Parts:
        values = values_of([found.lower, found.upper])
        everywhere = np.ones(found.n, np.bool_)
        return _discrete(found, values, [everywhere, everywhere], last, NumericValueOutOfRange(f"{name} out of range"))

    return step


def _dates(found: RangeVector) -> _Parts:
    values = values_of([found.lower, found.upper])
    limits = np.iinfo(np.int32)
    finite = [(value != limits.min) & (value != limits.max) for value in values]
    return _discrete(found, values, finite, LAST_DATE, DatetimeFieldOverflow("date out of range"))


_STEPS: dict[int, Callable[[RangeVector], _Parts]] = {  # by subtype: those with a next value
    23: _integers("integer", 2**31 - 1), 20: _integers("bigint", 2**63 - 1), 1082: _dates,
}  # fmt: skip


def differences(subtype: PgType, left: Vector, right: Vector) -> np.ndarray:
    """How far bounds are apart as float8 (the subtypes' subdiff functions)."""
    if isinstance(left, NumericVector) and isinstance(right, NumericVector):
        pairs = zip(left.as_objects().values, right.as_objects().values, strict=True)
        return np.array([difference(subtype, a, b) for a, b in pairs], np.float64)  # decimals subtract one by one
    a, b = (_counted(subtype, values).astype(np.float64) for values in values_of([left, right]))
    return (a - b) / 1_000_000.0 if subtype.rep is Rep.TIMESTAMP else a - b


def difference(subtype: PgType, left: Datum, right: Datum) -> float:
    """How far the first of two bounds lies above the second as float8 (the subtype's subdiff function)."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return math.nan if left.is_nan() or right.is_nan() or (left.is_infinite() and left == right) else float(CONTEXT.subtract(left, right))
    assert isinstance(left, int) and isinstance(right, int)
    if subtype.rep is Rep.DATE:
        limits = (-(2**31), 2**31 - 1)
        left, right = (day if day in limits else day - POSTGRES_DAYS for day in (left, right))
    found = float(left) - float(right)
    return found / 1_000_000.0 if subtype.rep is Rep.TIMESTAMP else found


def _counted(subtype: PgType, values: np.ndarray) -> np.ndarray:
    """Dates as days from 2000-01-01, as PostgreSQL has them; others as they are."""
    if subtype.rep is not Rep.DATE:
        return values
    limits = np.iinfo(np.int32)
    return np.where((values == limits.min) | (values == limits.max), values, values - np.int32(POSTGRES_DAYS))


class MultirangeForm(TextForm):
    """Multiranges have no values here: refused by name."""

    def datum_out(self, type: PgType, datum: Datum, style: TextStyle) -> str:
        raise FeatureNotSupported(f"type {format_type(type)} is not supported")

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        raise FeatureNotSupported(f"type {format_type(type)} is not supported")


REP_FORMS[Rep.RANGE] = RangeForm()
REP_FORMS[Rep.MULTIRANGE] = MultirangeForm()
