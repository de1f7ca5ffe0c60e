"""Buffers that are used again are zero again, and never in two hands."""

from __future__ import annotations

import numpy as np
import pytest

from auroraml.executor import scratch
from auroraml.executor.scratch import LARGEST, SMALLEST, borrow, give_back


@pytest.fixture(autouse=True)
def _empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "_free", [])


@pytest.mark.parametrize("size", [SMALLEST, SMALLEST + 1, LARGEST])
@pytest.mark.parametrize("sparse", [False, True])
def test_a_buffer_comes_back_zeroed(size: int, sparse: bool) -> None:
    first = borrow(size)
    assert len(first) == size
    written = np.array([0, 7, size - 1])
    first[written] = 3
    whole = first.base
    give_back(first, written if sparse else None)
    again = borrow(size)
    assert again.base is whole
    assert not again.any()
    other = borrow(size)
    assert other.base is not whole


def test_small_and_huge_ones_are_not_kept() -> None:
    for size in (10, LARGEST + 1):
        give_back(borrow(size), None)
    assert scratch._free == []


def test_no_more_are_kept_than_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "KEPT", 6 * SMALLEST)
    held = [borrow(SMALLEST) for _ in range(5)]
    for buffer in held:
        give_back(buffer, None)
    assert len(scratch._free) == 3
    assert len(borrow(LARGEST)) == LARGEST  # none of the kept ones would do
    assert len(scratch._free) == 3
