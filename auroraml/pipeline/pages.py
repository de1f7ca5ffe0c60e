"""StoredPages: what the planner and ANALYZE ask about stored tables: pages, index sizes, extremes of indexes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import field
from typing import Any

import numpy as np

from auroraml.batch import Datum
from auroraml.evaluate import Runtime
from auroraml.executor.index_keys import IndexRows, index_rows, place_of, places_of
from auroraml.ir.objects import Index, Relation
from auroraml.records import dataclass
from auroraml.storage.built import IndexPages, built_pages
from auroraml.storage.pages import extremes, hash_pages
from auroraml.storage.store import Store
from auroraml.storage.table import Table


@dataclass(kw_only=True)
class Probes:
    """Pages that planning reads: the ends of indexes, where estimates ask for them."""

    pages: int = 0
    known: list[object] = field(default_factory=list)


PROBES: ContextVar[Probes | None] = ContextVar("probes", default=None)  # of the statement being planned here, where they are counted


class StoredPages:
    """A PageSource over a store."""

    def __init__(self, store: Store, ctx: Runtime | Callable[[], Runtime]) -> None:
        self.store = store
        self._ctx = ctx

    @property
    def ctx(self) -> Runtime:
        """For the keys of indexes that are computed; made when it is first needed, where it was not given."""
        if callable(self._ctx):
            self._ctx = self._ctx()
        return self._ctx

    def heap_pages(self, relation: Relation) -> int:
        """The pages of a table, 0 for what has no storage."""
        with self.store.lock:
            table = self.store.tables.get(relation.oid)
            return 0 if table is None else table.heap_pages(len(relation.columns), relation.fillfactor)

    def visible_pages(self, relation: Relation) -> int:
        """The pages of a table whose rows are all known to be visible to all."""
        with self.store.lock:
            table = self.store.tables.get(relation.oid)
            return 0 if table is None else int(np.count_nonzero(table.visible_pages(len(relation.columns), relation.fillfactor)))

    def vacuumed(self, relation: Relation) -> None:
        """VACUUM ran over a table."""
        self.store.note_vacuum(relation.oid)

    @staticmethod
    def _positions(relation: Relation, numbers: Sequence[int]) -> tuple[int, ...]:
        if not numbers:
            return ()
        live = [column.number for column in relation.columns if not column.dropped]
        return tuple([live.index(number) for number in numbers if number])

    def index_pages(self, relation: Relation, index: Index) -> IndexPages:
        """The pages and height of an index."""
        with self.store.lock:
            table = self.store.tables.get(relation.oid)
            if table is None:
                return IndexPages(pages=1, height=0)
            if index.method == "hash":
                return hash_pages(self._rows(table, relation, index).n)
            if index.predicate is None and not index.expressions:
                keys, included = self._positions(relation, index.columns), self._positions(relation, index.included)
                return table.index_pages(index.oid, keys, included, index.unique, index.directions)
            return table.derived(("computed pages", index.oid), lambda: self._computed_pages(table, relation, index))

    def built(self, relation: Relation, index: Index) -> None:
        """An index is made over the rows that are there, not row by row."""
        with self.store.lock:
            table = self.store.tables.get(relation.oid)
            if table is not None:
                table.note_built(index.oid)

    def _computed_pages(self, table: Table, relation: Relation, index: Index) -> IndexPages:
        found = self._rows(table, relation, index)
        if index.oid not in table.built and not index.included:
            tree = table.tree(index.oid, found.types, index.unique)
            rows = np.arange(table.n) if found.rows is None else found.rows
            fresh = rows >= tree.seen
            if (grown := table.grow(tree, [key.filter(fresh) for key in found.keys], found.types, index.directions, rows[fresh])) is not None:
                return grown
        places = places_of(relation)
        included = [table.column(places[number]).take(found.rows) for number in index.included if found.rows is not None]
        types = {c.number: c.type for c in relation.columns}
        more = [types[number] for number in index.included]
        return built_pages(found.keys, found.types, index.unique, included, more)

    def _rows(self, table: Table, relation: Relation, index: Index) -> IndexRows:
        return index_rows(table, relation, index, self.ctx)

    def index_tuples(self, relation: Relation, index: Index) -> float:
        """The entries of an index for rows that all may see."""
        with self.store.lock:
            table = self.store.tables.get(relation.oid)
            if table is None:
                return 0.0
            rows = self._rows(table, relation, index).rows
            visible = self.store.visible_now(table)
            if rows is None:
                return float(table.n if visible is None else len(visible))
            return float(len(rows) if visible is None else len(np.intersect1d(rows, visible, assume_unique=True)))

    def extremes(self, relation: Relation, index: Index) -> tuple[Datum, Datum] | None:
        """The least and greatest value of an index's first key; None for an empty one."""
        with self.store.lock:
            table = self.store.tables.get(relation.oid)
            if table is None:
                return None
            if index.columns[0]:
                return table.extremes(place_of(relation, index.columns[0]))
            return table.derived(("extremes", index.oid), lambda: extremes(self._rows(table, relation, index).keys[0]))

    def probed(self, relation: Relation, index: Index, ends: tuple[int, ...], question: object) -> None:
        """Count the pages for EXPLAIN (BUFFERS): a descent, the visibility map, and the heap where that does not do."""
        found = PROBES.get()
        key = (index.oid, ends, question)
        if found is None or key in found.known:
            return
        found.known.append(key)
        with self.store.lock:
            table = self.store.table(relation.oid)
            each = self.index_pages(relation, index).height + 1
            each += table.visibility is not None
            each += not table.visible_pages(len(relation.columns), relation.fillfactor).all()
        found.pages += len(ends) * each


class Answers:
    """What was asked about stored tables while a statement was planned, and the answers; all depend on nothing but the row versions there are."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, int, int], tuple[Relation, Index | None, object]] = {}
        self._tables: dict[int, tuple[Table | None, int]] = {}

    def note(self, pages: StoredPages, question: str, relation: Relation, index: Index | None, answer: object) -> None:
        """Remember an answer."""
        self._given[question, relation.oid, 0 if index is None else index.oid] = relation, index, answer
        if relation.oid not in self._tables:  # as it was when it was asked about first
            self._tables[relation.oid] = _state(pages, relation.oid)

    def hold(self, pages: StoredPages) -> bool:
        """Whether all answers would be the same now; asked again only where rows were added."""
        changed = {oid for oid, state in self._tables.items() if _state(pages, oid) != state}
        for (question, oid, _), (relation, index, answer) in self._given.items() if changed else ():
            if oid in changed and _QUESTIONS[question](pages, relation, index) != answer:
                return False
        for oid in changed:
            self._tables[oid] = _state(pages, oid)
        return True


def _state(pages: StoredPages, oid: int) -> tuple[Table | None, int]:
    table = pages.store.tables.get(oid)
    return table, 0 if table is None else table.n


_QUESTIONS: dict[str, Callable[[StoredPages, Relation, Any], object]] = {
    "heap_pages": lambda pages, relation, index: pages.heap_pages(relation),
    "index_pages": lambda pages, relation, index: pages.index_pages(relation, index),
    "extremes": lambda pages, relation, index: pages.extremes(relation, index),
}


class AskedPages(StoredPages):
    """StoredPages for a planner whose questions are remembered."""

    def __init__(self, store: Store, ctx: Runtime) -> None:
        super().__init__(store, ctx)
        self.answers = Answers()

    def heap_pages(self, relation: Relation) -> int:
        """The pages of a table."""
        found = super().heap_pages(relation)
        self.answers.note(self, "heap_pages", relation, None, found)
        return found

    def index_pages(self, relation: Relation, index: Index) -> IndexPages:
        """The pages and height of an index."""
        found = super().index_pages(relation, index)
        self.answers.note(self, "index_pages", relation, index, found)
        return found

    def extremes(self, relation: Relation, index: Index) -> tuple[Datum, Datum] | None:
        """The least and greatest value of an index's first key."""
        found = super().extremes(relation, index)
        self.answers.note(self, "extremes", relation, index, found)
        return found
