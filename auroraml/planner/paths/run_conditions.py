"""Run conditions: tests of a window function's growing value from above a subquery, after whose first failure its partition is done with."""

from __future__ import annotations

from typing import Final

from auroraml.catalog.builtins import builtin_function
from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.objects import Function, Operator
from auroraml.planner.level.operators import family_of, family_operator
from auroraml.planner.level.questions import contains, ids_in, volatile
from auroraml.records import replace

RANKS: Final = frozenset((6233, 6234, 6235))  # support functions of row_number, rank, dense_rank
COUNTS: Final = 6236  # int8inc_support
LESS: Final = 1
LESS_EQUAL: Final = 2
EQUAL: Final = 3
GREATER_EQUAL: Final = 4
GREATER: Final = 5


def taken(query: l.LogicalPlan, outputs: tuple[l.Output, ...], condition: e.Expr) -> tuple[l.Query, int, bool] | None:
    """The subquery with `condition` as a run condition, the output it reads, and whether it must be tested above all the same
    (check_and_push_window_quals)."""
    if not isinstance(query, l.Query) or not query.windows or query.limit is not None or query.offset is not None:
        return None
    if not isinstance(condition, e.OpCall) or len(condition.args) != 2 or not condition.function.strict:
        return None
    visible = [t for t in query.targets if not t.hidden]
    for side, arg in enumerate(condition.args):
        place = next((i for i, o in enumerate(outputs) if isinstance(arg, e.ColumnRef) and arg.id == o.id), None)
        found = None if place is None else _run(query, condition, side, visible[place].expr)
        if place is not None and found is not None:
            run, keep = found
            return replace(query, run_conditions=(*query.run_conditions, run)), outputs[place].id, keep
    return None


def _run(query: l.Query, condition: e.OpCall, side: int, call: e.Expr) -> tuple[e.Expr, bool] | None:
    """The condition over the window call itself, and whether the original stays (find_window_run_conditions)."""
    while isinstance(call, e.Relabel):
        call = call.arg
    other = condition.args[1 - side]
    if not isinstance(call, e.WindowCall) or contains(call, e.SubLink, e.SubPlan) or ids_in(other) or contains(other, e.SubPlan) or volatile(other):
        return None
    grows, shrinks = _monotonic(call, query.windows[call.window])
    member = family_of(condition.operator)
    if member is None or not (grows or shrinks):
        return None
    left = side == 0
    strategy = member[1]
    args = (call, other) if left else (other, call)
    if strategy in (LESS, LESS_EQUAL):
        return (replace(condition, args=args), False) if (grows if left else shrinks) else None
    if strategy in (GREATER, GREATER_EQUAL):
        return (replace(condition, args=args), False) if (shrinks if left else grows) else None
    if strategy != EQUAL:
        return None
    if grows and shrinks:
        return replace(condition, args=args), False
    bound = family_operator(condition.args[0].type, condition.args[1].type, LESS_EQUAL if grows == left else GREATER_EQUAL)
    return None if bound is None else (replace(condition, operator=bound, function=_function(bound), args=args), True)


def _function(operator: Operator) -> Function:
    function = builtin_function(operator.function)
    assert function is not None
    return function


def _monotonic(call: e.WindowCall, window: l.Window) -> tuple[bool, bool]:
    """Whether the value never falls, and never rises, from row to row of a partition (SupportRequestWFuncMonotonic)."""
    if call.function.support in RANKS:
        return True, False
    if call.function.support != COUNTS:
        return False, False
    if not window.order_by:
        return True, True
    if window.frame is None:
        return True, False
    return window.frame[1] == "unbounded preceding", window.frame[3] == "unbounded following"
