"""Index Only Scan: an index scan that counts the heap rows PostgreSQL would have to look at, by its visibility map."""

from __future__ import annotations

import numpy as np

from auroraml.batch import Batch, Index, Rows
from auroraml.evaluate import compile, select
from auroraml.executor.operators.tables import IndexScanRows, seen_by
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.storage.table import Table


class IndexOnlyRows(IndexScanRows):
    """Rows in the order of an index; `fetches` has the heap rows looked at up to and with each input row, `total` all of them."""

    node: p.IndexOnlyScan

    def open(self) -> None:
        self.fetches: Index | None = None
        self.total = 0
        self.counted = 0
        self.before = 0  # input rows of the parts of a shared scan that are done with
        self.fetched_of: Batch | None = None
        super().open()

    def located(self, table: Table, found: Index, owners: Index | None, conditions: tuple[e.Expr, ...], together: bool = False) -> Batch:
        made = super().located(table, found, owners, conditions, together)
        if self.ctx.measured:
            self._note(table, found, owners, conditions, made)
        return made

    def _note(self, table: Table, rows: Index, owners: Index | None, conditions: tuple[e.Expr, ...], made: Batch) -> None:
        """Entries that fit and are still in the index are looked at where their page is not all visible, whoever sees them."""
        if conditions:
            batch = self._batch(table, Rows.at(rows))
            batch = batch if owners is None else batch.owned(owners)
            rows = rows[select([compile(c) for c in conditions], self.frame(batch.n, batch))]
        if table.visibility is not None:
            rows = rows[table.visibility.left(rows)]
        flags = self._hidden(table, rows)
        self.total = int(np.count_nonzero(flags))
        if self.loops.n is None and not (self.member is not None and self.node.parallel_aware):
            seen, _ = seen_by(table, self.ctx, rows, None)
            self.fetches = np.cumsum(flags) if len(seen) == len(rows) else np.cumsum(flags)[np.isin(rows, seen)]
            self.fetched_of = made

    def _hidden(self, table: Table, rows: Index) -> np.ndarray:
        visible = table.visible_pages(len(self.node.relation.columns), self.node.relation.fillfactor)
        return ~visible[table.heap.pages_of(rows)] if len(rows) else np.zeros(0, np.bool_)

    def fetched(self, table: Table) -> tuple[Index, Index | None]:
        pages, owners = super().fetched(table)
        looked = ~table.visible_pages(len(self.node.relation.columns), self.node.relation.fillfactor)[pages] if len(pages) else np.zeros(0, np.bool_)
        return pages[looked], None if owners is None else owners[looked]

    def visited(self, table: Table) -> int:
        """The visibility map's page too."""
        return super().visited(table) + (table.visibility is not None and len(self.reached()) > 0)

    def unread(self, batch: Batch) -> None:
        super().unread(batch)
        self._count(False)

    def pull(self, n: int) -> Batch | None:
        batch = super().pull(n)
        self._count(batch is None)
        return batch

    def _count(self, ended: bool) -> None:
        """Bring the counter up to what was looked at by now."""
        if not self.ctx.measured:
            return
        if self.loops.n is not None:
            looked = self.total * (1 if self.whole.owner is not None else self.loops.n)
        else:
            if self.input is not self.fetched_of:  # the next part of a shared scan
                self._next_part()
            looked = self._up_to(self.before + self._consumed(), ended)
        self.metrics.heap_fetches += looked - self.counted
        self.counted = looked

    def _next_part(self) -> None:
        with self.ctx.store.lock:
            rows = self.input.columns[0].rows.numbers() if self.input.columns else np.zeros(0, np.int64)
            more = np.cumsum(self._hidden(self.ctx.store.table(self.node.relation.oid), rows))
        known = np.zeros(0, np.int64) if self.fetches is None else self.fetches
        self.before = len(known)
        self.fetches = np.concatenate([known, more + known[-1] if len(known) else more])
        self.fetched_of = self.input

    def _up_to(self, position: int, ended: bool) -> int:
        assert self.fetches is not None
        if ended and self.share is None:
            return self.total
        return int(self.fetches[position - 1]) if position > 0 else 0

    def _consumed(self) -> int:
        """Input rows looked at by now."""
        if not self.tests or self.morsel is None:
            return self.position
        return self.position - self.morsel.size + (self.morsel.size if self.morsel.closed else self.morsel.reached())
