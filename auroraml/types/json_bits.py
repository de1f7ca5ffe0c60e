"""The structure of many jsonb documents as bits: a bit for each byte, a word for 64, so that a few passes over words find where values begin and end."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from threading import Lock

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auroraml.batch import Index, Mask, layout_of

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]

QUOTE, COMMA, BACKSLASH = b'",\\'
OPEN, CLOSE, FOLD = 0x7B, 0x7D, 0x20  # braces, which brackets become with one bit more
BLOCK = 1 << 18  # bytes that are looked at together, so that what is made of them stays in the cache
COMPARED = 3  # bytes of a text that are looked for everywhere
STEPS = 16  # closing brackets that are tried one after another
KEPT, LARGEST, TEXTS = 4, 1 << 26, 16  # structures that are kept, of how many bytes at most, and of how many texts they know the places
_WORD = np.dtype("<u8")
_ONE, _ALL = np.uint64(1), np.uint64(2**64 - 1)


class Bits:
    """Some of the bytes; one stands behind all of them, so that there always is a next one."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self._ranks: Index | None = None
        self._following: Index | None = None

    def has(self, places: Index) -> Mask:
        """Which places are among them."""
        found: Mask = (self.words[places >> 6] >> (places & 63).astype(np.uint64) & _ONE).astype(np.bool_)
        return found

    @property
    def ranks(self) -> Index:
        """How many are before each word."""
        if self._ranks is None:
            self._ranks = np.zeros(len(self.words) + 1, np.int64)
            np.cumsum(np.bitwise_count(self.words), out=self._ranks[1:])
        return self._ranks

    def before(self, places: Index) -> Index:
        """How many are before each place."""
        word = places >> 6
        below = (_ONE << (places & 63).astype(np.uint64)) - _ONE
        found: Index = self.ranks[word] + np.bitwise_count(self.words[word] & below)
        return found

    def next(self, places: Index) -> Index:
        """The first one at or after each place."""
        word = places >> 6
        left = self.words[word] & (_ALL << (places & 63).astype(np.uint64))
        if (none := np.flatnonzero(left == 0)).size:
            if self._following is None:
                numbers = np.where(self.words != 0, np.arange(len(self.words)), len(self.words))
                self._following = np.minimum.accumulate(numbers[::-1])[::-1]
            word[none] = self._following[word[none] + 1]
            left[none] = self.words[word[none]]
        found: Index = (word << 6) + np.bitwise_count((left & (~left + _ONE)) - _ONE)
        return found

    def places(self, size: int) -> Index:
        """All of them among `size` bytes."""
        found: Index = np.flatnonzero(np.unpackbits(self.words.view(np.uint8), count=size, bitorder="little"))
        return found


class Structure:
    """Where the strings of documents begin and end, their brackets, and where other values end."""

    def __init__(self, offsets: Index, data: Bytes) -> None:
        self.offsets = offsets
        self.data = data
        count = (len(data) >> 6) + 2
        quotes, opens, closes, commas = (np.zeros(count, _WORD) for _ in range(4))
        slashed = False
        for start in range(0, len(data), BLOCK):  # over blocks of bytes
            part = data[start : start + BLOCK]
            folded = part | np.uint8(FOLD)
            for words, mask in ((quotes, part == QUOTE), (opens, folded == OPEN), (closes, folded == CLOSE), (commas, part == COMMA)):
                packed = np.packbits(mask, bitorder="little")
                words.view(np.uint8)[start >> 3 : (start >> 3) + len(packed)] = packed
            slashed = slashed or bool((part == BACKSLASH).any())
        self.slashes = np.flatnonzero(data == BACKSLASH) if slashed else np.zeros(0, np.int64)
        if slashed:
            escaped = _escaped_quotes(data, self.slashes)
            np.bitwise_xor.at(quotes, escaped >> 6, _ONE << (escaped & 63).astype(np.uint64))
        self.quotes = Bits(quotes)
        inside = _between(self.quotes)
        outside = ~inside
        self.strings = Bits(quotes & inside)  # where they begin
        self.opens, self.closes = Bits(opens & outside), Bits(closes & outside)
        self.commas = Bits(commas & outside)
        self.stops = Bits(self.commas.words | self.closes.words)
        for bits in (self.quotes, self.opens, self.closes, self.commas, self.stops):
            bits.words[-1] = _ALL
        self._found: dict[bytes, Index] = {}

    def rows(self, places: Index) -> Index:
        """The documents that bytes belong to."""
        found: Index = self.offsets[1:].searchsorted(places, "right")
        return found

    def depth(self, places: Index) -> Index:
        """How many brackets are open at each place; documents close all of theirs."""
        return self.opens.before(places) - self.closes.before(places)

    def found(self, text: bytes) -> Index:
        """Where the text of a string, or what begins with one, stands: at places where strings begin."""
        known = self._found.get(text)
        if known is None:
            places = found_in(self.data, text)
            known = places[self.strings.has(places)]
            if len(self._found) < TEXTS:
                self._found[text] = known
        return known

    def ends(self, starts: Index) -> Index:
        """Where values end that begin at `starts` in outermost objects and arrays, or are documents."""
        first = self.data[starts]
        ends = self.stops.next(starts)
        strings = np.flatnonzero(first == QUOTE)
        ends[strings] = self.quotes.next(starts[strings] + 1) + 1
        nested = np.flatnonzero((first | np.uint8(FOLD)) == OPEN)
        if len(nested):
            ends[nested] = self._closed(starts[nested]) + 1
        return ends

    def _closed(self, starts: Index) -> Index:
        deep = self.depth(starts)
        found = self.closes.next(starts)
        left = np.arange(len(starts))
        for _ in range(STEPS):
            left = left[self.depth(found[left] + 1) != deep[left]]
            if not len(left):
                return found
            found[left] = self.closes.next(found[left] + 1)
        places = self.closes.places(len(self.data))
        after = self.depth(places + 1)
        for level in np.flatnonzero(np.bincount(deep[left])).tolist():  # over depths: few
            some, of_level = left[deep[left] == level], places[after == level]
            found[some] = of_level[of_level.searchsorted(starts[some])]
        return found

    def escaped(self, starts: Index, ends: Index) -> Mask:
        """Which stretches have backslashes in them."""
        if not len(self.slashes):
            return np.zeros(len(starts), np.bool_)
        found: Mask = self.slashes.searchsorted(starts) != self.slashes.searchsorted(ends)
        return found


def _escaped_quotes(data: Bytes, slashes: Index) -> Index:
    """The quotes behind an odd number of backslashes."""
    apart = np.diff(slashes) != 1
    begins, ends = slashes[np.concatenate([[True], apart])], slashes[np.concatenate([apart, [True]])]
    behind = ends[(ends - begins) % 2 == 0] + 1
    behind = behind[behind < len(data)]
    found: Index = behind[data[behind] == QUOTE]
    return found


def _between(quotes: Bits) -> Words:
    """The bytes from each string's first quote to before its last one."""
    words = quotes.words.copy()
    for shift in (1, 2, 4, 8, 16, 32):  # each bit with all below it
        words ^= words << np.uint64(shift)
    odd = (quotes.ranks[:-1] & 1).astype(np.bool_)
    words[odd] = ~words[odd]
    return words


def found_in(data: Bytes, text: bytes) -> Index:
    """Where a text stands among bytes."""
    size, n = len(text), len(data) - len(text) + 1
    if n <= 0:
        return np.zeros(0, np.int64)
    compared = range(size) if size <= COMPARED else sorted({1, size // 2, size - 3})
    parts = []
    for start in range(0, n, BLOCK):  # over blocks of bytes
        stop = min(start + BLOCK, n)
        mask: Mask | None = None
        for place in compared:
            same = data[start + place : stop + place] == text[place]
            mask = same if mask is None else np.logical_and(mask, same, out=mask)
        assert mask is not None
        parts.append(np.flatnonzero(mask) + start)
    places = np.concatenate(parts)
    for place in range(size):  # over the text, not over rows
        if place not in compared:
            places = places[data[places + place] == text[place]]
    return places


_KNOWN: OrderedDict[int, tuple[weakref.ref[pa.Array], Structure]] = OrderedDict()
_LOCK = Lock()


def structure_of(texts: pa.Array) -> Structure:
    """The structure of documents: kept for some as long as they are, as several fields of the same ones are often asked for."""
    key = id(texts)
    with _LOCK:
        known = _KNOWN.get(key)
        if known is not None and known[0]() is texts:
            _KNOWN.move_to_end(key)
            return known[1]
    made = Structure(*layout_of(texts))
    if len(made.data) <= LARGEST:
        with _LOCK:
            _KNOWN[key] = weakref.ref(texts, lambda _: _forgotten(key)), made
            while len(_KNOWN) > KEPT:
                _KNOWN.popitem(last=False)
    return made


def _forgotten(key: int) -> None:
    known = _KNOWN.get(key)
    if known is not None and known[0]() is None:
        _KNOWN.pop(key, None)
