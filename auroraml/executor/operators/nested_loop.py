"""Nested Loop, Materialize: inner rows for a whole batch of outer rows at once; one outer row at a time only where that shows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from auroraml.batch import Batch, Index, Vector, ascending, concat_batches, numbers, stable_order
from auroraml.errors import DatabaseError
from auroraml.evaluate import select
from auroraml.executor.loops import Key, Loops
from auroraml.executor.matching import Matcher
from auroraml.executor.operator import ALL, LARGE, Feed, Operator, Tally, counters, restore, running_parts, tally
from auroraml.executor.operators.functions import FunctionScanRows, in_batch_mode
from auroraml.executor.operators.joins import NO_PAIRS, PAIRS, JoinRows, Morsel, Pairs, no_rows
from auroraml.executor.operators.memoize import MemoizeRows
from auroraml.executor.operators.service_batches import ServiceBatches, batches, reads_volatile
from auroraml.executor.operators.tables import IndexScanRows, TableRows
from auroraml.executor.plans import is_volatile, runs_set_wise
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.metrics import COUNTED
from auroraml.types.table import INT8

CHUNK = 16_384  # outer rows whose inner plans run together at first
FIRST = 65_536  # inner rows expected of them


class NestedLoopRows(JoinRows):
    """Every outer row with every inner row, or with the inner rows its parameters give."""

    node: p.NestedLoop

    def __init__(self, node: p.NestedLoop, ctx: object) -> None:
        super().__init__(node, ctx)
        self.params = [(number, self.evaluator(value)) for number, value in node.params]
        self.numbers = frozenset(number for number, _ in node.params)
        context = self.ctx
        if isinstance(self.inner, MemoizeRows):
            self.inner.single_row = node.inner_unique
        self.dependent = bool(self.inner.free & self.numbers)
        called = isinstance(self.inner, FunctionScanRows) and self.inner.node.batch and self.dependent
        self.function = self.inner if isinstance(self.inner, FunctionScanRows) and called else None
        self.service: ServiceBatches | None = None
        self.set_wise = runs_set_wise(node.inner, context.cte_plans, context.initial, context.measured)
        self.inner_volatile = any(is_volatile(part.node) for part in running_parts(self.inner, self.numbers))
        plain = type(self.inner) is IndexScanRows or (isinstance(self.inner, IndexScanRows) and not context.measured)
        self.firsts = self.early and self.set_wise and not node.condition and plain and not context.buffers
        if isinstance(self.inner, IndexScanRows) and self.firsts:
            self.inner.first = True
        self.bare = node.kind == "inner" and not (node.inner_unique or node.condition or node.filter or node.targets)
        self.completed = False  # a run of the inner side went to its end: all that are made once for all runs are made
        self.remembering = any(isinstance(part, MemoizeRows) for part in running_parts(self.inner, self.numbers))
        self.whole: Batch | None = None  # the inner rows, where they do not depend on the outer row
        self.again: Tally | None = None  # what one more run of it counts
        self.before: tuple[Tally, int] | None = None  # what was counted before the outer rows that are joined now, and of the runs made ahead
        self.ahead_of = 0  # runs made before the outer row they are for is counted

    def rescan(self, loops: Loops, changed: frozenset[int]) -> None:
        if not self.free & changed:
            self.rewind()
            return
        self.loops = loops
        self.started = False
        self.returned = None
        self.outer.rescan(loops, changed)
        if self.inner.free & changed:
            self.inner.rescan(loops, changed)
            self.whole = None

    def rewind(self) -> None:
        self.started = False
        self.returned = None
        self.outer.rewind()

    def open(self) -> None:
        super().open()
        self.step = self.tried = 1
        self.chunk = max(1, min(CHUNK, FIRST // max(int(self.node.inner.cost.rows), 1)))
        if self.function is not None and batches(self.function.node) and in_batch_mode(self.function.node, self.ctx.settings):
            self.service = ServiceBatches(self.function, self.outer, self._parameters)
            self.exact = reads_volatile((*self.function.node.filter, *self.node.condition, *self.node.filter, *self.node.targets))
        self.current: Batch | None = None
        self.feed = Feed()
        self.stock = Feed()  # outer rows read ahead, where they are asked for all

    def produce(self, n: int) -> Batch | None:
        if self.function is not None and self.loops.n is None:
            return self._called(n)
        if self.morsel is None and self._shows(n):
            return self._one_by_one(n)
        return self._rest_of_row(n) or super().produce(n)

    def _shows(self, n: int) -> bool:
        """Whether running the inner side for several outer rows, or further than needed, could be seen."""
        if self.loops.n is not None:
            return False
        if self.dependent and not self.set_wise:
            return True
        if self.inner_volatile:
            return True
        return self.ctx.measured and (n < LARGE or (self.early and not self.firsts)) and self.node.kind not in ("right", "full")

    # Batches of outer rows

    def next_outer(self, n: int) -> Batch | None:
        if self.volatile or self.outer_volatile:
            return super().next_outer(n)
        wanted = min(n, self.chunk if self.dependent else LARGE)
        if self.dependent and n >= LARGE and not self.ctx.measured:
            if isinstance(self.inner, TableRows):
                self.inner.awaited = self.node.outer.cost.rows
            if not self.stock.left:
                self.stock.fill(self.pull_for(self.outer, n))
            return self.stock.give(wanted)
        if not self.dependent:  # one row before the inner side's size is known
            wanted = 1 if self.whole is None else max(1, min(wanted, PAIRS // max(self.whole.n, 1)))
        if n < LARGE:
            wanted, self.step = min(wanted, self.step), self.step * 8
        return self.pull_for(self.outer, wanted)

    def give_back(self, left: Batch) -> None:
        rest = self.stock.give(self.stock.left) if self.stock.left else None
        super().give_back(left if rest is None else concat_batches([left, rest]))

    def joined(self, left: Batch) -> Morsel:
        if self.ctx.measured and self.loops.n is None:
            if not self.dependent:
                self._inner_rows(0)
            self.before = tally(self.inner), self.ahead_of
        if self.dependent:
            return self._joined_by_loop(left)
        return self._counted(left) if self._only_counts() else super().joined(left)

    def _cut(self) -> None:
        """The runs for outer rows that go back are not counted: those of the others are counted again."""
        morsel = self.morsel
        if morsel is not None and morsel.given and self.before is not None and morsel.origins[morsel.given - 1] + 1 < morsel.left.n:
            restore(self.before[0])
            self.ahead_of = self.before[1]
        super()._cut()

    def _only_counts(self) -> bool:
        return self.bare and self.loops.n is None and not self.ctx.measured

    def _counted(self, left: Batch) -> Morsel:
        """Nothing but the number of rows is asked for: no pairs need to be made."""
        self._inner_rows(left.n)
        n = left.n * self.right.n
        nothing = np.broadcast_to(np.int64(0), (n,))
        return Morsel(left, Batch([], n), nothing, nothing, np.zeros(0, np.int64), None, n)

    def most_candidates(self) -> int:
        if self.dependent:
            return 1  # as many outer rows at once as `chunk` says
        self._inner_rows(0)
        return 1 if self._only_counts() else self.right.n

    def _parameters(self, left: Batch) -> Loops:
        frame = self.frame(left.n, left)
        own: dict[Key, Vector] = {("exec", number): value(frame) for number, value in self.params}
        return Loops(left.n, own, frame.params, self.ctx.missing, self.numbers | self.loops.changing)

    def _joined_by_loop(self, left: Batch) -> Morsel:
        loops = self._parameters(left)
        self.inner.rescan(loops, loops.changing)
        right = self.inner.drain() or no_rows(self.node.inner)
        owners = right.owners
        fitting = PAIRS * left.n // (4 * max(right.n, 1))  # the next outer rows may give more than these
        self.chunk = max(1, min(LARGE, self.chunk * 8, fitting))
        right = Batch(right.columns, right.n)
        if ascending(owners):
            return self.morsel_of(left, right, owners, numbers(right.n))
        order = stable_order(owners, left.n)
        return self.morsel_of(left, right, owners.take(order, mode="clip"), order)

    def candidates(self, left: Batch) -> Pairs:
        self._inner_rows(left.n)
        if not self.right.n:
            return NO_PAIRS
        found = self._by_equality(left)
        if found is not None:
            return found
        if self.right.owner is not None:
            assert left.owner is not None
            return Matcher([self.right.owner.vector], [INT8], self.right.n).pairs([left.owner.vector], left.n)
        return np.repeat(numbers(left.n), self.right.n), np.tile(numbers(self.right.n), left.n)

    def _up_to(self, left: Batch, candidates: Callable[[Batch], Pairs], error: DatabaseError) -> Morsel:
        if self.dependent:
            raise error  # the inner side has run for several outer rows at once: what it gave before is not known
        return super()._up_to(left, candidates, error)

    def _inner_rows(self, outer: int) -> None:
        """Read the inner side once; it counts as read once for each outer row."""
        if self.whole is None:
            if self.inner.started:  # outer rows before these were joined one by one
                self.inner.rewind()
            self.whole = self.common(self.inner, lambda: self.inner.drain() or no_rows(self.node.inner))
            if self.node.kind in ("right", "full"):
                self.seen = np.zeros(self.whole.n, np.bool_)
            self.again = None
            self.ahead_of = 1
        self.right = self.whole
        if outer:
            self._count_runs(outer - self.ahead_of)
            self.ahead_of = 0

    def _count_runs(self, times: int) -> None:
        """Count so many further runs of the inner side: the next one is made to see what it counts, all after it are like it."""
        if not self.ctx.measured or times <= 0:
            return
        if self.again is None:
            before = tally(self.inner)
            self.inner.rewind()
            self.inner.drain()
            after = tally(self.inner)
            self.again = [(m, tuple(a - b for a, b in zip(now, then, strict=True))) for (m, then), (_, now) in zip(before, after, strict=True)]
            times -= 1
        for metrics, change in self.again:
            _more(metrics, change, times)

    def _by_equality(self, left: Batch) -> Pairs | None:
        """Where the join filter begins with an equality of the two sides, only the pairs it holds for."""
        first = self.node.condition[0] if self.node.condition else None
        if not isinstance(first, e.OpCall) or first.operator.name != "=" or not first.operator.can_hash or len(self.right.columns) == 0:
            return None
        a, b = first.args
        if not isinstance(a, e.InputRef) or not isinstance(b, e.InputRef) or a.side == b.side or left.n * self.right.n < LARGE or self.ctx.measured:
            return None
        if a.side == 1:
            a, b = b, a
        if a.type.oid != b.type.oid or self.right.owner is not None:
            return None
        matcher = Matcher([self.right.vector(b.index)], [b.type], self.right.n)
        return matcher.pairs([left.vector(a.index)], left.n)

    # One outer row at a time: its inner rows are read no further than the demand goes

    def _one_by_one(self, n: int) -> Batch | None:
        while True:
            found = self.feed.give(n)
            if found is not None:
                return found
            if self.current is None and self.tried > 1 and self._without_match():
                continue
            if self.current is None:
                self.tried = min(self.tried * 4, CHUNK)
                self.current = self.outer.pull(1)
                if self.current is None:
                    return None
                self.matched = False
                self.ahead = 1 if self.inner_volatile else max(64, min(n, LARGE))
                if self.dependent:
                    loops = self._parameters(self.current)
                    own = {key: vector.flat() for key, vector in loops.own.items()}
                    self.inner.rescan(Loops(None, own, loops.outer, self.ctx.missing, loops.changing), loops.changing)
                else:
                    self.inner.rewind()
            made = self._next_pairs(n)
            if made is not None and made.n:
                self.feed.fill(made)

    # Several outer rows at a time, as far as none of them finds an inner row: each of their runs goes to its end, and counts what it counts

    def _most_tried(self) -> int:
        if not self.completed or self.node.kind not in ("inner", "semi") or self.stepwise or self.outer_volatile or self.inner_volatile:
            return 1
        return 1 if self.remembering or (self.dependent and not self.set_wise) else CHUNK

    def _without_match(self) -> bool:
        """Go over the next outer rows that find no inner row. False where the first one has to be joined by itself, or there is none."""
        most, counted = min(self.tried, self._most_tried()), tally(self.inner)
        if not self.dependent and most > 1:
            self._inner_rows(0)
            restore(counted)
            self.ahead_of = 0
            most = min(most, PAIRS // max(self.right.n, 1))
        left = self.outer.pull(most) if most > 1 else None
        if left is None:
            self.tried = 1
            return False
        try:
            right, owners = self._all_inner(left)
            first = self._first_match(left, right, owners)
        except DatabaseError:  # of a row that may never be reached
            right, first = no_rows(self.node.inner), 0
        self.tried *= 4
        if first < left.n:
            self.outer.unread(left.drop(first))
            self.tried = 1
            if self.dependent:
                restore(counted)
            if not first:
                return False
            left = left.slice(0, first)
            right, _ = self._all_inner(left)
        if not self.dependent:
            self._count_runs(left.n)
        if self.conditions:
            self.metrics.removed_by_join_filter += right.n
        return True

    def _all_inner(self, left: Batch) -> tuple[Batch, Index]:
        """The inner rows of each outer row, and which one that is."""
        if not self.dependent:
            return self.right.take(np.tile(numbers(self.right.n), left.n)), np.repeat(numbers(left.n), self.right.n)
        loops = self._parameters(left)
        self.inner.rescan(loops, loops.changing)
        right = self.inner.drain() or no_rows(self.node.inner)
        return Batch(right.columns, right.n), right.owners

    def _first_match(self, left: Batch, right: Batch, owners: Index) -> int:
        """The first outer row that finds one; their number, if none does."""
        if self.conditions and right.n:
            owners = owners[select(self.conditions, self.frame(right.n, left.take(owners), right))]
        return int(owners.min()) if len(owners) else left.n

    def _rest_of_row(self, n: int) -> Batch | None:
        """What is left of an outer row begun alone, where the rows behind it are asked for together."""
        while (found := self.feed.give(n)) is None and self.current is not None:
            self.feed.fill(self._next_pairs(n))
        return found

    def _next_pairs(self, n: int) -> Batch | None:
        left = self.current
        assert left is not None
        exact = not self.conditions
        wanted = 1 if exact and self.early else n if exact else self.ahead
        if self.inner_volatile and n >= LARGE and not self.early:
            wanted = ALL
        self.ahead = min(self.ahead * 2, LARGE) if not self.inner_volatile else self.ahead
        right = self.inner.pull(wanted)
        if right is None:
            self.current, self.completed = None, True
            if self.node.kind in ("left", "anti") and not self.matched:
                return self._output(left, no_rows(self.node.inner), np.array([0]), np.array([-1]))
            return None
        zeros = np.zeros(right.n, np.int64)
        passing = np.arange(right.n)
        if self.conditions:
            passing = np.flatnonzero(select(self.conditions, self.frame(right.n, left.take(zeros), right)))
        most = 1 if self.early else n
        used = right.n
        if len(passing) >= most:
            used = int(passing[most - 1]) + 1
            passing = passing[:most]
            self.inner.unread(right.drop(used))
        self.metrics.removed_by_join_filter += used - len(passing)
        if len(passing):
            self.matched, self.tried = True, 1
            if self.early:
                self.current = None
            if self.node.kind == "anti":
                return None
            return self._output(left, right, np.zeros(len(passing), np.int64), passing)
        return None

    def _output(self, left: Batch, right: Batch, i: Index, j: Index) -> Batch:
        rows, _, made = self._rows(left, right, i, j)
        self.metrics.removed_by_filter += made - rows.n
        return rows

    def take_back(self, batch: Batch) -> None:
        if self._shows(1) or self.function is not None:
            Operator.take_back(self, batch)
        else:
            super().take_back(batch)

    # Batch mode: the function's answers come from service batches

    def _called(self, n: int) -> Batch | None:
        while (found := self.feed.give(n)) is None and not self.finished:
            self.feed.fill(self._next_rows(n) if self.service is None else self._from_service(self.service, n))
        return found

    def _next_rows(self, n: int) -> Batch | None:
        """Outside batch mode: one outer row, a service call of its own, where not all rows are wanted."""
        assert self.function is not None
        left = self.outer.pull(1 if n < LARGE else n)
        if left is None:
            self.finished = True
            return None
        params = self._parameters(left)
        right, owners = self.function.finished(*self.function.answers(params, left.n), params)
        return self._paired(left, right, owners)

    def _from_service(self, service: ServiceBatches, n: int) -> Batch | None:
        """The next rows in batch mode. After rows that no condition let through, more are tried at a time, and given back if not needed."""
        size = n if self.exact else max(n, self.step)
        part = service.fetch(size, n)
        if part is None:
            self.finished = True
            return None
        counted = [*tally(self.inner), (self.metrics, counters(self.metrics))]
        failed = False
        try:
            found = self._answered(*part)
        except DatabaseError:
            if part[0].n <= min(n, service.rows):
                raise
            found, failed = None, True  # by a row that may never be reached
        if failed and part[0].n > service.rows and service.rows < n:  # the rows of the batches before that row come first
            n = service.rows
        if part[0].n > n and (failed or (found is not None and found.n >= n)):
            restore(counted)
            service.give_back(part[0].n - n)
            found = self._answered(part[0].slice(0, n), part[1].slice(0, n))
        self.step = min(self.step * 4, CHUNK) if found is None else 1
        return found

    def _answered(self, left: Batch, answers: Batch) -> Batch | None:
        """Outer rows joined with the function's rows, one each, that pass the scan's filter."""
        assert self.function is not None
        if not self.function.tests:
            return self._paired(left, self.function.all_of(answers), None)
        return self._paired(left, *self.function.finished(answers, np.arange(left.n), self._parameters(left)))

    def _paired(self, left: Batch, right: Batch, owners: Index | None) -> Batch | None:
        """Outer rows joined with the function's: without `owners` one for each."""
        assert self.function is not None
        self.function.metrics.loops += left.n
        self.function.metrics.rows += right.n
        if right.n == left.n and not (self.conditions or self.tests) and self.node.kind in ("inner", "left"):  # one row each: no pairs to make
            return self.project(self.frame(left.n, left, right)) if left.n else None
        morsel = self.morsel_of(left, right, np.arange(left.n) if owners is None else owners, np.arange(right.n))
        self._add((0, 0), morsel.all_removed())
        return morsel.rows if morsel.rows.n else None


def _more(metrics: object, change: tuple[int, ...], times: int) -> None:
    for name, value in zip(COUNTED, change, strict=True):
        if value:
            setattr(metrics, name, getattr(metrics, name) + value * times)


class MaterializeRows(Operator):
    """The child's rows, kept as far as they were read."""

    keeps = True

    def __init__(self, node: p.PhysicalPlan, ctx: object) -> None:
        super().__init__(node, ctx)  # type: ignore[arg-type] # an ExecutionContext
        self.store: Batch | None = None
        self.ended = False
        self.at = 0
        self.reached = 0  # how far any run before this one came

    def open(self) -> None:
        self.reached = max(self.reached, self.at)
        self.at = 0

    def produce(self, n: int) -> Batch | None:
        have = 0 if self.store is None else self.store.n
        if self.at >= have and not self.ended:
            batch = self.pull_for(self.children[0], n)
            if batch is None:
                self.ended = True
            else:
                self.store = batch if self.store is None else concat_batches([self.store, batch])
        if self.store is None or self.at >= self.store.n:
            return None
        part = self.store.slice(self.at, min(self.at + n, self.store.n))
        self.at += part.n
        return part

    def take_back(self, batch: Batch) -> None:
        """Rows just read from the child go back to it, as nobody has come this far."""
        self.at -= batch.n
        assert self.store is not None
        kept = max(self.at, self.reached)
        if self.loops.n is None and not self.ended and kept < self.store.n:
            self.children[0].unread(self.store.drop(kept))
            self.store = self.store.slice(0, kept)

    def forget(self) -> None:
        self.store = None
        self.at = self.reached = 0
        self.ended = False

    def rewind(self) -> None:
        self.started = False
        self.returned = None
