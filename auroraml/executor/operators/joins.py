"""Nested Loop, Hash Join, Hash, Materialize: pairs of rows by number, values gathered when touched."""

from __future__ import annotations

import numpy as np

from auroraml.batch import Batch, FixedVector, Index, Vector, concat, concat_batches
from auroraml.errors import DatabaseError
from auroraml.evaluate import Frame, compile, select
from auroraml.evaluate.call import null
from auroraml.evaluate.keys import codes_of, combine, compact
from auroraml.executor.operator import ALL, Operator, Sliced, operator
from auroraml.executor.operators.functions import FunctionScanRows
from auroraml.executor.operators.service_batches import ServiceBatches, batches, reads_volatile
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.settings.aurora import APG_ENABLE_BATCH_MODE_FUNCTION_EXECUTION

CHUNK = 65_536


@operator(p.Hash, p.Materialize)
class Kept(Operator):
    """The child's rows, kept whole."""

    def open(self) -> None:
        self.batch = self.children[0].drain()
        self.kept = Sliced()
        self.kept.left = self.batch

    def produce(self, n: int) -> Batch | None:
        return self.kept.give(n)

    def rescan(self) -> None:
        self.started = False


class JoinRows(Operator):
    """What all joins share: conditions, filters, unmatched rows."""

    node: p.Join

    def __init__(self, node: p.Join, ctx: object) -> None:
        super().__init__(node, ctx)  # type: ignore[arg-type] # an ExecutionContext
        self.conditions = [compile(c) for c in node.condition]

    def matched(self, left: Batch, right: Batch, i: Index, j: Index) -> tuple[Index, Index]:
        """The pairs that the join condition lets through."""
        if not self.conditions or not len(i):
            return i, j
        frame = Frame(n=len(i), sides=(left.take(i), right.take(j)), params=self.ctx.params, ctx=self.ctx)
        mask = select(self.conditions, frame)
        self.metrics.removed_by_join_filter += int(len(i) - np.count_nonzero(mask))
        return i[mask], j[mask]

    def output(self, left: Batch, right: Batch, i: Index, j: Index) -> Batch | None:
        """Rows of pairs; -1 stands for a row of NULLs."""
        frame = self.frame(len(i), left.take(i, True), right.take(j, True))
        frame = self.passing(frame)
        return self.project(frame) if frame.n else None

    def project(self, frame: Frame) -> Batch:
        columns = []
        if all(isinstance(t, e.InputRef) for t in self.node.targets):
            for t in self.node.targets:
                assert isinstance(t, e.InputRef)
                columns.append(frame.sides[t.side].columns[t.index])
            return Batch(columns, frame.n)
        return Batch.of([compute(frame) for compute in self.targets], frame.n)

    def widen(self, left: Batch, right_n: int, i: Index, j: Index, seen: np.ndarray | None) -> tuple[Index, Index]:
        """Left, semi and anti joins: what becomes of the pairs of one batch of left rows."""
        kind = self.node.kind
        if kind == "inner" or kind == "right":
            pairs = i, j
        elif kind in ("semi", "anti"):
            hit = np.zeros(left.n, np.bool_)
            hit[i] = True
            rows = np.flatnonzero(hit if kind == "semi" else ~hit)
            pairs = rows, np.full(len(rows), -1)
        else:
            hit = np.zeros(left.n, np.bool_)
            hit[i] = True
            lonely = np.flatnonzero(~hit)
            order = np.argsort(np.concatenate([i, lonely]), kind="stable")
            pairs = np.concatenate([i, lonely])[order], np.concatenate([j, np.full(len(lonely), -1)])[order]
        if seen is not None:
            seen[j[j >= 0]] = True
        return pairs


def no_rows(node: p.PhysicalPlan) -> Batch:
    """An empty batch of a node's outputs."""
    return Batch.of([empty_vector(t) for t in node.targets], 0)


def empty_vector(target: e.Expr) -> Vector:
    """No values of the target's type."""
    return null(target.type).take(np.zeros(0, np.int64))


@operator(p.HashJoin)
class HashJoinRows(JoinRows):
    """Equality through integer codes: the build side sorted by code once, each probe batch matched by look-up."""

    node: p.HashJoin

    def open(self) -> None:
        self.kept = Sliced()
        self.right = self.children[1].drain() or no_rows(self.node.inner)
        frame = Frame(n=self.right.n, sides=(self.right, self.right), params=self.ctx.params, ctx=self.ctx)
        self.right_keys = [compile(c.args[1])(frame) for c in self.node.hash_conditions]  # type: ignore[attr-defined] # OpCalls
        self.types = [c.args[1].type for c in self.node.hash_conditions]  # type: ignore[attr-defined]
        self.left_keys = [compile(c.args[0]) for c in self.node.hash_conditions]  # type: ignore[attr-defined]
        self.outer_types = [c.args[0].type for c in self.node.hash_conditions]  # type: ignore[attr-defined]
        self.seen = np.zeros(self.right.n, np.bool_) if self.node.kind in ("right", "full") else None
        self.finished = False
        self.table: tuple[int, np.ndarray, np.ndarray, np.ndarray] | None = None
        self._prepare()

    def _prepare(self) -> None:
        """A look-up table from key to build rows, where there is one whole-number key of a dense domain."""
        if len(self.right_keys) != 1 or not self.right.n:
            return
        key = self.right_keys[0].flat()
        if not isinstance(key, FixedVector) or key.values.dtype.kind not in "iu":
            return
        valid = np.arange(key.n) if key.validity is None else np.flatnonzero(key.validity)
        if not len(valid):
            return
        values = key.values[valid].astype(np.int64)
        low, high = int(values.min()), int(values.max())
        if high - low > max(65_536, 16 * len(values), 8_000_000):
            return
        codes = values - low
        counts = np.bincount(codes, minlength=high - low + 1)
        order = valid[np.argsort(codes, kind="stable")] if (np.diff(codes) < 0).any() else valid
        starts = np.zeros(len(counts) + 1, np.int64)
        np.cumsum(counts, out=starts[1:])
        self.table = (low, counts, starts, order)

    def produce(self, n: int) -> Batch | None:
        while True:
            found = self.kept.give(n)
            if found is not None:
                return found
            if self.finished:
                return None
            left = self.children[0].pull(n if n < CHUNK else ALL)
            if left is None:
                self.finished = True
                self.kept.left = self._unseen()
                continue
            i, j = self._pairs(left)
            i, j = self.matched(left, self.right, i, j)
            i, j = self.widen(left, self.right.n, i, j, self.seen)
            self.kept.left = self.output(left, self.right, i, j)

    def _unseen(self) -> Batch | None:
        """Right and full joins: build rows nobody matched."""
        if self.seen is None:
            return None
        rows = np.flatnonzero(~self.seen)
        left = no_rows(self.node.outer)
        return self.output(left, self.right, np.full(len(rows), -1), rows) if len(rows) else None

    def _pairs(self, left: Batch) -> tuple[Index, Index]:
        frame = Frame(n=left.n, sides=(left, left), params=self.ctx.params, ctx=self.ctx)
        keys = [k(frame) for k in self.left_keys]
        if not self.right.n:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        if self.table is not None:
            key = keys[0].flat()
            assert isinstance(key, FixedVector)
            low, counts, starts, order = self.table
            codes = key.values.astype(np.int64) - low
            inside = (codes >= 0) & (codes < len(counts))
            if key.validity is not None:
                inside &= key.validity
            if not inside.all():
                rows = np.flatnonzero(inside)
                codes = codes[rows]
            else:
                rows = None
            return _spread(codes, counts, starts, order, rows)
        return self._general(keys, left.n)

    def _general(self, keys: list[Vector], n: int) -> tuple[Index, Index]:
        """Any keys: both sides coded together."""
        parts, left_valid, right_valid = [], np.ones(n, np.bool_), np.ones(self.right.n, np.bool_)
        for a, b, type in zip(keys, self.right_keys, self.types, strict=True):
            joined = concat([b.flat(), _alike(a.flat(), b.flat())])
            parts.append(codes_of(joined, type))
            left_valid &= a.valid
            right_valid &= b.valid
        codes, size = combine(parts, n + self.right.n)
        if size > max(65_536, 8 * len(codes)):
            codes, size = compact(codes)
        build, probe = codes[: self.right.n], codes[self.right.n :]
        usable = np.flatnonzero(right_valid)
        counts = np.bincount(build[usable], minlength=size)
        order = usable[np.argsort(build[usable], kind="stable")]
        starts = np.zeros(size + 1, np.int64)
        np.cumsum(counts, out=starts[1:])
        rows = np.flatnonzero(left_valid)
        return _spread(probe[rows], counts, starts, order, rows)


def _alike(a: Vector, b: Vector) -> Vector:
    """Whole numbers of different widths at one width, for coding together."""
    if isinstance(a, FixedVector) and isinstance(b, FixedVector) and a.values.dtype != b.values.dtype and a.values.dtype.names is None:
        return FixedVector(a.values.astype(np.result_type(a.values.dtype, b.values.dtype)), a.validity)
    return a


def _spread(codes: Index, counts: Index, starts: Index, order: Index, rows: Index | None) -> tuple[Index, Index]:
    """Pairs (probe row, build row) for probe codes."""
    many = counts[codes]
    if len(many) and many.max() <= 1:
        hit = np.flatnonzero(many)
        return (hit if rows is None else rows[hit]), order[starts[codes[hit]]]
    total = int(many.sum())
    i = np.repeat(np.arange(len(codes)), many)
    first = np.repeat(starts[codes], many)
    within = np.arange(total) - np.repeat(np.cumsum(many) - many, many)
    return (i if rows is None else rows[i]), order[first + within]


@operator(p.NestedLoop)
class NestedLoopRows(JoinRows):
    """Every outer row with every inner row, or with the inner rows its parameters give."""

    node: p.NestedLoop

    def open(self) -> None:
        self.kept = Sliced()
        self.params = [(number, compile(value)) for number, value in self.node.params]
        inner = self.children[1]
        self.function = inner if isinstance(inner, FunctionScanRows) and self.params else None
        self.service: ServiceBatches | None = None
        if self.function is not None and batches(self.function.node) and self.ctx.settings[APG_ENABLE_BATCH_MODE_FUNCTION_EXECUTION]:
            self.service = ServiceBatches(self.function, self.children[0], self._parameters)
            self.exact = reads_volatile((*self.function.node.filter, *self.node.condition, *self.node.filter, *self.node.targets))
            self.step = 1
        self.right: Batch | None = None
        self.seen: np.ndarray | None = None
        if not self.params:
            self.right = inner.drain() or no_rows(self.node.inner)
            self.seen = np.zeros(self.right.n, np.bool_) if self.node.kind in ("right", "full") else None
        self.finished = False

    def produce(self, n: int) -> Batch | None:
        while True:
            found = self.kept.give(n)
            if found is not None or self.finished:
                return found
            if self.service is not None:
                self.kept.left = self._from_service(self.service, n)
                continue
            left = self.children[0].pull(self._demand(n))
            if left is None:
                self.finished = True
                if self.seen is not None and self.right is not None:
                    rows = np.flatnonzero(~self.seen)
                    self.kept.left = self.output(no_rows(self.node.outer), self.right, np.full(len(rows), -1), rows) if len(rows) else None
                continue
            self.kept.left = self._joined(left)

    def _demand(self, n: int) -> int:
        """Outer rows to ask for: one where each of them is a service call of its own and not all rows are wanted."""
        if self.function is not None and self.function.node.batch and n < CHUNK:
            return 1
        return max(1, min(n, CHUNK))

    def _from_service(self, service: ServiceBatches, n: int) -> Batch | None:
        """The next rows in batch mode. After rows that no condition let through, more are tried at a time, and given back if not needed."""
        size = n if self.exact else max(n, self.step)
        part = service.fetch(size)
        if part is None:
            self.finished = True
            return None
        counted = self._counters()
        failed = False
        try:
            found = self._answered(*part)
        except DatabaseError:
            if part[0].n <= n:
                raise
            found, failed = None, True  # by a row that may never be reached
        if part[0].n > n and (failed or (found is not None and found.n >= n)):
            self._count(counted)
            service.give_back(part[0].n - n)
            found = self._answered(part[0].slice(0, n), part[1].slice(0, n))
        self.step = min(self.step * 4, CHUNK) if found is None else 1
        return found

    def _counters(self) -> tuple[int, ...]:
        assert self.function is not None
        scan, own = self.function.metrics, self.metrics
        return scan.loops, scan.rows, scan.removed_by_filter, own.removed_by_join_filter, own.removed_by_filter

    def _count(self, counters: tuple[int, ...]) -> None:
        assert self.function is not None
        scan, own = self.function.metrics, self.metrics
        scan.loops, scan.rows, scan.removed_by_filter, own.removed_by_join_filter, own.removed_by_filter = counters

    def _answered(self, left: Batch, answers: Batch) -> Batch | None:
        """Outer rows joined with the function's rows, one each, that pass the scan's filter."""
        assert self.function is not None
        right, owners = self.function.finished(answers, np.arange(left.n), self._parameters(left) if self.function.tests else {})
        return self._paired(left, right, owners)

    def _paired(self, left: Batch, right: Batch, owners: Index) -> Batch | None:
        assert self.function is not None
        self.function.metrics.loops += left.n
        self.function.metrics.rows += right.n
        i, j = self.matched(left, right, owners, np.arange(right.n))
        i, j = self.widen(left, right.n, i, j, None)
        return self.output(left, right, i, j)

    def _parameters(self, left: Batch) -> dict[tuple[str, int], Vector]:
        frame = Frame(n=left.n, sides=(left,), params=self.ctx.params, ctx=self.ctx)
        return {**self.ctx.params, **{("exec", number): value(frame) for number, value in self.params}}

    def _joined(self, left: Batch) -> Batch | None:
        if self.function is not None:
            right, owners = self.function.apply(self._parameters(left), left.n)
            return self._paired(left, right, owners)
        if self.right is not None:
            i = np.repeat(np.arange(left.n), self.right.n)
            j = np.tile(np.arange(self.right.n), left.n)
            i, j = self.matched(left, self.right, i, j)
            i, j = self.widen(left, self.right.n, i, j, self.seen)
            return self.output(left, self.right, i, j)
        return self._row_by_row(left)

    def _row_by_row(self, left: Batch) -> Batch | None:
        """An inner plan of any shape runs once for each outer row."""
        values = self._parameters(left)
        parts = []
        for row in range(left.n):
            index = np.array([row])
            for number, _ in self.params:
                self.ctx.params["exec", number] = values["exec", number].take(index).flat()
            self.children[1].rescan()
            right = self.children[1].drain() or no_rows(self.node.inner)
            one = left.slice(row, row + 1)
            i, j = self.matched(one, right, np.zeros(right.n, np.int64), np.arange(right.n))
            i, j = self.widen(one, right.n, i, j, None)
            made = self.output(one, right, i, j)
            if made is not None:
                parts.append(made)
        return concat_batches(parts) if parts else None
