"""Many random numbers at once are those that come one after the other."""

from __future__ import annotations

import pytest

from auroraml.batch.random_stream import RandomStream


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 8, 255, 256, 1_000, 4_097, 20_000])
def test_the_same_numbers_come_at_once(n: int) -> None:
    one, many = RandomStream(0.3), RandomStream(0.3)
    for _ in range(3):
        assert many.words(n).tolist() == [one.word() for _ in range(n)]
    assert many.fractions(n).tolist() == [one.fraction() for _ in range(n)]
    assert many.word() == one.word()
