"""Incremental Sort: rows that come in runs of the first keys, each sorted when the next one begins (nodeIncrementalSort.c)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auroraml.batch import Batch, Index, concat_batches
from auroraml.executor.operator import ALL, LARGE, Feed, Operator
from auroraml.executor.operators.nested_loop import NestedLoopRows
from auroraml.executor.operators.ordering import STABLE, TIES, changes, order_of, ranked, sort_space_of, with_ties
from auroraml.executor.space.sorting import Reused
from auroraml.ir import physical as p
from auroraml.ir.metrics import SortGroups

LEAST = 32  # rows that are sorted by all keys together, whatever runs they are of
MOST = 64  # rows beyond which a run is sorted by the later keys alone
AHEAD = 1_024  # rows read at a time of a long run; those of the next one go back
FULL, PRESORTED = "Full-sort Groups", "Pre-sorted Groups"


class IncrementalSortRows(Operator):
    """Runs of many rows at once; where rows are counted or few are wanted, and where a few rows have ties, PostgreSQL's steps one by one."""

    node: p.IncrementalSort

    def __init__(self, node: p.PhysicalPlan, ctx: object) -> None:
        super().__init__(node, ctx)  # type: ignore[arg-type] # an ExecutionContext
        self.most = ALL
        self.single = self.ctx.measured and isinstance(self.children[0], NestedLoopRows)  # which cannot tell what less rows would have cost

    def bound(self, n: int) -> None:
        self.most = n

    def open(self) -> None:
        self.waiting: Batch | None = None  # read, but of a later run
        self.left: Batch | None = None  # sorted by all keys, but not yet by the later keys alone
        self.sorts: dict[str, Reused] = {}
        self.done = 0  # rows of the bound that were made
        self.ended = False
        self.stepping = False  # as rows are few, and the order of equal ones shows how PostgreSQL cuts them into sorts
        self.feed = Feed()

    def produce(self, n: int) -> Batch | None:
        exact = (self.ctx.measured or n < LARGE) and self.loops.n is None
        while (found := self.feed.give(n)) is None:
            if self.ended:
                return None
            self.feed.fill(self._next() if exact or self.stepping else self._sorted(n))
        return self.project(self.frame(found.n, found))

    # Many runs at once

    def _waited(self) -> Batch | None:
        """What was read of a later run, which now is this one."""
        waiting, self.waiting = self.waiting, None
        return waiting

    def _sorted(self, n: int) -> Batch | None:
        """The next complete runs in order."""
        whole = n >= LARGE or self.loops.n is not None
        while True:
            batch = self.pull_for(self.children[0], ALL if whole else max(LEAST, n))
            if batch is None:
                self.ended = True
                rest = self._waited()
                return None if rest is None else rest.take(order_of(rest, self.node.keys, self.node.source))
            if self.waiting is None and self._few_with_ties(batch):
                self.stepping = True
                self.children[0].unread(batch)
                return self._next()
            rows = batch if self.waiting is None else concat_batches([self.waiting, batch])
            cut = int(np.flatnonzero(self._begins(rows))[-1])
            self.waiting = rows.drop(cut)
            if cut:
                ready = rows.slice(0, cut)
                return ready.take(order_of(ready, self.node.keys, self.node.source))

    def _few_with_ties(self, batch: Batch) -> bool:
        if self.loops.n is not None or not STABLE < batch.n <= TIES:
            return False
        order = order_of(batch, self.node.keys, self.node.source)
        return not changes(batch.take(order), [k.index for k in self.node.keys], self.node.source).all()

    def _begins(self, rows: Batch) -> np.ndarray:
        return changes(rows, [k.index for k in self.node.keys[: self.node.presorted]], self.node.source)

    # Step by step

    def _next(self) -> Batch:
        """The rows of the next sort."""
        return self._full() if self.left is None else self._presorted(self.left)

    def _full(self) -> Batch:
        """At least LEAST rows and the rest of the last one's run, sorted by all keys."""
        bound = self.most - self.done
        first = self._waited()
        rows = [] if first is None else [first]
        count = len(rows)
        count += self._read(rows, min(LEAST, bound) - count)
        if not self.ended:
            count += self._rest_of_run(rows, MOST + 1 - count)
        made = self._in_order(FULL, rows, self.node.keys, bound if bound < LEAST else None)
        if self.waiting is not None or self.ended:
            self.done = min(self.most, self.done + count)
            return made
        return self._presorted(made.slice(0, bound) if bound < LEAST and count > 2 * bound else made)

    def _presorted(self, rows: Batch) -> Batch:
        """The first run of `rows`, and where it is the last, what follows of it."""
        starts = np.flatnonzero(self._begins(rows))
        found = [rows if len(starts) == 1 else rows.slice(0, int(starts[1]))]
        self.left = None if len(starts) == 1 else rows.drop(int(starts[1]))
        count = found[0].n if self.left is not None else 0
        if self.left is None:
            while self.waiting is None and not self.ended:
                count += self._rest_of_run(found, AHEAD)
        made = self._in_order(PRESORTED, found, self.node.keys[self.node.presorted :], self.most - self.done if self.most < ALL else None)
        self.done = min(self.most, self.done + count)
        return made

    def _read(self, rows: list[Batch], n: int) -> int:
        """Put up to `n` more rows to `rows`."""
        count = 0
        while count < n:
            batch = self.children[0].pull(n - count)
            if batch is None:
                self.ended = True
                break
            rows.append(batch)
            count += batch.n
        return count

    def _rest_of_run(self, rows: list[Batch], n: int) -> int:
        """Put up to `n` more rows of the last one's run to `rows`; the first row after it waits."""
        count = 0
        while count < n:
            batch = self.children[0].pull(1 if self.single else n - count)
            if batch is None:
                self.ended = True
                break
            last = rows[-1]
            pair = concat_batches([last.slice(last.n - 1, last.n), batch])
            other = np.flatnonzero(self._begins(pair)[1:])
            same = int(other[0]) if len(other) else batch.n
            if same:
                rows.append(batch.slice(0, same))
                count += same
            if same < batch.n:
                self.waiting = batch.slice(same, same + 1)
                self.children[0].unread(batch.drop(same + 1))
                break
        return count

    def _in_order(self, kind: str, parts: Sequence[Batch], keys: Sequence[p.SortColumn], bound: int | None) -> Batch:
        batch = concat_batches(parts) if parts else None
        order = np.zeros(0, np.int64) if batch is None else order_of(batch, keys, self.node.source)

        def ranks() -> Index:
            assert batch is not None
            return ranked(batch, order, keys, self.node.source)

        if self.ctx.measured:
            groups, sort = self.metrics.extra.setdefault(kind, SortGroups()), self.sorts.setdefault(kind, Reused())
            assert isinstance(groups, SortGroups)
            memory = self.ctx.work_memory
            space = sort.add(sort_space_of(batch, self.node.source, memory, bound, ranks, self.most < ALL, sort.uncounted))
            groups.add(space.method, space.kind, space.kilobytes)
        if batch is None:
            return Batch([], 0)
        return with_ties(batch, order, keys, self.node.source, ALL if bound is None else bound)
