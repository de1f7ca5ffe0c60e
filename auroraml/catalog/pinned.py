"""Pinned statistics: a server's statistics from a JSON document, so that queries are planned as that server plans them, without its data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from auroraml.catalog.catalog import Catalog
from auroraml.catalog.changes import SetStatistics
from auroraml.catalog.statistics import ColumnStatistics, IndexStatistics, RelationStatistics
from auroraml.errors import InvalidTextRepresentation, UndefinedColumn, UndefinedTable
from auroraml.ir.objects import Relation
from auroraml.types.form import TextStyle
from auroraml.types.pg_type import PgType
from auroraml.types.text import datum_in

Entry = Mapping[str, object]


def pinned_statistics(document: Entry, catalog: Catalog, style: TextStyle) -> tuple[SetStatistics, ...]:
    """The statistics in a document (see tools/record_statistics.py) as catalog changes; values are read as the columns' types."""
    relations = document.get("relations")
    if not isinstance(relations, Sequence):
        raise InvalidTextRepresentation('a statistics document has a list "relations"')
    return tuple(_relation(cast(Entry, entry), catalog, style) for entry in relations)


def _relation(entry: Entry, catalog: Catalog, style: TextStyle) -> SetStatistics:
    schema, name = str(entry.get("schema", "public")), str(entry.get("name", ""))
    relation = catalog.find_relation(name, schema)
    if relation is None:
        raise UndefinedTable(f'relation "{schema}.{name}" does not exist')
    by_name = {column.name: column for column in relation.columns if not column.dropped}
    columns: dict[int, ColumnStatistics] = {}
    for column, found in cast(Mapping[str, Entry], entry.get("columns", {})).items():
        if column not in by_name:
            raise UndefinedColumn(f'column "{column}" of relation "{name}" does not exist')
        columns[by_name[column].number] = _column(found, by_name[column].type, style)
    statistics = RelationStatistics(
        pages=_whole(entry.get("pages")), tuples=_single(entry.get("tuples")), all_visible=_whole(entry.get("all_visible")), columns=columns,
        indexes=_indexes(cast(Mapping[str, Entry], entry.get("indexes", {})), relation, style), pinned=True,
    )  # fmt: skip
    return SetStatistics(oid=relation.oid, statistics=statistics)


def _column(found: Entry, type: PgType, style: TextStyle) -> ColumnStatistics:
    correlation = found.get("correlation")
    return ColumnStatistics(
        null_fraction=_single(found.get("null_fraction")), width=_whole(found.get("width")), distinct=_single(found.get("distinct")),
        common_values=_values(found.get("common_values"), type, style),
        common_frequencies=tuple(_single(one) for one in cast(Sequence[object], found.get("common_frequencies") or ())),
        histogram=_values(found.get("histogram"), type, style), correlation=None if correlation is None else _single(correlation),
    )  # fmt: skip


def _indexes(found: Mapping[str, Entry], relation: Relation, style: TextStyle) -> dict[int, IndexStatistics]:
    types = {column.number: column.type for column in relation.columns}
    indexes: dict[int, IndexStatistics] = {}
    for index in relation.indexes:
        entry = found.get(index.name)
        if entry is not None:
            ends = [_value(entry.get(end), types[index.columns[0]], style) for end in ("least", "greatest")]
            indexes[index.oid] = IndexStatistics(
                pages=_whole(entry.get("pages")), height=_whole(entry.get("height")), least=ends[0], greatest=ends[1]
            )
    return indexes


def _value(text: object, type: PgType, style: TextStyle) -> object:
    return None if text is None else datum_in(type, -1, str(text), style)


def _values(texts: object, type: PgType, style: TextStyle) -> tuple[object, ...]:
    return tuple(_value(text, type, style) for text in cast(Sequence[object], texts or ()))


def _whole(value: object) -> int:
    return int(cast(int, value or 0))


def _single(value: object) -> float:
    """A float4 as C keeps it."""
    return float(np.float32(cast(float, value or 0.0)))
