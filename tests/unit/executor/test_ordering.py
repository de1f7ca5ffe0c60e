"""Top-N sorts: rows in the order PostgreSQL's bounded heap leaves equal ones in, which is looked for only where there are any."""

from __future__ import annotations

import numpy as np
import pytest

from auroraml.batch import Batch, FixedVector
from auroraml.batch.quicksort import smallest
from auroraml.executor.operators import ordering
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.types.table import INT8

SOURCE = p.Result(targets=(e.Const(type=INT8, value=0),))
KEY = p.SortColumn(index=0, descending=False, nulls_first=False)


@pytest.mark.parametrize("values", [
    list(range(40, 0, -1)), [1, 1, *range(2, 40)], [*range(1, 40), 4], [*range(1, 40), 5], [*range(1, 40), 6], [7] * 40,
    [None, None, *range(38)], [*range(3), *[None] * 37],
])  # fmt: skip
def test_the_first_rows_come_as_from_the_heap(values: list[int | None], monkeypatch: pytest.MonkeyPatch) -> None:
    known = np.array([value is not None for value in values])
    keys = FixedVector(np.array([value or 0 for value in values], np.int64), None if known.all() else known)
    batch = Batch.of([keys], len(values))
    most = 5
    order = ordering.order_of(batch, [KEY], SOURCE)
    codes = ordering.ranked(batch, order, [KEY], SOURCE)
    asked: list[int] = []

    def counted(keys: np.ndarray, bound: int) -> list[int]:
        asked.append(bound)
        return smallest(keys, bound)

    monkeypatch.setattr(ordering, "smallest", counted)
    found = ordering.with_ties(batch, order, [KEY], SOURCE, most).columns[0].rows.numbers()
    assert found[:most].tolist() == smallest(codes, most)
    assert sorted(found.tolist()) == list(range(len(values)))
    first = sorted(codes.tolist())[: most + 1]
    assert bool(asked) == (len(set(first)) < len(first))
