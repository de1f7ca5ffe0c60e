"""Hash Join and Hash: the build side collected once, probed a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_

import numpy as np

from auroraml.batch import Batch, Mask, Vector, concat_batches, true_places
from auroraml.executor.crew import Member
from auroraml.executor.matching import Matcher
from auroraml.executor.operator import Keeping
from auroraml.executor.operators.joins import NO_PAIRS, Pairs, no_rows
from auroraml.executor.operators.keyed import KeyedRows, KeyPairs
from auroraml.executor.operators.ordering import row_sizes
from auroraml.executor.shares import Together
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.tree import walk

MOST_KEPT, WIDEST_KEPT = 16_384, 65_536  # rows and codes of a table that is kept with the plan
PROBES = 1 << 20  # rows that participants look up at a time, about


class HashRows(Keeping):
    """The build side's rows."""

    node: p.Hash

    def collect(self) -> Batch | None:
        return self.drain_for(self.children[0])

    def measure(self, batch: Batch, left_out: Mask | None) -> None:
        """Count the rows that are put into the table, and what they take: not those `left_out`."""
        if left_out is not None:
            self.metrics.rows -= int(np.count_nonzero(left_out))
        if not self.ctx.measured:
            return
        if left_out is not None:
            batch = batch.filter(~left_out)
        sizes = row_sizes(batch, self.node.source)
        rows, size = batch.n, int(sizes.sum())
        if batch.owner is not None:
            rows, size = int(np.bincount(batch.owners).max(initial=0)), int(np.bincount(batch.owners, sizes).max(initial=0))
        for label, value in (("Tuple Rows", rows), ("Tuple Bytes", size)):  # of the largest table
            self.metrics.extra[label] = max(int(str(self.metrics.extra.get(label, 0))), value)


def _keys(node: p.HashJoin) -> KeyPairs:
    return KeyPairs([(c.args[0], c.args[1]) for c in node.hash_conditions if isinstance(c, e.OpCall)])


class KeptTable:
    """The table of the run before, which serves the next one where the inner rows' keys are the same columns, unchanged: with few rows only."""

    __slots__ = ("kept",)

    def __init__(self, node: p.HashJoin) -> None:
        self.kept: tuple[Sequence[Vector], Matcher] | None = None

    def find(self, keys: Sequence[Vector]) -> Matcher | None:
        """A table of these keys."""
        if self.kept is None:
            return None
        of, matcher = self.kept
        return matcher.again() if len(keys) == len(of) and all(map(is_, keys, of)) else None

    def keep(self, keys: Sequence[Vector], matcher: Matcher) -> None:
        """Keep what a run has made."""
        if matcher.table is not None and matcher.n <= MOST_KEPT and matcher.size <= WIDEST_KEPT:
            self.kept = keys, matcher


class HashJoinRows(KeyedRows):
    """Equality through integer codes: the build side's rows by code, each outer batch matched by look-up."""

    node: p.HashJoin
    latest_first = True

    def __init__(self, node: p.HashJoin, ctx: object) -> None:
        super().__init__(node, ctx, _keys)
        self.built: Batch | None = None
        self.outer_known = False  # to have rows, from a run before
        self.empty = False  # nothing is in the table
        self.stored: Sequence[Vector] = ()  # the keys of the inner rows, where they are whole columns
        self.unpaired = False  # somebody above reads the outer rows himself, and may never want pairs

    def open(self) -> None:
        super().open()
        self.ready = False

    def forget(self) -> None:
        if self.inner.free & self.loops.changing or self.node.parallel_aware:
            self.matcher = None

    def rewind(self) -> None:
        self.started = False
        self.returned = None
        self.outer_known = False  # the table is used again
        self.outer.rewind()

    def close(self) -> None:
        if self.stored and self.matcher is not None:
            self.once(KeptTable, self.node).keep(self.stored, self.matcher)
        super().close()

    def _prepare(self) -> None:
        """Build the table."""
        if not self.ready:
            self.ready = True
            if self.member is not None and self.node.parallel_aware:
                self._prepare_together(self.member)
                return
            if self.built is None or self.matcher is None:  # the table of an inner side that reads no parameter serves every rescan
                self.built, self.matcher, self.empty = self.common(self.inner, self._whole_table, counted=True)
            self.right = self.built
            self.seen = np.zeros(self.right.n, np.bool_) if self.node.kind in ("right", "full") else None

    def _whole_table(self) -> tuple[Batch, Matcher, bool]:
        """The table of all inner rows, and whether nothing is in it."""
        batch = self.right = self._inner_rows()
        keys = self.inner_key_values(batch)
        self._count_rows(batch, keys)
        whole = {id(column.source) for column in batch.columns} if batch.owner is None and batch.n <= MOST_KEPT else ()
        self.stored = keys if all(id(key) in whole for key in keys) else ()
        matcher = self.once(KeptTable, self.node).find(self.stored) or self.matcher_of(keys, batch)
        if not self.unpaired and self.member is not None and (rows := self.node.outer.cost.rows) >= batch.n:
            matcher.build(int(min(rows, PROBES)))  # the first rows that are looked up may be few
        return batch, matcher, self.empty

    def _prepare_together(self, member: Member) -> None:
        """Build one table for all participants, from the part that each has read of the inner side."""
        table: Together[Batch, tuple[Batch, Matcher]] = member.crew.share(self.node.id, lambda: Together(member.crew))
        self.built, self.matcher = table.bring(member, self._part, self._table)
        self.right, self.seen = self.built, None

    def _part(self) -> Batch:
        batch = self._inner_rows()
        if self.ctx.measured:
            self._count_rows(batch, self.inner_key_values(batch))
        return batch

    def _table(self, parts: list[Batch]) -> tuple[Batch, Matcher]:
        batch = concat_batches([part for part in parts if part.n] or parts[:1])
        matcher = self.matcher_of(self.inner_key_values(batch), batch)
        if not self.unpaired:
            matcher.build(PROBES)
        return batch, matcher

    def _count_rows(self, batch: Batch, keys: list[Vector]) -> None:
        """Rows with a NULL key are not put into the table unless the join gives them; the Hash node does not count them."""
        known = [key.validity for key in keys if key.validity is not None] if self.node.kind not in ("right", "full") else []
        left_out = ~np.logical_and.reduce(known) if known else None
        self.empty = batch.n == 0 or (left_out is not None and bool(left_out.all()))
        if isinstance(self.inner, HashRows):
            self.inner.measure(batch, left_out)

    def _inner_rows(self) -> Batch:
        return self.inner.drain() or no_rows(self.node.inner)

    def produce(self, n: int) -> Batch | None:
        if not self.ready and not self._begin():
            self.finished = True
        return super().produce(n)

    def begin_unpaired(self) -> bool:
        """Have the inner rows ready for somebody who reads the outer ones himself; False where the join gives no rows."""
        self.metrics.loops += not self.started
        self.started = self.unpaired = True
        self.open()
        return self._begin()

    def pair(self) -> None:
        """Pairs are wanted after all."""
        self.unpaired = False
        if self.member is not None and self.node.parallel_aware and self.matcher is not None and self.right.n:
            self.matcher.build(PROBES)

    def _begin(self) -> bool:
        """Build the table, unless there is one from a run before; False where it shows then that the join gives no rows.

        As PostgreSQL, a table that is used again is not asked whether it is empty, and the outer side is read.
        """
        used_again = self.matcher is not None and self.built is not None and self.ctx.measured
        first: Batch | None = None
        if not used_again and self._looks_first():
            first = self.outer.pull(1)
            if first is None:
                self.ready = True  # nothing to match: the table is not even built
                return False
            self.outer_known = True
        self._prepare()
        if (self.empty or not self.right.n) and not used_again and self.node.kind in ("inner", "semi", "right"):
            return False
        if first is not None:
            self.outer.unread(first)
        return True

    def _looks_first(self) -> bool:
        """Whether one outer row is read before the table is built; seen in what EXPLAIN ANALYZE counts alone."""
        if not self.ctx.measured or self.loops.n is not None or self.node.parallel_aware or self.node.kind in ("right", "full"):
            return False
        cheap = self.node.outer.cost.startup < self.node.inner.cost.total and not self.outer_known
        return cheap or self.node.kind in ("left", "full", "anti")

    def candidates(self, left: Batch) -> Pairs:
        if not self.right.n:
            return NO_PAIRS
        assert self.matcher is not None
        if self._only_contained():
            rows = true_places(self.matcher.contains_by(self.pieces_of(left), left.n))
            return rows, np.zeros(len(rows), np.int64)
        i, j = super().candidates(left)
        if self.ctx.measured and self.loops.n is None and len(i):
            self._recheck(left.take(i))
        return i, j

    def _recheck(self, pairs: Batch) -> None:
        """Subqueries in keys run again for each pair, as the hash condition is tested once more: EXPLAIN ANALYZE counts it."""
        for key, call in zip(self.outer_keys, self.node.hash_conditions, strict=True):
            if any(isinstance(part, e.SubPlan) for part in walk(call)):
                key(self.frame(pairs.n, pairs, pairs))

    def _only_contained(self) -> bool:
        """Whether it is enough to know that an outer row has a match. A semi join may pass on its inner row: a key that equals the outer one."""
        return not self.conditions and (self.node.kind == "anti" or (self.node.kind == "semi" and not self.inner_read))

    def most_candidates(self) -> int:
        return 1 if self._only_contained() else super().most_candidates()
