"""What joins share: candidate pairs of row numbers to output rows, join kinds, counting up to the last row given out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from auroraml.batch import Batch, Index, Mask, Selection, all_of, concat_batches, numbers, true_places
from auroraml.errors import DatabaseError, OperationalError
from auroraml.evaluate import Frame, chosen, compile
from auroraml.evaluate.call import null
from auroraml.executor.operator import LARGE, Operator
from auroraml.executor.plans import any_volatile, has_subqueries
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.tree import walk

PAIRS = 1 << 20  # candidate pairs made at once
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
        return int(self.fails.searchsorted(self.ends[at], "right")) if len(self.fails) else 0, filtered

    def all_removed(self) -> tuple[int, int]:
        """The same to the end of the morsel."""
        return len(self.fails), self.made - self.rows.n


@dataclass
class Waiting:
    """Outer rows that were read and are not joined yet, as their candidate pairs would be too many at once."""

    rows: Batch
    totals: Index  # candidate pairs up to and with each row, counted from a row that may be before them
    done: int = 0  # how many of the counted ones are of rows before them

    def next(self) -> tuple[Batch, Waiting | None]:
        """The rows to join next, at least one, and those that go on waiting."""
        n = max(1, int(np.searchsorted(self.totals, self.done + PAIRS, "right")))
        if n >= self.rows.n:
            return self.rows, None
        return self.rows.slice(0, n), Waiting(self.rows.drop(n), self.totals[n:], int(self.totals[n - 1]))


@dataclass
class Wide:
    """One outer row whose candidate pairs are too many at once, and how many of them are done."""

    left: Batch
    pairs: Pairs
    done: int = 0


class Ways:
    """How a join node's rows are made: what the node alone says."""

    __slots__ = ("conditions", "early", "inner_read", "outer_volatile", "references")

    def __init__(self, node: p.Join) -> None:
        self.conditions = [compile(c) for c in node.condition]
        self.early = node.kind in ("semi", "anti") or node.inner_unique  # an outer row's first pair that passes is its last
        found = [(t.side, t.index) for t in node.targets if isinstance(t, e.InputRef)]
        self.references = found if len(found) == len(node.targets) else None  # sides and columns of the targets, if they are nothing more
        self.outer_volatile = any_volatile(node.outer)
        above = [part for given in (*node.targets, *node.filter) for part in walk(given)]
        self.inner_read = any(isinstance(part, e.InputRef) and part.side == 1 for part in above)  # behind the join's own condition


class JoinRows(Operator):
    """Outer batches matched with inner rows; `candidates` is what the kinds of join nodes differ in.

    An outer batch is cut where its candidate pairs would be more than PAIRS, and so are the pairs of a single outer row where the kind
    of join allows it: memory stays bounded, and a cancel is seen between the steps.
    """

    node: p.Join

    def __init__(self, node: p.Join, ctx: object) -> None:
        super().__init__(node, ctx)  # type: ignore[arg-type] # an ExecutionContext
        ways = self.once(Ways, node)
        self.conditions, self.early, self.references, self.outer_volatile = ways.conditions, ways.early, ways.references, ways.outer_volatile
        self.inner_read = ways.inner_read
        self.outer, self.inner = self.children
        self.right: Batch = Batch([], 0)
        self.seen: Mask | None = None
        self.morsel: Morsel | None = None
        self.finished = False
        self.waiting: Waiting | None = None
        self.wide: Wide | None = None
        self.trouble: DatabaseError | None = None  # of the pair behind the rows that were given out

    def candidates(self, left: Batch) -> Pairs:
        """Candidate pairs (outer row, inner row), ordered by outer row and, within one, as the inner rows are met."""
        raise NotImplementedError

    def most_candidates(self) -> int:
        """No outer row has more candidate pairs than this."""
        raise NotImplementedError

    def candidate_count(self, left: Batch) -> int:
        """How many candidate pairs the outer rows have together, or may have at most."""
        return left.n * self.most_candidates()

    def candidate_counts(self, left: Batch) -> Index:
        """How many candidate pairs each outer row has, or may have at most."""
        return np.full(left.n, self.most_candidates(), np.int64)

    def open(self) -> None:
        self.trouble = None
        self.waiting = None
        self.wide = None
        self.morsel = None
        self.finished = False

    def produce(self, n: int) -> Batch | None:
        while True:
            morsel = self.morsel
            if morsel is not None:
                if morsel.given < morsel.rows.n:
                    part = morsel.rows.slice(morsel.given, min(morsel.given + n, morsel.rows.n))
                    self._count(morsel, part.n)
                    if part.n == n and self.ctx.measured and self.loops.n is None:
                        self._cut()
                    return part
                self._close_morsel()
            if self.trouble is not None:
                raise self.trouble
            if self.finished:
                return None
            if self.wide is not None:
                self._go_on(self.wide)
                continue
            left = self._next_left(n)
            if left is None:
                self.finished = True
                self.morsel = self._unseen()
                continue
            self.ctx.check_cancel()
            if left.n == 1 and self._splits() and self.most_candidates() > PAIRS:
                self.wide = Wide(left, self.candidates(left))
            else:
                self._join(left)

    def _join(self, left: Batch) -> None:
        """Make the morsel of some outer rows; those behind one that fails go back."""
        try:
            self.morsel, used = self.longest(lambda m: self.joined(left.slice(0, m)), left.n)
        except OperationalError:
            raise
        except DatabaseError as error:
            left = left.slice(0, 1)
            self.morsel, used, self.trouble = self._up_to(left, self.candidates, error), left.n, error
        if used < left.n:
            self._return(left.drop(used))

    def _go_on(self, wide: Wide) -> None:
        """The next pairs of a single outer row."""
        self.ctx.check_cancel()
        start, stop = wide.done, wide.done + PAIRS
        i, j = wide.pairs[0][start:stop], wide.pairs[1][start:stop]
        try:
            self.morsel = self.morsel_of(wide.left, self.right, i, j)
        except OperationalError:
            raise
        except DatabaseError as error:
            self.morsel, self.trouble = self._up_to(wide.left, lambda _: (i, j), error), error
        wide.done = stop
        if stop >= len(wide.pairs[0]):
            self.wide = None

    def _splits(self) -> bool:
        """Whether the pairs of one outer row can be joined in parts: none of them depends on another."""
        return self.node.kind in ("inner", "right") and not self.early

    def _next_left(self, n: int) -> Batch | None:
        """The next outer rows, few enough for their candidate pairs."""
        waiting, self.waiting = self.waiting, None
        if waiting is None:
            left = self.next_outer(n)
            if left is None or left.n * self.most_candidates() <= PAIRS or left.n == 1:
                return left
            counts = self._counts(left)
            if counts is None:
                return left
            waiting = Waiting(left, np.cumsum(counts))
        part, self.waiting = waiting.next()
        return part

    def _counts(self, left: Batch) -> Index | None:
        """The candidate pairs of each outer row, None where they are few in all."""
        if not self.ctx.measured or not has_subqueries(self.node):
            try:
                return None if self.candidate_count(left) <= PAIRS else self.candidate_counts(left)
            except OperationalError:
                raise
            except DatabaseError:  # in a key: it is raised when its row's turn comes
                pass
        return np.full(left.n, self.most_candidates(), np.int64)

    def _return(self, left: Batch) -> None:
        """Give outer rows back, with those waiting behind them."""
        if self.waiting is not None:
            left, self.waiting = concat_batches([left, self.waiting.rows]) if left.n else self.waiting.rows, None
        self.give_back(left)

    def give_back(self, left: Batch) -> None:
        """The last outer rows read are to be read again."""
        self.outer.unread(left)

    def _up_to(self, left: Batch, candidates: Callable[[Batch], Pairs], error: DatabaseError) -> Morsel:
        """The rows of one outer row's pairs before the pair that fails."""
        if self.volatile or self.loops.n is not None or self.node.kind not in ("inner", "right") or self.conditions:
            raise error
        right = self.right
        i, j = candidates(left)
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
        self._return(morsel.left.drop(used))
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
        ends = numbers(len(i))
        fails = NO_PAIRS[0]
        if self.conditions and len(i):
            passed = self._passing_pairs(left, right, i, j)
            ends = passed.places
            if self.ctx.measured:
                fails = true_places(~passed.mask)
            if self.early and len(ends) and len(fails):
                first = np.full(left.n, len(i), np.int64)
                np.minimum.at(first, i[ends], ends)
                fails = fails[fails < first[i[fails]]]
        total = i
        if len(ends) < len(i):
            i, j = i.take(ends, mode="clip"), j.take(ends, mode="clip")
        if self.seen is not None:
            self.seen[j] = True
        i, j, ends = self._by_kind(left.n, i, j, ends, total)
        rows, kept, made = self._rows(left, right, i, j)
        if kept is not None:
            i, ends = i[kept], ends[kept]
        return Morsel(left, rows, i, ends, fails, kept, made)

    def _passing_pairs(self, left: Batch, right: Batch, i: Index, j: Index) -> Selection:
        """Where the join filter holds; PAIRS at a time, should there be more."""
        parts: list[Selection] = []
        for start in range(0, len(i), PAIRS):
            if start:
                self.ctx.check_cancel()
            some, others = i[start : start + PAIRS], j[start : start + PAIRS]
            parts.append(chosen(self.conditions, self.frame(len(some), left.take(some), right.take(others))))
        return parts[0] if len(parts) == 1 else Selection.by_mask(np.concatenate([part.mask for part in parts]))

    def _by_kind(self, n: int, i: Index, j: Index, ends: Index, total: Index) -> tuple[Index, Index, Index]:
        kind = self.node.kind
        if kind in ("inner", "right"):
            if self.node.inner_unique and len(i) > 1 and not all_of(i, n) and not bool((new := i[1:] != i[:-1]).all()):
                first = np.flatnonzero(np.concatenate([[True], new]))
                return i[first], j[first], ends[first]
            return i, j, ends
        if kind == "semi":
            first = np.flatnonzero(np.concatenate([[True], i[1:] != i[:-1]])) if len(i) else np.zeros(0, np.int64)
            return (i, j, ends) if len(first) == len(i) else (i[first], j[first], ends[first])
        hit = np.zeros(n, np.bool_)
        hit[i] = True
        lonely = true_places(~hit)
        last = np.searchsorted(total, lonely, "right") - 1 if self.ctx.measured else lonely
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
            passed = chosen(self.tests, frame)
            if not passed.every:
                kept = passed.places
                frame = frame.take(kept)
        return self.project(frame), kept, made

    def project(self, frame: Frame) -> Batch:
        if self.references is None:
            return super().project(frame)
        sides = frame.sides
        owner = next((side.owner for side in sides if side.owner is not None), None)
        return Batch([sides[side].columns[index] for side, index in self.references], frame.n, owner)

    def _unseen(self) -> Morsel | None:
        """Right and full joins: inner rows nobody matched."""
        if self.seen is None:
            return None
        rows = true_places(~self.seen)
        if not len(rows):
            return None
        nothing = no_rows(self.node.outer)
        made, kept, count = self._rows(nothing, self.right, np.full(len(rows), -1), rows)
        zeros = np.zeros(made.n, np.int64)
        return Morsel(nothing, made, zeros, zeros, np.zeros(0, np.int64), kept, count)
