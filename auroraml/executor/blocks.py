"""Blocks: the heap and index pages that PostgreSQL's scans would touch, all of them in memory (EXPLAIN's BUFFERS)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from auroraml.batch import Index
from auroraml.executor.index_keys import places_of
from auroraml.ir.objects import Index as TableIndex
from auroraml.ir.objects import Relation
from auroraml.records import dataclass
from auroraml.storage.table import Table

LEAF_ENTRIES, INNER_ENTRIES = 366, 285  # of an index that is computed, taken to be over integers


@dataclass(frozen=True, kw_only=True)
class Tree:
    """A B-tree: levels above the leaves, and the entries of a leaf."""

    height: int
    per_leaf: int


def heap_pages(table: Table, relation: Relation) -> int:
    """The pages of a table."""
    return table.heap_pages(len(relation.columns), relation.fillfactor)


def pages_of(table: Table, relation: Relation, rows: Index) -> Index:
    """The page of each row."""
    return table.heap.pages_of(rows) if len(rows) and heap_pages(table, relation) else np.zeros(0, np.int64)


def tuple_ids(table: Table, relation: Relation, rows: Index) -> tuple[Index, Index]:
    """The page of each row and its line there, from 1 on: together what ctid shows."""
    if len(rows) and heap_pages(table, relation):
        return table.heap.places_of(rows)
    return np.zeros(0, np.int64), np.zeros(0, np.int64)


def tree_of(table: Table, relation: Relation, index: TableIndex) -> Tree:
    """The shape of an index."""
    if index.predicate is None and not index.expressions:
        places = places_of(relation)
        keys = tuple(places[number] for number in index.columns)
        size = table.index_pages(index.oid, keys, tuple(places[number] for number in index.included), index.unique, index.directions)
        if size.height == 0:
            return Tree(height=0, per_leaf=max(table.n, 1))
        leaves = size.pages - 1 if size.height == 1 else size.pages - 1 - max(size.pages // INNER_ENTRIES, 1)
        leaves = max(leaves - 1, 1) if size.height == 1 else max(leaves, 1)  # the root is no leaf
        grown = table.leaf_rows(index.oid, keys)
        return Tree(height=size.height, per_leaf=grown or max(math.ceil(table.n / leaves), 1))
    leaves = max(math.ceil(table.n / LEAF_ENTRIES), 1)
    return Tree(height=0 if leaves == 1 else 1 + int(math.log(leaves, INNER_ENTRIES)), per_leaf=LEAF_ENTRIES)


def tree_blocks(tree: Tree, starts: Sequence[int] | Index | None, counts: Sequence[int] | Index) -> int:
    """Pages of some descents, each to `counts` entries from place `starts` on: down to a leaf, then from leaf to leaf."""
    many = np.maximum(np.asarray(counts, np.int64), 1)
    first = np.zeros(len(many), np.int64) if starts is None else np.asarray(starts, np.int64) % tree.per_leaf
    return int((tree.height + 1 + (first + many - 1) // tree.per_leaf).sum())


def heap_visits(pages: Index, owners: Index | None) -> int:
    """How often a scan turns to another page than the one it is on; each loop begins on none."""
    if not len(pages):
        return 0
    turns = pages[1:] != pages[:-1]
    if owners is not None:
        turns |= owners[1:] != owners[:-1]
    return 1 + int(np.count_nonzero(turns))
