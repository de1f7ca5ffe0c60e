"""Exchange: a table's rows made those of another set, so that rows in both stay and other transactions see the old ones until the commit."""

from __future__ import annotations

import numpy as np

from auroraml.batch import Batch, StructVector, concat
from auroraml.errors import CardinalityViolation
from auroraml.evaluate.keys import groups
from auroraml.executor.constraints import Writer
from auroraml.executor.context import ExecutionContext
from auroraml.ir.objects import Relation
from auroraml.types.text import text_out


def exchange(relation: Relation, rows: Batch, ctx: ExecutionContext) -> None:
    """Delete what is not among `rows`, add what is only among them; 21000 where two of them are equal and have no NULL."""
    store, table = ctx.store, ctx.store.table(relation.oid)
    seen = store.visible(table, ctx.transaction)
    seen = np.arange(table.n) if seen is None else seen
    types = [column.type for column in relation.columns if not column.dropped]
    new = [rows.vector(i).flat() for i in range(len(types))]
    old = [table.column(i).take(seen).flat() for i in range(len(types))]
    codes, count, _ = groups([concat([a, b]) for a, b in zip(old, new, strict=True)], types, len(seen) + rows.n)
    before, after = codes[: len(seen)], codes[len(seen) :]
    known = np.logical_and.reduce([vector.valid for vector in new])
    repeated = np.flatnonzero(known & (np.bincount(after, minlength=count)[after] > 1))
    if len(repeated):
        message = f'new data for materialized view "{relation.name}" contains duplicate rows without any null columns'
        text = text_out(ctx.catalog.type(relation.row_type), StructVector(new, rows.n).slice(int(repeated[0]), int(repeated[0]) + 1), ctx.style)
        raise CardinalityViolation(message, detail=f"Row: {text.datum(0)}")
    gone, added = ~np.isin(before, after), ~np.isin(after, before)
    if gone.any():
        store.delete(relation.oid, seen[gone], ctx.transaction)
    if added.any():
        Writer(relation, ctx).insert(rows.take(np.flatnonzero(added)))
