"""Trials: plans run both ways before the quicker way is known, and it is asked again whether it still is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import auroraml
from auroraml.executor import crew, trials
from auroraml.executor.shares import MOST_SHAPES
from auroraml.executor.trials import AGAIN, FIRST, Trial, trial_of
from auroraml.ir import physical as p
from auroraml.ir.objects import Relation


def played(alone: float, shared: float, runs: int, trial: Trial | None = None) -> list[int]:
    """By run: how many workers were wanted, where they make a run take other seconds."""
    trial = Trial() if trial is None else trial
    found = []
    for _ in range(runs):
        found.append(trial.workers())
        trial.took(shared if found[-1] else alone, bool(found[-1]))
    return found


def test_both_ways_are_tried() -> None:
    for alone, shared, quicker in ((0.02, 0.015, 4), (0.02, 0.0195, 0), (0.02, 0.03, 0), (0.0079, 0.001, 0), (0.008, 0.001, 1)):
        wanted = int(alone / trials.LEAST) - 1
        assert played(alone, shared, 15) == [0, 0, wanted, wanted, 0, *[quicker] * 10], (alone, shared)


def test_the_slower_way_is_tried_again() -> None:
    trial = Trial()
    known = 1 + len(FIRST)
    assert played(0.02, 0.03, AGAIN, trial)[known:] == [0] * (AGAIN - known)
    assert played(0.02, 0.01, AGAIN, trial) == [0, 4, *[4] * (AGAIN - 2)]
    assert played(0.02, 0.01, 1, trial) == [4]
    assert played(0.02, 0.01, 2, trial) == [0, 4]


def test_a_disturbance_changes_nothing_and_a_change_does() -> None:
    trial = Trial()
    played(0.02, 0.01, 10, trial)
    trial.took(0.05, True)
    assert trial.workers()
    for _ in range(10):
        trial.took(0.05, True)
    assert not trial.workers()


RELATION = Relation(oid=70_101, name="t", schema="public")


def plan(rows: float, relation: Relation = RELATION, **options: Any) -> p.Gather:
    """A plain aggregate's states below a Gather."""
    scan = p.SeqScan(id=2, relation=relation, alias="t", columns=(), parallel_aware=True, cost=p.Cost(rows=rows))
    return p.Gather(source=p.Aggregate(id=1, source=scan, cost=p.Cost(rows=1.0), **{"phase": "partial", **options}), workers=2)


def test_plans_of_a_shape_share_a_trial() -> None:
    found = trial_of(plan(1_000.0))
    assert found is not None and trial_of(plan(1_020.0)) is found
    assert trial_of(plan(90_000.0)) is not found and trial_of(plan(1_000.0, replace(RELATION))) is not found
    for count in range(MOST_SHAPES + 1):  # no more are kept than this
        trial_of(plan(2.0**count))
    assert len(trials.TRIALS[RELATION]) <= MOST_SHAPES


def test_plans_that_would_tell_who_has_read_what_are_not_tried() -> None:
    grouped = plan(1_000.0, keys=(0,)).source
    assert trial_of(p.Gather(source=grouped, workers=2)) is None  # groups in the order of their arrival
    assert trial_of(p.GatherMerge(source=grouped, workers=2)) is not None
    assert trial_of(p.GatherMerge(source=p.Sort(id=3, source=grouped, keys=()), workers=2)) is not None
    assert trial_of(plan(1_000.0, phase="whole")) is None
    assert trial_of(p.Gather(source=grouped.children()[0], workers=2)) is None
    assert trial_of(p.Gather(source=p.Result(id=1), workers=2)) is None
    assert trial_of(p.Gather(source=p.Aggregate(source=p.Result(id=2), phase="partial"), workers=2)) is None


def test_answers_are_the_same_whoever_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "LEAST", 1e-9)
    monkeypatch.setattr(trials, "AGAIN", 3)
    launched: list[int] = []
    launch = crew.Crew.launch

    def counted(self: crew.Crew, count: int) -> None:
        launched.append(count)
        launch(self, count)

    monkeypatch.setattr(crew.Crew, "launch", counted)
    monkeypatch.setattr(crew, "CORES", 2)
    monkeypatch.setattr("auroraml.executor.operators.gather.CORES", 2)
    with auroraml.connect(user="rdsadmin", autocommit=True) as connection:
        connection.execute("CREATE TABLE t AS SELECT i % 7 AS g, i AS v FROM generate_series(1, 20000) i")
        connection.execute("ANALYZE t")
        for setting in ("parallel_setup_cost = 0", "parallel_tuple_cost = 0", "min_parallel_table_scan_size = 0"):
            connection.execute(f"SET {setting}")
        query = "SELECT g, count(*), sum(v), max(v) FROM t GROUP BY g ORDER BY g"
        assert "Gather" in "\n".join(row[0] for row in connection.execute("EXPLAIN " + query).fetchall())
        floats = "SELECT g, sum(v::float8 / 3) FROM t GROUP BY g ORDER BY g"
        first = connection.execute(floats).fetchall()
        assert all(connection.execute(floats).fetchall() == first for _ in range(6)) and not launched
        wanted = [(g, len(rows), sum(rows), max(rows)) for g in range(7) if (rows := [i for i in range(1, 20_001) if i % 7 == g])]
        for run in range(10):
            assert connection.execute(query).fetchall() == wanted, run
    assert 3 <= len(launched) <= 8 and set(launched) == {1}
