"""Sizes of rows and the pages they go to: whole columns at once, compared with one value, one row, at a time."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auroraml.batch import NumericVector, Vector, from_datums
from auroraml.storage.heap import LINE_POINTER, ROOM, HeapFill
from auroraml.storage.layout import SHORT, laid_out, packable
from auroraml.storage.sizes import ALIGNMENTS, numeric_size, payload_sizes, stored_sizes
from auroraml.types import table
from auroraml.types.pg_type import PgType

TYPES = (table.BOOL, table.INT2, table.INT4, table.INT8, table.TEXT, table.NUMERIC, table.BY_NAME["name"])


@given(
    values=st.lists(st.integers(-(10**17), 10**17) | st.sampled_from([0, 1, 9_999, 10_000, 99_990_000, -10_000, 10**12]), max_size=8),
    scale=st.integers(0, 20),
    bounded=st.booleans(),
)
def test_sizes_of_numerics_are_those_of_each(values: list[int], scale: int, bounded: bool) -> None:
    lo = min(values, default=0) if bounded else None
    vector = NumericVector(np.array(values, np.int64), scale, None, lo, None)
    assert payload_sizes(vector, table.NUMERIC).tolist() == [numeric_size(Decimal(value).scaleb(-scale)) for value in values]


def _one_by_one(header: int, vectors: list[Vector], types: list[PgType], row: int) -> int:
    size = header
    for vector, type in zip(vectors, types, strict=True):
        if vector.valid[row]:
            stored = int(stored_sizes(vector, type)[row])
            alignment = ALIGNMENTS[type.align]
            if not (packable(type) and stored <= SHORT):
                size = -(-size // alignment) * alignment
            size += stored
    return size


_VALUES = {
    "bool": st.booleans(),
    "numeric": st.integers(-99_999, 10**9).map(Decimal),
    "text": st.sampled_from(["", "a", "x" * 126, "x" * 127, "x" * 900]),
}


@given(data=st.data(), types=st.lists(st.sampled_from(TYPES), min_size=1, max_size=6), n=st.integers(0, 5), nulls=st.booleans())
def test_rows_are_laid_out_as_one_by_one(data: st.DataObject, types: list[PgType], n: int, nulls: bool) -> None:
    vectors = []
    for type in types:
        values = _VALUES.get(type.name, st.sampled_from(["", "pg_class"]) if type.name == "name" else st.integers(-100, 100))
        vectors.append(from_datums(type, data.draw(st.lists(values | st.none() if nulls else values, min_size=n, max_size=n))))
    assert laid_out(24, vectors, types, n).tolist() == [_one_by_one(24, vectors, types, row) for row in range(n)]


@pytest.mark.parametrize("size", [32 + LINE_POINTER, 100 + LINE_POINTER, 4000, ROOM // 2, ROOM, ROOM + 800])
@pytest.mark.parametrize("counts", [(1,), (1, 1, 1), (500,), (3, 700, 1, 2)])
def test_rows_of_one_size_go_where_they_go_one_by_one(size: int, counts: tuple[int, ...]) -> None:
    together, apart = HeapFill(), HeapFill(packed=1 << 40)
    for count in counts:
        together.add(np.full(count, size, np.int64))
        for _ in range(count):  # a run of two sizes is put page by page
            apart.add(np.array([size], np.int64))
    rows = np.arange(together.rows)
    assert together.free == apart.free
    assert together.target == apart.target
    assert together.pages_of(rows).tolist() == apart.pages_of(rows).tolist()


def test_rows_of_one_size_as_rows_of_several_are_put() -> None:
    alike, several = HeapFill(packed=1 << 40), HeapFill(packed=1 << 40)
    alike.add(np.full(1000, 104, np.int64))
    several.slack = 0
    several.add(np.array([*[104] * 1000, 8], np.int64))  # the last row makes them several sizes
    assert alike.pages_of(np.arange(1000)).tolist() == several.pages_of(np.arange(1000)).tolist()
