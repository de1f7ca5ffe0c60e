"""GroupJoin: aggregates of the inner rows that each outer row of a hash join meets, folded by the join's key; no pair of rows is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from auroraml.batch import Batch, Column, ConstVector, Mask, Rows, Vector, concat, true_places
from auroraml.errors import DatabaseError, OperationalError
from auroraml.evaluate.call import null
from auroraml.executor.operator import ALL
from auroraml.executor.operators.accumulating import Accumulated, Found
from auroraml.executor.operators.hash_join import HashJoinRows
from auroraml.executor.operators.morsels import GroupStates, is_foldable
from auroraml.executor.operators.states import state_of
from auroraml.functions.aggregates.group_rows import group_rows
from auroraml.functions.signature import AGGREGATES, CallContext
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.tree import children, walk
from auroraml.types.pg_type import PgType

MANY = 4_096  # inner rows from which it pays
FEWEST = 64  # inner rows for each outer row at most: of fewer outer rows, most inner ones may meet none
ROOM = 4  # codes for each inner row at most
DISCRETE = ("int2", "int4", "int8", "date")  # whose equal values are the same ones


def suits(node: p.Aggregate) -> bool:
    """Whether an aggregate over a hash join reads inner columns in its arguments alone, and outer ones elsewhere alone."""
    join = node.source
    if not isinstance(join, p.HashJoin) or join.kind not in ("inner", "left") or join.condition or join.filter or join.inner_unique:
        return False
    sides = [t.side if isinstance(t, e.InputRef) else -1 for t in join.targets]
    if not node.keys or node.rollups or -1 in sides or not is_foldable(node) or any(sides[k] for k in node.keys):
        return False
    for call in node.calls:
        read = [part.index for arg in (*call.args, call.filter) if arg is not None for part in walk(arg) if isinstance(part, e.InputRef)]
        if not _unordered(call) or not all(sides[i] for i in read):
            return False
    return not any(sides[i] for i in _outside([*node.targets, *node.filter]))


def _unordered(call: e.Aggregate) -> bool:
    """Whether the value is the same in whatever order the rows come."""
    return call.function.oid in AGGREGATES or (call.function.name in ("min", "max") and call.args[0].type.name in DISCRETE)


def _outside(parts: Sequence[object]) -> list[int]:
    """Columns that are read outside aggregates."""
    pending, found = list(parts), []
    while pending:
        part = pending.pop()
        if isinstance(part, e.InputRef):
            found.append(part.index)
        elif not isinstance(part, e.Aggregate | e.Grouping):
            pending.extend(children(part))
    return found


@dataclass(frozen=True, kw_only=True)
class InnerStates:
    """The states of the inner rows of each key's code; of a left join, one more at the end: that of an outer row which meets none."""

    present: Mask  # which codes have rows
    states: list[Vector]


class GroupJoin(GroupStates):
    """The groups of an aggregate right above a hash join with many inner rows."""

    def __init__(
        self, join: HashJoinRows, calls: Sequence[Accumulated], keys: Sequence[int], types: Sequence[PgType],
        at_once: Callable[[Sequence[Accumulated], Batch], list[Found]], ctx: CallContext,
    ) -> None:  # fmt: skip
        super().__init__(calls, keys, types, ctx)
        self.join = join
        self.at_once = at_once
        self.fills = join.node.kind == "left"

    def fold(self) -> bool:
        """Fold all rows; False, with the join ready to be pulled from, where making the pairs takes less."""
        join = self.join
        if not join.begin_unpaired():
            return True
        first = join.outer.pull(ALL) if join.right.n >= MANY else None
        if first is None:
            join.pair()
            return False
        expected = max(first.n, int(join.node.outer.cost.rows))  # a scan whose pace nobody knows yet gives its first rows in small pieces
        inner = self._inner() if first.n <= join.right.n <= expected * FEWEST else None
        if inner is None:
            join.outer.unread(first)
            join.pair()
            return False
        batch: Batch | None = first
        while batch is not None:
            self._add(batch, inner)
            batch = join.outer.pull(ALL)
        return True

    def _inner(self) -> InnerStates | None:
        """The inner rows' states, made once for all participants of a Gather; None where they cannot be had."""
        assert self.join.matcher is not None
        return self.join.matcher.folded(self.join.node.id, self._states)

    def _states(self, codes: np.ndarray, rows: np.ndarray | None, size: int) -> InnerStates | None:
        if size > ROOM * self.join.right.n:
            return None
        inner = self.join.right if rows is None else self.join.right.take(rows)
        try:
            states = self._states_of(self._output(1, inner), codes, size)
            if self.fills:
                nobody = self._output(1, self.join.right.take(np.full(1, -1), True))
                lonely = self._states_of(nobody, np.zeros(1, np.int64), 1)
                states = [concat([some, one]) for some, one in zip(states, lonely, strict=True)]
        except OperationalError:
            raise
        except DatabaseError:  # of a row that may meet nobody, or not be the first to fail
            return None
        return InnerStates(present=group_rows(codes, size).counts > 0, states=states)

    def _states_of(self, batch: Batch, codes: np.ndarray, size: int) -> list[Vector]:
        found = self.at_once(self.calls, batch)
        return [
            state_of(call.call, args, codes if kept is None else codes[kept], size, self.ctx).flat()
            for call, (kept, args) in zip(self.calls, found, strict=True)
        ]  # fmt: skip

    def _add(self, outer: Batch, inner: InnerStates) -> None:
        """Note the states of outer rows."""
        matcher = self.join.matcher
        assert matcher is not None
        codes = matcher.codes_of(self.join.keys_of(outer), outer.n)
        met = inner.present.take(codes, mode="clip")
        if not met.all():
            if self.fills:
                codes = np.where(met, codes, len(inner.present))
            else:
                kept = true_places(met)
                outer, codes = outer.take(kept), codes.take(kept)
        if outer.n:
            self.heads.append(self._output(0, outer))
            self.states.append([state.take(codes) for state in inner.states])

    def _output(self, side: int, batch: Batch) -> Batch:
        """The join's columns of one side, NULLs for those of the other, which nobody reads."""
        columns = []
        for target in self.join.node.targets:
            assert isinstance(target, e.InputRef)
            if target.side == side:
                columns.append(batch.columns[target.index])
            else:
                columns.append(Column(ConstVector(null(target.type), batch.n), Rows.range(0, batch.n)))
        return Batch(columns, batch.n)
