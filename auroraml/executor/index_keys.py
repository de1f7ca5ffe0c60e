"""The keys of an index as stored rows have them: columns and computed expressions, of the rows that a predicate lets in."""

from __future__ import annotations

import numpy as np

from auroraml.batch import Batch, Index, Vector
from auroraml.evaluate import Frame, Runtime, compile, truth
from auroraml.ir import expr as e
from auroraml.ir.objects import Index as TableIndex
from auroraml.ir.objects import Relation
from auroraml.ir.tree import rewrite
from auroraml.records import dataclass
from auroraml.storage.table import Table
from auroraml.types.pg_type import PgType


@dataclass(frozen=True, kw_only=True)
class IndexRows:
    """The index's entries: `rows` (None: all row versions) and the value of each key for them."""

    rows: Index | None
    keys: tuple[Vector, ...]
    types: tuple[PgType, ...]

    @property
    def n(self) -> int:
        """How many there are."""
        return self.keys[0].n


def index_rows(table: Table, relation: Relation, index: TableIndex, ctx: Runtime) -> IndexRows:
    """The entries of an index for all row versions, kept until rows are added."""
    return table.derived(("index", index.oid), lambda: _computed(table, relation, index, ctx))


def places_of(relation: Relation) -> dict[int, int]:
    """Attribute numbers to positions in the stored table, dropped columns left out."""
    return {c.number: i for i, c in enumerate(c for c in relation.columns if not c.dropped)}


def place_of(relation: Relation, number: int) -> int:
    """Where one attribute stands in the stored table."""
    place = 0
    for column in relation.columns:
        if column.number == number and not column.dropped:
            return place
        place += not column.dropped
    raise KeyError(number)


def key_exprs(index: TableIndex, types: dict[int, PgType]) -> list[e.Expr]:
    """An index's keys as expressions over attribute numbers."""
    expressions = iter(index.expressions)
    return [e.ColumnRef(type=types[number], id=number) if number else next(expressions) for number in index.columns]


def placed(expr: e.Expr, places: dict[int, int]) -> e.Expr:
    """An expression over attribute numbers as one over the positions of a batch."""

    def place(node: object) -> object | None:
        return e.InputRef(type=node.type, typmod=node.typmod, index=places[node.id], name=node.name) if isinstance(node, e.ColumnRef) else None

    return rewrite(expr, place)


def _computed(table: Table, relation: Relation, index: TableIndex, ctx: Runtime) -> IndexRows:
    places = places_of(relation)
    types = {c.number: c.type for c in relation.columns}
    kinds = tuple(expr.type for expr in key_exprs(index, types))
    if index.predicate is None and not index.expressions:
        return IndexRows(rows=None, keys=tuple(table.column(places[n]) for n in index.columns), types=kinds)
    batch = Batch.of([table.column(i) for i in range(len(places))], table.n)
    rows = np.arange(table.n)
    if table.dead is not None:  # rows that never were may not compute
        dead = np.zeros(table.n, np.bool_)
        dead[: table.dead.n] = table.dead.view
        rows = rows[~dead]
    if index.predicate is not None:
        test = compile(placed(index.predicate, places))(_frame(batch.take(rows), ctx)).flat()
        rows = rows[test.valid & truth(test)]
    frame = _frame(batch.take(rows), ctx)
    keys = tuple(compile(placed(expr, places))(frame).flat() for expr in key_exprs(index, types))
    return IndexRows(rows=rows, keys=keys, types=kinds)


def _frame(batch: Batch, ctx: Runtime) -> Frame:
    return Frame(n=batch.n, sides=(batch,), ctx=ctx)
