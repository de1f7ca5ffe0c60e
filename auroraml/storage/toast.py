"""TOAST: which values of wide rows are compressed or moved out, and how many bytes they take then (heaptoast.c)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auroraml.batch import Vector
from auroraml.records import dataclass
from auroraml.storage.compression import compressed_size
from auroraml.storage.layout import SHORT, laid_out, nulls_of, packable
from auroraml.storage.sizes import ALIGNMENTS, Sizes, aligned, stored_sizes
from auroraml.storage.stored import stored_bytes
from auroraml.types.pg_type import PgType

TUPLE_HEADER = 23
THRESHOLD = 2032  # bytes of a tuple beyond which values are compressed or moved out
MAIN_THRESHOLD = 8160  # the same for values of storage main
POINTER = 18  # what a value leaves behind that was moved out
LEAST = 24  # smaller values are left alone
COMPRESSIONS = 200  # values of a column compressed in a batch of rows; further ones are taken to shrink as these did on average


@dataclass(frozen=True, kw_only=True, eq=False)
class Stored:
    """Rows as they are stored: bytes of each column's values (0: NULL), and of whole tuples."""

    columns: list[Sizes]
    tuples: Sizes


def stored_rows(vectors: Sequence[Vector], types: Sequence[PgType], attributes: int, n: int) -> Stored:
    """The sizes of `n` rows, wide ones after toasting; `attributes` counts dropped columns too."""
    header, size = _untoasted(vectors, types, attributes, n)
    columns = [stored_sizes(vector, type) for vector, type in zip(vectors, types, strict=True)]
    wide = np.flatnonzero(size > THRESHOLD)
    if len(wide) and any(type.length < 0 for type in types):
        toaster = Toaster(vectors, types)
        headers = np.broadcast_to(header, n)
        fitted = np.array([toaster.fit(row, int(headers[row]), [int(sizes[row]) for sizes in columns]) for row in wide.tolist()], np.int64)
        for place, sizes in enumerate(columns):
            changed = columns[place] = sizes.copy()
            changed[wide] = fitted[:, place]
        size[wide] = headers[wide] + fitted[:, -1]
    return Stored(columns=columns, tuples=size)


def tuple_lengths(vectors: Sequence[Vector], types: Sequence[PgType], attributes: int, n: int) -> Sizes:
    """The lengths of whole tuples alone."""
    _, size = _untoasted(vectors, types, attributes, n)
    return stored_rows(vectors, types, attributes, n).tuples if (size > THRESHOLD).any() else size


def _untoasted(vectors: Sequence[Vector], types: Sequence[PgType], attributes: int, n: int) -> tuple[int | Sizes, Sizes]:
    """Where the values of each row begin and end while none is compressed or moved out."""
    plain, bitmap = aligned(TUPLE_HEADER, 8), aligned(TUPLE_HEADER + -(-attributes // 8), 8)
    nulls = nulls_of(vectors, n)
    header = bitmap if len(types) < attributes else plain if nulls is None else np.where(nulls, bitmap, plain)
    return header, laid_out(header, vectors, types, n)


@dataclass(kw_only=True, eq=False)
class _Value:
    """A value of a row that is too wide: its stored bytes, alignment (1 where its header is short), and what was done to it."""

    size: int
    align: int
    storage: str
    column: int
    tried: bool = False
    out: bool = False


class Toaster:
    """Makes the rows of one batch fit. A loop over rows: which value goes depends on the row's others, and only rows over 2 kB come here."""

    def __init__(self, vectors: Sequence[Vector], types: Sequence[PgType]) -> None:
        self.vectors = vectors
        self.types = types
        self.done = [0] * len(types)  # values compressed so far, by column, and their bytes before and after
        self.before, self.after = [0] * len(types), [0] * len(types)

    def fit(self, row: int, header: int, sizes: Sequence[int]) -> list[int]:
        """The stored sizes of a row's values (0: NULL) after its wide ones were compressed or moved out, and the length of all of them."""
        values = [self._value(column, size) for column, size in enumerate(sizes)]
        room = THRESHOLD - header
        while _length(values) > room and (found := _biggest(values, "xe", untried=True)) is not None:
            self._compress(row, found, room)
            if found.size > room:
                _move_out(found)
        while _length(values) > room and (found := _biggest(values, "xe")) is not None:
            _move_out(found)
        while _length(values) > room and (found := _biggest(values, "m", untried=True)) is not None:
            self._compress(row, found, MAIN_THRESHOLD)
        while _length(values) > MAIN_THRESHOLD - header and (found := _biggest(values, "m")) is not None:
            _move_out(found)
        return [*(value.size for value in values), _length(values)]

    def _value(self, column: int, size: int) -> _Value:
        type = self.types[column]
        packed = packable(type) and size <= SHORT
        return _Value(size=size, align=1 if packed else ALIGNMENTS[type.align], storage=type.storage if type.length < 0 else "p", column=column)

    def _compress(self, row: int, value: _Value, most: int) -> None:
        """Compress a value where that makes it smaller; beyond `most` bytes it does not matter by how much."""
        value.tried = True
        if value.storage == "e":
            return
        column = value.column
        if self.done[column] < COMPRESSIONS:
            found = compressed_size(stored_bytes(self.vectors[column].datum(row), self.types[column]), most)
            self.done[column] += 1
            self.before[column] += value.size
            self.after[column] += value.size if found is None else found + 4
        else:
            shrunk = value.size * self.after[column] // self.before[column]
            found = shrunk - 4 if shrunk < value.size else None
        if found is not None:
            value.size, value.align = found + 4, ALIGNMENTS[self.types[value.column].align]


def _length(values: Sequence[_Value]) -> int:
    """The bytes of a row's data, padding included (heap_compute_data_size)."""
    length = 0
    for value in values:
        if value.size:
            length = -(-length // value.align) * value.align + value.size
    return length


def _biggest(values: Sequence[_Value], storages: str, *, untried: bool = False) -> _Value | None:
    """The biggest value of such a storage that can still be compressed (`untried`) or moved out (toast_tuple_find_biggest_attribute)."""
    found, most = None, LEAST
    for value in values:
        if value.storage in storages and not value.out and not (untried and value.tried) and value.size > most:
            found, most = value, value.size
    return found


def _move_out(value: _Value) -> None:
    value.size, value.align, value.out = POINTER, 1, True
