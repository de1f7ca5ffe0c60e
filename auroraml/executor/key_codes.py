"""KeyCodes: the distinct values of a join's key column as numbers, and those of other rows among them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from auroraml.batch import DictVector, Index, ManyScales, Mask, NumericVector, Vector
from auroraml.batch.narrow import NarrowFixed, NarrowNumeric, stored
from auroraml.evaluate.keys import comparable
from auroraml.lazy import compute as pc
from auroraml.types.pg_type import PgType

DENSE = 65_536  # a table of so many codes is made for any number of rows
FAR = 1 << 62


class KeyCodes:
    """One key column of the build side: its distinct values numbered from 1 to before `size`; 0 is any other value, and NULL.

    Integers are numbered by their distance from the lowest where there is room for `widest` numbers. No value has the last of these.
    """

    def __init__(self, vector: Vector, type: PgType, widest: int) -> None:
        self.type = type
        if isinstance(vector, ManyScales):
            vector = vector.at_most()
        self.scale = vector.scale if isinstance(vector, NumericVector) else None
        self.base: int | None = None  # of integers numbered by distance: the value that would have the number 0
        self.values: pa.Array | None = None
        self.places: dict[object, int] | None = None
        self.codes: Index
        if isinstance(vector, DictVector) and type.name != "bpchar":
            self.values, self.size = vector.dictionary.values, vector.dictionary.n + 1
            self.codes = vector.codes.astype(np.int64)
            self.codes += 1
            return
        plain = _comparable(vector, type)
        if isinstance(plain, np.ndarray) and plain.dtype == np.bool_:
            plain = plain.astype(np.int64)
        if isinstance(plain, np.ndarray) and plain.dtype.kind in "iu" and self._dense(plain, vector.validity, widest):
            return
        if isinstance(plain, np.ndarray) and plain.dtype == object:
            self.places = {}
            self.codes = np.fromiter((self.places.setdefault(v, len(self.places) + 1) for v in plain), np.int64, len(plain))
            self.size = len(self.places) + 1
            return
        encoded = pc.dictionary_encode(_arrow(plain))
        self.values, self.size = encoded.dictionary, len(encoded.dictionary) + 1
        self.codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        self.codes += 1

    def _dense(self, values: np.ndarray, validity: Mask | None, widest: int) -> bool:
        known = values if validity is None else values[validity]
        if not len(known):
            self.base, self.size, self.codes = 0, 1, np.zeros(len(values), np.int64)
            return True
        low, high = int(known.min()), int(known.max())
        if high - low > widest or low == -(2**63):
            return False
        self.base = low - 1 if low < 1 or low > max(DENSE, high - low) else 0  # small numbers stand for themselves
        self.size = high - self.base + 2
        self.codes = _minus(values, self.base)
        if validity is not None:
            self.codes = np.where(validity, self.codes, 0)
        return True

    def probe(self, vector: Vector) -> Index:
        """The numbers of other values; those of integers may be below 0 or above `size` where they are none."""
        if isinstance(vector, DictVector) and self.values is not None and self.type.name != "bpchar":
            if vector.dictionary.values is self.values:
                codes = vector.codes.astype(np.int64)
                codes += 1
            else:
                known = places_among(vector.dictionary.values, self.values)
                codes = known.take(vector.codes, mode="clip") if len(known) else np.zeros(vector.n, np.int64)
        else:
            values = _comparable(self._at_scale(vector), self.type)
            if self.base is not None:
                codes = self._in_range(values, vector)
            elif self.places is not None:
                items = values if isinstance(values, np.ndarray) else np.array(values.to_pylist(), object)
                codes = np.fromiter((self.places.get(v, 0) for v in items), np.int64, len(items))
            else:
                assert self.values is not None
                wanted = _arrow(values)
                if wanted.type != self.values.type:
                    wanted = wanted.cast(self.values.type, safe=False)
                codes = places_among(wanted, self.values)
        return codes if vector.validity is None else np.where(vector.validity, codes, 0)

    def _in_range(self, values: np.ndarray | pa.Array, vector: Vector) -> Index:
        assert self.base is not None
        last = self.base + self.size - 2
        if isinstance(values, np.ndarray) and values.dtype == object:
            items = [int(v) if v == int(v) else self.base for v in values]
            values = np.array([min(max(v, self.base), last + 1) for v in items], np.int64)
        assert isinstance(values, np.ndarray)
        near = values.dtype.itemsize < 8 or (vector.lo is not None and vector.lo > -FAR and vector.hi is not None and vector.hi < FAR)
        if near and -FAR < self.base < FAR:
            return _minus(values, self.base)
        return np.where((values >= self.base) & (values <= last), _minus(values, self.base), 0)

    def _at_scale(self, vector: Vector) -> Vector:
        """Numerics at the scale of the build side's."""
        if isinstance(vector, ManyScales):
            vector = vector.at_most()
        if not isinstance(vector, NumericVector) or vector.scale == self.scale:
            return vector
        if self.scale is None or vector.scale is None:
            return vector.as_objects() if self.scale is None else _scaled(vector.as_objects(), self.scale)
        return _rescaled(vector, self.scale - vector.scale, self.scale) or _scaled(vector.as_objects(), self.scale)


def _comparable(vector: Vector, type: PgType) -> np.ndarray | pa.Array:
    """Values whose equality is the type's; whole numbers as wide as they are kept."""
    return stored(vector) if isinstance(vector, NarrowFixed | NarrowNumeric) else comparable(vector.flat(), type)


def _minus(values: np.ndarray, base: int) -> Index:
    """Distances from `base`; numbers far from it may come out wrong, and are looked at before."""
    codes: Index = values.astype(np.int64, copy=base != 0)
    if base:
        codes -= base
    return codes


def _rescaled(vector: NumericVector, digits: int, scale: int) -> NumericVector | None:
    """Whole numbers with so many digits more (fewer: below 0) behind the point, as `_scaled` makes them; None where they may not fit."""
    if abs(digits) > 18:
        return None
    values, factor = vector.values, 10 ** abs(digits)
    if digits < 0:
        whole = values // factor
        return NumericVector(np.where(whole * factor == values, whole, -FAR), scale, vector.validity)
    if len(values) and max(int(values.max()), -int(values.min())) >= FAR // factor:
        return None
    return NumericVector(values * factor, scale, vector.validity)


def _scaled(vector: NumericVector, scale: int) -> NumericVector:
    """Decimals as integers of `scale`; those that are none become a value out of all ranges."""
    out = np.empty(vector.n, object)
    for row, value in enumerate(vector.values):  # numerics of differing scales: no integer type holds them
        scaled = value.scaleb(scale) if value.is_finite() else None
        out[row] = int(scaled) if scaled is not None and scaled == int(scaled) and abs(scaled) < 2**62 else -(2**62)
    return NumericVector(out.astype(np.int64), scale, vector.validity)


def _arrow(values: np.ndarray | pa.Array) -> pa.Array:
    """Values as Arrow's, numbers at one width whatever the two sides' are."""
    if isinstance(values, pa.Array):
        return values
    if values.dtype.kind == "f":
        values = np.where(values == 0, 0.0, values).astype(np.float64)  # -0 equals 0
    return pa.array(values.astype(np.int64) if values.dtype.kind == "i" else values)


def places_among(wanted: pa.Array, values: pa.Array) -> Index:
    """Where each is among `values`, counted from 1; 0: nowhere."""
    places: Index = pc.fill_null(pc.index_in(wanted, value_set=values), -1).to_numpy(zero_copy_only=False).astype(np.int64)
    places += 1
    return places


def marked(codes: Index, size: int) -> Mask:
    """Which of the numbers below `size` there are; 0 is none."""
    seen = np.zeros(size, np.bool_)
    seen[codes] = True
    seen[0] = False
    return seen
