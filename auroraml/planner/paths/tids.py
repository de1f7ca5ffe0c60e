"""Tid Scan and Tid Range Scan: rows whose page and line conditions name (tidpath.c)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.planner.cost import scans as cost
from auroraml.planner.cost.expressions import array_length
from auroraml.planner.level.classes import column_implied
from auroraml.planner.level.clause import Clause
from auroraml.planner.level.level import Level
from auroraml.planner.level.questions import volatile
from auroraml.planner.level.relation import Relation
from auroraml.planner.paths.dominance import add_path
from auroraml.planner.paths.path import TidPath, TidRangePath
from auroraml.planner.paths.sizes import movable_to, parameterization
from auroraml.planner.paths.target_costs import quals_cost
from auroraml.types.table import TID

COMPARISONS: Final = ("<", "<=", ">", ">=")


def tid_paths(level: Level, relation: Relation, item: l.TableItem) -> None:
    """All of them (create_tidscan_paths)."""
    column = next((o for o, n in zip(item.outputs, item.numbers, strict=True) if n == l.CTID), None)
    if column is None:
        return
    found = _equalities(level, relation, relation.clauses, column.id)
    if found:
        _add(level, relation, found, relation.lateral)
    ranges = [c for c in relation.clauses if not c.pseudoconstant and _compared(level, relation, c.expr, column.id, COMPARISONS)]
    if ranges:
        _add_range(level, relation, ranges)
    clauses: list[Clause] = []
    if relation.has_class_joins:
        ref = e.ColumnRef(type=column.type, id=column.id, name=column.name)
        clauses += column_implied(level, ref, relation.bits, relation.lateral_referencers)
    for clause in (*clauses, *relation.join_clauses):
        if not clause.pseudoconstant and _compared(level, relation, clause.expr, column.id, ("=",)) and movable_to(clause, relation):
            _add(level, relation, [clause], (clause.required | relation.lateral) & ~relation.bits)


def _equalities(level: Level, relation: Relation, clauses: Sequence[Clause], column: int) -> list[Clause]:
    """The first clause that names rows, or the arms of the first OR each of which does (TidQualFromRestrictInfoList)."""
    for clause in clauses:
        found: list[Clause] = []
        if clause.or_arms is None:
            found = [clause] if _names(level, relation, clause, column) else []
        else:
            for arm in clause.or_arms:
                part = _equalities(level, relation, arm, column)
                if not part:
                    found = []
                    break
                found += part
        if found:
            return found
    return []


def _names(level: Level, relation: Relation, clause: Clause, column: int) -> bool:
    """Whether a clause is `ctid = value` or `ctid = ANY (array)`."""
    expr = clause.expr
    if clause.pseudoconstant:
        return False
    if isinstance(expr, e.ArrayOp):
        return (
            not expr.all and expr.operator.name == "=" and expr.operator.left == TID and _is_column(expr.args[0], column)
            and _constant(level, relation, expr.args[1])
        )  # fmt: skip
    return _compared(level, relation, expr, column, ("=",))


def _compared(level: Level, relation: Relation, expr: e.Expr, column: int, symbols: Sequence[str]) -> bool:
    """Whether an expression compares ctid with something that reads nothing of its relation."""
    if not isinstance(expr, e.OpCall) or len(expr.args) != 2 or expr.operator.name not in symbols or expr.operator.left != TID:
        return False
    a, b = expr.args
    return (_is_column(a, column) and _constant(level, relation, b)) or (_is_column(b, column) and _constant(level, relation, a))


def _is_column(expr: e.Expr, column: int) -> bool:
    return isinstance(expr, e.ColumnRef) and expr.id == column


def _constant(level: Level, relation: Relation, expr: e.Expr) -> bool:
    return not level.bits_of(expr) & relation.bits and not volatile(expr)


def _add(level: Level, relation: Relation, clauses: list[Clause], outer: int) -> None:
    """create_tidscan_path, cost_tidscan."""
    param = parameterization(level, relation, outer)
    path = TidPath(relation, relation.target, (), param)
    path.clauses = clauses
    tuples = sum(float(array_length(c.expr.args[1])) if isinstance(c.expr, e.ArrayOp) else 1.0 for c in clauses)
    _priced(level, relation, path, tuples, level.costs.random_page * tuples)


def _add_range(level: Level, relation: Relation, clauses: list[Clause]) -> None:
    """create_tidrangescan_path, cost_tidrangescan."""
    param = parameterization(level, relation, relation.lateral)
    path = TidRangePath(relation, relation.target, (), param)
    path.clauses = clauses
    share = level.estimates.restrictions(clauses, relation)
    pages, tuples = cost.tid_range(share, relation.pages, relation.tuples)
    _priced(level, relation, path, tuples, level.costs.random_page + level.costs.seq_page * (pages - 1.0))


def _priced(level: Level, relation: Relation, path: TidPath, tuples: float, disk: float) -> None:
    quals, own, target = quals_cost(level, relation, path.param), level.estimates.clauses_cost(path.clauses), relation.target
    path.rows = relation.rows if path.param is None else path.param.rows
    path.startup, path.total = cost.tid_scan(level.costs, disk, tuples, quals, own[1], target.startup, target.per_tuple, path.rows)
    path.safe = relation.consider_parallel
    add_path(relation, path)
