"""auroraml.simulate_rows: the statistics a table would have with so many rows, scaled from what ANALYZE knows of it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from auroraml.catalog.acl import owns
from auroraml.catalog.statistics import ColumnStatistics, IndexStatistics, RelationStatistics
from auroraml.commands.analyze import gather
from auroraml.commands.context import Host
from auroraml.errors import InsufficientPrivilege, InvalidParameterValue, WrongObjectType
from auroraml.ir.objects import Index, Relation
from auroraml.planner.estimate.width import column_width
from auroraml.storage.btree import LEAF_ROOM, entry_size
from auroraml.storage.heap import LINE_POINTER, PAGE, ROOM
from auroraml.storage.pages import hash_pages, tree_pages

TUPLE_HEADER = 24
ENOUGH = 10  # pages whose density is taken for the table's; fewer may be nearly empty
LEAF_FILL, INNER_FILL = 0.9, 0.7  # how full a B-tree's pages are
WHOLE = {"int2": 2**15 - 1, "int4": 2**31 - 1, "int8": 2**63 - 1}  # types whose values may count rows, and the last value of each


def describe(oid: int, rows: int, host: Host) -> None:
    """Describe a table as one of `rows` rows; 0 brings the stored rows back. The description is a transactional property of the table, as ANALYZE's is.

    A table with rows that was never analyzed is analyzed first.
    """
    relation = host.catalog.relations_by_oid.get(oid)
    if relation is None:
        raise WrongObjectType(f"relation with OID {oid} is not a table or materialized view of a user")
    if relation.kind not in ("r", "m") or relation.system is not None:
        raise WrongObjectType(f'"{relation.name}" is not a table or materialized view of a user')
    if not owns(host.catalog, host.role, relation.owner):
        raise InsufficientPrivilege(f"must be owner of table {relation.name}")
    if rows < 0:
        raise InvalidParameterValue(f"a table cannot have {rows} rows")
    known = host.catalog.statistics(oid)
    if known.stored is not None:
        known = known.stored
        host.set_statistics(relation, known)
    if not rows:
        return
    if known.tuples < 0 and host.pages.heap_pages(relation):
        gather(relation, (), host, quiet=True)
        known = host.catalog.statistics(oid)
    host.set_statistics(relation, Description(relation, known, rows, host).statistics())


class Description:
    """A table of `rows` rows as its statistics would be, where `known` are those of the rows it has."""

    def __init__(self, relation: Relation, known: RelationStatistics, rows: int, host: Host) -> None:
        self.relation = relation
        self.known = known
        self.rows = float(np.float32(rows))
        self.host = host
        self.factor = self.rows / known.tuples if known.tuples > 0 else None  # None: nothing is known of any row
        self.columns = {column.number: column for column in relation.columns if not column.dropped}
        self.counting = {number for number in self.columns if self._counts(number)}

    def statistics(self) -> RelationStatistics:
        """The whole of it."""
        pages = self._pages()
        known = self.known
        visible = pages if self.factor is None else round(pages * min(known.all_visible / max(known.pages, 1), 1.0))
        return replace(
            known, pages=pages, current_pages=pages, tuples=self.rows, all_visible=visible, pinned=True, stored=known,
            columns={number: self._column(number, found) for number, found in known.columns.items()},
            indexes={index.oid: self._index(index) for index in self.relation.indexes},
        )  # fmt: skip

    def width(self, number: int) -> int:
        """The average width of a column's values."""
        column = self.columns[number]
        return column_width(column.type, column.typmod, self.known.columns.get(number))

    def _pages(self) -> int:
        """As dense as the pages the table has, if they are enough to tell; else as full as rows of the columns' widths make them."""
        if self.factor is not None and (self.known.pages >= ENOUGH or self.factor == 1):
            return max(round(self.known.pages * self.factor), 1)
        row = -(-(TUPLE_HEADER + sum(self.width(number) for number in self.columns)) // 8) * 8 + LINE_POINTER
        return max(math.ceil(self.rows / max((ROOM - PAGE * (100 - self.relation.fillfactor) // 100) // row, 1)), 1)

    # Columns

    def _counts(self, number: int) -> bool:
        """Whether a column counts the rows: whole numbers, all different, with gaps no wider than the numbers are many."""
        found, column = self.known.columns.get(number), self.columns[number]
        if found is None or self.factor is None or column.type.name not in WHOLE or len(found.histogram) < 2 or found.distinct != -1:
            return False
        least, greatest = found.histogram[0], found.histogram[-1]
        return isinstance(least, int) and isinstance(greatest, int) and greatest - least < 2 * self.known.tuples

    def _column(self, number: int, found: ColumnStatistics) -> ColumnStatistics:
        """Fractions hold for any number of rows, a number of different values too; a column that counts rows counts further."""
        distinct = min(found.distinct, self.rows) if found.distinct > 0 else found.distinct
        if number not in self.counting:
            return replace(found, distinct=distinct)
        return replace(found, distinct=distinct, histogram=tuple(self._further(value, number) for value in found.histogram))

    def _further(self, value: object, number: int) -> object:
        """A value of a column that counts rows, as far along as before."""
        found = self.known.columns[number]
        if number not in self.counting or not isinstance(value, int) or not isinstance(found.histogram[0], int) or self.factor == 1:
            return value
        assert self.factor is not None
        return min(found.histogram[0] + round((value - found.histogram[0]) * self.factor), WHOLE[self.columns[number].type.name])

    # Indexes

    def _index(self, index: Index) -> IndexStatistics:
        """Scaled from the index there is, if it has pages enough to tell; else by the widths of its keys."""
        source, known = self.host.pages, self.known.indexes.get(index.oid)
        now = source.index_pages(self.relation, index)
        entries = self.rows
        if index.predicate is not None and self.factor is not None:
            entries = min(source.index_tuples(self.relation, index) * self.factor, self.rows)
        pages, height = now.pages, now.height
        if self.factor != 1:
            enough = self.factor is not None and now.pages > ENOUGH
            pages, height = self._tree(index, entries, round((now.pages - 1) * (self.factor or 0.0)) if enough else None)
        ends = source.extremes(self.relation, index) if self.factor is not None and index.method == "btree" else None
        first = index.columns[0]
        least, greatest = (None, None) if ends is None else (self._further(end, first) if first else end for end in ends)
        return IndexStatistics(
            pages=pages, height=height, tuples=float(np.float32(entries)), least=least, greatest=greatest,
            expressions={} if known is None else known.expressions,
        )  # fmt: skip

    def _tree(self, index: Index, entries: float, pages: int | None) -> tuple[int, int]:
        """Pages with the meta page, and height; `pages` without it, where they are known."""
        if index.method != "btree":
            return hash_pages(round(entries)).pages, 0
        entry = entry_size(sum(self.width(number) if number else 8 for number in (*index.columns, *index.included)))
        full = LEAF_ROOM // entry
        inner = max(int(full * INNER_FILL), 2)
        leaves = max(math.ceil(entries / max(int(full * LEAF_FILL), 1)), 1)
        if pages is not None:
            leaves = max(pages - pages // inner, 1)
        made = tree_pages(leaves, inner, max(full, 2))
        return (made.pages if pages is None else pages + 1), made.height
