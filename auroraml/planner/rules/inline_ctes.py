"""WITH queries used once and free of side effects become subqueries in FROM (inline_cte); the others are planned by themselves."""

from __future__ import annotations

from dataclasses import replace

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.tree import rewrite, walk
from auroraml.planner.level.questions import volatile

P = l.LogicalPlan


def inline_ctes(plan: l.Query | l.SetOperation | l.Values) -> l.Query | l.SetOperation | l.Values:
    """`plan` with eligible WITH queries expanded where they are used."""
    kept: list[l.Cte] = []
    ctes = list(plan.ctes)
    body: P = replace(plan, ctes=())
    for i in range(len(ctes)):
        cte = ctes[i]  # with those before it expanded
        uses = sum(1 for part in (body, *ctes[i + 1 :]) for x in walk(part) if isinstance(x, l.CteItem) and x.cte == cte.id)
        if not uses and not isinstance(cte.query, l.Insert | l.Update | l.Delete):
            continue
        if not _eligible(cte, uses):
            kept.append(cte)
            continue

        def change(node: object, cte: l.Cte = cte) -> object | None:
            if isinstance(node, l.CteItem) and node.cte == cte.id:
                return l.SubqueryItem(outputs=node.outputs, alias=node.alias, lateral=node.lateral, aliased=node.aliased, query=cte.query)
            return None

        body = rewrite(body, change)
        ctes = [rewrite(other, change) if j > i else other for j, other in enumerate(ctes)]
    return replace(body, ctes=tuple(kept))  # type: ignore[return-value, call-arg] # the same class as `plan`


def _eligible(cte: l.Cte, uses: int) -> bool:
    if cte.recursive or not isinstance(cte.query, l.Query | l.SetOperation | l.Values):
        return False
    if cte.materialized is True or (cte.materialized is None and uses > 1):
        return False
    if any(isinstance(x, l.CteItem) and x.cte == cte.id for x in walk(cte.query)):
        return False
    return not (any(isinstance(x, l.RowLock) for x in walk(cte.query)) or _volatile(cte.query))


def _volatile(query: l.LogicalPlan) -> bool:
    return any(isinstance(x, e.Call | e.OpCall) and volatile(x) for x in walk(query))
