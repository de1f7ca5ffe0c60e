"""pg_statistic_ext, pg_statistic_ext_data, pg_stats_ext, pg_stats_ext_exprs: statistics objects, and what ANALYZE found for them."""

from __future__ import annotations

from collections.abc import Iterator

from auroraml.catalog.acl import owns
from auroraml.catalog.catalog import Catalog
from auroraml.catalog.printing import expression_text
from auroraml.catalog.statistics import CommonCombination, Dependency, DistinctCount, ExtendedStatistics
from auroraml.functions.combinations import combinations_text
from auroraml.ir.objects import Relation, StatisticsObject
from auroraml.system_views.registry import Reader, Rows, array, role_name, schema_oid, vector, view
from auroraml.system_views.statistics import figures
from auroraml.types.form import TextStyle
from auroraml.types.pg_type import PgArray, PgType
from auroraml.types.text import datum_out


def _objects(catalog: Catalog) -> Iterator[tuple[StatisticsObject, Relation]]:
    return iter(sorted(((s, r) for r in catalog.relations() for s in r.statistics), key=lambda pair: pair[0].oid))


def _built(catalog: Catalog, object: StatisticsObject) -> ExtendedStatistics | None:
    return catalog.statistics(object.relation).extended.get(object.oid)


def _readable(ctx: Reader) -> Iterator[tuple[StatisticsObject, Relation]]:
    """Those of tables whose owner the reader acts for."""
    role = ctx.catalog.role(ctx.user)
    return ((s, r) for s, r in _objects(ctx.catalog) if owns(ctx.catalog, role, r.owner))


@view("pg_catalog.pg_statistic_ext", per_catalog=True)
def pg_statistic_ext(ctx: Reader) -> Rows:
    """Statistics objects."""
    catalog: Catalog = ctx.catalog
    return [{
        "oid": s.oid, "stxrelid": r.oid, "stxname": s.name, "stxnamespace": schema_oid(catalog, s.schema), "stxowner": s.owner,
        "stxstattarget": s.target, "stxkeys": vector(s.columns), "stxkind": array(tuple(s.kinds)),
        "stxexprs": ", ".join(expression_text(x, catalog) for x in s.expressions) if s.expressions else None,
    } for s, r in _objects(catalog)]  # fmt: skip


@view("pg_catalog.pg_statistic_ext_data")
def pg_statistic_ext_data(ctx: Reader) -> Rows:
    """What ANALYZE found. A pg_mcv_list is written in a form of our own, which pg_mcv_list_items reads; stxdexpr is shown by pg_stats_ext_exprs only."""
    rows: Rows = []
    for s, r in _objects(ctx.catalog):
        built = _built(ctx.catalog, s)
        if built is not None:
            common = None if built.common is None else combinations_text([_texts(item, s, r, ctx.style) for item in built.common])
            rows.append({
                "stxoid": s.oid, "stxdinherit": False, "stxdndistinct": distinct_text(built.distinct),
                "stxddependencies": dependencies_text(built.dependencies), "stxdmcv": common,
            })  # fmt: skip
    return rows


def distinct_text(found: tuple[DistinctCount, ...] | None) -> str | None:
    """As pg_ndistinct prints."""
    if found is None:
        return None
    return "{" + ", ".join(f'"{", ".join(map(str, item.attributes))}": {int(item.count)}' for item in found) + "}"


def dependencies_text(found: tuple[Dependency, ...] | None) -> str | None:
    """As pg_dependencies prints."""
    if found is None:
        return None
    return "{" + ", ".join(f'"{", ".join(map(str, item.of))} => {item.implies}": {item.degree:.6f}' for item in found) + "}"


def _types(object: StatisticsObject, relation: Relation) -> list[PgType]:
    types = {c.number: c.type for c in relation.columns}
    return [types[n] for n in object.columns] + [x.type for x in object.expressions]


def _texts(item: CommonCombination, object: StatisticsObject, relation: Relation, style: TextStyle) -> tuple[tuple[str | None, ...], float, float]:
    values = zip(item.values, _types(object, relation), strict=True)
    return tuple(None if value is None else datum_out(type, value, style) for value, type in values), item.frequency, item.base_frequency


@view("pg_catalog.pg_stats_ext")
def pg_stats_ext(ctx: Reader) -> Rows:
    """A row for each statistics object that ANALYZE has built, and the reader may read."""
    rows: Rows = []
    for s, r in _readable(ctx):
        built = _built(ctx.catalog, s)
        if built is None:
            continue
        names = {c.number: c.name for c in r.columns}
        items = [_texts(item, s, r, ctx.style) for item in built.common or ()]
        values = [value for item in items for value in item[0]]
        shape = ((len(items), len(values) // len(items)), (1, 1)) if items else ((), ())
        rows.append({
            "schemaname": r.schema, "tablename": r.name, "statistics_schemaname": s.schema, "statistics_name": s.name,
            "statistics_owner": role_name(ctx.catalog, s.owner), "attnames": array(tuple(names[n] for n in s.columns) or None),
            "exprs": array(tuple(expression_text(x, ctx.catalog) for x in s.expressions) or None), "kinds": array(tuple(s.kinds)),
            "inherited": False, "n_distinct": distinct_text(built.distinct), "dependencies": dependencies_text(built.dependencies),
            "most_common_vals": PgArray(tuple(values), *shape) if items else None,
            "most_common_val_nulls": PgArray(tuple(value is None for value in values), *shape) if items else None,
            "most_common_freqs": array([item[1] for item in items] or None), "most_common_base_freqs": array([item[2] for item in items] or None),
        })  # fmt: skip
    return rows


@view("pg_catalog.pg_stats_ext_exprs")
def pg_stats_ext_exprs(ctx: Reader) -> Rows:
    """A row for each expression of the statistics objects that the reader may read."""
    rows: Rows = []
    for s, r in _readable(ctx):
        built = _built(ctx.catalog, s)
        found = (None,) * len(s.expressions) if built is None or built.expressions is None else built.expressions
        for expr, statistics in zip(s.expressions, found, strict=True):
            shown = {} if statistics is None else {"inherited": False, **figures(statistics, expr.type, ctx.style)}
            rows.append({
                "schemaname": r.schema, "tablename": r.name, "statistics_schemaname": s.schema, "statistics_name": s.name,
                "statistics_owner": role_name(ctx.catalog, s.owner), "expr": expression_text(expr, ctx.catalog), **shown,
            })  # fmt: skip
    return rows
