"""Limit: no more rows than asked for, for one loop or for each of many."""

from __future__ import annotations

import numpy as np

from auroraml.batch import Batch, concat_batches
from auroraml.errors import InvalidRowCountInLimitClause, InvalidRowCountInResultOffsetClause
from auroraml.executor.operator import ALL, Feed, Operator
from auroraml.executor.operators.ordering import changes
from auroraml.ir import expr as e
from auroraml.ir import physical as p

AHEAD = 1_024  # rows read at a time where ties are looked for; those beyond them go back


class LimitRows(Operator):
    """Asks below for no more rows than are still owed."""

    node: p.Limit

    def open(self) -> None:
        self.skip = self._count(self.node.offset, 0, InvalidRowCountInResultOffsetClause("OFFSET must not be negative"))
        self.left = self._count(self.node.count, ALL, InvalidRowCountInLimitClause("LIMIT must not be negative"))
        self.offset, self.count = self.skip, self.left
        self.feed: Feed | None = None
        bounded = self.left < ALL and not self.node.ties and self.loops.n is None
        self.children[0].bound(self.left + self.skip if bounded else ALL)

    def _count(self, expr: e.Expr | None, default: int, negative: Exception) -> int:
        if expr is None:
            return default
        value = self.evaluator(expr)(self.frame(1, Batch([], 1))).datum(0)
        if value is None:
            return default
        if int(str(value)) < 0:
            raise negative
        return int(str(value))

    def produce(self, n: int) -> Batch | None:
        if self.node.ties or self.loops.n is not None:
            if self.feed is None:
                self.feed = Feed(self._whole() if self.loops.n is not None else self._tied())
            return self.feed.give(n)
        while self.left > 0 and (batch := self.children[0].pull(min(ALL, self.skip + min(self.left, n)))) is not None:
            part = batch.drop(min(self.skip, batch.n))
            self.skip -= batch.n - part.n
            self.left -= part.n
            if part.n:
                self.last = part
                return self.project(self.frame(part.n, part)) if self.targets else part
        return None

    def take_back(self, batch: Batch) -> None:
        """Only the columns differ from the child's rows, so the child takes back as many."""
        if self.feed is not None or self.loops.n is not None or self.volatile:
            super().take_back(batch)
            return
        self.left += batch.n
        self.children[0].unread(self.last.drop(self.last.n - batch.n))
        self.last = self.last.slice(0, self.last.n - batch.n)

    def _tied(self) -> Batch | None:
        """WITH TIES: `left` rows after the skipped ones, and those equal to the last; the child is read as far as the first that is not."""
        parts: list[Batch] = []
        wanted = self.offset + self.count if self.count else 0
        read, ended = 0, False
        while read < wanted and not ended:
            batch = self.children[0].pull(min(wanted - read, ALL))
            ended = batch is None
            if batch is not None:
                parts.append(batch)
                read += batch.n
        while not ended and read >= wanted and parts:
            batch = self.children[0].pull(AHEAD)
            if batch is None:
                break
            last = parts[-1].slice(parts[-1].n - 1, parts[-1].n)
            other = np.flatnonzero(changes(concat_batches([last, batch]), [k.index for k in self.node.ties], self.node.source)[1:])
            same = int(other[0]) if len(other) else batch.n
            if same:
                parts.append(batch.slice(0, same))
            if same < batch.n:
                self.children[0].unread(batch.drop(same + 1))
                break
        rows = concat_batches(parts).drop(self.offset) if read > self.offset else None
        return None if rows is None or not rows.n else self.project(self.frame(rows.n, rows)) if self.targets else rows

    def _whole(self) -> Batch | None:
        """The rows of each loop from `skip` on, `left` of them, and with ties those equal to the last."""
        batch = self.drain_for(self.children[0])
        if batch is None or not self.count:
            return None
        if batch.owner is not None:
            batch = batch.take(np.argsort(batch.owners, kind="stable"))
        owners = batch.owners
        starts = np.searchsorted(owners, owners, "left")
        number = np.arange(batch.n) - starts
        last = min(self.offset + self.count, ALL)
        keep = (number >= self.offset) & (number < last)
        if self.node.ties:
            new = changes(batch, [k.index for k in self.node.ties], self.node.source)
            run = np.cumsum(new) - 1
            final = np.flatnonzero(keep & (number == last - 1))
            keep |= np.isin(run, run[final]) & (number >= last)
        batch = batch.filter(keep)
        return (self.project(self.frame(batch.n, batch)) if self.targets else batch) if batch.n else None
