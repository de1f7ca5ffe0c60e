"""Sort, Incremental Sort, Unique, Group: rows in order, and runs of equal ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auroraml.batch import Batch, Index, Mask, concat_batches
from auroraml.batch.quicksort import quick_sorted, smallest
from auroraml.evaluate.keys import codes_of, sort_indices
from auroraml.executor.operator import ALL, LARGE, Feed, Keeping, Operator, Streaming, operator
from auroraml.ir import physical as p
from auroraml.types.pg_type import PgType
from auroraml.types.table import INT8

STABLE = 6  # rows that PostgreSQL's qsort sorts by insertion
TIES = 4_096  # rows up to which its order among equal rows is worth the time: a loop over rows in Python
SMALLEST_RUN = 32  # PostgreSQL's incremental sort does not sort fewer rows at a time


def output_type(node: p.PhysicalPlan, index: int) -> PgType:
    """The type of a node's output column."""
    while not node.targets and node.children():
        node = node.children()[0]
    return node.targets[index].type


def order_of(batch: Batch, keys: Sequence[p.SortColumn], source: p.PhysicalPlan) -> Index:
    """The rows' order by `keys`, within their loops."""
    vectors = [batch.vector(k.index) for k in keys]
    types = [output_type(source, k.index) for k in keys]
    down, first = [k.descending for k in keys], [k.nulls_first for k in keys]
    if batch.owner is not None:
        vectors, types, down, first = [batch.owner.vector, *vectors], [INT8, *types], [False, *down], [False, *first]
    return sort_indices(vectors, types, down, first, batch.n)


def changes(batch: Batch, keys: Sequence[int], source: p.PhysicalPlan) -> Mask:
    """Where a row differs from the one before in `keys`, or begins another loop; the first row does."""
    changed = np.zeros(batch.n, np.bool_)
    if batch.n:
        changed[0] = True
    vectors = [(batch.vector(k), output_type(source, k)) for k in keys]
    if batch.owner is not None:
        vectors.append((batch.owner.vector, INT8))
    for vector, type in vectors:
        codes, _ = codes_of(vector, type)
        changed[1:] |= codes[1:] != codes[:-1]
    return changed


@operator(p.Sort)
class SortRows(Keeping):
    """All rows in order."""

    node: p.Sort

    def __init__(self, node: p.PhysicalPlan, ctx: object) -> None:
        super().__init__(node, ctx)  # type: ignore[arg-type] # an ExecutionContext
        self.most = ALL

    def bound(self, n: int) -> None:
        self.most = n

    def collect(self) -> Batch | None:
        batch = self.drain_for(self.children[0])
        self.metrics.extra["Sort Method"] = "quicksort"
        self.metrics.extra["Sorted Rows"] = 0 if batch is None else batch.n
        if batch is None:
            return None
        order = order_of(batch, self.node.keys, self.node.source)
        if self.loops.n is not None:
            return batch.take(order)
        if batch.n > 2 * self.most:
            self.metrics.extra["Sort Method"] = "top-N heapsort"
        return batch.take(self._ties(batch, order))

    def _ties(self, batch: Batch, order: Index) -> Index:
        """`order` with equal rows as PostgreSQL's sort leaves them: of top-N sorts always, of others up to TIES rows."""
        bounded = batch.n > 2 * self.most
        if not self.most or not (bounded or STABLE < batch.n <= TIES):
            return order
        runs = np.cumsum(changes(batch.take(order), [k.index for k in self.node.keys], self.node.source)) - 1
        if not bounded and runs[-1] == batch.n - 1:
            return order
        codes = np.empty(batch.n, np.int64)
        codes[order] = runs
        if not bounded:
            return np.array(quick_sorted(codes.tolist()), np.int64)
        first = np.array(smallest(codes, self.most), np.int64)
        left = np.ones(batch.n, np.bool_)
        left[first] = False
        return np.concatenate([first, order[left[order]]])  # all rows are kept: a rescan may ask for more of them

    def produce(self, n: int) -> Batch | None:
        batch = self.feed.give(n)
        if batch is None or not self.targets:
            return batch
        return self.project(self.frame(batch.n, batch))


@operator(p.IncrementalSort)
class IncrementalSortRows(Operator):
    """Rows that come in runs of the first keys: each run sorted when the next one begins."""

    node: p.IncrementalSort

    def open(self) -> None:
        self.waiting: Batch | None = None
        self.ended = False
        self.feed = Feed()

    def produce(self, n: int) -> Batch | None:
        while (found := self.feed.give(n)) is None:
            if self.ended:
                return None
            self.feed.fill(self._sorted(n))
        return self.project(self.frame(found.n, found))

    def _sorted(self, n: int) -> Batch | None:
        """The next complete runs in order."""
        keys = [k.index for k in self.node.keys[: self.node.presorted]]
        whole = n >= LARGE or self.loops.n is not None
        while True:
            batch = self.pull_for(self.children[0], ALL if whole else max(SMALLEST_RUN, n))
            if batch is None:
                self.ended = True
                rest, self.waiting = self.waiting, None
                return None if rest is None else rest.take(order_of(rest, self.node.keys, self.node.source))
            rows = batch if self.waiting is None else concat_batches([self.waiting, batch])
            starts = np.flatnonzero(changes(rows, keys, self.node.source))
            cut = int(starts[-1])
            self.waiting = rows.drop(cut)
            if cut:
                ready = rows.slice(0, cut)
                return ready.take(order_of(ready, self.node.keys, self.node.source))


@operator(p.Unique, p.Group)
class UniqueRows(Streaming):
    """The first of each run of equal keys."""

    node: p.Unique

    def open(self) -> None:
        self.previous: Batch | None = None
        self.before: Batch | None = None

    def step(self, batch: Batch) -> tuple[Batch, Index | None]:
        rows = batch if self.previous is None else concat_batches([self.previous, batch])
        new = changes(rows, self.node.keys, self.node.source)
        kept = np.flatnonzero(new if self.previous is None else new[1:])
        frame, passed = self.passing(self.frame(len(kept), batch.take(kept)))
        made = self.project(frame) if self.targets else frame.sides[0]
        return made, kept if passed is None else kept[passed]

    def accepted(self, batch: Batch) -> None:
        if batch.n:
            self.before, self.previous = self.previous, batch.slice(batch.n - 1, batch.n)

    def take_back(self, batch: Batch) -> None:
        super().take_back(batch)
        if self.input is not None and self.loops.n is None and not self.volatile:
            self.previous = self.before if not self.input.n else self.input.slice(self.input.n - 1, self.input.n)
