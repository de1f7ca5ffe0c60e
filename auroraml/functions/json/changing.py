"""jsonb_set, jsonb_insert, deletion, concatenation, jsonb_pretty, strip_nulls."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from auroraml.batch import ConstVector, TextVector, Vector
from auroraml.errors import DatabaseError, InvalidParameterValue, InvalidTextRepresentation, NullValueNotAllowed
from auroraml.functions.json.access import elements, members, start_of
from auroraml.functions.json.scanning import replaced_field, without_fields
from auroraml.functions.json.shaped import Columns, by_columns, by_shape, by_two_shapes
from auroraml.functions.json.values import parsed
from auroraml.functions.signature import scalar
from auroraml.types.json import JsonValue, quote_json, write_jsonb
from auroraml.types.pg_type import PgArray

Change = Callable[[JsonValue, str, int], JsonValue]


def _keys(path: PgArray) -> list[str | None]:
    if len(path.dims) > 1:
        raise InvalidParameterValue("wrong number of array subscripts")
    return [None if key is None else str(key) for key in path.elements]


def _place(key: str, position: int) -> int:
    try:
        return int(key)
    except ValueError:
        raise InvalidTextRepresentation(f'path element at position {position} is not an integer: "{key}"') from None


def _changed(value: JsonValue, path: list[str | None], at: int, change: Change) -> JsonValue:
    """A copy of `value` with the container that the last key is about changed; a NULL key is an error once the path has led to it."""
    key = path[at]
    if key is None:
        raise NullValueNotAllowed(f"path element at position {at + 1} is null")
    if at == len(path) - 1:
        return change(value, key, at + 1)
    if isinstance(value, dict):
        return {k: _changed(v, path, at + 1, change) if k == key else v for k, v in value.items()}
    if isinstance(value, list):
        place = _place(key, at + 1)
        place = place + len(value) if place < 0 else place
        return [_changed(v, path, at + 1, change) if i == place else v for i, v in enumerate(value)]
    return value


def _scalar_error(verb: str) -> DatabaseError:
    return InvalidParameterValue(f"cannot {verb} in scalar" if verb != "delete path" else "cannot delete path in scalar")


def _setter(new: JsonValue, create: bool) -> Change:
    def change(value: JsonValue, key: str, position: int) -> JsonValue:
        if isinstance(value, dict):
            return {**value, key: new} if create or key in value else value
        if isinstance(value, list):
            place = _place(key, position)
            here = place + len(value) if place < 0 else place
            if 0 <= here < len(value):
                return [*value[:here], new, *value[here + 1 :]]
            return value if not create else [new, *value] if here < 0 else [*value, new]
        return value

    return change


@scalar("jsonb_set(jsonb,_text,jsonb,bool)", face="datum")
def set_value(target: str, path: PgArray, new: str, create: bool) -> str:
    """The document with the value at a path replaced, or added."""
    value = parsed(target)
    if not isinstance(value, dict | list):
        raise _scalar_error("set path")
    if not value and not create:
        return target
    keys = _keys(path)
    return write_jsonb(_changed(value, keys, 0, _setter(parsed(new), create))) if keys else target


@scalar("jsonb_set_lax(jsonb,_text,jsonb,bool,text)", face="datum")
def set_lax(target: str | None, path: PgArray | None, new: str | None, create: bool | None, treatment: str | None) -> str | None:
    """jsonb_set with a choice of what a NULL value does."""
    if target is None or path is None or create is None:
        return None
    if new is not None and treatment is not None:  # PostgreSQL looks at a NULL treatment first, at a wrong one only where the value is NULL
        return set_value(target, path, new, create)
    if treatment not in ("raise_exception", "use_json_null", "delete_key", "return_target"):
        raise InvalidParameterValue('null_value_treatment must be "delete_key", "return_target", "use_json_null", or "raise_exception"')
    if treatment == "raise_exception":
        detail = 'Exception was raised because null_value_treatment is "raise_exception".'
        hint = "To avoid, either change the null_value_treatment argument or ensure that an SQL NULL is not passed."
        raise NullValueNotAllowed("JSON value must not be null", detail=detail, hint=hint)
    if treatment == "return_target":
        return target
    return set_value(target, path, "null", create) if treatment == "use_json_null" else delete_path(target, path)


def _inserter(new: JsonValue, after: bool) -> Change:
    def change(value: JsonValue, key: str, position: int) -> JsonValue:
        if isinstance(value, dict):
            if key in value:
                raise InvalidParameterValue("cannot replace existing key", hint="Try using the function jsonb_set to replace key value.")
            return {**value, key: new}
        if isinstance(value, list):
            place = _place(key, position)
            here = place + len(value) if place < 0 else place
            if here < 0:
                return [new, *value]
            here = min(here + after, len(value))
            return [*value[:here], new, *value[here:]]
        return value

    return change


@scalar("jsonb_insert(jsonb,_text,jsonb,bool)", face="datum")
def insert(target: str, path: PgArray, new: str, after: bool) -> str:
    """The document with a value inserted at a path."""
    value = parsed(target)
    if not isinstance(value, dict | list):
        raise _scalar_error("set path")
    keys = _keys(path)
    return write_jsonb(_changed(value, keys, 0, _inserter(parsed(new), after))) if keys else target


def _deleter(value: JsonValue, key: str, position: int) -> JsonValue:
    if isinstance(value, dict):
        return {k: v for k, v in value.items() if k != key}
    if isinstance(value, list):
        place = _place(key, position)
        here = place + len(value) if place < 0 else place
        return [v for i, v in enumerate(value) if i != here]
    return value


@scalar("jsonb_delete_path(jsonb,_text)", face="datum")
def delete_path(target: str, path: PgArray) -> str:
    """jsonb #- path."""
    value = parsed(target)
    if not isinstance(value, dict | list):
        raise _scalar_error("delete path")
    keys = _keys(path)
    return write_jsonb(_changed(value, keys, 0, _deleter)) if keys else target


def _without(target: str, unwanted: set[object]) -> str:
    value = parsed(target)
    if isinstance(value, dict):
        return write_jsonb({k: v for k, v in value.items() if k not in unwanted})
    if isinstance(value, list):
        return write_jsonb([v for v in value if not (isinstance(v, str) and v in unwanted)])
    raise InvalidParameterValue("cannot delete from scalar")


@scalar("jsonb_delete(jsonb,text)", face="datum")
def delete(target: str, key: str) -> str:
    """jsonb - key."""
    return _without(target, {key})


@scalar("jsonb_delete(jsonb,_text)", face="datum")
def delete_keys(target: str, keys: PgArray) -> str:
    """jsonb - keys."""
    return _without(target, set(keys.elements))


@scalar("jsonb_delete(jsonb,int4)", face="datum")
def delete_element(target: str, place: int) -> str:
    """jsonb - place."""
    value = parsed(target)
    if isinstance(value, dict):
        raise InvalidParameterValue("cannot delete from object using integer index")
    if not isinstance(value, list):
        raise InvalidParameterValue("cannot delete from scalar")
    here = place + len(value) if place < 0 else place
    return write_jsonb([v for i, v in enumerate(value) if i != here])


@scalar("jsonb_concat(jsonb,jsonb)", face="datum")
def concatenate(a: str, b: str) -> str:
    """jsonb || jsonb."""
    x, y = parsed(a), parsed(b)
    if isinstance(x, dict) and isinstance(y, dict):
        return write_jsonb({**x, **y})
    return write_jsonb([*(x if isinstance(x, list) else [x]), *(y if isinstance(y, list) else [y])])


def _pretty(value: JsonValue, depth: int) -> str:
    inner, outer = "    " * (depth + 1), "    " * depth
    if isinstance(value, dict) and value:
        items = sorted(value.items(), key=lambda item: (len(item[0].encode()), item[0].encode()))
        return "{\n" + ",\n".join(f"{inner}{quote_json(k)}: {_pretty(v, depth + 1)}" for k, v in items) + f"\n{outer}}}"
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(inner + _pretty(v, depth + 1) for v in value) + f"\n{outer}]"
    if isinstance(value, dict | list):
        return ("{\n" if isinstance(value, dict) else "[\n") + outer + ("}" if isinstance(value, dict) else "]")
    return write_jsonb(value)


@scalar("jsonb_pretty(jsonb)", face="datum", raises=False)
def pretty(target: str) -> str:
    """The document over many lines."""
    return _pretty(parsed(target), 0)


def _stripped(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {k: _stripped(v) for k, v in value.items() if v is not None}
    return [_stripped(v) for v in value] if isinstance(value, list) else value


@scalar("jsonb_strip_nulls(jsonb)", face="datum", raises=False)
def b_strip_nulls(target: str) -> str:
    """Without object fields that are null."""
    return write_jsonb(_stripped(parsed(target)))


@scalar("json_strip_nulls(json)", face="datum", raises=False)
def strip_nulls(target: str) -> str:
    """Without object fields that are null, and without blanks."""
    kind = start_of(target)
    if kind == "{":
        return "{" + ",".join(f"{quote_json(k)}:{strip_nulls(v)}" for k, v in members(target) if v != "null") + "}"
    if kind == "[":
        return "[" + ",".join(strip_nulls(v) for v in elements(target)) + "]"
    stripped = target.strip(" \t\n\r")
    return quote_json(str(parsed(stripped))) if kind == '"' else stripped


def _left_out(shaped: Columns) -> Columns:
    """Fields of objects taken out of their bytes."""

    def run(documents: Vector, keys: Vector) -> Vector | None:
        given = keys.one.datum(0) if isinstance(keys, ConstVector) else None
        if not isinstance(documents, TextVector) or given is None:
            return None
        names = [str(key) for key in given.elements if key is not None] if isinstance(given, PgArray) else [str(given)]
        found = without_fields(documents, names)
        return shaped(documents, keys) if found is None else found

    return run


def _put_in(shaped: Columns) -> Columns:
    """Values put in the place of others' bytes, where one key of objects is the whole path."""

    def run(documents: Vector, path: Vector, new: Vector, create: Vector) -> Vector | None:
        key, may = (one.one.datum(0) if isinstance(one, ConstVector) else None for one in (path, create))
        if (
            isinstance(documents, TextVector)
            and isinstance(key, PgArray)
            and len(key.elements) == 1
            and key.elements[0] is not None
            and may is not None
        ):
            texts = pa.scalar(str(new.one.datum(0)), pa.large_string()) if isinstance(new, ConstVector) else new.flat().values  # type: ignore[attr-defined] # texts
            found = replaced_field(documents, str(key.elements[0]), texts, bool(may))
            if found is not None:
                return found
        return shaped(documents, path, new, create)

    return run


for _signature, _columns in (
    ("jsonb_set(jsonb,_text,jsonb,bool)", _put_in(by_two_shapes(set_value, 2))),
    ("jsonb_insert(jsonb,_text,jsonb,bool)", by_two_shapes(insert, 2)),
    ("jsonb_delete_path(jsonb,_text)", by_shape(delete_path)),
    ("jsonb_delete(jsonb,text)", _left_out(by_shape(delete, objects=True))),
    ("jsonb_delete(jsonb,_text)", _left_out(by_shape(delete_keys, objects=True))),
    ("jsonb_delete(jsonb,int4)", by_shape(delete_element)),
    ("jsonb_concat(jsonb,jsonb)", by_two_shapes(concatenate, 1)),
    ("jsonb_pretty(jsonb)", by_shape(pretty)),
    ("jsonb_strip_nulls(jsonb)", by_shape(b_strip_nulls)),
    ("json_strip_nulls(json)", by_shape(strip_nulls)),
):
    by_columns(_signature, _columns)
