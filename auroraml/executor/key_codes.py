"""KeyCodes: the distinct values of a join's key column as numbers, and those of other rows among them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auroraml.batch import DictVector, FixedVector, Index, ManyScales, Mask, NumericVector, Vector, layout_of, numbers, true_places
from auroraml.batch.narrow import NarrowFixed, NarrowNumeric, stored
from auroraml.evaluate.keys import comparable
from auroraml.lazy import compute as pc
from auroraml.types.pg_type import PgType

DENSE = 65_536  # a table of so many codes is made for any number of rows
FAR = 1 << 62
SPREAD = 32  # numbers for each of those that ascend, at most
BUCKETS = 8  # hashes for each number, at least
BLOCK = 16_384  # numbers whose ranks are found at a time: what is made of them stays in the innermost caches
FACTORS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xD6E8FEB86659FD93)  # odd, of mixed bits
MANY_TEXTS = 4_096  # from which their hashes take less time than Arrow's hash table, which is made anew for each batch that is looked up
LONGEST_TEXT = 512  # bytes: hashing takes a step for each eight of the longest
AT_ONCE = 65_536  # texts
MASKS = np.array([(1 << (8 * size)) - 1 for size in range(9)], np.uint64)  # of so many bytes of a word


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
        self.distances: Index | None = None  # of the build side's values, where their codes are ranks
        self.hashed: HashedNumbers | None = None
        self.texts: HashedTexts | None = None
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
        plain = _arrow(plain)
        self.texts = HashedTexts.of_many(plain)
        if self.texts is not None:
            self.size, self.codes = self.texts.different + 1, self.texts.places
            return
        encoded = pc.dictionary_encode(plain)
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
            self.ranks, self.distances = Ranks.of_numbers(self.codes, self.span), self.codes
            self.size, self.codes = self.ranks.different + 1, self.ranks.of(self.codes)
        return True

    def probe(self, vector: Vector) -> Index:
        """The numbers of other values; those of integers may be below 0 or above `size` where they are none."""
        if isinstance(vector, DictVector) and (self.values is not None or self.texts is not None) and self.type.name != "bpchar":
            if vector.dictionary.values is self.values:
                codes = vector.codes.astype(np.int64)
                codes += 1
            else:
                known = self._places(vector.dictionary.values)
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
                codes = self._places(_arrow(values))
        return codes if vector.validity is None else np.where(vector.validity, codes, 0)

    def _places(self, wanted: pa.Array) -> Index:
        known = self.values if self.texts is None else self.texts.texts
        assert known is not None
        if wanted.type != known.type:
            wanted = wanted.cast(known.type, safe=False)
        return places_among(wanted, known) if self.texts is None else self.texts.of(wanted)

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

    def __init__(self, seen: Mask, span: int) -> None:
        """Of the numbers at which `seen` is true: from 1 to before `span`. It goes on, to a multiple of 64."""
        self.span = span
        self.words = np.packbits(seen, bitorder="little").view(np.uint64)
        self.before = np.zeros(len(self.words) + 1, np.int64)
        np.cumsum(np.bitwise_count(self.words), out=self.before[1:])
        self.different = int(self.before[-1])

    @staticmethod
    def of_numbers(numbers: Index, span: int) -> Ranks:
        """Of the numbers from 1 to before `span`; 0 is none."""
        return Ranks(marked(numbers, (span | 63) + 1), span)

    @staticmethod
    def of_mask(mask: Mask) -> Ranks:
        """Of those places, counted from 1, at which a mask is true."""
        span = len(mask) + 1
        seen = np.zeros((span | 63) + 1, np.bool_)
        seen[1:span] = mask
        return Ranks(seen, span)

    def of(self, numbers: Index) -> Index:
        """Their places from 1; 0 for those that there are not."""
        if len(numbers) and int(numbers.view(np.uint64).max()) >= self.span:  # those below 0 are the largest
            numbers = np.where((numbers < 0) | (numbers >= self.span), 0, numbers)
        places, before = np.empty(len(numbers), np.int64), self.before[1:]
        for start in range(0, len(numbers), BLOCK):
            some = numbers[start : start + BLOCK]
            word = some >> 6
            bits = self.words.take(word, mode="clip")
            bits >>= (some & 63).view(np.uint64)  # the number's own bit comes last, those behind it stay
            out = places[start : start + BLOCK]
            before.take(word, mode="clip", out=out)
            out -= np.bitwise_count(bits)
            out += 1
            bits &= np.uint64(1)
            out *= bits.view(np.int64)
        return places


class Ascent:
    """Where each of a stored column's whole numbers is, which ascend; none comes twice."""

    def __init__(self, values: np.ndarray) -> None:
        self.base = int(values[0]) - 1
        self.ranks = Ranks.of_numbers(_minus(values, self.base), int(values[-1]) - self.base + 1)

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


def steps_of(column: Vector) -> int | None:
    """How many different values a whole stored column of whole numbers has, which never fall; None of others. It is kept with the column."""
    zones = getattr(column, "zones", None)
    if zones is None or not isinstance(column, FixedVector) or column.validity is not None or not column.n:
        return None
    n, steps = zones.steps
    if n > column.n:
        n, steps = 0, 0
    if n < column.n and steps >= 0:
        steps = _steps(stored(column), n, steps)
        zones.steps = column.n, steps
    return None if steps < 0 else int(steps)


def _steps(values: np.ndarray, n: int, steps: int) -> int:
    """The same of all values, where it is known of the first `n`; -1 if they fall."""
    steps += not n
    for start in range(max(n, 1), len(values), AT_ONCE):
        before, after = values[start - 1 : start - 1 + AT_ONCE][: len(values) - start], values[start : start + AT_ONCE]
        changed = int(np.count_nonzero(after > before))
        if changed != int(np.count_nonzero(after != before)):
            return -1
        steps += changed
    return steps


class HashedNumbers:
    """Different whole numbers, numbered from 1 in no order, and the places of others among them.

    A number's hash has a rank, at which the number itself is looked at. Those whose hash another has too are numbered by other hashes.
    """

    def __init__(self, numbers: Index, depth: int = 0) -> None:
        self.factor = np.uint64(FACTORS[depth % len(FACTORS)])
        bits = max(int(len(numbers) * BUCKETS).bit_length(), 6 + 6 * depth)  # with 64 of them no two numbers would have the same
        self.shift, span = np.uint64(64 - bits), (1 << bits) + 1
        hashes = self._hashes(numbers)
        self.ranks = Ranks.of_numbers(hashes, span)
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


class HashedTexts:
    """Different texts, numbered from 1 in no order by their hashes, and the places of others among them; found ones are compared byte by byte."""

    def __init__(self, texts: pa.Array, hashes: Index) -> None:
        self.texts = texts
        self.hashed = HashedNumbers(hashes)
        self.different = self.hashed.different
        self.places = self.hashed.of(hashes)
        self.row = np.zeros(self.different + 1, np.int64)  # of some row with the text
        self.row[self.places] = numbers(len(texts))

    @staticmethod
    def of_many(texts: pa.Array) -> HashedTexts | None:
        """Those of a build side; None where Arrow's hash table serves better, or where two texts have the same hash."""
        hashes = text_hashes(texts) if len(texts) >= MANY_TEXTS else None
        if hashes is None:
            return None
        found = HashedTexts(texts, hashes)
        rows = found.row.take(found.places, mode="clip")
        others = true_places(rows != numbers(len(rows)))
        return found if _equal(texts.take(pa.array(others)), texts.take(pa.array(rows.take(others, mode="clip")))).all() else None

    def of(self, texts: pa.Array) -> Index:
        """Their places from 1; 0 for those that there are not."""
        hashes = text_hashes(texts)
        if hashes is None:  # some are longer than any of these may be: they are nowhere
            short = true_places(pc.less_equal(pc.binary_length(texts), LONGEST_TEXT).fill_null(False).to_numpy(zero_copy_only=False))
            places = np.zeros(len(texts), np.int64)
            places[short] = self.of(texts.take(pa.array(short)))
            return places
        places = self.hashed.of(hashes)
        hits = true_places(places != 0)
        known = self.texts.take(pa.array(self.row.take(places if len(hits) == len(places) else places.take(hits, mode="clip"), mode="clip")))
        same = _equal(texts if len(hits) == len(places) else texts.take(pa.array(hits)), known)
        if not same.all():
            places[hits[~same]] = 0
        return places


def text_hashes(texts: pa.Array) -> Index | None:
    """64 bits of each text's bytes; None for what is not of 64-bit offsets, and where a text is long."""
    if not (pa.types.is_large_string(texts.type) or pa.types.is_large_binary(texts.type)):
        return None
    n = len(texts)
    ends, data = layout_of(texts)
    sizes = np.diff(ends)
    if sizes.max(initial=0) > LONGEST_TEXT:
        return None
    found = np.empty(n, np.uint64)
    for start in range(0, n, AT_ONCE):
        stop = min(start + AT_ONCE, n)
        _hash(data, ends[start : stop + 1], sizes[start:stop], found[start:stop])
    return found.view(np.int64)


def _hash(data: npt.NDArray[np.uint8], ends: Index, sizes: Index, hashes: npt.NDArray[np.uint64]) -> None:
    """Fill in the hashes of texts that begin and end at `ends`: a step for eight bytes of all texts."""
    first, last = int(ends[0]), int(ends[-1])
    raw = np.zeros(last - first + 8, np.uint8)
    raw[:-8] = data[first:last]
    words = np.ndarray((last - first + 1,), "<u8", raw, strides=(1,))  # the eight bytes from each on
    starts = ends[:-1] - first
    np.multiply(sizes.view(np.uint64), np.uint64(FACTORS[0]), out=hashes)
    shortest = int(sizes.min())
    for begin in range(0, int(sizes.max()), 8):
        if begin + 8 <= shortest:
            _mix(hashes, words[starts + begin])
            continue
        rows = slice(None) if begin < shortest else true_places(sizes > begin)  # the others' hashes are whole
        word = words[starts[rows] + begin]
        word &= MASKS.take(sizes[rows] - begin, mode="clip")
        some = hashes[rows]
        _mix(some, word)
        hashes[rows] = some


def _mix(hashes: npt.NDArray[np.uint64], word: npt.NDArray[np.uint64]) -> None:
    hashes ^= word
    hashes *= np.uint64(FACTORS[1])
    hashes ^= hashes >> np.uint64(29)


def _equal(texts: pa.Array, others: pa.Array) -> Mask:
    """Which are the same; NULL is nobody's concern here."""
    found: Mask = pc.equal(texts, others).fill_null(True).to_numpy(zero_copy_only=False)
    return found


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


def flags_at(flags: Mask, places: np.ndarray) -> Mask:
    """The flags at many places, narrow numbers without a sign, all of which there are: Arrow reads these as they are, numpy would widen them first."""
    numbers = pa.Array.from_buffers(pa.from_numpy_dtype(places.dtype), len(places), [None, pa.py_buffer(places)])
    all_flags = pa.Array.from_buffers(pa.uint8(), len(flags), [None, pa.py_buffer(flags)])
    found = pc.call_function("array_take", [all_flags, numbers], pc.TakeOptions(boundscheck=False))
    return np.frombuffer(found.buffers()[1], np.bool_, len(places))
