"""What may run in parallel workers: the whole statement, and single expressions (max_parallel_hazard, is_parallel_safe)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.tree import children
from auroraml.planner.level.questions import parts
from auroraml.planner.rules.placeholder import PlaceHolder

if TYPE_CHECKING:
    from auroraml.planner.level.level import Level

SAFE, RESTRICTED, UNSAFE = "s", "r", "u"
_CALLS = (e.Call, e.OpCall, e.ArrayOp, e.Distinct, e.NullIf, e.Aggregate, e.WindowCall)
_CHANGES = (l.Insert, l.Update, l.Delete)


def statement_hazard(plan: l.LogicalPlan) -> str:
    """The worst that a statement holds: safe, restricted to the leader, or unsafe, which forbids parallel plans altogether."""
    if isinstance(plan, _CHANGES):
        return UNSAFE
    worst = SAFE
    pending: list[object] = [plan]
    while pending:
        part = pending.pop()
        cls = part.__class__
        if cls is e.ColumnRef or cls is e.Const:
            continue
        if isinstance(part, _CALLS):
            mark = part.function.parallel
            if mark == UNSAFE:
                return UNSAFE
            if mark == RESTRICTED or cls is e.WindowCall:
                worst = RESTRICTED
        elif cls is e.SubLink:
            worst = RESTRICTED
        elif isinstance(part, _CHANGES) or (isinstance(part, l.Query) and part.locks):
            return UNSAFE
        pending += children(part)
    return worst


def is_safe(level: Level, node: object) -> bool:
    """Whether an expression (or several) may be computed in a worker; values of init plans are handed to the workers."""
    statement = level.statement
    if not statement.parallel_ok:
        return False
    if statement.all_safe and not statement.has_parameters:
        return True
    known: set[int] = set()
    here: Level | None = level
    while here is not None:
        for plan in here.init_plans:
            known.update(plan.outputs)
        here = None if here.outer is None else here.outer.level
    return not _restricted(node, frozenset(known))


def _restricted(node: object, known: frozenset[int]) -> bool:
    if node is None:
        return False
    if isinstance(node, (list, tuple)):
        return any(_restricted(item, known) for item in node)
    if isinstance(node, _CALLS) and (node.function.parallel != SAFE or isinstance(node, e.WindowCall)):
        return True
    if isinstance(node, e.SubLink):
        return True
    if isinstance(node, e.ParamRef):
        return node.kind == "exec" and node.number not in known
    if isinstance(node, e.SubPlan):
        if not node.parallel_safe or (node.test is not None and _restricted(node.test, known.union(node.outputs))):
            return True
        return any(_restricted(value, known) for _, value in node.params)
    if isinstance(node, PlaceHolder):
        return _restricted(node.expr, known)
    return any(_restricted(part, known) for part in parts(node))
