"""Operations over groups whose rows come one group after another, or anyhow."""

from __future__ import annotations

import numpy as np
import pytest

from auroraml.functions.aggregates import group_rows
from auroraml.functions.aggregates.group_rows import chosen, clustered


@pytest.mark.parametrize("short", [0, 1 << 30])
@pytest.mark.parametrize("operation", [np.add, np.minimum, np.maximum, np.bitwise_or])
def test_clustered_groups(short: int, operation: np.ufunc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_rows, "SHORT", short)
    starts = np.array([0, 1, 4, 9])
    values = np.array([2**62, 2**62, -(2**63), 2**62, 5, -7, 2**61, 2**61, 2**61, 1, 1, 1])
    codes = clustered(starts, len(values))
    assert codes.tolist() == [0, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3]
    rows = group_rows.group_rows(codes, 4)
    assert rows.clustered
    assert rows.counts.tolist() == [1, 3, 5, 3]
    wanted = [operation.reduce(values[codes == group]) for group in range(4)]
    assert rows.reduced(operation, values, 0).tolist() == wanted
    assert rows.sums(values).tolist() == [np.add.reduce(values[codes == group]) for group in range(4)]
    assert rows.sums(np.arange(12, dtype=np.int8)).tolist() == [0, 6, 30, 30]
    unread = clustered(starts, len(values), unread=True)
    assert group_rows.group_rows(unread, 4).sums(values).tolist() == rows.sums(values).tolist()
    assert group_rows.group_rows(unread, 4).counts.tolist() == [1, 3, 5, 3]
    some = np.array([1, 2, 3, 9, 11])  # the first and the third group have no row
    kept = chosen(codes, some, 4)
    left = group_rows.group_rows(kept, 4)
    assert left.clustered
    assert left.sums(values[some]).tolist() == [0, np.add.reduce(values[1:4]), 0, 2]
    assert left.reduced(operation, values[some], 77).tolist() == [77, operation.reduce(values[1:4]), 77, operation.reduce(values[[9, 11]])]


def test_groups_of_a_row_each() -> None:
    values = np.array([5, -7, 100], np.int8)
    for unread in (False, True):
        codes = clustered(np.arange(3), 3, unread=unread)
        rows = group_rows.group_rows(codes, 3)
        assert rows.sums(values).tolist() == [5, -7, 100]
        assert rows.sums(values).dtype == np.int64
        assert rows.counts.tolist() == [1, 1, 1]
    assert clustered(np.arange(3), 3).tolist() == [0, 1, 2]
    assert group_rows.GroupRows(clustered(np.arange(0), 0), 0, starts=np.arange(0)).counts.tolist() == []
    wide = np.array([2**62, 2, 3])
    assert rows.sums(wide) is not wide


def test_other_codes_are_looked_at_again() -> None:
    codes = np.array([1, 0, 1])
    rows = group_rows.group_rows(codes, 2)
    assert not rows.clustered
    assert rows.reduced(np.add, np.array([1, 10, 100]), 0).tolist() == [10, 101]
    assert group_rows.group_rows(codes, 2) is rows
    assert group_rows.group_rows(codes.copy(), 2) is not rows
    assert group_rows.group_rows(codes, 3).counts.tolist() == [1, 2, 0]
