"""What PostgreSQL's memory contexts take for one piece of memory (aset.c, generation.c)."""

from __future__ import annotations

import numpy as np

from auroraml.storage.sizes import Sizes

CHUNK_HEADER, GENERATION_HEADER = 16, 24
LARGEST = 8_192  # bytes up to which pieces are rounded up to a power of two


def set_chunks(sizes: Sizes) -> Sizes:
    """Pieces of an allocation set: a power of two from 8 bytes on, larger ones as they are, and a header."""
    powers = 1 << np.ceil(np.log2(np.maximum(sizes, 8))).astype(np.int64)
    return np.where(sizes <= LARGEST, powers, sizes + 7 & ~7) + CHUNK_HEADER


def generation_chunks(sizes: Sizes) -> Sizes:
    """Pieces of a generation context: multiples of eight bytes, and a larger header."""
    return (sizes + 7 & ~7) + GENERATION_HEADER
