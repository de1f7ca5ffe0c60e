"""The golden files that explain plans, planned by the observed planner: plans stay the same, and each cost's formula comes to the cost."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auroraml.ir.physical import PhysicalPlan
from auroraml.ir.tree import walk
from auroraml.pipeline.plans import CHOOSE
from auroraml.teach import observed
from auroraml.teach.formula import evaluated, terms, text
from auroraml.teach.number import Number
from auroraml.teach.tracing import Formulas
from tests.golden.gaps import differing, listed
from tests.golden.test_golden import FILES, ROOT, difference, pin, play
from tests.runner.aurora import Aurora
from tests.runner.blocks import read
from tests.runner.pinned import RECORDED
from tests.runner.setups import SETUPS

_PLANS = re.compile(rb"^plan |EXPLAIN", re.MULTILINE)
# psql's screens, and what the planner's own ledger prints, have tests of their own
APART = ("psql", "alternatives", "story")
EXPLAINING = [path for path in FILES if _PLANS.search(path.read_bytes()) and not {path.parent.name, path.stem}.intersection(APART)]
TURNS = 12  # a run takes every twelfth file, other ones each day


def chosen() -> list[Path]:
    """The files of today."""
    today = datetime.date.today().toordinal()
    return [path for number, path in enumerate(EXPLAINING) if number % TURNS == today % TURNS]


class Checked:
    """The observed planner; the formulas of each plan it makes are computed again."""

    def __init__(self) -> None:
        self.choose = observed.module("physical").choose

    def __call__(self, *arguments: Any) -> PhysicalPlan:
        plan: PhysicalPlan = self.choose(*arguments)
        formulas = Formulas({})
        for node in nodes(plan):
            made = formulas.of(node)
            for formula, number in zip(made, (node.cost.startup, node.cost.total, node.cost.rows), strict=True):
                assert evaluated(formula) == number == formula.value, (node.label, text(formula))
            for formula in made[:2]:
                assert sum(term.value for term in terms(formula)) == pytest.approx(formula.value, rel=1e-9, abs=1e-6), (node.label, text(formula))
            assert not node.cost.total or isinstance(node.cost.total, Number), node.label
        return plan


def nodes(plan: PhysicalPlan) -> Iterator[PhysicalPlan]:
    """All nodes of a plan, those of subqueries in expressions too."""
    return (part for part in walk(plan) if isinstance(part, PhysicalPlan))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "explaining" in metafunc.fixturenames:
        found = EXPLAINING if metafunc.config.getoption("--soak") else chosen()
        metafunc.parametrize("explaining", found, ids=[str(path.relative_to(ROOT)) for path in found])


def test_formulas_come_to_the_costs_that_are_printed(explaining: Path, tmp_path: Path) -> None:
    file = read(explaining)
    setup = SETUPS[file.options.get("setup", "")]
    engine = Aurora(options=setup.options)
    checked = Checked()
    token = CHOOSE.set(checked)
    try:
        if setup.aurora:
            assert engine.run(setup.aurora).failure is None
        recorded = RECORDED.get(file.options.get("statistics", ""))
        if recorded is not None:
            pin(recorded, engine, tmp_path)
        answered = play(file, engine)
    finally:
        CHOOSE.reset(token)
        engine.close()
    new = differing(file, answered) - listed(file)
    assert not new, difference(file, answered, new)
