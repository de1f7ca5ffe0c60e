"""Sums made together are those made one by one, at the borders of what a word holds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import auroraml
from auroraml.batch import FixedVector, NarrowNumeric, NumericVector, Vector
from auroraml.functions.aggregates import group_rows, packed_sums
from auroraml.functions.aggregates.basic import sum_whole

N, GROUPS = 10_000, 5
Make = Callable[[np.random.Generator], Vector]
COLUMNS: dict[str, Make] = {
    "tiny": lambda g: NarrowNumeric(g.integers(0, 11, N).astype(np.int8), 2, None, 0, 10),
    "small": lambda g: FixedVector(g.integers(0, 5_000, N).astype(np.int16)),
    "zeros": lambda g: FixedVector(np.zeros(N, np.int32)),
    "wide": lambda g: NumericVector(g.integers(0, 1 << 40, N), 4),
    "all at the bound": lambda g: FixedVector(np.full(N, (1 << 48) // N, np.int64)),
    "as wide as a word": lambda g: FixedVector(np.full(N, ((1 << 63) - 1) // N)),
    "beyond a word": lambda g: FixedVector(np.full(N, (1 << 63) // N + 1)),
    "beyond two words": lambda g: FixedVector(np.full(N, (1 << 63) - 1)),
    "negative": lambda g: FixedVector(g.integers(-5, 5, N)),
    "with NULLs": lambda g: FixedVector(g.integers(0, 5, N), g.random(N) < 0.5),
    "not whole": lambda g: FixedVector(g.random(N)),
    "true or false": lambda g: FixedVector(g.random(N) < 0.5),
}


def clear() -> None:
    group_rows._known.groups.clear()
    group_rows._known.sums.clear()


@pytest.mark.parametrize(
    "names", [["tiny", "small", "zeros", "wide", "all at the bound"], ["as wide as a word", "tiny"], list(COLUMNS), ["negative"], ["small"], []]
)
@pytest.mark.parametrize(("fewest", "at_once"), [(N + 1, N + 1), (0, N + 1), (0, 0)])
def test_sums_and_counts(names: list[str], fewest: int, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_sums, "FEWEST", fewest)
    monkeypatch.setattr(packed_sums, "AT_ONCE", at_once)
    generator = np.random.default_rng(0)
    vectors = [COLUMNS[name](generator) for name in names]
    codes = generator.integers(0, GROUPS - 1, N)  # the last group has no rows
    clear()
    packed_sums.sum_together([*vectors, *vectors], codes, GROUPS)
    assert group_rows.group_rows(codes, GROUPS).counts.tolist() == np.bincount(codes, minlength=GROUPS).tolist()
    for name, vector in zip(names, vectors, strict=True):
        if isinstance(vector, FixedVector | NumericVector) and vector.validity is None and vector.values.dtype.kind == "i":
            values = vector.values.tolist()
            wanted = [sum(value for value, code in zip(values, codes.tolist(), strict=True) if code == group) for group in range(GROUPS)]
            assert [int(total) for total in sum_whole(vector, codes, GROUPS)] == wanted, name
    clear()


def test_words_are_filled() -> None:
    ones = np.ones(1, np.int64)
    words = packed_sums._words([(22, ones), (31, ones), (42, ones), (48, ones), (55, ones), (64, ones), (19, None)])
    assert [[bits for bits, _ in word] for word in words] == [[55], [48], [42, 19], [31, 22]]
    assert [[bits for bits, _ in word] for word in packed_sums._words([(62, ones), (1, ones), (1, None)])] == [[62, 1], [1]]


def test_aggregates_of_many_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = auroraml.connect(user="rdsadmin", autocommit=True)
    connection.execute(
        "CREATE TABLE t AS SELECT i % 3 AS g, (i % 50)::int2 AS q, (i * 7919 % 100000)::numeric / 100 AS p, i % 11 AS d FROM generate_series(1, 20000) i"
    )
    query = "SELECT g, count(*), sum(q), avg(q), sum(p), sum(p * (1 - d)), sum(d), avg(d), min(d), count(d), sum(q) FILTER (WHERE d < 5) FROM t WHERE q < 49 GROUP BY g"
    together = sorted(connection.execute(query).fetchall())
    monkeypatch.setattr(packed_sums, "AT_ONCE", 0)
    assert sorted(connection.execute(query.lower()).fetchall()) == together
    monkeypatch.setattr(packed_sums, "FEWEST", 1 << 40)
    assert sorted(connection.execute(query + " ").fetchall()) == together
    connection.close()
