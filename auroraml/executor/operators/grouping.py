"""Aggregate, Group, Unique, WindowAgg."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auroraml.batch import Batch, ConstVector, FixedVector, Index, Vector, concat_batches
from auroraml.errors import FeatureNotSupported
from auroraml.evaluate import Frame, compile
from auroraml.evaluate.call import null
from auroraml.evaluate.keys import groups, rank, sort_indices
from auroraml.executor.operator import Operator, Sliced, operator
from auroraml.executor.operators.joins import no_rows
from auroraml.functions.signature import AGGREGATES, WINDOWS, CallContext, Types
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.types.table import INT8
from auroraml.types.typmod import format_type


def aggregate(call: e.Aggregate, batch: Batch, codes: Index, count: int, frame: Frame) -> Vector:
    """One aggregate's value for each group: FILTER, DISTINCT and ORDER BY first, then its kernel."""
    args = [compile(a)(frame) for a in call.args]
    rows: Index | None = None
    if call.filter is not None:
        rows = np.flatnonzero(_true(compile(call.filter)(frame)))
    if call.order_by:
        keys = [compile(k.expr)(frame) for k in call.order_by]
        order = sort_indices(
            keys, [k.expr.type for k in call.order_by], [k.descending for k in call.order_by], [k.nulls_first for k in call.order_by], batch.n
        )
        kept = np.ones(batch.n, np.bool_) if rows is None else np.isin(np.arange(batch.n), rows)
        rows = order[kept[order]]
    if call.distinct:
        chosen = np.arange(batch.n) if rows is None else rows
        parts = [FixedVector(codes[chosen]), *(a.take(chosen) for a in args)]
        types = [INT8, *(a.type for a in call.args)]
        _, _, first = groups(parts, types, len(chosen))
        first = np.sort(first)
        if not call.order_by and args:
            values = sort_indices(
                [a.take(chosen[first]) for a in args], [a.type for a in call.args], [False] * len(args), [False] * len(args), len(first)
            )
            first = first[values]
        rows = chosen[first]
    if rows is not None:
        args, codes = [a.take(rows) for a in args], codes[rows]
    direct: list[Vector] = []
    if call.direct:
        owners, places = np.unique(codes, return_index=True)
        sources = places if rows is None else rows[places]
        first = np.full(count, -1, np.int64)
        first[owners] = sources
        direct = [compile(d)(frame).flat().take(first, True) for d in call.direct]
    return _kernel(call, [*direct, *args], codes, count, frame.ctx)


def _true(vector: Vector) -> np.ndarray:
    flat = vector.flat()
    assert isinstance(flat, FixedVector)
    return flat.values & flat.valid


def _kernel(call: e.Aggregate, args: Sequence[Vector], codes: Index, count: int, ctx: CallContext) -> Vector:
    if call.function.name in ("min", "max") and len(args) == 1:
        return extreme(args[0], call.args[0], codes, count, call.function.name == "max")
    kernel = AGGREGATES.get(call.function.oid)
    if kernel is None:
        types = ", ".join(format_type(x.type) for x in call.function.inputs)
        raise FeatureNotSupported(f"function {call.function.name}({types}) is not supported")
    extra: tuple[object, ...] = (ctx,) if kernel.context else ()
    if kernel.typed:
        extra = (*extra, Types(args=tuple(a.type for a in (*call.direct, *call.args)), result=call.type))
    return kernel.function(*extra, [a.flat() for a in args], codes, count)  # type: ignore[no-any-return] # aggregates return vectors


def extreme(vector: Vector, expr: e.Expr, codes: Index, count: int, largest: bool) -> Vector:
    """min and max of any ordered type: the row of each group that sorts first or last."""
    flat = vector.flat()
    valid = np.arange(flat.n) if flat.validity is None else np.flatnonzero(flat.validity)
    ranks = rank(flat.take(valid), expr.type)
    order = np.lexsort((ranks, codes[valid]))
    owners = codes[valid][order]
    place = np.full(count, -1, np.int64)
    if len(order):
        edges = np.append(np.flatnonzero(np.diff(owners)), len(owners) - 1) if largest else np.append(0, np.flatnonzero(np.diff(owners)) + 1)
        place[owners[edges]] = valid[order[edges]]
    return flat.take(place, True)


@operator(p.Aggregate)
class AggregateRows(Operator):
    """Groups in order of first appearance; one group without keys even over no rows."""

    node: p.Aggregate

    def open(self) -> None:
        self.kept = Sliced()
        self.done = False

    def produce(self, n: int) -> Batch | None:
        if not self.done:
            self.done = True
            batch = self.children[0].drain() or no_rows(self.node.source)
            self.kept.left = self._grouped(batch)
        return self.kept.give(n)

    def _grouped(self, batch: Batch) -> Batch | None:
        node = self.node
        if not node.grouping_sets:
            return self._one(batch, node.keys, frozenset(node.keys))
        parts = [self._one(batch, tuple(node.keys[i] for i in members), frozenset(node.keys[i] for i in members)) for members in node.grouping_sets]
        found = [part for part in parts if part is not None]
        return concat_batches(found) if found else None

    def _one(self, batch: Batch, keys: Sequence[int], grouped: frozenset[int]) -> Batch | None:
        if keys:
            codes, count, first = groups([batch.vector(k) for k in keys], [self.node.source.targets[k].type for k in keys], batch.n)
        else:
            codes, count = np.zeros(batch.n, np.int64), 1
            first = np.zeros(1, np.int64) if batch.n else np.full(1, -1)
        if not count:
            return None
        frame = self.frame(batch.n, batch)
        computed = {id(call): aggregate(call, batch, codes, count, frame) for call in self.node.calls}
        rows = batch.take(first, bool(batch.n == 0))
        if len(grouped) != len(self.node.keys):
            rows = self._blanked(rows, grouped)
        out = Frame(n=count, sides=(rows,), params=self.ctx.params, ctx=self.ctx, computed=computed)
        out = self.passing(out)
        return Batch.of([compute(out) for compute in self.targets], out.n) if out.n else None

    def _blanked(self, rows: Batch, grouped: frozenset[int]) -> Batch:
        """Keys outside the grouping set are NULL."""
        vectors = []
        for i in range(len(rows.columns)):
            hidden = i in self.node.keys and i not in grouped
            vectors.append(ConstVector(null(self.node.source.targets[i].type), rows.n) if hidden else rows.vector(i))
        return Batch.of(vectors, rows.n)


@operator(p.Unique)
class UniqueRows(Operator):
    """The first of each run of equal keys."""

    node: p.Unique

    def open(self) -> None:
        self.kept = Sliced()
        batch = self.children[0].drain()
        if batch is not None:
            types = [self.node.source.targets[k].type for k in self.node.keys]
            _, _, first = groups([batch.vector(k) for k in self.node.keys], types, batch.n)
            self.kept.left = batch.take(np.sort(first))

    def produce(self, n: int) -> Batch | None:
        batch = self.kept.give(n)
        return None if batch is None else self.project(self.frame(batch.n, batch))


@operator(p.WindowAgg)
class WindowRows(Operator):
    """Window functions over rows sorted by partition and order."""

    node: p.WindowAgg

    def open(self) -> None:
        self.kept = Sliced()
        batch = self.children[0].drain()
        if batch is None:
            return
        computed = {id(call): self._call(call, batch) for call in self.node.calls}
        frame = Frame(n=batch.n, sides=(batch,), params=self.ctx.params, ctx=self.ctx, computed=computed)
        self.kept.left = Batch.of([compute(frame) for compute in self.targets], batch.n)

    def produce(self, n: int) -> Batch | None:
        return self.kept.give(n)

    def _edges(self, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        """Where partitions begin, and where peers do."""
        types = [t.type for t in self.node.source.targets]
        starts = np.zeros(batch.n, np.bool_)
        starts[0] = True
        for k in self.node.partition:
            codes, _, _ = groups([batch.vector(k)], [types[k]], batch.n)
            starts[1:] |= np.diff(codes) != 0
        peers = starts.copy()
        for key in self.node.order:
            codes, _, _ = groups([batch.vector(key.index)], [types[key.index]], batch.n)
            peers[1:] |= np.diff(codes) != 0
        return starts, peers

    def _call(self, call: e.WindowCall, batch: Batch) -> Vector:
        starts, peers = self._edges(batch)
        partition = np.cumsum(starts) - 1
        first = np.flatnonzero(starts)
        frame = self.frame(batch.n, batch)
        args = [compile(a)(frame).flat() for a in call.args]
        kernel = WINDOWS.get(call.function.oid)
        if kernel is not None:
            return kernel(args, partition, first, peers, batch.n, self._bounds(batch, starts, peers))  # type: ignore[no-any-return]
        low, high = self._bounds(batch, starts, peers)
        return self._over_frames(call, args, low, high, frame, partition)

    def _bounds(self, batch: Batch, starts: np.ndarray, peers: np.ndarray) -> tuple[Index, Index]:
        """Each row's frame as row numbers: from low to before high."""
        n = batch.n
        number = np.arange(n)
        first = np.flatnonzero(starts)
        part = np.cumsum(starts) - 1
        begin = first[part]
        end = np.append(first[1:], n)[part]
        group = np.cumsum(peers) - 1
        peer_first = np.flatnonzero(peers)
        peer_end = np.append(peer_first[1:], n)[group]
        frame = self.node.window.frame if self.node.window is not None else None
        if frame is None:
            return begin, peer_end if self.node.order else end
        mode, start_kind, start_value, end_kind, end_value, exclude = frame
        if exclude:
            raise FeatureNotSupported("EXCLUDE in a window frame is not supported")

        def edge(kind: object, value: object, low: bool) -> Index:
            if kind == "unbounded preceding":
                return begin  # type: ignore[no-any-return] # numpy gives Any
            if kind == "unbounded following":
                return end  # type: ignore[no-any-return] # numpy gives Any
            if kind == "current row":
                if mode == "rows":
                    return number if low else number + 1
                return peer_first[group] if low else peer_end  # type: ignore[no-any-return] # numpy gives Any
            if mode != "rows":
                raise FeatureNotSupported(f"{str(mode).upper()} with an offset in a window frame is not supported")
            assert isinstance(value, e.Expr)
            amount = int(str(compile(value)(self.frame(1, Batch([], 1))).datum(0)))
            moved = number - amount if kind == "preceding" else number + amount
            return np.clip(moved if low else moved + 1, begin, end)

        low, high = edge(start_kind, start_value, True), edge(end_kind, end_value, False)
        return low, np.maximum(low, high)

    def _over_frames(self, call: e.WindowCall, args: Sequence[Vector], low: Index, high: Index, frame: Frame, partition: Index) -> Vector:
        """An aggregate over each row's frame: rows with one frame share one computation."""
        spans, codes = np.unique(np.stack([low, high], 1), axis=0, return_inverse=True)
        lengths = spans[:, 1] - spans[:, 0]
        owner = np.repeat(np.arange(len(spans)), lengths)
        within = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        rows = np.repeat(spans[:, 0], lengths) + within
        if call.filter is not None:
            keep = _true(compile(call.filter)(frame))[rows]
            rows, owner = rows[keep], owner[keep]
        made = e.Aggregate(type=call.type, function=call.function, args=call.args, star=call.star)
        values = _kernel(made, [a.take(rows) for a in args], owner, len(spans), frame.ctx)
        return values.take(codes.reshape(-1).astype(np.int64))
