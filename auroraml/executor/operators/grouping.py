"""Aggregate: groups, grouping sets, and the phases of a parallel aggregate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np

from auroraml.batch import Batch, ConstVector, FixedVector, Index, Vector, concat_batches
from auroraml.errors import DatabaseError, OperationalError
from auroraml.evaluate import Frame
from auroraml.evaluate.call import null
from auroraml.evaluate.keys import codes_together, groups, numbered, sort_indices
from auroraml.executor.operator import ALL, LARGE, Keeping
from auroraml.executor.operators.accumulating import Accumulated, Found, Inputs
from auroraml.executor.operators.folding import Fold, fold_of
from auroraml.executor.operators.group_join import GroupJoin, suits
from auroraml.executor.operators.hash_join import HashJoinRows
from auroraml.executor.operators.joins import no_rows
from auroraml.executor.operators.morsels import GroupStates, MorselStates, are_many, is_foldable
from auroraml.executor.operators.ordering import SortRows, changes, order_of
from auroraml.executor.operators.runs import Runs
from auroraml.executor.operators.sharing import SharedParts
from auroraml.executor.operators.states import keeps_rows
from auroraml.executor.operators.straight import Straight, in_order, partly
from auroraml.executor.plans import own_parts
from auroraml.executor.space.chunks import set_chunks
from auroraml.executor.space.grouping import Table, group_space
from auroraml.executor.space.hashes import group_hashes
from auroraml.executor.space.states import STATE, transition
from auroraml.executor.work import output_type
from auroraml.functions.aggregates.group_rows import clustered
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.hashing import BLOCK
from auroraml.ir.tree import children, same, walk
from auroraml.storage.tuples import minimal_sizes
from auroraml.types.pg_type import PgType
from auroraml.types.table import INT8


def left_out(call: e.Grouping, grouped: frozenset[int], count: int) -> Vector:
    """GROUPING's value in one grouping set: a bit for each argument, the last one lowest, set where the set has no such key."""
    bits = [isinstance(arg, e.InputRef) and arg.index not in grouped for arg in call.args]
    value = sum(1 << i for i, out in enumerate(reversed(bits)) if out)
    return ConstVector(FixedVector(np.array([value], np.int32)), count)


def _shared(a: e.Aggregate, b: e.Aggregate) -> bool:
    """Whether two calls keep one state for both."""
    alike = transition(a) == transition(b) and len(a.args) == len(b.args) and a.distinct == b.distinct and not (a.order_by or b.order_by)
    if not alike or (a.filter is None) != (b.filter is None) or (a.filter is not None and b.filter is not None and not same(a.filter, b.filter)):
        return False
    return all(same(x, y) for x, y in zip(a.args, b.args, strict=True))


NOWHERE: Index = np.zeros(0, np.int64)
PIECE = 1_048_576  # rows of sorted input looked at together
FEW_ROWS = 16_384  # rows that are grouped as they are, if there are no more
MANY = 4_096  # rows from which it pays to look for what arguments share
AHEAD = 256  # rows read at a time where groups are made one after another; those beyond them go back


class Layout:
    """What an aggregate's node alone says."""

    __slots__ = ("foldable", "groupings", "inputs", "places", "shared", "types")

    def __init__(self, node: p.Aggregate) -> None:
        self.places: list[tuple[int, int]] = []  # id() of an Aggregate in targets or filter, and its place among the calls
        self.groupings: list[e.Grouping] = []
        for part in (*node.targets, *node.filter):
            for item in own_parts(part):
                if isinstance(item, e.Aggregate):
                    self.places.append((id(item), _place(node.calls, item)))
                elif isinstance(item, e.Grouping):
                    self.groupings.append(item)
        self.inputs = [Inputs(call) for call in node.calls]
        self.types = [output_type(node.source, key) for key in node.keys]
        self.foldable = bool(node.keys) and not node.rollups and is_foldable(node)
        self.shared: SharedParts | None = None  # made when many rows come


def _place(calls: Sequence[e.Aggregate], item: e.Aggregate) -> int:
    for i, call in enumerate(calls):
        if call is item:
            return i
    alike = [i for i, call in enumerate(calls) if call.function is item.function]
    # The plans of subqueries in arguments are numbered copy by copy; what the text has at one place is one call.
    found = next((i for i in alike if same(calls[i], item)), None)
    return next(i for i in alike if calls[i].at == item.at) if found is None else found


def _given(sort: SortRows, rows: Batch) -> Batch:
    """What a sort gives of rows of its child."""
    return rows if sort.plain is None else rows.select(sort.plain)


class AggregateRows(Keeping):
    """Groups in order of first appearance (of a sorted input: in its order); one group without keys even over no rows."""

    node: p.Aggregate

    def __init__(self, node: p.Aggregate, ctx: object) -> None:
        super().__init__(node, ctx)  # type: ignore[arg-type] # an ExecutionContext
        layout = self.once(Layout, node)
        self.places, self.groupings = layout.places, layout.groupings
        self.lazy = self.begun = False
        self.removed = 0  # groups that the filter removed
        self.made: tuple[Batch, Index] | None = None  # rows of the groups made last, and where each group ends
        self.tables: list[Table] = []  # hash tables, where they are measured
        self.types = layout.types

    def _calls(self) -> list[Accumulated]:
        return [Accumulated(inputs) for inputs in self.once(Layout, self.node).inputs]

    # Groups one after another, as far as they are asked for

    def open(self) -> None:
        self.waiting: Batch | None = None  # rows of a group whose end was not seen
        self.made = None
        self.step = AHEAD
        node = self.node
        self.lazy = node.strategy == "sorted" and bool(node.keys) and not node.rollups and self.loops.n is None and not self.filled
        if not self.lazy:
            self._open_whole()

    def _open_whole(self) -> None:
        """Collect the groups; where they are at hand from a run before, the filter is tried on them once more."""
        if self.filled:
            self.metrics.removed_by_filter += self.removed
            super().open()
        else:
            before = self.metrics.removed_by_filter
            super().open()
            self.removed = self.metrics.removed_by_filter - before

    def produce(self, n: int) -> Batch | None:
        if self.lazy and n >= LARGE and self.waiting is None and not self.begun:
            self.lazy = False
            self._open_whole()
        while (found := super().produce(n)) is None and self.lazy:
            self.begun = True
            self.feed.fill(self._next_groups(n))
        return found

    def rewind(self) -> None:
        if self.begun:
            for child in self.children:
                child.rewind()
        self._restart()
        super().rewind()

    def forget(self) -> None:
        self._restart()
        super().forget()

    def _restart(self) -> None:
        if self.begun:
            self.begun, self.lazy, self.filled = False, False, False
            self.feed.fill(None)

    def _next_groups(self, n: int) -> Batch | None:
        """Up to `n` groups of sorted rows, read no further than the first row of the group after them."""
        child = self.children[0]
        while (batch := child.pull(self.step)) is not None:
            kept = 0 if self.waiting is None else self.waiting.n
            rows = batch if self.waiting is None else concat_batches([self.waiting, batch])
            starts = np.flatnonzero(changes(rows, self.node.keys, self.node.source))
            whole = min(len(starts) - 1, n)
            if not whole:
                self.waiting, self.step = rows, min(self.step * 2, LARGE)
                continue
            cut = int(starts[whole])
            child.unread(batch.drop(cut + 1 - kept))
            self.waiting = rows.slice(cut, cut + 1)
            found = self._of_rows(rows.slice(0, cut + 1), cut)
            if found is not None:
                return found
        self.lazy = False
        rest, self.waiting = self.waiting, None
        return None if rest is None else self._of_rows(rest, rest.n)

    def _of_rows(self, rows: Batch, cut: int) -> Batch | None:
        """The groups of the first `cut` rows; behind them is at most the row that ended the last group."""
        calls = self._calls()
        whole = rows.slice(0, cut)
        for call, found in zip(calls, self._evaluated(calls, whole), strict=True):
            call.add(found, 0, cut)
        made = self._one(calls, whole, self.node.keys, np.arange(cut))
        self.made = None if made is None else (rows, made[1] + 1)
        return None if made is None else made[0]

    def take_back(self, batch: Batch) -> None:
        """Of groups made one after another, the rows of those not wanted go back as well."""
        if self.made is None or not self.begun or self.loops.n is not None or batch.n > self.feed.at:
            super().take_back(batch)
            return
        rows, ends = self.made
        self.feed.back(batch.n)
        given = self.feed.at
        cut = int(ends[given - 1]) if given else 0
        if cut >= rows.n:
            return
        later = rows.slice(cut, rows.n)
        groups = int(np.count_nonzero(changes(later, self.node.keys, self.node.source))) - (self.waiting is not None)
        self.metrics.removed_by_filter -= groups - (len(ends) - given)
        self.children[0].unread(later.drop(1))
        self.waiting, self.lazy = later.slice(0, 1), True
        self.made = (rows.slice(0, cut + 1), ends[:given])
        assert self.feed.batch is not None
        self.feed.batch = self.feed.batch.slice(0, given)

    def collect(self) -> Batch | None:
        folds = self._folds()
        if folds is not None:
            return self._folded(folds)
        if (straight := self._straight()) is not None:
            return straight.result()
        calls = self._calls()
        if self._in_runs():
            return self._of_runs(calls)
        joined = self._group_join(calls)
        if joined is not None and joined.fold():
            return self._of_states(joined) if joined.heads else None
        states = self._morsel_states(calls)
        parts: list[Batch] = []
        start = 0
        batch = self.pull_for(self.children[0], ALL)
        while batch is not None:
            small = self._evaluated(calls, batch) if states is not None and not states.heads and batch.n <= FEW_ROWS else None
            after = None if small is None else self.pull_for(self.children[0], ALL)
            if states is None or (small is not None and after is None) or not states.add(batch):  # a few rows alone need no states
                states = None
                for call, found in zip(calls, small or self._evaluated(calls, batch), strict=True):
                    call.add(found, start, batch.n)
                start += batch.n
                parts.append(batch)
            batch = self.pull_for(self.children[0], ALL) if small is None else after
        if states is not None and states.heads:
            return self._of_states(states)
        batch = concat_batches(parts) if parts else no_rows(self.node.source)
        made = self._grouped(calls, batch)
        if self.ctx.measured and self.node.strategy in ("hashed", "mixed"):
            space = group_space(self.tables, self.node.hashing, self.ctx.hash_memory, self.ctx.work_memory)
            self.metrics.extra["Group Space"] = space
            self.metrics.temp_written += space.disk // BLOCK
            self.metrics.temp_read += space.disk // BLOCK
            self.tables = []
        return made

    def _in_runs(self) -> bool:
        """Whether the rows of each group come one after another."""
        return self.node.strategy == "sorted" and bool(self.node.keys) and not self.node.rollups and self.loops.n is None

    def _of_runs(self, calls: Sequence[Accumulated]) -> Batch | None:
        """Groups of sorted rows: each as soon as its end is seen."""

        def make(rows: Batch, starts: Index) -> Batch | None:
            codes = clustered(starts, rows.n, unread=all(call.lies() for call in calls))
            made = self._one(calls, rows, self.node.keys, lie=(codes, len(starts), starts))
            return None if made is None else made[0]

        runs = Runs(calls, lambda batch: changes(batch, self.node.keys, self.node.source), make)
        batches = iter(partial(self.children[0].pull, ALL), None)
        if (sort := self._needless_sort()) is not None and (rows := sort.children[0].drain()) is not None:
            if (made := self._then_sorted(calls, rows, sort)) is not None:
                return made[0]
            batches = iter([_given(sort, sort.ordered(rows))])
        self._add_pieces(runs, calls, batches)
        return runs.result()

    def _straight(self) -> Runs | None:
        """The groups of the rows themselves, where this aggregate is over their states and need not be."""
        if self.node.phase != "final" or self._shows() or self.loops.n is not None:
            return None
        way = self.once(Straight, self.node)
        below = None if way.inputs is None else partly(self.children[0])
        if way.inputs is None or not isinstance(below, AggregateRows) or (batches := in_order(self.children[0], below, way.key)) is None:
            return None
        calls = [Accumulated(inputs) for inputs in way.inputs]

        def make(rows: Batch, starts: Index) -> Batch | None:
            codes = clustered(starts, rows.n, unread=all(call.lies() for call in calls))
            values = [call.value(codes, len(starts), self.ctx) for call in calls]
            made = self._finished(way.heads(rows.take(starts), values), values, self.node.keys)
            return None if made is None else made[0]

        runs = Runs(calls, lambda batch: changes(batch, below.node.keys, below.node.source), make)
        below._add_pieces(runs, calls, batches)
        return runs

    def _add_pieces(self, runs: Runs, calls: Sequence[Accumulated], batches: Iterable[Batch]) -> None:
        """Have groups made of sorted rows, not too many of these at a time."""
        for batch in batches:
            for start in range(0, batch.n, PIECE):
                piece = batch.slice(start, start + PIECE)
                runs.add(piece, self._evaluated(calls, piece))

    def _shows(self) -> bool:
        """Whether somebody looks at how rows go from node to node."""
        return self.ctx.measured or self.ctx.pace is not None or self.ctx.charges is not None

    def _needless_sort(self) -> SortRows | None:
        """The sort below, where it does nothing but bring the rows of each group together, nobody sees it, and the groups may be sorted instead."""
        sort = self.children[0]
        if not isinstance(sort, SortRows) or sort.started or sort.filled or sort.bounded or sort.loops.n is not None:
            return None
        if self._shows() or not self.once(Layout, self.node).foldable:
            return None
        if sort.targets and sort.plain is None:
            return None
        return sort if {key.index for key in sort.node.keys} == {key if sort.plain is None else sort.plain[key] for key in self.node.keys} else None

    def _then_sorted(self, calls: Sequence[Accumulated], rows: Batch, sort: SortRows) -> tuple[Batch | None] | None:
        """The groups of rows in whatever order, sorted themselves; None where rows are few or groups many, or something fails, as it may not be the first."""
        if rows.n <= FEW_ROWS:
            return None
        batch = _given(sort, rows)
        codes, size = codes_together([batch.vector(k) for k in self.node.keys], self.types, batch.n)
        if are_many(codes, size):
            return None
        codes, count, first = numbered(codes, size)
        try:
            for call, found in zip(calls, self._at_once(calls, batch), strict=True):
                call.add(found, 0, batch.n)
            values = [call.value(codes, count, self.ctx) for call in calls]
        except OperationalError:
            raise
        except DatabaseError:
            for call in calls:
                call.forget()
            return None
        heads = rows.take(first)
        order = order_of(heads, sort.node.keys, sort.node.source)
        made = self._finished(_given(sort, heads).take(order), [value.flat().take(order) for value in values], self.node.keys)
        return (None if made is None else made[0],)

    def _group_join(self, calls: Sequence[Accumulated]) -> GroupJoin | None:
        """Where the join below can be left without making pairs: how. What EXPLAIN ANALYZE counts is counted with them."""
        join = self.children[0]
        if not isinstance(join, HashJoinRows) or self.ctx.measured or self.ctx.charges is not None or self.loops.n is not None:
            return None
        if join.loops.n is not None or join.volatile or not self.once(suits, self.node):
            return None
        return GroupJoin(join, calls, self.node.keys, self.types, self._at_once, self.ctx)

    def _morsel_states(self, calls: Sequence[Accumulated]) -> MorselStates | None:
        """Where groups can be folded morsel by morsel: how."""
        node = self.node
        if self.loops.n is not None or (self.ctx.measured and node.strategy == "hashed") or not self.once(Layout, node).foldable:
            return None
        return MorselStates(calls, node.keys, self.types, self._at_once, self._evaluated, self.ctx)

    def _of_states(self, states: GroupStates) -> Batch | None:
        rows, values = states.merged(self.node.phase)
        made = self._finished(rows, values, self.node.keys)
        return None if made is None else made[0]

    def _folds(self) -> list[Fold] | None:
        """Where there are no groups and every call can be folded batch by batch: how."""
        node = self.node
        if node.keys or node.rollups or node.phase == "final" or self.loops.n is not None:
            return None
        folds = [None if node.phase == "partial" and keeps_rows(call) else fold_of(call) for call in node.calls]
        return [fold for fold in folds if fold is not None] if all(fold is not None for fold in folds) else None

    def _folded(self, folds: Sequence[Fold]) -> Batch | None:
        """The one row of aggregates over everything: no row but the first needs to be kept."""
        calls = self._calls()
        rows: Batch | None = None
        while (batch := self.pull_for(self.children[0], ALL)) is not None:
            codes = np.zeros(batch.n, np.int64)
            for fold, (kept, args) in zip(folds, self._evaluated(calls, batch), strict=True):
                fold.add(args, codes if kept is None else codes[: len(kept)])
            if rows is None and batch.n:
                rows = batch.take(np.zeros(1, np.int64))
        if rows is None:
            rows = no_rows(self.node.source).take(np.full(1, -1, np.int64), True)
        values = [fold.value() if self.node.phase == "whole" else fold.state() for fold in folds]
        computed = {key: values[place] for key, place in self.places}
        frame, _ = self.passing(Frame(n=1, sides=(rows,), params=self.loops, ctx=self.ctx, computed=computed))
        return self._computed(frame) if frame.n else None

    def _at_once(self, calls: Sequence[Accumulated], batch: Batch) -> list[Found]:
        """The calls' arguments and the like at all rows; what fails may be another row or argument than the first to fail."""
        layout = self.once(Layout, self.node)
        shared = layout.shared
        if shared is None:
            shared = layout.shared = SharedParts(self.node.calls)
        frame = self.frame(batch.n, batch)
        if not shared.parts:
            return [call.evaluate(frame) for call in calls]
        frame = shared.frame(frame)
        return [call.evaluate(frame, args) for call, args in zip(calls, shared.args, strict=True)]

    def _evaluated(self, calls: Sequence[Accumulated], batch: Batch) -> list[Found]:
        """The same, but the row and the argument that fail are the first ones."""
        if batch.n >= MANY and not self.volatile:
            try:
                return self._at_once(calls, batch)
            except OperationalError:
                raise
            except DatabaseError:
                pass

        def compute(m: int) -> list[Found]:
            part = batch.slice(0, m)
            frame = self.frame(m, part)
            return [call.evaluate(frame) for call in calls]

        found, used = self.longest(compute, batch.n)
        if used < batch.n:
            rest = batch.drop(used)
            frame = self.frame(1, rest.slice(0, 1))
            for call in calls:
                call.evaluate(frame)  # raises: this is the row that failed
        return found

    def _grouped(self, calls: Sequence[Accumulated], batch: Batch) -> Batch | None:
        node = self.node
        if not node.rollups:
            found = self._one(calls, batch, node.keys, hashed=node.strategy == "hashed")
            return None if found is None else found[0]
        made = [self._rollup(calls, batch, rollup) for rollup in sorted(node.rollups, key=lambda r: r.hashed)]  # hash tables are read at the end
        parts = [part for part in made if part is not None]
        return concat_batches(parts) if parts else None

    def _rollup(self, calls: Sequence[Accumulated], batch: Batch, rollup: p.Rollup) -> Batch | None:
        """One rollup's groups: each where its last row has been read, smaller groups first."""
        rows = np.arange(batch.n)
        if rollup.sort and batch.n:
            vectors, types = [batch.vector(k.index) for k in rollup.sort], [output_type(self.node.source, k.index) for k in rollup.sort]
            rows = sort_indices(vectors, types, [k.descending for k in rollup.sort], [k.nulls_first for k in rollup.sort], batch.n)
        place = np.empty(batch.n, np.int64)
        place[rows] = np.arange(batch.n)
        made: list[Batch] = []
        ends: list[Index] = []
        sizes: list[Index] = []
        for number, size in enumerate(rollup.sizes):
            found = self._one(calls, batch, rollup.keys[:size], place, hashed=rollup.hashed)
            if found is not None:
                made.append(found[0])
                ends.append(found[1])
                sizes.append(np.full(found[0].n, number))
        if not made:
            return None
        together = concat_batches(made)
        order = np.lexsort((np.concatenate(sizes), np.concatenate(ends)))
        if together.owner is not None:
            order = order[np.argsort(together.owners[order], kind="stable")]
        return together if rollup.hashed else together.take(order)

    def _codes(self, batch: Batch, keys: Sequence[int]) -> tuple[Index, int, Index]:
        """Each row's group, the number of groups, and each group's first row (-1: none)."""
        loops = self.loops.n
        if not keys:
            count = 1 if loops is None else loops
            codes = np.zeros(batch.n, np.int64) if loops is None else batch.owners
            first = np.full(count, -1, np.int64)
            first[codes[::-1]] = np.arange(batch.n - 1, -1, -1)
            return codes, count, first
        vectors = [batch.vector(k) for k in keys]
        types = self.types if keys is self.node.keys else [output_type(self.node.source, k) for k in keys]
        if loops is not None and batch.owner is not None:
            vectors, types = [batch.owner.vector, *vectors], [INT8, *types]
        return groups(vectors, types, batch.n)

    def _measure(self, calls: Sequence[Accumulated], batch: Batch, keys: Sequence[int], codes: Index, count: int, first: Index) -> None:
        """Note the hash table that PostgreSQL would have made; of many loops, the last."""
        last = batch
        if self.loops.n is None and keys:
            groups, inside = np.arange(count), codes  # numbered as they appear
        else:
            if self.loops.n is not None and batch.owner is not None:
                rows = np.flatnonzero(batch.owners == self.loops.n - 1)
                last, codes_of_last = batch.take(rows), codes[rows]
            else:
                codes_of_last = codes
            groups, first, inside = np.unique(codes_of_last, return_index=True, return_inverse=True)
        order = np.argsort(first)
        number = np.empty(len(groups), np.int64)
        number[order] = np.arange(len(groups))
        columns = [*keys, *(i for i in self._carried() if i not in keys)]
        types = [output_type(self.node.source, i) for i in columns]
        head = last.take(first[order])
        tuples = minimal_sizes([head.vector(i) for i in columns], types, head.n)
        states = sum(not any(_shared(call, other) for other in self.node.calls[:i]) for i, call in enumerate(self.node.calls))
        entries = set_chunks(tuples) + (int(set_chunks(np.array([STATE * states]))[0]) if states else 0)
        large = np.zeros(len(entries), np.int64)
        for i, call in enumerate(calls):
            if not any(_shared(call.call, other) for other in self.node.calls[:i]):
                pieces, blocks = call.space(codes, count)
                entries, large = entries + pieces[groups[order]], large + blocks[groups[order]]
        sizes = np.repeat(0, 0) if not last.n else minimal_sizes([last.vector(i) for i in self._read()], self._types(), last.n)
        key_types = types[: len(keys)]
        self.tables.append(
            Table(
                keys=len(keys), entries=entries, large=large, first=first[order], codes=number[inside], rows=sizes,
                hashes=lambda: group_hashes([head.vector(i) for i in keys], key_types, head.n),
            )
        )  # fmt: skip

    def _read(self) -> list[int]:
        """Columns of the child that anything here reads, which is what a spilled row keeps."""
        found = {part.index for target in (*self.node.targets, *self.node.filter) for part in walk(target) if isinstance(part, e.InputRef)}
        return sorted(found | set(self.node.keys))

    def _types(self) -> list[PgType]:
        return [output_type(self.node.source, i) for i in self._read()]

    def _carried(self) -> list[int]:
        """Columns of the child that are read outside aggregates."""
        pending: list[object] = [*self.node.targets, *self.node.filter]
        found: set[int] = set()
        while pending:
            part = pending.pop()
            if isinstance(part, e.InputRef):
                found.add(part.index)
            elif not isinstance(part, e.Aggregate | e.Grouping):
                pending.extend(children(part))
        return sorted(found)

    def _one(
        self, calls: Sequence[Accumulated], batch: Batch, keys: Sequence[int], place: Index | None = None,
        *, hashed: bool = False, lie: tuple[Index, int, Index] | None = None
    ) -> tuple[Batch, Index] | None:  # fmt: skip
        """The groups by some of the keys, and, given each row's `place`, the last place in each; `lie`: how they are known to lie."""
        codes, count, first = self._codes(batch, keys) if lie is None else lie
        if hashed and self.ctx.measured:
            self._measure(calls, batch, keys, codes, count, first)
        if not count:
            return None
        values = [call.value(codes, count, self.ctx) for call in calls]
        rows = batch.take(first, not keys and bool((first < 0).any()))
        if self.loops.n is not None:
            rows = rows.owned(np.arange(count) if not keys else batch.owners[first])
        found = self._finished(rows, values, keys)
        if found is None:
            return None
        made, kept = found
        if place is None:
            return made, NOWHERE
        last = np.full(count, -1)
        np.maximum.at(last, codes, place)
        return made, last if kept is None else last[kept]

    def _finished(self, rows: Batch, values: Sequence[Vector], keys: Sequence[int]) -> tuple[Batch, Index | None] | None:
        """What is made of groups, given a row and the aggregates' values of each, and which of them passed the filter (None: all)."""
        grouped = frozenset(keys)
        computed = {key: values[place] for key, place in self.places} | {id(x): left_out(x, grouped, rows.n) for x in self.groupings}
        if len(grouped) != len(self.node.keys):
            rows = self._blanked(rows, grouped)
        params = self.loops if self.loops.n is None else self.loops.at(rows.owners)
        out, kept = self.passing(Frame(n=rows.n, sides=(rows,), params=params, ctx=self.ctx, computed=computed))
        return (self._computed(out), kept) if out.n else None

    def _computed(self, frame: Frame) -> Batch:
        return Batch(self.computed(frame), frame.n, frame.sides[0].owner)

    def _blanked(self, rows: Batch, grouped: frozenset[int]) -> Batch:
        """Keys outside the grouping set are NULL."""
        vectors = []
        for i in range(len(rows.columns)):
            hidden = i in self.node.keys and i not in grouped
            vectors.append(ConstVector(null(output_type(self.node.source, i)), rows.n) if hidden else rows.vector(i))
        return Batch(Batch.of(vectors, rows.n).columns, rows.n, rows.owner)
