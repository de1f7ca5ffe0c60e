"""benchmarks/simulate.py at toy size."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.simulate import CASES, simulated


@pytest.mark.parametrize("name", CASES)
def test_each_case_runs(name: str) -> None:
    taken = simulated(replace(CASES[name], rows=50_000))
    assert taken["calls"] >= 50_000 / CASES[name].batch
    assert taken["s"] > 0
    assert taken["virtual s"] > 0
