"""Joins by key: outer rows looked up in a table of the inner rows; what hash and merge joins share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from auroraml.batch import Batch, Index, Vector
from auroraml.evaluate import compile
from auroraml.evaluate.calling import is_safe
from auroraml.executor.matching import Found, Keys, Matcher
from auroraml.executor.operators.joins import NO_PAIRS, JoinRows, Pairs
from auroraml.executor.stored_keys import find_stored
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.types.pg_type import PgType
from auroraml.types.table import INT8

N = TypeVar("N", bound=p.Join)
WHOLE = {"int2", "int4", "int8"}
DISCRETE = {*WHOLE, "oid", "date"}  # types whose values are equal where the whole numbers stored are


class KeyPairs:
    """The keys of the two sides that have to be equal."""

    __slots__ = ("column", "inner", "outer", "safe", "types")

    def __init__(self, pairs: Sequence[tuple[e.Expr, e.Expr]]) -> None:
        self.outer = [compile(outer) for outer, _ in pairs]
        self.inner = [compile(inner) for _, inner in pairs]
        self.types = [inner.type for _, inner in pairs]
        self.safe = all(map(is_safe, self.outer))
        outer, inner = pairs[0] if len(pairs) == 1 else (None, None)
        alike = isinstance(outer, e.InputRef) and inner is not None and (outer.type == inner.type or {outer.type.name, inner.type.name} <= WHOLE)
        self.column = outer.index if isinstance(outer, e.InputRef) and alike and outer.type.name in DISCRETE else None  # the one key outside


class KeyedRows(JoinRows):
    """Rows joined where the two sides' keys are equal."""

    latest_first = False  # of inner rows with one key, the last comes first

    def __init__(self, node: N, ctx: object, keys: Callable[[N], KeyPairs]) -> None:
        super().__init__(node, ctx)
        pairs = self.once(keys, node)
        self.outer_keys, self.inner_keys, self.types, self.safe = pairs.outer, pairs.inner, pairs.types, pairs.safe
        self.column = pairs.column
        self.matcher: Matcher | None = None
        self.found: tuple[Batch, Found] | None = None  # what was looked up last, not yet joined

    def inner_key_values(self, batch: Batch) -> list[Vector]:
        """The keys of inner rows."""
        frame = self.frame(batch.n, batch, batch)
        return [key(frame) for key in self.inner_keys]

    def close(self) -> None:
        super().close()
        self.matcher = self.found = None  # so that its look-up table serves the next join

    def matcher_of(self, keys: list[Vector], batch: Batch) -> Matcher:
        """What outer rows are looked up in, from inner rows with these keys; where both sides differ from loop to loop, within a loop only."""
        types: list[PgType] = list(self.types)
        if batch.owner is not None:
            keys, types = [*keys, batch.owner.vector], [*types, INT8]
        return Matcher(keys, types, batch.n, self.latest_first, self.node.outer.cost.rows)

    def keys_of(self, left: Batch) -> list[Vector]:
        """What outer rows are looked up by."""
        frame = self.frame(left.n, left, left)
        keys = [key(frame) for key in self.outer_keys]
        if self.right.owner is not None:
            assert left.owner is not None
            keys.append(left.owner.vector)
        return keys

    def candidates(self, left: Batch) -> Pairs:
        if not self.right.n:
            return NO_PAIRS
        found, self.found = self.found, None
        fills = self.node.kind == "left" and not self.conditions and not self.ctx.measured
        if found is not None and found[0] is left:
            return found[1].outer_pairs() if fills else found[1].pairs()
        matches = self.find(left)
        return matches.outer_pairs() if fills else matches.pairs()

    def find(self, left: Batch) -> Found:
        """The matches of outer rows."""
        assert self.matcher is not None
        if self.column is not None and self.right.owner is None:
            column = left.columns[self.column]
            found = find_stored(self.matcher, column.source, column.rows)
            if found is not None:
                return found
        return self.matcher.find_by(self.pieces_of(left), left.n)

    def pieces_of(self, left: Batch) -> Keys:
        """What outer rows are looked up by, computed some at a time unless that may fail, as the first row that does is the one to tell of."""
        if self.safe:
            return lambda start, stop: self.keys_of(left.slice(start, stop))
        keys = self.keys_of(left)
        return lambda start, stop: [key.slice(start, stop) for key in keys]

    def most_candidates(self) -> int:
        return 1 if self.matcher is None else self.matcher.most

    def candidate_count(self, left: Batch) -> int:
        found = self.find(left)
        self.found = left, found
        return found.count()

    def candidate_counts(self, left: Batch) -> Index:
        assert self.found is not None
        return self.found[1].sizes()
