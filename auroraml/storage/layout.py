"""Layout: how far the values of a tuple reach, each placed at its type's alignment unless its header is short (heap_compute_data_size)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auroraml.batch import Mask, Vector
from auroraml.storage.sizes import ALIGNMENTS, Sizes, stored_sizes
from auroraml.types.pg_type import PgType

SHORT = 127  # values up to this many bytes have a header of one byte and no alignment


def packable(type: PgType) -> bool:
    """Whether short values of a type have a header of one byte."""
    return type.length < 0 and type.storage != "p"


def nulls_of(vectors: Sequence[Vector], n: int) -> Mask | None:
    """Which of `n` rows have a NULL; None where none has."""
    known = [vector.validity for vector in vectors if vector.validity is not None]
    if not known:
        return None
    whole = known[0]
    for validity in known[1:]:
        whole = whole & validity
    return ~whole


def laid_out(header: int | Sizes, vectors: Sequence[Vector], types: Sequence[PgType], n: int) -> Sizes:
    """Where each of `n` rows ends whose values begin after `header` bytes; what is alike in all rows stays one number as long as it is."""
    size: int | Sizes = header
    for vector, type in zip(vectors, types, strict=True):
        if type.length > 0:
            end: int | Sizes = _aligned(size, type) + type.length
        else:
            stored = stored_sizes(vector, type)
            if not packable(type):
                end = _aligned(size, type) + stored
            elif int(stored.max(initial=0)) <= SHORT:
                end = size + stored
            else:
                end = np.where(stored <= SHORT, size, _aligned(size, type)) + stored
        size = end if vector.validity is None else np.where(vector.validity, end, size)
    return size if isinstance(size, np.ndarray) else np.full(n, size, np.int64)


def _aligned(size: int | Sizes, type: PgType) -> int | Sizes:
    mask = ALIGNMENTS[type.align] - 1
    return size + mask & ~mask if mask else size
