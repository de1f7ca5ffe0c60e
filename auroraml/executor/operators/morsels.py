"""MorselStates: groups folded morsel by morsel where they are few or their rows come in order.

Their states (GroupStates) are combined at the end and no other row is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from auroraml.batch import Batch, Column, FixedVector, Index, Mask, Rows, Vector, concat, concat_batches, distinct, stored
from auroraml.errors import DatabaseError, OperationalError
from auroraml.evaluate.keys import ascending, codes_together, first_rows, groups, numbered
from auroraml.executor.operators.accumulating import Accumulated, Found
from auroraml.executor.operators.states import combined, is_mergeable, merged, state_of, sums_exactly
from auroraml.executor.plans import has_subqueries, is_volatile
from auroraml.functions.aggregates.group_rows import clustered, group_rows
from auroraml.functions.aggregates.packed_sums import sum_together
from auroraml.functions.signature import CallContext
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.tree import walk
from auroraml.types.pg_type import PgType

Evaluation: TypeAlias = Callable[[Sequence[Accumulated], Batch], list[Found]]
MORSEL = 262_144  # rows folded at once
FEW = 16_384  # codes up to which a group is kept for each, whether it has rows or not
GLANCE = 16_384  # rows by which it is judged how many groups there are
LOOSE = 64  # codes a row up to which marking those seen takes less than sorting them
MOST = 0.75  # of a stretch's rows, for which the rest is computed as well
SAVED = 4  # rows a group must have on average


def is_foldable(node: p.Aggregate) -> bool:
    """Whether the groups' states may be made of parts of the rows, and of rows that nobody has asked for, if that raises nothing."""
    if node.phase == "final" or is_volatile(node) or has_subqueries(node):
        return False
    if any(call.distinct or call.order_by or call.direct or not is_mergeable(call) for call in node.calls):
        return False
    parts = [part for call in node.calls for arg in (*call.args, *(() if call.filter is None else (call.filter,))) for part in walk(arg)]
    return all(part.function.schema == "pg_catalog" for part in parts if isinstance(part, e.Call | e.OpCall))


def _different(codes: Index, size: int) -> int:
    """How many of the codes below `size` there are."""
    if size > LOOSE * len(codes):
        return distinct(codes)
    seen = np.zeros(size, np.bool_)
    seen[codes] = True
    return int(np.count_nonzero(seen))


def are_many(codes: Index, size: int) -> bool:
    """Whether rows with such codes, the first of which tell, are of so many groups that these are no fewer than the rows, almost."""
    some = codes[:GLANCE]
    return _different(some, size) * SAVED > len(some)


def around(batch: Batch) -> tuple[Batch, Mask] | None:
    """Where a batch has most of a stretch of rows: all of the stretch, and which of its rows they are. The rest is cheaper to read than to leave out."""
    rows = batch.columns[0].rows if batch.columns else None
    mask = None if rows is None else rows.mask
    if rows is None or mask is None or batch.owner is not None or len(mask) * MOST > batch.n or any(c.rows is not rows for c in batch.columns):
        return None
    stretch = Rows.range(rows.start, rows.start + len(mask))
    return Batch([Column(column.source, stretch) for column in batch.columns], len(mask)), mask


class GroupStates:
    """The states of groups of parts of the rows, and a row of each."""

    def __init__(self, calls: Sequence[Accumulated], keys: Sequence[int], types: Sequence[PgType], ctx: CallContext) -> None:
        self.calls, self.keys, self.types = calls, keys, types
        self.ctx = ctx
        self.heads: list[Batch] = []
        self.states: list[list[Vector]] = []
        self.rising = False  # the groups come in their key's order, one more than once only where its rows came in two batches

    def merged(self, phase: str) -> tuple[Batch, list[Vector]]:
        """A row of each group, in order of first appearance, and the calls' values, or states that are handed on."""
        heads = concat_batches(self.heads)
        states = [concat([some[i] for some in self.states]) for i in range(len(self.calls))]
        if phase == "partial" and self.rising:
            return heads, states
        codes, count, first = groups([heads.vector(k) for k in self.keys], self.types, heads.n)
        if phase == "partial" and count == heads.n:
            return heads, states
        if self.rising:
            codes = clustered(first, heads.n)
        finish = merged if phase == "partial" else combined
        return heads.take(first), [finish(call.call, state, codes, count, self.ctx) for call, state in zip(self.calls, states, strict=True)]


class MorselStates(GroupStates):
    """The states of each morsel's groups."""

    def __init__(
        self, calls: Sequence[Accumulated], keys: Sequence[int], types: Sequence[PgType],
        at_once: Evaluation, in_order: Evaluation, ctx: CallContext,
    ) -> None:  # fmt: skip
        super().__init__(calls, keys, types, ctx)
        self.at_once, self.in_order = at_once, in_order
        self.rising = True
        self._last: np.integer | int = 0  # the key of the last row folded in order

    def add(self, batch: Batch) -> bool:
        """Fold rows; False, with nothing done, where the first ones have so many groups that it does not pay."""
        stretch = around(batch)
        if stretch is None:
            batch = batch.drop(self._fold_rising(batch))
        whole, chosen = (batch, None) if stretch is None else stretch
        for start in range(0, whole.n, MORSEL):
            mask = None if chosen is None else chosen[start : start + MORSEL]
            if not self._add(whole.slice(start, start + MORSEL), mask):
                return False
        return True

    def _fold_rising(self, batch: Batch) -> int:
        """Fold rows as long as they come in their key's order, group by group: no table of groups is needed then. How many these are."""
        at = 0
        while self.rising and at < batch.n:
            part = batch.slice(at, at + MORSEL)
            if (starts := self._rising_starts(part)) is None:
                break
            if at + part.n < batch.n and len(starts) > 1:  # the last group goes on
                part, starts = part.slice(0, int(starts[-1])), starts[:-1]
            found = self.in_order(self.calls, part)
            unread = all(call.lies(args) for call, (_, args) in zip(self.calls, found, strict=True))
            codes, count = clustered(starts, part.n, unread=unread), len(starts)
            states = []
            for call, (rows, args) in zip(self.calls, found, strict=True):
                states.append(state_of(call.call, args, codes if rows is None else codes[rows], count, self.ctx).flat())
            self.heads.append(part.take(starts))
            self.states.append(states)
            at += part.n
        return at

    def _rising_starts(self, part: Batch) -> Index | None:
        """Where groups begin, if their one key is a whole number that never falls, nor is below the last one before."""
        if len(self.keys) != 1:
            return None
        key = part.vector(self.keys[0])
        if not isinstance(key, FixedVector) or key.validity is not None or (values := stored(key)).dtype.kind not in "iu" or not ascending(values):
            return None
        if self.heads and values[0] < self._last:
            return None
        self._last = values[-1]
        borders = np.empty(part.n, np.bool_)
        borders[0] = True
        np.not_equal(values[1:], values[:-1], out=borders[1:])
        return np.flatnonzero(borders)

    def _add(self, part: Batch, chosen: Mask | None) -> bool:
        codes, size = codes_together([part.vector(k) for k in self.keys], self.types, part.n)
        if not self.heads and are_many(codes[:GLANCE] if chosen is None else codes[:GLANCE][chosen[:GLANCE]], size):
            return False
        if chosen is None:
            self._fold(part, codes, size)
        elif size > FEW or not self._fold_around(part, chosen, codes, size):
            self._fold(part.filter(chosen), codes[chosen], size)
        return True

    def _fold_around(self, whole: Batch, chosen: Mask, codes: Index, size: int) -> bool:
        """Fold the rows chosen of a stretch, the rest being a group of its own that is left out; False where that fails, perhaps because of the rest."""
        try:
            found = self.at_once(self.calls, whole)
        except OperationalError:
            raise
        except DatabaseError:
            return False
        np.copyto(codes, size, where=~chosen)
        self._sum_together(found, codes, size + 1)
        self._keep(whole, found, codes, size + 1, np.append(group_rows(codes, size + 1).counts[:size], 0))
        return True

    def _fold(self, batch: Batch, codes: Index, size: int) -> None:
        found = self.in_order(self.calls, batch)
        if size > FEW:
            codes, size, _ = numbered(codes, size)
        self._sum_together(found, codes, size)
        self._keep(batch, found, codes, size, group_rows(codes, size).counts)

    def _sum_together(self, found: Sequence[Found], codes: Index, size: int) -> None:
        """Have the sums of all calls over all rows at hand that can be made in one go."""
        exact = [args[0].flat() for call, (rows, args) in zip(self.calls, found, strict=True) if rows is None and sums_exactly(call.call)]
        if exact:
            sum_together(exact, codes, size)

    def _keep(self, batch: Batch, found: Sequence[Found], codes: Index, size: int, counts: np.ndarray) -> None:
        """Keep the states of the groups that have rows by `counts`, in the order of their first rows; codes are below `size`."""
        used = np.flatnonzero(counts)
        if not len(used):
            return
        self.rising = False
        first = first_rows(codes, counts)[used]
        order = np.argsort(first)
        used = used[order]
        states: list[Vector] = []
        for call, (rows, args) in zip(self.calls, found, strict=True):
            owners = codes if rows is None else codes[rows]
            states.append(state_of(call.call, args, owners, size, self.ctx).flat().take(used))
        self.heads.append(batch.take(first[order]))
        self.states.append(states)
