"""Calls of LANGUAGE SQL functions whose body is one expression become that expression (inline_function).

A batch function that may be moved to FROM stays a call, as Aurora's published plan has it; where migration is off it is inlined like others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final, TypeVar

from auroraml.errors import DatabaseError
from auroraml.evaluate.calling import body_expressions
from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.objects import Function
from auroraml.ir.tree import map_children, rewrite, walk
from auroraml.planner.rules.sql_builtins import BODIES, OVERLAPS
from auroraml.records import replace
from auroraml.settings import Settings
from auroraml.settings.aurora import APG_ENABLE_FUNCTION_MIGRATION
from auroraml.types.pg_type import Rep
from auroraml.types.table import RECORD, VOID

EXPENSIVE: Final = 10.0  # an argument that is used twice may cost this many operators
NOT_STRICT: Final = (e.Case, e.Coalesce, e.NullTest, e.BooleanTest, e.Distinct, e.NullIf, e.MinMax, e.And, e.Or, e.ArrayExpr, e.RowExpr)
VOLATILITIES: Final = "isv"
T = TypeVar("T")
N = TypeVar("N")
Check = Callable[[Function], bool]


def inline(plan: T, settings: Settings, may_execute: Check) -> T:
    """`plan` with the calls PostgreSQL would inline replaced; `may_execute` says whether the current role may call a function."""
    if not any(isinstance(x, e.Call) and x.function.language == "sql" for x in walk(plan)):
        return plan
    opaque = settings[APG_ENABLE_FUNCTION_MIGRATION]

    def inlined(node: object, active: tuple[int, ...]) -> object | None:
        if isinstance(node, l.FunctionItem):
            return _in_from(node, lambda call: rewritten(call, active))
        if not isinstance(node, e.Call) or node.function.language != "sql":
            return None
        call = map_children(node, lambda child: rewritten(child, active))
        function = call.function
        if function.oid in active or (function.batch and opaque) or not may_execute(function):
            return call
        body = _body(function)
        if body is None or not _usable(function, body, call.args):
            return call
        return rewritten(_with_arguments(body, call.args), (*active, function.oid))

    def rewritten(node: N, active: tuple[int, ...]) -> N:
        return rewrite(node, lambda part: inlined(part, active))

    return rewritten(plan, ())


def _in_from(item: l.FunctionItem, rewritten: Callable[[e.Expr], e.Expr]) -> l.FunctionItem:
    """Calls in FROM, batch functions left as they are: there they run in batches whether calls are moved or not."""
    calls = tuple(map_children(call, lambda arg: rewritten(arg) if isinstance(arg, e.Expr) else arg) if _batch(call) else rewritten(call)
                  for call in item.calls)  # fmt: skip
    return item if all(a is b for a, b in zip(calls, item.calls, strict=True)) else replace(item, calls=calls)


def _batch(call: e.Expr) -> bool:
    return isinstance(call, e.Call) and call.function.batch


def _body(function: Function) -> e.Expr | None:
    """The one expression that a function is."""
    if function.kind != "f" or function.security_definer or function.returns_set or function.result.oid in (RECORD.oid, VOID.oid):
        return None
    found = body_expressions(function)
    if len(found) != 1 or found[0].type.oid != function.result.oid or any(_sets(x) for x in walk(found[0])):
        return None
    return found[0]


def _sets(node: object) -> bool:
    return isinstance(node, (e.Aggregate, e.WindowCall)) or (isinstance(node, e.Call) and node.function.returns_set)


def _volatility(expr: e.Expr) -> int:
    """The worst volatility in an expression: 0 immutable, 1 stable, 2 volatile."""
    worst = 0
    for node in walk(expr):
        if isinstance(node, (e.Call, e.OpCall, e.ArrayOp, e.Distinct, e.NullIf, e.MinMax)):
            worst = max(worst, VOLATILITIES.index(node.function.volatility))
        elif isinstance(node, (e.SqlValue, e.ViaText)):
            worst = max(worst, 1)
    return worst


def _usable(function: Function, body: e.Expr, args: tuple[e.Expr, ...]) -> bool:
    """PostgreSQL's conditions: no more volatile than declared, strict if declared so, no dear or volatile argument used twice or not at all."""
    if _volatility(body) > VOLATILITIES.index(function.volatility):
        return False
    uses = Counter(x.number for x in walk(body) if isinstance(x, e.ParamRef) and x.kind == "external")
    if function.strict:
        if any(isinstance(x, NOT_STRICT) or (isinstance(x, (e.Call, e.OpCall)) and not x.function.strict) for x in walk(body)):
            return False
        if any(not uses[number] for number in range(1, len(args) + 1)):
            return False
    return all(uses[number] == 1 or may_repeat(arg) for number, arg in enumerate(args, 1))


def may_repeat(arg: e.Expr) -> bool:
    """Whether an argument may be computed twice, or not at all."""
    return _volatility(arg) < 2 and not any(isinstance(x, (e.SubLink, e.SubPlan)) for x in walk(arg)) and _cost(arg) <= EXPENSIVE


def _cost(expr: e.Expr) -> float:
    """What an expression costs a row, in operators."""
    return sum(x.function.cost for x in walk(expr) if isinstance(x, (e.Call, e.OpCall, e.ArrayOp, e.Distinct, e.NullIf, e.MinMax)))


def _with_arguments(body: e.Expr, args: tuple[e.Expr, ...]) -> e.Expr:
    def change(node: object) -> object | None:
        if isinstance(node, e.ParamRef) and node.kind == "external":
            arg = args[node.number - 1]
            if node.type.rep is Rep.STRUCT or arg.type.oid == node.type.oid:
                return arg
            return e.Relabel(type=node.type, arg=arg)
        return None

    return rewrite(body, change)


def meaning(call: e.Call | e.OpCall) -> e.Expr:
    """The expression that a built-in function in SQL is; the call itself where its body is a query, or an argument used twice forbids it."""
    body = BODIES.get(call.function.oid)
    if body is None or (
        call.function.oid in OVERLAPS and not all(may_repeat(start) for start, end in _periods(call) if end.type.oid != start.type.oid)
    ):
        return call
    made = body(*call.args)
    return replace(made, at=call.at) if isinstance(made, (e.Call, e.OpCall)) else made


def _periods(call: e.Call | e.OpCall) -> tuple[tuple[e.Expr, e.Expr], tuple[e.Expr, e.Expr]]:
    """Of OVERLAPS: each start, and the end or length, to which the start is added."""
    a, b, c, d = call.args
    return (a, b), (c, d)


def from_within(error: DatabaseError, call: e.Call | e.OpCall) -> DatabaseError:
    """An error of a call that was computed as a whole: its context names the function."""
    error.diag = replace(error.diag, context=error.diag.context or f'SQL function "{call.function.name}" statement 1')
    return error
