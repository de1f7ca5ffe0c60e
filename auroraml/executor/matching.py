"""Rows with equal keys: the build side's keys as integer codes, a table from code to rows, probed a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auroraml.batch import ConstVector, DictVector, Index, Mask, NumericVector, Vector
from auroraml.evaluate.keys import comparable
from auroraml.types.pg_type import PgType

DENSE, WIDEST = 65_536, 8_000_000


class KeyCodes:
    """One key column of the build side: its distinct values numbered from 0 to before `size`."""

    def __init__(self, vector: Vector, type: PgType) -> None:
        self.type = type
        self.scale = vector.scale if isinstance(vector, NumericVector) else None
        self.valid = vector.validity
        self.low: int | None = None
        self.values: pa.Array | None = None
        self.places: dict[object, int] | None = None
        self.codes: Index
        if isinstance(vector, DictVector) and type.name != "bpchar":
            self.values, self.size = vector.dictionary.values, vector.dictionary.n
            self.codes = vector.codes.astype(np.int64)
            return
        plain = comparable(vector.flat(), type)
        if isinstance(plain, np.ndarray) and plain.dtype == np.bool_:
            plain = plain.astype(np.int64)
        if isinstance(plain, np.ndarray) and plain.dtype.kind in "iu" and self._dense(plain, vector.validity):
            return
        if isinstance(plain, np.ndarray) and plain.dtype == object:
            self.places = {}
            self.codes = np.fromiter((self.places.setdefault(v, len(self.places)) for v in plain), np.int64, len(plain))
            self.size = max(len(self.places), 1)
            return
        encoded = pc.dictionary_encode(_arrow(plain))
        self.values, self.size = encoded.dictionary, max(len(encoded.dictionary), 1)
        self.codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)

    def _dense(self, values: np.ndarray, validity: Mask | None) -> bool:
        known = values if validity is None else values[validity]
        if not len(known):
            self.low, self.size, self.codes = 0, 1, np.zeros(len(values), np.int64)
            return True
        low, high = int(known.min()), int(known.max())
        if high - low > max(DENSE, min(64 * len(values), WIDEST)):
            return False
        self.low, self.size = low, high - low + 1
        self.codes = values.astype(np.int64) - low
        if validity is not None:
            self.codes = np.where(validity, self.codes, 0)
        return True

    def probe(self, vector: Vector) -> tuple[Index, Mask | None]:
        """Codes of other values, and where they are values of the build side at all (None: everywhere)."""
        inside: Mask | None
        if isinstance(vector, DictVector) and self.values is not None and self.type.name != "bpchar":
            if vector.dictionary.values is self.values:
                return vector.codes.astype(np.int64), vector.validity
            known = pc.fill_null(pc.index_in(vector.dictionary.values, value_set=self.values), -1).to_numpy(zero_copy_only=False).astype(np.int64)
            codes = known[vector.codes] if len(known) else np.full(vector.n, -1, np.int64)
            inside = codes >= 0
            return np.where(inside, codes, 0), inside if vector.validity is None else inside & vector.validity
        values = comparable(self._at_scale(vector.flat()), self.type)
        if self.low is not None:
            codes, inside = self._in_range(values, vector)
        elif self.places is not None:
            items = values if isinstance(values, np.ndarray) else np.array(values.to_pylist(), object)
            codes = np.fromiter((self.places.get(v, -1) for v in items), np.int64, len(items))
            inside = codes >= 0
        else:
            assert self.values is not None
            wanted = _arrow(values)
            if wanted.type != self.values.type:
                wanted = wanted.cast(self.values.type, safe=False)
            codes = pc.fill_null(pc.index_in(wanted, value_set=self.values), -1).to_numpy(zero_copy_only=False).astype(np.int64)
            inside = codes >= 0
        if inside is not None:
            codes = np.where(inside, codes, 0)
        if vector.validity is not None:
            inside = vector.validity if inside is None else inside & vector.validity
        return codes, inside

    def _in_range(self, values: np.ndarray | pa.Array, vector: Vector) -> tuple[Index, Mask | None]:
        assert self.low is not None
        if isinstance(values, np.ndarray) and values.dtype == object:
            items = [int(v) if v == int(v) else self.low - 1 for v in values]
            values = np.array([min(max(v, self.low - 1), self.low + self.size) for v in items], np.int64)
        assert isinstance(values, np.ndarray)
        if vector.lo is not None and vector.hi is not None and vector.lo >= self.low and vector.hi < self.low + self.size:
            return values.astype(np.int64) - self.low, None
        if not len(values) or (int(values.min()) >= self.low and int(values.max()) < self.low + self.size):
            return values.astype(np.int64) - self.low, None
        inside = (values >= self.low) & (values < self.low + self.size)
        return values.astype(np.int64) - self.low, inside

    def _at_scale(self, vector: Vector) -> Vector:
        """Numerics at the scale of the build side's."""
        if not isinstance(vector, NumericVector) or vector.scale == self.scale:
            return vector
        if self.scale is None or vector.scale is None:
            return vector.as_objects() if self.scale is None else _scaled(vector.as_objects(), self.scale)
        return _scaled(vector.as_objects(), self.scale)


def _scaled(vector: NumericVector, scale: int) -> NumericVector:
    """Decimals as integers of `scale`; those that are none become a value out of all ranges."""
    out = np.empty(vector.n, object)
    for row, value in enumerate(vector.values):  # numerics of differing scales: no integer type holds them
        scaled = value.scaleb(scale) if value.is_finite() else None
        out[row] = int(scaled) if scaled is not None and scaled == int(scaled) and abs(scaled) < 2**62 else -(2**62)
    return NumericVector(out.astype(np.int64), scale, vector.validity)


def _arrow(values: np.ndarray | pa.Array) -> pa.Array:
    if isinstance(values, pa.Array):
        return values
    if values.dtype.kind == "f":
        values = np.where(values == 0, 0.0, values)  # -0 equals 0
    return pa.array(values)


class Matcher:
    """The build side's rows by key. Rows with a NULL in a key match nothing."""

    def __init__(self, keys: Sequence[Vector], types: Sequence[PgType], n: int, latest_first: bool = False) -> None:
        self.n = n
        self.keys = [KeyCodes(v.flat() if isinstance(v, ConstVector) else v, t) for v, t in zip(keys, types, strict=True)]
        usable: Mask | None = None
        for key in self.keys:
            if key.valid is not None:
                usable = key.valid if usable is None else usable & key.valid
        codes = self.keys[0].codes if self.keys else np.zeros(n, np.int64)
        size = self.keys[0].size if self.keys else 1
        self.squeezed: list[pa.Array | None] = []
        for key in self.keys[1:]:
            if size * key.size > 2**62:
                codes, size = self._squeeze(codes)
            else:
                self.squeezed.append(None)
            codes, size = codes * key.size + key.codes, size * key.size
        self.last: pa.Array | None = None
        if size > max(DENSE, min(64 * n, WIDEST)):
            encoded = pc.dictionary_encode(pa.array(codes))
            self.last, size = encoded.dictionary, len(encoded.dictionary)
            codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        rows = np.arange(n) if usable is None else np.flatnonzero(usable)
        codes = codes if usable is None else codes[rows]
        if latest_first:
            rows, codes = rows[::-1], codes[::-1]
        self.counts = np.bincount(codes, minlength=size)
        self.most = int(self.counts.max(initial=0))  # rows that one key has
        self.unique = self.most <= 1
        if self.unique:
            self.place = np.full(size, -1, np.int64)
            self.place[codes] = rows
            return
        ascending = len(codes) < 2 or bool((codes[1:] >= codes[:-1]).all())
        self.order = rows if ascending else rows[_stable_order(codes, size)]
        self.starts = np.zeros(size + 1, np.int64)
        np.cumsum(self.counts, out=self.starts[1:])

    def _squeeze(self, codes: Index) -> tuple[Index, int]:
        encoded = pc.dictionary_encode(pa.array(codes))
        self.squeezed.append(encoded.dictionary)
        return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), len(encoded.dictionary)

    def _probe(self, keys: Sequence[Vector], n: int) -> tuple[Index, Index | None]:
        """Codes of the probe rows that may match, and which rows those are (None: all)."""
        codes: Index = np.zeros(n, np.int64)
        inside: Mask | None = None
        for number, (key, vector) in enumerate(zip(self.keys, keys, strict=True)):
            more, known = key.probe(vector.flat() if isinstance(vector, ConstVector) else vector)
            if known is not None:
                inside = known if inside is None else inside & known
            if number == 0:
                codes = more
                continue
            values = self.squeezed[number - 1]
            if values is not None:
                codes, inside = _found(codes, values, inside)
            codes = codes * key.size + more
        if self.last is not None:
            codes, inside = _found(codes, self.last, inside)
        if inside is None or inside.all():
            return codes, None
        rows = np.flatnonzero(inside)
        return codes[rows], rows

    def pairs(self, keys: Sequence[Vector], n: int) -> tuple[Index, Index]:
        """(probe row, build row) for all matches, in the order of the probe rows."""
        if not self.n or not n:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        codes, rows = self._probe(keys, n)
        if self.unique:
            found = self.place[codes]
            hit = np.flatnonzero(found >= 0)
            if len(hit) == len(found):
                return (np.arange(n) if rows is None else rows), found
            return (hit if rows is None else rows[hit]), found[hit]
        many = self.counts[codes]
        total = int(many.sum())
        i = np.repeat(np.arange(len(codes)), many)
        first = np.repeat(self.starts[codes] - (np.cumsum(many) - many), many)
        return (i if rows is None else rows[i]), self.order[first + np.arange(total)]

    def sizes(self, keys: Sequence[Vector], n: int) -> Index:
        """How many matches each probe row has."""
        found = np.zeros(n, np.int64)
        if self.n and n:
            codes, rows = self._probe(keys, n)
            found[slice(None) if rows is None else rows] = self.counts[codes]
        return found

    def contains(self, keys: Sequence[Vector], n: int) -> Mask:
        """Which probe rows match anything."""
        found = np.zeros(n, np.bool_)
        if self.n and n:
            codes, rows = self._probe(keys, n)
            hit = self.counts[codes] > 0
            if rows is None:
                return hit
            found[rows[hit]] = True
        return found


def _found(codes: Index, values: pa.Array, inside: Mask | None) -> tuple[Index, Mask]:
    places = pc.fill_null(pc.index_in(pa.array(codes), value_set=values), -1).to_numpy(zero_copy_only=False).astype(np.int64)
    known = places >= 0
    return np.where(known, places, 0), known if inside is None else inside & known


def _stable_order(codes: Index, size: int) -> Index:
    """The stable order of codes below `size`; numpy sorts 16-bit numbers by radix."""
    return np.argsort(codes.astype(np.uint16) if size <= 65_536 else codes, kind="stable")
