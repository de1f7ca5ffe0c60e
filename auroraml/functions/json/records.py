"""json_populate_record, json_to_record and their kin: documents as composite values."""

from __future__ import annotations

from auroraml.errors import InvalidParameterValue, InvalidTextRepresentation
from auroraml.functions.json.access import elements, members, start_of, unquoted
from auroraml.functions.json.values import parsed
from auroraml.functions.signature import CallContext, Types, rows, scalar
from auroraml.types.form import TextStyle
from auroraml.types.json import write_jsonb
from auroraml.types.pg_type import PgArray, PgType, Rep
from auroraml.types.text import datum_in

Row = tuple[object, ...]


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


@scalar("json_populate_record(anyelement,json,bool)", "jsonb_populate_record(anyelement,jsonb)", face="datum", context=True, typed=True)
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


@scalar("json_to_record(json)", "jsonb_to_record(jsonb)", face="datum", context=True, typed=True)
def to_record(ctx: CallContext, types: Types, text: str) -> Row:
    """An object as a row of the types the query names."""
    return record_of(types.result, None, _object(text, "populate_composite"), ctx.style)


@rows("json_to_recordset(json)", "jsonb_to_recordset(jsonb)", context=True, typed=True)
def to_record_set(ctx: CallContext, types: Types, text: str) -> list[Row]:
    """An array of objects as rows of the types the query names."""
    return [record_of(types.result, None, item, ctx.style) for item in _list(text, f"{types.args[0].name}_to_recordset")]
