"""row_number, rank, dense_rank, lag, lead, first_value, last_value.

A window function takes its argument vectors, each row's partition number, the partitions' first rows, where peers begin, the number of
rows, and the frames (low, before high).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auroraml.batch import FixedVector, Index, Vector, concat
from auroraml.functions.signature import window

Frames = tuple[Index, Index]


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
    amount = np.ones(n, np.int64)
    if len(args) > 1:
        given = args[1].flat()
        assert isinstance(given, FixedVector)
        amount = given.values.astype(np.int64)
    place = np.arange(n) + direction * amount
    inside = (place >= 0) & (place < n)
    inside &= part[np.clip(place, 0, max(n - 1, 0))] == part
    moved = args[0].flat().take(np.where(inside, place, -1), True)
    if len(args) < 3 or inside.all():
        return moved
    both = concat([moved.flat(), args[2].flat()])
    return both.take(np.where(inside, np.arange(n), np.arange(n) + n))


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
    low, high = frames
    return args[0].flat().take(np.where(low < high, low, -1), True)


@window("last_value(anyelement)")
def last_value(args: Sequence[Vector], part: Index, first: Index, peers: np.ndarray, n: int, frames: Frames) -> Vector:
    """The value at the frame's last row."""
    low, high = frames
    return args[0].flat().take(np.where(low < high, high - 1, -1), True)
