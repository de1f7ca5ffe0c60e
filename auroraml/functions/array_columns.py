"""Array functions over whole columns, where one of two arrays, or the element that is looked for, is the same for all rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from auroraml.batch import ConstVector, FixedVector, Index, ListVector, Mask, TextVector, Vector
from auroraml.functions.signature import Types
from auroraml.lazy import compute as pc
from auroraml.types.pg_type import PgArray, PgType
from auroraml.types.table import BY_OID

MOST = 64  # elements of an array that is looked for
ALIKE = frozenset(("int2", "int4", "int8", "bool", "date", "timestamp", "timestamptz", "text", "varchar", "name"))  # equal values are the same


class Elements:
    """The elements of a column of plain arrays, and whose they are."""

    def __init__(self, lists: ListVector) -> None:
        start, stop = int(lists.offsets[0]), int(lists.offsets[-1])
        self.n = lists.n
        self.sizes: Index = np.diff(lists.offsets)
        self.vector = lists.child.slice(start, stop).flat()
        self.validity = lists.validity

    def equal(self, value: object) -> Mask:
        """Which elements are a value; none is NULL's equal but NULL."""
        if value is None:
            return ~self.vector.valid
        if isinstance(self.vector, TextVector):
            found = pc.equal(self.vector.values, value).to_numpy(zero_copy_only=False)
        else:
            assert isinstance(self.vector, FixedVector)
            found = self.vector.values == value
        return np.asarray(found & self.vector.valid, np.bool_)

    def equal_to(self, values: Vector) -> Mask | None:
        """Which elements are their own row's value; None where that cannot be told at once."""
        flat = values.flat()
        if isinstance(flat, TextVector) != isinstance(self.vector, TextVector) or not isinstance(flat, TextVector | FixedVector) or flat.n != self.n:
            return None
        other = flat.take(np.repeat(np.arange(self.n), self.sizes))
        if isinstance(self.vector, TextVector) and isinstance(other, TextVector):
            same = pc.equal(self.vector.values, other.values).to_numpy(zero_copy_only=False)
        else:
            assert isinstance(self.vector, FixedVector) and isinstance(other, FixedVector)
            same = self.vector.values == other.values
        return np.asarray(np.where(self.vector.valid & other.valid, same, self.vector.valid == other.valid), np.bool_)

    def owners(self, which: Mask) -> Mask:
        """Which arrays have one of these elements."""
        return np.asarray(np.bincount(np.repeat(np.arange(self.n), self.sizes)[which], minlength=self.n) > 0, np.bool_)


def _elements(arrays: Vector, type: PgType | None) -> Elements | None:
    if not isinstance(arrays, ListVector) or arrays.shapes is not None or type is None or type.name not in ALIKE:
        return None
    found = Elements(arrays)
    return found if isinstance(found.vector, TextVector | FixedVector) else None


def _looked_for(array: Vector) -> list[object] | None:
    value = array.one.datum(0) if isinstance(array, ConstVector) else None
    if not isinstance(value, PgArray) or len(value.elements) > MOST:
        return None
    return list(dict.fromkeys(value.elements))


def _of_two(arrays: Vector, one: Vector, type: PgType | None, compare: Callable[[Elements, list[object]], Mask]) -> Vector | None:
    wanted = _looked_for(one)
    elements = None if wanted is None else _elements(arrays, type)
    return None if elements is None or wanted is None else FixedVector(compare(elements, wanted))


def _have(elements: Elements, wanted: list[object]) -> Mask:
    found = np.full(elements.n, None not in wanted)
    for value in wanted:
        found &= elements.owners(elements.equal(value))
    return found


def _any_of(elements: Elements, wanted: list[object]) -> Mask:
    found = np.zeros(elements.vector.n, np.bool_)
    for value in wanted:
        if value is not None:
            found |= elements.equal(value)
    return found


def _within(elements: Elements, wanted: list[object]) -> Mask:
    return ~elements.owners(~_any_of(elements, wanted))


def _element_type(types: Types) -> PgType | None:
    return BY_OID.get(types.args[0].element)


def _contains(ctx: object, types: Types, a: Vector, b: Vector) -> Vector | None:
    if isinstance(a, ConstVector):
        return _of_two(b, a, _element_type(types), _within)
    return _of_two(a, b, _element_type(types), _have)


def _overlaps(ctx: object, types: Types, a: Vector, b: Vector) -> Vector | None:
    arrays, one = (b, a) if isinstance(a, ConstVector) else (a, b)
    return _of_two(arrays, one, _element_type(types), lambda elements, wanted: elements.owners(_any_of(elements, wanted)))


def _removed(types: Types, arrays: Vector, element: Vector) -> Vector | None:
    elements = _elements(arrays, types.args[1]) if isinstance(element, ConstVector) else None
    if elements is None or not isinstance(element, ConstVector):
        return None
    kept = ~elements.equal(element.one.datum(0))
    counts = np.concatenate([[0], np.cumsum(kept)])
    offsets = counts[np.concatenate([[0], np.cumsum(elements.sizes)])]
    return ListVector(offsets, elements.vector.take(np.flatnonzero(kept)), elements.validity)


def _position(types: Types, arrays: Vector, element: Vector, start: Vector | None = None) -> Vector | None:
    elements = _elements(arrays, types.args[1]) if start is None else None
    if elements is None:
        return None
    equal = elements.equal(element.one.datum(0)) if isinstance(element, ConstVector) else elements.equal_to(element)
    if equal is None:
        return None
    places = np.flatnonzero(equal)
    ends = np.cumsum(elements.sizes)
    owners, first = np.unique(ends.searchsorted(places, "right"), return_index=True)
    found, known = np.zeros(elements.n, np.int32), np.zeros(elements.n, np.bool_)
    found[owners] = places[first] - (ends - elements.sizes)[owners] + 1
    known[owners] = True
    return FixedVector(found, None if known.all() else known)


def _joined(ctx: object, types: Types, arrays: Vector, separator: Vector, null: Vector | None = None) -> Vector | None:
    element = _element_type(types)
    if element is None or element.name not in ("text", "varchar") or not isinstance(separator, ConstVector):
        return None
    elements, between = _elements(arrays, element), separator.one.datum(0)
    shown = None if null is None else null.one.datum(0) if isinstance(null, ConstVector) else ...
    if elements is None or not isinstance(elements.vector, TextVector) or between is None or shown is ...:
        return None
    sizes, texts, valid = elements.sizes, elements.vector.values, elements.vector.valid
    if not valid.all():
        if shown is not None:
            texts = pc.if_else(pa.array(valid), texts, shown)
        else:
            sizes = sizes - np.bincount(np.repeat(np.arange(elements.n), sizes)[~valid], minlength=elements.n)
            texts = texts.filter(pa.array(valid))
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    made = pc.binary_join(pa.LargeListArray.from_arrays(pa.array(offsets), texts), pa.scalar(between, texts.type))
    return TextVector(made, elements.validity)


COLUMNS: dict[str, Callable[..., Vector | None]] = {
    "arraycontains(anyarray,anyarray)": _contains,
    "arraycontained(anyarray,anyarray)": lambda ctx, types, a, b: _contains(ctx, types, b, a),
    "arrayoverlap(anyarray,anyarray)": _overlaps,
    "array_remove(anycompatiblearray,anycompatible)": _removed,
    "array_position(anycompatiblearray,anycompatible)": _position,
    "array_to_string(anyarray,text)": _joined,
    "array_to_string(anyarray,text,text)": _joined,
}
