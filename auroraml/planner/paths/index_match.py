"""Which conditions an index column can look up (match_clause_to_indexcol)."""

from __future__ import annotations

from auroraml.catalog.builtins import builtin_function, builtin_operator
from auroraml.ir import expr as e
from auroraml.planner.level.clause import Clause
from auroraml.planner.level.level import Level
from auroraml.planner.level.operators import family_of, type_family
from auroraml.planner.level.questions import strip, volatile
from auroraml.planner.level.relation import IndexChoice

Condition = tuple[Clause, e.Expr, int]


def commuted(expr: e.OpCall) -> e.OpCall | None:
    """The comparison with its sides exchanged; None where there is no such operator."""
    operator = builtin_operator(expr.operator.commutator) if expr.operator.commutator else None
    function = None if operator is None else builtin_function(operator.function)
    if operator is None or function is None:
        return None
    return e.OpCall(type=expr.type, operator=operator, function=function, args=(expr.args[1], expr.args[0]))


def match_clause(level: Level, index: IndexChoice, position: int, clause: Clause) -> e.Expr | None:
    """The clause as a condition on the index column (the column on the left), None where it does not fit."""
    column = index.columns[position]
    expr = clause.expr
    relation = index.relation.bits
    if isinstance(expr, e.OpCall) and len(expr.args) == 2:
        left, right = expr.args
        if _is_key(left, column) and not level.bits_of(right) & relation and not volatile(right) and _in_family(expr.operator.oid, expr, column):
            return expr
        if _is_key(right, column) and not level.bits_of(left) & relation and not volatile(left):
            turned = commuted(expr)
            if turned is not None and _in_family(turned.operator.oid, turned, column):
                return turned
        return None
    if isinstance(expr, e.ArrayOp) and not expr.all:
        left, right = expr.args
        if _is_key(left, column) and not level.bits_of(right) & relation and not volatile(right) and _in_family(expr.operator.oid, expr, column):
            return expr
        return None
    if isinstance(expr, e.NullTest) and not expr.per_field and _is_key(expr.arg, column):
        return expr
    return None


def _is_key(expr: e.Expr, column: e.ColumnRef) -> bool:
    bare = strip(expr)
    return isinstance(bare, e.ColumnRef) and bare.id == column.id


def _in_family(operator: int, expr: e.OpCall | e.ArrayOp, column: e.ColumnRef) -> bool:
    found = family_of(expr.operator)
    return found is not None and found[0] == type_family(column.type)
