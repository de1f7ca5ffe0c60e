"""Result, Seq Scan, Values Scan, Subquery Scan, CTE Scan, WorkTable Scan."""

from __future__ import annotations

import numpy as np

from auroraml.batch import Batch, Column, FixedVector, Rows, concat_batches
from auroraml.evaluate import compile, select
from auroraml.executor.operator import Operator, Sliced, operator
from auroraml.ir import physical as p

LOOK_AHEAD, LARGEST = 1_024, 524_288


@operator(p.Result)
class ResultRows(Operator):
    """One row, or the child's rows, under a test made once."""

    node: p.Result

    def open(self) -> None:
        self.allowed = True
        self.done = False
        for test in self.node.one_time:
            vector = compile(test)(self.frame(1))
            self.allowed = self.allowed and bool(vector.datum(0))

    def produce(self, n: int) -> Batch | None:
        if not self.allowed:
            return None
        if not self.children:
            if self.done:
                return None
            self.done = True
            frame = self.passing(self.frame(1, Batch([], 1)))
            return self.project(frame) if frame.n else None
        while (batch := self.children[0].pull(n)) is not None:
            frame = self.passing(self.frame(batch.n, batch))
            if frame.n:
                return self.project(frame) if self.targets else frame.sides[0]
        return None


@operator(p.SeqScan)
class SeqScanRows(Operator):
    """Visible rows in order; a filtered scan looks ahead in growing steps and keeps what it found beyond the demand."""

    node: p.SeqScan

    def open(self) -> None:
        self.position = 0
        self.step = LOOK_AHEAD
        self.kept = Sliced()
        relation = self.node.relation
        if relation.system is not None:
            assert self.ctx.system_rows is not None
            everything = self.ctx.system_rows(relation.system, self.ctx)
            self.input = everything.select([c.number - 1 for c in self.node.columns])
            return
        table = self.ctx.store.table(relation.oid)
        live = [c.number for c in relation.columns if not c.dropped]
        index = table.visible(self.ctx.transaction.snapshot)
        rows = Rows.range(0, table.n) if index is None else Rows.at(index)
        columns = []
        for column in self.node.columns:
            source = FixedVector(np.arange(table.n)) if column.number == -1 else table.column(live.index(column.number))
            columns.append(Column(source, rows))
        self.input = Batch(columns, rows.n)

    def produce(self, n: int) -> Batch | None:
        if not self.tests:
            if self.position >= self.input.n:
                return None
            part = self.input.slice(self.position, min(self.position + n, self.input.n))
            self.position += part.n
            return self.project(self.frame(part.n, part))
        found = self.kept.give(n)
        while found is None and self.position < self.input.n:
            step = max(self.step, min(8 * n, LARGEST))
            part = self.input.slice(self.position, min(self.position + step, self.input.n))
            self.position += part.n
            self.step = min(self.step * 2, LARGEST)
            mask = select(self.tests, self.frame(part.n, part))
            self.metrics.removed_by_filter += part.n - int(np.count_nonzero(mask))
            if mask.any():
                self.kept.left = part.filter(mask)
                found = self.kept.give(n)
        return None if found is None else self.project(self.frame(found.n, found))


@operator(p.ValuesScan)
class ValuesRows(Operator):
    """VALUES: each row's expressions over one row."""

    node: p.ValuesScan

    def open(self) -> None:
        frame = self.frame(1, Batch([], 1))
        rows = [Batch.of([compile(value)(frame).flat() for value in row], 1) for row in self.node.rows]
        self.kept = Sliced()
        self.kept.left = concat_batches(rows) if rows else None

    def produce(self, n: int) -> Batch | None:
        while (batch := self.kept.give(n)) is not None:
            frame = self.passing(self.frame(batch.n, batch))
            if frame.n:
                return self.project(frame)
        return None


@operator(p.SubqueryScan)
class SubqueryRows(Operator):
    """The child's rows under other names."""

    def produce(self, n: int) -> Batch | None:
        while (batch := self.children[0].pull(n)) is not None:
            frame = self.passing(self.frame(batch.n, batch))
            if frame.n:
                return self.project(frame)
        return None


@operator(p.CteScan)
class CteRows(Operator):
    """The rows of a WITH query, computed once for the statement."""

    node: p.CteScan

    def open(self) -> None:
        ctx = self.ctx
        if self.node.cte not in ctx.ctes:
            rows = ctx.operator(ctx.cte_plans[self.node.cte]).drain()
            ctx.ctes[self.node.cte] = Batch([], 0) if rows is None else rows
        self.kept = Sliced()
        self.kept.left = ctx.ctes[self.node.cte]

    def produce(self, n: int) -> Batch | None:
        while (batch := self.kept.give(n)) is not None:
            frame = self.passing(self.frame(batch.n, batch))
            if frame.n:
                return self.project(frame)
        return None


@operator(p.WorkTableScan)
class WorkTableRows(Operator):
    """The previous step of a recursive query."""

    node: p.WorkTableScan

    def open(self) -> None:
        self.kept = Sliced()
        self.kept.left = self.ctx.work_tables.get(self.node.work_table)

    def produce(self, n: int) -> Batch | None:
        while (batch := self.kept.give(n)) is not None:
            frame = self.passing(self.frame(batch.n, batch))
            if frame.n:
                return self.project(frame)
        return None
