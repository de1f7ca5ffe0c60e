"""to_json, json_build_object, json_object, row_to_json and their jsonb twins."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.batch import ConstVector, TextVector, Vector, from_datums
from auroraml.errors import ArraySubscriptError, InvalidParameterValue, NullValueNotAllowed
from auroraml.functions.json.columns import Texts
from auroraml.functions.json.values import json_of, jsonb_of, key_of
from auroraml.functions.signature import CallContext, Types, scalar
from auroraml.types.json import JsonValue, quote_json, write_jsonb
from auroraml.types.pg_type import PgArray, PgType
from auroraml.types.table import JSON, JSONB

MANY = 32  # rows from which on whole columns are made into texts


def _each(type: PgType, vector: Vector, ctx: CallContext, binary: bool) -> Vector:
    """Each value as a document."""
    made = JSONB if binary else JSON
    if vector.n >= MANY:
        return TextVector(Texts(ctx.style, binary).of(type, vector))
    values = vector.datums()  # few: a value at a time
    return from_datums(made, [write_jsonb(jsonb_of(type, v, ctx.style)) if binary else json_of(type, v, ctx.style) for v in values])


@scalar("to_json(anyelement)", "array_to_json(anyarray)", "row_to_json(record)", context=True, typed=True)
def to_json(ctx: CallContext, types: Types, value: Vector) -> Vector:
    """Any value as json."""
    return _each(types.args[0], value.one if isinstance(value, ConstVector) else value, ctx, False)


@scalar("array_to_json(anyarray,bool)", "row_to_json(record,bool)", face="datum", context=True, typed=True)
def to_json_lines(ctx: CallContext, types: Types, value: object, pretty: bool) -> str:
    """A row or array as json, with line feeds if wanted."""
    return json_of(types.args[0], value, ctx.style, pretty)


@scalar("to_jsonb(anyelement)", context=True, typed=True)
def to_jsonb(ctx: CallContext, types: Types, value: Vector) -> Vector:
    """Any value as jsonb."""
    return _each(types.args[0], value.one if isinstance(value, ConstVector) else value, ctx, True)


def _columns(args: Sequence[Vector]) -> tuple[int, list[list[object]]]:
    n = max((arg.n for arg in args), default=1)
    return n, [[arg.one.datum(0)] * n if isinstance(arg, ConstVector) else arg.datums() for arg in args]


def spread(ctx: CallContext, types: Types, args: tuple[Vector, ...]) -> list[list[tuple[PgType, object]] | None]:
    """Each row's arguments with their types."""
    n, columns = _columns(args)
    return [[(type, column[row]) for type, column in zip(types.args, columns, strict=True)] for row in range(n)]


def _pairs(items: Sequence[tuple[PgType, object]], name: str) -> list[tuple[tuple[PgType, object], tuple[PgType, object]]]:
    if len(items) % 2:
        hint = f"The arguments of {name}() must consist of alternating keys and values."
        raise InvalidParameterValue("argument list must have even number of elements", hint=hint)
    return list(zip(items[::2], items[1::2], strict=True))


def _object(ctx: CallContext, items: Sequence[tuple[PgType, object]]) -> str:
    parts = []
    for place, ((key_type, key), (type, value)) in enumerate(_pairs(items, "json_build_object")):
        if key is None:
            raise InvalidParameterValue(f"argument {2 * place + 1} cannot be null", hint="Object keys should be text.")
        parts.append(f"{quote_json(key_of(key_type, key, ctx.style))} : {json_of(type, value, ctx.style)}")
    return "{" + ", ".join(parts) + "}"


def _b_object(ctx: CallContext, items: Sequence[tuple[PgType, object]]) -> str:
    found: dict[str, JsonValue] = {}
    for place, ((key_type, key), (type, value)) in enumerate(_pairs(items, "jsonb_build_object")):
        if key is None:
            raise InvalidParameterValue(f"argument {2 * place + 1}: key must not be null")
        found[key_of(key_type, key, ctx.style)] = jsonb_of(type, value, ctx.style)
    return write_jsonb(found)


def _array(ctx: CallContext, items: Sequence[tuple[PgType, object]]) -> str:
    return "[" + ", ".join(json_of(type, value, ctx.style) for type, value in items) + "]"


def _b_array(ctx: CallContext, items: Sequence[tuple[PgType, object]]) -> str:
    return write_jsonb([jsonb_of(type, value, ctx.style) for type, value in items])


def _built(ctx: CallContext, types: Types, args: tuple[Vector, ...], binary: bool) -> Vector | None:
    """Objects of many rows, whose keys are the same in all of them; None where they are not, or one of them cannot be a key."""
    n = max((arg.n for arg in args), default=1)
    if n < MANY or len(args) % 2 or not all(isinstance(key, ConstVector) and key.one.datum(0) is not None for key in args[::2]):
        return None
    texts = Texts(ctx.style, binary)
    keys = [key_of(type, key.datum(0), ctx.style) for type, key in zip(types.args[::2], args[::2], strict=True)]
    values = [texts.of(type, value) for type, value in zip(types.args[1::2], args[1::2], strict=True)]
    return TextVector(texts.object(list(zip(keys, values, strict=True)), n))


def _listed(ctx: CallContext, types: Types, args: tuple[Vector, ...], binary: bool) -> Vector | None:
    """Arrays of many rows."""
    n = max((arg.n for arg in args), default=1)
    if n < MANY:
        return None
    texts = Texts(ctx.style, binary)
    parts = [("", texts.of(type, value)) for type, value in zip(types.args, args, strict=True)]
    return TextVector(texts.concatenated(parts, ", ", "[", "]", n))


@scalar("json_build_object()", "json_build_object(any)", context=True, typed=True)
def build_object(ctx: CallContext, types: Types, *args: Vector) -> Vector:
    """Keys and values in turn as a json object."""
    return _built(ctx, types, args, False) or from_datums(JSON, [_object(ctx, row or []) for row in spread(ctx, types, args)])


@scalar("jsonb_build_object()", "jsonb_build_object(any)", context=True, typed=True)
def b_build_object(ctx: CallContext, types: Types, *args: Vector) -> Vector:
    """Keys and values in turn as a jsonb object."""
    return _built(ctx, types, args, True) or from_datums(JSONB, [_b_object(ctx, row or []) for row in spread(ctx, types, args)])


@scalar("json_build_array()", "json_build_array(any)", context=True, typed=True)
def build_array(ctx: CallContext, types: Types, *args: Vector) -> Vector:
    """The values as a json array."""
    return _listed(ctx, types, args, False) or from_datums(JSON, [_array(ctx, row or []) for row in spread(ctx, types, args)])


@scalar("jsonb_build_array()", "jsonb_build_array(any)", context=True, typed=True)
def b_build_array(ctx: CallContext, types: Types, *args: Vector) -> Vector:
    """The values as a jsonb array."""
    return _listed(ctx, types, args, True) or from_datums(JSONB, [_b_array(ctx, row or []) for row in spread(ctx, types, args)])


def _text_pairs(array: PgArray) -> list[tuple[object, object]]:
    if not array.dims:
        return []
    if len(array.dims) > 2:
        raise ArraySubscriptError("wrong number of array subscripts")
    if len(array.dims) == 2 and array.dims[1] != 2:
        raise ArraySubscriptError("array must have two columns")
    if len(array.elements) % 2:
        raise ArraySubscriptError("array must have even number of elements")
    return list(zip(array.elements[::2], array.elements[1::2], strict=True))


def _two_arrays(keys: PgArray, values: PgArray) -> list[tuple[object, object]]:
    if len(keys.dims) > 1 or len(keys.dims) != len(values.dims):
        raise ArraySubscriptError("wrong number of array subscripts")
    if len(keys.elements) != len(values.elements):
        raise ArraySubscriptError("mismatched array dimensions")
    return list(zip(keys.elements, values.elements, strict=True))


def _text_object(pairs: list[tuple[object, object]]) -> str:
    if any(key is None for key, _ in pairs):
        raise NullValueNotAllowed("null value not allowed for object key")
    return "{" + ", ".join(f"{quote_json(str(k))} : {'null' if v is None else quote_json(str(v))}" for k, v in pairs) + "}"


def _b_text_object(pairs: list[tuple[object, object]]) -> str:
    if any(key is None for key, _ in pairs):
        raise NullValueNotAllowed("null value not allowed for object key")
    return write_jsonb({str(k): None if v is None else str(v) for k, v in pairs})


@scalar("json_object(_text)", face="datum")
def object_of(array: PgArray) -> str:
    """An array of keys and values, alternating or in pairs, as a json object."""
    return _text_object(_text_pairs(array))


@scalar("json_object(_text,_text)", face="datum")
def object_of_two(keys: PgArray, values: PgArray) -> str:
    """Keys and values as a json object."""
    return _text_object(_two_arrays(keys, values))


@scalar("jsonb_object(_text)", face="datum")
def b_object_of(array: PgArray) -> str:
    """An array of keys and values as a jsonb object."""
    return _b_text_object(_text_pairs(array))


@scalar("jsonb_object(_text,_text)", face="datum")
def b_object_of_two(keys: PgArray, values: PgArray) -> str:
    """Keys and values as a jsonb object."""
    return _b_text_object(_two_arrays(keys, values))
