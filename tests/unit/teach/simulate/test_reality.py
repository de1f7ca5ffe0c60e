"""Three of the scenarios of benchmarks/reality.py, other ones each day: the calls that are really slept are those of virtual time. Seconds are not compared."""

from __future__ import annotations

import time

import pytest

from benchmarks.reality import PLAIN, SCENARIOS, compare, plain

TODAY = int(time.time()) // 86_400
CHOSEN = [list(SCENARIOS)[(3 * TODAY + i) % len(SCENARIOS)] for i in range(3)]


@pytest.mark.parametrize("name", CHOSEN)
def test_the_same_calls_are_made(name: str) -> None:
    scenario = SCENARIOS[name]
    taken = compare(scenario, runs=1)
    assert taken.without_rows == taken.virtual
    if scenario.workers and "LIMIT" not in scenario.sql:  # whose turn it is hangs on the machine: who takes over from whom, and so the last batches
        assert sum(items for items, _ in taken.calls) == sum(items for items, _ in taken.virtual_calls) == scenario.rows
        assert abs(len(taken.calls) - len(taken.virtual_calls)) <= 2 * (scenario.workers + 1)
    else:
        assert list(taken.calls) == list(taken.virtual_calls)


def test_plans_without_calls_have_a_virtual_time() -> None:
    found = plain(rows=500, runs=1)
    assert set(found) == set(PLAIN)
    assert all(virtual > 0 for _, virtual in found.values())
