"""Pinned statistics: a server's statistics from a JSON document, so that queries are planned as that server plans them, without its data."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import cast

import numpy as np

from auroraml.catalog.acl import owns
from auroraml.catalog.catalog import Catalog
from auroraml.catalog.changes import SetStatistics
from auroraml.catalog.printing import index_column_names
from auroraml.catalog.statistics import (
    ColumnStatistics,
    CommonCombination,
    Dependency,
    DistinctCount,
    ExtendedStatistics,
    IndexStatistics,
    RelationStatistics,
)
from auroraml.errors import InsufficientPrivilege, InvalidTextRepresentation, UndefinedColumn, UndefinedObject, UndefinedTable
from auroraml.ir.objects import Index, Relation, Role, StatisticsObject
from auroraml.storage.btree import LEAF_ROOM, entry_size
from auroraml.storage.built import INNER_SLACK
from auroraml.types.form import TextStyle
from auroraml.types.pg_type import PgType
from auroraml.types.table import BY_OID
from auroraml.types.text import datum_in

Entry = Mapping[str, object]
DEPENDENCIES = 0xB4549A2C  # what pg_dependencies begins with


def pinned_statistics(document: Entry, catalog: Catalog, role: Role, style: TextStyle, *, skip_missing: bool = False) -> tuple[SetStatistics, ...]:
    """The statistics in a document (see docs/statistics.md) as catalog changes; values are read as the columns' types.

    A relation, column or statistics object that is not here is an error, unless `skip_missing`; `role` must own the tables.
    """
    relations = document.get("relations")
    if not isinstance(relations, Sequence) or isinstance(relations, str):
        raise InvalidTextRepresentation('a statistics document has a list "relations"')
    style = replace(
        style, date_style=str(document.get("date_style", style.date_style)), interval_style=str(document.get("interval_style", style.interval_style))
    )
    found = []
    for entry in cast(Sequence[Entry], relations):
        schema, name = str(entry.get("schema", "public")), str(entry.get("name", ""))
        relation = catalog.find_relation(name, schema)
        if relation is None:
            if skip_missing:
                continue
            raise UndefinedTable(f'relation "{schema}.{name}" does not exist')
        if not owns(catalog, role, relation.owner):
            raise InsufficientPrivilege(f"must be owner of table {relation.name}")
        found.append(SetStatistics(oid=relation.oid, statistics=Pinned(relation, style, skip_missing).read(entry)))
    return tuple(found)


class Pinned:
    """Reads what a document says of one table."""

    def __init__(self, relation: Relation, style: TextStyle, skip_missing: bool) -> None:
        self.relation = relation
        self.style = style
        self.skip_missing = skip_missing
        self.types = {column.number: column.type for column in relation.columns}
        self.numbers = {column.name: column.number for column in relation.columns if not column.dropped}

    def read(self, entry: Entry) -> RelationStatistics:
        """The whole of it."""
        columns = {}
        for name, found in cast(Mapping[str, Entry], entry.get("columns", {})).items():
            if name in self.numbers:
                columns[self.numbers[name]] = self.column(found, self.types[self.numbers[name]])
            elif not self.skip_missing:
                raise UndefinedColumn(f'column "{name}" of relation "{self.relation.name}" does not exist')
        pages = _whole(entry.get("pages"))
        indexes = cast(Mapping[str, Entry], entry.get("indexes", {}))
        return RelationStatistics(
            pages=pages, current_pages=_whole(entry.get("current_pages", pages)), tuples=_single(entry.get("tuples")),
            all_visible=_whole(entry.get("all_visible")), columns=columns, pinned=True,
            indexes={index.oid: self.index(index, indexes[index.name], columns, _single(entry.get("tuples"))) for index in self.relation.indexes if index.name in indexes},
            extended=dict(self.extended(one) for one in cast(Sequence[Entry], entry.get("statistics", ())) if self.named(one) is not None),
        )  # fmt: skip

    def column(self, found: Entry, type: PgType) -> ColumnStatistics:
        """A row of pg_stats."""
        correlation = found.get("correlation")
        element = BY_OID.get(type.element, type) if type.is_array else type
        return ColumnStatistics(
            null_fraction=_single(found.get("null_fraction")), width=_whole(found.get("width")), distinct=_single(found.get("distinct")),
            common_values=self.values(found.get("common_values"), type), common_frequencies=_singles(found.get("common_frequencies")),
            histogram=self.values(found.get("histogram"), type), correlation=None if correlation is None else _single(correlation),
            element_values=self.values(found.get("common_elements"), element), element_frequencies=_singles(found.get("element_frequencies")),
            element_counts=_singles(found.get("element_counts")),
        )  # fmt: skip

    def index(self, index: Index, entry: Entry, columns: Mapping[int, ColumnStatistics], rows: float) -> IndexStatistics:
        """An index's size, ends and expressions; a height that is not known is the one that so many pages make."""
        first = self.types.get(index.columns[0])
        least, greatest = (None if first is None else self.value(entry.get(end), first) for end in ("least", "greatest"))
        expressions = iter(index.expressions)
        kinds = {place: next(expressions).type for place, number in enumerate(index.columns, 1) if not number}
        given = cast(Mapping[str, Entry], entry.get("expressions") or {})
        names = index_column_names(index, self.relation)
        found = {place: self.column(given[names[place - 1]], type) for place, type in kinds.items() if names[place - 1] in given}
        pages = _whole(entry.get("current_pages", entry.get("pages")))
        height = entry.get("height")
        keys = [(columns.get(n), self.types[n]) if n else (found.get(place), kinds[place]) for place, n in enumerate(index.columns, 1)]
        return IndexStatistics(
            pages=pages, height=_whole(height) if height is not None else _height(pages, _pivot(keys, pages, rows)), tuples=_single(entry.get("tuples", -1)),
            least=least, greatest=greatest, expressions=found,
        )  # fmt: skip

    def named(self, entry: Entry) -> StatisticsObject | None:
        """The statistics object of that name; 42704 where there is none."""
        schema, name = str(entry.get("schema", self.relation.schema)), str(entry.get("name", ""))
        found = next((s for s in self.relation.statistics if (s.schema, s.name) == (schema, name)), None)
        if found is None and not self.skip_missing:
            raise UndefinedObject(f'statistics object "{schema}.{name}" does not exist')
        return found

    def extended(self, entry: Entry) -> tuple[int, ExtendedStatistics]:
        """What ANALYZE has found for a statistics target, the server's attribute numbers made ours."""
        target = self.named(entry)
        assert target is not None
        names = {int(number): name for number, name in cast(Mapping[str, str], entry.get("columns") or {}).items()}
        if {self.numbers.get(name) for name in names.values()} != set(target.columns):
            raise UndefinedColumn(f'statistics object "{target.schema}.{target.name}" has other columns here')
        ours = {**{number: self.numbers[name] for number, name in names.items()}, **{-n: -n for n in range(1, len(target.expressions) + 1)}}
        own = cast(Sequence[Entry] | None, entry.get("expressions"))
        return target.oid, ExtendedStatistics(
            distinct=_distinct(entry.get("distinct"), ours.__getitem__), dependencies=_dependencies(entry.get("dependencies"), ours.__getitem__),
            common=self._common(entry, target, [ours[number] for number in sorted(names)]),
            expressions=None if own is None else tuple(self.column(one, x.type) for one, x in zip(own, target.expressions, strict=True)),
        )  # fmt: skip

    def _common(self, entry: Entry, target: StatisticsObject, order: Sequence[int]) -> tuple[CommonCombination, ...] | None:
        """The combinations, their values in the order of our attribute numbers."""
        combinations = cast(Sequence[Sequence[object]] | None, entry.get("common_values"))
        if combinations is None:
            return None
        places = [order.index(number) for number in target.columns] + [len(order) + n for n in range(len(target.expressions))]
        types = [self.types[number] for number in target.columns] + [x.type for x in target.expressions]
        shares = (cast(Sequence[float], entry.get(name) or ()) for name in ("common_frequencies", "common_base_frequencies"))
        return tuple(
            CommonCombination(
                values=tuple(self.value(values[place], type) for place, type in zip(places, types, strict=True)),
                frequency=float(frequency), base_frequency=float(base),
            )
            for values, frequency, base in zip(combinations, *shares, strict=True)
        )  # fmt: skip

    def value(self, text: object, type: PgType) -> object:
        """A value from its text."""
        return None if text is None else datum_in(type, -1, str(text), self.style)

    def values(self, texts: object, type: PgType) -> tuple[object, ...]:
        """Values from their texts."""
        return tuple(self.value(text, type) for text in cast(Sequence[object], texts or ()))


def _distinct(text: object, ours: Callable[[int], int]) -> tuple[DistinctCount, ...] | None:
    """pg_ndistinct from its text: {"1, 2": 3}."""
    if text is None:
        return None
    counts = cast(Mapping[str, int], json.loads(str(text)))
    return tuple(
        DistinctCount(attributes=_ordered([ours(int(number)) for number in key.split(",")]), count=float(count)) for key, count in counts.items()
    )


def _dependencies(digits: object, ours: Callable[[int], int]) -> tuple[Dependency, ...] | None:
    """pg_dependencies from its bytes (its text has six decimals only): magic number, type, count; then each degree, count and attributes."""
    if digits is None:
        return None
    data = bytes.fromhex(str(digits).removeprefix("\\x"))
    magic, _, count = struct.unpack_from("<III", data)
    if magic != DEPENDENCIES:
        raise InvalidTextRepresentation("the bytes of a pg_dependencies are expected")
    found, at = [], 12
    for _ in range(count):
        degree, size = struct.unpack_from("<dh", data, at)
        numbers = struct.unpack_from(f"<{size}h", data, at + 10)
        at += 10 + 2 * size
        found.append(Dependency(of=_ordered([ours(number) for number in numbers[:-1]]), implies=ours(numbers[-1]), degree=degree))
    return tuple(found)


def _ordered(numbers: Sequence[int]) -> tuple[int, ...]:
    """Attributes as PostgreSQL lists them: columns ascending, then expressions."""
    return tuple(sorted(numbers, key=lambda number: (number < 0, abs(number))))


def _pivot(keys: Sequence[tuple[ColumnStatistics | None, PgType]], pages: int, rows: float) -> int:
    """The bytes of a key above the leaves: only as many columns as it takes to tell the pages apart."""
    width, values = 0, 1.0
    for found, type in keys:
        width += found.width if found is not None and found.width else max(type.length, 4)
        values *= 1.0 if found is None else found.distinct if found.distinct > 0 else max(-found.distinct * rows, 1.0)
        if values >= pages:
            break
    return width


def _height(pages: int, key: int) -> int:
    """The levels above the leaves of a B-tree of so many pages, the keys above them of so many bytes, its root as full as it gets by growing."""
    entry = entry_size(key)
    fanout, root = max((LEAF_ROOM - INNER_SLACK) // entry, 2), max(LEAF_ROOM // entry, 2)
    leaves, (all_pages, height) = pages - 1, _tree(pages - 1, fanout, root)
    while leaves > 1 and all_pages > pages:
        leaves -= max((all_pages - pages) // 2, 1)
        all_pages, height = _tree(leaves, fanout, root)
    return height


def _tree(leaves: int, fanout: int, root: int) -> tuple[int, int]:
    """The pages of a tree over so many leaves, the meta page included, and its height."""
    pages, level, height = leaves + 1, leaves, 0
    while level > 1:
        level = 1 if level <= root else -(-level // fanout)
        pages += level
        height += 1
    return pages, height


def _whole(value: object) -> int:
    return int(cast(int, value or 0))


def _single(value: object) -> float:
    """A float4 as C keeps it."""
    return float(np.float32(cast(float, value or 0.0)))


def _singles(values: object) -> tuple[float, ...]:
    return tuple(_single(one) for one in cast(Sequence[object], values or ()))
