"""pg_statistic and pg_stats: the statistics of columns and index expressions; values as arrays in text form."""

from __future__ import annotations

from collections.abc import Iterator

from auroraml.catalog.acl import has_column_privilege, owns
from auroraml.catalog.builtins import btree_operators
from auroraml.catalog.catalog import Catalog
from auroraml.catalog.collations import collation
from auroraml.catalog.printing import index_column_names
from auroraml.catalog.statistics import ColumnStatistics
from auroraml.ir.objects import Role
from auroraml.records import dataclass
from auroraml.system_views.registry import Reader, Row, Rows, array, view
from auroraml.types.form import TextStyle
from auroraml.types.pg_type import PgArray, PgType
from auroraml.types.table import BY_NAME, BY_OID, FLOAT8
from auroraml.types.text import datum_out

TEXT_ARRAY = BY_NAME["_text"]
COMMON, HISTOGRAM, CORRELATION, ELEMENTS, ELEMENT_COUNTS, RANGE_LENGTHS, RANGE_BOUNDS = range(1, 8)
SLOTS = 5
FLOAT8_LESS = 672  # the operator of the length histogram of ranges


@dataclass(frozen=True, kw_only=True)
class Described:
    """A column, or a key of an index, with its statistics."""

    schema: str
    relation: str
    oid: int
    number: int
    name: str
    type: PgType
    statistics: ColumnStatistics
    readable: bool


def described(catalog: Catalog, role: Role) -> Iterator[Described]:
    """Everything that ANALYZE has seen, in the order of relations."""
    for r in catalog.relations():
        statistics = catalog.statistics(r.oid)
        for c in r.columns:
            found = statistics.columns.get(c.number)
            if found is not None and not c.dropped:
                readable = has_column_privilege(catalog, role, r, c, "r")
                yield Described(
                    schema=r.schema, relation=r.name, oid=r.oid, number=c.number, name=c.name, type=c.type, statistics=found, readable=readable
                )
        for i in r.indexes:
            of_index = statistics.indexes.get(i.oid)
            if of_index is None or not of_index.expressions:
                continue
            names, expressions = index_column_names(i, r), iter(i.expressions)
            for place, number in enumerate(i.columns, 1):
                if number:
                    continue
                type = next(expressions).type
                if place in of_index.expressions:
                    yield Described(schema=i.schema, relation=i.name, oid=i.oid, number=place, name=names[place - 1], type=type,
                                    statistics=of_index.expressions[place], readable=owns(catalog, role, r.owner))  # fmt: skip


@view("pg_catalog.pg_stats")
def pg_stats(ctx: Reader) -> Rows:
    """A row for each column and index expression that ANALYZE has seen, and the reader may read."""
    role = ctx.catalog.role(ctx.user)
    return [
        {"schemaname": d.schema, "tablename": d.relation, "attname": d.name, "inherited": False, **figures(d.statistics, d.type, ctx.style)}
        for d in described(ctx.catalog, role)
        if d.readable
    ]


def figures(found: ColumnStatistics, type: PgType, style: TextStyle) -> Row:
    """The columns that pg_stats and pg_stats_ext_exprs share."""
    return {
        "null_frac": found.null_fraction, "avg_width": found.width, "n_distinct": found.distinct,
        "most_common_vals": _values(found.common_values, type, style), "most_common_freqs": array(found.common_frequencies or None),
        "histogram_bounds": _values(found.histogram, type, style), "correlation": found.correlation,
        "most_common_elems": _values(found.element_values, _element(type), style), "most_common_elem_freqs": array(found.element_frequencies or None),
        "elem_count_histogram": array(found.element_counts or None),
    }  # fmt: skip


def _element(type: PgType) -> PgType:
    return BY_OID.get(type.element, type) if type.is_array else type


def _values(values: tuple[object, ...], type: PgType, style: TextStyle) -> str | None:
    """The values as an array of their type prints, arrays of arrays included: elements quoted where they must be."""
    if not values:
        return None
    texts = tuple(datum_out(type, value, style) for value in values)
    return datum_out(TEXT_ARRAY, PgArray.of(texts), style)


@view("pg_catalog.pg_statistic")
def pg_statistic(ctx: Reader) -> Rows:
    """The same as ANALYZE stores it: a slot for each kind of statistics."""
    return [
        {"starelid": d.oid, "staattnum": d.number, "stainherit": False, **slots(d.statistics, d.type, ctx.style)}
        for d in described(ctx.catalog, ctx.catalog.role(ctx.user))
    ]


def slots(found: ColumnStatistics, type: PgType, style: TextStyle) -> Row:
    """The columns of pg_statistic from stanullfrac on."""
    operators, element = btree_operators(type), _element(type)
    less, equal = (operators[n].oid if n in operators else 0 for n in (1, 3))
    in_elements = btree_operators(element)
    same = in_elements[3].oid if 3 in in_elements else 0
    filled: list[tuple[int, int, tuple[float, ...], str | None]] = []
    if found.range_bounds:
        filled.append((RANGE_BOUNDS, 0, (), _values(found.range_bounds, type, style)))
    if found.empty_fraction is not None:
        filled.append((RANGE_LENGTHS, FLOAT8_LESS, (found.empty_fraction,), _values(found.range_lengths, FLOAT8, style)))
    if found.common_values:
        filled.append((COMMON, equal, found.common_frequencies, _values(found.common_values, type, style)))
    if found.histogram:
        filled.append((HISTOGRAM, less, (), _values(found.histogram, type, style)))
    if found.correlation is not None:
        filled.append((CORRELATION, less, (found.correlation,), None))
    if found.element_values:
        filled.append((ELEMENTS, same, found.element_frequencies, _values(found.element_values, element, style)))
    if found.element_counts:
        filled.append((ELEMENT_COUNTS, same, found.element_counts, None))
    row: Row = {"stanullfrac": found.null_fraction, "stawidth": found.width, "stadistinct": found.distinct}
    for place in range(1, SLOTS + 1):
        kind, operator, numbers, values = filled[place - 1] if place <= len(filled) else (0, 0, (), None)
        row |= {f"stakind{place}": kind, f"staop{place}": operator, f"stacoll{place}": collation(type) if kind else 0,
                f"stanumbers{place}": array(numbers or None), f"stavalues{place}": values}  # fmt: skip
    return row
