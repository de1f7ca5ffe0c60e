"""row_number, rank, dense_rank, percent_rank, cume_dist, ntile, lag, lead, first_value, last_value, nth_value.

A window function takes its argument vectors, each row's partition number, the partitions' first rows, where peers begin, the number of
rows, and the frames.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auroraml.batch import FixedVector, Index, Vector, concat
from auroraml.errors import InvalidArgumentForNthValueFunction, InvalidArgumentForNtileFunction
from auroraml.functions.signature import window
from auroraml.records import dataclass


@dataclass(frozen=True, kw_only=True, eq=False)
class Frames:
    """Each row's frame: rows from low to before high, without those from gap to before beyond; with the row itself all the same, if it `stays`."""

    low: Index
    high: Index
    gap: tuple[Index, Index] | None = None
    stays: bool = False

    def rows(self, places: Index, *, backward: bool = False) -> Index:
        """The row at each frame's place, counted from 0 and from the end if `backward`; -1 where there is none."""
        low, high = self.low, self.high
        if self.gap is None:
            spans = [(low, high)]
        else:
            own = np.arange(len(low))
            there = (own >= low) & (own < high) & self.stays
            spans = [(low, np.minimum(high, self.gap[0])), (own, own + there), (np.maximum(low, self.gap[1]), high)]
        found, left = np.full(len(low), -1, np.int64), places.copy()
        for start, stop in reversed(spans) if backward else spans:
            size = np.maximum(stop - start, 0)
            here = (found < 0) & (left >= 0) & (left < size)
            found[here] = (stop - 1 - left if backward else start + left)[here]
            left = left - size
        return found


@window("row_number()")
def row_number(args: Sequence[Vector], part: Index, first: Index, peers: np.ndarray, n: int, frames: Frames) -> Vector:
    """1, 2, 3, ... in each partition."""
    return FixedVector(np.arange(n) - first[part] + 1)


@window("rank()")
def rank(args: Sequence[Vector], part: Index, first: Index, peers: np.ndarray, n: int, frames: Frames) -> Vector:
    """The row number of the first peer."""
    return FixedVector(np.flatnonzero(peers)[np.cumsum(peers) - 1] - first[part] + 1)


@window("dense_rank()")
def dense_rank(args: Sequence[Vector], part: Index, first: Index, peers: np.ndarray, n: int, frames: Frames) -> Vector:
    """The number of the peer group."""
    groups = np.cumsum(peers)
    return FixedVector(groups - groups[first][part] + 1)


def _moved(args: Sequence[Vector], part: Index, n: int, direction: int) -> Vector:
    amount, known = np.ones(n, np.int64), np.ones(n, np.bool_)
    if len(args) > 1:
        given = args[1].flat()
        assert isinstance(given, FixedVector)
        amount, known = given.values.astype(np.int64), given.valid
    place = np.arange(n) + direction * amount
    inside = (place >= 0) & (place < n)
    inside &= part[np.clip(place, 0, max(n - 1, 0))] == part
    moved = args[0].flat().take(np.where(inside & known, place, -1), True)
    if len(args) < 3 or inside.all():
        return moved
    both = concat([moved.flat(), args[2].flat()])
    return both.take(np.where(inside | ~known, np.arange(n), np.arange(n) + n))


@window("lag(anyelement)", "lag(anyelement,int4)", "lag(anycompatible,int4,anycompatible)")
def lag(args: Sequence[Vector], part: Index, first: Index, peers: np.ndarray, n: int, frames: Frames) -> Vector:
    """The value some rows before."""
    return _moved(args, part, n, -1)


@window("lead(anyelement)", "lead(anyelement,int4)", "lead(anycompatible,int4,anycompatible)")
def lead(args: Sequence[Vector], part: Index, first: Index, peers: np.ndarray, n: int, frames: Frames) -> Vector:
    """The value some rows after."""
    return _moved(args, part, n, 1)


@window("first_value(anyelement)")
def first_value(args: Sequence[Vector], part: Index, first: Index, peers: np.ndarray, n: int, frames: Frames) -> Vector:
    """The value at the frame's first row."""
    return args[0].flat().take(frames.rows(np.zeros(n, np.int64)), True)


@window("last_value(anyelement)")
def last_value(args: Sequence[Vector], part: Index, first: Index, peers: np.ndarray, n: int, frames: Frames) -> Vector:
    """The value at the frame's last row."""
    return args[0].flat().take(frames.rows(np.zeros(n, np.int64), backward=True), True)


def _sizes(part: Index, first: Index, n: int) -> Index:
    """How many rows each row's partition has."""
    return np.diff(np.append(first, n))[part]


@window("percent_rank()")
def percent_rank(args: Sequence[Vector], part: Index, first: Index, peers: np.ndarray, n: int, frames: Frames) -> Vector:
    """(rank - 1) / (rows - 1)."""
    ranks = rank(args, part, first, peers, n, frames)
    assert isinstance(ranks, FixedVector)
    return FixedVector((ranks.values - 1) / np.maximum(_sizes(part, first, n) - 1, 1))


@window("cume_dist()")
def cume_dist(args: Sequence[Vector], part: Index, first: Index, peers: np.ndarray, n: int, frames: Frames) -> Vector:
    """Rows up to the last peer / rows."""
    group = np.cumsum(peers) - 1
    ends = np.append(np.flatnonzero(peers)[1:], n)[group]
    return FixedVector((ends - first[part]) / _sizes(part, first, n))


@window("ntile(int4)")
def ntile(args: Sequence[Vector], part: Index, first: Index, peers: np.ndarray, n: int, frames: Frames) -> Vector:
    """The number of the bucket, buckets as equal as can be; the count comes from each partition's first row."""
    counts = args[0].flat()
    assert isinstance(counts, FixedVector)
    valid = counts.valid[first][part]
    buckets = np.where(valid, counts.values[first][part].astype(np.int64), 1)
    if (buckets <= 0).any():
        raise InvalidArgumentForNtileFunction("argument of ntile must be greater than zero")
    number, sizes = np.arange(n) - first[part], _sizes(part, first, n)
    small, larger = sizes // buckets, sizes % buckets
    edge = larger * (small + 1)
    found = np.where(number < edge, number // (small + 1), larger + (number - edge) // np.maximum(small, 1)) + 1
    return FixedVector(found.astype(np.int32), None if valid.all() else valid)


@window("nth_value(anyelement,int4)")
def nth_value(args: Sequence[Vector], part: Index, first: Index, peers: np.ndarray, n: int, frames: Frames) -> Vector:
    """The value at a row of the frame."""
    places = args[1].flat()
    assert isinstance(places, FixedVector)
    if ((places.values <= 0) & places.valid).any():
        raise InvalidArgumentForNthValueFunction("argument of nth_value must be greater than zero")
    return args[0].flat().take(frames.rows(np.where(places.valid, places.values.astype(np.int64) - 1, -1)), True)
