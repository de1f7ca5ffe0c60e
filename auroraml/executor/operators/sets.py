"""Append, SetOp, Recursive Union."""

from __future__ import annotations

import numpy as np

from auroraml.batch import Batch, FixedVector, concat_batches
from auroraml.evaluate.keys import groups
from auroraml.executor.operator import Operator, Sliced, operator
from auroraml.ir import physical as p


@operator(p.Append)
class AppendRows(Operator):
    """The rows of each child in turn."""

    def open(self) -> None:
        self.at = 0

    def produce(self, n: int) -> Batch | None:
        while self.at < len(self.children):
            batch = self.children[self.at].pull(n)
            if batch is not None:
                return batch
            self.at += 1
        return None


@operator(p.SetOp)
class SetOpRows(Operator):
    """INTERSECT and EXCEPT by counting each side's copies of a row."""

    node: p.SetOp

    def open(self) -> None:
        self.kept = Sliced()
        batch = self.children[0].drain()
        if batch is None:
            return
        types = [self.node.source.targets[k].type for k in self.node.keys]
        codes, count, first = groups([batch.vector(k) for k in self.node.keys], types, batch.n)
        flag = batch.vector(self.node.flag).flat()
        assert isinstance(flag, FixedVector)
        left = np.bincount(codes[flag.values == 0], minlength=count)
        right = np.bincount(codes[flag.values == 1], minlength=count)
        copies = {
            "Intersect": (left > 0) & (right > 0), "Intersect All": np.minimum(left, right),
            "Except": (left > 0) & (right == 0), "Except All": np.maximum(left - right, 0),
        }[self.node.command].astype(np.int64)  # fmt: skip
        rows = np.repeat(first, copies)
        self.kept.left = batch.take(rows)

    def produce(self, n: int) -> Batch | None:
        batch = self.kept.give(n)
        return None if batch is None else self.project(self.frame(batch.n, batch))


@operator(p.RecursiveUnion)
class RecursiveRows(Operator):
    """The first query, then the second over the rows before, until it gives none."""

    node: p.RecursiveUnion

    def open(self) -> None:
        self.step: Batch | None = None
        self.first = True
        self.all: Batch | None = None
        self.kept = Sliced()

    def produce(self, n: int) -> Batch | None:
        found = self.kept.give(n)
        while found is None:
            if self.first:
                self.first = False
                batch = self.children[0].drain()
            else:
                if self.step is None or self.step.n == 0:
                    return None
                self.ctx.work_tables[self.node.work_table] = self.step
                self.children[1].rescan()
                batch = self.children[1].drain()
            self.step = self._new(batch)
            if self.step is None or self.step.n == 0:
                return None
            self.kept.left = self.step
            found = self.kept.give(n)
        return found

    def _new(self, batch: Batch | None) -> Batch | None:
        """UNION: only rows not seen before."""
        if batch is None or not self.node.distinct:
            return batch
        before = 0 if self.all is None else self.all.n
        together = batch if self.all is None else concat_batches([self.all, batch])
        types = [t.type for t in self.node.targets]
        _, _, first = groups([together.vector(i) for i in range(len(types))], types, together.n)
        rows = np.sort(first[first >= before])
        new = together.take(rows)
        self.all = new if self.all is None else concat_batches([self.all, new])
        return new
