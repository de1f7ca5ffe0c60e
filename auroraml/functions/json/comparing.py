"""jsonb comparison, containment and existence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from auroraml.batch import ConstVector, FixedVector, Index, ListVector, Mask, TextVector, Vector, layout_of
from auroraml.functions.json.expanding import elements_of
from auroraml.functions.json.scanning import field_of, has_field, having
from auroraml.functions.json.values import parsed
from auroraml.functions.signature import SCALARS, Kernel, oid_of, scalar
from auroraml.lazy import compute as pc
from auroraml.types.json import JsonValue, Number, jsonb_key, quote_json, write_jsonb
from auroraml.types.json_bits import found_in
from auroraml.types.json_shapes import changed
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
    names = [value for value in wanted if isinstance(value, str)]
    if names and documents.n:
        named = having(documents, names, True)
        if named is None:
            return None
        found &= named
    rest = [value for value in wanted if not isinstance(value, str)]
    rows = np.flatnonzero(found)
    if not rest or not len(rows):
        return np.asarray(found, np.bool_)
    (items,), counts = elements_of(documents.take(rows))
    owners = np.repeat(rows, counts)
    for value in rest:
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
            yield quote_json(key) + ": " + ("" if isinstance(value, dict | list) else next(_needles(value)))
            yield from _needles(value)
    elif isinstance(wanted, list):
        for value in wanted:
            yield from _needles(value)
    elif isinstance(wanted, Number):
        whole, _, fraction = wanted.text.partition(".")
        yield f"{whole}.{fraction.rstrip('0')}".rstrip(".")
    else:
        yield write_jsonb(wanted)


def _perhaps(documents: TextVector, wanted: JsonValue) -> Index:
    """The documents in which the longest of those texts stands."""
    needle = max(_needles(wanted), key=len, default="")
    if not needle:
        return np.arange(documents.n)
    offsets, data = layout_of(documents.values)
    rows = offsets[1:].searchsorted(found_in(data, needle.encode()), "right")
    found: Index = rows[np.append(True, rows[1:] != rows[:-1])] if len(rows) else rows
    return found


def _containing(a: Vector, b: Vector) -> Vector | None:
    if not isinstance(a, TextVector) or not isinstance(b, ConstVector):
        return None
    wanted = parsed(str(b.one.datum(0)))
    rows = _perhaps(a, wanted)
    some = a if len(rows) == a.n else TextVector(a.values.take(pa.array(rows)))
    inside = _having_parts(some, wanted) if len(rows) and isinstance(wanted, dict | list) else None
    if inside is None:  # few, or odd ones
        inside = np.array([_contains(parsed(text), wanted, True) for text in some.values.to_pylist()], np.bool_)
    found = np.zeros(a.n, np.bool_)
    found[rows] = inside
    return FixedVector(found)


def _inside(documents: TextVector, whole: JsonValue, top: bool = False) -> Mask:
    """Which documents are contained in another."""
    if isinstance(whole, dict):
        found = _inside_object(documents, whole)
    elif isinstance(whole, list):
        found = _inside_array(documents, whole)
        if top:
            scalar = ~pc.match_substring_regex(documents.values, "^[{\\[]").to_numpy(zero_copy_only=False)
            for value in whole:
                if not isinstance(value, dict | list):
                    found |= scalar & _inside(documents, value)
    else:
        equal = _having_parts(documents, whole)
        assert equal is not None  # a scalar
        found = equal
    return np.asarray(found & documents.valid, np.bool_)


def _inside_object(documents: TextVector, whole: dict[str, JsonValue]) -> Mask:
    found = pc.starts_with(documents.values, "{").to_numpy(zero_copy_only=False) & documents.valid
    rows = np.flatnonzero(found)
    some = documents.take(rows)
    counts = np.zeros(len(rows), np.int64)
    for key, value in whole.items():  # over one document's fields
        if not len(rows):
            break
        field = field_of(some, ConstVector(TextVector(pa.array([key], pa.large_string())), some.n), shown=False)
        assert field is not None  # of texts, and one key
        keep = ~field.valid | _inside(field, value)
        counts += field.valid
        if not keep.all():
            rows, some, counts = rows[keep], some.take(np.flatnonzero(keep)), counts[keep]
    found = np.zeros(documents.n, np.bool_)
    if len(rows):
        found[rows[_sizes(some) == counts]] = True
    return found


def _sizes(documents: TextVector) -> Index:
    """How many fields objects have."""
    sizes = changed(documents.values, lambda text: str(len(parsed(text))))[0]  # type: ignore[arg-type] # an object
    found: Index = pc.cast(sizes, pa.int64()).to_numpy()
    return found


def _inside_array(documents: TextVector, whole: list[JsonValue]) -> Mask:
    found = np.asarray(pc.starts_with(documents.values, "[").to_numpy(zero_copy_only=False) & documents.valid)
    rows = np.flatnonzero(found)
    (items,), counts = elements_of(documents.take(rows))
    assert isinstance(items, TextVector)
    inner = np.zeros(items.n, np.bool_)
    for value in whole:  # over one document's elements
        if items.n:
            inner |= _inside(items, value)
    found[np.repeat(rows, counts)[~inner]] = False
    return found


def _contained(a: Vector, b: Vector) -> Vector | None:
    if not isinstance(b, ConstVector):
        return _containing(b, a)
    return FixedVector(_inside(a, parsed(str(b.one.datum(0))), True)) if isinstance(a, TextVector) and a.n else None


@scalar("jsonb_contains(jsonb,jsonb)", face="datum", raises=False, columns=_containing)
def contains(a: str, b: str) -> bool:
    """a @> b."""
    return _contains(parsed(a), parsed(b), True)


@scalar("jsonb_contained(jsonb,jsonb)", face="datum", raises=False, columns=_contained)
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


def _plain(texts: pa.Array | pa.Scalar) -> pa.Array | pa.Scalar:
    """Documents with no zeros at the ends of fractions: texts of equal ones are equal then."""
    cut = pc.replace_substring_regex(texts, "[.]0+([^0-9]|$)", "\\1")
    return pc.replace_substring_regex(cut, "([.][0-9]*[1-9])0+([^0-9]|$)", "\\1\\2")


def _texts(vector: Vector) -> pa.Array | pa.Scalar:
    found = (vector.one if isinstance(vector, ConstVector) else vector).flat()
    assert isinstance(found, TextVector)
    return found.values[0] if isinstance(vector, ConstVector) else found.values


def _equality(wanted: bool) -> Callable[[Vector, Vector], Vector | None]:
    def run(a: Vector, b: Vector) -> Vector | None:
        if isinstance(a, ConstVector) and isinstance(b, ConstVector):
            return None
        x, y = _texts(a), _texts(b)
        found = pc.equal(x, y).to_numpy(zero_copy_only=False)
        doubtful = np.flatnonzero(~found & pc.equal(_plain(x), _plain(y)).to_numpy(zero_copy_only=False))
        if len(doubtful):
            found = found.copy()
            left, right = (v.datums() if not isinstance(v, ConstVector) else [v.one.datum(0)] * len(found) for v in (a, b))
            for row in doubtful.tolist():  # numbers of other scales, or strings that look like them
                found[row] = _equal(parsed(str(left[row])), parsed(str(right[row])))
        return FixedVector(found if wanted else ~found)

    return run


def _comparison(name: str) -> Kernel:
    def run(a: str, b: str) -> bool:
        x, y = jsonb_key(parsed(a)), jsonb_key(parsed(b))
        order = (x > y) - (x < y)
        return {"eq": order == 0, "ne": order != 0, "lt": order < 0, "le": order <= 0, "gt": order > 0, "ge": order >= 0}[name]

    return Kernel(function=run, face="datum", raises=False, columns=_equality(name == "eq") if name in ("eq", "ne") else None)


for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    SCALARS[oid_of(f"jsonb_{_name}(jsonb,jsonb)")] = _comparison(_name)
