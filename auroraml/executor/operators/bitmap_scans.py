"""Bitmap Heap and Index Scan, BitmapAnd, BitmapOr: rows that indexes name, in the order they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from auroraml.batch import Batch, Index, Mask, Rows, ascending
from auroraml.evaluate import compile, select
from auroraml.executor import blocks
from auroraml.executor.indexes import lookup_of
from auroraml.executor.operator import Operator
from auroraml.executor.operators.tables import NONE, Located, seen_by, stored_places, table_rows
from auroraml.executor.space.bitmaps import lossy_pages
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.storage.table import Table

if TYPE_CHECKING:
    from auroraml.executor.context import ExecutionContext


class BitmapRows(Operator):
    """Row numbers rather than rows: `bitmap` gives them with their loops."""

    def bitmap(self, table: Table) -> tuple[Index, Index | None]:
        """Row numbers, ascending loop by loop."""
        raise NotImplementedError

    def counted(self, rows: Index, show: bool) -> None:
        """What EXPLAIN ANALYZE prints for the node."""
        self.metrics.loops += 1 if self.loops.n is None else self.loops.n
        self.metrics.rows += len(rows) if show else 0


class BitmapIndexRows(BitmapRows):
    """The rows an index finds."""

    node: p.BitmapIndexScan

    def __init__(self, node: p.BitmapIndexScan, ctx: object) -> None:
        super().__init__(node, ctx)  # type: ignore[arg-type] # an ExecutionContext
        self.lookup = lookup_of(node)
        self.testable = node.index.predicate is None and not self.ctx.measured  # it finds the rows for which its conditions hold

    def bitmap(self, table: Table) -> tuple[Index, Index | None]:
        found = self.lookup.find(table, self.loops, self.ctx)
        rows, owners = found.rows, found.owners
        rows, owners = seen_by(table, self.ctx, rows, owners)
        if found.left:
            keep = self._where(found.left, table, rows, owners)
            rows, owners = rows[keep], None if owners is None else owners[keep]
        self.arrival = rows if owners is None and self.loops.n is None else None
        self.counted(rows, True)
        if self.ctx.buffers:
            pages = self.lookup.blocks(table, self.node.relation, found, self.loops, self.ctx, 1.0, len(rows))
            self.metrics.shared_hit += 0 if self.node.relation.persistence == "t" else pages
            self.metrics.local_hit += pages if self.node.relation.persistence == "t" else 0
        if owners is None:
            return np.sort(rows), None
        if ascending(owners * table.n + rows):
            return rows, owners
        order = np.lexsort((rows, owners))
        return rows[order], owners[order]

    def holds(self, table: Table, rows: Index, owners: Index | None) -> Mask:
        """Which of these rows the index finds."""
        return self._where(self.node.conditions, table, rows, owners)

    def _where(self, conditions: Sequence[e.Expr], table: Table, rows: Index, owners: Index | None) -> Mask:
        batch = table_rows(table, self.node, self.once(stored_places, self.node), Rows.at(rows))
        batch = batch if owners is None else batch.owned(owners)
        return select([compile(c) for c in conditions], self.frame(batch.n, batch))


class BitmapCombined(BitmapRows):
    """The intersection or union of bitmaps."""

    node: p.BitmapAnd

    def bitmap(self, table: Table) -> tuple[Index, Index | None]:
        codes: Index | None = None
        for child in self.children:
            assert isinstance(child, BitmapRows)
            if codes is not None and isinstance(child, BitmapIndexRows) and child.testable and not isinstance(self.node, p.BitmapOr):
                codes = codes[child.holds(table, *self._parted(codes, table))]  # what the index would say of the rows that are left
                continue
            if codes is not None and not len(codes) and self.loops.n is None and not isinstance(self.node, p.BitmapOr):
                break  # nothing is left: the other indexes are not looked into
            rows, owners = child.bitmap(table)
            if owners is None and self.loops.n is not None:
                owners, rows = np.repeat(np.arange(self.loops.n), len(rows)), np.tile(rows, self.loops.n)
            part = rows if owners is None else owners * table.n + rows
            codes = part if codes is None else np.union1d(codes, part) if isinstance(self.node, p.BitmapOr) else _common(codes, part)
        assert codes is not None
        self.counted(codes, False)
        return self._parted(codes, table)

    def _parted(self, codes: Index, table: Table) -> tuple[Index, Index | None]:
        """Row numbers and loops of codes that hold both."""
        return (codes, None) if self.loops.n is None else (codes % table.n, codes // table.n)


def _common(a: Index, b: Index) -> Index:
    """The numbers in both of two ascending arrays without duplicates."""
    few, many = (a, b) if len(a) < len(b) else (b, a)
    if not len(many):
        return many
    places = np.minimum(np.searchsorted(many, few), len(many) - 1)
    return few[many[places] == few]  # type: ignore[no-any-return] # numpy gives Any


class BitmapHeapRows(Located):
    """The rows of a bitmap as stored."""

    node: p.BitmapHeapScan

    def __init__(self, node: p.SeqScan, ctx: ExecutionContext) -> None:
        super().__init__(node, ctx)
        self.lossy: Index = NONE  # pages known as a whole only
        self.others: Index = NONE  # rows of theirs that the bitmap was not about

    def candidates(self, table: Table) -> Batch:
        child = self.children[0]
        assert isinstance(child, BitmapRows)
        rows, owners = child.bitmap(table)
        if owners is None and self.loops.n is not None:
            owners, rows = np.repeat(np.arange(self.loops.n), len(rows)), np.tile(rows, self.loops.n)
        if self.ctx.measured:
            pages = blocks.pages_of(table, self.node.relation, rows)
            self.pages = np.unique(pages if owners is None else owners * table.heap.pages + pages)
            self._find_lossy(table, child, rows)
        return self.located(table, rows, owners, ())

    def _find_lossy(self, table: Table, child: BitmapRows, rows: Index) -> None:
        """The pages that a bitmap in work_mem knows as a whole only, and the rows there that it was not about; of one index alone."""
        self.lossy = self.others = NONE
        arrival = child.arrival if isinstance(child, BitmapIndexRows) else None
        relation = self.node.relation
        if arrival is not None:
            self.lossy = lossy_pages(blocks.pages_of(table, relation, arrival), self.ctx.work_memory)
        if len(self.lossy):
            visible = self.ctx.visible(table)
            every = np.arange(table.n) if visible is None else visible
            others = every[np.isin(blocks.pages_of(table, relation, every), self.lossy)]
            self.others = others[~np.isin(others, rows)]

    def begin_part(self) -> None:
        super().begin_part()
        self.exact = self.inexact = self.rechecked = 0

    def _visit(self) -> None:
        with self.ctx.store.lock:
            pages = self.visited(self.ctx.store.table(self.node.relation.oid))
        inexact = rechecked = 0
        if len(self.lossy) and self.share is None and self.loops.n is None:
            inexact = int(np.isin(self.pages[:pages], self.lossy).sum())
            rows = self.reached()
            rechecked = len(self.others) if self.ended else int(np.searchsorted(self.others, rows[-1])) if len(rows) else 0
        for label, now, before in (("Exact", pages - inexact, self.exact), ("Lossy", inexact, self.inexact)):
            key = f"{label} Heap Blocks"
            self.metrics.extra[key] = int(str(self.metrics.extra.get(key, 0))) + now - before
        self.metrics.removed_by_recheck += rechecked - self.rechecked
        self.exact, self.inexact, self.rechecked = pages - inexact, inexact, rechecked
        super()._visit()

    def visited(self, table: Table) -> int:
        if self.share is not None:
            return len(np.unique(blocks.pages_of(table, self.node.relation, self.reached())))
        if self.ended or self.loops.n is not None:
            return len(self.pages)
        rows = self.reached()
        return int(np.searchsorted(self.pages, blocks.pages_of(table, self.node.relation, rows[-1:])[0], "right")) if len(rows) else 0

    def _only(self, table: Table) -> Index | None:
        only = super()._only(table)
        if only is None or not self.node.recheck:
            return only
        batch = self._batch(table, Rows.at(only))
        return only[select([self.evaluator(c) for c in self.node.recheck], self.frame(batch.n, batch))]
