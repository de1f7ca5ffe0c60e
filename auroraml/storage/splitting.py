"""Where a full B-tree leaf is split: the split points weighed by free space and by how short their separator is (nbtsplitloc.c)."""

from __future__ import annotations

from typing import Any

from auroraml.records import dataclass
from auroraml.storage.btree import LEAF_ROOM

Key = tuple[Any, ...]  # the values of the key columns, then the row
ROW_POINTER = 8  # aligned: what a separator takes more when it must name a row
LEAF_FILL, SINGLE_VALUE_FILL = 0.9, 0.96
TOLERANCE = 0.05
NARROW = 28  # bytes of an entry over two int8: wider ones are not taken for counters within a group
NEAR = 9


@dataclass(frozen=True, kw_only=True)
class Split:
    """A split before the old entry `first`; whether the new entry goes left; the free bytes either side is left with."""

    first: int
    left: bool
    left_free: int
    right_free: int


@dataclass(frozen=True, kw_only=True)
class FullLeaf:
    """A leaf that has no room for a new entry: its entries with their sizes and how much of each is row lists, and where the new one goes."""

    keys: list[Key]
    sizes: list[int]
    lists: list[int]
    place: int
    key: Key
    size: int
    high: int  # bytes of the high key, 0 on the rightmost leaf
    high_key: Key | None
    columns: int

    @property
    def rightmost(self) -> bool:
        """Whether no leaf follows."""
        return self.high_key is None

    def last_left(self, split: Split) -> Key:
        """The last key of the left half."""
        return self.key if split.left and split.first == self.place else self.keys[split.first - 1]

    def first_right(self, split: Split) -> Key:
        """The first key of the right half."""
        return self.key if not split.left and split.first == self.place else self.keys[split.first]


def kept_columns(before: Key, after: Key, columns: int) -> int:
    """How many key columns a separator needs; one more than there are when it must name a row."""
    for i in range(columns):
        if before[i] != after[i]:
            return i + 1
    return columns + 1


def best_split(leaf: FullLeaf) -> Split:
    """The split PostgreSQL makes."""
    splits = _candidates(leaf)
    edges = splits[0], splits[-1]
    fill: float | None = None
    if leaf.rightmost:
        fill = LEAF_FILL
    elif (localized := _after_new_entry(leaf)) is not None:
        if localized:
            fill = LEAF_FILL
        else:
            exact = next((s for s in splits if s.left and s.first == leaf.place), None)
            if exact is not None:
                return exact
    splits = _ranked(splits, fill)
    near = _near(splits, sum(leaf.sizes) * TOLERANCE)
    chosen = splits[:near]
    penalty = _edge_penalty(leaf, min(chosen, key=_place), max(chosen, key=_place))
    if penalty <= leaf.columns:
        return _shortest(leaf, chosen, penalty)
    if _edge_penalty(leaf, *edges) <= leaf.columns:  # many duplicates: anywhere between two keys
        found = _shortest(leaf, splits, leaf.columns)
        if leaf.rightmost or found.left or found.first < leaf.place or found.first >= leaf.place + NEAR:
            return found
        return splits[0]
    if leaf.high_key is None or kept_columns(leaf.high_key, leaf.key, min(leaf.columns, len(leaf.high_key))) <= leaf.columns:
        return _ranked(splits, SINGLE_VALUE_FILL)[0]
    return splits[0]


def _place(split: Split) -> tuple[int, bool]:
    return split.first, split.left


def _edge_penalty(leaf: FullLeaf, leftmost: Split, rightmost: Split) -> int:
    return kept_columns(leaf.last_left(leftmost), leaf.first_right(rightmost), leaf.columns)


def _candidates(leaf: FullLeaf) -> list[Split]:
    total = sum(leaf.sizes)
    found = []
    before = 0

    def consider(first: int, left: bool, first_size: int, saved: int) -> None:
        left_free = LEAF_ROOM - before - first_size - ROW_POINTER + saved - (leaf.size if left else 0)
        right_free = LEAF_ROOM - leaf.high - (total - before) - (0 if left else leaf.size)
        if left_free >= 0 and right_free >= 0:
            found.append(Split(first=first, left=left, left_free=left_free, right_free=right_free))

    for i, size in enumerate(leaf.sizes):
        saved = leaf.lists[i] if size > 64 else 0
        if i == leaf.place:
            if i:
                consider(i, False, leaf.size, 0)
            consider(i, True, size, saved)
        elif i:
            consider(i, i > leaf.place, size, saved)
        before += size
    if leaf.place == len(leaf.sizes):
        consider(leaf.place, False, leaf.size, 0)
    return found


def _ranked(splits: list[Split], fill: float | None) -> list[Split]:
    """Best free space first."""
    if fill is None:
        return sorted(splits, key=lambda s: abs(s.left_free - s.right_free))
    return sorted(splits, key=lambda s: int(abs(fill * s.left_free - (1.0 - fill) * s.right_free)))


def _near(splits: list[Split], tolerance: float) -> int:
    best = splits[0]
    for i, split in enumerate(splits):
        if abs(split.left_free - best.left_free) > tolerance or abs(split.right_free - best.right_free) > tolerance:
            return i
    return len(splits)


def _shortest(leaf: FullLeaf, splits: list[Split], enough: int) -> Split:
    """The first split whose separator needs the fewest columns."""
    best, least = splits[0], leaf.columns + 2
    for split in splits:
        penalty = kept_columns(leaf.last_left(split), leaf.first_right(split), leaf.columns)
        if penalty < least:
            best, least = split, penalty
        if least <= enough:
            break
    return best


def _after_new_entry(leaf: FullLeaf) -> bool | None:
    """Whether keys seem to rise within a group: None if not; else whether the leaf is to be filled, or split right after the new entry."""
    if leaf.columns == 1 or leaf.place == 0 or leaf.size > NARROW:
        return None
    if any(size != leaf.size for size in leaf.sizes):
        return None
    before = leaf.keys[leaf.place - 1]
    if not 1 < kept_columns(before, leaf.key, leaf.columns) <= leaf.columns:
        return None
    if leaf.place == len(leaf.keys):
        return True
    if before[-1] != leaf.key[-1] - 1:
        return None
    return (leaf.place + 2) / (len(leaf.keys) + 2) > LEAF_FILL
