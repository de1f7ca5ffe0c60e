"""Embeddings: signed hashing of a text's byte 3- to 5-grams: alike for texts with the same letters, blind to synonyms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

NAME = "auroraml hashed n-grams"  # every answer says so: nobody should take it for Titan
GRAMS = (3, 4, 5)
_FACTORS = {n: np.array([0x9E3779B97F4A7C15**k % 2**64 for k in range(1, n + 1)], np.uint64) for n in GRAMS}
Numbers = npt.NDArray[np.float64]


def embed(text: str, width: int, *, normalize: bool = True) -> Numbers:
    """The text's embedding: letters folded, white space squeezed, each n-gram added to or taken from one of `width` numbers."""
    data = np.frombuffer(f" {' '.join(text.casefold().split())} ".encode(), np.uint8).astype(np.uint64)
    found = np.zeros(width)
    for n in GRAMS:
        if len(data) < n:
            continue
        hashes = _mixed((np.lib.stride_tricks.sliding_window_view(data, n) * _FACTORS[n]).sum(axis=1, dtype=np.uint64))
        signs = np.where(hashes >> np.uint64(63), 1.0, -1.0)
        found += np.bincount((hashes % np.uint64(width)).astype(np.int64), signs, width)
    length = float(np.sqrt((found * found).sum()))
    return found / length if normalize and length else found


def _mixed(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The hashes with every bit depending on every other (splitmix64's finish)."""
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return hashes ^ (hashes >> np.uint64(31))
