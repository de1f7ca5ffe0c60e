"""What expressions cost: startup and per row, function by function (cost_qual_eval)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from auroraml.catalog.builtins import builtin_function, builtin_operator
from auroraml.ir import expr as e
from auroraml.planner.cost.alternatives import Alternatives
from auroraml.planner.level.questions import cuts, parts
from auroraml.types.pg_type import PgArray

FunctionCost = Callable[[int], float]
HASHED_ARRAY: Final = 9  # constants from which `= ANY` looks its value up in a hash table


class ExpressionCosts:
    """Costs of expressions by the statement's cpu_operator_cost, kept by identity."""

    __slots__ = ("_kept", "operator")

    def __init__(self, operator: float) -> None:
        self.operator = operator
        self._kept: dict[e.Expr, tuple[float, float]] = {}

    def of(self, expr: e.Expr) -> tuple[float, float]:
        """Startup and per-row cost of one expression."""
        found = self._kept.get(expr)
        if found is None:
            found = self._kept[expr] = self._walk(expr)
        return found

    def total(self, exprs: Iterable[e.Expr]) -> tuple[float, float]:
        """Of several."""
        startup = per_tuple = 0.0
        for expr in exprs:
            a, b = self.of(expr)
            startup += a
            per_tuple += b
        return startup, per_tuple

    def _walk(self, expr: object) -> tuple[float, float]:
        """Everything in an expression, outermost first, added to one sum as PostgreSQL adds it (cost_qual_eval_walker)."""
        startup = per_tuple = 0.0
        pending = [expr]
        while pending:
            found = pending.pop()
            if isinstance(found, (e.Aggregate, e.WindowCall, e.ColumnRef, e.Const, e.ParamRef)):
                continue
            if isinstance(found, e.FieldSelect) and isinstance(found.arg, e.SubPlan):
                continue  # a parameter that the subquery sets, which is paid for where its whole row stands
            if isinstance(found, e.SubPlan):
                startup, per_tuple = startup + found.startup_cost, per_tuple + found.per_call_cost
                continue
            if isinstance(found, Alternatives):
                startup, per_tuple = startup + found.first.startup_cost, per_tuple + found.first.per_call_cost
                continue
            if isinstance(found, e.Grouping):
                per_tuple += self.operator
                continue
            if isinstance(found, e.ArrayOp):
                a, b = self._array(found)
                startup, per_tuple = startup + a, per_tuple + b
            elif isinstance(found, (e.Call, e.OpCall, e.Distinct, e.NullIf)):
                per_tuple += found.function.cost * self.operator
            elif isinstance(found, (e.MinMax, e.SqlValue)):
                per_tuple += self.operator
            elif isinstance(found, e.Relabel):
                per_tuple += self.operator if cuts(found) else 0.0
            elif isinstance(found, e.ViaText):
                per_tuple += 2 * self.operator
            elif isinstance(found, e.RowCompare):
                for function in found.functions:
                    per_tuple += function.cost * self.operator
            elif isinstance(found, e.ArrayCoerce):
                a, b = self._walk(found.element)
                startup += a
                per_tuple += b * array_length(found.arg)
                pending.append(found.arg)
                continue
            pending += reversed(parts(found))
        return startup, per_tuple

    def _array(self, expr: e.ArrayOp) -> tuple[float, float]:
        cost = expr.function.cost * self.operator
        length = array_length(expr.args[1])
        constant = isinstance(expr.args[1], e.Const) and expr.args[1].value is not None
        equality = builtin_operator(expr.operator.negator) if expr.all and expr.operator.negator else expr.operator
        if constant and equality is not None and equality.can_hash and length >= HASHED_ARRAY:
            hashing = self.operator
            return hashing * length, hashing + cost
        return 0.0, cost * length * 0.5


def array_length(expr: e.Expr) -> int:
    """How many elements an array is thought to have (estimate_array_length)."""
    while isinstance(expr, (e.Relabel, e.ArrayCoerce)):
        expr = expr.arg
    if isinstance(expr, e.Const):
        return len(expr.value.elements) if isinstance(expr.value, PgArray) else 0
    if isinstance(expr, e.ArrayExpr) and not expr.multi:
        return len(expr.args)
    return 10


def function_cost(oid: int) -> float:
    """procost of a built-in function, 1 where it is unknown."""
    found = builtin_function(oid)
    return 1.0 if found is None else found.cost
