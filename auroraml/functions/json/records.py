"""json_populate_record, json_to_record and their kin: documents as composite values."""

from __future__ import annotations

from auroraml.errors import InvalidParameterValue, InvalidTextRepresentation
from auroraml.functions.json.access import jsonb_text
from auroraml.functions.json.values import parsed
from auroraml.functions.signature import CallContext, Types, rows, scalar
from auroraml.types.form import TextStyle
from auroraml.types.json import JsonValue, write_jsonb
from auroraml.types.pg_type import PgArray, PgType, Rep
from auroraml.types.text import datum_in

Row = tuple[object, ...]


def value_of(type: PgType, typmod: int, value: JsonValue, style: TextStyle) -> object:
    """A JSON value as a value of an SQL type."""
    if type.name in ("json", "jsonb"):
        return None if value is None else write_jsonb(value)
    if value is None:
        return None
    if type.rep is Rep.STRUCT and isinstance(value, dict):
        return record_of(type, None, value, style)
    if type.is_array and type.element and isinstance(value, list):
        return _array(type, value, style)
    if type.is_array and not isinstance(value, str):
        raise InvalidTextRepresentation("expected JSON array")
    text = jsonb_text(value)
    assert text is not None
    return datum_in(type, typmod, text, style)


def _array(type: PgType, value: list[JsonValue], style: TextStyle) -> PgArray:
    element = style.resolve(type.element)
    dims: list[int] = []
    level: JsonValue = value
    while isinstance(level, list) and not (element.rep is Rep.TEXT and element.name in ("json", "jsonb") and dims):
        dims.append(len(level))
        level = level[0] if level else None
    items: list[object] = []

    def gather(part: JsonValue, depth: int) -> None:
        if depth == len(dims):
            items.append(value_of(element, -1, part, style))
            return
        if not isinstance(part, list) or len(part) != dims[depth]:
            raise InvalidTextRepresentation("malformed JSON array", detail="Multidimensional arrays must have sub-arrays with matching dimensions.")
        for item in part:
            gather(item, depth + 1)

    gather(value, 0)
    return PgArray(tuple(items), tuple(dims), (1,) * len(dims)) if items else PgArray((), (), ())


def record_of(type: PgType, base: Row | None, value: dict[str, JsonValue], style: TextStyle) -> Row:
    """An object as a row of `type`; what it lacks comes from `base`."""
    out: list[object] = []
    for place, attribute in enumerate(type.attributes):
        if attribute.name in value:
            out.append(value_of(attribute.type, attribute.typmod, value[attribute.name], style))
        else:
            out.append(None if base is None else base[place])
    return tuple(out)


def _object(text: str, name: str) -> dict[str, JsonValue]:
    value = parsed(text)
    if not isinstance(value, dict):
        raise InvalidParameterValue(f"cannot call {name} on {'an array' if isinstance(value, list) else 'a scalar'}")
    return value


def _list(text: str, name: str) -> list[dict[str, JsonValue]]:
    value = parsed(text)
    if not isinstance(value, list):
        raise InvalidParameterValue(f"cannot call {name} on {'an object' if isinstance(value, dict) else 'a scalar'}")
    found: list[dict[str, JsonValue]] = []
    for item in value:
        if not isinstance(item, dict):
            raise InvalidParameterValue(f"argument of {name} must be an array of objects")
        found.append(item)
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
    return record_of(types.result, None, _object(text, f"{types.args[0].name}_to_record"), ctx.style)


@rows("json_to_recordset(json)", "jsonb_to_recordset(jsonb)", context=True, typed=True)
def to_record_set(ctx: CallContext, types: Types, text: str) -> list[Row]:
    """An array of objects as rows of the types the query names."""
    return [record_of(types.result, None, item, ctx.style) for item in _list(text, f"{types.args[0].name}_to_recordset")]
