"""What may be computed in parallel workers: single expressions (is_parallel_safe); of a whole statement see makeup.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auroraml.ir import expr as e
from auroraml.planner.level.makeup import SAFE
from auroraml.planner.level.questions import parts
from auroraml.planner.rules.placeholder import PlaceHolder

if TYPE_CHECKING:
    from auroraml.planner.level.level import Level

_CALLS: Final = (e.Call, e.OpCall, e.ArrayOp, e.Distinct, e.NullIf, e.Aggregate, e.WindowCall)


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
