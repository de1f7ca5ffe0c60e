"""Python values: vectors to the objects psycopg gives, and Python objects to typed datums."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from decimal import Decimal

import pyarrow as pa

from auroraml.batch import (
    EMPTY_RANGE,
    LOWER_INC,
    LOWER_INF,
    UPPER_INC,
    UPPER_INF,
    Datum,
    FixedVector,
    ListVector,
    NumericVector,
    RangeVector,
    StructVector,
    TextVector,
    Vector,
)
from auroraml.dispatch import singledispatch
from auroraml.errors import DataError, FeatureNotSupported
from auroraml.lazy import compute as pc
from auroraml.types import table
from auroraml.types.arrays import element_of, quoted_element
from auroraml.types.datetime_forms import session_zone
from auroraml.types.form import DEFAULT_STYLE, TextStyle, form_of
from auroraml.types.json import quote_json
from auroraml.types.julian import DAY
from auroraml.types.pg_type import Attribute, Interval, PgArray, PgType, Point, Rep
from auroraml.types.pg_type import Range as RangeDatum
from auroraml.types.python_moments import FIRST_DAY, LAST_DAY, moments, tzinfo
from auroraml.types.python_range import Range
from auroraml.types.table import array_of

FEW = 200  # values that are made Python's one by one
_EPOCH = dt.datetime(2000, 1, 1)
_UTC_EPOCH = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_MIDNIGHT = dt.datetime(1970, 1, 1)


def to_python(type: PgType, vector: Vector, style: TextStyle = DEFAULT_STYLE) -> list[object | None]:
    """The values as psycopg gives them: datetime objects, Decimal, UUID, lists, tuples; None for NULL."""
    flat = vector.flat()
    if isinstance(flat, ListVector) and flat.shapes is None:
        return _lists(type, flat, style)
    if isinstance(flat, StructVector):
        columns = [to_python(a.type, field, style) for a, field in zip(type.attributes, flat.fields, strict=True)]
        rows: list[object | None] = list(zip(*columns, strict=True)) if columns else [()] * flat.n
        return [row if ok else None for row, ok in zip(rows, flat.valid.tolist(), strict=True)]
    if isinstance(flat, RangeVector):
        return _ranges(type, flat, style)
    if type.rep in _AS_THEY_ARE and type.oid not in _BY_OID:
        if type.rep is Rep.FLOAT4:  # the shortest digits, as they are sent
            flat = FixedVector(pc.cast(form_of(type).vector_out(type, flat, DEFAULT_STYLE), pa.float64()).to_numpy(), flat.validity)
        values: list[object | None] = flat.values.tolist() if isinstance(flat, FixedVector) else flat.datums()
        return values if flat.validity is None else [v if ok else None for v, ok in zip(values, flat.validity.tolist(), strict=True)]
    made = moments(type, flat, style) or _whole(type, flat)
    if made is not None:
        return made if flat.validity is None else [v if ok else None for v, ok in zip(made, flat.validity.tolist(), strict=True)]
    convert = _converter(type, style)
    return [None if d is None else convert(d) for d in flat.datums()]  # per value: each becomes a Python object


def _whole(type: PgType, vector: Vector) -> list[object | None] | None:
    """numeric of one scale, uuid and timetz, all at once; anything where the vector is NULL."""
    if isinstance(vector, NumericVector) and vector.scale is not None and type.rep is Rep.NUMERIC:
        if vector.n < FEW:  # each costs more, but the texts of them all have their price too
            return [Decimal(value).scaleb(-vector.scale) for value in vector.values.tolist()]
        return list(map(Decimal, form_of(type).vector_out(type, vector, DEFAULT_STYLE).to_pylist()))
    if not isinstance(vector, TextVector) or vector.validity is not None:
        return None
    if type.oid == table.UUID.oid:
        return _uuids(vector.values.to_pylist())
    return list(map(dt.time.fromisoformat, vector.values.to_pylist())) if type.oid == table.TIMETZ.oid else None


def _uuids(values: list[bytes]) -> list[object | None]:
    """UUIDs by their slots: UUID's own initializer takes five times as long to find out what it was given."""
    made: list[object | None] = list(map(uuid.UUID.__new__, itertools.repeat(uuid.UUID, len(values))))
    deque(map(_UUID_INT, made, map(int.from_bytes, values)), maxlen=0)
    deque(map(_UUID_SAFE, made, itertools.repeat(uuid.SafeUUID.unknown)), maxlen=0)
    return made


_UUID_INT: Callable[..., None] = vars(uuid.UUID)["int"].__set__
_UUID_SAFE: Callable[..., None] = vars(uuid.UUID)["is_safe"].__set__


def one_to_python(type: PgType, vector: Vector, style: TextStyle = DEFAULT_STYLE) -> object | None:
    """`to_python` of a vector of one value."""
    if type.rep in _PLAINLY and type.oid not in _BY_OID:
        return vector.datum(0)
    return to_python(type, vector, style)[0]


_AS_THEY_ARE = frozenset({Rep.BOOL, Rep.INT2, Rep.INT4, Rep.INT8, Rep.OID, Rep.FLOAT4, Rep.FLOAT8, Rep.TEXT, Rep.BYTES, Rep.VOID})
_PLAINLY = _AS_THEY_ARE - {Rep.FLOAT4, Rep.VOID} | {Rep.NUMERIC}


def _lists(type: PgType, vector: ListVector, style: TextStyle) -> list[object | None]:
    start, stop = int(vector.offsets[0]), int(vector.offsets[-1])
    items = to_python(element_of(type, style), vector.child.slice(start, stop), style)
    bounds = (vector.offsets - start).tolist()
    lists: list[object | None] = [items[a:b] for a, b in itertools.pairwise(bounds)]
    return lists if vector.validity is None else [v if ok else None for v, ok in zip(lists, vector.validity.tolist(), strict=True)]


def _ranges(type: PgType, vector: RangeVector, style: TextStyle) -> list[object | None]:
    """Ranges with Python's bounds; None for an infinite one."""
    subtype, flags = style.resolve(type.subtype), vector.flags
    lower, upper = (
        to_python(subtype, bound.with_validity((flags & (EMPTY_RANGE | infinite)) == 0), style)
        for bound, infinite in ((vector.lower, LOWER_INF), (vector.upper, UPPER_INF))
    )
    brackets = [_BRACKETS[bits] for bits in (flags & (LOWER_INC | UPPER_INC)).tolist()]
    empty = ((flags & EMPTY_RANGE) != 0).tolist()
    ranges: list[object | None] = [Range(*row) for row in zip(lower, upper, brackets, empty, strict=True)]
    return ranges if vector.validity is None else [v if ok else None for v, ok in zip(ranges, vector.validity.tolist(), strict=True)]


_BRACKETS = {0: "()", LOWER_INC: "[)", UPPER_INC: "(]", LOWER_INC | UPPER_INC: "[]"}
Converter = Callable[[Datum], object]


def _converter(type: PgType, style: TextStyle) -> Converter:
    """The function from a datum of `type` to its Python object."""
    make = _BY_OID.get(type.oid) or _BY_REP.get(type.rep)
    return _same if make is None else make(type, style)


def _same(datum: Datum) -> object:
    return datum


def _date(type: PgType, style: TextStyle) -> Converter:
    def convert(datum: Datum) -> object:
        assert isinstance(datum, int)
        if not FIRST_DAY <= datum <= LAST_DAY:
            raise _beyond("date", datum, form_of(type).datum_out(type, datum, style))
        return dt.date.fromordinal(datum + 719_163)

    return convert


def _beyond(what: str, value: int, text: str) -> DataError:
    return DataError(f"{what} too large (after year 10K): {text!r}" if value > 0 else f"{what} too small (before year 1): {text!r}")


def _time(type: PgType, style: TextStyle) -> Converter:
    def convert(datum: Datum) -> object:
        assert isinstance(datum, int)
        if datum >= DAY:
            raise DataError(f"can't parse time {form_of(type).datum_out(type, datum, style)!r}: hour must be in 0..23")
        return (_MIDNIGHT + dt.timedelta(microseconds=datum)).time()

    return convert


def _timetz(type: PgType, style: TextStyle) -> Converter:
    return lambda datum: dt.time.fromisoformat(str(datum))


def _timestamp(type: PgType, style: TextStyle) -> Converter:
    zoned = type.oid == table.TIMESTAMPTZ.oid
    zone = tzinfo(session_zone(style)) if zoned else None

    def convert(datum: Datum) -> object:
        assert isinstance(datum, int)
        try:
            if zone is None:
                return _EPOCH + dt.timedelta(microseconds=datum)
            return (_UTC_EPOCH + dt.timedelta(microseconds=datum)).astimezone(zone)
        except OverflowError:
            raise _beyond("timestamp", datum, form_of(type).datum_out(type, datum, style)) from None

    return convert


def _interval(type: PgType, style: TextStyle) -> Converter:
    def convert(datum: Datum) -> object:
        assert isinstance(datum, Interval)
        years, months = divmod(abs(datum.months), 12)
        days = years * 365 + months * 30
        return dt.timedelta(days=datum.days + (days if datum.months > 0 else -days), microseconds=datum.micros)

    return convert


def _uuid(type: PgType, style: TextStyle) -> Converter:
    def convert(datum: Datum) -> object:
        assert isinstance(datum, bytes)
        return uuid.UUID(int=int.from_bytes(datum))

    return convert


def _json(type: PgType, style: TextStyle) -> Converter:
    return lambda datum: json.loads(str(datum))


def _list(type: PgType, style: TextStyle) -> Converter:
    element = _converter(element_of(type, style), style)

    def nested(items: list[object], dims: Sequence[int]) -> list[object]:
        if len(dims) <= 1:
            return items
        size = len(items) // dims[0]
        return [nested(items[i * size : (i + 1) * size], dims[1:]) for i in range(dims[0])]

    def convert(datum: Datum) -> object:
        assert isinstance(datum, PgArray)
        return nested([None if d is None else element(d) for d in datum.elements], datum.dims)

    return convert


def _tuple(type: PgType, style: TextStyle) -> Converter:
    converters = [_converter(a.type, style) for a in type.attributes]

    def convert(datum: Datum) -> object:
        assert isinstance(datum, tuple)
        return tuple(None if d is None else make(d) for make, d in zip(converters, datum, strict=True))

    return convert


def _range(type: PgType, style: TextStyle) -> Converter:
    bound = _converter(style.resolve(type.subtype), style)

    def convert(datum: Datum) -> object:
        assert isinstance(datum, RangeDatum)
        lower, upper = (None if part is None else bound(part) for part in datum[:2])
        return Range(lower, upper, datum.bounds, datum.empty)

    return convert


def _text(type: PgType, style: TextStyle) -> Converter:
    return lambda datum: form_of(type).datum_out(type, datum, style)


Maker = Callable[[PgType, TextStyle], Converter]
_BY_REP: dict[Rep, Maker] = {
    Rep.DATE: _date, Rep.TIME: _time, Rep.TIMESTAMP: _timestamp, Rep.INTERVAL: _interval, Rep.POINT: _text, Rep.TID: _text, Rep.LIST: _list, Rep.STRUCT: _tuple,
    Rep.RANGE: _range,
}  # fmt: skip
_BY_OID: dict[int, Maker] = {
    table.UUID.oid: _uuid, table.JSON.oid: _json, table.JSONB.oid: _json, table.TIMETZ.oid: _timetz, table.REGCLASS.oid: _text,
    **{table.BY_NAME[name].oid: _text for name in ("regtype", "regproc", "regprocedure", "regrole", "regnamespace", "int2vector", "oidvector")},
}  # fmt: skip


@singledispatch
def from_python(value: object) -> tuple[PgType, Datum | None]:
    """The PostgreSQL type and datum for a Python parameter; str is unknown, as psycopg sends it; raises 0A000 for others."""
    raise FeatureNotSupported(f"cannot adapt Python type '{type(value).__name__}'")


@from_python.register
def _(value: None) -> tuple[PgType, Datum | None]:
    return table.UNKNOWN, None


@from_python.register
def _(value: str) -> tuple[PgType, Datum | None]:
    return table.UNKNOWN, value


@from_python.register
def _(value: bool) -> tuple[PgType, Datum | None]:
    return table.BOOL, value


@from_python.register
def _(value: int) -> tuple[PgType, Datum | None]:
    for fits, bits in ((table.INT2, 15), (table.INT4, 31), (table.INT8, 63)):
        if -(2**bits) <= value < 2**bits:
            return fits, value
    return table.NUMERIC, Decimal(value)


@from_python.register
def _(value: float) -> tuple[PgType, Datum | None]:
    return table.FLOAT8, value


@from_python.register
def _(value: Decimal) -> tuple[PgType, Datum | None]:
    return table.NUMERIC, form_of(table.NUMERIC).datum_in(table.NUMERIC, -1, str(value), DEFAULT_STYLE)


@from_python.register(bytes)
@from_python.register(bytearray)
@from_python.register(memoryview)
def _(value: bytes | bytearray | memoryview) -> tuple[PgType, Datum | None]:
    return table.BYTEA, bytes(value)


@from_python.register
def _(value: dt.date) -> tuple[PgType, Datum | None]:
    return table.DATE, value.toordinal() - 719_163


@from_python.register
def _(value: dt.datetime) -> tuple[PgType, Datum | None]:
    if value.tzinfo is None:
        return table.TIMESTAMP, (value - _EPOCH) // dt.timedelta(microseconds=1)
    return table.TIMESTAMPTZ, (value - _UTC_EPOCH) // dt.timedelta(microseconds=1)


@from_python.register
def _(value: dt.time) -> tuple[PgType, Datum | None]:
    if value.tzinfo is not None:
        return table.TIMETZ, form_of(table.TIMETZ).datum_in(table.TIMETZ, -1, value.isoformat(), DEFAULT_STYLE)
    return table.TIME, ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond


@from_python.register
def _(value: dt.timedelta) -> tuple[PgType, Datum | None]:
    return table.INTERVAL, Interval(0, value.days, value.seconds * 1_000_000 + value.microseconds)


@from_python.register
def _(value: uuid.UUID) -> tuple[PgType, Datum | None]:
    return table.UUID, value.bytes


@from_python.register
def _(value: Point) -> tuple[PgType, Datum | None]:
    return table.POINT, value


@from_python.register
def _(value: Range) -> tuple[PgType, Datum | None]:
    """By the first bound's type, as psycopg has it; of whole numbers, or without bounds, a literal of unknown type."""
    parts = [None if bound is None else from_python(bound) for bound in (value.lower, value.upper)]
    texts = ["" if part is None else quoted_element(form_of(part[0]).datum_out(*part, DEFAULT_STYLE)) for part in parts]
    literal = "empty" if value.isempty else f"{value.bounds[0]}{texts[0]},{texts[1]}{value.bounds[1]}"
    type = next((_RANGES.get(part[0].oid) for part in parts if part is not None), None)
    return (table.UNKNOWN, literal) if type is None else (type, form_of(type).datum_in(type, -1, literal, DEFAULT_STYLE))


_RANGES = {
    subtype.oid: table.BY_NAME[name]
    for subtype, name in (
        (table.NUMERIC, "numrange"), (table.DATE, "daterange"), (table.TIMESTAMP, "tsrange"), (table.TIMESTAMPTZ, "tstzrange"),
    )
}  # fmt: skip


@from_python.register
def _(value: tuple) -> tuple[PgType, Datum | None]:  # type: ignore[type-arg] # singledispatch reads the bare class
    parts = [from_python(item) for item in value]
    attributes = tuple(Attribute(name=f"f{number}", type=type) for number, (type, _) in enumerate(parts, 1))
    record = PgType(oid=table.RECORD.oid, name="record", rep=Rep.STRUCT, kind="p", category="P", attributes=attributes)
    return record, tuple(datum for _, datum in parts)


@from_python.register
def _(value: list) -> tuple[PgType, Datum | None]:  # type: ignore[type-arg] # singledispatch reads the bare class
    dims: list[int] = []
    items: list[object] = [value]
    while items and all(isinstance(item, list) for item in items):
        dims.append(len(items[0]))  # type: ignore[arg-type] # a list, by the condition
        if any(len(item) != dims[-1] for item in items):  # type: ignore[arg-type]
            raise DataError("nested lists have inconsistent lengths")
        items = [inner for item in items for inner in item]  # type: ignore[attr-defined]
    element, datums = _common_elements(items)
    if not items:
        return array_of(table.TEXT), PgArray((), (), ())
    return array_of(element), PgArray(tuple(datums), tuple(dims), (1,) * len(dims))


_WIDENING = (table.INT2, table.INT4, table.INT8, table.NUMERIC)


def _common_elements(items: list[object]) -> tuple[PgType, list[Datum | None]]:
    """One type for all elements: text for strings, the widest of integer types."""
    parts = [from_python(item) for item in items]
    kinds = {type for (type, _), item in zip(parts, items, strict=True) if item is not None}
    datums = [datum for _, datum in parts]
    if kinds <= {table.UNKNOWN}:
        return table.TEXT, datums
    if len(kinds) == 1:
        return kinds.pop(), datums
    if kinds <= set(_WIDENING):
        widest = max(kinds, key=_WIDENING.index)
        if widest is table.NUMERIC:
            datums = [Decimal(d) if isinstance(d, int) else d for d in datums]
        return widest, datums
    if kinds <= {*_WIDENING, table.FLOAT8}:
        return table.FLOAT8, [None if d is None else float(str(d)) for d in datums]
    names = ", ".join(sorted(type.name for type in kinds))
    raise DataError(f"cannot adapt a list of mixed types: {names}")


def json_text(value: object) -> str:
    """A JSON text for a Python object (dicts and lists given as parameters of json type)."""
    return json.dumps(value, ensure_ascii=False, default=lambda other: quote_json(str(other))[1:-1])


@from_python.register
def _(value: dict) -> tuple[PgType, Datum | None]:  # type: ignore[type-arg] # singledispatch reads the bare class
    return table.JSONB, form_of(table.JSONB).datum_in(table.JSONB, -1, json_text(value), DEFAULT_STYLE)
