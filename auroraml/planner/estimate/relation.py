"""RelationFacts: what the planner knows of a table before it looks at clauses: pages, tuples, statistics, indexes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from auroraml.batch import Datum
from auroraml.catalog.catalog import Catalog
from auroraml.catalog.statistics import ColumnStatistics, IndexStatistics, RelationStatistics
from auroraml.ir.logical import Output
from auroraml.ir.objects import Index, Relation
from auroraml.ir.physical import ScanColumn
from auroraml.planner.estimate.width import column_width, type_width

UNVACUUMED_PAGES: Final = 10  # what a table that was never vacuumed or analyzed is thought to have at least
PAGE_ROOM: Final = 8168
TUPLE_OVERHEAD: Final = 28
MOST_KEPT: Final = 1000


class IndexSize(Protocol):
    """Pages and height of an index."""

    @property
    def pages(self) -> int:
        """Its pages, the meta page included."""

    @property
    def height(self) -> int:
        """Levels above the leaves."""


class PageSource(Protocol):
    """What is stored now."""

    def heap_pages(self, relation: Relation) -> int:
        """The pages of a table."""

    def index_pages(self, relation: Relation, index: Index) -> IndexSize:
        """The size of an index."""

    def built(self, relation: Relation, index: Index) -> None:
        """An index is made over the rows that are there, not row by row."""

    def visible_pages(self, relation: Relation) -> int:
        """The pages of a table whose rows are all known to be visible to all."""

    def vacuumed(self, relation: Relation) -> None:
        """VACUUM ran over a table."""

    def index_tuples(self, relation: Relation, index: Index) -> float:
        """The entries of an index for rows that all may see."""

    def extremes(self, relation: Relation, index: Index) -> tuple[Datum, Datum] | None:
        """The least and greatest value of an index's first column."""

    def probed(self, relation: Relation, index: Index, ends: tuple[int, ...], question: object) -> None:
        """An estimate has looked at ends of an index; what it was asked is looked for once a statement."""


class IndexFacts:
    """An index as the planner sees it; `columns` are attribute numbers, 0 for an expression."""

    __slots__ = ("columns", "height", "index", "pages", "tuples", "unique")

    def __init__(self, *, index: Index, pages: int, tuples: float, height: int, unique: bool, columns: tuple[int, ...]) -> None:
        self.index = index
        self.pages = pages
        self.tuples = tuples
        self.height = height
        self.unique = unique
        self.columns = columns

    @property
    def whole(self) -> bool:
        """Whether it has all rows."""
        return self.index.predicate is None


class Described:
    """What follows from a table's definition and statistics alone; kept from one statement to the next. Columns are attribute numbers."""

    __slots__ = ("_names", "_scanned", "columns", "indexes", "keys", "not_null", "relation", "statistics", "unique", "widths", "workers")

    def __init__(self, relation: Relation, statistics: RelationStatistics) -> None:
        self.relation = relation
        self.statistics = statistics
        live = [column for column in relation.columns if not column.dropped]
        self.columns: dict[int, ColumnStatistics | None] = {column.number: statistics.columns.get(column.number) for column in live}
        self.widths = {column.number: column_width(column.type, column.typmod, self.columns[column.number]) for column in live}
        self.not_null = frozenset(column.number for column in live if column.not_null)
        self.indexes = sorted((index for index in relation.indexes if index.method in ("btree", "hash")), key=lambda one: -one.oid)  # newest first
        self.unique = frozenset(index.columns[0] for index in self.indexes if index.unique and len(index.columns) == 1 and index.predicate is None)
        plain = not statistics.extended and not any(index.expressions or index.predicate is not None for index in relation.indexes)
        keys = frozenset(number for index in self.indexes for number in (*index.columns, *index.included))
        self.keys = keys if plain else None  # the columns that indexes hold; None where expressions, predicates or statistics objects read others
        self._scanned = tuple([ScanColumn(number=c.number, name=c.name, type=c.type, typmod=c.typmod) for c in live])
        self._names = [column.name for column in live]
        self.workers = next((int(value) for name, value in relation.options if name == "parallel_workers"), -1)

    def scanned(self, outputs: Sequence[Output]) -> tuple[ScanColumn, ...] | None:
        """What a scan makes, where that is all columns under their own names, nothing of the system's."""
        return self._scanned if [output.name for output in outputs] == self._names else None


_described: dict[int, Described] = {}  # by OID: of the newest definition and statistics that were asked for


@dataclass(frozen=True, kw_only=True, eq=False)
class RelationFacts:
    """A table's size and statistics; `all_visible` is the fraction of pages known to be visible to all; `indexes` newest first."""

    relation: Relation
    pages: int
    tuples: float
    all_visible: float
    described: Described
    indexes: Mapping[int, IndexFacts]
    source: PageSource
    statistics: RelationStatistics
    ends: dict[int, tuple[Datum, Datum] | None] = field(default_factory=dict)  # of indexes, by OID: asked for once a statement
    leading: dict[int, IndexFacts | None] = field(default_factory=dict)  # by attribute number, once asked for

    def leading_index(self, number: int) -> IndexFacts | None:
        """The first ordered index of all rows whose first column is attribute `number`."""
        if number not in self.leading:
            self.leading[number] = next(self.leading_indexes(number), None)
        return self.leading[number]

    def leading_indexes(self, number: int) -> Iterator[IndexFacts]:
        """All of those; number 0: those whose first column is an expression."""
        for index in self.indexes.values():
            if index.columns[0] == number and index.whole and index.index.method == "btree" and not any(index.index.opclasses[:1]):
                yield index

    def unique_column(self, number: int) -> bool:
        """Whether a unique index covers attribute `number` alone."""
        return number in self.described.unique

    def extremes(self, index: IndexFacts) -> tuple[Datum, Datum] | None:
        """The least and greatest value of an index's first column."""
        if self.statistics.pinned:
            pinned = self.statistics.indexes.get(index.index.oid)
            return None if pinned is None or pinned.least is None or pinned.greatest is None else (pinned.least, pinned.greatest)
        oid = index.index.oid
        if oid not in self.ends:
            self.ends[oid] = self.source.extremes(self.relation, index.index)
        return self.ends[oid]


def facts_of(catalog: Catalog, relation: Relation, source: PageSource) -> RelationFacts:
    """What the planner knows of `relation` now (plancat.c: get_relation_info)."""
    statistics = catalog.statistics(relation.oid)
    pages = statistics.current_pages if statistics.pinned else source.heap_pages(relation)
    pages, tuples, visible = _size(relation, statistics, pages)
    described = _described_as(relation, statistics)
    indexes: dict[int, IndexFacts] = {}
    for index in described.indexes:
        known = statistics.indexes.get(index.oid)
        size: IndexSize = known if statistics.pinned and known is not None else source.index_pages(relation, index)
        entries = tuples if index.predicate is None else min(tuples, _entries(relation, index, known, size.pages))
        indexes[index.oid] = IndexFacts(index=index, pages=size.pages, tuples=entries, height=size.height, unique=index.unique, columns=index.columns)
    return RelationFacts(
        relation=relation, pages=pages, tuples=tuples, all_visible=visible, described=described, indexes=indexes, source=source, statistics=statistics
    )


def _described_as(relation: Relation, statistics: RelationStatistics) -> Described:
    known = _described.get(relation.oid)
    if known is None or known.relation is not relation or known.statistics is not statistics:
        if len(_described) >= MOST_KEPT:
            _described.clear()
        known = _described[relation.oid] = Described(relation, statistics)
    return known


def _size(relation: Relation, statistics: RelationStatistics, pages: int) -> tuple[int, float, float]:
    """Pages, tuples and the visible fraction (tableam.c: table_block_relation_estimate_size)."""
    known = statistics.tuples >= 0
    if pages < UNVACUUMED_PAGES and not known:
        pages = UNVACUUMED_PAGES
    if pages == 0:
        return 0, 0.0, 0.0
    if known and statistics.pages > 0:
        density = statistics.tuples / statistics.pages
    else:
        width = sum(_default_width(relation, statistics, column.number) for column in relation.columns if not column.dropped)
        density = float(PAGE_ROOM // (width + TUPLE_OVERHEAD))
    tuples = float(round(density * pages))
    if statistics.all_visible == 0 or statistics.pages <= 0:
        visible = 0.0
    elif statistics.all_visible >= pages:
        visible = 1.0
    else:
        visible = statistics.all_visible / pages
    return pages, tuples, visible


def _entries(relation: Relation, index: Index, known: IndexStatistics | None, pages: int) -> float:
    """The entries of a partial index by their density when they were last counted, the meta page left out (plancat.c: estimate_rel_size)."""
    before = 1 if known is None else known.pages
    if known is not None and known.tuples >= 0 and before > 1:
        density = known.tuples / (before - 1)
    else:
        types = {column.number: (column.type, column.typmod) for column in relation.columns}
        expressions = iter(index.expressions)
        width = TUPLE_OVERHEAD
        for number in (*index.columns, *index.included):
            if number:
                width += type_width(*types[number])
            else:
                expr = next(expressions)
                width += type_width(expr.type, expr.typmod)
        density = float(PAGE_ROOM // width)
    return float(round(density * (pages - 1)))


def _default_width(relation: Relation, statistics: RelationStatistics, number: int) -> int:
    column = next(column for column in relation.columns if column.number == number)
    found = statistics.columns.get(number)
    return found.width if found is not None and found.width > 0 else type_width(column.type, column.typmod)
