"""Groups whose rows come in their key's order are folded without a table of groups: what comes of them is the same wherever the order ends."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

import auroraml
from auroraml.executor.operators import grouping, morsels

KEYS = {
    "rising": np.repeat(np.arange(40), 7),
    "one group": np.zeros(280, np.int64),
    "each its own": np.arange(280),
    "rising, then not": np.concatenate([np.repeat(np.arange(20), 7), np.arange(140) % 9]),
    "rising twice": np.tile(np.repeat(np.arange(20), 7), 2),
    "falling": np.repeat(np.arange(40), 7)[::-1],
    "long groups": np.repeat(np.arange(4), 70),
}


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("workers", [0, 2])
def test_groups_are_whole(name: str, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, limit, value in ((morsels, "MORSEL", 16), (morsels, "SAVED", 0), (grouping, "FEW_ROWS", 0)):
        monkeypatch.setattr(module, limit, value)
    folded: list[int] = []
    fold = morsels.MorselStates._fold_rising

    def counted(self: morsels.MorselStates, batch: auroraml.batch.Batch) -> int:
        folded.append(fold(self, batch))
        return folded[-1]

    monkeypatch.setattr(morsels.MorselStates, "_fold_rising", counted)
    keys = KEYS[name].tolist()
    with auroraml.connect(user="rdsadmin", autocommit=True) as connection:
        connection.execute("CREATE TABLE t (k int NOT NULL, v int, f numeric(8,2))")
        for number, key in enumerate(keys):
            connection.execute("INSERT INTO t VALUES (%s, %s, %s)", (key, None if number % 5 == 0 else number, number / 4))
        connection.execute("ANALYZE t")
        for setting in ("parallel_setup_cost = 0", "parallel_tuple_cost = 0", "min_parallel_table_scan_size = 0", "enable_sort = off"):
            connection.execute(f"SET {setting}")
        connection.execute(f"SET max_parallel_workers_per_gather = {workers}")
        found = connection.execute("SELECT k, count(*), count(v), sum(v), min(v), avg(f) FROM t GROUP BY k").fetchall()
    groups: dict[int, list[int]] = defaultdict(list)
    for number, key in enumerate(keys):
        groups[key].append(number)
    wanted = []
    for key, numbers in groups.items():
        known = [number for number in numbers if number % 5]
        wanted.append((key, len(numbers), len(known), sum(known) if known else None, min(known, default=None), sum(numbers) / 4 / len(numbers)))
    assert sorted((*row[:5], round(float(row[5]), 9)) for row in found) == sorted((*row[:5], round(row[5], 9)) for row in wanted)
    assert folded and (sum(folded) == len(keys) or name in ("rising, then not", "rising twice", "falling"))
