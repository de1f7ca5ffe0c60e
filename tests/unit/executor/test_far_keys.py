"""Join keys far apart: numbered by rank, by hash, several columns together; what is found is what a dictionary finds."""

from __future__ import annotations

import numpy as np
import pytest

import auroraml
from auroraml.batch import Index
from auroraml.executor import key_codes
from auroraml.executor.key_codes import HashedNumbers, Ranks

RANDOM = np.random.default_rng(20)


def dictionary(made: Index, numbers: Index, asked: Index) -> list[int]:
    """The place of each number asked for, by the places that the numbers were given."""
    known = dict(zip(numbers.tolist(), made.tolist(), strict=True))
    return [known.get(number, 0) for number in asked.tolist()]


@pytest.mark.parametrize("block", [7, 16_384])
@pytest.mark.parametrize("span", [2, 64, 65, 4_097, 1_000_000])
def test_ranks_are_places_in_order(span: int, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_codes, "BLOCK", block)
    numbers = np.append(RANDOM.integers(1, span, max(1, span // 3)), 0)
    ranks = Ranks.of_numbers(numbers, span)
    different = np.unique(numbers[numbers > 0])
    assert ranks.different == len(different)
    assert ranks.of(different).tolist() == list(range(1, len(different) + 1))
    asked = RANDOM.integers(-5, span + 70, 1_000)
    assert ranks.of(asked).tolist() == dictionary(ranks.of(different), different, asked)


@pytest.mark.parametrize("n", [0, 1, 2, 100, 30_000])
@pytest.mark.parametrize("buckets", [8, 0])
def test_each_number_has_a_place_of_its_own(n: int, buckets: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_codes, "BUCKETS", buckets)  # without room hashes clash again and again
    numbers = RANDOM.integers(-(2**62), 2**62, n)
    numbers = np.concatenate([numbers, numbers[: n // 2]])
    hashed = HashedNumbers(numbers)
    made = hashed.of(numbers)
    assert sorted(set(made.tolist())) == list(range(1, hashed.different + 1)) and hashed.different == len(set(numbers.tolist()))
    asked = np.concatenate([numbers, RANDOM.integers(-(2**62), 2**62, 100), np.array([0, -1])])
    assert hashed.of(asked).tolist() == dictionary(made, numbers, asked)


def test_joins_by_far_keys() -> None:
    connection = auroraml.connect(autocommit=True)
    connection.execute(
        "CREATE TABLE a AS SELECT i::bigint * 1000003 AS k, (i % 700)::int * 100000 AS x, NULLIF(i % 13, 0) * 1.5 AS y, i FROM generate_series(1, 5000) i"
    )
    connection.execute(
        "CREATE TABLE b AS SELECT i::bigint * 2000006 AS k, (i % 900)::int * 100000 AS x, NULLIF(i % 11, 0) * 1.5 AS y, i FROM generate_series(1, 4000) i"
    )
    connection.execute("ANALYZE")
    asked = ("a.k = b.k", "a.x = b.x AND a.y = b.y", "a.k = b.k AND a.x = b.x", "a.k = b.k * 1.0", "a.x = b.x AND a.i = b.i AND a.y = b.y")
    for condition in asked:
        for join in ("JOIN", "LEFT JOIN", "FULL JOIN"):
            sql = f"SELECT count(*), count(a.i), count(b.i), sum(a.i), sum(b.i), sum(a.i * b.i) FROM a {join} b ON {condition}"
            connection.execute("SET enable_hashjoin = on")
            hashed = connection.execute(sql).fetchall()
            connection.execute("SET enable_hashjoin = off")
            assert connection.execute(sql).fetchall() == hashed, sql
