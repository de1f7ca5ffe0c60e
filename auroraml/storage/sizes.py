"""Stored sizes: how many bytes PostgreSQL's heap gives each value of a vector, header included."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from auroraml.batch import (
    EMPTY_RANGE,
    LOWER_INF,
    UPPER_INF,
    Datum,
    DictVector,
    ListVector,
    NumericVector,
    RangeVector,
    StructVector,
    TextVector,
    Vector,
    from_datums,
)
from auroraml.lazy import compute as pc
from auroraml.types.pg_type import Attribute, PgArray, PgType, Range
from auroraml.types.table import BY_OID

Sizes = npt.NDArray[np.int64]
ALIGNMENTS = {"c": 1, "s": 2, "i": 4, "d": 8}
SHORT_PAYLOAD = 126  # a payload up to this many bytes has a header of one byte, longer ones of four
ARRAY_HEADER, DIMENSION, ROW_HEADER, RANGE_HEADER = 16, 8, 24, 8


def aligned(size: int, alignment: int) -> int:
    """`size` rounded up to a multiple of `alignment`."""
    return -(-size // alignment) * alignment


def stored_sizes(vector: Vector, type: PgType) -> Sizes:
    """Bytes of each value in a tuple, its own header included, alignment not; 0 for NULL."""
    if type.length > 0:
        sizes = np.full(vector.n, type.length, np.int64)
    else:
        payload = payload_sizes(vector, type)
        if type.storage == "p":
            sizes = payload + 4
        elif int(payload.max(initial=0)) <= SHORT_PAYLOAD:
            sizes = payload + 1
        else:
            sizes = payload + np.where(payload <= SHORT_PAYLOAD, 1, 4)
    return sizes if vector.validity is None else np.where(vector.validity, sizes, 0)


def payload_sizes(vector: Vector, type: PgType) -> Sizes:
    """Bytes of each value of a variable-length type, without the length header; anything for NULL."""
    if isinstance(vector, DictVector):
        inside = payload_sizes(vector.dictionary, type)
        return inside[vector.codes] if len(inside) else np.zeros(vector.n, np.int64)
    vector = vector.flat()
    if type.name == "jsonb":
        return _each(vector, lambda value: jsonb_size(json.loads(str(value))) if value else 0)  # a dictionary may have an empty text, for NULL
    if isinstance(vector, TextVector):
        return np.array(pc.binary_length(vector.values).to_numpy(zero_copy_only=False), np.int64)
    if isinstance(vector, NumericVector):
        return _numerics(vector)
    if isinstance(vector, ListVector):
        return _arrays(vector, BY_OID.get(type.element))
    if isinstance(vector, StructVector):
        return _rows(vector, type.attributes)
    if isinstance(vector, RangeVector):
        return _ranges(vector, BY_OID[type.subtype])
    return np.full(vector.n, max(type.length, 0), np.int64)


def _each(vector: Vector, size: Callable[[Datum], int]) -> Sizes:
    return np.fromiter((0 if datum is None else size(datum) for datum in vector.datums()), np.int64, vector.n)  # nested values differ one by one


def _numerics(vector: NumericVector) -> Sizes:
    if vector.scale is None:
        return _each(vector, lambda value: numeric_size(Decimal(str(value))))
    shift = -vector.scale % 4
    values = vector.values if vector.lo is not None and vector.lo >= 0 else np.abs(vector.values)
    most = int(values.max(initial=0))
    if most >= 10 ** (18 - shift):
        return _each(vector, lambda value: numeric_size(Decimal(str(value))))
    most *= 10**shift
    if most < 2**32:
        values = values.astype(np.uint32)
    if shift:
        values = values * values.dtype.type(10**shift)  # whole groups of four digits after the point
    sizes = 2 + 2 * (values > 0).astype(np.int64)
    group, whole = 1, values
    while (group := group * 10_000) <= most:  # a group more at the front, unless the last ones are zero
        rest = whole // 10_000
        zeros = rest * values.dtype.type(group) == values
        sizes += 2 * (values >= group).astype(np.int64) - 2 * zeros
        whole = rest
    return np.maximum(sizes, 2)


def numeric_size(value: Decimal) -> int:
    """Bytes of one numeric: a header of two (four where scale or weight are large), two for each group of four digits."""
    if not value.is_finite():
        return 2
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    scale = max(-exponent, 0)
    text = "".join(map(str, digits)).lstrip("0")
    if not text:
        return 2
    fraction = aligned(scale, 4)  # digits after the point, in whole groups
    text += "0" * (exponent if exponent > 0 else fraction - scale)
    whole = len(text) - fraction
    text = text.zfill(aligned(len(text), 4))
    weight = aligned(whole, 4) // 4 - 1
    groups = [text[i : i + 4] for i in range(0, len(text), 4)]
    while groups and groups[-1] == "0000":
        groups.pop()
    short = scale <= 63 and -64 <= weight <= 63
    return (2 if short else 4) + 2 * len(groups)


def _arrays(vector: ListVector, element: PgType | None) -> Sizes:
    def size(value: Datum) -> int:
        assert isinstance(value, PgArray)
        return array_size(value, element)

    if vector.shapes is None and vector.child.validity is None and element is not None and element.length > 0:
        lengths = np.diff(vector.offsets)
        each = aligned(element.length, ALIGNMENTS[element.align])
        filled = ARRAY_HEADER + DIMENSION + lengths * each
        return np.where(lengths > 0, filled, ARRAY_HEADER) - 4
    return _each(vector, size)


def _ranges(vector: RangeVector, subtype: PgType) -> Sizes:
    """A type's OID, the bounds there are, and a byte of flags (range_serialize)."""
    size = np.full(vector.n, RANGE_HEADER, np.int64)
    for bound, missing in ((vector.lower, LOWER_INF), (vector.upper, UPPER_INF)):
        inside = stored_sizes(bound, subtype)
        mask = ALIGNMENTS[subtype.align] - 1
        placed = np.where(inside <= SHORT_PAYLOAD + 1, size, (size + mask) & ~mask) if subtype.length < 0 else (size + mask) & ~mask
        size = np.where((vector.flags & (EMPTY_RANGE | missing)) == 0, placed + inside, size)
    return size + 1 - 4


def array_size(value: PgArray, element: PgType | None) -> int:
    """Bytes of one array without its length header."""
    size = ARRAY_HEADER + DIMENSION * len(value.dims)
    if any(item is None for item in value.elements):
        size += -(-len(value.elements) // 8)
    size = aligned(size, 8)
    for item in value.elements:
        if item is not None and element is not None:
            size = aligned(size + datum_size(item, element), ALIGNMENTS[element.align])
    return size - 4


def datum_size(value: Datum, type: PgType) -> int:
    """Bytes of one value inside an array or row: length headers take four bytes there."""
    if type.length > 0:
        return type.length
    if isinstance(value, Decimal):
        return 4 + numeric_size(value)
    if isinstance(value, PgArray):
        return 4 + array_size(value, BY_OID.get(type.element))
    if isinstance(value, bytes):
        return 4 + len(value)
    if isinstance(value, Range):
        return 4 + int(payload_sizes(from_datums(type, [value]), type)[0])
    return 4 + len(str(value).encode())


def _rows(vector: StructVector, attributes: tuple[Attribute, ...]) -> Sizes:
    def size(value: Datum) -> int:
        assert isinstance(value, tuple)
        nulls = any(item is None for item in value)
        total = aligned(23 + (-(-len(value) // 8) if nulls else 0), 8)
        for item, attribute in zip(value, attributes, strict=False):
            if item is None:
                continue
            inside = datum_size(item, attribute.type)
            short = attribute.type.length < 0 and inside - 3 <= 127
            total = total + inside - 3 if short else aligned(total, ALIGNMENTS[attribute.type.align]) + inside
        return total - 4

    return _each(vector, size)


def jsonb_size(value: object) -> int:
    """Bytes of a jsonb value without its length header: containers of four-byte entries, numerics aligned to four."""
    if isinstance(value, dict | list):
        return _container(value, 0)
    return 4 + _container_items([value], 4)


def _container(value: dict[str, object] | list[object], start: int) -> int:
    items: list[object] = list(value)
    if isinstance(value, dict):
        items = [*sorted(value, key=lambda key: (len(key.encode()), key)), *(value[key] for key in sorted(value, key=lambda k: (len(k.encode()), k)))]
    return 4 + _container_items(items, start + 4)


def _container_items(items: list[object], start: int) -> int:
    at = start + 4 * len(items)
    begin = at
    for item in items:
        if isinstance(item, str):
            at += len(item.encode())
        elif isinstance(item, dict | list):
            at = aligned(at, 4)
            at += _container(item, at)
        elif isinstance(item, int | float) and not isinstance(item, bool):
            at = aligned(at, 4) + 4 + numeric_size(Decimal(str(item)))
    return 4 * len(items) + at - begin
