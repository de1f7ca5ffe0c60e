"""KeyCodes: the distinct values of a join's key column as numbers, and those of other rows among them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from auroraml.batch import DictVector, FixedVector, Index, ManyScales, Mask, NumericVector, Vector, true_places
from auroraml.batch.narrow import NarrowFixed, NarrowNumeric, stored
from auroraml.evaluate.keys import comparable
from auroraml.lazy import compute as pc
from auroraml.types.pg_type import PgType

DENSE = 65_536  # a table of so many codes is made for any number of rows
FAR = 1 << 62
SPREAD = 32  # numbers for each of those that ascend, at most
BUCKETS = 8  # hashes for each number, at least
FACTORS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xD6E8FEB86659FD93)  # odd, of mixed bits


class KeyCodes:
    """One key column of the build side: its distinct values numbered from 1 to before `size`; 0 is any other value, and NULL.

    Integers are numbered by their distance from the lowest where there is room for `widest` numbers (no value has the last of these), by their
    rank where that is below `farthest`.
    """

    def __init__(self, vector: Vector, type: PgType, widest: int, farthest: int = 0) -> None:
        self.type = type
        if isinstance(vector, ManyScales):
            vector = vector.at_most()
        self.scale = vector.scale if isinstance(vector, NumericVector) else None
        self.base: int | None = None  # of integers: the value whose distance is 0
        self.span = 0  # all distances are below it
        self.ranks: Ranks | None = None
        self.hashed: HashedNumbers | None = None
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
        if isinstance(plain, np.ndarray) and plain.dtype.kind in "iu" and self._near(plain, vector.validity, widest, farthest):
            return
        if isinstance(plain, np.ndarray) and plain.dtype == object:
            self.places = {}
            self.codes = np.fromiter((self.places.setdefault(v, len(self.places) + 1) for v in plain), np.int64, len(plain))
            self.size = len(self.places) + 1
            return
        if isinstance(plain, np.ndarray) and plain.dtype.kind == "i":
            self.hashed = HashedNumbers(plain.astype(np.int64, copy=False))
            self.size, self.codes = self.hashed.different + 1, self.hashed.of(plain.astype(np.int64, copy=False))
            return
        encoded = pc.dictionary_encode(_arrow(plain))
        self.values, self.size = encoded.dictionary, len(encoded.dictionary) + 1
        self.codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        self.codes += 1

    def _near(self, values: np.ndarray, validity: Mask | None, widest: int, farthest: int) -> bool:
        known = values if validity is None else values[validity]
        if not len(known):
            self.base, self.size, self.span, self.codes = 0, 1, 1, np.zeros(len(values), np.int64)
            return True
        low, high = int(known.min()), int(known.max())
        if high - low > max(widest, farthest) or low == -(2**63):
            return False
        self.base = low - 1 if low < 1 or low > max(DENSE, high - low) else 0  # small numbers stand for themselves
        self.size = self.span = high - self.base + 2
        self.codes = _minus(values, self.base)
        if validity is not None:
            self.codes = np.where(validity, self.codes, 0)
        if high - low > widest:
            self.ranks = Ranks(self.codes, self.span)
            self.size, self.codes = self.ranks.different + 1, self.ranks.of(self.codes)
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
                codes = self._distances(values, vector)
                if self.ranks is not None:
                    codes = self.ranks.of(codes)
            elif self.hashed is not None:
                codes = self.hashed.of(_whole(values))
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

    def _distances(self, values: np.ndarray | pa.Array, vector: Vector) -> Index:
        assert self.base is not None
        last = self.base + self.span - 2
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


class Ranks:
    """Which of many numbers there are, and the place of each among them: a bit for each number, and how many bits are set before each 64.

    It takes a quarter of a byte for each number, where a table would take four, and stays in the processor's caches.
    """

    def __init__(self, numbers: Index, span: int) -> None:
        """Of the numbers from 1 to before `span`; 0 is none."""
        self._count(marked(numbers, (span | 63) + 1), span)

    @staticmethod
    def of_mask(mask: Mask) -> Ranks:
        """Of those places, counted from 1, at which a mask is true."""
        span = len(mask) + 1
        seen = np.zeros((span | 63) + 1, np.bool_)
        seen[1:span] = mask
        made = Ranks.__new__(Ranks)
        made._count(seen, span)
        return made

    def _count(self, seen: Mask, span: int) -> None:
        self.span = span
        self.words = np.packbits(seen, bitorder="little").view(np.uint64)
        self.before = np.zeros(len(self.words) + 1, np.int64)
        np.cumsum(np.bitwise_count(self.words), out=self.before[1:])
        self.different = int(self.before[-1])

    def of(self, numbers: Index) -> Index:
        """Their places from 1; 0 for those that there are not."""
        outside = (numbers < 0) | (numbers >= self.span)
        if outside.any():
            numbers = np.where(outside, 0, numbers)
        word = numbers >> 6
        bits = self.words.take(word, mode="clip")
        bits >>= (numbers & 63).view(np.uint64)  # the number's own bit comes last, those behind it stay
        places = self.before[1:].take(word, mode="clip")
        places -= np.bitwise_count(bits)
        places += 1
        places *= (bits & np.uint64(1)).view(np.int64)
        return places


class Ascent:
    """Where each of a stored column's whole numbers is, which ascend; none comes twice."""

    def __init__(self, values: np.ndarray) -> None:
        self.base = int(values[0]) - 1
        self.ranks = Ranks(_minus(values, self.base), int(values[-1]) - self.base + 1)

    @staticmethod
    def of(column: Vector) -> Ascent | None:
        """That of a whole stored column, kept with it; None of others, and of numbers that do not ascend or are far apart."""
        zones = getattr(column, "zones", None)
        if zones is None or not isinstance(column, FixedVector) or column.validity is not None or not column.n:
            return None
        n, found = zones.kept
        if n != column.n:
            values = stored(column)
            near = 0 < int(values[-1]) - int(values[0]) < SPREAD * column.n
            found = Ascent(values) if near and bool((values[1:] > values[:-1]).all()) else None
            zones.kept = column.n, found
        assert found is None or isinstance(found, Ascent)
        return found


class HashedNumbers:
    """Different whole numbers, numbered from 1 in no order, and the places of others among them.

    A number's hash has a rank, at which the number itself is looked at. Those whose hash another has too are numbered by other hashes.
    """

    def __init__(self, numbers: Index, depth: int = 0) -> None:
        self.factor = np.uint64(FACTORS[depth % len(FACTORS)])
        bits = max(int(len(numbers) * BUCKETS).bit_length(), 6 + 6 * depth)  # with 64 of them no two numbers would have the same
        self.shift, span = np.uint64(64 - bits), (1 << bits) + 1
        hashes = self._hashes(numbers)
        self.ranks = Ranks(hashes, span)
        places = self.ranks.of(hashes)
        self.held = np.zeros(self.ranks.different + 1, np.int64)
        self.held[places] = numbers
        clash = self.held.take(places, mode="clip") != numbers
        self.rest = HashedNumbers(numbers[clash], depth + 1) if clash.any() else None
        self.different: int = self.ranks.different + (0 if self.rest is None else self.rest.different)

    def _hashes(self, numbers: Index) -> Index:
        """From 1; the products wrap around."""
        hashes = numbers.view(np.uint64) * self.factor
        hashes >>= self.shift
        found = hashes.view(np.int64)
        found += 1
        return found

    def of(self, numbers: Index) -> Index:
        """Their places from 1; 0 for those that there are not."""
        places = self.ranks.of(self._hashes(numbers))
        other = self.held.take(places, mode="clip") != numbers
        if self.rest is not None:
            rows = true_places(other & (places != 0))
            places[other] = 0
            more = self.rest.of(numbers.take(rows, mode="clip"))
            places[rows] = np.where(more != 0, more + self.ranks.different, 0)
        else:
            places[other] = 0
        return places


def _comparable(vector: Vector, type: PgType) -> np.ndarray | pa.Array:
    """Values whose equality is the type's; whole numbers as wide as they are kept."""
    return stored(vector) if isinstance(vector, NarrowFixed | NarrowNumeric) else comparable(vector.flat(), type)


def _whole(values: np.ndarray | pa.Array) -> Index:
    """Whole numbers, of whichever width or kind, as int64; one that does not fit becomes -FAR, as in `_scaled`."""
    assert isinstance(values, np.ndarray)
    if values.dtype == object:
        values = np.array([int(v) if v == int(v) and -FAR < v < FAR else -FAR for v in values], np.int64)  # numerics beyond int64, seldom
    return values.astype(np.int64, copy=False)


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
