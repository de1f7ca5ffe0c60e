"""Selectivity of conditions: one clause by its class and operator, lists with range pairs, OR (clausesel.c)."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Final

from auroraml.dispatch import Choices
from auroraml.ir import expr as e
from auroraml.ir.tree import same
from auroraml.planner.estimate.any_all import any_all_selectivity
from auroraml.planner.estimate.boolean import NOTHING_KNOWN, boolean_column, boolean_test, is_null
from auroraml.planner.estimate.context import Context
from auroraml.planner.estimate.estimator import Estimator, Input, Kept, is_volatile
from auroraml.planner.estimate.inequality import DEFAULT_INEQUALITY
from auroraml.planner.estimate.operators import SYMBOLS, Test, operator_selectivity
from auroraml.planner.estimate.support import function_selectivity

DEFAULT_RANGE: Final = 0.005


def clause_selectivity(expr: e.Expr, estimator: Estimator, only: Input | None = None) -> float:
    """The fraction of rows that satisfy a condition on one input; `only`: columns of other inputs are unknown constants."""
    return clause(expr, Context(estimator=estimator, only=only))


def clauselist_selectivity(exprs: Sequence[e.Expr], estimator: Estimator, only: Input | None = None) -> float:
    """The fraction of rows that satisfy all of the conditions."""
    return clauses(exprs, Context(estimator=estimator, only=only))


# Lists


class _Range:
    """Bounds on one expression: selectivities of the lower and the upper one."""

    __slots__ = ("expr", "high", "low")

    def __init__(self, *, expr: e.Expr, low: float | None = None, high: float | None = None) -> None:
        self.expr = expr
        self.low = low
        self.high = high

    def add(self, is_low: bool, selectivity: float) -> None:
        """Take another bound; of two on one side the smaller counts."""
        if is_low:
            self.low = selectivity if self.low is None else min(self.low, selectivity)
        else:
            self.high = selectivity if self.high is None else min(self.high, selectivity)


def clauses(exprs: Sequence[e.Expr], context: Context) -> float:
    """All of `exprs` (clauselist_selectivity)."""
    if len(exprs) == 1:
        return clause(exprs[0], context)
    return combined(exprs, lambda place: clause(exprs[place], context), context)


def combined(exprs: Sequence[e.Expr], estimate: Callable[[int], float], context: Context, start: float = 1.0, done: Container[int] = ()) -> float:
    """All of `exprs`, each by `estimate` of its place: a product, but pairs of range bounds on one expression are taken together.

    The places in `done` have been estimated already, and came to `start`.
    """
    total = start
    ranges: list[_Range] = []
    for place, expr in enumerate(exprs):
        if place in done:
            continue
        found = estimate(place)
        bound = _as_bound(expr, context)
        if bound is None:
            total *= found
            continue
        bounded, is_low = bound
        for one in ranges:
            if same(one.expr, bounded):
                one.add(is_low, found)
                break
        else:
            ranges.insert(0, _Range(expr=bounded))
            ranges[0].add(is_low, found)
    for one in ranges:
        total *= _range(one, context)
    return total


def _as_bound(expr: e.Expr, context: Context) -> tuple[e.Expr, bool] | None:
    """What a clause bounds, and whether from below; None for other clauses."""
    if not isinstance(expr, e.OpCall) or len(expr.args) != 2 or expr.operator.restrict not in SYMBOLS:
        return None
    left, right = expr.args
    inputs = context.estimator.inputs
    if len(inputs(expr)) != 1:
        return None
    upper = expr.operator.restrict in ("scalarltsel", "scalarlesel")
    if not inputs(right) and not is_volatile(right):
        return left, not upper
    if not inputs(left) and not is_volatile(left):
        return right, upper
    return None


def _range(one: _Range, context: Context) -> float:
    if one.low is None or one.high is None:
        return one.high if one.low is None else one.low  # type: ignore[return-value] # one of them is there
    if DEFAULT_INEQUALITY in (one.low, one.high):
        return DEFAULT_RANGE
    found = one.high + one.low - 1.0
    found += is_null(context.examine(one.expr))
    if found <= 0.0:
        return DEFAULT_RANGE if found < -0.01 else 1.0e-10
    return found


# Single clauses


def clause(expr: e.Expr, context: Context) -> float:
    """One condition (clause_selectivity)."""
    return _CLAUSES[expr.__class__](expr, context)


def _clause_other(expr: e.Expr, context: Context) -> float:
    return boolean_column(context.estimator, expr, context.only)


def _clause_const(expr: e.Const, context: Context) -> float:
    return 1.0 if expr.value else 0.0


def _clause_column_ref(expr: e.ColumnRef, context: Context) -> float:
    variable = context.examine(expr)
    return boolean_column(context.estimator, expr, context.only) if variable.known else NOTHING_KNOWN


def _clause_param_ref(expr: e.ParamRef, context: Context) -> float:
    known = context.estimator.constant(expr)
    return NOTHING_KNOWN if known is None else 1.0 if known.value else 0.0


def _clause_not(expr: e.Not, context: Context) -> float:
    return 1.0 - clause(expr.arg, context)


def _clause_and(expr: e.And, context: Context) -> float:
    return clauses(expr.args, context)


def _clause_or(expr: e.Or, context: Context) -> float:
    total = 0.0
    for arg in expr.args:
        found = clause(arg, context)
        total = total + found - total * found
    return total


def _clause_relabel(expr: e.Relabel, context: Context) -> float:
    return clause(expr.arg, context)


def _clause_null_test(expr: e.NullTest, context: Context) -> float:
    return is_null(context.examine(expr.arg), negated=expr.negated)


def _clause_boolean_test(expr: e.BooleanTest, context: Context) -> float:
    return boolean_test(context.examine(expr.arg), expr.test, expr.negated, lambda: clause(expr.arg, context))


def _clause_op_call(expr: e.OpCall, context: Context) -> float:
    if len(expr.args) != 2:
        return boolean_column(context.estimator, expr, context.only)
    known = context.estimator.kept.get(id(expr))
    if known is not None and (context.only is None or context.only is known.input):
        return known.value
    found = _operator(expr, context)
    _keep(expr, context, found)
    return found


def _keep(expr: e.Expr, context: Context, value: float) -> None:
    """Keep the selectivity of a condition that reads nothing but a table of this level, which is the same wherever it stands."""
    inputs = context.estimator.inputs(expr)
    if len(inputs) == 1 and inputs[0].facts is not None and (context.only is None or context.only is inputs[0]):
        context.estimator.kept[id(expr)] = Kept(expr, inputs[0], value)


def _clause_distinct(expr: e.Distinct, context: Context) -> float:
    return 1.0 - _operator(expr, context)


def _operator(expr: e.OpCall | e.Distinct, context: Context) -> float:
    test = Test(operator=expr.operator, function=expr.function, left=expr.args[0], right=expr.args[1])
    return operator_selectivity(test, context, context.joins(expr))


def _clause_row_compare(expr: e.RowCompare, context: Context) -> float:
    """By the first pair of columns (rowcomparesel)."""
    test = Test(operator=expr.operators[0], function=expr.functions[0], left=expr.left[0], right=expr.right[0])
    return operator_selectivity(test, context, context.joins(e.RowExpr(type=expr.type, args=(test.left, test.right))))


def _clause_array_op(expr: e.ArrayOp, context: Context) -> float:
    known = context.estimator.kept.get(id(expr))
    if known is not None and (context.only is None or context.only is known.input):
        return known.value
    found = any_all_selectivity(expr, context, context.joins(expr))
    _keep(expr, context, found)
    return found


def _clause_call(expr: e.Call, context: Context) -> float:
    return function_selectivity(expr, context)


_CLAUSES: Final[Choices[Callable[..., float]]] = Choices(
    {
        object: _clause_other,
        e.Const: _clause_const,
        e.ColumnRef: _clause_column_ref,
        e.ParamRef: _clause_param_ref,
        e.Not: _clause_not,
        e.And: _clause_and,
        e.Or: _clause_or,
        e.Relabel: _clause_relabel,
        e.NullTest: _clause_null_test,
        e.BooleanTest: _clause_boolean_test,
        e.OpCall: _clause_op_call,
        e.Distinct: _clause_distinct,
        e.RowCompare: _clause_row_compare,
        e.ArrayOp: _clause_array_op,
        e.Call: _clause_call,
    }
)
