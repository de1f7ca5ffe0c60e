"""Row numbers: 0, 1, 2, ... as one shared vector, the places where a mask is true, and the stable order of numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from auroraml.batch.vector import Index, Mask

MOST = 1 << 22  # numbers that are kept
DIGIT = 16  # bits that numpy sorts by radix
# Words that it sorts many at a time, with the bits each has room for.
WORDS: tuple[tuple[type[np.integer], int], ...] = ((np.uint32, 32), (np.int64, 63))
SHORT, SPARSE = 8_192, 10  # longer masks of which fewer than one in so many is true are read eight at a time; numpy guesses wrong at each
OFTEN = 2  # so many times on average a number is repeated, for counting on to take less time than numpy's repeating

_kept: list[Index] = [np.arange(0)]


def numbers(n: int) -> Index:
    """0 to n - 1, read-only: callers share one array."""
    kept = _kept[0]
    if len(kept) < n:
        kept = np.arange(max(n, min(2 * n, MOST)))
        kept.flags.writeable = False
        if n > MOST:
            return kept
        _kept[0] = kept  # another thread may put a shorter one there: then it is made again
    return kept[:n]


def all_of(index: Index, n: int) -> bool:
    """Whether `index` came from `numbers(n)`; a look at the array, not at what is in it."""
    return index.base is _kept[0] and len(index) == n and (n == 0 or index[0] == 0) and index.strides == _kept[0].strides


def true_places(mask: Mask) -> Index:
    """Where a mask is true, ascending."""
    n = len(mask)
    if n < SHORT or np.count_nonzero(mask) * SPARSE >= n or not mask.flags.c_contiguous or mask.__array_interface__["data"][0] % 8:
        return mask.nonzero()[0]
    whole = n & -8
    eights = mask[:whole].view(np.uint64)
    some = (eights != 0).nonzero()[0]
    inside = eights.take(some, mode="clip").view(np.bool_).nonzero()[0]
    some *= 8
    places: Index = some.take(inside >> 3, mode="clip")
    inside &= 7
    places += inside
    rest = mask[whole:].nonzero()[0]
    return np.concatenate([places, rest + whole]) if len(rest) else places


def ascending(values: np.ndarray) -> bool:
    """Whether no value is below the one before."""
    return len(values) < 2 or bool((values[1:] >= values[:-1]).all())


def distinct(values: np.ndarray) -> int:
    """How many different ones there are among not many whole numbers."""
    ordered = np.sort(values)
    return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + min(len(values), 1)


def spread(counts: Index) -> Index:
    """Each number from 0 on as many times as `counts` says at its place."""
    n = len(counts)
    ends = counts.cumsum()
    total = int(ends[-1]) if n else 0
    if total < SHORT or total < OFTEN * n or int(counts.min()) < 1:
        return np.repeat(numbers(n), counts)
    spread = np.zeros(total, np.int64)
    spread[ends[:-1]] = 1
    return spread.cumsum(out=spread)


def stable_order(codes: npt.NDArray[np.integer], size: int) -> Index:
    """The stable order of numbers from 0 to before `size`."""
    if ascending(codes):
        return numbers(len(codes))
    return put_in_order(codes, size)[0]


def put_in_order(codes: npt.NDArray[np.integer], size: int, *, last_first: bool = False) -> tuple[Index, Index]:
    """The stable order of numbers from 0 to before `size`, and the numbers in it; `last_first`: of equal ones, the last one first.

    Where a number and its place fit one word, such words are sorted, as numpy does so many at a time; else, and where one digit does, by digits.
    """
    n = len(codes)
    bits = max(n - 1, 1).bit_length()
    word = next((word for word, room in WORDS if bits + (size - 1).bit_length() <= room), None)
    if word is None or (word is np.int64 and size <= 1 << DIGIT):
        order = _by_digits(codes[::-1] if last_first else codes, size)
        order = n - 1 - order if last_first else order
        return order, codes.take(order, mode="clip").astype(np.int64, copy=False)
    words: npt.NDArray[np.integer] = codes.astype(word)
    words <<= bits
    places = numbers(n).astype(word, copy=False)
    words |= places[::-1] if last_first else places
    words.sort()
    order = (words & ((1 << bits) - 1)).astype(np.int64, copy=False)
    if last_first:
        np.subtract(n - 1, order, out=order)
    words >>= bits
    return order, words.astype(np.int64, copy=False)


def _by_digits(codes: npt.NDArray[np.integer], size: int) -> Index:
    """The stable order, digit by digit, as numpy sorts 16 bits by radix."""
    order: Index | None = None
    shift = 0
    while order is None or (size - 1) >> shift:
        digits = (codes >> shift).astype(np.uint16)  # the low bits: numpy cuts off the others
        part = np.argsort(digits if order is None else digits.take(order, mode="clip"), kind="stable")
        order = part if order is None else order.take(part, mode="clip")
        shift += DIGIT
    return order
