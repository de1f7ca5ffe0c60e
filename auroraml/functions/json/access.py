"""->, ->>, #>, #>>, json_extract_path and the type and length of documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial

import pyarrow as pa

from auroraml.batch import FixedVector, Vector
from auroraml.errors import InvalidParameterValue
from auroraml.functions.json.scanning import at_path, element_of, field_of, kinds_of, lengths_of, path_place
from auroraml.functions.json.shaped import Columns, by_columns, by_shape
from auroraml.functions.json.spaced import JSON
from auroraml.functions.json.values import parsed
from auroraml.functions.signature import scalar
from auroraml.lazy import compute as pc
from auroraml.types.json import JsonValue, write_jsonb
from auroraml.types.pg_type import PgArray

_DECODER = json.JSONDecoder(parse_float=str, parse_int=str)
_SPACE = " \t\n\r"


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def start_of(text: str) -> str:
    """The first character of a document: its kind."""
    return text[_skip(text, 0)]


def members(text: str) -> Iterator[tuple[str, str]]:
    """The keys of a JSON object and their values' own texts, in order, repeated keys too."""
    at = _skip(text, _skip(text, 0) + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        _, end = _DECODER.raw_decode(text, at)
        yield str(key), text[at:end]
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def elements(text: str) -> Iterator[str]:
    """The elements of a JSON array as their own texts."""
    at = _skip(text, _skip(text, 0) + 1)
    while text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        yield text[at:end]
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def json_field(text: str, key: str) -> str | None:
    """The text of a field; the last of equal keys."""
    found = None
    if start_of(text) == "{":
        for name, value in members(text):
            if name == key:
                found = value
    return found


def json_element(text: str, place: int) -> str | None:
    """The text of an element, counted from the end if negative."""
    if start_of(text) != "[":
        return None
    found = list(elements(text))
    return found[place] if -len(found) <= place < len(found) else None


def unquoted(text: str | None) -> str | None:
    """A json value as ->> gives it: strings without quotes, null as NULL."""
    if text is None:
        return None
    stripped = text.strip(_SPACE)
    if stripped == "null":
        return None
    return str(parsed(stripped)) if stripped.startswith('"') else stripped


def jsonb_text(value: JsonValue) -> str | None:
    """A jsonb value as ->> gives it."""
    return value if value is None or isinstance(value, str) else write_jsonb(value)


_MISSING = object()


def step(value: JsonValue, key: str) -> object:
    """One step of a path into a jsonb value; _MISSING where it leads nowhere."""
    if isinstance(value, dict):
        return value.get(key, _MISSING)
    if isinstance(value, list):
        place = path_place(key)
        return value[place] if place is not None and -len(value) <= place < len(value) else _MISSING
    return _MISSING


def jsonb_path(value: JsonValue, path: PgArray) -> object:
    """The value at a path; _MISSING for none."""
    found: object = value
    for key in path.elements:
        if key is None:
            return _MISSING
        found = step(found, str(key))  # type: ignore[arg-type] # a JSON value until it is missing
        if found is _MISSING:
            return _MISSING
    return found


def json_path(text: str, path: PgArray) -> str | None:
    """The text at a path of a json document."""
    found: str | None = text
    for key in path.elements:
        if key is None or found is None:
            return None
        kind = start_of(found)
        if kind == "{":
            found = json_field(found, str(key))
        elif kind == "[" and (place := path_place(str(key))) is not None:
            found = json_element(found, place)
        else:
            return None
    return found


@scalar("json_object_field(json,text)", face="datum", raises=False)
def field(text: str, key: str) -> str | None:
    """json -> key."""
    return json_field(text, key)


@scalar("json_object_field_text(json,text)", face="datum", raises=False)
def field_text(text: str, key: str) -> str | None:
    """json ->> key."""
    return unquoted(json_field(text, key))


@scalar("json_array_element(json,int4)", face="datum", raises=False)
def element(text: str, place: int) -> str | None:
    """json -> place."""
    return json_element(text, place)


@scalar("json_array_element_text(json,int4)", face="datum", raises=False)
def element_text(text: str, place: int) -> str | None:
    """json ->> place."""
    return unquoted(json_element(text, place))


@scalar("json_extract_path(json,_text)", face="datum", raises=False)
def extract(text: str, path: PgArray) -> str | None:
    """json #> path."""
    return json_path(text, path)


@scalar("json_extract_path_text(json,_text)", face="datum", raises=False)
def extract_text(text: str, path: PgArray) -> str | None:
    """json #>> path."""
    return unquoted(json_path(text, path))


def _written(found: object) -> str | None:
    return None if found is _MISSING else write_jsonb(found)  # type: ignore[arg-type] # a JSON value


def _shown(found: object) -> str | None:
    return None if found is _MISSING else jsonb_text(found)  # type: ignore[arg-type] # a JSON value


def _get(text: str, key: str) -> object:
    value = parsed(text)
    return value.get(key, _MISSING) if isinstance(value, dict) else _MISSING


def _at(text: str, place: int) -> object:
    value = parsed(text)
    if not isinstance(value, list | dict):
        value = [value]  # to PostgreSQL a lone scalar is an array of one
    return value[place] if isinstance(value, list) and -len(value) <= place < len(value) else _MISSING


@scalar("jsonb_object_field(jsonb,text)", face="datum", raises=False, columns=partial(field_of, shown=False))
def b_field(text: str, key: str) -> str | None:
    """jsonb -> key."""
    return _written(_get(text, key))


@scalar("jsonb_object_field_text(jsonb,text)", face="datum", raises=False, columns=partial(field_of, shown=True))
def b_field_text(text: str, key: str) -> str | None:
    """jsonb ->> key."""
    return _shown(_get(text, key))


@scalar("jsonb_array_element(jsonb,int4)", face="datum", raises=False)
def b_element(text: str, place: int) -> str | None:
    """jsonb -> place."""
    return _written(_at(text, place))


@scalar("jsonb_array_element_text(jsonb,int4)", face="datum", raises=False)
def b_element_text(text: str, place: int) -> str | None:
    """jsonb ->> place."""
    return _shown(_at(text, place))


@scalar("jsonb_extract_path(jsonb,_text)", face="datum", raises=False)
def b_extract(text: str, path: PgArray) -> str | None:
    """jsonb #> path."""
    return _written(jsonb_path(parsed(text), path))


@scalar("jsonb_extract_path_text(jsonb,_text)", face="datum", raises=False)
def b_extract_text(text: str, path: PgArray) -> str | None:
    """jsonb #>> path."""
    return _shown(jsonb_path(parsed(text), path))


def kind_of(value: JsonValue) -> str:
    """object, array, string, boolean, null or number."""
    return {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}.get(type(value), "number")


@scalar("json_typeof(json)", "jsonb_typeof(jsonb)", face="datum", raises=False, columns=kinds_of)
def typeof(text: str) -> str:
    """The kind of a document."""
    return {"{": "object", "[": "array", '"': "string", "t": "boolean", "f": "boolean", "n": "null"}.get(start_of(text), "number")


def array_length(count: Callable[[str], int]) -> Callable[[str], int]:
    """The length of an array; 22023 for what is none."""

    def run(text: str) -> int:
        kind = start_of(text)
        if kind != "[":
            raise InvalidParameterValue(f"cannot get array length of a {'non-array' if kind == '{' else 'scalar'}")
        return count(text)

    return run


@scalar("json_array_length(json)", face="datum")
def length(text: str) -> int:
    """How many elements the outermost array has."""
    return array_length(lambda t: sum(1 for _ in elements(t)))(text)


def _lengths(documents: Vector) -> Vector | None:
    if (known := lengths_of(documents)) is not None:
        return known
    texts = by_shape(lambda text: str(b_length(text)))(documents)
    return None if texts is None else FixedVector(pc.cast(texts.values, pa.int32()).to_numpy())  # type: ignore[attr-defined] # a TextVector


@scalar("jsonb_array_length(jsonb)", face="datum", columns=_lengths)
def b_length(text: str) -> int:
    """How many elements the outermost array has."""
    return array_length(lambda t: len(parsed(t)))(text)  # type: ignore[arg-type] # an array


def _sought(seek: Columns, shaped: Columns) -> Columns:
    """Found in bytes, or else by shape."""

    def run(documents: Vector, where: Vector) -> Vector | None:
        found = seek(documents, where)
        return shaped(documents, where) if found is None else found

    return run


for _signature, _columns in (
    ("json_object_field(json,text)", _sought(partial(field_of, shown=False, form=JSON), by_shape(field))),
    ("json_object_field_text(json,text)", _sought(partial(field_of, shown=True, form=JSON), by_shape(field_text))),
    ("json_array_element(json,int4)", _sought(partial(element_of, shown=False, form=JSON), by_shape(element))),
    ("json_array_element_text(json,int4)", _sought(partial(element_of, shown=True, form=JSON), by_shape(element_text))),
    ("json_extract_path(json,_text)", _sought(partial(at_path, shown=False, form=JSON), by_shape(extract))),
    ("json_extract_path_text(json,_text)", _sought(partial(at_path, shown=True, form=JSON), by_shape(extract_text))),
    ("jsonb_array_element(jsonb,int4)", _sought(partial(element_of, shown=False), by_shape(b_element))),
    ("jsonb_array_element_text(jsonb,int4)", _sought(partial(element_of, shown=True), by_shape(b_element_text))),
    ("jsonb_extract_path(jsonb,_text)", _sought(partial(at_path, shown=False), by_shape(b_extract))),
    ("jsonb_extract_path_text(jsonb,_text)", _sought(partial(at_path, shown=True), by_shape(b_extract_text))),
):
    by_columns(_signature, _columns)
