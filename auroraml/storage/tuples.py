"""Minimal tuples: the bytes of a row in PostgreSQL's sorts, hash tables and caches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auroraml.batch import Vector
from auroraml.storage.layout import laid_out, nulls_of
from auroraml.storage.sizes import Sizes, aligned
from auroraml.types.pg_type import PgType

HEADER = 15  # of a minimal tuple, before its bitmap of NULLs


def minimal_sizes(vectors: Sequence[Vector], types: Sequence[PgType], n: int) -> Sizes:
    """The length of each of `n` rows as a minimal tuple (heap_form_minimal_tuple)."""
    nulls = nulls_of(vectors, n)
    plain = aligned(HEADER, 8)
    header = plain if nulls is None else np.where(nulls, aligned(HEADER + -(-len(types) // 8), 8), plain)
    return laid_out(header, vectors, types, n)
