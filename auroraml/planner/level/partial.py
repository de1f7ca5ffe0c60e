"""Partial indexes at a level: which hold all rows the query may see, and what their predicates make needless to test (check_index_predicates)."""

from __future__ import annotations

from auroraml.planner.estimate.estimator import InputColumn
from auroraml.planner.level.classes import join_implied
from auroraml.planner.level.implication import implied
from auroraml.planner.level.level import Level
from auroraml.planner.level.questions import mutable
from auroraml.planner.level.relation import Relation


def check_index_predicates(level: Level, relation: Relation) -> None:
    """Settle `predicate_holds` and `restrictions` of a relation's indexes; a unique one that holds all rows makes its column unique."""
    partial = [index for index in relation.indexes if index.predicate]
    if not partial:
        return
    known = [clause.expr for clause in relation.clauses]
    known += [clause.expr for clause in relation.join_clauses if _movable(relation, clause.bits, clause.outer_bits | clause.nullable)]
    others = level.all_bits & ~relation.bits
    if others:
        known += [clause.expr for clause in join_implied(level, level.all_bits, others, relation.bits)]
    for index in partial:
        index.predicate_holds = implied(index.predicate, known, level.fold)
        if _is_changed(level, relation):
            continue  # a re-check after another transaction's update has to test everything
        index.restrictions = [c for c in relation.clauses if mutable(c.expr) or not implied([c.expr], index.predicate, level.fold)]
        if index.predicate_holds and index.unique and len(index.columns) == 1 and index.index.columns[0]:
            for id, number in relation.attribute_numbers.items():
                if number == index.index.columns[0] and id in level.estimates.columns:
                    old = level.estimates.columns[id]
                    level.estimates.columns[id] = InputColumn(input=old.input, number=old.number, statistics=old.statistics, unique=True)
                    level.estimates.estimator.kept.clear()


def _movable(relation: Relation, bits: int, forbidden: int) -> bool:
    return bool(bits & relation.bits) and not forbidden & relation.bits and not relation.lateral_referencers & bits


def _is_changed(level: Level, relation: Relation) -> bool:
    """Whether the rows are locked or changed by the statement."""
    return any(table is relation.item for table, _ in level.row_columns)
