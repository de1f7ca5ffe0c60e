"""Sums of several columns of small whole numbers over the same groups: columns whose sums fit beside each other share the bits of one word."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auroraml.batch import FixedVector, NumericVector, Vector, stored
from auroraml.functions.aggregates.group_rows import known_counts, known_sums
from auroraml.functions.numerics import reach

ROOM = 63  # bits of a word that sums may take
FEWEST = 8_192  # rows from which putting columns together takes less than adding them up one by one
MOST = 6  # columns: so many sums are kept until they are asked for
Field = tuple[int, np.ndarray | None]  # the bits that a column's sums need at most, and its values; None: ones, which count


def sum_together(vectors: Sequence[Vector], codes: np.ndarray, groups: int) -> None:
    """Have sums of `vectors`, and the numbers of rows, ready for who asks for them, where some of them can be found in one go."""
    if groups < 2 or len(codes) < FEWEST:
        return
    fields = _fields(vectors, len(codes))
    counts: Field = (len(codes).bit_length(), None)
    for word in _words([*fields, counts]):
        if len(word) > 1:
            _sum_word(word, codes, groups)


def _fields(vectors: Sequence[Vector], n: int) -> list[Field]:
    """Columns of whole numbers that are not negative, each once."""
    found: dict[int, Field] = {}
    for vector in vectors:
        if not isinstance(vector, FixedVector | NumericVector) or vector.validity is not None or vector.n != n:
            continue
        if isinstance(vector, NumericVector) and vector.scale is None:
            continue
        values = stored(vector)
        if values.dtype.kind != "i" or id(values) in found or len(found) == MOST:
            continue
        low, high = reach(vector)
        if low >= 0:
            found[id(values)] = ((high * n).bit_length(), values)
    return list(found.values())


def _words(fields: Sequence[Field]) -> list[list[Field]]:
    """Fields that fit into a word together, the widest first."""
    words: list[tuple[int, list[Field]]] = []
    for field in sorted(fields, key=lambda field: -field[0]):
        if field[0] > ROOM:
            continue
        for place, (taken, word) in enumerate(words):
            if taken + field[0] <= ROOM:
                words[place] = taken + field[0], [*word, field]
                break
        else:
            words.append((field[0], [field]))
    return [word for _, word in words]


def _sum_word(word: Sequence[Field], codes: np.ndarray, groups: int) -> None:
    """Sum several columns at once, and keep the sums of each."""
    packed: np.ndarray | None = None
    for bits, values in word:
        if packed is None:
            packed = np.ones(len(codes), np.int64) if values is None else values.astype(np.int64)  # a copy
            continue
        packed <<= bits
        packed += 1 if values is None else values
    assert packed is not None
    sums = np.zeros(groups, np.int64)
    np.add.at(sums, codes, packed)
    for bits, values in reversed(word):
        found = sums & ((1 << bits) - 1)
        sums >>= bits
        if values is None:
            known_counts(codes, groups, found)
        else:
            known_sums(values, codes, groups)["sums"] = found
