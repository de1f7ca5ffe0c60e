"""run: a physical plan to rows."""

from __future__ import annotations

from auroraml.batch import Batch
from auroraml.executor.context import ExecutionContext
from auroraml.executor.operator import ALL, build
from auroraml.executor.plans import declared, held
from auroraml.ir.metrics import Metrics
from auroraml.ir.physical import ModifyTable, PhysicalPlan


class Running:
    """A statement under way: rows on demand, metrics, the count of changed rows."""

    def __init__(self, plan: PhysicalPlan, ctx: ExecutionContext) -> None:
        self.ctx = ctx
        for sub in declared(plan):
            ctx.declare(sub)
        self.changing = [
            sub.index for sub in ctx.cte_plans.values() if isinstance(sub.plan, ModifyTable)
        ]  # WITH queries that run though nobody reads them
        if self.changing:
            ctx.at_end, ctx.counted = [], plan
        ctx.hold(held(plan))
        self.width = len(plan.names) if len(plan.names) < len(plan.targets) else None  # columns beyond are hidden sort keys
        self.root = build(plan, ctx)

    @property
    def affected(self) -> int:
        """Rows inserted, updated or deleted."""
        return self.ctx.affected

    @property
    def metrics(self) -> Metrics:
        """What was measured."""
        return self.ctx.metrics

    def pull(self, n: int) -> Batch | None:
        """At most `n` rows, None at the end."""
        try:
            batch = self.root.pull(n)
            if batch is None and self.changing:
                self._finish()
        except BaseException:
            self._end_workers(abort=True)
            raise
        return batch if batch is None or self.width is None else batch.select(range(self.width))

    def _finish(self) -> None:
        """Run data-modifying WITH queries to their ends, then what waits for the end of all changes (ExecPostprocessPlan, AfterTriggerEndQuery)."""
        changing, self.changing = self.changing, []
        for index in changing:
            rows = self.ctx.cte(index, self.ctx.loops)
            while rows.rows(rows.n, ALL) is not None:
                pass
        for step in self.ctx.at_end or ():
            step()

    def close(self) -> None:
        """Let go of what operators hold, and end the workers."""
        self.root.close()
        self.ctx.close_subqueries()
        self._end_workers(abort=False)

    def _end_workers(self, *, abort: bool) -> None:
        for gather in list(self.ctx.gathers):
            gather.end(abort=abort)


def run(plan: PhysicalPlan, ctx: ExecutionContext) -> Running:
    """Start a plan."""
    return Running(plan, ctx)
