"""Tree: the leaves of a B-tree that grew row by row, over several columns or repeated keys, which share row lists (nbtinsert.c, nbtdedup.c)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import numpy as np

from auroraml.batch import DictVector, FixedVector, NumericVector, RangeVector, TextVector, Vector
from auroraml.storage.btree import LEAF_ROOM, SIMULATED
from auroraml.storage.built import IndexPages
from auroraml.storage.heap import LINE_POINTER
from auroraml.storage.pages import tree_pages
from auroraml.storage.splitting import ROW_POINTER, FullLeaf, Key, best_split, kept_columns
from auroraml.types.bounds import range_order

ROW = 6  # bytes of a row's place in a list
LIST_LIMIT = 1352  # bytes of an entry with its list
LONG_LIST = 50
SINGLE_VALUE_LISTS = 5  # of the greatest size, before a smaller one that leaves room for a split
SINGLE_VALUE_SPARE = 0.04


class Leaf:
    """One leaf page: keys in order; for each the aligned size of its entry without a list, and the rows it stands for."""

    __slots__ = ("bases", "counts", "high", "high_key", "keys", "used")

    def __init__(self, keys: list[Key], bases: list[int], counts: list[int], high: int, high_key: Key | None) -> None:
        self.keys = keys
        self.bases = bases
        self.counts = counts
        self.high = high  # bytes of the high key with its line pointer; 0 on the last leaf
        self.high_key = high_key
        self.used = sum(map(entry, bases, counts))


def entry(base: int, count: int) -> int:
    """Bytes of an entry with its line pointer."""
    return (base if count == 1 else base + count * ROW + 7 & ~7) + LINE_POINTER


class Tree:
    """A B-tree's leaves. `shared`: whether equal keys share an entry when a leaf is full."""

    def __init__(self, columns: int, shared: bool) -> None:
        self.columns = columns
        self.shared = shared
        self.rows = 0  # entries; the rows of the table looked at are `seen`
        self.seen = 0
        self.leaves = [Leaf([], [], [], 0, None)]
        self.lows: list[Any] = [()]  # the least key of each leaf: the separator before it
        self.pivots: list[int] = [8]  # bytes of that separator
        self.widths: dict[int, Sequence[int]] = {}  # by row: aligned sizes of an entry over the first column, the first two, and so on
        self.rising = True

    def wanted(self, n: int) -> int:
        """How many of `n` further entries are inserted one by one."""
        return min(max(SIMULATED - self.rows, 0), n) if self.whole else 0

    def add(self, values: Sequence[Sequence[Any]], sizes: Sequence[Sequence[int]], rows: Sequence[int], n: int) -> None:
        """Insert `n` entries, the first ones, which are `wanted`, for `rows` in this order.

        They are given column by column: values that compare, and the size of an entry over the columns so far.
        """
        self.rows += n
        self.widths.update(zip(rows, zip(*sizes, strict=True), strict=True))
        for key in zip(*values, rows, strict=True):  # a key's place depends on earlier splits
            self._insert(key, self.widths[key[-1]][-1])

    def _insert(self, key: Key, base: int) -> None:
        place = bisect_right(self.lows, key) - 1
        leaf = self.leaves[place]
        size = base + LINE_POINTER
        if leaf.used + leaf.high + size > LEAF_ROOM and self.shared:
            self._share(leaf, key, size)
        at = bisect_right(leaf.keys, key)
        self.rising = self.rising and leaf.high_key is None and at == len(leaf.keys)
        if leaf.used + leaf.high + size > LEAF_ROOM:
            self._split(place, leaf, at, key, base)
            return
        leaf.keys.insert(at, key)
        leaf.bases.insert(at, base)
        leaf.counts.insert(at, 1)
        leaf.used += size

    @property
    def whole(self) -> bool:
        """Whether every row was inserted here."""
        return self.rows == len(self.widths)

    @property
    def size(self) -> IndexPages:
        """The pages by now; beyond what is simulated leaves are as full as before."""
        leaves = len(self.leaves) if self.whole else round(len(self.leaves) * self.rows / max(len(self.widths), 1))
        pivot = sum(self.pivots) / len(self.pivots) + LINE_POINTER
        root = int(LEAF_ROOM // pivot)
        return tree_pages(leaves, max(root * (7 if self.rising else 5) // 10, 2), root)

    def _share(self, leaf: Leaf, key: Key, size: int) -> None:
        """Merge the lists of equal keys."""
        single = all(kept_columns(edge, key, self.columns) > self.columns for edge in (leaf.keys[0], leaf.keys[-1]))
        limit, full = LIST_LIMIT, 0
        keys, bases, counts = [leaf.keys[0]], [leaf.bases[0]], [leaf.counts[0]]
        merging = True
        for i in range(1, len(leaf.keys)):
            equal = merging and kept_columns(keys[-1], leaf.keys[i], self.columns) > self.columns
            count = counts[-1] + leaf.counts[i]
            if equal and bases[-1] + count * ROW + 7 & ~7 <= limit:
                counts[-1] = count
                continue
            if equal and counts[-1] > LONG_LIST:
                full += 1
            if single and full == SINGLE_VALUE_LISTS:
                limit = max(limit - int((LEAF_ROOM - size - ROW_POINTER) * SINGLE_VALUE_SPARE), 0)
            elif single and full > SINGLE_VALUE_LISTS:
                merging = single = False
            keys.append(leaf.keys[i])
            bases.append(leaf.bases[i])
            counts.append(leaf.counts[i])
        leaf.keys, leaf.bases, leaf.counts = keys, bases, counts
        leaf.used = sum(map(entry, bases, counts))

    def _split(self, place: int, leaf: Leaf, at: int, key: Key, base: int) -> None:
        sizes = list(map(entry, leaf.bases, leaf.counts))
        lists = [size - LINE_POINTER - kept for size, kept in zip(sizes, leaf.bases, strict=True)]
        split = best_split(
            FullLeaf(
                keys=leaf.keys, sizes=sizes, lists=lists, place=at, key=key, size=base + LINE_POINTER, high=leaf.high, high_key=leaf.high_key,
                columns=self.columns,
            )
        )  # fmt: skip
        cut = split.first + (1 if split.left else 0)
        keys, bases, counts = ([*old[:at], new, *old[at:]] for old, new in ((leaf.keys, key), (leaf.bases, base), (leaf.counts, 1)))
        kept = kept_columns(keys[cut - 1], keys[cut], self.columns)
        separator = keys[cut] if kept > self.columns else keys[cut][:kept]
        pivot = bases[cut] + ROW_POINTER if kept > self.columns else self.widths[keys[cut][-1]][kept - 1]
        right = Leaf(keys[cut:], bases[cut:], counts[cut:], leaf.high, leaf.high_key)
        left = Leaf(keys[:cut], bases[:cut], counts[:cut], pivot + LINE_POINTER, separator)
        self.leaves[place : place + 1] = [left, right]
        self.lows.insert(place + 1, separator)
        self.pivots.insert(place + 1, pivot)


class _Edge:
    """Less than every value, or greater than every one: the place of NULL."""

    def __init__(self, least: bool) -> None:
        self.least = least

    def __lt__(self, other: object) -> bool:
        return self.least and other is not self

    def __gt__(self, other: object) -> bool:
        return not self.least and other is not self


LEAST, GREATEST = _Edge(True), _Edge(False)


class _Backwards:
    """A value of a descending column."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Backwards) and bool(self.value == other.value)

    def __hash__(self) -> int:
        return hash(self.value)

    def __lt__(self, other: object) -> bool:
        return bool(other.value < self.value) if isinstance(other, _Backwards) else other is GREATEST


def compares(vector: Vector) -> bool:
    """Whether a column's values have the index's order here."""
    if isinstance(vector, FixedVector):
        return vector.values.dtype.names is None and not (vector.values.dtype.kind == "f" and bool(np.isnan(vector.values).any()))
    return isinstance(vector, TextVector | NumericVector | DictVector | RangeVector)


def comparable(vector: Vector, descending: bool, nulls_first: bool) -> list[Any]:
    """The values of a column that `compares` as ones that compare in the index's order."""
    flat = vector.flat()
    found: list[Any]
    if isinstance(flat, FixedVector):
        numbers = flat.values.astype(np.int64) if flat.values.dtype.kind == "b" else flat.values
        found = (-numbers if descending else numbers).tolist()
    elif isinstance(flat, TextVector):
        found = [value.encode() if isinstance(value, str) else value for value in flat.values.to_pylist()]
    elif isinstance(flat, RangeVector):
        found = range_order(flat)
    else:
        found = list(flat.datums())
    if descending and not isinstance(flat, FixedVector):
        found = [_Backwards(value) for value in found]
    if flat.validity is not None:
        null = LEAST if nulls_first else GREATEST
        found = [value if known else null for value, known in zip(found, flat.validity.tolist(), strict=True)]
    return found
