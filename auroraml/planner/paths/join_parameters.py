"""Joins that are given rows of relations outside: the clauses that brings, the rows that leaves (get_joinrel_parampathinfo)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auroraml.planner.cost.numbers import clamp_rows
from auroraml.planner.level.classes import EquivalenceClass, implied_by, join_implied
from auroraml.planner.level.clause import Clause
from auroraml.planner.level.relation import Parameterization
from auroraml.planner.paths.path import Path
from auroraml.planner.paths.sizes import movable_into

if TYPE_CHECKING:
    from auroraml.planner.paths.joins import Pair


def nest_parameters(pair: Pair, outer: Path, inner: Path, required: int, clauses: list[Clause]) -> tuple[Parameterization | None, list[Clause]]:
    """Of a nested loop; `clauses` are those that the inner path does not test itself (create_nestloop_path)."""
    return _parameters(pair, outer, inner, required, clauses)


def other_parameters(pair: Pair, outer: Path, inner: Path, required: int) -> tuple[Parameterization | None, list[Clause]]:
    """Of a merge or hash join."""
    return _parameters(pair, outer, inner, required, pair.clauses)


def _parameters(pair: Pair, outer: Path, inner: Path, required: int, clauses: list[Clause]) -> tuple[Parameterization | None, list[Clause]]:
    if not required:
        return None, clauses
    level, relation = pair.level, pair.relation
    joined = relation.bits | required
    outer_joined = outer.relation.bits | outer.outer if outer.param is not None else 0
    inner_joined = inner.relation.bits | inner.outer if inner.param is not None else 0
    found: list[Clause] = []
    for clause in relation.join_clauses:
        if not movable_into(clause, relation.bits, joined):
            continue
        if movable_into(clause, outer.relation.bits, outer_joined) or movable_into(clause, inner.relation.bits, inner_joined):
            continue
        found.append(clause)
    dropped: list[EquivalenceClass] = []
    for clause in join_implied(level, joined, required, relation.bits):
        if movable_into(clause, outer.relation.bits, outer_joined):
            continue
        if movable_into(clause, inner.relation.bits, inner_joined):
            if clause.left_class is not None:
                dropped.append(clause.left_class)
            continue
        found.append(clause)
    if dropped:  # the inner side tests them against its own columns or the outer side's: these are still to be tied to what is given
        for clause in implied_by(level, dropped, outer.relation.bits | required, required, outer.relation.bits):
            if not movable_into(clause, outer.relation.bits, outer_joined):
                found.append(clause)
    every = [*found, *clauses]
    known = relation.parameterizations.get(required)
    if known is None:
        rows = level.estimates.join_rows(outer.relation, inner.relation, (outer.rows, inner.rows), pair.special, every)
        known = relation.parameterizations[required] = Parameterization(required, min(clamp_rows(rows), relation.rows), every)
    return known, every
