"""EqualityIndex: row versions by the values of some columns, extended as rows are appended."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from auroraml.batch import ConstVector, Datum, FixedVector, Index, NumericVector, Vector, stored
from auroraml.types.pg_type import Interval, PgType, Range

MANY = 4_096  # rows that come at once from which they are sorted


class SortedKeys:
    """Whole numbers without NULLs, in ascending order with the row of each; half the time of a dictionary to find one, no time to make."""

    def __init__(self, keys: np.ndarray) -> None:
        self.order: Index | None = None  # None: as they are stored
        if not bool((keys[1:] >= keys[:-1]).all()):
            self.order = np.argsort(keys, kind="stable")
            keys = keys[self.order]
        self.keys = keys
        self.low, self.high = int(keys[0]), int(keys[-1])

    def find(self, key: object) -> list[int]:
        """The rows with this key, in ascending order."""
        if not isinstance(key, int) or not self.low <= key <= self.high:
            return []
        keys, wanted = self.keys, self.keys.dtype.type(key)
        start = int(keys.searchsorted(wanted))
        if keys[start] != wanted:
            return []
        stop = start + 1
        if stop < len(keys) and keys[stop] == wanted:
            stop = int(keys.searchsorted(wanted, "right"))
        return list(range(start, stop)) if self.order is None else self.order[start:stop].tolist()


def searchable(vectors: Sequence[Vector]) -> bool:
    """Whether keys of these columns can be searched for without a dictionary of them all."""
    return len(vectors) == 1 and isinstance(vectors[0], FixedVector) and stored(vectors[0]).dtype.kind in "iu" and vectors[0].validity is None


class EqualityIndex:
    """Rows (all versions, whoever sees them) by key; rows with a NULL in the key are left out."""

    def __init__(self) -> None:
        self.n = 0
        self.sorted: SortedKeys | None = None  # of the first rows, where many came at once
        self.rows: dict[object, int | list[int]] = {}  # of the rest

    def extend(self, vectors: Sequence[Vector], types: Sequence[PgType], n: int) -> None:
        """Add the rows from where the index ends to before `n`."""
        if n - self.n >= max(MANY, self.n) and searchable(vectors):
            self.sorted, self.rows, self.n = SortedKeys(stored(vectors[0])[:n]), {}, n  # type: ignore[arg-type] # a FixedVector
        elif n > self.n:
            self.add(self.n, keys_of([vector.slice(self.n, n) for vector in vectors], types))

    def add(self, start: int, keys: Sequence[object | None]) -> None:
        """Add rows from `start` on by their keys, if that is where the index ends."""
        if start != self.n:
            return
        rows = self.rows
        # A dictionary is filled key by key; each row version passes here once in its life.
        for row, key in enumerate(keys, start):
            if key is None:
                continue
            found = rows.setdefault(key, row)
            if found != row:
                if isinstance(found, list):
                    found.append(row)
                else:
                    rows[key] = [found, row]
        self.n = start + len(keys)

    def find(self, key: object) -> list[int]:
        """The rows with this key."""
        found = self.rows.get(key)
        here = [] if found is None else found if isinstance(found, list) else [found]
        return here if self.sorted is None else self.sorted.find(key) + here

    def forget(self, key: object, gone: Callable[[int], bool]) -> list[int]:
        """The rows with this key without those that are gone, which are not found any more."""
        found = self.rows.get(key)
        if isinstance(found, list):
            self.rows[key] = [row for row in found if not gone(row)]
        return self.find(key)


def keys_of(vectors: Sequence[Vector], types: Sequence[PgType]) -> list[object | None]:
    """Each row's key as hashable values that are equal where SQL's are; None where a part is NULL."""
    columns = [_column(vector, type) for vector, type in zip(vectors, types, strict=True)]
    if len(columns) == 1:
        return columns[0]
    return [None if None in row else row for row in zip(*columns, strict=True)]


def _column(vector: Vector, type: PgType) -> list[object | None]:
    if isinstance(vector, ConstVector):
        return [comparable(vector.one.datum(0), type)] * vector.n
    plain = isinstance(vector, FixedVector) and vector.values.dtype.kind in "iub"
    whole = isinstance(vector, NumericVector) and vector.scale == 0
    if (plain or whole) and vector.validity is None:
        return vector.values.tolist()  # type: ignore[attr-defined, no-any-return] # a FixedVector or NumericVector
    return [comparable(value, type) for value in vector.datums()]


def comparable(value: Datum | None, type: PgType) -> object | None:
    """A hashable value equal to another's exactly where SQL calls the two equal."""
    if value is None:
        return None
    if isinstance(value, str):
        return value.rstrip(" ") if type.name == "bpchar" else value
    if value != value:
        return "NaN"  # SQL's NaN equals itself
    if isinstance(value, Interval):
        return (value.months * 30 + value.days) * 86_400_000_000 + value.micros
    if isinstance(value, Range):
        return tuple("NaN" if part != part else part for part in value)
    return value
