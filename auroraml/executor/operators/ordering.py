"""Sort, Incremental Sort, Limit, Gather."""

from __future__ import annotations

import numpy as np

from auroraml.batch import Batch
from auroraml.errors import InvalidRowCountInLimitClause, InvalidRowCountInResultOffsetClause
from auroraml.evaluate import compile
from auroraml.evaluate.keys import groups, sort_indices
from auroraml.executor.operator import ALL, Operator, Sliced, operator
from auroraml.ir import expr as e
from auroraml.ir import physical as p


@operator(p.Sort, p.IncrementalSort)
class SortRows(Operator):
    """All rows in order."""

    node: p.Sort

    def open(self) -> None:
        self.kept = Sliced()
        batch = self.children[0].drain()
        if batch is not None:
            keys = self.node.keys
            types = [self.node.source.targets[k.index].type for k in keys]
            order = sort_indices([batch.vector(k.index) for k in keys], types, [k.descending for k in keys], [k.nulls_first for k in keys], batch.n)
            self.kept.left = batch.take(order)
            self.metrics.extra["Sort Method"] = "quicksort"

    def produce(self, n: int) -> Batch | None:
        batch = self.kept.give(n)
        return None if batch is None else self.project(self.frame(batch.n, batch))


@operator(p.Limit)
class LimitRows(Operator):
    """Asks below for no more rows than are still owed."""

    node: p.Limit

    def open(self) -> None:
        self.left = self._count(self.node.count, ALL, InvalidRowCountInLimitClause("LIMIT must not be negative"))
        self.skip = self._count(self.node.offset, 0, InvalidRowCountInResultOffsetClause("OFFSET must not be negative"))
        self.ties: Batch | None = None

    def _count(self, expr: e.Expr | None, default: int, negative: Exception) -> int:
        if expr is None:
            return default
        value = compile(expr)(self.frame(1, Batch([], 1))).datum(0)
        if value is None:
            return default
        if int(str(value)) < 0:
            raise negative
        return int(str(value))

    def produce(self, n: int) -> Batch | None:
        if self.node.ties:
            return self._with_ties(n)
        while self.left > 0 and (batch := self.children[0].pull(min(ALL, self.skip + min(self.left, n)))) is not None:
            part = batch.drop(min(self.skip, batch.n))
            self.skip -= batch.n - part.n
            self.left -= part.n
            if part.n:
                return self.project(self.frame(part.n, part))
        return None

    def _with_ties(self, n: int) -> Batch | None:
        batch = self.children[0].drain() if self.left > 0 else None
        self.left = 0
        if batch is None:
            return None
        batch = batch.drop(min(self.skip, batch.n))
        wanted = self._count(self.node.count, ALL, InvalidRowCountInLimitClause("LIMIT must not be negative"))
        if wanted < batch.n:
            types = [self.node.source.targets[k.index].type for k in self.node.ties]
            codes, _, _ = groups([batch.vector(k.index) for k in self.node.ties], types, batch.n)
            same = np.flatnonzero(codes == codes[wanted - 1])
            batch = batch.slice(0, int(same[-1]) + 1)
        return self.project(self.frame(batch.n, batch)) if batch.n else None


@operator(p.Gather, p.GatherMerge)
class GatherRows(Operator):
    """Runs its child in the leader."""

    def produce(self, n: int) -> Batch | None:
        batch = self.children[0].pull(n)
        return None if batch is None else self.project(self.frame(batch.n, batch))


@operator(p.LockRows)
class LockedRows(GatherRows):
    """Passes rows on."""
