"""Tid Scan, Tid Range Scan: rows by their page and line (nodeTidscan.c, nodeTidrangescan.c)."""

from __future__ import annotations

import numpy as np

from auroraml.batch import Batch, FixedVector, Index, ListVector, Rows
from auroraml.evaluate import Frame, compile, select
from auroraml.executor import blocks
from auroraml.executor.operators.tables import Located, tuple_ids
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.logical import CTID
from auroraml.storage.table import Table


class TidScanRows(Located):
    """The rows that the conditions name, each once, in the order of their pages."""

    node: p.TidScan

    def candidates(self, table: Table) -> Batch:
        owners, wanted = self._wanted()
        places = tuple_ids(table, self.node.relation).values
        order: Index = table.derived("order of tuple ids", lambda: np.argsort(places, kind="stable"))
        at = np.minimum(np.searchsorted(places, wanted, sorter=order), max(table.n - 1, 0))
        rows = order[at] if table.n else np.zeros(0, np.int64)
        known = places[rows] == wanted[: len(rows)]
        rows = rows[known]
        return self.located(table, rows, None if self.loops.n is None else owners[: len(known)][known], ())

    def _wanted(self) -> tuple[Index, Index]:
        """Loops and values of all conditions, without NULLs, sorted, each once a loop."""
        n = 1 if self.loops.n is None else self.loops.n
        frame = Frame(n=n, params=self.loops, ctx=self.ctx)
        owners, wanted = [], []
        for condition in self.node.conditions:
            assert isinstance(condition, (e.OpCall, e.ArrayOp))
            value = compile(next(arg for arg in reversed(condition.args) if not self._is_place(arg)))(frame).flat()
            owner = np.arange(n)
            if isinstance(value, ListVector):
                lengths = np.diff(value.offsets)
                owner = np.repeat(owner, lengths)
                value = value.child.slice(int(value.offsets[0]), int(value.offsets[-1])).flat()
            assert isinstance(value, FixedVector)
            owners.append(owner[value.valid])
            wanted.append(value.values[value.valid])
        pairs = np.unique(np.stack([np.concatenate(owners), np.concatenate(wanted)]), axis=1)
        return pairs[0], pairs[1]

    def _is_place(self, expr: e.Expr) -> bool:
        return isinstance(expr, e.InputRef) and self.node.columns[expr.index].number == CTID

    def visited(self, table: Table) -> int:
        owners = None if self.loops.n is None or self.whole.owner is None else self.whole.owners
        return blocks.heap_visits(blocks.pages_of(table, self.node.relation, self.reached()), owners)

    def _only(self, table: Table) -> Index | None:
        only = super()._only(table)
        if only is None:
            return None
        batch = self._batch(table, Rows.at(only))
        test = [compile(e.Or(type=self.node.conditions[0].type, args=self.node.conditions))]
        return only[select(test, self.frame(batch.n, batch))]


class TidRangeRows(Located):
    """The rows of a range of pages, in the order of these."""

    node: p.TidRangeScan

    def candidates(self, table: Table) -> Batch:
        visible = self.ctx.visible(table)
        rows = np.arange(table.n) if visible is None else visible
        places = tuple_ids(table, self.node.relation).values[rows]
        rows = rows[np.argsort(places, kind="stable")]
        if self.loops.n is None:
            return self.located(table, rows, None, self.node.conditions)
        n = self.loops.n
        return self.located(table, np.tile(rows, n), np.repeat(np.arange(n), len(rows)), self.node.conditions)

    def visited(self, table: Table) -> int:
        owners = None if self.loops.n is None or self.whole.owner is None else self.whole.owners
        return blocks.heap_visits(blocks.pages_of(table, self.node.relation, self.reached()), owners)
