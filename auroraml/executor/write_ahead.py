"""The write-ahead log that changes would make: records and bytes, by the layout of heapam's and nbtree's records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auroraml.batch import Vector
from auroraml.storage.sizes import Sizes, aligned, stored_sizes
from auroraml.storage.tuples import minimal_sizes
from auroraml.types.pg_type import PgType

RECORD, BLOCK, SAME_RELATION, MAIN = 24, 20, 8, 2  # headers: of a record, of its first block, of a second one, of its main part
INSERTED, DELETED, UPDATED, INDEXED = 3, 8, 14, 2  # main parts
KEPT_HEADER = 5 - 23  # of a tuple: a short header in place of its own
HEAP_HEADER = 8  # that a tuple has more than a minimal one
LEAST_SHARED = 3  # bytes at an end of both versions that are worth leaving out
INDEX_TUPLE = 8
CHANGE = RECORD + BLOCK + MAIN + DELETED  # of a row deleted or locked


def tuple_lengths(vectors: Sequence[Vector], types: Sequence[PgType], n: int) -> Sizes:
    """The lengths of rows as heap tuples."""
    return minimal_sizes(vectors, types, n) + HEAP_HEADER


def inserted(lengths: Sizes) -> int:
    """Bytes of the records that put rows on heap pages."""
    return int((RECORD + BLOCK + MAIN + INSERTED + KEPT_HEADER + lengths).sum())


def indexed(keys: Sequence[Vector], types: Sequence[PgType], n: int) -> int:
    """Bytes of the records that put entries into an index."""
    header = minimal_sizes([], [], n) * 0 + INDEX_TUPLE
    nulls = np.zeros(n, np.bool_)
    for vector in keys:
        nulls |= ~vector.valid
    header = np.where(nulls, 2 * INDEX_TUPLE, header)
    sizes = header + (minimal_sizes(keys, types, n) - np.where(nulls, aligned(15 + 1, 8), 16))
    return int((RECORD + BLOCK + MAIN + INDEXED + (sizes + 7 & ~7)).sum())


def updated(old: Sequence[Vector], new: Sequence[Vector], types: Sequence[PgType], lengths: Sizes, moved: np.ndarray) -> int:
    """Bytes of the records that replace rows; on the same page what both versions begin and end with is left out, column by column."""
    n = len(lengths)
    sizes = RECORD + BLOCK + MAIN + UPDATED + KEPT_HEADER + lengths + np.where(moved, SAME_RELATION, 0)
    same = [np.array([a == b for a, b in zip(x.datums(), y.datums(), strict=True)], np.bool_) for x, y in zip(old, new, strict=True)]
    widths = [stored_sizes(vector, type) for vector, type in zip(new, types, strict=True)]
    for columns in (range(len(same)), range(len(same) - 1, -1, -1)):  # from the front, from the back
        shared, going = np.zeros(n, np.int64), ~moved
        for column in columns:
            going = going & same[column]
            shared += np.where(going, widths[column], 0)
        sizes -= np.where(shared >= LEAST_SHARED, shared - 2, 0)
    return int(sizes.sum())
