"""What joins share: candidate pairs of row numbers to output rows, join kinds, counting up to the last row given out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auroraml.batch import Batch, Column, Index, Mask
from auroraml.errors import DatabaseError
from auroraml.evaluate import Frame, compile, select
from auroraml.evaluate.call import null
from auroraml.executor.operator import LARGE, Operator
from auroraml.executor.plans import any_volatile
from auroraml.ir import expr as e
from auroraml.ir import physical as p

Pairs = tuple[Index, Index]
NO_PAIRS: Pairs = (np.zeros(0, np.int64), np.zeros(0, np.int64))


def no_rows(node: p.PhysicalPlan) -> Batch:
    """An empty batch of a node's outputs."""
    targets = node.targets
    while not targets and node.children():
        node = node.children()[0]
        targets = node.targets
    return Batch.of([null(t.type).take(np.zeros(0, np.int64)) for t in targets], 0)


@dataclass
class Morsel:
    """What one batch of outer rows gives: output rows with the outer row and the candidate pair each comes from."""

    left: Batch
    rows: Batch
    origins: Index
    ends: Index  # the last candidate pair looked at for each output row
    fails: Index  # candidate pairs that the join filter removed
    kept: Index | None  # which rows the filter above the join left (None: all)
    made: int  # rows before that filter
    given: int = 0

    def removed(self) -> tuple[int, int]:
        """Rows removed by the join filter and by the filter, up to the last row given out."""
        if not self.given:
            return 0, 0
        at = self.given - 1
        filtered = 0 if self.kept is None else int(self.kept[at]) + 1 - self.given
        return int(np.searchsorted(self.fails, self.ends[at], "right")), filtered

    def all_removed(self) -> tuple[int, int]:
        """The same to the end of the morsel."""
        return len(self.fails), self.made - self.rows.n


class JoinRows(Operator):
    """Outer batches matched with inner rows; `pairs` is what the kinds of join nodes differ in."""

    node: p.Join

    def __init__(self, node: p.Join, ctx: object) -> None:
        super().__init__(node, ctx)  # type: ignore[arg-type] # an ExecutionContext
        self.conditions = [compile(c) for c in node.condition]
        self.outer, self.inner = self.children
        self.early = node.kind in ("semi", "anti") or node.inner_unique
        self.plain_refs = all(isinstance(t, e.InputRef) for t in node.targets)
        self.outer_volatile = any_volatile(node.outer)
        self.right: Batch = Batch([], 0)
        self.seen: Mask | None = None
        self.morsel: Morsel | None = None
        self.finished = False
        self.trouble: DatabaseError | None = None  # of the pair behind the rows that were given out

    def candidates(self, left: Batch) -> Pairs:
        """Candidate pairs (outer row, inner row), ordered by outer row and, within one, as the inner rows are met."""
        raise NotImplementedError

    def open(self) -> None:
        self.trouble = None
        self.morsel = None
        self.finished = False

    def produce(self, n: int) -> Batch | None:
        while True:
            morsel = self.morsel
            if morsel is not None:
                part = morsel.rows.slice(morsel.given, min(morsel.given + n, morsel.rows.n))
                if part.n:
                    self._count(morsel, part.n)
                    if part.n == n and self.ctx.measured and self.loops.n is None:
                        self._cut()
                    return part
                self._close_morsel()
            if self.trouble is not None:
                raise self.trouble
            if self.finished:
                return None
            left = self.next_outer(n)
            if left is None:
                self.finished = True
                self.morsel = self._unseen()
                continue
            try:
                self.morsel, used = self.longest(lambda m, left=left: self.joined(left.slice(0, m)), left.n)  # type: ignore[misc]
            except DatabaseError as error:
                left = left.slice(0, 1)
                self.morsel, used, self.trouble = self._up_to(left, error), left.n, error
            if used < left.n:
                self.outer.unread(left.drop(used))

    def _up_to(self, left: Batch, error: DatabaseError) -> Morsel:
        """The rows of one outer row's pairs before the pair that fails."""
        if self.volatile or self.loops.n is not None or self.node.kind not in ("inner", "right") or self.conditions:
            raise error
        right = self.right
        i, j = self.candidates(left)
        if not len(i):
            raise error
        made, _ = self.longest(lambda k: self.morsel_of(left, right, i[:k], j[:k]), len(i))
        return made

    def next_outer(self, n: int) -> Batch | None:
        """The next outer rows: one where evaluating more than needed would show."""
        wanted = 1 if (self.volatile or self.outer_volatile) and n < LARGE else n
        return self.pull_for(self.outer, wanted)

    def _count(self, morsel: Morsel, n: int) -> None:
        before = morsel.removed()
        morsel.given += n
        self._add(before, morsel.removed())

    def _add(self, before: tuple[int, int], now: tuple[int, int]) -> None:
        self.metrics.removed_by_join_filter += now[0] - before[0]
        self.metrics.removed_by_filter += now[1] - before[1]

    def _close_morsel(self) -> None:
        assert self.morsel is not None
        self._add(self.morsel.removed(), self.morsel.all_removed())
        self.morsel = None

    def _cut(self) -> None:
        """The demand is met: outer rows behind the one that gave the last row go back, and what they gave is forgotten."""
        morsel = self.morsel
        if morsel is None or not morsel.given or not morsel.left.n:
            return
        used = int(morsel.origins[morsel.given - 1]) + 1
        self.outer.unread(morsel.left.drop(used))
        if used < morsel.left.n:
            given = morsel.given
            self.morsel = self.joined(morsel.left.slice(0, used))
            self.morsel.given = given

    def take_back(self, batch: Batch) -> None:
        morsel = self.morsel
        if self.loops.n is not None or self.volatile or morsel is None or morsel.given < batch.n or not morsel.left.n:
            super().take_back(batch)
            return
        before = morsel.removed()
        morsel.given -= batch.n
        self._add(before, morsel.removed())
        if self.ctx.measured:
            self._cut()

    # Pairs to rows

    def joined(self, left: Batch) -> Morsel:
        """The output rows of a batch of outer rows."""
        i, j = self.candidates(left)
        return self.morsel_of(left, self.right, i, j)

    def morsel_of(self, left: Batch, right: Batch, i: Index, j: Index) -> Morsel:
        """Output rows from candidate pairs: join filter, join kind, filter, targets."""
        ends = np.arange(len(i))
        fails = np.zeros(0, np.int64)
        if self.conditions and len(i):
            frame = self.frame(len(i), left.take(i), right.take(j))
            mask = select(self.conditions, frame)
            ends = np.flatnonzero(mask)
            fails = np.flatnonzero(~mask)
            if self.early and len(ends):
                first = np.full(left.n, len(i), np.int64)
                np.minimum.at(first, i[ends], ends)
                fails = fails[fails < first[i[fails]]]
        total = i
        i, j = i[ends], j[ends]
        if self.seen is not None:
            self.seen[j] = True
        i, j, ends = self._by_kind(left.n, i, j, ends, total)
        rows, kept, made = self._rows(left, right, i, j)
        if kept is not None:
            i, ends = i[kept], ends[kept]
        return Morsel(left, rows, i, ends, fails, kept, made)

    def _by_kind(self, n: int, i: Index, j: Index, ends: Index, total: Index) -> tuple[Index, Index, Index]:
        kind = self.node.kind
        if kind in ("inner", "right"):
            if self.node.inner_unique and len(i) > 1:
                first = np.concatenate([[True], i[1:] != i[:-1]])
                return i[first], j[first], ends[first]
            return i, j, ends
        hit = np.zeros(n, np.bool_)
        hit[i] = True
        if kind == "semi":
            first = np.concatenate([[True], i[1:] != i[:-1]]) if len(i) else np.zeros(0, np.bool_)
            return i[first], j[first], ends[first]
        lonely = np.flatnonzero(~hit)
        last = np.searchsorted(total, lonely, "right") - 1
        if kind == "anti":
            return lonely, np.full(len(lonely), -1), last
        if not len(lonely):
            return i, j, ends
        rows = np.concatenate([i, lonely])
        order = np.argsort(rows, kind="stable")
        return rows[order], np.concatenate([j, np.full(len(lonely), -1)])[order], np.concatenate([ends, last])[order]

    def _rows(self, left: Batch, right: Batch, i: Index, j: Index) -> tuple[Batch, Index | None, int]:
        outside = len(i) > 0 and bool(i[0] < 0)
        frame = self.frame(len(i), left.take(i, outside), right.take(j, self.node.kind not in ("inner", "right")))
        if self.loops.n is not None and outside:
            frame = Frame(
                n=frame.n, sides=(Batch(frame.sides[0].columns, frame.n, frame.sides[1].owner), frame.sides[1]), params=frame.params, ctx=self.ctx
            )
        kept = None
        made = frame.n
        if self.tests:
            mask = select(self.tests, frame)
            kept = np.flatnonzero(mask)
            if len(kept) == made:
                kept = None
            else:
                frame = frame.take(kept)
        return self.project(frame), kept, made

    def project(self, frame: Frame) -> Batch:
        if not self.plain_refs:
            return super().project(frame)
        owner = next((side.owner for side in frame.sides if side.owner is not None), None)
        columns: list[Column] = []
        for t in self.node.targets:
            assert isinstance(t, e.InputRef)
            columns.append(frame.sides[t.side].columns[t.index])
        return Batch(columns, frame.n, owner)

    def _unseen(self) -> Morsel | None:
        """Right and full joins: inner rows nobody matched."""
        if self.seen is None:
            return None
        rows = np.flatnonzero(~self.seen)
        if not len(rows):
            return None
        nothing = no_rows(self.node.outer)
        made, kept, count = self._rows(nothing, self.right, np.full(len(rows), -1), rows)
        zeros = np.zeros(made.n, np.int64)
        return Morsel(nothing, made, zeros, zeros, np.zeros(0, np.int64), kept, count)
