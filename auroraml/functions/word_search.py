"""Which texts of a column hold a word: their bytes compared several at a time, whatever text they belong to, and only what may be one looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auroraml.batch import Index, Mask
from auroraml.records import dataclass

BLOCK = 262_144  # numbers compared at once, a multiple of 8: they and the answers stay in the cache
SAMPLE, LEAST, PART = 65_536, 4_096, 64  # bytes by which the best sieve of a word is found: at most, at least, and one in so many
WORTHWHILE = 65_536  # bytes of text from which on this is the faster way
CANDIDATE = 40.0  # nanoseconds that a candidate takes, until it is known whether its text matches
ARROW = 2.0  # nanoseconds that Arrow takes for a byte
_TYPES: dict[int, type[np.unsignedinteger]] = {1: np.uint8, 2: np.uint16, 4: np.uint32}
# Nanoseconds a byte of a pass, and of each number it looks for; of numbers that do not lie at multiples of their width.
_PASS, _NUMBER, _UNALIGNED = 0.03, {1: 0.07, 2: 0.04, 4: 0.023}, 2.0
Bytes = npt.NDArray[np.uint8]


def _layout(texts: pa.Array) -> tuple[Index, Bytes]:
    """Where each text begins and ends in the bytes of all of them."""
    _, offset_buffer, data_buffer = texts.buffers()
    offsets = np.frombuffer(offset_buffer, np.int64, len(texts) + 1, texts.offset * 8)
    start, stop = int(offsets[0]), int(offsets[-1])
    data = np.frombuffer(data_buffer, np.uint8, stop - start, start) if stop > start else np.zeros(0, np.uint8)
    return offsets - start if start else offsets, data


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


def _hits(values: np.ndarray, wanted: Sequence[np.unsignedinteger]) -> Index:
    """Where one of `wanted` is among the values, ascending."""
    size = min(BLOCK, len(values) + -len(values) % 8)
    hit, other = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    hits, others = hit.view(np.uint64), other.view(np.uint64)  # eight answers at a time
    found = []
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
            eights += start
            places = eights.take(inside >> 3)
            places += inside & 7
            found.append(places)
    return np.concatenate(found) if found else np.zeros(0, np.int64)


def _occurrences(data: Bytes, word: bytes, sieve: Sieve, check: bool = True) -> Index:
    """Where `word` is among the bytes, ascending; without `check`, where it may be."""
    width, dtype = sieve.width, _TYPES[sieve.width]
    parts = []
    for shift, ks in sieve.passes:
        shift = (shift - data.ctypes.data) % width  # multiples in memory: numpy copies values that lie otherwise
        count = max(len(data) - shift, 0) // width
        values = np.frombuffer(data, dtype, count, shift) if count else np.zeros(0, dtype)
        wanted = [np.frombuffer(word, dtype, 1, k)[0] for k in ks]
        hits = _hits(values, list(dict.fromkeys(wanted)))
        found = values.take(hits, mode="clip") if count and len(ks) > 1 else None
        for k, number in zip(ks, wanted, strict=True):
            places = hits if found is None else hits[found == number]
            places = places * width
            places += shift - k
            parts.append(_checked(data, word, places, k, width) if check else places)
    if len(parts) == 1:
        return parts[0]
    places = np.concatenate(parts)
    places.sort(kind="stable")  # which merges what is in order
    return places


def _checked(data: Bytes, word: bytes, places: Index, k: int, width: int) -> Index:
    """Those of `places` where the word is, of which the number that begins at `k` is known to be there."""
    if len(places) and (int(places[0]) < 0 or int(places[-1]) > len(data) - len(word)):
        places = places[(places >= 0) & (places <= len(data) - len(word))]
    for i, byte in enumerate(word):
        if not k <= i < k + width and len(places):
            same = data.take(places + i, mode="clip") == byte
            if not same.all():
                places = places[same]
    return places


def _sample(data: Bytes) -> Bytes:
    """The bytes that the sieves of a word are tried on: few where there are few, as there are many sieves."""
    return data[: min(max(len(data) // PART, LEAST), SAMPLE)]


def _best(sample: Bytes, word: bytes) -> tuple[float, Sieve]:
    """The sieve with which a word is found fastest, and nanoseconds a byte."""

    def price(sieve: Sieve) -> float:
        return sieve.price() + len(_occurrences(sample, word, sieve, check=False)) * CANDIDATE / max(len(sample), 1)

    return min(((price(sieve), sieve) for sieve in sieves(word)), key=lambda priced: priced[0])


def _found(offsets: Index, data: Bytes, word: bytes, sieve: Sieve) -> tuple[Index, Index]:
    """Where a word occurs within a text, ascending, and in which."""
    places = _occurrences(data, word, sieve)
    rows = np.searchsorted(offsets, places, side="right") - 1
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
    offsets, data = _layout(texts)
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
    before, _ = _layout(texts)
    offsets, data = _layout(texts.take(pa.array(holding.rows)))
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
