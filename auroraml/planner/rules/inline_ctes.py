"""WITH queries used once and free of side effects become subqueries in FROM (inline_cte); the others are planned by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.renumber import renumber
from auroraml.ir.tree import rewrite, walk
from auroraml.planner.level.questions import volatile
from auroraml.planner.rules.join_tree import outer_ids
from auroraml.records import replace

P = TypeVar("P", l.Query, l.SetOperation, l.Values, l.Insert, l.Update, l.Delete)


def inline_ctes(plan: P, new_id: Callable[[], int]) -> P:
    """`plan` with eligible WITH queries expanded where they are used."""
    if not plan.ctes:
        return plan
    kept: list[l.Cte] = []
    pending: list[l.Cte] = list(plan.ctes)  # with those before them expanded
    body = replace(plan, ctes=())
    while pending:
        cte: l.Cte = pending.pop(0)
        uses: int = _uses(cte.id, (body, *pending))
        if not uses and not isinstance(cte.query, (l.Insert, l.Update, l.Delete)):
            continue
        if not _eligible(cte, uses):
            kept.append(cte)
            continue
        change = _expander(cte.id, iter([cte.query, *(_copy(cte.query, new_id) for _ in range(uses - 1))]))
        body = rewrite(body, change)
        pending = [rewrite(other, change) for other in pending]
    return replace(body, ctes=tuple(kept))


def _uses(cte: int, places: Sequence[object]) -> int:
    return sum(1 for place in places for x in walk(place) if isinstance(x, l.CteItem) and x.cte == cte)


def _expander(cte: int, copies: Iterator[l.LogicalPlan]) -> Callable[[object], object | None]:
    """Puts the next of the copies wherever the WITH query is used."""

    def change(node: object) -> object | None:
        if isinstance(node, l.CteItem) and node.cte == cte:
            return l.SubqueryItem(outputs=node.outputs, alias=node.alias, lateral=node.lateral, aliased=node.aliased, query=next(copies))
        return None

    return change


def _copy(query: l.LogicalPlan, new_id: Callable[[], int]) -> l.LogicalPlan:
    """The query again with columns and WITH queries of its own."""
    own = {x.id for x in walk(query) if isinstance(x, l.Cte)}
    outside = {x.cte for x in walk(query) if isinstance(x, l.CteItem)} - own
    return renumber(query, new_id, outer_ids(query) | outside)


def _eligible(cte: l.Cte, uses: int) -> bool:
    if cte.recursive or not isinstance(cte.query, (l.Query, l.SetOperation, l.Values)):
        return False
    if cte.materialized is True or (cte.materialized is None and uses > 1):
        return False
    if any(isinstance(x, l.CteItem) and x.cte == cte.id for x in walk(cte.query)):
        return False
    return not (any(isinstance(x, l.RowLock) for x in walk(cte.query)) or _volatile(cte.query))


def _volatile(query: l.LogicalPlan) -> bool:
    return any(isinstance(x, (e.Call, e.OpCall)) and volatile(x) for x in walk(query))
