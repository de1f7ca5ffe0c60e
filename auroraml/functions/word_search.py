"""Which texts of a column hold a word: their bytes compared several at a time, whatever text they belong to, and only what may be one looked at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auroraml.batch import Mask

BLOCK = 262_144  # numbers compared at once: they and the answers stay in the cache
SAMPLE = 65_536  # bytes by which the rarest part of a word is found
WORTHWHILE = 65_536  # bytes of text from which on this is the faster way
FREQUENT = 4  # where more than one text of so many has the rarest part, looking at each place costs more than reading on
_WIDTHS = {1: np.uint8, 2: np.uint16, 3: np.uint16}
Bytes = npt.NDArray[np.uint8]


def _layout(texts: pa.Array) -> tuple[npt.NDArray[np.int64], Bytes]:
    """Where each text begins and ends in the bytes of all of them."""
    _, offset_buffer, data_buffer = texts.buffers()
    offsets = np.frombuffer(offset_buffer, np.int64, len(texts) + 1, texts.offset * 8)
    start, stop = int(offsets[0]), int(offsets[-1])
    data = np.frombuffer(data_buffer, np.uint8, stop - start, start) if stop > start else np.zeros(0, np.uint8)
    return offsets - start, data


def _places(data: Bytes, part: bytes) -> npt.NDArray[np.int64]:
    """Where `part`, of one, two or four bytes, occurs; in no order."""
    dtype = _WIDTHS.get(len(part), np.uint32)
    width = len(part)
    wanted = np.frombuffer(part, dtype)[0]
    found = []
    for start in range(0, max(len(data) - width + 1, 0), BLOCK * width):
        for shift in range(start, min(start + width, len(data) - width + 1)):
            numbers = np.frombuffer(data, dtype, min(BLOCK, (len(data) - shift) // width), shift)
            hits = np.flatnonzero(numbers == wanted)
            if len(hits):
                found.append(hits * width + shift)
    return np.concatenate(found) if found else np.zeros(0, np.int64)


def _width(word: bytes) -> int:
    return 4 if len(word) >= 4 else min(len(word), 2)


def _rarest_part(sample: Bytes, word: bytes) -> tuple[int, int]:
    """How often the rarest part of a word occurs, and where in the word it begins."""
    width = _width(word)
    return min((len(_places(sample, word[at : at + width])), at) for at in range(len(word) - width + 1))


def _found(offsets: npt.NDArray[np.int64], data: Bytes, word: bytes, at: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where a word occurs within a text, ascending, and in which; looked for by its part that begins `at`."""
    width = _width(word)
    places = np.sort(_places(data, word[at : at + width]) - at)
    places = places[(places >= 0) & (places <= len(data) - len(word))]
    for i, byte in enumerate(word):
        if not at <= i < at + width:
            places = places[data[places + i] == byte]
    rows = np.searchsorted(offsets, places, side="right") - 1
    inside = places + len(word) <= offsets[rows + 1]
    return (places, rows) if inside.all() else (places[inside], rows[inside])


def holding(texts: pa.Array, words: Sequence[bytes]) -> Mask | None:
    """The texts that hold the rarest of `words` (none of them empty), the only one maybe; None where there is nothing to be won by looking that way."""
    offsets, data = _layout(texts)
    if len(data) < WORTHWHILE or not words:
        return None
    sample = data[:SAMPLE]
    (count, at), word = min((_rarest_part(sample, word), word) for word in words)
    if count * len(data) * FREQUENT > len(texts) * len(sample):
        return None
    found = np.zeros(len(texts), np.bool_)
    found[_found(offsets, data, word, at)[1]] = True
    return found


def holding_in_order(texts: pa.Array, words: Sequence[bytes]) -> Mask:
    """The texts that hold all of `words` (none of them empty), one behind the other."""
    offsets, data = _layout(texts)
    least = offsets[:-1].copy()  # where the next word may begin
    held = np.ones(len(texts), np.bool_)
    for word in words:
        places, rows = _found(offsets, data, word, _rarest_part(data[:SAMPLE], word)[1])
        behind = places >= least[rows]
        places, rows = places[behind], rows[behind]
        first = np.ones(len(rows), np.bool_)
        np.not_equal(rows[1:], rows[:-1], out=first[1:])
        here = np.zeros(len(texts), np.bool_)
        here[rows] = True
        held &= here
        least[rows[first]] = places[first] + len(word)
    return held
