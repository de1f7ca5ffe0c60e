"""Which texts of a column hold a word: their bytes compared several at a time, whatever text they belong to, and only what may be one looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auroraml.batch import Index, Mask, layout_of
from auroraml.records import dataclass

BLOCK = 262_144  # numbers compared at once, a multiple of 8: they and the answers stay in the cache
SAMPLE, LEAST, PART = 65_536, 4_096, 64  # bytes by which the best sieve of a word is found: at most, at least, and one in so many
PIECE = 512  # places that are looked up together
WORTHWHILE = 65_536  # bytes of text from which on this is the faster way
CANDIDATE = 40.0  # nanoseconds that a candidate takes, until it is known whether its text matches
ARROW = 2.0  # nanoseconds that Arrow takes for a byte
_TYPES: dict[int, type[np.unsignedinteger]] = {1: np.uint8, 2: np.uint16, 4: np.uint32}
# Nanoseconds a byte of a pass, and of each number it looks for; of numbers that do not lie at multiples of their width.
_PASS, _NUMBER, _UNALIGNED = 0.1, {1: 0.08, 2: 0.05, 4: 0.034}, 2.0
Bytes = npt.NDArray[np.uint8]
Eights = npt.NDArray[np.uint64]


@dataclass(frozen=True, kw_only=True)
class Sieve:
    """Numbers of `width` bytes of a word that are compared with text: wherever the word lies, one number of the text is among them.

    A pass reads the numbers that lie `shift` bytes behind multiples of the width, and looks for those that begin so many bytes behind
    the word's beginning.
    """

    width: int
    passes: tuple[tuple[int, tuple[int, ...]], ...]

    def price(self) -> float:
        """Nanoseconds a byte of text."""
        return sum((_PASS + _NUMBER[self.width] * len(ks)) * (_UNALIGNED if shift else 1) for shift, ks in self.passes)


def sieve_of(length: int, at: int, width: int) -> Sieve:
    """The sieve of `length` bytes of a word from `at` on, in as few passes as these allow."""
    reach = min(length - width + 1, width)  # numbers that one pass looks for
    missing = set(range(width))  # places of a word, counted from a multiple of the width
    passes = []
    while missing:
        shift = min(missing)
        found = tuple(k for k in range(reach) if (shift - k) % width in missing)
        missing -= {(shift - k) % width for k in found}
        passes.append((shift, tuple(at + k for k in found)))
    return Sieve(width=width, passes=tuple(passes))


def sieves(word: bytes) -> Iterator[Sieve]:
    """The sieves of a word that may be the best."""
    for width in _TYPES:
        length = min(len(word), 2 * width - 1)  # what one pass can do with
        if length >= width and (width > 1 or len(word) == 1):
            yield from (sieve_of(length, at, width) for at in range(len(word) - length + 1))


def _values(data: Bytes, width: int, shift: int) -> tuple[np.ndarray, int]:
    """The numbers that lie `shift` bytes behind multiples of `width` in memory (numpy copies values that lie otherwise), and where they begin."""
    shift = (shift - data.ctypes.data) % width
    count = max(len(data) - shift, 0) // width
    return np.frombuffer(data, _TYPES[width], count, shift) if count else np.zeros(0, _TYPES[width]), shift


def _number(word: bytes, width: int, k: int) -> np.unsignedinteger:
    return np.frombuffer(word, _TYPES[width], 1, k)[0]  # type: ignore[no-any-return] # numpy does not say


def _hits(values: np.ndarray, wanted: Sequence[np.unsignedinteger]) -> Iterator[tuple[int, Index]]:
    """Where one of `wanted` is among the values, ascending: block by block, counted from the block's beginning."""
    size = min(BLOCK, len(values) + -len(values) % 8)
    hit, other = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    hits, others = hit.view(np.uint64), other.view(np.uint64)  # eight answers at a time
    for start in range(0, len(values), BLOCK):
        block = values[start : start + BLOCK]
        if len(block) < size:
            hit[:] = other[:] = False
        np.equal(block, wanted[0], out=hit[: len(block)])
        for number in wanted[1:]:
            np.equal(block, number, out=other[: len(block)])
            np.bitwise_or(hits, others, out=hits)
        eights = (hits != 0).nonzero()[0]
        if len(eights):
            inside = hits.take(eights).view(np.bool_).nonzero()[0]
            eights *= 8
            places = eights.take(inside >> 3)
            places += inside & 7
            yield start, places


class _Pass:
    """Where a word is found by the numbers that begin `ks` bytes behind its beginning, each block looked at while it is in the cache."""

    def __init__(self, data: Bytes, word: bytes, width: int, ks: tuple[int, ...]) -> None:
        self.data = data
        self.word = word
        self.width = width
        self.numbers = {k: _number(word, width, k) for k in ks}
        self.telling, self.begins = self._telling(word, ks)
        self.last = len(data) - len(word)
        self.ample = len(data) - max(len(word), 8)  # up to which place eight bytes can be read
        self.parts = self._eights() if len(word) > width and self.ample >= 0 else []

    def _eights(self) -> list[tuple[int, Eights, np.uint64, np.uint64]]:
        """Numbers of eight bytes at each byte of the data that tell the word: how far behind its beginning, the bits that count, and which they must be."""
        size = len(self.word)
        every: Eights = np.ndarray((len(self.data) - 7,), np.uint64, self.data, strides=(1,))
        if size >= 8:
            whole, full = np.frombuffer(self.word, np.uint8), np.uint64(2**64 - 1)
            return [(at, every, whole[at : at + 8].copy().view(np.uint64)[0], full) for at in (*range(0, size - 8, 8), size - 8)]
        mask = np.frombuffer(b"\xff" * size + bytes(8 - size), np.uint64)[0]
        return [(0, every, np.frombuffer(self.word + bytes(8 - size), np.uint64)[0], mask)]

    def _telling(self, word: bytes, ks: tuple[int, ...]) -> tuple[int, npt.NDArray[np.int64]]:
        """Which byte of a number tells how far behind the word's beginning it is, and how far; -1 where none does."""
        begins = np.zeros(256, np.int64)
        for at in range(self.width):
            found = [word[k + at] for k in ks]
            if len(set(found)) == len(ks):
                begins[found] = ks
                return at, begins
        return -1, begins

    def found(self, shift: int) -> Iterator[Index]:
        """Where the word is, ascending."""
        values, shift = _values(self.data, self.width, shift)
        for start, hits in _hits(values, list(dict.fromkeys(self.numbers.values()))):
            if self.telling >= 0:
                places = (hits + start) * self.width
                places += shift
                places -= self.begins.take(self.data.take(places + self.telling, mode="clip"))
                yield self._checked(places)
            else:
                found = values[start : start + BLOCK].take(hits, mode="clip")
                every = [(hits[found == number] + start) * self.width + (shift - k) for k, number in self.numbers.items()]
                yield self._checked(np.sort(np.concatenate(every), kind="stable"))  # which merges what is in order

    def _checked(self, places: Index) -> Index:
        """Those of `places` where the whole word is."""
        if len(places) and (int(places[0]) < 0 or int(places[-1]) > self.last):
            places = places[(places >= 0) & (places <= self.last)]
        if len(self.word) == self.width:
            return places
        ample = int(places.searchsorted(self.ample, side="right"))
        rest = [place for place in places[ample:].tolist() if self.data[place : place + len(self.word)].tobytes() == self.word]  # at most eight
        places = places[:ample]
        for at, every, number, mask in self.parts:
            found = every[places + at if at else places]
            if len(self.word) < 8:
                found &= mask
            same = found == number
            if not same.all():
                places = places[same]
        return np.concatenate([places, rest]) if rest else places


def _occurrences(data: Bytes, word: bytes, sieve: Sieve) -> Index:
    """Where `word` is among the bytes, ascending."""
    if len(data) < len(word):
        return np.zeros(0, np.int64)
    parts = [places for shift, ks in sieve.passes for places in _Pass(data, word, sieve.width, ks).found(shift)]
    places = np.concatenate([*parts, np.zeros(0, np.int64)])
    if len(sieve.passes) > 1:
        places.sort(kind="stable")
    return places


def _sample(data: Bytes) -> Bytes:
    """The bytes that the sieves of a word are tried on: few where there are few, as there are many sieves."""
    return data[: min(max(len(data) // PART, LEAST), SAMPLE)]


def _best(sample: Bytes, word: bytes) -> tuple[float, Sieve]:
    """The sieve with which a word is found fastest, and nanoseconds a byte."""

    @cache
    def candidates(width: int, shift: int, number: np.unsignedinteger) -> int:
        return int(np.count_nonzero(_values(sample, width, shift)[0] == number))

    def price(sieve: Sieve) -> float:
        found = sum(candidates(sieve.width, shift, _number(word, sieve.width, k)) for shift, ks in sieve.passes for k in ks)
        return sieve.price() + found * CANDIDATE / max(len(sample), 1)

    return min(((price(sieve), sieve) for sieve in sieves(word)), key=lambda priced: priced[0])


def _owners(offsets: Index, places: Index) -> Index:
    """In which text each of the ascending places is: a piece of them is looked up among the few texts where it can be."""
    borders = [*np.searchsorted(offsets, places[::PIECE], side="right").tolist(), len(offsets)]
    rows = np.empty(len(places), np.int64)
    for i, least in enumerate(borders[:-1]):
        part = slice(i * PIECE, (i + 1) * PIECE)
        rows[part] = offsets[least : borders[i + 1]].searchsorted(places[part], side="right")
        rows[part] += least - 1
    return rows


def _found(offsets: Index, data: Bytes, word: bytes, sieve: Sieve) -> tuple[Index, Index]:
    """Where a word occurs within a text, ascending, and in which."""
    places = _occurrences(data, word, sieve)
    rows = _owners(offsets, places)
    inside = places + len(word) <= offsets.take(rows + 1, mode="clip")
    return (places, rows) if inside.all() else (places[inside], rows[inside])


@dataclass(frozen=True, kw_only=True)
class Holding:
    """The texts that hold the rarest of some words: `rows`, ascending, and where it occurs."""

    rows: Index
    word: int  # which word it is
    places: Index  # in the bytes of all texts, ascending
    owners: Index  # the text of each place


def holding(texts: pa.Array, words: Sequence[bytes]) -> Holding | None:
    """The texts that hold the rarest of `words` (none of them empty), the only one maybe; None where there is nothing to be won by looking that way."""
    offsets, data = layout_of(texts)
    if len(data) < WORTHWHILE or not words:
        return None
    (price, sieve), word = min(((_best(_sample(data), word), i) for i, word in enumerate(words)), key=lambda best: best[0][0])
    if price > ARROW:
        return None
    places, owners = _found(offsets, data, words[word], sieve)
    first = _firsts(owners)
    return Holding(rows=owners if first.all() else owners[first], word=word, places=places, owners=owners)


def _firsts(rows: Index) -> Mask:
    """Where a number is another than the one before."""
    first = np.ones(len(rows), np.bool_)
    np.not_equal(rows[1:], rows[:-1], out=first[1:])
    return first


def in_order(texts: pa.Array, words: Sequence[bytes], holding: Holding) -> Index:
    """The texts that hold all of `words`, one behind the other: those of `holding` looked at further."""
    before, _ = layout_of(texts)
    offsets, data = layout_of(texts.take(pa.array(holding.rows)))
    least = offsets[:-1].copy()  # where the next word may begin
    held = np.ones(len(holding.rows), np.bool_)
    for i, word in enumerate(words):
        if i == holding.word:
            rows: Index = np.cumsum(_firsts(holding.owners), dtype=np.int64)
            rows -= 1
            places = holding.places - (before.take(holding.rows, mode="clip") - offsets[:-1]).take(rows, mode="clip")
        else:
            places, rows = _found(offsets, data, word, _best(_sample(data), word)[1])
        behind = places >= least.take(rows, mode="clip")
        if not behind.all():
            places, rows = places[behind], rows[behind]
        first = _firsts(rows)
        if not first.all():
            places, rows = places[first], rows[first]
        here = np.zeros(len(held), np.bool_)
        here[rows] = True
        held &= here
        least[rows] = places
        least[rows] += len(word)
    return holding.rows[held]
