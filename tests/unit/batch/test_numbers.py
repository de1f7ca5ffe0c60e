"""Numbers repeated as often as counts say, and how many different ones there are."""

from __future__ import annotations

import numpy as np
import pytest

from auroraml.batch import distinct, numbers, spread

RANDOM = np.random.default_rng(5)


@pytest.mark.parametrize("low", [0, 1])
@pytest.mark.parametrize("n", [0, 1, 2, 3_000])
@pytest.mark.parametrize("most", [1, 2, 7, 40])
def test_spread(n: int, most: int, low: int) -> None:
    counts = RANDOM.integers(low, most + 1, n)
    assert spread(counts).tolist() == np.repeat(np.arange(n), counts).tolist()
    assert counts.sum() < 8_192 or len(spread(counts)) == counts.sum()


def test_one_number_may_be_repeated_as_often_as_one_likes() -> None:
    assert spread(np.array([20_000])).tolist() == [0] * 20_000
    assert spread(np.array([20_000, 0, 1])).tolist() == [0] * 20_000 + [2]
    assert spread(np.array([1, 20_000])).tolist() == [0] + [1] * 20_000


def test_the_numbers_that_all_share_are_not_written() -> None:
    counts = np.full(10_000, 3)
    spread(counts)[0] = 7
    assert numbers(10_000)[0] == 0
    assert spread(counts)[0] == 0


def test_distinct() -> None:
    assert distinct(np.zeros(0, np.int64)) == 0
    assert distinct(np.array([4])) == 1
    assert distinct(np.array([4, -1, 4, 4, 9, -1])) == 3
    some = RANDOM.integers(-50, 50, 1_000)
    assert distinct(some) == len(set(some.tolist()))
