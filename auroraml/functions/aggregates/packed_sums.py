"""Sums of several columns of whole numbers over the same groups: columns whose sums fit beside each other share the bits of one word.

Words of many rows are added up by Arrow, which lets other threads run meanwhile: numpy's adding by code does not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from auroraml.batch import FixedVector, NumericVector, Vector, stored
from auroraml.functions.aggregates.group_rows import known_counts, known_sums
from auroraml.functions.numerics import reach

ROOM = 63  # bits of a word that sums may take
FEWEST = 8_192  # rows from which putting columns together takes less than adding them up one by one
AT_ONCE = 65_536  # rows from which Arrow's table of groups is worth making
FEW = 4_096  # groups up to which it stays in the cache
MOST = 6  # columns: so many sums are kept until they are asked for
Field = tuple[int, np.ndarray | None]  # the bits that a column's sums need at most, and its values; None: ones, which count


def sum_together(vectors: Sequence[Vector], codes: np.ndarray, groups: int) -> None:
    """Have sums of `vectors`, and the numbers of rows, ready for who asks for them, where some of them can be found in one go."""
    if groups < 2 or len(codes) < FEWEST:
        return
    fields = _fields(vectors, len(codes))
    counts: Field = (len(codes).bit_length(), None)
    words = _words([*fields, counts])
    together = len(codes) >= AT_ONCE and groups <= FEW
    words = [word for word in words if together or len(word) > 1]
    for word, sums in zip(words, _added([_packed(word, len(codes)) for word in words], codes, groups, together), strict=True):
        _keep(word, sums, codes, groups)


def _fields(vectors: Sequence[Vector], n: int) -> list[Field]:
    """Columns of whole numbers, each once; one with negative numbers wants a word for itself."""
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
        bits = (max(high, -low) * n).bit_length()
        found[id(values)] = (max(bits, ROOM) if low < 0 else bits, values)
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


def _packed(word: Sequence[Field], n: int) -> np.ndarray:
    """The columns of a word beside each other, the first one in the highest bits."""
    if len(word) == 1 and (alone := word[0][1]) is not None:
        return alone
    packed: np.ndarray | None = None
    for bits, values in word:
        if packed is None:
            packed = np.ones(n, np.int64) if values is None else values.astype(np.int64)  # a copy
            continue
        packed <<= bits
        packed += 1 if values is None else values
    assert packed is not None
    return packed


def _added(words: Sequence[np.ndarray], codes: np.ndarray, groups: int, together: bool) -> list[np.ndarray]:
    """The sums of each word's values by group."""
    found = [np.zeros(groups, np.int64) for _ in words]
    if not together:
        for sums, word in zip(found, words, strict=True):
            np.add.at(sums, codes, word)
        return found
    names = [str(place) for place in range(len(words))]
    table = pa.table([pa.array(codes), *map(pa.array, words)], ["codes", *names])
    made = pa.TableGroupBy(table, ["codes"], use_threads=False).aggregate([(name, "sum") for name in names])
    places = made["codes"].to_numpy()
    for sums, name in zip(found, names, strict=True):
        sums[places] = made[f"{name}_sum"].to_numpy()
    return found


def _keep(word: Sequence[Field], sums: np.ndarray, codes: np.ndarray, groups: int) -> None:
    """Keep the sums of each column of a word."""
    for bits, values in reversed(word):
        found = sums if len(word) == 1 else sums & ((1 << bits) - 1)
        sums = sums >> bits
        if values is None:
            known_counts(codes, groups, found)
        else:
            known_sums(values, codes, groups)["sums"] = found
