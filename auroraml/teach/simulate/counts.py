"""Counts: how many rows each node of a plan would have, by the planner's estimates; the rule is documented in docs/simulator.md."""

from __future__ import annotations

from auroraml.batch import Batch, Vector
from auroraml.catalog.simulated import simulates
from auroraml.errors import FeatureNotSupported
from auroraml.evaluate import Frame, compile
from auroraml.executor.context import ExecutionContext
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.tree import walk
from auroraml.planner.cost.numbers import parallel_divisor
from auroraml.settings.planner import PARALLEL_LEADER_PARTICIPATION


class Counts:
    """Rows of all participants together.

    Below a Gather the planner divides estimates by what each participant is worth: they are multiplied again. A table has the rows of its statistics;
    a scan without a condition gives all of them, and so does every node above it that neither filters nor groups.
    """

    def __init__(self, plan: p.PhysicalPlan, ctx: ExecutionContext) -> None:
        self.ctx = ctx
        self._divisors: dict[int, float] = {}
        self._divide(plan, 1.0)

    def _divide(self, node: p.PhysicalPlan, divisor: float) -> None:
        self._divisors[id(node)] = divisor
        if isinstance(node, p.Gather):
            divisor = parallel_divisor(node.workers, bool(self.ctx.settings[PARALLEL_LEADER_PARTICIPATION]))
        for child in node.children():
            self._divide(child, divisor)

    def input(self, node: p.SeqScan) -> int:
        """The rows that a scan reads: all of its table's, or those that an index finds."""
        if isinstance(node, p.IndexScan) and (node.conditions or node.index.predicate):
            return max(round(node.found), self._estimated(node)) if node.filter else self._estimated(node)
        statistics = self.ctx.catalog.statistics(node.relation.oid)
        if simulates(self.ctx.catalog, node.relation):
            return int(statistics.tuples)
        vectors: list[Vector] = self.ctx.host.column_vectors(node.relation)
        return vectors[0].n if vectors else self._estimated(node)

    def pages(self, node: p.SeqScan) -> int:
        """The pages that a scan reads, where they are counted."""
        if not self.ctx.buffers:
            return 0
        if isinstance(node, p.IndexScan):
            raise FeatureNotSupported("EXPLAIN option BUFFERS for index scans over simulated rows is not supported")
        statistics = self.ctx.catalog.statistics(node.relation.oid)
        if statistics.stored is not None:
            return int(statistics.current_pages)
        stored: int = self.ctx.host.pages.heap_pages(node.relation)
        return stored

    def output(self, node: p.PhysicalPlan) -> int:
        """The rows that a node gives."""
        if isinstance(node, p.SeqScan):
            rows = self.input(node)
            return min(self._estimated(node), rows) if node.filter else rows
        if isinstance(node, p.NestedLoop) and isinstance(node.inner, p.FunctionScan) and node.inner.batch:
            below = self.output(node.outer)
            return min(self._estimated(node), below) if node.filter or node.condition or node.inner.filter else below
        if isinstance(node, p.Sort | p.Gather | p.Hash | p.Materialize | p.SubqueryScan | p.Result) and not node.filter and node.children():
            return self.output(node.children()[0])
        return self._estimated(node)

    def groups(self, node: p.Aggregate) -> int:
        """The groups of an aggregate; of those with a filter, before it."""
        if node.filter:
            return max(self._estimated(node), min(self._estimated(node) * 3, self.output(node.source)))
        return max(round(node.cost.rows), 1)

    def _estimated(self, node: p.PhysicalPlan) -> int:
        partial = self._divisors[id(node)]
        rows = node.cost.rows
        return max(round(rows if partial == 1.0 else rows * partial), 0)

    def constant(self, expr: e.Expr | None, default: int) -> int:
        """The value of LIMIT or OFFSET."""
        if expr is None:
            return default
        if any(isinstance(x, e.SubPlan) for x in walk(expr)):
            return default
        value = compile(expr)(Frame(n=1, sides=(Batch([], 1),), params=self.ctx.loops, ctx=self.ctx)).datum(0)
        return default if value is None else int(str(value))
