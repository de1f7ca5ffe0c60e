"""Restrictions that an OR over several relations implies for one of them (extract_restriction_or_clauses)."""

from __future__ import annotations

from typing import Final

from auroraml.ir import expr as e
from auroraml.planner.level.clause import Clause, SpecialJoin
from auroraml.planner.level.level import Level
from auroraml.planner.level.questions import conjuncts, volatile
from auroraml.planner.level.relation import Relation
from auroraml.types.table import BOOL

WORTHWHILE: Final = 0.9


def extract_or_restrictions(level: Level) -> None:
    """Give relations the ORs of those arms' parts that read nothing else."""
    for relation in level.relations_in(level.all_bits):
        for clause in list(relation.join_clauses):
            if not isinstance(clause.expr, e.Or) or not _movable(clause, relation):
                continue
            made = _extract(level, clause.expr, relation)
            if made is not None:
                _consider(level, relation, made, clause)


def _movable(clause: Clause, relation: Relation) -> bool:
    """Whether the clause may be tested below its join (join_clause_is_movable_to)."""
    return bool(clause.bits & relation.bits) and not clause.outer_bits & relation.bits and not clause.nullable & relation.bits


def _extract(level: Level, expr: e.Or, relation: Relation) -> e.Expr | None:
    arms: list[e.Expr] = []
    for arm in expr.args:
        parts = [p for p in conjuncts(arm) if _safe(level, p, relation)]
        if not parts and isinstance(arm, e.Or):
            inner = _extract(level, arm, relation)
            parts = [] if inner is None else [inner]
        if not parts:
            return None
        made = parts[0] if len(parts) == 1 else e.And(type=BOOL, args=tuple(parts))
        arms += made.args if isinstance(made, e.Or) else [made]
    return e.Or(type=BOOL, args=tuple(arms))


def _safe(level: Level, expr: e.Expr, relation: Relation) -> bool:
    return level.bits_of(expr) == relation.bits and not volatile(expr)


def _consider(level: Level, relation: Relation, made: e.Expr, join: Clause) -> None:
    clause = level.clause(made, relation.bits)
    estimates = level.estimates
    share = estimates.restrictions([clause], relation)
    if share > WORTHWHILE:
        return
    relation.clauses.append(clause)
    if share > 0:
        others = join.bits & ~relation.bits
        special = SpecialJoin("inner", others, relation.bits, others, relation.bits)
        whole = estimates.join_clause(join, "inner", special)
        join.inner_selectivity = min(whole / share, 1.0)
