"""The places where a mask is true are numpy's, however many there are and wherever the mask lies."""

from __future__ import annotations

import numpy as np
import pytest

from auroraml.batch import numbers as row_numbers
from auroraml.batch import true_places


@pytest.mark.parametrize("density", [0.0, 0.0005, 0.02, 0.09, 0.12, 0.5, 1.0])
@pytest.mark.parametrize("n", [0, 1, 8_191, 8_192, 8_193, 20_007])
def test_as_numpy_finds_them(density: float, n: int) -> None:
    whole = np.random.default_rng(n).random(n + 64) < density
    for mask in (whole[:n], whole[3 : n + 3], whole[8 : n + 8], whole[::-1][:n], np.broadcast_to(np.True_, n), whole[: n // 2 * 2 : 2]):
        found = true_places(mask)
        assert found.dtype == np.int64
        assert found.tolist() == np.flatnonzero(mask).tolist()


def test_only_the_last_rows_are_true() -> None:
    mask = np.zeros(10_007, np.bool_)
    for row in (10_006, 10_000, 9_999, 0):
        mask[row] = True
        assert true_places(mask).tolist() == np.flatnonzero(mask).tolist()
        true_places(mask)[0] = 5  # nobody else has it
    assert row_numbers(3).tolist() == [0, 1, 2]
