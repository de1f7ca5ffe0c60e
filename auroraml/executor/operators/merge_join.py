"""Merge Join: equality over inputs sorted alike; output in the outer side's order."""

from __future__ import annotations

import numpy as np

from auroraml.batch import Batch, concat, concat_batches
from auroraml.catalog.builtins import builtin_function
from auroraml.evaluate import select
from auroraml.evaluate.keys import codes_of, combine, sort_indices
from auroraml.executor.loops import Loops
from auroraml.executor.matching import Matcher
from auroraml.executor.operator import Operator, running_parts
from auroraml.executor.operators.joins import Pairs, no_rows
from auroraml.executor.operators.keyed import KeyedRows, KeyPairs
from auroraml.executor.operators.memoize import MemoizeRows
from auroraml.executor.operators.merge_walk import SKIPPED, Walk
from auroraml.executor.operators.ordering import SortRows
from auroraml.executor.replay import Before, before_run, can_replay, replay
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.types.casts import find_cast
from auroraml.types.pg_type import PgType


def _keys(node: p.MergeJoin) -> KeyPairs:
    return KeyPairs([_alike(*c.args) for c in node.merge_conditions if isinstance(c, e.OpCall)])


class MergeJoinRows(KeyedRows):
    """Both sides read; their rows matched by key, which gives what walking them side by side gives."""

    node: p.MergeJoin

    def __init__(self, node: p.MergeJoin, ctx: object) -> None:
        super().__init__(node, ctx, _keys)
        self.runs = 0

    def open(self) -> None:
        super().open()
        self.matcher = None
        self.lefts: list[Batch] = []  # with EXPLAIN ANALYZE: the outer rows read
        self.runs += 1
        if self.ctx.measured:
            own = self.metrics.own()
            self.earlier = own.rows + own.removed_by_filter
            self.before: list[Before] = [before_run(child.node, self.ctx) for child in self.children]

    def rewind(self) -> None:
        self._settle()
        super().rewind()

    def rescan(self, loops: Loops, changed: frozenset[int]) -> None:
        self._settle()
        super().rescan(loops, changed)

    def _prepare(self) -> Matcher:
        if self.matcher is None:
            self.right, self.matcher = self.common(self.inner, self._whole_inner)
            if self.node.kind in ("right", "full"):
                self.seen = np.zeros(self.right.n, np.bool_)
        return self.matcher

    def _whole_inner(self) -> tuple[Batch, Matcher]:
        """All inner rows, and where to find those of a key."""
        right = self.inner.drain() or no_rows(self.node.inner)
        return right, self.matcher_of(self.inner_key_values(right), right)

    def candidates(self, left: Batch) -> Pairs:
        self._prepare()
        return super().candidates(left)

    def most_candidates(self) -> int:
        self._prepare()
        return super().most_candidates()

    def next_outer(self, n: int) -> Batch | None:
        left = super().next_outer(n)
        if left is not None and self.ctx.measured:
            self.lefts.append(left)
        return left

    def give_back(self, left: Batch) -> None:
        super().give_back(left)
        if left.n and self.ctx.measured:
            read = concat_batches(self.lefts)
            self.lefts = [read.slice(0, read.n - left.n)]

    def close(self) -> None:
        self._settle()
        super().close()

    def _settle(self) -> None:
        """At the end of a run, with EXPLAIN ANALYZE: count what walking side by side would have read, before those below count theirs."""
        if self.ctx.measured and self.started and self.loops.n is None and self.matcher is not None:
            self._count_reads(concat_batches(self.lefts) if self.lefts else no_rows(self.node.outer))
            self.matcher = None

    def _count_reads(self, left: Batch) -> None:
        frames = self.frame(left.n, left, left), self.frame(self.right.n, self.right, self.right)
        outer, inner = [k(frames[0]) for k in self.outer_keys], [k(frames[1]) for k in self.inner_keys]
        together = [concat([a.flat(), b.flat()]) for a, b in zip(outer, inner, strict=True)]
        n = left.n + self.right.n
        order = sort_indices(together, self.types, [False] * len(together), [False] * len(together), n)
        codes, size = combine([codes_of(v, t) for v, t in zip(together, self.types, strict=True)], n)
        _ = size
        numbers = np.empty(n, np.int64)
        numbers[order] = np.cumsum(np.concatenate([[True], codes[order][1:] != codes[order][:-1]])) if n else 0
        if left.n > 1 and (np.diff(numbers[: left.n]) < 0).any():
            numbers = -numbers
        known = np.logical_and.reduce([v.valid for v in together])
        ranks = [int(r) if k else SKIPPED if f else None for r, k, f in zip(numbers, known, together[0].valid, strict=True)]

        def passes(o: int, i: int) -> bool:
            if not self.conditions:
                return True
            return bool(select(self.conditions, self.frame(1, left.take(np.array([o])), self.right.take(np.array([i]))))[0])

        nulls_last = not (self.node.keys and self.node.keys[0].nulls_first)
        walk = Walk(ranks[: left.n], ranks[left.n :], self.node.kind, passes=passes, early=self.early,
                    skips_marks=self.early and not self.conditions, nulls_end=nulls_last)  # fmt: skip
        complete = self.finished and self.morsel is None
        own = self.metrics.own()
        walk.run((1 << 62) if complete else own.rows + own.removed_by_filter - self.earlier)
        self.outer = self._read_so_far(0, left, walk.outer_rows, walk.outer_ended)
        self.inner = self._read_so_far(1, self.right, walk.inner_reached, walk.inner_ended)
        self.children = [self.outer, self.inner]
        self.inner.metrics.rows += walk.inner_rows - walk.inner_reached

    def _read_so_far(self, side: int, rows: Batch, read: int, ended: bool) -> Operator:
        """A side of which only so many rows were read; where they cannot be given back, it runs again to that point."""
        child = self.children[side]
        if read == rows.n and (ended or isinstance(child, SortRows)):
            return child
        again = not isinstance(child, SortRows) and can_replay(child)
        if again and (self.runs == 1 or not any(part.keeps or isinstance(part, MemoizeRows) for part in running_parts(child))):
            return replay(child, self.before[side], read, ended=ended)
        if read < rows.n:
            child.unread(rows.drop(read))
        return child

    def produce(self, n: int) -> Batch | None:
        if self.node.kind in ("right", "full"):
            self._prepare()
        return super().produce(n)


MOMENTS = ("date", "timestamp", "timestamptz")  # each is compared with a later one as that one


def _alike(left: e.Expr, right: e.Expr) -> tuple[e.Expr, e.Expr]:
    """Both sides as values of one type."""
    if left.type.name == right.type.name or left.type.name not in MOMENTS or right.type.name not in MOMENTS:
        return left, right
    if MOMENTS.index(left.type.name) < MOMENTS.index(right.type.name):
        return _as_moment(left, right.type), right
    return left, _as_moment(right, left.type)


def _as_moment(expr: e.Expr, type: PgType) -> e.Expr:
    cast = find_cast(expr.type, type)
    function = None if cast is None else builtin_function(cast.function)
    assert function is not None
    return e.Call(type=type, function=function, args=(expr,), form="implicit")
