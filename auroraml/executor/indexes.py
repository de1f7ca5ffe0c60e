"""Index conditions to row numbers: by dictionary for whole keys, by the sorted first key for ranges, for one loop or many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from auroraml.batch import FixedVector, Index, Vector
from auroraml.evaluate import Frame, compile
from auroraml.evaluate.keys import sort_indices
from auroraml.executor.loops import Loops
from auroraml.ir import expr as e
from auroraml.storage.index import comparable
from auroraml.storage.table import Table
from auroraml.types.pg_type import PgType, Rep

MOST_PROBES = 256  # loops up to which keys are looked up in the dictionary one by one
SMALL_TABLE = 100_000  # rows up to which a dictionary is made at the first look-up
FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "="}
_FAMILIES = {Rep.INT2: "int", Rep.INT4: "int", Rep.INT8: "int", Rep.OID: "int", Rep.FLOAT4: "float", Rep.FLOAT8: "float"}


@dataclass(frozen=True, kw_only=True)
class Bound:
    """`column operator value`: a condition on a column (position in the scan's columns) that an index can use."""

    column: int
    symbol: str
    value: e.Expr
    key: PgType
    condition: e.Expr


def bounds_of(conditions: Sequence[e.Expr]) -> list[Bound]:
    """The comparisons of a column with something else among index conditions."""
    found = []
    for condition in conditions:
        if not isinstance(condition, e.OpCall) or condition.operator.name not in FLIPPED or len(condition.args) != 2:
            continue
        left, right = condition.args
        symbol = condition.operator.name
        if not isinstance(left, e.InputRef):
            left, right, symbol = right, left, FLIPPED[symbol]
        if isinstance(left, e.InputRef) and _alike(left.type, right.type):
            found.append(Bound(column=left.index, symbol=symbol, value=right, key=left.type, condition=condition))
    return found


def _alike(a: PgType, b: PgType) -> bool:
    return a.oid == b.oid or (a.rep in _FAMILIES and _FAMILIES.get(a.rep) == _FAMILIES.get(b.rep))


@dataclass(frozen=True, kw_only=True)
class Found:
    """Candidate rows in index order (loop by loop), their loops, and the conditions that remain to be tested."""

    rows: Index
    owners: Index | None
    left: tuple[e.Expr, ...]


class IndexLookup:
    """Finds the rows of an index scan."""

    def __init__(self, keys: Sequence[int], columns: Sequence[int], conditions: Sequence[e.Expr]) -> None:
        self.keys = tuple(keys)  # the index's columns as positions in the table
        self.columns = tuple(columns)  # the scan's columns as positions in the table
        self.conditions = tuple(conditions)
        self.bounds = bounds_of(conditions)
        self.values = {id(b): compile(b.value) for b in self.bounds}

    def find(self, table: Table, loops: Loops, ctx: object) -> Found:
        """The rows that may satisfy the conditions."""
        n = 1 if loops.n is None else loops.n
        frame = Frame(n=n, params=loops, ctx=ctx)  # type: ignore[arg-type] # an ExecutionContext
        return self._by_key(table, frame, loops.n) or self._by_range(table, frame, loops.n)

    def _by_key(self, table: Table, frame: Frame, loops: int | None) -> Found | None:
        equal = {self.columns[b.column]: b for b in self.bounds if b.symbol == "="}
        known = self.keys in table.equality_keys
        if not all(key in equal for key in self.keys) or frame.n > MOST_PROBES or (table.n > SMALL_TABLE and not known):
            return None
        index = table.equality_index(self.keys)
        used = [equal[key] for key in self.keys]
        parts = [self.values[id(b)](frame).datums() for b in used]
        rows: list[int] = []
        owners: list[int] = []
        for loop, values in enumerate(zip(*parts, strict=True)):  # one look-up a loop, and there are few
            key = tuple(comparable(v, b.key) for v, b in zip(values, used, strict=True))
            if None in key:
                continue
            hit = index.find(key[0] if len(key) == 1 else key)
            rows += hit
            owners += [loop] * len(hit)
        left = tuple(c for c in self.conditions if not any(c is b.condition for b in used))
        return Found(rows=np.array(rows, np.int64), owners=None if loops is None else np.array(owners, np.int64), left=left)

    def _by_range(self, table: Table, frame: Frame, loops: int | None) -> Found:
        order = ordered(table, self.keys)
        first = [b for b in self.bounds if self.columns[b.column] == self.keys[0]]
        low, high = np.zeros(frame.n, np.int64), np.full(frame.n, order.valid, np.int64)
        used = []
        if order.first is not None:
            for bound in first:
                values = self.values[id(bound)](frame)
                self._narrow(order.first, bound.symbol, values.flat(), low, high)
                used.append(bound.condition)
        if not used:
            high[:] = table.n
        counts = np.maximum(high - low, 0)
        total = int(counts.sum())
        places = np.repeat(low - (np.cumsum(counts) - counts), counts) + np.arange(total)
        rows = places if order.rows is None else order.rows[places]
        owners = None if loops is None else np.repeat(np.arange(frame.n), counts)
        return Found(rows=rows, owners=owners, left=tuple(c for c in self.conditions if not any(c is u for u in used)))

    @staticmethod
    def _narrow(sorted_values: np.ndarray, symbol: str, values: Vector, low: Index, high: Index) -> None:
        assert isinstance(values, FixedVector)
        if symbol in ("=", ">=", ">"):
            np.maximum(low, np.searchsorted(sorted_values, values.values, "right" if symbol == ">" else "left"), out=low)
        if symbol in ("=", "<=", "<"):
            np.minimum(high, np.searchsorted(sorted_values, values.values, "left" if symbol == "<" else "right"), out=high)
        if values.validity is not None:
            high[~values.validity] = 0


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """A table's rows in index order (None: as stored), and the first key's values in that order where numpy can search them."""

    rows: Index | None
    first: np.ndarray | None
    valid: int  # rows whose first key is not NULL; they come first


def ordered(table: Table, keys: tuple[int, ...]) -> Ordered:
    """All row versions in the order of an index."""
    return table.derived(("order", keys), lambda: _ordered(table, keys))


def _ordered(table: Table, keys: tuple[int, ...]) -> Ordered:
    vectors = [table.column(i) for i in keys]
    lead = vectors[0]
    plain = isinstance(lead, FixedVector) and lead.values.dtype.names is None and lead.values.dtype != np.bool_
    if plain and len(keys) == 1 and lead.validity is None:
        values = lead.values  # type: ignore[attr-defined] # a FixedVector
        if len(values) < 2 or bool((values[1:] >= values[:-1]).all()):
            return Ordered(rows=None, first=values, valid=len(values))
    rows = sort_indices(vectors, [table.types[i][0] for i in keys], [False] * len(keys), [False] * len(keys), table.n)
    valid = table.n if lead.validity is None else int(np.count_nonzero(lead.validity))
    first = lead.values[rows[:valid]] if plain else None  # type: ignore[attr-defined]
    return Ordered(rows=rows, first=first, valid=valid)
