"""json_populate_record, json_to_record and their kin: documents as composite values."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from auroraml.batch import ConstVector, Index, StructVector, TextVector, Vector, from_datums
from auroraml.errors import DatabaseError, InvalidParameterValue, InvalidTextRepresentation
from auroraml.functions.json.access import elements, members, start_of, unquoted
from auroraml.functions.json.access import field as json_field
from auroraml.functions.json.access import field_text as json_field_text
from auroraml.functions.json.expanding import array_elements, elements_of
from auroraml.functions.json.scanning import JSONB, field_of
from auroraml.functions.json.shaped import by_shape, rows_by_shape
from auroraml.functions.json.spaced import JSON
from auroraml.functions.json.values import parsed
from auroraml.functions.signature import CallContext, Types, rows, scalar
from auroraml.lazy import compute as pc
from auroraml.types.form import TextStyle
from auroraml.types.json import write_jsonb
from auroraml.types.pg_type import Attribute, PgArray, PgType, Rep
from auroraml.types.text import datum_in, text_in

Row = tuple[object, ...]

json_elements = rows_by_shape(array_elements, 1)


def value_of(type: PgType, typmod: int, text: str, style: TextStyle) -> object:
    """A JSON text as a value of an SQL type."""
    if type.name == "json":
        return text
    kind = start_of(text)
    if kind == "n":
        return None
    if type.name == "jsonb":
        return write_jsonb(parsed(text))
    if type.rep is Rep.STRUCT and kind == "{":
        return record_of(type, None, text, style)
    if type.is_array and type.element and kind == "[":
        return _array(type, text, style)
    if type.is_array and kind != '"':
        raise InvalidTextRepresentation("expected JSON array")
    plain = unquoted(text)
    assert plain is not None
    return datum_in(type, typmod, plain, style)


def _array(type: PgType, text: str, style: TextStyle) -> PgArray:
    element = style.resolve(type.element)
    dims: list[int] = []
    level: str | None = text
    while level is not None and start_of(level) == "[" and not (element.name in ("json", "jsonb") and dims):
        items = list(elements(level))
        dims.append(len(items))
        level = items[0] if items else None
    found: list[object] = []

    def gather(part: str, depth: int) -> None:
        if depth == len(dims):
            found.append(value_of(element, -1, part, style))
            return
        parts = list(elements(part)) if start_of(part) == "[" else []
        if len(parts) != dims[depth]:
            raise InvalidTextRepresentation("malformed JSON array", detail="Multidimensional arrays must have sub-arrays with matching dimensions.")
        for item in parts:
            gather(item, depth + 1)

    gather(text, 0)
    return PgArray(tuple(found), tuple(dims), (1,) * len(dims)) if found else PgArray((), (), ())


def record_of(type: PgType, base: Row | None, text: str, style: TextStyle) -> Row:
    """An object as a row of `type`; what it lacks comes from `base`."""
    value = dict(members(text))
    out: list[object] = []
    for place, attribute in enumerate(type.attributes):
        if attribute.name in value:
            out.append(value_of(attribute.type, attribute.typmod, value[attribute.name], style))
        else:
            out.append(None if base is None else base[place])
    return tuple(out)


def _object(text: str, name: str) -> str:
    if start_of(text) != "{":
        raise InvalidParameterValue(f"cannot call {name} on {'an array' if start_of(text) == '[' else 'a scalar'}")
    return text


def _list(text: str, name: str) -> list[str]:
    if start_of(text) != "[":
        kind = "a non-array" if name.startswith("jsonb") else "an object" if start_of(text) == "{" else "a scalar"
        raise InvalidParameterValue(f"cannot call {name} on {kind}")
    found = list(elements(text))
    if any(start_of(item) != "{" for item in found):
        raise InvalidParameterValue(f"argument of {name} must be an array of objects")
    return found


def _is_object(documents: TextVector) -> bool:
    return bool(pc.all(pc.match_substring_regex(documents.values, "^[ \t\n\r]*[{]")).as_py())


def _field(name: str, documents: TextVector, binary: bool, *, shown: bool) -> TextVector:
    key = ConstVector(TextVector(pa.array([name], pa.large_string())), documents.n)
    found = field_of(documents, key, shown=shown, form=JSONB if binary else JSON)
    if found is None:
        shaped = by_shape(json_field_text if shown else json_field)(documents, key)
        assert isinstance(shaped, TextVector)
        found = shaped
    return found


def _column(attribute: Attribute, documents: TextVector, binary: bool, style: TextStyle) -> Vector:
    """A field of all objects as a column of a type."""
    type = attribute.type
    element = style.resolve(type.element) if type.is_array and type.element else None
    whole = type.name in ("json", "jsonb")
    nested = type.rep is Rep.STRUCT or type.is_array
    texts = _field(attribute.name, documents, binary, shown=not (whole or nested))
    if not texts.valid.any():
        return from_datums(type, [None], element).take(np.zeros(documents.n, np.int64))
    if type.name == "json" or (type.name == "jsonb" and binary):
        null = pc.equal(texts.values, "null").to_numpy(zero_copy_only=False)
        return texts.with_validity(texts.valid & ~null) if type.name == "jsonb" else texts
    if whole or nested:  # value by value: arrays and composite values have shapes of their own
        values = [None if text is None else value_of(type, attribute.typmod, str(text), style) for text in texts.datums()]
        return from_datums(type, values, element)
    return text_in(type, attribute.typmod, texts, style)


def records_of(types: Types, documents: TextVector, style: TextStyle) -> StructVector | None:
    """Objects as rows of a type; None where one of them cannot be one."""
    if not documents.n or not _is_object(documents):
        return None
    binary = types.args[-1 if len(types.args) < 3 else 1].name == "jsonb"
    try:
        return StructVector([_column(attribute, documents, binary, style) for attribute in types.result.attributes], documents.n)
    except DatabaseError:  # the first row that fails says it
        return None


def _to_records(ctx: CallContext, types: Types, documents: Vector) -> Vector | None:
    if not isinstance(documents, TextVector):
        return None
    known = np.flatnonzero(documents.valid)
    made = records_of(types, documents.take(known), ctx.style)
    if made is None or len(known) == documents.n:
        return made
    places = np.full(documents.n, -1, np.int64)
    places[known] = np.arange(len(known))
    return made.take(places, nullable=True)


def _populated(ctx: CallContext, types: Types, base: Vector, documents: Vector, *_: Vector) -> Vector | None:
    unknown = isinstance(base, ConstVector) and base.one.datum(0) is None
    return _to_records(ctx, types, documents) if unknown else None


@scalar("json_populate_record(anyelement,json,bool)", "jsonb_populate_record(anyelement,jsonb)", face="datum", context=True, typed=True,
        columns=_populated)  # fmt: skip
def populate(ctx: CallContext, types: Types, base: Row | None, text: str | None, _use: bool | None = None) -> Row | None:
    """A row with the fields an object has."""
    if text is None:
        return base
    return record_of(types.result, base, _object(text, "populate_composite"), ctx.style)


@rows("json_populate_recordset(anyelement,json,bool)", "jsonb_populate_recordset(anyelement,jsonb)", context=True, typed=True)
def populate_set(ctx: CallContext, types: Types, base: Row | None, text: str | None, _use: bool | None = None) -> list[Row]:
    """A row for each object of an array."""
    if text is None:
        return []
    name = f"{types.args[1].name}_populate_recordset"
    return [record_of(types.result, base, item, ctx.style) for item in _list(text, name)]


@scalar("json_to_record(json)", "jsonb_to_record(jsonb)", face="datum", context=True, typed=True, columns=_to_records)
def to_record(ctx: CallContext, types: Types, text: str | None) -> Row | None:
    """An object as a row of the types the query names."""
    return None if text is None else record_of(types.result, None, _object(text, "populate_composite"), ctx.style)


@rows("json_to_recordset(json)", "jsonb_to_recordset(jsonb)", face="vector", context=True, typed=True)
def to_record_sets(ctx: CallContext, types: Types, documents: Vector) -> tuple[list[Vector], Index]:
    """Arrays of objects as rows of the types the query names."""
    texts = documents.flat()
    assert isinstance(texts, TextVector)
    known = np.flatnonzero(texts.valid)
    found = _expanded(types, texts.take(known), ctx.style)
    if found is not None:
        counts = np.zeros(texts.n, np.int64)
        counts[known] = found[1]
        return found[0], counts
    name = f"{types.args[0].name}_to_recordset"
    made: list[list[Row]] = []
    for text in texts.datums():  # in their order, as one fails
        made.append([] if text is None else [record_of(types.result, None, item, ctx.style) for item in _list(str(text), name)])
    rows_ = [row for part in made for row in part]
    resolve = ctx.style.resolve
    kinds = [attribute.type for attribute in types.result.attributes]
    vectors = [from_datums(t, [row[i] for row in rows_], resolve(t.element) if t.is_array and t.element else None) for i, t in enumerate(kinds)]
    return vectors, np.array([len(part) for part in made], np.int64)


def _expanded(types: Types, texts: TextVector, style: TextStyle) -> tuple[list[Vector], Index] | None:
    binary = types.args[0].name == "jsonb"
    try:
        (items,), counts = (elements_of if binary else json_elements)(texts)
    except DatabaseError:
        return None
    assert isinstance(items, TextVector)
    made = records_of(types, items, style)
    return None if made is None else (list(made.fields), counts)
