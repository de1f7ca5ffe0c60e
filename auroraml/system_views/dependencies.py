"""pg_depend, pg_description, pg_default_acl: what hangs on what, and what was said about it."""

from __future__ import annotations

from collections.abc import Iterator

from auroraml.catalog.builtins import builtin_function, builtin_oids
from auroraml.catalog.catalog import Catalog
from auroraml.catalog.changes import Row as ChangedRow
from auroraml.catalog.depends import classes, direct_dependents
from auroraml.catalog.system_data import COMMENTS, SHARED_COMMENTS
from auroraml.ir.expr import ColumnRef
from auroraml.ir.objects import Relation
from auroraml.ir.tree import walk
from auroraml.system_views.registry import Reader, Rows, view

PG_CLASS, PG_PROC, PG_TYPE, PG_NAMESPACE, PG_CONSTRAINT, PG_EXTENSION, PG_STATISTIC_EXT = 1259, 1255, 1247, 2615, 2606, 3079, 3381
SHARED = (1260, 1262, 1213)


def _entry(a: tuple[int, int, int], b: tuple[int, int, int], type: str) -> dict[str, object]:
    return {"classid": a[0], "objid": a[1], "objsubid": a[2], "refclassid": b[0], "refobjid": b[1], "refobjsubid": b[2], "deptype": type}


def _of_relation(r: Relation) -> Iterator[dict[str, object]]:
    if r.sequence is not None and r.sequence.owner is not None:
        owner, column = r.sequence.owner
        yield _entry((PG_CLASS, r.oid, 0), (PG_CLASS, owner, column), "i" if r.sequence.internal else "a")
    if r.row_type:
        yield _entry((PG_TYPE, r.row_type, 0), (PG_CLASS, r.oid, 0), "i")
    for c in r.constraints:
        for number in c.columns or (0,):
            yield _entry((PG_CONSTRAINT, c.oid, 0), (PG_CLASS, r.oid, number), "a")
        if c.index:
            yield _entry((PG_CLASS, c.index, 0), (PG_CONSTRAINT, c.oid, 0), "i")
        for number in c.foreign_columns:
            yield _entry((PG_CONSTRAINT, c.oid, 0), (PG_CLASS, c.foreign, number), "n")
    for s in r.statistics:
        used = {node.id for expr in s.expressions for node in walk(expr) if isinstance(node, ColumnRef)}
        for number in sorted({*s.columns, *used}) or (0,):
            yield _entry((PG_STATISTIC_EXT, s.oid, 0), (PG_CLASS, r.oid, number), "a")
    behind = {c.index for c in r.constraints}
    for i in r.indexes:
        if i.oid not in behind:
            for number in i.columns or (0,):
                yield _entry((PG_CLASS, i.oid, 0), (PG_CLASS, r.oid, number), "a")


@view("pg_catalog.pg_depend", per_catalog=True)
def pg_depend(ctx: Reader) -> Rows:
    """Dependencies between objects that users made; built-in ones are pinned and have none."""
    catalog: Catalog = ctx.catalog
    rows: Rows = []
    for r in catalog.relations():
        rows.append(_entry((PG_CLASS, r.oid, 0), (PG_NAMESPACE, _schema(catalog, r.schema), 0), "n"))
        rows += _of_relation(r)
        rows += [_entry((PG_STATISTIC_EXT, s.oid, 0), (PG_NAMESPACE, _schema(catalog, s.schema), 0), "n") for s in r.statistics]
        for other in direct_dependents(r, catalog):
            rows.append(_entry((classes(other), other.oid, 0), (PG_CLASS, r.oid, 0), "n"))
    for f in catalog.functions():
        rows.append(_entry((PG_PROC, f.oid, 0), (PG_NAMESPACE, _schema(catalog, f.schema), 0), "n"))
    for x in catalog.extensions():
        everything: list[ChangedRow] = [*catalog.relations(), *catalog.functions(), *catalog.schemas(), *catalog.types()]
        kinds = {row.oid: classes(row) for row in everything}
        rows += [_entry((kinds[oid], oid, 0), (PG_EXTENSION, x.oid, 0), "e") for oid in x.members if oid in kinds]
    return rows


def _schema(catalog: Catalog, name: str) -> int:
    found = catalog.find_schema(name)
    return 0 if found is None else found.oid


@view("pg_catalog.pg_description", per_catalog=True)
def pg_description(ctx: Reader) -> Rows:
    """Comments: PostgreSQL's own on built-in objects, then COMMENT ON's."""
    catalog: Catalog = ctx.catalog
    rows: Rows = [{"objoid": oid, "classoid": cls, "objsubid": 0, "description": text} for oid, cls, text in COMMENTS]
    for oid in builtin_oids():
        function = builtin_function(oid)
        if function is not None and function.description:
            rows.append({"objoid": oid, "classoid": PG_PROC, "objsubid": 0, "description": function.description})
    rows += [{"objoid": f.oid, "classoid": PG_PROC, "objsubid": 0, "description": f.description} for f in catalog.functions()
             if f.description and (PG_PROC, f.oid, 0) not in catalog.comments]  # fmt: skip
    rows += [{"objoid": oid, "classoid": cls, "objsubid": column, "description": text} for (cls, oid, column), text in catalog.comments.items()
             if cls not in SHARED]  # fmt: skip
    return rows


@view("pg_catalog.pg_shdescription", per_catalog=True)
def pg_shdescription(ctx: Reader) -> Rows:
    """Comments on databases and roles."""

    rows: Rows = [{"objoid": oid, "classoid": 1262, "description": text} for oid, text in SHARED_COMMENTS.items()]
    rows += [{"objoid": oid, "classoid": cls, "description": text} for (cls, oid, _), text in ctx.catalog.comments.items() if cls in SHARED]
    return rows
