"""Replay: part of a plan run anew for exactly the rows that PostgreSQL, a row at a time, would have read of it; for EXPLAIN ANALYZE alone."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING

from auroraml.executor.operator import LARGE, Operator, build, counters, restore
from auroraml.executor.plans import any_volatile, facts_of
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.metrics import NodeMetrics
from auroraml.ir.tree import children
from auroraml.records import dataclass

if TYPE_CHECKING:
    from auroraml.executor.context import ExecutionContext


@dataclass(frozen=True, kw_only=True)
class Before:
    """What the nodes of a plan had counted before a run of it."""

    counts: tuple[tuple[NodeMetrics, tuple[int, ...]], ...]
    times: tuple[tuple[float, float], ...]
    extra: tuple[dict[str, object], ...]

    def set_back(self) -> None:
        """Forget what was counted since."""
        restore(list(self.counts))
        for (metrics, _), (startup, total), extra in zip(self.counts, self.times, self.extra, strict=True):
            metrics.startup, metrics.total = startup, total
            metrics.extra = copy.deepcopy(extra)


def before_run(plan: p.PhysicalPlan, ctx: ExecutionContext) -> Before:
    """The counters of a plan as they are now."""
    metrics = [ctx.metrics.node(node.id) for node in _run_again(plan)]
    return Before(
        counts=tuple((m, counters(m)) for m in metrics),
        times=tuple((m.startup, m.total) for m in metrics),
        extra=tuple(copy.deepcopy(m.extra) for m in metrics),
    )


def _run_again(plan: p.PhysicalPlan, made: frozenset[int] = frozenset()) -> Iterator[p.PhysicalPlan]:
    """The nodes that run again with a plan: correlated subqueries too, but none whose value is kept; `made`: the parameters that are set anew with it."""
    yield plan
    if isinstance(plan, p.NestedLoop):
        made |= {number for number, _ in plan.params}
    again = []
    for sub in plan.init_plans:
        if sub.plan is not None and facts_of(sub.plan).free & made:
            again.append(sub.plan)
            made = made.union(sub.outputs)
    for part in again:
        yield from _run_again(part, made)
    pending: list[object] = [part for part in children(plan) if part not in plan.init_plans]
    while pending:
        item = pending.pop()
        if isinstance(item, p.PhysicalPlan):
            yield from _run_again(item, made)
        elif not isinstance(item, e.SubPlan):
            pending.extend(children(item))
        elif item.params and item.plan is not None:
            yield from _run_again(item.plan, made.union(number for number, _ in item.params))


def can_replay(root: Operator) -> bool:
    """Whether running the plan once more is without effect, and gives the same rows."""
    return not any_volatile(root.node) and all(part.member is None for part in _operators(root))


def _operators(root: Operator) -> Iterator[Operator]:
    yield root
    for child in root.children:
        yield from _operators(child)


def replay(root: Operator, before: Before, rows: int, *, ended: bool) -> Operator:
    """A new run of the plan of `root`: `rows` of its rows are read, and where it `ended`, that there are no more."""
    root.close()
    before.set_back()
    fresh = build(root.node, root.ctx)
    fresh.rescan(root.loops, fresh.free)
    while rows and (batch := fresh.pull(min(rows, LARGE - 1))) is not None:
        rows -= batch.n
    if ended:
        fresh.pull(1)
    return fresh
