"""jsonb comparison, containment and existence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from auroraml.batch import ConstVector, FixedVector, ListVector, Mask, TextVector, Vector
from auroraml.functions.json.expanding import b_array_elements
from auroraml.functions.json.scanning import field_of, has_field, having
from auroraml.functions.json.shaped import rows_by_shape
from auroraml.functions.json.values import parsed
from auroraml.functions.signature import SCALARS, Kernel, oid_of, scalar
from auroraml.lazy import compute as pc
from auroraml.types.json import JsonValue, Number, jsonb_key, quote_json, write_jsonb
from auroraml.types.pg_type import PgArray


def _contains(a: JsonValue, b: JsonValue, top: bool = False) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        return all(key in a and _contains(a[key], value) for key, value in b.items())
    if isinstance(a, list) and isinstance(b, list):
        return all(any(_contains(x, y) if isinstance(y, dict | list) else _equal(x, y) for x in a) for y in b)
    if top and isinstance(a, list) and not isinstance(b, dict):
        return any(_equal(x, b) for x in a)
    return _equal(a, b)


def _equal(a: JsonValue, b: JsonValue) -> bool:
    return jsonb_key(a) == jsonb_key(b)


def _has_all(documents: TextVector, wanted: dict[str, JsonValue]) -> Mask | None:
    """Which documents are objects that contain the fields of another; None where that has to be found one by one."""
    found = pc.starts_with(documents.values, "{").to_numpy(zero_copy_only=False)
    for key, value in wanted.items():
        field = field_of(documents, ConstVector(TextVector(pa.array([key], pa.large_string())), documents.n), shown=False)
        inner = _having_parts(field, value) if isinstance(field, TextVector) else None
        if inner is None:
            return None
        found &= inner
    return np.asarray(found, np.bool_)


def _any_of(documents: TextVector, wanted: Sequence[JsonValue]) -> Mask | None:
    """Which documents are arrays that have an element that contains each of some values; None where that has to be found one by one."""
    found = pc.starts_with(documents.values, "[").to_numpy(zero_copy_only=False) & documents.valid
    rows = np.flatnonzero(found)
    (items,), counts = rows_by_shape(b_array_elements, 1)(documents.take(rows))
    owners = np.repeat(rows, counts)
    for value in wanted:
        assert isinstance(items, TextVector)
        inner = _having_parts(items, value)
        if inner is None:
            return None
        found &= np.bincount(owners[inner], minlength=documents.n) > 0
    return np.asarray(found, np.bool_)


def _having_parts(documents: TextVector, value: JsonValue) -> Mask | None:
    """Which documents, parts of others, contain a value."""
    found: Mask | None
    if isinstance(value, dict):
        found = _has_all(documents, value)
    elif isinstance(value, list):
        found = _any_of(documents, value)
    elif isinstance(value, Number):
        found = pc.match_substring_regex(documents.values, f"^{_equal_numbers(value.text)}$").to_numpy(zero_copy_only=False)
    else:
        found = pc.equal(documents.values, write_jsonb(value)).to_numpy(zero_copy_only=False)
    return None if found is None else np.asarray(found & documents.valid, np.bool_)


def _equal_numbers(text: str) -> str:
    """A pattern of the texts of the numbers equal to one."""
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}[.]{fraction}0*" if fraction else f"{whole}([.]0+)?"


def _needles(wanted: JsonValue) -> Iterator[str]:
    """Texts that stand in every document that contains another."""
    if isinstance(wanted, dict):
        for key, value in wanted.items():
            yield quote_json(key) + ":"
            yield from _needles(value)
    elif isinstance(wanted, list):
        for value in wanted:
            yield from _needles(value)
    elif isinstance(wanted, Number):
        whole, _, fraction = wanted.text.partition(".")
        yield f"{whole}.{fraction.rstrip('0')}".rstrip(".")
    else:
        yield write_jsonb(wanted)


def _containing(a: Vector, b: Vector) -> Vector | None:
    if not isinstance(a, TextVector) or not isinstance(b, ConstVector):
        return None
    wanted = parsed(str(b.one.datum(0)))
    perhaps = np.ones(a.n, np.bool_)
    for needle in set(_needles(wanted)):
        perhaps &= pc.match_substring(a.values, needle).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(perhaps)
    some = TextVector(a.values.take(pa.array(rows)))
    inside = _having_parts(some, wanted) if len(rows) and isinstance(wanted, dict | list) else None
    if inside is None:  # few, or odd ones
        inside = np.array([_contains(parsed(text), wanted, True) for text in some.values.to_pylist()], np.bool_)
    found = np.zeros(a.n, np.bool_)
    found[rows] = inside
    return FixedVector(found)


@scalar("jsonb_contains(jsonb,jsonb)", face="datum", raises=False, columns=_containing)
def contains(a: str, b: str) -> bool:
    """a @> b."""
    return _contains(parsed(a), parsed(b), True)


@scalar("jsonb_contained(jsonb,jsonb)", face="datum", raises=False, columns=lambda a, b: _containing(b, a))
def contained(a: str, b: str) -> bool:
    """a <@ b."""
    return contains(b, a)


def _has(value: JsonValue, key: object) -> bool:
    return (
        key in value if isinstance(value, dict) else any(x == key and isinstance(x, str) for x in value) if isinstance(value, list) else value == key
    )


@scalar("jsonb_exists(jsonb,text)", face="datum", raises=False, columns=has_field)
def exists(a: str, key: str) -> bool:
    """a ? key."""
    return _has(parsed(a), key)


def _having(documents: Vector, keys: Vector, every: bool) -> Vector | None:
    if not isinstance(keys, ConstVector) or not isinstance(keys.one, ListVector):
        return None
    array = keys.one.datum(0)
    assert isinstance(array, PgArray)
    found = having(documents, [str(key) for key in array.elements if key is not None], every)
    return None if found is None else FixedVector(found)


@scalar("jsonb_exists_any(jsonb,_text)", face="datum", raises=False, columns=lambda documents, keys: _having(documents, keys, False))
def exists_any(a: str, keys: PgArray) -> bool:
    """a ?| keys."""
    return any(_has(parsed(a), key) for key in keys.elements if key is not None)


@scalar("jsonb_exists_all(jsonb,_text)", face="datum", raises=False, columns=lambda documents, keys: _having(documents, keys, True))
def exists_all(a: str, keys: PgArray) -> bool:
    """a ?& keys."""
    return all(_has(parsed(a), key) for key in keys.elements if key is not None)


def _comparison(name: str) -> Kernel:
    def run(a: str, b: str) -> bool:
        x, y = jsonb_key(parsed(a)), jsonb_key(parsed(b))
        order = (x > y) - (x < y)
        return {"eq": order == 0, "ne": order != 0, "lt": order < 0, "le": order <= 0, "gt": order > 0, "ge": order >= 0}[name]

    return Kernel(function=run, face="datum", raises=False)


for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    SCALARS[oid_of(f"jsonb_{_name}(jsonb,jsonb)")] = _comparison(_name)
