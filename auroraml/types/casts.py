"""Casts: PostgreSQL's pg_cast rows, and kernels for the casts between built-in types."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pyarrow as pa

from auroraml.batch import DTYPES, ConstVector, Datum, DictVector, FixedVector, NumericVector, TextVector, Vector, from_datums, limbs, limbs_of
from auroraml.errors import FeatureNotSupported, InvalidParameterValue, NumericValueOutOfRange
from auroraml.lazy import compute as pc
from auroraml.records import dataclass
from auroraml.types import datetime_casts, table
from auroraml.types.data import CASTS
from auroraml.types.form import DEFAULT_STYLE, TextStyle, form_of
from auroraml.types.json import Number, read_json
from auroraml.types.numeric import CONTEXT, limbs_at, rescale
from auroraml.types.pg_type import PgType, Rep
from auroraml.types.strings import cut_name
from auroraml.types.text import text_in, text_out
from auroraml.types.typmod import apply_typmod, format_type


@dataclass(frozen=True, kw_only=True)
class CastRow:
    """A row of pg_cast: `function` is an OID or 0, `context` i, a or e, `method` f (function), b (binary), i (text forms)."""

    source: int
    target: int
    function: int
    context: str
    method: str


_ROWS: dict[tuple[int, int], CastRow] = {
    (source, target): CastRow(source=source, target=target, function=function, context=context, method=method)
    for source, target, function, context, method in CASTS
}


def find_cast(source: PgType, target: PgType) -> CastRow | None:
    """The pg_cast row from `source` to `target`, if there is one (text-form casts of all types have none)."""
    return _ROWS.get((source.oid, target.oid))


Kernel = Callable[[Vector, TextStyle], Vector]
KERNELS: dict[tuple[int, int], Kernel] = {}  # (source OID, target OID)


def cast_vector(source: PgType, target: PgType, typmod: int, vector: Vector, style: TextStyle = DEFAULT_STYLE, explicit: bool = True) -> Vector:
    """The values cast to `target` and its typmod: by kernel, relabelled where the bytes agree, else through the text forms."""
    if isinstance(vector, ConstVector):
        return ConstVector(cast_vector(source, target, typmod, vector.one, style, explicit), vector.n)
    kernel = KERNELS.get((source.oid, target.oid))
    row = find_cast(source, target)
    if kernel is not None:
        result = kernel(vector, style)
    elif source.oid == target.oid or (row is not None and row.method == "b"):
        result = _relabel(vector, source.rep, target.rep)
    else:
        result = text_in(target, -1, text_out(source, vector, style), style)
    return apply_typmod(target, typmod, result, explicit)


def _relabel(vector: Vector, source: Rep, target: Rep) -> Vector:
    """The same values; int4 to oid and back change width and wrap round."""
    if source is target or source not in DTYPES or DTYPES[source] == DTYPES.get(target):
        return vector
    assert isinstance(vector, FixedVector)
    values = vector.values.astype(np.uint32).astype(np.int64) if target is Rep.OID else vector.values.astype(np.uint32).astype(np.int32)
    return FixedVector(values, vector.validity)


def _fixed(vector: Vector) -> FixedVector:
    flat = vector.flat()
    assert isinstance(flat, FixedVector)
    return flat


def _numeric(vector: Vector) -> NumericVector:
    flat = vector.flat()
    assert isinstance(flat, NumericVector)
    return flat


_INT_NAMES = {Rep.INT2: "smallint", Rep.INT4: "integer", Rep.INT8: "bigint", Rep.OID: "OID"}


def out_of_range(rep: Rep) -> NumericValueOutOfRange:
    """The error of a value that an integer type cannot hold."""
    return NumericValueOutOfRange(f"{_INT_NAMES[rep]} out of range")


def narrow_integers(values: np.ndarray, rep: Rep) -> np.ndarray:
    """Integers in the width of `rep`; raises where one does not fit."""
    target = DTYPES[rep]
    if rep is not Rep.OID and values.dtype.itemsize <= target.itemsize and values.dtype.kind == "i":
        return values.astype(target, copy=False)
    low, high = _LIMITS[rep]
    if len(values) and (int(values.min()) < low or int(values.max()) > high):
        raise out_of_range(rep)
    return values.astype(target, copy=False)


_LIMITS = {rep: (int(np.iinfo(DTYPES[rep]).min), int(np.iinfo(DTYPES[rep]).max)) for rep in (Rep.INT2, Rep.INT4, Rep.INT8)} | {
    Rep.OID: (0, 2**32 - 1)
}


def _int_to_int(target: Rep) -> Kernel:
    def kernel(vector: Vector, style: TextStyle) -> Vector:
        fixed = _fixed(vector)
        return FixedVector(narrow_integers(fixed.values, target), fixed.validity, fixed.lo, fixed.hi)

    return kernel


def _int_to_float(target: Rep) -> Kernel:
    def kernel(vector: Vector, style: TextStyle) -> Vector:
        fixed = _fixed(vector)
        return FixedVector(fixed.values.astype(DTYPES[target]), fixed.validity)

    return kernel


def _float_to_int(target: Rep) -> Kernel:
    def kernel(vector: Vector, style: TextStyle) -> Vector:
        fixed = _fixed(vector)
        rounded = np.rint(fixed.values.astype(np.float64))
        info = np.iinfo(DTYPES[target])
        if not ((rounded >= float(info.min)) & (rounded < float(info.max) + (target is not Rep.INT8))).all():  # NaN fails too
            raise out_of_range(target)
        return FixedVector(rounded.astype(DTYPES[target]), fixed.validity)

    return kernel


def _float8_to_float4(vector: Vector, style: TextStyle) -> Vector:
    fixed = _fixed(vector)
    with np.errstate(over="ignore", under="ignore"):
        values = fixed.values.astype(np.float32)
    if (np.isinf(values) & ~np.isinf(fixed.values)).any():
        raise NumericValueOutOfRange("value out of range: overflow")
    if ((values == 0) & (fixed.values != 0)).any():
        raise NumericValueOutOfRange("value out of range: underflow")
    return FixedVector(values, fixed.validity)


def _int_to_numeric(vector: Vector, style: TextStyle) -> Vector:
    fixed = _fixed(vector)
    return NumericVector(fixed.values.astype(np.int64), 0, fixed.validity, fixed.lo, fixed.hi)


def _float_to_numeric(digits: int) -> Kernel:
    def kernel(vector: Vector, style: TextStyle) -> Vector:
        fixed = _fixed(vector)
        values = fixed.values.astype(np.float64)
        if ((values == np.rint(values)) & (np.abs(values) < 10 ** min(digits, 15))).all():
            return NumericVector(values.astype(np.int64), 0, fixed.validity)
        known = fixed.valid.tolist()
        # per value: each has as many decimals as its first 15 (or 6) significant digits need
        decimals = [_plain_decimal(f"{value:.{digits}g}") if ok else None for value, ok in zip(values.tolist(), known, strict=True)]
        return from_datums(table.NUMERIC, decimals)

    return kernel


def _plain_decimal(text: str) -> Decimal:
    value = Decimal(text)
    exponent = value.as_tuple().exponent
    return value.quantize(Decimal(1), context=CONTEXT) if isinstance(exponent, int) and (exponent > 0 or not value) else value


def _numeric_to_int(target: Rep) -> Kernel:
    def kernel(vector: Vector, style: TextStyle) -> Vector:
        numeric = _numeric(vector)
        scaled = None if numeric.scale is None else rescale(numeric.values, numeric.scale, 0)
        if scaled is not None:
            return FixedVector(narrow_integers(scaled, target), numeric.validity)
        if (found := limbs_of(numeric)) is not None and (exact := limbs_at(*found, 0)) is not None:
            whole = limbs.whole_of(exact)  # 19 digits may do still
            return FixedVector(narrow_integers(limbs.integers(exact) if whole is None else whole, target), numeric.validity)
        info = np.iinfo(DTYPES[target])
        out = np.zeros(numeric.n, DTYPES[target])
        for row, value in enumerate(numeric.as_objects().values):  # per value: Decimal objects
            if not value.is_finite():
                word = "NaN" if value.is_nan() else "infinity"
                raise FeatureNotSupported(f"cannot convert {word} to {_INT_NAMES[target]}")
            integer = int(value.to_integral_value(context=CONTEXT))
            if not info.min <= integer <= info.max:
                raise out_of_range(target)
            out[row] = integer
        return FixedVector(out, numeric.validity)

    return kernel


_EXACT_POWER = 22  # 10**22 is the largest power of ten that a double holds exactly


def _numeric_to_float(target: Rep) -> Kernel:
    def kernel(vector: Vector, style: TextStyle) -> Vector:
        numeric = _numeric(vector)
        scale = numeric.scale
        exact = scale is not None and scale <= _EXACT_POWER and bool((np.abs(numeric.values) <= 2**53).all())
        if exact and target is Rep.FLOAT8 and scale is not None:
            return FixedVector(numeric.values / 10.0**scale, numeric.validity)  # one correctly rounded division of exact doubles
        float_type = table.FLOAT4 if target is Rep.FLOAT4 else table.FLOAT8
        plain = TextVector(text_out_array(numeric), numeric.validity)
        return text_in(float_type, -1, plain, style)

    return kernel


def text_out_array(numeric: NumericVector) -> pa.Array:
    """The texts of numeric values, what stands at a NULL included."""
    texts = text_out(table.NUMERIC, numeric)
    assert isinstance(texts, TextVector)
    return texts.values


def _bool_to_int(vector: Vector, style: TextStyle) -> Vector:
    fixed = _fixed(vector)
    return FixedVector(fixed.values.astype(np.int32), fixed.validity)


def _int_to_bool(vector: Vector, style: TextStyle) -> Vector:
    fixed = _fixed(vector)
    return FixedVector(fixed.values != 0, fixed.validity)


def _mapped_text(change: Callable[[pa.Array], pa.Array]) -> Kernel:
    """A kernel over text arrays, applied to the dictionary where there is one."""

    def kernel(vector: Vector, style: TextStyle) -> Vector:
        if isinstance(vector, DictVector):
            return DictVector(vector.codes, TextVector(change(vector.dictionary.values)), vector.validity)
        assert isinstance(vector, TextVector)
        return TextVector(change(vector.values), vector.validity)

    return kernel


def _bool_to_text(vector: Vector, style: TextStyle) -> Vector:
    fixed = _fixed(vector)
    return TextVector(pa.array(["false", "true"], pa.large_string()).take(pa.array(fixed.values.astype(np.int8))), fixed.validity)


def _trim_blanks(texts: pa.Array) -> pa.Array:
    return pc.utf8_rtrim(texts, " ")


def _first_character(texts: pa.Array) -> pa.Array:
    return pc.utf8_slice_codeunits(texts, 0, 1)


def _cut_names(texts: pa.Array) -> pa.Array:
    if (pc.max(pc.binary_length(texts)).as_py() or 0) <= 63:
        return texts
    return pa.array([cut_name(text) for text in texts.to_pylist()], pa.large_string())  # per value: cut at a byte count


def _cut_blank_names(texts: pa.Array) -> pa.Array:
    return _cut_names(_trim_blanks(texts))


def _same_text(texts: pa.Array) -> pa.Array:
    return texts


def _char_to_int(vector: Vector, style: TextStyle) -> Vector:
    datums = vector.datums()  # per value: a byte each
    signed = [None if d is None else int.from_bytes(str(d).encode()[:1] or b"\0", "big", signed=True) for d in datums]
    return from_datums(table.INT4, signed)


def _int_to_char(vector: Vector, style: TextStyle) -> Vector:
    fixed = _fixed(vector)
    if ((fixed.values < -128) | (fixed.values > 127)).any():
        raise NumericValueOutOfRange('"char" out of range')
    texts = [chr(value) if value > 0 else "" for value in fixed.values.tolist()]  # per value: a byte each
    return TextVector(pa.array(texts, pa.large_string()), fixed.validity)


_JSON_NAMES: dict[type, str] = {dict: "object", list: "array", str: "string", bool: "boolean", Number: "numeric", type(None): "null"}


def _jsonb_to(target: PgType, wanted: type) -> Kernel:
    """From jsonb scalars; numbers go on by the cast from numeric."""

    def scalar(text: str) -> object:
        value = read_json(text)
        if isinstance(value, wanted):
            return value.value if isinstance(value, Number) else value
        name = _JSON_NAMES[type(value)]
        raise InvalidParameterValue(f"cannot cast jsonb {name} to type {format_type(target)}")

    def numbers_of(vector: Vector, style: TextStyle) -> Vector:
        texts = vector.flat()
        if isinstance(texts, TextVector) and texts.validity is None and pc.all(pc.match_substring_regex(texts.values, "^[-0-9]")).as_py():
            numbers: Vector = form_of(table.NUMERIC).vector_in(table.NUMERIC, -1, texts.values, style)
            return numbers
        return from_datums(table.NUMERIC, values_of(vector))

    def values_of(vector: Vector) -> list[object]:
        return [None if d is None else scalar(str(d)) for d in vector.datums()]  # per value: each is a document

    def kernel(vector: Vector, style: TextStyle) -> Vector:
        if target.rep is Rep.BOOL:
            return from_datums(target, values_of(vector))
        numbers = numbers_of(vector, style)
        return numbers if target.rep is Rep.NUMERIC else KERNELS[table.NUMERIC.oid, target.oid](numbers, style)

    return kernel


def _register_numbers() -> None:
    ints = (table.INT2, table.INT4, table.INT8)
    for source in ints:
        for target in ints:
            if source is not target:
                KERNELS[source.oid, target.oid] = _int_to_int(target.rep)
        for target in (table.FLOAT4, table.FLOAT8):
            KERNELS[source.oid, target.oid] = _int_to_float(target.rep)
            KERNELS[target.oid, source.oid] = _float_to_int(source.rep)
        KERNELS[source.oid, table.NUMERIC.oid] = _int_to_numeric
        KERNELS[table.NUMERIC.oid, source.oid] = _numeric_to_int(source.rep)
    KERNELS[table.FLOAT4.oid, table.FLOAT8.oid] = _int_to_float(Rep.FLOAT8)
    KERNELS[table.FLOAT8.oid, table.FLOAT4.oid] = _float8_to_float4
    for target, digits in ((table.FLOAT4, 6), (table.FLOAT8, 15)):
        KERNELS[target.oid, table.NUMERIC.oid] = _float_to_numeric(digits)
        KERNELS[table.NUMERIC.oid, target.oid] = _numeric_to_float(target.rep)
    KERNELS[table.BOOL.oid, table.INT4.oid] = _bool_to_int
    KERNELS[table.INT4.oid, table.BOOL.oid] = _int_to_bool
    for oid_type in (type for type in table.BY_OID.values() if type.rep is Rep.OID):
        KERNELS[oid_type.oid, table.INT8.oid] = _int_to_int(Rep.INT8)
        KERNELS[table.INT8.oid, oid_type.oid] = _int_to_int(Rep.OID)
        KERNELS[table.INT2.oid, oid_type.oid] = _wrap_to_oid


def _wrap_to_oid(vector: Vector, style: TextStyle) -> Vector:
    fixed = _fixed(vector)
    return FixedVector(fixed.values.astype(np.uint32).astype(np.int64), fixed.validity)


def _register_texts() -> None:
    for target in (table.TEXT, table.VARCHAR, table.BPCHAR):
        KERNELS[table.BOOL.oid, target.oid] = _bool_to_text
        KERNELS[target.oid, table.CHAR.oid] = _mapped_text(_first_character)
        KERNELS[target.oid, table.NAME.oid] = _mapped_text(_cut_blank_names if target is table.BPCHAR else _cut_names)
        KERNELS[table.CHAR.oid, target.oid] = _mapped_text(_same_text)
        KERNELS[table.NAME.oid, target.oid] = _mapped_text(_same_text)
    KERNELS[table.BPCHAR.oid, table.TEXT.oid] = _mapped_text(_trim_blanks)
    KERNELS[table.BPCHAR.oid, table.VARCHAR.oid] = _mapped_text(_trim_blanks)
    KERNELS[table.CHAR.oid, table.INT4.oid] = _char_to_int
    KERNELS[table.INT4.oid, table.CHAR.oid] = _int_to_char
    for target in (table.INT2, table.INT4, table.INT8, table.FLOAT4, table.FLOAT8, table.NUMERIC):
        KERNELS[table.JSONB.oid, target.oid] = _jsonb_to(target, Number)
    KERNELS[table.JSONB.oid, table.BOOL.oid] = _jsonb_to(table.BOOL, bool)


_register_numbers()
_register_texts()
KERNELS.update(datetime_casts.KERNELS)


def unchanged(value: Datum) -> Datum:
    """A cast of a Python value that is none: whole numbers of another width."""
    return value


def _to_float(value: Datum) -> Datum | None:
    found = float(value)  # type: ignore[arg-type] # a number
    return None if value and (found == 0.0 or found in (math.inf, -math.inf)) else found


def _narrowed(low: int, high: int) -> Callable[[Datum], Datum | None]:
    return lambda value: value if low <= value <= high else None  # type: ignore[operator] # an int


def _whole(value: Datum) -> Datum:
    return Decimal(value)  # type: ignore[arg-type] # an int


_WIDENED = ((table.INT2, table.INT4), (table.INT2, table.INT8), (table.INT4, table.INT8))
_NUMBERS = (table.INT2, table.INT4, table.INT8)
DATUM_CASTS: dict[int, Callable[[Datum], Datum | None]] = {  # by pg_cast's function: casts of one Python value; None where the kernel has to say
    _ROWS[source.oid, target.oid].function: cast
    for source, target, cast in (
        *((source, target, unchanged) for source, target in _WIDENED),
        *((source, target, _narrowed(*_LIMITS[target.rep])) for target, source in _WIDENED),
        *((source, table.FLOAT8, _to_float) for source in (*_NUMBERS, table.NUMERIC)),
        *((source, table.NUMERIC, _whole) for source in _NUMBERS),
    )
}
