"""Vectors to integer codes and orders: grouping, hashing, DISTINCT and sorting share them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auroraml.batch import ConstVector, DictVector, FixedVector, Index, ManyScales, NumericVector, RangeVector, TextVector, Vector
from auroraml.functions.ordering import orderable
from auroraml.types.bounds import OrderedDecimal, range_ranks
from auroraml.types.pg_type import PgType, Rep

Codes = npt.NDArray[np.int64]
DENSE = 1 << 22  # a domain of integers up to this size is coded by subtraction, without looking at the values' order


def interval_micros(values: np.ndarray) -> np.ndarray:
    """The microseconds PostgreSQL compares intervals by (months of 30 days), as Python ints."""
    return (values["months"].astype(object) * 30 + values["days"].astype(object)) * 86_400_000_000 + values["micros"].astype(object)  # type: ignore[no-any-return] # numpy gives Any


def comparable(vector: Vector, type: PgType) -> np.ndarray | pa.Array:
    """Values whose natural order and equality are the type's: a numpy array, or an Arrow array for text and bytes."""
    vector = vector.flat()
    if isinstance(vector, FixedVector):
        if vector.values.dtype.names is None:
            return vector.values
        if type.rep is Rep.INTERVAL:
            whole = interval_micros(vector.values)
            small = [int(v) for v in whole] if len(whole) else []
            return np.array(small, np.int64) if all(-(2**63) < v < 2**63 for v in small) else np.array(small, object)
        return _structured(vector.values)
    if isinstance(vector, ManyScales):
        return vector.whole
    if isinstance(vector, NumericVector):
        return vector.values if vector.scale is not None else _decimals(vector.values)
    if isinstance(vector, TextVector) and type.name not in ("jsonb", "timetz"):
        return pc.utf8_rtrim(vector.values, " ") if type.name == "bpchar" else vector.values
    return _objects(vector.datums(), type)


def _structured(values: np.ndarray) -> np.ndarray:
    out = np.empty(len(values), object)
    out[:] = [tuple(v) for v in values.tolist()]  # points have no order; equality only, and they are rare
    return out


def _decimals(values: np.ndarray) -> np.ndarray:
    out = np.empty(len(values), object)
    plain = all(value.is_finite() for value in values)
    out[:] = list(values) if plain else [OrderedDecimal(value) for value in values]  # the widest numeric tier is per value by nature
    return out


def _objects(datums: list[object], type: PgType) -> np.ndarray:
    out = np.empty(len(datums), object)
    for i, datum in enumerate(datums):  # arrays, rows and documents compare part by part, which no array library does
        out[i] = orderable(type, datum)
    return out


def codes_of(vector: Vector, type: PgType) -> tuple[Codes, int]:
    """Codes from 0 that are equal where values are; NULL is the code 0, values start at 1. Also the number of codes in use at most."""
    if isinstance(vector, ConstVector):
        return np.full(vector.n, 0 if not vector.one.valid[0] else 1, np.int64), 2
    if isinstance(vector, DictVector) and type.name not in ("bpchar", "jsonb", "timetz"):
        codes = vector.codes.astype(np.int64) + 1
        size = vector.dictionary.n + 1
    else:
        codes, size = _plain_codes(range_ranks(vector) if isinstance(vector, RangeVector) else comparable(vector, type))
    if vector.validity is not None:
        codes = np.where(vector.validity, codes, 0)
    return codes, size


def _plain_codes(values: np.ndarray | pa.Array) -> tuple[Codes, int]:
    if isinstance(values, pa.Array):
        encoded = pc.dictionary_encode(values)
        return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64) + 1, len(encoded.dictionary) + 1
    if not len(values):
        return np.zeros(0, np.int64), 1
    if values.dtype == np.bool_:
        return values.astype(np.int64) + 1, 3
    if values.dtype.kind in "iu":
        low, high = int(values.min()), int(values.max())
        if high - low < max(DENSE, 4 * len(values)):
            return values.astype(np.int64) - (low - 1), high - low + 2
    if values.dtype == object:
        seen: dict[object, int] = {}
        return np.fromiter((seen.setdefault(v, len(seen) + 1) for v in values), np.int64, len(values)), len(seen) + 1
    if values.dtype.kind == "f":
        values = np.where(values == 0, 0.0, values)  # -0 equals 0
    encoded = pc.dictionary_encode(pa.array(values), null_encoding="mask")
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64) + 1, len(encoded.dictionary) + 1


def combine(parts: Sequence[tuple[Codes, int]], n: int) -> tuple[Codes, int]:
    """One code for several columns of codes."""
    if not parts:
        return np.zeros(n, np.int64), 1
    codes, size = parts[0]
    for more, width in parts[1:]:
        if size * width >= 2**62:
            codes, size = compact(codes)
            if size * width >= 2**62:
                more, width = compact(more)
        codes = codes * width + more
        size *= width
    return codes, size


def compact(codes: Codes) -> tuple[Codes, int]:
    """The same partition with codes from 0 without holes (in order of first appearance)."""
    encoded = pc.dictionary_encode(pa.array(codes))
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), len(encoded.dictionary)


def groups(vectors: Sequence[Vector], types: Sequence[PgType], n: int) -> tuple[Codes, int, Index]:
    """Group numbers in order of first appearance, how many there are, and the first row of each."""
    codes, size = combine([codes_of(v, t) for v, t in zip(vectors, types, strict=True)], n)
    if n == 0:
        return codes, 0, np.zeros(0, np.int64)
    if size <= max(65_536, 4 * n):
        first = np.full(size, n, np.int64)
        first[codes[::-1]] = np.arange(n - 1, -1, -1)
        used = np.flatnonzero(first < n)
        order = np.argsort(first[used], kind="stable")
        number = np.zeros(size, np.int64)
        number[used[order]] = np.arange(len(used))
        return number[codes], len(used), first[used[order]]
    number, count = compact(codes)
    first = np.full(count, n, np.int64)
    first[number[::-1]] = np.arange(n - 1, -1, -1)
    return number, count, first


def rank(vector: Vector, type: PgType) -> npt.NDArray[np.int64] | np.ndarray:
    """Numbers (or other values numpy sorts) in the order of the values."""
    if isinstance(vector, DictVector) and type.name not in ("jsonb", "timetz"):
        places = pc.rank(_text(vector.dictionary, type), "ascending", tiebreaker="dense").to_numpy().astype(np.int64)
        return places[vector.codes] if len(places) else np.zeros(vector.n, np.int64)
    if isinstance(vector, RangeVector):
        return range_ranks(vector)
    values = comparable(vector, type)
    if isinstance(values, pa.Array):
        return pc.rank(values, "ascending", tiebreaker="dense").to_numpy().astype(np.int64)  # type: ignore[no-any-return] # numpy gives Any
    if values.dtype == object:
        distinct = sorted(set(values.tolist()))
        places_of = {value: i for i, value in enumerate(distinct)}
        return np.fromiter((places_of[v] for v in values), np.int64, len(values))
    if values.dtype.kind == "f":
        return np.where(values == 0, 0.0, values)  # numpy sorts NaN last, as PostgreSQL does
    return values


def _text(vector: TextVector, type: PgType) -> pa.Array:
    return pc.utf8_rtrim(vector.values, " ") if type.name == "bpchar" else vector.values


def sort_indices(vectors: Sequence[Vector], types: Sequence[PgType], descending: Sequence[bool], nulls_first: Sequence[bool], n: int) -> Index:
    """The stable order of the rows by the keys, first key first."""
    keys: list[np.ndarray] = []
    for vector, type, down, first in zip(vectors, types, descending, nulls_first, strict=True):
        if isinstance(vector, ConstVector):
            continue
        values = rank(vector, type)
        if down:
            values = _reversed(values)
        if vector.validity is not None:
            keys.append(np.where(vector.validity, 1, 0) if first else np.where(vector.validity, 0, 1))
            values = np.where(vector.validity, values, values.dtype.type(0))
        keys.append(values)
    if not keys:
        return np.arange(n)
    if len(keys) == 1:
        return np.argsort(keys[0], kind="stable")
    return np.lexsort(keys[::-1])


def _reversed(values: np.ndarray) -> np.ndarray:
    if values.dtype == np.bool_:
        return ~values
    if values.dtype.kind == "f":
        out = -values
        nan = np.isnan(values)
        if nan.any():
            order = np.argsort(values, kind="stable")
            places = np.empty(len(values), np.int64)
            boundaries = np.concatenate([[0], np.cumsum(values[order][1:] != values[order][:-1])])
            places[order] = boundaries
            places[nan] = len(values)
            return -places
        return out
    return -values.astype(np.int64) if values.dtype != np.int64 or values.min(initial=0) > -(2**63) else ~values
