"""pg_tables, pg_views, pg_matviews, pg_indexes and pg_sequences: the lists that people read."""

from __future__ import annotations

from auroraml.catalog.catalog import Catalog
from auroraml.catalog.printing import index_text
from auroraml.catalog.view_text import view_text
from auroraml.system_views.registry import Reader, Rows, role_name, view


@view("pg_catalog.pg_tables", per_catalog=True)
def pg_tables(ctx: Reader) -> Rows:
    """Tables."""
    catalog: Catalog = ctx.catalog
    return [
        {"schemaname": r.schema, "tablename": r.name, "tableowner": role_name(catalog, r.owner), "hasindexes": bool(r.indexes), "hasrules": False,
         "hastriggers": False, "rowsecurity": False}
        for r in catalog.all_relations() if r.kind == "r"
    ]  # fmt: skip


@view("pg_catalog.pg_views", per_catalog=True)
def pg_views(ctx: Reader) -> Rows:
    """Views; the system's own have no definition in SQL here."""
    catalog: Catalog = ctx.catalog
    return [
        {"schemaname": r.schema, "viewname": r.name, "viewowner": role_name(catalog, r.owner),
         "definition": None if r.view is None else view_text(r, catalog)}
        for r in catalog.all_relations() if r.kind == "v"
    ]  # fmt: skip


@view("pg_catalog.pg_matviews", per_catalog=True)
def pg_matviews(ctx: Reader) -> Rows:
    """Materialized views."""
    catalog: Catalog = ctx.catalog
    return [
        {"schemaname": r.schema, "matviewname": r.name, "matviewowner": role_name(catalog, r.owner), "hasindexes": bool(r.indexes),
         "ispopulated": r.populated, "definition": None if r.view is None else view_text(r, catalog)}
        for r in catalog.relations() if r.kind == "m"
    ]  # fmt: skip


@view("pg_catalog.pg_indexes", per_catalog=True)
def pg_indexes(ctx: Reader) -> Rows:
    """Indexes."""
    catalog: Catalog = ctx.catalog
    return [
        {"schemaname": r.schema, "tablename": r.name, "indexname": i.name, "indexdef": index_text(i, r, catalog)}
        for r in catalog.all_relations() for i in r.indexes
    ]  # fmt: skip


@view("pg_catalog.pg_sequences")
def pg_sequences(ctx: Reader) -> Rows:
    """Sequences, with the last value given out."""
    catalog: Catalog = ctx.catalog
    rows: Rows = []
    for r in catalog.relations():
        if (s := r.sequence) is not None:
            last, called = ctx.store.sequences.state(r.oid, s.start)
            rows.append({"schemaname": r.schema, "sequencename": r.name, "sequenceowner": role_name(catalog, r.owner), "data_type": s.type.oid,
                         "start_value": s.start, "min_value": s.minimum, "max_value": s.maximum, "increment_by": s.increment, "cycle": s.cycle,
                         "cache_size": s.cache, "last_value": last if called else None})  # fmt: skip
    return rows
