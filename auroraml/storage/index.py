"""EqualityIndex: row versions by the values of some columns, extended as rows are appended."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.batch import ConstVector, Datum, FixedVector, NumericVector, Vector
from auroraml.types.pg_type import Interval, PgType, Range

Key = tuple[object, ...]


class EqualityIndex:
    """Rows (all versions, whoever sees them) by key; rows with a NULL in the key are left out."""

    def __init__(self) -> None:
        self.n = 0
        self.rows: dict[object, int | list[int]] = {}

    def extend(self, vectors: Sequence[Vector], types: Sequence[PgType], n: int) -> None:
        """Add the rows from where the index ends to before `n`."""
        if n > self.n:
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
        return [] if found is None else found if isinstance(found, list) else [found]


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
