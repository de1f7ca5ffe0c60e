"""Digits of whole and decimal numbers written as columns of bytes, a block of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auroraml.batch import limbs
from auroraml.batch.limbs import BASE, DIGITS, Limbs
from auroraml.batch.wide import Scales

Bytes = npt.NDArray[np.uint8]
BLOCK = 16_384  # rows written at once: what they need stays in the cache
ZERO, POINT, MINUS = (np.uint8(ord(character)) for character in "0.-")


@cache
def four() -> npt.NDArray[np.uint32]:
    """The four bytes of each number below 10,000."""
    return np.frombuffer("".join([f"{number:04d}" for number in range(10_000)]).encode(), np.uint32)


def written(numbers: Limbs, most: int, scales: int | Scales) -> pa.Array:
    """Whole numbers at the scale `most` as decimals, each with as many of them as its scale says."""
    n = len(numbers[0])
    parts, lengths = [], np.empty(n, np.int64)
    for start, some in _blocks(numbers, n):
        stop = start + len(some[0])
        data, lengths[start:stop] = _block(some, most, scales if isinstance(scales, int) else scales[start:stop])
        parts.append(data)
    offsets = np.zeros(n + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return pa.Array.from_buffers(pa.large_string(), n, [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(parts))])


def written_whole(values: np.ndarray, scale: int = 0) -> pa.Array:
    """The same for whole numbers of any width."""
    return written((values.astype(np.int64, copy=False),), scale, scale)


def _blocks(numbers: Limbs, n: int) -> Iterator[tuple[int, Limbs]]:
    for start in range(0, n, BLOCK):
        yield start, tuple(limb[start : start + BLOCK] for limb in numbers)


def _block(numbers: Limbs, most: int, scales: int | Scales) -> tuple[bytes, npt.NDArray[np.int64]]:
    """The bytes of a block's texts one after another, and the length of each."""
    sizes, negative = limbs.magnitudes(limbs.carried(numbers))
    n, places = len(negative), max(DIGITS * len(sizes), most + 1)
    before = places - most  # digits before the point
    made = np.empty((n, 1 + places + (most > 0)), np.uint8)
    made[:, : 1 + places - DIGITS * len(sizes)] = ZERO
    for number, limb in enumerate(reversed(sizes)):
        _put(made, _nine(limb), places - DIGITS * (len(sizes) - number), before)
    if most:
        if places > DIGITS * len(sizes):
            made[:, 1 + before : 2 + places - DIGITS * len(sizes)] = ZERO
        made[:, 1 + before] = POINT
    starts = 1 + places - np.maximum(digit_counts(sizes), most + 1)
    if negative.any():
        rows = np.flatnonzero(negative)
        starts[rows] -= 1
        made[rows, starts[rows]] = MINUS
    width = made.shape[1]
    if isinstance(scales, int):
        lengths = width - starts
        if n and int(starts.min()) == int(starts.max()):
            return made[:, int(starts[0]) :].tobytes(), lengths
        return made[np.arange(width) >= starts[:, None]].tobytes(), lengths
    ends = width - (most - scales.astype(np.int64)) - ((scales == 0) & (most > 0))
    columns = np.arange(width)
    return made[(columns >= starts[:, None]) & (columns < ends[:, None])].tobytes(), ends - starts


def _put(made: Bytes, digits: Bytes, place: int, before: int) -> None:
    """Nine digits from a place on, around the point."""
    left = min(max(before - place, 0), DIGITS)
    if left:
        made[:, 1 + place : 1 + place + left] = digits[:, :left]
    if left < DIGITS:
        made[:, 2 + place + left : 2 + place + DIGITS] = digits[:, left:]


def digit_columns(sizes: Limbs) -> Bytes:
    """The digits of magnitudes, nine to a limb, zeros in front."""
    return np.concatenate([_nine(limb) for limb in reversed(sizes)], axis=1)


def _nine(limb: limbs.Limb) -> Bytes:
    """The nine digits of each number below 10^9."""
    small = limb.astype(np.uint32)
    digits = np.empty((len(limb), DIGITS), np.uint8)
    high = small // np.uint32(10_000)
    first = high // np.uint32(10_000)
    digits[:, 0] = first
    digits[:, 0] += ZERO
    pairs = np.empty((len(limb), 2), np.uint32)
    pairs[:, 0] = four().take(high - first * np.uint32(10_000))
    pairs[:, 1] = four().take(small - high * np.uint32(10_000))
    digits[:, 1:] = pairs.view(np.uint8)
    return digits


def digit_counts(sizes: Limbs) -> npt.NDArray[np.int64]:
    """How many digits magnitudes have, at least one."""
    if len(sizes) > 1:
        return np.maximum(limbs.lengths(sizes), 1)
    found = np.ones(len(sizes[0]), np.int64)
    most = int(sizes[0].max(initial=0))
    unit = 10
    while unit <= min(most, BASE):
        found += sizes[0] >= unit
        unit *= 10
    return found
