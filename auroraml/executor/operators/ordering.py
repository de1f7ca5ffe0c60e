"""Sort, Unique, Group: rows in order, and runs of equal ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from auroraml.batch import Batch, ConstVector, FixedVector, Index, Mask, concat_batches
from auroraml.batch.quicksort import quick_sorted, smallest
from auroraml.evaluate.keys import differences, sort_indices
from auroraml.executor.operator import ALL, Keeping, Streaming
from auroraml.executor.space.sorting import PAGE, SortSpace, sort_space
from auroraml.executor.work import output_type
from auroraml.ir import physical as p
from auroraml.storage.sizes import Sizes
from auroraml.storage.tuples import minimal_sizes
from auroraml.types.table import INT4, INT8

STABLE = 6  # rows that PostgreSQL's qsort sorts by insertion
TIES = 4_096  # rows up to which its order among equal rows is worth the time: a loop over rows in Python


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
        changed[1:] |= differences(vector, type)
    return changed


def ranked(batch: Batch, order: Index, keys: Sequence[p.SortColumn], source: p.PhysicalPlan) -> Index:
    """Each row's place in `order`, the same for equal keys."""
    return places_in(order, changes(batch.take(order), [k.index for k in keys], source))


def places_in(order: Index, new: Mask) -> Index:
    """Each row's place in `order`, the same for those between which nothing is new."""
    codes = np.empty(len(order), np.int64)
    codes[order] = np.cumsum(new) - 1
    return codes


def row_sizes(batch: Batch, source: p.PhysicalPlan) -> Sizes:
    """Bytes of a node's rows as minimal tuples."""
    types = [output_type(source, i) for i in range(len(batch.columns))]
    vectors = [batch.vector(i) for i in range(len(types))]
    if isinstance(source, p.SetOp):  # the number of the input that a row came from stays with it
        types, vectors = [*types, INT4], [*vectors, ConstVector(FixedVector(np.zeros(1, np.int32)), batch.n)]
    return minimal_sizes(vectors, types, batch.n)


def sort_space_of(
    batch: Batch | None, source: p.PhysicalPlan, memory: int, bound: int | None, ranks: Callable[[], Index], bounded: bool = False, uncounted: int = 0
) -> SortSpace:
    """What PostgreSQL's sort of a child's rows would have taken; `bounded`: it was told that it may get a bound, but got none."""
    if batch is None:
        return sort_space(None, 0, memory, uncounted=uncounted)
    types = [output_type(source, i) for i in range(len(batch.columns))]
    by_value = len(types) == 1 and 0 < types[0].length <= 8 and not isinstance(source, p.SetOp)  # kept in its slot
    sizes = None if by_value else row_sizes(batch, source)
    return sort_space(sizes, batch.n, memory, bound=batch.n if bounded and bound is None else bound, codes=ranks, uncounted=uncounted)


def with_ties(batch: Batch, order: Index, keys: Sequence[p.SortColumn], source: p.PhysicalPlan, most: int) -> Batch:
    """The rows in `order`, but equal ones as PostgreSQL's sort leaves them: of top-N sorts always, of others up to TIES rows."""
    bounded = batch.n > 2 * most
    if not most or not (bounded or STABLE < batch.n <= TIES):
        return batch.take(order)
    if bounded and changes(batch.take(order[: most + 1]), [k.index for k in keys], source).all():
        return batch.take(order)  # the first ones differ from each other and from all behind them
    rows = batch.take(order)
    new = changes(rows, [k.index for k in keys], source)
    if not bounded and new.all():
        return rows
    codes = places_in(order, new)
    if not bounded:
        return batch.take(np.array(quick_sorted(codes.tolist()), np.int64))
    first = np.array(smallest(codes, most), np.int64)
    left = np.ones(batch.n, np.bool_)
    left[first] = False
    return batch.take(np.concatenate([first, order[left[order]]]))  # all rows are kept: a rescan may ask for more of them


class SortRows(Keeping):
    """All rows in order."""

    node: p.Sort

    def __init__(self, node: p.PhysicalPlan, ctx: object) -> None:
        super().__init__(node, ctx)  # type: ignore[arg-type] # an ExecutionContext
        self.most = ALL

    def bound(self, n: int) -> None:
        self.most = n

    @property
    def bounded(self) -> bool:
        return self.most < ALL

    def collect(self) -> Batch | None:
        batch = self.drain_for(self.children[0])
        if batch is None:
            if self.ctx.measured:
                self._measure(None, None)
            return None
        return self.ordered(batch)

    def ordered(self, batch: Batch) -> Batch:
        """The child's rows, all of them, in order."""
        order = order_of(batch, self.node.keys, self.node.source)
        if self.ctx.measured:
            self._measure(batch, order)
        return batch.take(order) if self.loops.n is not None else with_ties(batch, order, self.node.keys, self.node.source, self.most)

    def _measure(self, batch: Batch | None, order: Index | None) -> None:
        """Note what PostgreSQL's sort would have taken; of many loops, the last."""
        if batch is not None and self.loops.n is not None and batch.owner is not None:
            batch = batch.filter(batch.owners == self.loops.n - 1)
            order = order_of(batch, self.node.keys, self.node.source)
        bound = self.most if self.most < ALL and self.loops.n is None else None

        def ranks() -> Index:
            assert batch is not None and order is not None
            return ranked(batch, order, self.node.keys, self.node.source)

        space = sort_space_of(batch, self.node.source, self.ctx.work_memory, bound, ranks)
        if space.kind == "Disk":
            self.metrics.temp_written += space.size // PAGE
            self.metrics.temp_read += space.size // PAGE
        self.metrics.extra.update({"Sort Method": space.method, "Sort Space Used": space.kilobytes, "Sort Space Type": space.kind})

    def produce(self, n: int) -> Batch | None:
        batch = self.feed.give(n)
        if batch is None or not self.targets:
            return batch
        return self.project(self.frame(batch.n, batch))


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
