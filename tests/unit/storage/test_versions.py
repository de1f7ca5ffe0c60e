"""Who deleted a row, and what took its place: noted when it is asked for, whatever came before."""

from __future__ import annotations

import numpy as np

from auroraml.storage.transactions import Snapshot
from auroraml.storage.versions import MOST_PENDING, Versions

ROWS = np.arange(4)


def made(n: int = 4) -> Versions:
    versions = Versions()
    versions.add(n, 1)
    versions.settle(2)
    return versions


def test_a_deletion_is_known_once_it_is_asked_for() -> None:
    versions = made()
    versions.delete(np.array([1]), 5, versions.add(1, 5))
    versions.delete(np.array([2]), 6)
    assert versions.deleters(ROWS).tolist() == [0, 5, 6, 0]
    assert versions.successors(ROWS).tolist() == [-1, 4, -1, -1]


def test_a_deletion_taken_back_before_or_after_it_was_noted() -> None:
    for asked in (False, True):
        versions = made()
        first = versions.delete(np.array([0]), 5, versions.add(1, 5))
        second = versions.delete(np.array([3]), 5)
        if asked:
            assert versions.deleters(ROWS).tolist() == [5, 0, 0, 5]
        versions.undelete(second)
        versions.undelete(first)
        assert versions.deleters(ROWS).tolist() == [0, 0, 0, 0]
        assert versions.successors(ROWS).tolist() == [-1, -1, -1, -1]


def test_many_deletions_are_noted_on_the_way() -> None:
    versions = made(2 * MOST_PENDING)
    for row in range(2 * MOST_PENDING):
        versions.delete(np.array([row]), 10 + row)
    assert len(versions.pending) <= MOST_PENDING
    assert versions.deleters(np.arange(2 * MOST_PENDING)).tolist() == [10 + row for row in range(2 * MOST_PENDING)]


def test_settled_deletions_are_gone_and_seen_by_nobody() -> None:
    versions = made()
    assert versions.untouched
    versions.delete(np.array([1, 2]), 5)
    assert not versions.untouched
    assert versions.visible_of(ROWS, Snapshot(7, 5, frozenset())).tolist() == [0, 1, 2, 3]
    assert versions.visible_of(ROWS, Snapshot(7, 6, frozenset())).tolist() == [0, 3]
    versions.settle(6)
    assert versions.gone(ROWS).tolist() == [False, True, True, False]
    assert versions.visible_of(ROWS, Snapshot(7, 8, frozenset())).tolist() == [0, 3]
