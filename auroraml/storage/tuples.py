"""Minimal tuples: the bytes of a row in PostgreSQL's sorts, hash tables and caches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auroraml.batch import Vector
from auroraml.storage.sizes import ALIGNMENTS, Sizes, aligned, stored_sizes
from auroraml.types.pg_type import PgType

HEADER = 15  # of a minimal tuple, before its bitmap of NULLs


def minimal_sizes(vectors: Sequence[Vector], types: Sequence[PgType], n: int) -> Sizes:
    """The length of each of `n` rows as a minimal tuple (heap_form_minimal_tuple)."""
    nulls = np.zeros(n, np.bool_)
    for vector in vectors:
        if vector.validity is not None:
            nulls |= ~vector.validity
    size = np.where(nulls, aligned(HEADER + -(-len(types) // 8), 8), aligned(HEADER, 8)).astype(np.int64)
    for vector, type in zip(vectors, types, strict=True):
        stored = stored_sizes(vector, type)
        mask = ALIGNMENTS[type.align] - 1
        placed = (size + mask) & ~mask
        if type.length < 0 and type.storage != "p":
            placed = np.where(stored <= 127, size, placed)
        size = np.where(vector.valid, placed + stored, size)
    return size
