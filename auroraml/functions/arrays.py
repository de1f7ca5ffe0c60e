"""Array functions and operators: dimensions over offsets in numpy, elements compared as PostgreSQL orders them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa

from auroraml.batch import ConstVector, FixedVector, ListVector, StructVector, TextVector, Vector, concat, from_datums, layout_of
from auroraml.errors import (
    ArraySubscriptError,
    DataException,
    FeatureNotSupported,
    InvalidParameterValue,
    NullValueNotAllowed,
    ProgramLimitExceeded,
)
from auroraml.functions.array_columns import COLUMNS
from auroraml.functions.ordering import orderable, same
from auroraml.functions.signature import SCALARS, CallContext, Kernel, Types, oid_of, rows, scalar
from auroraml.lazy import compute as pc
from auroraml.types.pg_type import PgArray, PgType
from auroraml.types.table import BY_OID
from auroraml.types.text import datum_out

EMPTY = PgArray((), (), ())
MOST = 6


def lists_of(vector: Vector) -> ListVector:
    """The list vector behind a constant or a column."""
    found = (vector.one if isinstance(vector, ConstVector) else vector).flat()
    assert isinstance(found, ListVector)
    return found


def _shape(lists: ListVector, row: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    shape = None if lists.shapes is None else lists.shapes[row]
    if shape is not None:
        return shape  # type: ignore[no-any-return] # an object array
    size = int(lists.offsets[row + 1] - lists.offsets[row])
    return ((size,), (1,)) if size else ((), ())


def _per_row(lists: ListVector, measure: object) -> Vector:
    assert callable(measure)
    values = [measure(*_shape(lists, row)) for row in range(lists.n)]  # arrays with shapes of their own
    valid = np.array([value is not None for value in values], np.bool_)
    return FixedVector(np.array([value or 0 for value in values], np.int32), None if valid.all() else valid)


def _sizes(lists: ListVector) -> np.ndarray:
    return np.diff(lists.offsets).astype(np.int32)


@scalar("cardinality(anyarray)", raises=False)
def cardinality(arrays: Vector) -> Vector:
    """How many elements there are."""
    return FixedVector(_sizes(lists_of(arrays)))


@scalar("array_ndims(anyarray)", raises=False)
def dimensions(arrays: Vector) -> Vector:
    """How many dimensions there are; NULL for an empty array."""
    return _per_row(lists_of(arrays), lambda dims, lower: len(dims) or None)


@scalar("array_dims(anyarray)", face="datum", raises=False)
def bounds(array: PgArray) -> str | None:
    """The dimensions as [1:3][1:2]."""
    return "".join(f"[{low}:{low + size - 1}]" for size, low in zip(array.dims, array.lower, strict=True)) or None


def _dimension(arrays: Vector, dimension: Vector, measure: object) -> Vector:
    assert callable(measure)
    lists = lists_of(arrays)
    if lists.shapes is None and isinstance(dimension, ConstVector):
        sizes = _sizes(lists)
        known = (sizes > 0) & (dimension.datum(0) == 1)
        return FixedVector(np.where(known, measure(sizes, 1), 0).astype(np.int32), None if known.all() else known)
    n = max(arrays.n, dimension.n)
    wanted = dimension.datums()
    out: list[int | None] = []
    for row in range(n):  # arrays with shapes of their own
        dims, lower = _shape(lists, row if lists.n == n else 0)
        place = int(str(wanted[row if len(wanted) == n else 0])) - 1
        out.append(int(measure(dims[place], lower[place])) if 0 <= place < len(dims) else None)
    return from_datums(BY_OID[23], out)


@scalar("array_length(anyarray,int4)", raises=False)
def length(arrays: Vector, dimension: Vector) -> Vector:
    """The size of a dimension."""
    return _dimension(arrays, dimension, lambda size, low: size)


@scalar("array_lower(anyarray,int4)", raises=False)
def lower(arrays: Vector, dimension: Vector) -> Vector:
    """The first subscript of a dimension."""
    return _dimension(arrays, dimension, lambda size, low: low + size * 0)


@scalar("array_upper(anyarray,int4)", raises=False)
def upper(arrays: Vector, dimension: Vector) -> Vector:
    """The last subscript of a dimension."""
    return _dimension(arrays, dimension, lambda size, low: low + size - 1)


def _extended(arrays: Vector, elements: Vector, at_end: bool) -> Vector | None:
    """One element more in each of many arrays, from its row; None where some array is NULL or has a shape of its own."""
    if isinstance(arrays, ConstVector):
        arrays = arrays.one.take(np.zeros(arrays.n, np.int64))
    if not isinstance(arrays, ListVector) or arrays.shapes is not None or not arrays.valid.all():
        return None
    start, stop, n = int(arrays.offsets[0]), int(arrays.offsets[-1]), arrays.n
    offsets = arrays.offsets - start + np.arange(n + 1)
    fresh = offsets[1:] - 1 if at_end else offsets[:-1]
    old = np.ones(int(offsets[-1]), np.bool_)
    old[fresh] = False
    places = np.empty(len(old), np.int64)
    places[old], places[fresh] = np.arange(stop - start), np.arange(stop - start, stop - start + n)
    return ListVector(offsets, concat([arrays.child.slice(start, stop), elements]).take(places))


@scalar("array_append(anycompatiblearray,anycompatible)", face="datum", columns=lambda arrays, elements: _extended(arrays, elements, True))
def append(array: PgArray | None, element: object) -> PgArray:
    """One element more at the end."""
    if array is None or not array.dims:
        return PgArray((element,), (1,), (1,))
    if len(array.dims) != 1:
        raise DataException("argument must be empty or one-dimensional array")
    return PgArray((*array.elements, element), (array.dims[0] + 1,), array.lower)


@scalar(
    "array_prepend(anycompatible,anycompatiblearray)", face="datum", columns=lambda elements, arrays: _extended(arrays, elements, False)
)  # fmt: skip
def prepend(element: object, array: PgArray | None) -> PgArray:
    """One element more at the start; the lower bound stays."""
    if array is None or not array.dims:
        return PgArray((element,), (1,), (1,))
    if len(array.dims) != 1:
        raise DataException("argument must be empty or one-dimensional array")
    return PgArray((element, *array.elements), (array.dims[0] + 1,), array.lower)


def _incompatible(detail: str) -> ArraySubscriptError:
    return ArraySubscriptError("cannot concatenate incompatible arrays", detail=detail)


def _plain(arrays: Vector) -> ListVector | None:
    """Arrays of one dimension, from 1 on, none of them NULL."""
    if isinstance(arrays, ConstVector):
        arrays = arrays.one.take(np.zeros(arrays.n, np.int64))
    return arrays if isinstance(arrays, ListVector) and arrays.shapes is None and arrays.valid.all() else None


def _side_by_side(a: Vector, b: Vector) -> Vector | None:
    """Many pairs of arrays, each as one; None where that has to be looked at one by one."""
    left, right = _plain(a), _plain(b)
    if left is None or right is None:
        return None
    of_left, of_right = left.offsets - left.offsets[0], right.offsets - right.offsets[0]
    n, more = int(of_left[-1]), int(of_right[-1])
    places = np.empty(n + more, np.int64)
    places[np.arange(n) + np.repeat(of_right[:-1], np.diff(of_left))] = np.arange(n)
    places[np.arange(more) + np.repeat(of_left[1:], np.diff(of_right))] = n + np.arange(more)
    parts = [lists.child.slice(int(lists.offsets[0]), int(lists.offsets[-1])) for lists in (left, right)]
    return ListVector(of_left + of_right, concat(parts).take(places))


@scalar("array_cat(anycompatiblearray,anycompatiblearray)", face="datum", columns=_side_by_side)
def concatenate(a: PgArray | None, b: PgArray | None) -> PgArray | None:
    """a || b: side by side, or one array as a new row of the other."""
    if a is None or b is None:
        return b if a is None else a
    if not a.dims or not b.dims:
        return b if not a.dims else a
    if len(a.dims) == len(b.dims):
        if a.dims[1:] != b.dims[1:] or a.lower[1:] != b.lower[1:]:
            raise _incompatible("Arrays with differing element dimensions are not compatible for concatenation.")
        dims, low = (a.dims[0] + b.dims[0], *a.dims[1:]), a.lower
    elif len(a.dims) == len(b.dims) + 1:
        if a.dims[1:] != b.dims:
            raise _incompatible("Arrays with differing dimensions are not compatible for concatenation.")
        dims, low = (a.dims[0] + 1, *a.dims[1:]), a.lower
    elif len(b.dims) == len(a.dims) + 1:
        if b.dims[1:] != a.dims:
            raise _incompatible("Arrays with differing dimensions are not compatible for concatenation.")
        dims, low = (b.dims[0] + 1, *b.dims[1:]), b.lower
    else:
        raise _incompatible(f"Arrays of {len(a.dims)} and {len(b.dims)} dimensions are not compatible for concatenation.")
    return PgArray((*a.elements, *b.elements), dims, low)


def _one_dimension(array: PgArray, what: str) -> None:
    if len(array.dims) > 1:
        raise FeatureNotSupported(what)


@scalar("array_position(anycompatiblearray,anycompatible)", "array_position(anycompatiblearray,anycompatible,int4)", face="datum", typed=True)
def position(types: Types, array: PgArray | None, element: object, *starts: int | None) -> int | None:
    """The subscript of the first equal element, from one on if that is given."""
    if array is None:
        return None
    _one_dimension(array, "searching for elements in multidimensional arrays is not supported")
    least = array.lower[0] if array.lower else 1
    start = starts[0] if starts else least
    if start is None:
        raise NullValueNotAllowed("initial position must not be null")
    type = types.args[1]
    for place, other in enumerate(array.elements, least):
        if place >= start and same(type, other, element):
            return place
    return None


@scalar("array_positions(anycompatiblearray,anycompatible)", face="datum", typed=True)
def positions(types: Types, array: PgArray | None, element: object) -> PgArray | None:
    """The subscripts of all equal elements."""
    if array is None:
        return None
    _one_dimension(array, "searching for elements in multidimensional arrays is not supported")
    found = [place for place, other in enumerate(array.elements, array.lower[0] if array.lower else 1) if same(types.args[1], other, element)]
    return PgArray.of(tuple(found))


@scalar("array_remove(anycompatiblearray,anycompatible)", face="datum", typed=True)
def remove(types: Types, array: PgArray | None, element: object) -> PgArray | None:
    """Without all equal elements."""
    if array is None:
        return None
    _one_dimension(array, "removing elements from multidimensional arrays is not supported")
    kept = tuple(other for other in array.elements if not same(types.args[1], other, element))
    if len(kept) == len(array.elements):
        return array
    return PgArray(kept, (len(kept),), array.lower) if kept else EMPTY


@scalar("array_replace(anycompatiblearray,anycompatible,anycompatible)", face="datum", typed=True)
def replace(types: Types, array: PgArray | None, old: object, new: object) -> PgArray | None:
    """Equal elements replaced."""
    if array is None:
        return None
    return PgArray(tuple(new if same(types.args[1], other, old) else other for other in array.elements), array.dims, array.lower)


@scalar("trim_array(anyarray,int4)", face="datum")
def trim(array: PgArray, count: int) -> PgArray:
    """Without the last `count` elements of the first dimension."""
    size = array.dims[0] if array.dims else 0
    if not 0 <= count <= size:
        raise ArraySubscriptError(f"number of elements to trim must be between 0 and {size}")
    if count == size:
        return EMPTY
    width = len(array.elements) // size
    return PgArray(array.elements[: (size - count) * width], (size - count, *array.dims[1:]), (1,) * len(array.dims))


def _filled(value: object, dims: PgArray | None, low: PgArray | None, given: bool) -> PgArray:
    if dims is None or (given and low is None):
        raise NullValueNotAllowed("dimension array or low bound array cannot be null")
    if len(dims.dims) > 1 or (low is not None and len(low.dims) > 1):
        raise ArraySubscriptError("wrong number of array subscripts", detail="Dimension array must be one dimensional.")
    sizes = [d for d in dims.elements if d is not None]
    lows = [1] * len(sizes) if low is None else [d for d in low.elements if d is not None]
    if len(sizes) != len(dims.elements) or (low is not None and len(lows) != len(low.elements)):
        raise NullValueNotAllowed("dimension values cannot be null")
    if len(lows) != len(sizes):
        raise ArraySubscriptError("wrong number of array subscripts", detail="Low bound array has different size than dimensions array.")
    if len(sizes) > MOST:
        raise ProgramLimitExceeded(f"number of array dimensions ({len(sizes)}) exceeds the maximum allowed ({MOST})")
    counts = [int(str(size)) for size in sizes]
    if any(size < 0 for size in counts):
        raise InvalidParameterValue(f"invalid array size: {min(counts)}")
    total = int(np.prod(counts)) if counts else 0
    return PgArray((value,) * total, tuple(counts), tuple(int(str(x)) for x in lows)) if total else EMPTY


@scalar("array_fill(anyelement,_int4)", face="datum")
def fill(value: object, dims: PgArray | None) -> PgArray:
    """An array of one value."""
    return _filled(value, dims, None, False)


@scalar("array_fill(anyelement,_int4,_int4)", face="datum")
def fill_from(value: object, dims: PgArray | None, low: PgArray | None) -> PgArray:
    """An array of one value, with lower bounds."""
    return _filled(value, dims, low, True)


@scalar("array_to_string(anyarray,text)", "array_to_string(anyarray,text,text)", face="datum", context=True, typed=True)
def to_string(ctx: CallContext, types: Types, array: PgArray | None, separator: str | None, null: str | None = None) -> str | None:
    """The elements' texts joined; NULLs left out or shown as `null`."""
    if array is None or separator is None:
        return None
    element = ctx.style.resolve(types.args[0].element)
    texts = [null if d is None else datum_out(element, d, ctx.style) for d in array.elements]
    return separator.join(text for text in texts if text is not None)


def split(text: str, separator: str | None) -> list[str]:
    """The fields of a text; without a separator its characters."""
    if not text:
        return []
    if separator is None:
        return list(text)
    return text.split(separator) if separator else [text]


def _characters(texts: pa.Array) -> tuple[np.ndarray, pa.Array]:
    """Where the characters of each text begin among those of all, and the characters."""
    offsets, data = layout_of(texts)
    starts = np.append(np.flatnonzero((data & 0xC0) != 0x80), len(data))
    child = pa.Array.from_buffers(pa.large_string(), len(starts) - 1, [None, pa.py_buffer(starts.astype(np.int64)), pa.py_buffer(data)])
    return np.searchsorted(starts, offsets), child


def _split_columns(texts: Vector, separator: Vector, null: Vector | None = None) -> Vector | None:
    """The fields of many texts by one separator."""
    flat = texts.flat()
    if isinstance(texts, ConstVector) or not isinstance(flat, TextVector) or not isinstance(separator, ConstVector):
        return None
    if null is not None and not isinstance(null, ConstVector):
        return None
    between, nothing = separator.one.datum(0), None if null is None else null.one.datum(0)
    values, validity = flat.values, flat.validity
    if validity is not None:
        values = pc.if_else(pa.array(validity), values, pa.scalar("", values.type))
    if between is None:
        offsets, child = _characters(values)
    elif not between:
        filled = pc.binary_length(values).to_numpy(zero_copy_only=False) > 0
        offsets, child = np.concatenate(([0], np.cumsum(filled))), values.filter(pa.array(filled))
    else:
        parts = pc.split_pattern(values, str(between))
        offsets, child = parts.offsets.to_numpy().astype(np.int64), parts.values
        empty = pc.binary_length(values).to_numpy(zero_copy_only=False) == 0  # has one field for Arrow, none for PostgreSQL
        if empty.any():
            kept = np.ones(len(child), np.bool_)
            kept[offsets[:-1][empty]] = False
            child = child.filter(pa.array(kept))
            offsets = offsets - np.concatenate(([0], np.cumsum(empty)))
    if nothing is None:
        return ListVector(offsets, TextVector(child), validity)
    given = pc.not_equal(child, pa.scalar(str(nothing), child.type))
    known = given.to_numpy(zero_copy_only=False)
    if known.all():
        return ListVector(offsets, TextVector(child), validity)
    return ListVector(offsets, TextVector(pc.if_else(given, child, pa.scalar("", child.type)), known), validity)


@scalar("string_to_array(text,text)", "string_to_array(text,text,text)", face="datum", columns=_split_columns)
def from_string(text: str | None, separator: str | None, null: str | None = None) -> PgArray | None:
    """The fields of a text; those equal to `null` are NULL."""
    if text is None:
        return None
    return PgArray.of(tuple(None if null is not None and field == null else field for field in split(text, separator)))


@rows("string_to_table(text,text)", "string_to_table(text,text,text)")
def to_table(text: str | None, separator: str | None, null: str | None = None) -> list[tuple[object, ...]]:
    """A row for each field of a text."""
    if text is None:
        return []
    return [(None if null is not None and field == null else field,) for field in split(text, separator)]


@rows("generate_subscripts(anyarray,int4)", "generate_subscripts(anyarray,int4,bool)")
def subscripts(array: PgArray, dimension: int, reverse: bool = False) -> list[tuple[object, ...]]:
    """The subscripts of a dimension."""
    if not 1 <= dimension <= len(array.dims):
        return []
    low = array.lower[dimension - 1]
    found = range(low, low + array.dims[dimension - 1])
    return [(place,) for place in (reversed(found) if reverse else found)]


@rows("unnest(anyarray)", face="vector")
def unnest(arrays: Vector) -> tuple[list[Vector], np.ndarray]:
    """The elements, row by row; of composite ones the fields, NULL all of them where the element is."""
    lists = lists_of(arrays)
    elements = lists.child.slice(int(lists.offsets[0]), int(lists.offsets[-1])).flat()
    columns: list[Vector] = [elements]
    if isinstance(elements, StructVector):
        known = elements.validity
        columns = [field if known is None else field.flat().with_validity(field.valid & known) for field in elements.fields]
    return columns, np.diff(lists.offsets)


# Comparison


def array_key(array: PgArray, element: PgType) -> tuple[object, ...]:
    """What arrays compare by: elements in order, then how many, dimensions and bounds."""
    return tuple(orderable(element, value) for value in array.elements), len(array.elements), len(array.dims), array.dims, array.lower


def _comparison(name: str) -> Kernel:
    def run(ctx: CallContext, types: Types, a: PgArray, b: PgArray) -> bool:
        element = ctx.style.resolve(types.args[0].element)
        x, y = array_key(a, element), array_key(b, element)
        order = (x > y) - (x < y)
        return {"eq": order == 0, "ne": order != 0, "lt": order < 0, "le": order <= 0, "gt": order > 0, "ge": order >= 0}[name]

    return Kernel(function=run, face="datum", context=True, typed=True)


for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    SCALARS[oid_of(f"array_{_name}(anyarray,anyarray)")] = _comparison(_name)


def _members(ctx: CallContext, types: Types, array: PgArray) -> set[object]:
    element = ctx.style.resolve(types.args[0].element)
    return {orderable(element, value) for value in array.elements if value is not None}


@scalar("arraycontains(anyarray,anyarray)", face="datum", context=True, typed=True)
def contains(ctx: CallContext, types: Types, a: PgArray, b: PgArray) -> bool:
    """a @> b: every element of b is in a; NULL is in nothing."""
    return None not in b.elements and _members(ctx, types, b) <= _members(ctx, types, a)


@scalar("arraycontained(anyarray,anyarray)", face="datum", context=True, typed=True)
def contained(ctx: CallContext, types: Types, a: PgArray, b: PgArray) -> bool:
    """a <@ b."""
    return contains(ctx, types, b, a)


@scalar("arrayoverlap(anyarray,anyarray)", face="datum", context=True, typed=True)
def overlaps(ctx: CallContext, types: Types, a: PgArray, b: PgArray) -> bool:
    """a && b: an element in common."""
    return not _members(ctx, types, a).isdisjoint(_members(ctx, types, b))


@scalar("width_bucket(anycompatible,anycompatiblearray)", face="datum", context=True, typed=True)
def bucket(ctx: CallContext, types: Types, value: object, thresholds: PgArray) -> int:
    """How many thresholds (sorted) are not above the value."""
    if len(thresholds.dims) > 1:
        raise ArraySubscriptError("thresholds must be one-dimensional array")
    if None in thresholds.elements:
        raise NullValueNotAllowed("thresholds array must not contain NULLs")
    key = orderable(types.args[0], value)
    return sum(not key < orderable(types.args[0], other) for other in thresholds.elements)  # type: ignore[operator] # keys compare


for _signature, _columns in COLUMNS.items():
    SCALARS[oid_of(_signature)] = dataclasses.replace(SCALARS[oid_of(_signature)], columns=_columns)
