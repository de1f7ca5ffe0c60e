"""Result, Values Scan, Subquery Scan, CTE Scan, WorkTable Scan: rows that no table holds."""

from __future__ import annotations

import numpy as np

from auroraml.batch import Batch, Index, concat_batches, from_datums
from auroraml.evaluate import select
from auroraml.executor.loops import Loops
from auroraml.executor.operator import LARGE, Feed, Operator, Streaming
from auroraml.ir import expr as e
from auroraml.ir import physical as p

FEW = 1_000  # rows of constants that are kept with their plan


class ResultRows(Streaming):
    """One row, or the child's rows, under a test made once a loop."""

    node: p.Result

    def open(self) -> None:
        self.done = False
        n = 1 if self.loops.n is None else self.loops.n
        base = Batch([], n)
        frame = self.frame(n, base if self.loops.n is None else base.owned(np.arange(n)))
        self.allowed = allowed = select([self.evaluator(test) for test in self.node.one_time], frame)
        self.some: Loops | None = None  # those of the loops that pass, where not all do
        if self.children and self.loops.n is not None and not allowed.all() and allowed.any():
            self.places = np.flatnonzero(allowed)
            self.some = Loops(len(self.places), {}, self.loops.at(self.places), self.ctx.missing, self.loops.changing)
            self.children[0].rescan(self.some, self.loops.changing)

    def produce(self, n: int) -> Batch | None:
        if not self.allowed.any():
            return None
        if self.some is not None:
            return self._of_some(self.some, n)
        if self.children:
            return super().produce(n)
        if self.done:
            return None
        self.done = True
        rows = Batch([], len(self.allowed))
        if self.loops.n is not None:
            rows = rows.owned(np.arange(rows.n)).filter(self.allowed)
        frame, _ = self.passing(self.frame(rows.n, rows))
        return self.project(frame) if frame.n else None

    def _of_some(self, some: Loops, n: int) -> Batch | None:
        """The child's rows for the loops that pass; for others it does not run."""
        loops, self.loops = self.loops, some
        try:
            found = super().produce(n)
        finally:
            self.loops = loops
        return None if found is None else found.owned(self.places[found.owners])

    def bound(self, n: int) -> None:
        if self.children and not self.tests:
            self.children[0].bound(n)

    def take_back(self, batch: Batch) -> None:
        if self.children:
            super().take_back(batch)
        else:
            Operator.take_back(self, batch)


class FedRows(Operator):
    """A scan over rows at hand, filtered as they are asked for."""

    def __init__(self, node: p.PhysicalPlan, ctx: object) -> None:
        super().__init__(node, ctx)  # type: ignore[arg-type] # an ExecutionContext
        self.feed = Feed()
        self.origins: Index | None = None
        self.input = self.output = 0

    def produce(self, n: int) -> Batch | None:
        while (part := self.feed.give(1 if self.stepwise and self.tests and n < LARGE else n)) is not None:
            removed = self.metrics.removed_by_filter

            def compute(m: int, part: Batch = part, removed: int = removed) -> tuple[Batch, Index | None]:
                self.metrics.removed_by_filter = removed
                cut = part.slice(0, m)
                frame, kept = self.passing(self.frame(cut.n, cut))
                return (self.project(frame) if self.targets else frame.sides[0]), kept

            (made, self.origins), used = self.longest(compute, part.n)
            self.feed.back(part.n - used)
            self.input, self.output = used, made.n
            if made.n:
                return made
        return None

    def take_back(self, batch: Batch) -> None:
        if self.volatile or self.loops.n is not None:
            super().take_back(batch)
            return
        kept = self.output - batch.n
        used = kept if self.origins is None else int(self.origins[kept - 1]) + 1 if kept else 0
        self.metrics.removed_by_filter -= (self.input - self.output) - (used - kept)
        self.feed.back(self.input - used)
        self.input, self.output = used, kept
        self.origins = None if self.origins is None else self.origins[:kept]

    def for_loops(self, batch: Batch | None) -> Batch | None:
        """The same rows for each loop."""
        n = self.loops.n
        if n is None or batch is None:
            return batch
        return batch.take(np.tile(np.arange(batch.n), n)).owned(np.repeat(np.arange(n), batch.n))


class Constants:
    """The rows of VALUES where they are few constants: made once."""

    __slots__ = ("rows",)

    def __init__(self, node: p.ValuesScan) -> None:
        self.rows: Batch | None = None
        columns = list(zip(*node.rows, strict=True))
        constants = [[value for value in column if isinstance(value, e.Const) and not value.type.is_array] for column in columns]
        if len(node.rows) <= FEW and all(len(found) == len(node.rows) for found in constants):
            vectors = [from_datums(found[0].type, [constant.value for constant in found]) for found in constants]
            self.rows = Batch.of(vectors, len(node.rows))


class ValuesRows(FedRows):
    """VALUES: each row's expressions, over one row or over all loops."""

    node: p.ValuesScan

    def open(self) -> None:
        n = 1 if self.loops.n is None else self.loops.n
        base = Batch([], n)
        frame = self.frame(n, base if self.loops.n is None else base.owned(np.arange(n)))
        whole = self.once(Constants, self.node).rows if self.loops.n is None else None
        if whole is None:
            rows = [Batch.of([self.evaluator(value)(frame).flat() for value in row], n) for row in self.node.rows]
            whole = concat_batches(rows) if rows else None
        if whole is not None and self.loops.n is not None:
            whole = whole.owned(np.tile(np.arange(n), len(rows))).take(np.argsort(np.tile(np.arange(n), len(rows)), kind="stable"))
        self.feed.fill(whole)


class SubqueryRows(Streaming):
    """The child's rows under other names."""

    def bound(self, n: int) -> None:
        if not self.tests:
            self.children[0].bound(n)


class CteRows(FedRows):
    """The rows of a WITH query, computed once for the statement as far as they are asked for."""

    node: p.CteScan

    def open(self) -> None:
        self.at = 0

    def produce(self, n: int) -> Batch | None:
        query = self.ctx.cte(self.node.cte, self.loops)
        while True:
            if not self.feed.left:
                batch = query.rows(self.at, n)
                if batch is None:
                    return None
                self.at += batch.n
                self.feed.fill(self.for_loops(batch))
            found = super().produce(n)
            if found is not None:
                return found

    def rescan(self, loops: Loops, changed: frozenset[int]) -> None:
        super().rescan(loops, changed)
        self.feed.fill(None)
        self.ctx.forget_cte(self.node.cte, changed)

    def rewind(self) -> None:
        super().rewind()
        self.feed.fill(None)


class WorkTableRows(FedRows):
    """The previous step of a recursive query."""

    node: p.WorkTableScan

    def open(self) -> None:
        self.feed.fill(self.ctx.work_tables.get(self.node.work_table))
