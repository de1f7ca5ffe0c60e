"""json_each, json_array_elements, json_object_keys: documents as rows."""

from __future__ import annotations

from collections.abc import Callable

from auroraml.batch import Index, TextVector, Vector
from auroraml.errors import InvalidParameterValue
from auroraml.functions.json.access import elements, jsonb_text, members, start_of, unquoted
from auroraml.functions.json.scanning import Members, members_of, spread, values_at
from auroraml.functions.json.shaped import rows_by_shape
from auroraml.functions.json.values import parsed
from auroraml.functions.signature import rows
from auroraml.types.json import MANY, JsonValue, write_jsonb

Rows = list[tuple[str | None, ...]]


def _object(text: str, name: str) -> list[tuple[str, str]]:
    if start_of(text) != "{":
        raise InvalidParameterValue(f"cannot deconstruct {'an array as an object' if start_of(text) == '[' else 'a scalar'}")
    return list(members(text))


def each(text: str) -> Rows:
    """A row for each field of an object."""
    return [(key, value) for key, value in _object(text, "json_each")]


def each_text(text: str) -> Rows:
    """A row for each field of an object, its value as text."""
    return [(key, unquoted(value)) for key, value in _object(text, "json_each_text")]


def _b_items(text: str, name: str) -> list[tuple[str, JsonValue]]:
    value = parsed(text)
    if not isinstance(value, dict):
        raise InvalidParameterValue(f"cannot call {name} on a non-object")
    return sorted(value.items(), key=lambda item: (len(item[0].encode()), item[0].encode()))


def b_each(text: str) -> Rows:
    """A row for each field of an object."""
    return [(key, write_jsonb(value)) for key, value in _b_items(text, "jsonb_each")]


def b_each_text(text: str) -> Rows:
    """A row for each field of an object, its value as text."""
    return [(key, jsonb_text(value)) for key, value in _b_items(text, "jsonb_each_text")]


def _keys_error(kind: str, name: str) -> InvalidParameterValue:
    return InvalidParameterValue(f"cannot call {name} on {'an array' if kind == '[' else 'a scalar'}")


def keys(text: str) -> Rows:
    """The keys of an object."""
    if start_of(text) != "{":
        raise _keys_error(start_of(text), "json_object_keys")
    return [(key,) for key in dict(members(text))]


def b_keys(text: str) -> Rows:
    """The keys of an object."""
    if start_of(text) != "{":
        raise _keys_error(start_of(text), "jsonb_object_keys")
    return [(key,) for key, _ in _b_items(text, "jsonb_object_keys")]


def _elements(text: str, name: str) -> list[str]:
    if start_of(text) != "[":
        raise InvalidParameterValue(f"cannot call {name} on a {'non-array' if start_of(text) == '{' else 'scalar'}")
    return list(elements(text))


def array_elements(text: str) -> Rows:
    """A row for each element of an array."""
    return [(item,) for item in _elements(text, "json_array_elements")]


def array_elements_text(text: str) -> Rows:
    """A row for each element of an array, as text."""
    return [(unquoted(item),) for item in _elements(text, "json_array_elements_text")]


def _b_elements(text: str) -> list[JsonValue]:
    value = parsed(text)
    if not isinstance(value, list):
        raise InvalidParameterValue(f"cannot extract elements from {'an object' if isinstance(value, dict) else 'a scalar'}")
    return value


def b_array_elements(text: str) -> Rows:
    """A row for each element of an array."""
    return [(write_jsonb(item),) for item in _b_elements(text)]


def b_array_elements_text(text: str) -> Rows:
    """A row for each element of an array, as text."""
    return [(jsonb_text(item),) for item in _b_elements(text)]


for _signature, _function, _columns in (
    ("json_each(json)", each, 2),
    ("json_each_text(json)", each_text, 2),
    ("json_object_keys(json)", keys, 1),
    ("json_array_elements(json)", array_elements, 1),
    ("json_array_elements_text(json)", array_elements_text, 1),
):
    rows(_signature, face="vector")(rows_by_shape(_function, _columns))


def _spread(function: Callable[[str], Rows], *, shown: bool) -> Callable[[Vector], tuple[list[Vector], Index]]:
    shaped = rows_by_shape(function, 1)

    def run(documents: Vector) -> tuple[list[Vector], Index]:
        texts = documents.flat()
        found = spread(texts) if isinstance(texts, TextVector) and texts.n >= MANY else None
        if found is None:
            return shaped(documents)
        structure, starts, ends, counts = found
        return [values_at(structure, starts, ends, shown=shown)], counts

    return run


elements_of = _spread(b_array_elements, shown=False)
rows("jsonb_array_elements(jsonb)", face="vector")(elements_of)
rows("jsonb_array_elements_text(jsonb)", face="vector")(_spread(b_array_elements_text, shown=True))


def _members(
    function: Callable[[str], Rows], parts: Callable[[Members], list[Vector]], columns: int
) -> Callable[[Vector], tuple[list[Vector], Index]]:
    shaped = rows_by_shape(function, columns)

    def run(documents: Vector) -> tuple[list[Vector], Index]:
        texts = documents.flat()
        found = members_of(texts) if isinstance(texts, TextVector) and texts.n >= MANY else None
        return shaped(documents) if found is None else (parts(found), found.counts)

    return run


rows("jsonb_each(jsonb)", face="vector")(_members(b_each, lambda found: [found.key_texts(), found.value_texts(shown=False)], 2))
rows("jsonb_each_text(jsonb)", face="vector")(_members(b_each_text, lambda found: [found.key_texts(), found.value_texts(shown=True)], 2))
rows("jsonb_object_keys(jsonb)", face="vector")(_members(b_keys, lambda found: [found.key_texts()], 1))
