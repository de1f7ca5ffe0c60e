"""Accumulated: the arguments of an aggregate call, computed batch by batch, and its values for groups of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from auroraml.batch import ConstVector, FixedVector, Index, NumericVector, Vector, concat
from auroraml.batch.quicksort import quick_sorted
from auroraml.evaluate import Evaluator, Frame, compile, truth
from auroraml.evaluate.call import null
from auroraml.evaluate.keys import differences, first_of_each, sort_indices
from auroraml.executor.operators.ordering import STABLE, TIES, places_in
from auroraml.executor.operators.states import aggregate_kernel, combined, is_mergeable, state_of, sums_exactly
from auroraml.executor.space.states import state_sizes
from auroraml.functions.signature import CallContext
from auroraml.ir import expr as e
from auroraml.storage.sizes import Sizes
from auroraml.types.table import INT8

_NOTHING = np.zeros((), np.int8)
Found: TypeAlias = tuple[Index | None, list[Vector]]  # which rows count (None: all), and the values of arguments and order keys at them


class Inputs:
    """What an aggregate call reads of each row, compiled."""

    __slots__ = ("args", "call", "direct", "filter", "order", "types")

    def __init__(self, call: e.Aggregate) -> None:
        self.call = call
        self.args = [_noting(a) for a in call.args] if _counts(call) else [compile(a) for a in call.args]
        self.filter = None if call.filter is None else compile(call.filter)
        self.order = [compile(k.expr) for k in call.order_by]
        self.direct = [compile(d) for d in call.direct]
        self.types = [a.type for a in call.args] + [k.expr.type for k in call.order_by] + [d.type for d in call.direct]


def _counts(call: e.Aggregate) -> bool:
    """Whether a call counts values that are not NULL, whatever they are."""
    function = call.function
    return function.name == "count" and function.schema == "pg_catalog" and call.phase != "final" and not (call.distinct or call.order_by)


def _noting(arg: e.Expr) -> Evaluator:
    """Which rows have a value: of a column its values are not gathered."""
    if not isinstance(arg, e.InputRef):
        return compile(arg)
    side, index = arg.side, arg.index

    def run(frame: Frame) -> Vector:
        column = frame.sides[side].columns[index]
        known = None
        if column.source.validity is not None or isinstance(column.source, ConstVector):
            known = column.vector.flat().validity
        elif column.rows.nullable and column.rows.index is not None:
            known = column.rows.index >= 0
        return FixedVector(np.broadcast_to(_NOTHING, (frame.n,)), known)

    return run


class Accumulated:
    """One aggregate call's arguments, computed batch by batch as the rows come in, so that errors come in the rows' order."""

    def __init__(self, inputs: Inputs) -> None:
        self.call = inputs.call
        self.types, self.filter = inputs.types, inputs.filter
        self.args, self.order, self.direct = inputs.args, inputs.order, inputs.direct
        self.parts: list[list[Vector]] = []
        self.rows: list[Index] = []
        self.n = 0

    def evaluate(self, frame: Frame, args: Sequence[Evaluator] | None = None) -> Found:
        """Which rows count (None: all), and the values of arguments (`args`: computed otherwise) and order keys at them."""
        rows = None
        if self.filter is not None:
            rows = np.flatnonzero(truth(self.filter(frame)))
            frame = frame.take(rows)
        return rows, [one(frame) for one in (*(self.args if args is None else args), *self.order, *self.direct)]

    def add(self, found: Found, start: int, n: int) -> None:
        """Keep what `evaluate` found for the `n` rows from `start` on."""
        rows, vectors = found
        if self.filter is not None:
            assert rows is not None
            self.rows.append(rows + start)
        self.parts.append(vectors)

    def part(self, found: Found, start: int, stop: int) -> Found:
        """What `evaluate` found for the rows from `start` to before `stop` alone."""
        rows, vectors = found
        if rows is None:
            return None, [vector.slice(start, stop) for vector in vectors]
        first, last = (int(place) for place in np.searchsorted(rows, (start, stop)))
        return rows[first:last] - start, [vector.slice(first, last) for vector in vectors]

    def forget(self) -> None:
        """Begin anew."""
        self.parts, self.rows = [], []

    def space(self, codes: Index, count: int) -> tuple[Sizes, Sizes]:
        """Bytes of each group's state in PostgreSQL's hash table, in pieces and in blocks."""
        if self.filter is not None:
            codes = codes[np.concatenate(self.rows)] if self.rows else codes[:0]
        args = [concat([part[i].flat() for part in self.parts]) for i in range(len(self.args))] if self.parts and self.call.phase != "final" else []
        return state_sizes(self.call, args, codes, count)

    def lies(self, vectors: Sequence[Vector] | None = None) -> bool:
        """Whether the value depends on where each group begins and ends, where the rows come group by group, and on no row's code else.

        `vectors`: what `evaluate` found, where it is not what was added.
        """
        call = self.call
        if self.filter is not None or call.order_by or call.distinct or call.direct or call.phase == "final":
            return False
        if not sums_exactly(call) and call.function.name != "count":
            return False
        return all(_is_whole(vector) for part in (self.parts if vectors is None else [vectors]) for vector in part)

    def value(self, codes: Index, count: int, ctx: CallContext) -> Vector:
        """The aggregate's value for each group."""
        call = self.call
        if self.filter is not None:
            codes = codes[np.concatenate(self.rows)] if self.rows else codes[:0]
        n = len(codes)
        if len(self.parts) == 1:
            vectors = self.parts[0]
        else:
            vectors = [
                concat([part[i].flat() for part in self.parts]) if self.parts else null(type).take(codes[:0]) for i, type in enumerate(self.types)
            ]
        if call.phase == "final":
            return combined(call, vectors[0], codes, count, ctx)
        args, keys = vectors[: len(call.args)], vectors[len(call.args) : len(call.args) + len(call.order_by)]
        direct = [self._of_groups(v, codes, count) for v in vectors[len(vectors) - len(call.direct) :]] if call.direct else []
        order: Index | None = None
        if call.order_by:
            down, first = [k.descending for k in call.order_by], [k.nulls_first for k in call.order_by]
            order = sort_indices(keys, [k.expr.type for k in call.order_by], down, first, n)
            if STABLE < n <= TIES and not call.distinct:
                order = self._with_ties(order, keys, codes)
        if call.distinct:
            order = self._distinct(args, codes, order)
        if order is not None:
            args, codes = [a.take(order) for a in args], codes[order]
        if call.phase == "partial":
            return state_of(call, args, codes, count, ctx)
        return aggregate_kernel(call, [a.type for a in (*call.direct, *call.args)], [*direct, *args], codes, count, ctx)

    def _with_ties(self, order: Index, keys: Sequence[Vector], codes: Index) -> Index:
        """`order` with equal rows of a group as PostgreSQL's sort leaves them."""
        new = np.zeros(len(order), np.bool_)
        new[0] = True
        for key, by in zip(keys, self.call.order_by, strict=True):
            new[1:] |= differences(key.take(order), by.expr.type)
        if new.all():
            return order
        places = places_in(order, new)
        rows = np.argsort(codes, kind="stable")
        groups = np.split(rows, np.flatnonzero(np.diff(codes[rows])) + 1)
        return np.concatenate([group[np.array(quick_sorted(places[group].tolist()), np.int64)] for group in groups])

    @staticmethod
    def _of_groups(vector: Vector, codes: Index, count: int) -> Vector:
        """A direct argument's value for each group: that of its first row."""
        first = np.full(count, -1, np.int64)
        first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
        return vector.flat().take(first, True)

    def _distinct(self, args: Sequence[Vector], codes: Index, order: Index | None) -> Index:
        """The rows of distinct arguments in each group, in the arguments' order unless one was given."""
        types = [a.type for a in self.call.args]
        if order is not None:
            return order[first_of_each([FixedVector(codes[order]), *(a.take(order) for a in args)], [INT8, *types], len(order))]
        first = first_of_each([FixedVector(codes), *args], [INT8, *types], len(codes))
        if args and not is_mergeable(self.call):  # what values there are is enough for those
            nothing = [False] * len(args)
            first = first[sort_indices([a.take(first) for a in args], types, nothing, nothing, len(first))]
        return first


def _is_whole(vector: Vector) -> bool:
    """Whether a vector's values are whole numbers of one scale, or other ones of fixed width, and none is NULL."""
    return vector.validity is None and (isinstance(vector, FixedVector) or (isinstance(vector, NumericVector) and vector.scale is not None))
