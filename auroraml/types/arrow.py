"""Arrow edge: vectors to Arrow arrays and back, and the Arrow type of each PostgreSQL type."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from auroraml.batch import (
    EMPTY_RANGE,
    INTERVAL_DTYPE,
    LOWER_INC,
    LOWER_INF,
    UPPER_INC,
    UPPER_INF,
    DictVector,
    FixedVector,
    ListVector,
    NumericVector,
    RangeVector,
    StructVector,
    TextVector,
    Vector,
)
from auroraml.errors import FeatureNotSupported
from auroraml.lazy import compute as pc
from auroraml.types import table
from auroraml.types.form import Resolver
from auroraml.types.numeric import precision_scale, rescale
from auroraml.types.pg_type import Attribute, PgType, Rep
from auroraml.types.table import BY_OID
from auroraml.types.text import text_in, text_out

EPOCH_MICROS = 946_684_800_000_000  # 2000-01-01 in microseconds from 1970-01-01
_FIXED: dict[Rep, pa.DataType] = {
    Rep.BOOL: pa.bool_(), Rep.INT2: pa.int16(), Rep.INT4: pa.int32(), Rep.INT8: pa.int64(), Rep.OID: pa.int64(), Rep.FLOAT4: pa.float32(),
    Rep.FLOAT8: pa.float64(), Rep.DATE: pa.date32(), Rep.TIME: pa.time64("us"), Rep.INTERVAL: pa.month_day_nano_interval(),
    Rep.POINT: pa.struct([pa.field("x", pa.float64()), pa.field("y", pa.float64())]),
}  # fmt: skip
_FROM: dict[pa.DataType, PgType] = {
    pa.bool_(): table.BOOL, pa.int8(): table.INT2, pa.uint8(): table.INT2, pa.int16(): table.INT2, pa.uint16(): table.INT4,
    pa.int32(): table.INT4, pa.uint32(): table.INT8, pa.int64(): table.INT8, pa.float16(): table.FLOAT4, pa.float32(): table.FLOAT4,
    pa.float64(): table.FLOAT8, pa.string(): table.TEXT, pa.large_string(): table.TEXT, pa.string_view(): table.TEXT, pa.null(): table.TEXT,
    pa.binary(): table.BYTEA, pa.large_binary(): table.BYTEA, pa.binary_view(): table.BYTEA, pa.date32(): table.DATE, pa.date64(): table.DATE,
    pa.month_day_nano_interval(): table.INTERVAL,
}  # fmt: skip


def arrow_type(type: PgType, typmod: int = -1, resolve: Resolver = BY_OID.__getitem__) -> pa.DataType:
    """The Arrow type that `to_arrow` gives for values of `type`."""
    if type.rep is Rep.NUMERIC:
        precision, scale = precision_scale(typmod) if typmod >= 0 else (0, 0)
        return pa.decimal128(precision, scale) if 0 < precision <= 38 and 0 <= scale <= precision else pa.large_string()
    if type.rep is Rep.TIMESTAMP:
        return pa.timestamp("us", "UTC") if type.oid == table.TIMESTAMPTZ.oid else pa.timestamp("us")
    if type.rep is Rep.LIST:
        return pa.large_list(arrow_type(resolve(type.element or table.TEXT.oid), typmod, resolve))
    if type.rep is Rep.STRUCT:
        return pa.struct([pa.field(a.name, arrow_type(a.type, a.typmod, resolve)) for a in type.attributes])
    if type.rep is Rep.RANGE:
        return _range_type(arrow_type(resolve(type.subtype), -1, resolve))
    if type.rep is Rep.BYTES:
        return pa.binary(16) if type.oid == table.UUID.oid else pa.large_binary()
    return _FIXED.get(type.rep, pa.large_string())


def _range_type(bound: pa.DataType) -> pa.DataType:
    """A range as a struct: both bounds, NULL where infinite or empty, and what they say."""
    flags = [pa.field(name, pa.bool_()) for name in ("lower_inc", "upper_inc", "empty")]
    return pa.struct([pa.field("lower", bound), pa.field("upper", bound), *flags])


def arrow_field(name: str, type: PgType, typmod: int = -1, resolve: Resolver = BY_OID.__getitem__) -> pa.Field:
    """The field of a result column: its metadata names the PostgreSQL type, which Arrow's type alone may not tell."""
    metadata = {"pg_type": type.name, "pg_oid": str(type.oid), "pg_typmod": str(typmod)}
    return pa.field(name, arrow_type(type, typmod, resolve), metadata=metadata)


def to_arrow(type: PgType, typmod: int, vector: Vector, resolve: Resolver = BY_OID.__getitem__) -> pa.Array:
    """The values as an Arrow array of `arrow_type(type, typmod)`; ints, floats, dates and text are not copied."""
    target = arrow_type(type, typmod, resolve)
    if isinstance(vector, DictVector):
        nulls = None if vector.validity is None else ~vector.validity
        dictionary = to_arrow(type, typmod, vector.dictionary, resolve)
        return dictionary.take(pa.array(vector.codes, mask=nulls))
    flat = vector.flat()
    nulls = None if flat.validity is None else ~flat.validity
    converter = _TO.get(type.rep)
    if converter is not None:
        return converter(type, typmod, flat, nulls, target)
    if isinstance(flat, ListVector):
        return _list_to(type, typmod, flat, resolve, target)
    if isinstance(flat, StructVector):
        fields = [to_arrow(a.type, a.typmod, field, resolve) for a, field in zip(type.attributes, flat.fields, strict=True)]
        if not fields:
            return pa.array([{} if ok else None for ok in flat.valid.tolist()], target)
        return pa.StructArray.from_arrays(fields, fields=list(target), mask=None if nulls is None else pa.array(nulls))
    if isinstance(flat, RangeVector):
        return _range_to(type, flat, nulls, resolve, target)
    assert isinstance(flat, TextVector)
    array = flat.to_arrow()
    return array if array.type == target else array.cast(target)


_Nulls = np.ndarray | None


def _fixed_to(type: PgType, typmod: int, vector: Vector, nulls: _Nulls, target: pa.DataType) -> pa.Array:
    assert isinstance(vector, FixedVector)
    values = pa.array(vector.values, mask=nulls)
    return values if values.type == target else values.view(target)


def _timestamp_to(type: PgType, typmod: int, vector: Vector, nulls: _Nulls, target: pa.DataType) -> pa.Array:
    assert isinstance(vector, FixedVector)
    limits = np.iinfo(np.int64)
    values = vector.values
    # infinities stay at the extremes
    finite = (values != limits.min) & (values < limits.max - EPOCH_MICROS)
    return pa.array(np.where(finite, values + np.where(finite, EPOCH_MICROS, 0), values), mask=nulls).view(target)


def _numeric_to(type: PgType, typmod: int, vector: Vector, nulls: _Nulls, target: pa.DataType) -> pa.Array:
    assert isinstance(vector, NumericVector)
    if not pa.types.is_decimal(target):
        texts = text_out(type, vector)
        assert isinstance(texts, TextVector)
        return texts.to_arrow()
    scaled = None if vector.scale is None else rescale(vector.values, vector.scale, target.scale)
    if scaled is None:
        # per value: Decimal objects; NaN has no decimal128 and becomes NULL
        known = vector.valid
        return pa.array([value if ok and value.is_finite() else None for value, ok in zip(vector.as_objects().values, known, strict=True)], target)
    words = np.empty((vector.n, 2), np.int64)  # decimal128 is a little-endian 128-bit integer
    words[:, 0] = scaled
    words[:, 1] = scaled >> 63
    validity = None if nulls is None else pa.array(~nulls).buffers()[1]
    return pa.Array.from_buffers(target, vector.n, [validity, pa.py_buffer(words)])


def _interval_to(type: PgType, typmod: int, vector: Vector, nulls: _Nulls, target: pa.DataType) -> pa.Array:
    assert isinstance(vector, FixedVector)
    out = np.zeros(vector.n, np.dtype([("months", np.int32), ("days", np.int32), ("nanos", np.int64)]))
    out["months"], out["days"], out["nanos"] = vector.values["months"], vector.values["days"], vector.values["micros"] * 1000
    validity = None if nulls is None else pa.array(~nulls).buffers()[1]
    return pa.Array.from_buffers(target, vector.n, [validity, pa.py_buffer(out)])


def _point_to(type: PgType, typmod: int, vector: Vector, nulls: _Nulls, target: pa.DataType) -> pa.Array:
    assert isinstance(vector, FixedVector)
    parts = [pa.array(np.ascontiguousarray(vector.values[name])) for name in ("x", "y")]
    return pa.StructArray.from_arrays(parts, fields=list(target), mask=None if nulls is None else pa.array(nulls))


def _text_to(type: PgType, typmod: int, vector: Vector, nulls: _Nulls, target: pa.DataType) -> pa.Array:
    texts = text_out(type, vector)
    assert isinstance(texts, TextVector)
    return texts.to_arrow().cast(target)


_TO: dict[Rep, Callable[[PgType, int, Vector, _Nulls, pa.DataType], pa.Array]] = {
    Rep.BOOL: _fixed_to, Rep.INT2: _fixed_to, Rep.INT4: _fixed_to, Rep.INT8: _fixed_to, Rep.OID: _fixed_to, Rep.FLOAT4: _fixed_to,
    Rep.FLOAT8: _fixed_to, Rep.DATE: _fixed_to, Rep.TIME: _fixed_to, Rep.TIMESTAMP: _timestamp_to, Rep.NUMERIC: _numeric_to,
    Rep.INTERVAL: _interval_to, Rep.POINT: _point_to, Rep.TID: _text_to,
}  # fmt: skip


def _range_to(type: PgType, vector: RangeVector, nulls: _Nulls, resolve: Resolver, target: pa.DataType) -> pa.Array:
    subtype, flags = resolve(type.subtype), vector.flags
    bounds = [
        to_arrow(subtype, -1, bound.with_validity((flags & (EMPTY_RANGE | infinite)) == 0), resolve)
        for bound, infinite in ((vector.lower, LOWER_INF), (vector.upper, UPPER_INF))
    ]
    said = [pa.array((flags & bit) != 0) for bit in (LOWER_INC, UPPER_INC, EMPTY_RANGE)]
    return pa.StructArray.from_arrays([*bounds, *said], fields=list(target), mask=None if nulls is None else pa.array(nulls))


def _list_to(type: PgType, typmod: int, vector: ListVector, resolve: Resolver, target: pa.DataType) -> pa.Array:
    """A list per array; the elements of a many-dimensional one in a row, for Arrow's lists have one depth in a column."""
    child = to_arrow(resolve(type.element or table.TEXT.oid), typmod, vector.child, resolve)
    mask = None if vector.validity is None else pa.array(~vector.validity)
    return pa.LargeListArray.from_arrays(pa.array(np.ascontiguousarray(vector.offsets)), child, type=target, mask=mask)


def from_arrow(array: pa.ChunkedArray | pa.Array) -> tuple[PgType, int, Vector]:
    """The PostgreSQL type, typmod and vector for an Arrow array; raises 0A000 for types without a counterpart."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks() if array.num_chunks != 1 else array.chunk(0)
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    validity = None if array.null_count == 0 else array.is_valid().to_numpy(zero_copy_only=False)
    arrow = array.type
    if pa.types.is_dictionary(arrow):
        return _dictionary_from(array, validity)
    if pa.types.is_list(arrow) or pa.types.is_large_list(arrow) or pa.types.is_fixed_size_list(arrow):
        return _list_from(array, validity)
    if pa.types.is_struct(arrow):
        return _struct_from(array, validity)
    for known, convert in _FROM_KINDS:
        if known(arrow):
            return convert(array, validity)
    type = _FROM.get(arrow)
    if type is None:
        raise FeatureNotSupported(f"Arrow type {arrow} is not supported")
    return type, -1, _plain_from(array, type, validity)


_Valid = np.ndarray | None
_Columnar = tuple[PgType, int, Vector]


def _plain_from(array: pa.Array, type: PgType, validity: _Valid) -> Vector:
    if type.rep is Rep.INTERVAL:
        parts = np.zeros(len(array), INTERVAL_DTYPE)
        months = np.frombuffer(array.buffers()[1], np.dtype([("m", np.int32), ("d", np.int32), ("n", np.int64)]))
        months = months[array.offset : array.offset + len(array)]
        parts["months"], parts["days"], parts["micros"] = months["m"], months["d"], months["n"] // 1000
        parts[~np.ones(len(array), np.bool_) if validity is None else ~validity] = np.zeros((), INTERVAL_DTYPE)
        return FixedVector(parts, validity)
    target = arrow_type(type)
    values = array if array.type == target else array.cast(target)
    if type.rep in (Rep.TEXT, Rep.BYTES):
        empty = b"" if type.rep is Rep.BYTES else ""
        return TextVector(values if validity is None else values.fill_null(empty), validity)
    if type.rep is Rep.BOOL:
        return FixedVector(values.fill_null(False).to_numpy(zero_copy_only=False), validity)
    if type.rep is Rep.DATE:
        values = values.view(pa.int32())
    return FixedVector((values if validity is None else values.fill_null(0)).to_numpy(), validity)


def _decimal_from(array: pa.Array, validity: _Valid) -> _Columnar:
    precision, scale = array.type.precision, array.type.scale
    typmod = (precision << 16 | scale & 0x7FF) + 4
    if pa.types.is_decimal128(array.type) and precision <= 18 and scale >= 0:
        words = np.frombuffer(array.buffers()[1], np.int64).reshape(-1, 2)[array.offset : array.offset + len(array), 0]
        return table.NUMERIC, typmod, NumericVector(words if validity is None else np.where(validity, words, 0), scale, validity)
    read = text_in(table.NUMERIC, typmod, TextVector(pc.cast(array.fill_null(0), pa.large_string())))
    return table.NUMERIC, typmod, read.with_validity(validity)


def _timestamp_from(array: pa.Array, validity: _Valid) -> _Columnar:
    type = table.TIMESTAMP if array.type.tz is None else table.TIMESTAMPTZ
    micros = array.cast(pa.timestamp("us", array.type.tz), safe=False).view(pa.int64())
    values = (micros if validity is None else micros.fill_null(EPOCH_MICROS)).to_numpy()
    limits = np.iinfo(np.int64)
    finite = (values > limits.min + EPOCH_MICROS) & (values != limits.max)
    return type, -1, FixedVector(np.where(finite, values - np.where(finite, EPOCH_MICROS, 0), values), validity)


def _time_from(array: pa.Array, validity: _Valid) -> _Columnar:
    micros = array.cast(pa.time64("us"), safe=False).view(pa.int64())
    return table.TIME, -1, FixedVector((micros if validity is None else micros.fill_null(0)).to_numpy(), validity)


def _duration_from(array: pa.Array, validity: _Valid) -> _Columnar:
    parts = np.zeros(len(array), INTERVAL_DTYPE)
    micros = array.cast(pa.duration("us"), safe=False).view(pa.int64())
    parts["micros"] = (micros if validity is None else micros.fill_null(0)).to_numpy()
    return table.INTERVAL, -1, FixedVector(parts, validity)


def _uint64_from(array: pa.Array, validity: _Valid) -> _Columnar:
    return _decimal_from(array.cast(pa.decimal128(20, 0)), validity)


def _fixed_binary_from(array: pa.Array, validity: _Valid) -> _Columnar:
    type = table.UUID if array.type.byte_width == 16 else table.BYTEA
    values = array.cast(pa.binary()).cast(pa.large_binary())
    return type, -1, TextVector(values if validity is None else values.fill_null(b""), validity)


_FROM_KINDS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array, _Valid], _Columnar]], ...] = (
    (pa.types.is_decimal, _decimal_from), (pa.types.is_timestamp, _timestamp_from), (pa.types.is_time, _time_from),
    (pa.types.is_duration, _duration_from), (pa.types.is_uint64, _uint64_from), (pa.types.is_fixed_size_binary, _fixed_binary_from),
)  # fmt: skip


def _dictionary_from(array: pa.DictionaryArray, validity: _Valid) -> _Columnar:
    type, typmod, dictionary = from_arrow(array.dictionary)
    if not isinstance(dictionary, TextVector) or dictionary.validity is not None:
        return from_arrow(array.dictionary_decode())
    codes = array.indices.cast(pa.int32())
    return type, typmod, DictVector((codes if validity is None else codes.fill_null(0)).to_numpy(), dictionary, validity)


def _list_from(array: pa.Array, validity: _Valid) -> _Columnar:
    element, typmod, child = from_arrow(array.flatten())  # only the elements of rows that are not NULL
    if not element.array:
        raise FeatureNotSupported(f"Arrow type {array.type} is not supported")
    offsets = np.zeros(len(array) + 1, np.int64)
    np.cumsum(pc.list_value_length(array).fill_null(0).to_numpy(), out=offsets[1:])
    return BY_OID[element.array], typmod, ListVector(offsets, child, validity)


def _struct_from(array: pa.StructArray, validity: _Valid) -> _Columnar:
    fields = [from_arrow(field) for field in array.flatten()]
    names = [array.type.field(i).name for i in range(array.type.num_fields)]
    attributes = tuple(Attribute(name=name, type=type, typmod=typmod) for name, (type, typmod, _) in zip(names, fields, strict=True))
    record = PgType(oid=table.RECORD.oid, name="record", rep=Rep.STRUCT, kind="p", category="P", align="d", storage="x", attributes=attributes)
    return record, -1, StructVector([vector for _, _, vector in fields], len(array), validity)
