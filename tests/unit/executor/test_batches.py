"""Rows at an index are a range where they are one."""

from __future__ import annotations

import numpy as np
import pytest

from auroraml.batch import batch
from auroraml.batch.batch import Rows


@pytest.mark.parametrize("few", [1, 3, 100])
def test_a_range_is_told(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "FEW", few)
    assert (Rows.lying(np.arange(5, 15)).index is None) is (few <= 10)
    for index in ([5, 6, 8, 7, 9], [5, 6, 8], [], [9, 8, 7], [1, 1, 3]):
        rows = Rows.lying(np.array(index, np.int64))
        assert rows.numbers().tolist() == index
        assert rows.index is not None
    assert Rows.lying(np.arange(5, 15)).numbers().tolist() == list(range(5, 15))
