"""PlanCache: plans by the statement's exact text and all that may change them; EXPLAIN does not read it."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from auroraml.catalog.catalog import Catalog
from auroraml.errors import Diagnostic
from auroraml.ir.bound import BoundStatement
from auroraml.ir.objects import Relation
from auroraml.ir.physical import ModifyTable, PhysicalPlan, SeqScan
from auroraml.ir.tree import walk
from auroraml.storage.store import Store

MOST = 256
_NOW = re.compile(r"'\s*(now|today|tomorrow|yesterday)", re.IGNORECASE)  # literals that mean another time in the next statement

Key = tuple[object, ...]


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large a table was when a statement was planned."""

    relation: Relation
    rows: int
    pages: int


@dataclass(kw_only=True)
class Entry:
    """A plan, the catalog it was made for, the sizes of its tables, and what the client was told when it was made."""

    catalog: Catalog
    bound: BoundStatement
    plan: PhysicalPlan
    sizes: tuple[Size, ...]
    notices: tuple[Diagnostic, ...] = ()


class PlanCache:
    """The latest plans of one session."""

    def __init__(self, store: Store, pages: Callable[[Relation], int]) -> None:
        self.store = store
        self.pages = pages
        self._entries: OrderedDict[Key, Entry] = OrderedDict()

    def find(self, key: Key, catalog: Catalog) -> Entry | None:
        """A plan that would be made again as it is."""
        entry = self._entries.get(key)
        if entry is None or entry.catalog is not catalog or not all(self._same(size) for size in entry.sizes):
            return None
        self._entries.move_to_end(key)
        return entry

    def keep(self, key: Key, text: str, catalog: Catalog, bound: BoundStatement, plan: PhysicalPlan, notices: Sequence[Diagnostic] = ()) -> None:
        """Keep a plan that was just made."""
        if _NOW.search(text):
            return
        sizes = tuple(self._size(relation) for relation in _relations(plan))
        self._entries[key] = Entry(catalog=catalog, bound=bound, plan=plan, sizes=sizes, notices=tuple(notices))
        if len(self._entries) > MOST:
            self._entries.popitem(last=False)

    def _rows(self, relation: Relation) -> int:
        table = self.store.tables.get(relation.oid)
        return 0 if table is None else table.n

    def _size(self, relation: Relation) -> Size:
        return Size(relation=relation, rows=self._rows(relation), pages=self.pages(relation))

    def _same(self, size: Size) -> bool:
        return self._rows(size.relation) == size.rows or self.pages(size.relation) == size.pages


def _relations(plan: PhysicalPlan) -> Iterable[Relation]:
    """The tables whose sizes a plan depends on: those it reads."""
    found: dict[int, Relation] = {}
    for node in walk(plan):
        if isinstance(node, SeqScan) or (isinstance(node, ModifyTable) and node.operation != "Insert"):
            found[node.relation.oid] = node.relation
    return found.values()
