"""Vectors made of Python values, and of vectors one after another."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pyarrow as pa

from auroraml.batch.vector import (
    DTYPES,
    PLAIN,
    Datum,
    DictVector,
    FixedVector,
    ListVector,
    ManyScales,
    Mask,
    NumericVector,
    RangeVector,
    RenderedVector,
    StructVector,
    TextVector,
    Vector,
    alike,
    at_one_scale,
    range_flags,
    scales_of,
)
from auroraml.batch.wide import joined_wide, of_decimals
from auroraml.types.pg_type import EMPTY, PgArray, PgType, Range, Rep
from auroraml.types.table import BY_OID

NOT_TEXT = frozenset({*DTYPES, Rep.NUMERIC, Rep.LIST, Rep.STRUCT, Rep.RANGE, Rep.BYTES})
_TWO = struct.Struct("<qq")  # two offsets of large strings


def from_datums(type: PgType, datums: Sequence[Datum | None], element: PgType | None = None) -> Vector:
    """A vector of `type` from Python values (see Rep); `element` is the element type of an array type.

    Composites read the field types from `type.attributes`. A loop over values: for constants, literals and edges.
    """
    n, rep = len(datums), type.rep
    if n == 1 and datums[0] is not None:
        if rep in PLAIN:
            return FixedVector(np.array(datums, DTYPES[rep]))
        if isinstance(datums[0], str) and rep not in NOT_TEXT:
            return TextVector(one_text(datums[0]))
        validity = None
    else:
        valid = np.fromiter((d is not None for d in datums), np.bool_, n)
        validity = None if valid.all() else valid
    if rep in DTYPES:
        values = np.zeros(n, DTYPES[rep])
        for row, datum in enumerate(datums):
            if datum is not None:
                values[row] = datum
        return FixedVector(values, validity)
    if rep is Rep.NUMERIC:
        return _numeric_from(datums, validity)
    if rep is Rep.LIST:
        if element is None:
            element = BY_OID[type.element]
        arrays = [d if isinstance(d, PgArray) else PgArray((), (), ()) for d in datums]
        offsets = np.zeros(n + 1, np.int64)
        np.cumsum([len(a.elements) for a in arrays], out=offsets[1:])
        child = from_datums(element, [e for a in arrays for e in a.elements])
        plain = all(len(a.dims) == 0 or a.lower == (1,) for a in arrays)
        shapes = None
        if not plain:
            shapes = np.empty(n, object)
            shapes[:] = [(a.dims, a.lower) for a in arrays]
        return ListVector(offsets, child, validity, shapes)
    if rep is Rep.STRUCT:
        rows = [d if isinstance(d, tuple) else (None,) * len(type.attributes) for d in datums]
        return StructVector([from_datums(a.type, [row[i] for row in rows]) for i, a in enumerate(type.attributes)], n, validity)
    if rep is Rep.RANGE:
        ranges = [d if isinstance(d, Range) else EMPTY for d in datums]
        subtype = BY_OID[type.subtype or 25]  # none: the pseudo-type anyrange, of which there is no value but NULL
        lower, upper = (from_datums(subtype, bounds).with_validity(None) for bounds in ([r.lower for r in ranges], [r.upper for r in ranges]))
        return RangeVector(lower, upper, np.fromiter(map(range_flags, ranges), np.uint8, n), validity)
    if rep is Rep.BYTES:
        return TextVector(pa.array([b"" if d is None else d for d in datums], pa.large_binary()), validity)
    return TextVector(pa.array(["" if d is None else d for d in datums], pa.large_string()), validity)


def one_text(text: str) -> pa.Array:
    """An array of one text, around its bytes."""
    data = text.encode()
    return pa.Array.from_buffers(pa.large_string(), 1, [None, pa.py_buffer(_TWO.pack(0, len(data))), pa.py_buffer(data)])


def _numeric_from(datums: Sequence[Datum | None], validity: Mask | None) -> NumericVector:
    decimals = [d if isinstance(d, Decimal) else Decimal(0) for d in datums]
    known = [d for d in datums if isinstance(d, Decimal)]
    scales = {-exponent for d in known if isinstance(exponent := d.as_tuple().exponent, int)}
    if all(d.is_finite() for d in known) and len(scales) <= 1 and all(scale >= 0 for scale in scales):
        scale = scales.pop() if scales else 0
        scaled = [int(d.scaleb(scale)) for d in decimals]
        if all(-(2**63) < value < 2**63 for value in scaled):
            return NumericVector(np.array(scaled, np.int64), scale, validity)
    if all(d.is_finite() for d in known) and (wide := of_decimals(decimals, validity)) is not None:
        return wide
    values = np.empty(len(decimals), object)
    values[:] = decimals
    return NumericVector(values, None, validity)


def _joined_numerics(vectors: Sequence[NumericVector], validity: Mask | None) -> NumericVector:
    if (found := at_one_scale(vectors)) is None:
        if (wide := joined_wide(vectors, validity)) is not None:
            return wide
        return NumericVector(np.concatenate([v.as_objects().values for v in vectors]), None, validity)
    values = np.concatenate(found[1])
    if all(v.scale == found[0] for v in vectors):
        return NumericVector(values, found[0], validity)
    return ManyScales(values, found[0], np.concatenate([scales_of(v) for v in vectors]), validity)


def concat(vectors: Sequence[Vector]) -> Vector:
    """The vectors' values one after another; all of one type (representation tiers may differ)."""
    if len(vectors) == 1:
        return vectors[0]
    n = sum(v.n for v in vectors)
    validity = None if all(v.validity is None for v in vectors) else np.concatenate([v.valid for v in vectors])
    if all(isinstance(v, DictVector) and v.dictionary is vectors[0].dictionary for v in vectors):  # type: ignore[attr-defined]
        return DictVector(np.concatenate([v.codes for v in vectors]), vectors[0].dictionary, validity)  # type: ignore[attr-defined]
    flats = [v.flat() for v in vectors]
    first = flats[0]
    if isinstance(first, FixedVector):
        los, his = [v.lo for v in flats], [v.hi for v in flats]
        lo = None if None in los else min(los)  # type: ignore[type-var]
        hi = None if None in his else max(his)  # type: ignore[type-var]
        return FixedVector(np.concatenate([v.values for v in flats]), validity, lo, hi)  # type: ignore[attr-defined]
    if isinstance(first, NumericVector):
        return _joined_numerics(alike([v for v in flats if isinstance(v, NumericVector)]), validity)
    if isinstance(first, RenderedVector) and all(isinstance(v, RenderedVector) and v.type is first.type for v in flats):
        return RenderedVector(concat([v.source for v in flats]), first.type, first.render, validity)  # type: ignore[attr-defined]
    if isinstance(first, TextVector):
        return TextVector(pa.concat_arrays([v.values for v in flats]), validity)  # type: ignore[attr-defined]
    if isinstance(first, ListVector):
        offsets = np.zeros(n + 1, np.int64)
        np.cumsum(np.concatenate([np.diff(v.offsets) for v in flats]), out=offsets[1:])  # type: ignore[attr-defined]
        child = concat([v.child.slice(int(v.offsets[0]), int(v.offsets[-1])) for v in flats])  # type: ignore[attr-defined]
        shapes = None
        if any(v.shapes is not None for v in flats):  # type: ignore[attr-defined]
            shapes = np.concatenate([v.shapes if v.shapes is not None else np.full(v.n, None, object) for v in flats])  # type: ignore[attr-defined]
        return ListVector(offsets, child, validity, shapes)
    if isinstance(first, RangeVector):
        lower, upper = concat([v.lower for v in flats]), concat([v.upper for v in flats])  # type: ignore[attr-defined]
        return RangeVector(lower, upper, np.concatenate([v.flags for v in flats]), validity)  # type: ignore[attr-defined]
    assert isinstance(first, StructVector)
    fields = [concat([v.fields[i] for v in flats]) for i in range(len(first.fields))]  # type: ignore[attr-defined]
    return StructVector(fields, n, validity)
