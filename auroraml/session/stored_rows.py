"""The stored rows of tables as a session's statement sees them: columns, places in the heap, changes since ANALYZE; and tables' statistics."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from auroraml.batch import Index, Vector
from auroraml.catalog.changes import SetStatistics
from auroraml.catalog.pinned import pinned_statistics
from auroraml.catalog.simulated import refuse_rows
from auroraml.catalog.statistics import RelationStatistics
from auroraml.commands.simulated_rows import describe
from auroraml.errors import ReadOnlySqlTransaction
from auroraml.ir.objects import Relation
from auroraml.session.part import SessionPart
from auroraml.settings.core import TRANSACTION_READ_ONLY
from auroraml.types.form import TextStyle


class StoredRows(SessionPart):
    """Methods of Session over stored rows."""

    @property
    def style(self) -> TextStyle:
        """How values are written in this session."""
        raise NotImplementedError

    def column_vectors(self, relation: Relation) -> list[Vector]:
        """The visible rows' columns."""
        refuse_rows(self.catalog, relation)
        table = self.hub.store.table(relation.oid)
        index: Index | None = self.hub.store.visible(table, self.transaction.stored)
        live = [c for c in relation.columns if not c.dropped]
        return [table.column(i) if index is None else table.column(i).take(index) for i in range(len(live))]

    def heap_order(self, relation: Relation) -> Index | None:
        """The visible rows in the order of their heap pages; None where that is the order of `column_vectors`."""
        table = self.hub.store.table(relation.oid)
        table.heap_pages(len(relation.columns), relation.fillfactor)
        index: Index | None = self.hub.store.visible(table, self.transaction.stored)
        order: Index | None = table.heap.order_of(np.arange(table.n) if index is None else index)
        return order

    def row_pages(self, relation: Relation) -> Index:
        """The heap page that each visible row is on."""
        table = self.hub.store.table(relation.oid)
        index: Index | None = self.hub.store.visible(table, self.transaction.stored)
        table.heap_pages(len(relation.columns), relation.fillfactor)  # brings the pages up to date
        rows = np.arange(table.n) if index is None else index
        return table.heap.pages_of(rows) if len(rows) else rows

    def changed_rows(self, relation: Relation) -> int:
        """Rows inserted, updated and deleted by committed transactions since the last ANALYZE of the whole table."""
        return int(self.hub.store.changed[relation.oid])

    def forget_changes(self, relation: Relation) -> None:
        """Count changed rows from now on."""
        self.hub.store.forget_changes(relation.oid)

    def dead_rows(self, relation: Relation) -> int:
        """Row versions stored that this statement does not see."""
        table = self.hub.store.table(relation.oid)
        index = self.hub.store.visible(table, self.transaction.stored)
        return 0 if index is None else table.n - len(index)

    def pack(self, relation: Relation) -> None:
        """The rows stored so far fill page after page."""
        table = self.hub.store.table(relation.oid)
        table.heap.packed = table.n

    def set_statistics(self, relation: Relation, statistics: RelationStatistics) -> None:
        """Replace a relation's statistics."""
        self.transaction.change(SetStatistics(oid=relation.oid, statistics=statistics))

    def pin_statistics(self, document: Mapping[str, object], *, skip_missing: bool = False) -> int:
        """Plan with the statistics in a document, in place of what ANALYZE found; how many tables that are."""
        if self.settings[TRANSACTION_READ_ONLY]:
            raise ReadOnlySqlTransaction("cannot execute ANALYZE in a read-only transaction")
        found = pinned_statistics(document, self.catalog, self.role, self.style, skip_missing=skip_missing)
        self.transaction.change(*found)
        return len(found)

    def simulate_rows(self, oid: int, rows: int) -> None:
        """Describe a table by statistics of so many rows, which nobody can read; 0: by those of its own."""
        if self.settings[TRANSACTION_READ_ONLY]:
            raise ReadOnlySqlTransaction("cannot execute ANALYZE in a read-only transaction")
        describe(oid, rows, self)  # type: ignore[arg-type] # the parts of a Session are a Host together
