"""pg_stats: the columns' statistics as arrays in text form."""

from __future__ import annotations

from auroraml.catalog.catalog import Catalog
from auroraml.catalog.statistics import ColumnStatistics
from auroraml.ir.objects import Column, Relation
from auroraml.system_views.registry import Reader, Rows, array, view
from auroraml.types.form import TextStyle
from auroraml.types.pg_type import PgArray, PgType
from auroraml.types.table import BY_NAME
from auroraml.types.text import datum_out

TEXT_ARRAY = BY_NAME["_text"]


@view("pg_catalog.pg_stats")
def pg_stats(ctx: Reader) -> Rows:
    """A row for each column that ANALYZE has seen."""
    catalog: Catalog = ctx.catalog
    return [
        _row(relation, column, statistics, ctx.style)
        for relation in catalog.relations()
        for column in relation.columns
        if not column.dropped and (statistics := catalog.statistics(relation.oid).columns.get(column.number)) is not None
    ]


def _row(relation: Relation, column: Column, found: ColumnStatistics, style: TextStyle) -> dict[str, object]:
    return {
        "schemaname": relation.schema, "tablename": relation.name, "attname": column.name, "inherited": False, "null_frac": found.null_fraction,
        "avg_width": found.width, "n_distinct": found.distinct, "most_common_vals": _values(found.common_values, column.type, style),
        "most_common_freqs": array(found.common_frequencies or None), "histogram_bounds": _values(found.histogram, column.type, style),
        "correlation": found.correlation,
    }  # fmt: skip


def _values(values: tuple[object, ...], type: PgType, style: TextStyle) -> str | None:
    """The values as an array of their type prints, arrays of arrays included: elements quoted where they must be."""
    if not values:
        return None
    texts = tuple(datum_out(type, value, style) for value in values)
    return datum_out(TEXT_ARRAY, PgArray.of(texts), style)
