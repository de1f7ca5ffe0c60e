"""Whether a statement may be planned for parallel workers, and the Gather that force_parallel_mode puts on top (standard_planner)."""

from __future__ import annotations

from typing import Final

from auroraml.ir import logical as l
from auroraml.ir import physical as p
from auroraml.ir.bound import BoundStatement
from auroraml.planner.cost.sorts import gather
from auroraml.planner.level.makeup import SAFE, UNSAFE
from auroraml.planner.level.statement import Statement
from auroraml.planner.plans.inputs import references
from auroraml.records import replace

SMALL: Final = 0.5  # tables below this part of the least size for a parallel scan leave nothing to share
SETUP: Final = 1000.0  # PostgreSQL's own parallel_setup_cost: no plan over small tables is worth it


def allow_workers(statement: Statement, bound: BoundStatement) -> None:
    """Settle whether parallel plans are considered; nothing is looked at where none could be chosen."""
    if not bound.parallel or statement.costs.workers == 0 or not isinstance(bound.plan, (l.Query, l.SetOperation, l.Values)):
        return
    statement.unsettled = True
    if _worthwhile(statement, bound):
        settle(statement)


def settle(statement: Statement) -> None:
    """Look for what keeps a statement from workers, also where they are not worthwhile but parallel safety decides between equal plans."""
    if statement.unsettled:
        hazard = statement.makeup.hazard
        statement.parallel_ok = hazard != UNSAFE
        statement.all_safe = hazard == SAFE
        statement.unsettled = False


def _worthwhile(statement: Statement, bound: BoundStatement) -> bool:
    """Whether a parallel plan could win: there is a large table, or something else that costs much."""
    costs = statement.costs
    if statement.forced != "off" or costs.parallel_setup < SETUP or not bound.needs or _has_set_operation(bound.plan):
        return True
    least = min(costs.min_table_pages, costs.min_index_pages) * SMALL
    for need in bound.needs:
        if need.kind == "function":
            return True
        relation = statement.catalog.relation(need.oid) if need.kind == "relation" else None
        if relation is None or relation.kind not in "rm" or relation.system is not None:
            continue
        if statement.facts(relation).pages >= least or any(name == "parallel_workers" for name, _ in relation.options):
            return True
    return False


def _has_set_operation(plan: l.LogicalPlan) -> bool:
    """Whether a set operation stands in FROM, whose members workers share however small they are."""
    if isinstance(plan, l.SetOperation):
        return True
    if isinstance(plan, l.Query):
        return any(_has_set_operation(item) for item in plan.from_items) or any(_has_set_operation(cte.query) for cte in plan.ctes)
    if isinstance(plan, l.JoinItem):
        return _has_set_operation(plan.left) or _has_set_operation(plan.right)
    return isinstance(plan, l.SubqueryItem) and _has_set_operation(plan.query)


def single_copy(statement: Statement, root: p.PhysicalPlan) -> p.PhysicalPlan:
    """The plan under a Gather whose one worker runs all of it, with its init plans moved up."""
    cost = root.cost
    startup, total = gather(statement.costs, cost.startup, cost.total, cost.rows)
    return p.Gather(
        source=replace(root, init_plans=()), workers=1, single_copy=True, targets=references(root.targets), init_plans=root.init_plans,
        cost=p.Cost(startup=startup, total=total, rows=cost.rows, width=cost.width),
    )  # fmt: skip
