"""The rows of the system relations, from the catalog the statement sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from auroraml.batch import Batch, from_datums
from auroraml.catalog.acl import acl_text
from auroraml.catalog.builtins import builtin_function, builtin_oids
from auroraml.catalog.catalog import Catalog
from auroraml.catalog.system_tables import SYSTEM_TABLES
from auroraml.ir.objects import Function
from auroraml.types.pg_type import PgArray

Rows = list[dict[str, object]]
VIEWS: dict[str, Callable[[Catalog, Any], Rows]] = {}


def view(name: str) -> Callable[[Callable[[Catalog, Any], Rows]], Callable[[Catalog, Any], Rows]]:
    """Register the function that computes a relation's rows as dicts by column (absent: NULL)."""

    def register(function: Callable[[Catalog, Any], Rows]) -> Callable[[Catalog, Any], Rows]:
        VIEWS[name] = function
        return function

    return register


def rows_of(name: str, ctx: Any) -> Batch:
    """All columns of a system relation."""
    relation = next(r for r in SYSTEM_TABLES if r.system == name)
    rows = VIEWS[name](ctx.catalog, ctx) if name in VIEWS else []
    vectors = [from_datums(c.type, [row.get(c.name) for row in rows]) for c in relation.columns]
    return Batch.of(vectors, len(rows))


def array(values: list[object] | tuple[object, ...] | None) -> PgArray | None:
    """A one-dimensional array, or NULL."""
    return None if values is None else PgArray.of(tuple(values))


def _schema_oid(catalog: Catalog, name: str) -> int:
    found = catalog.find_schema(name)
    return 11 if found is None else found.oid


@view("pg_catalog.pg_namespace")
def pg_namespace(catalog: Catalog, ctx: Any) -> Rows:
    """Schemas."""
    return [
        {"oid": s.oid, "nspname": s.name, "nspowner": s.owner, "nspacl": array(None if s.acl is None else list(acl_text(catalog, s.acl)))}
        for s in catalog.schemas()
    ]


@view("pg_catalog.pg_class")
def pg_class(catalog: Catalog, ctx: Any) -> Rows:
    """Relations and indexes."""
    rows: Rows = []
    for r in catalog.relations():
        statistics = catalog.statistics(r.oid)
        options = [f"{k}={v}" for k, v in r.options] if r.options and r.kind != "S" else None
        rows.append({
            "oid": r.oid, "relname": r.name, "relnamespace": _schema_oid(catalog, r.schema), "reltype": r.row_type, "relowner": r.owner, "relam": 2,
            "relpages": statistics.pages, "reltuples": statistics.tuples, "relallvisible": statistics.all_visible, "relhasindex": bool(r.indexes),
            "relisshared": False, "relpersistence": r.persistence, "relkind": r.kind, "relnatts": len(r.columns),
            "relchecks": sum(c.kind == "c" for c in r.constraints), "relhasrules": r.kind == "v", "relhastriggers": False, "relispartition": False,
            "relrowsecurity": False, "relforcerowsecurity": False, "relreplident": "d", "reltablespace": 0, "reltoastrelid": 0, "reloftype": 0,
            "relacl": array(None if r.acl is None else list(acl_text(catalog, r.acl))), "reloptions": array(options),  # type: ignore[arg-type]
        })  # fmt: skip
        rows += [{"oid": i.oid, "relname": i.name, "relnamespace": _schema_oid(catalog, i.schema), "relkind": "i", "relowner": r.owner, "relam": 403,
                  "relnatts": len(i.columns), "relpersistence": "p", "relhasindex": False, "reltype": 0, "relallvisible": 0,
                  "relpages": statistics.indexes[i.oid].pages if i.oid in statistics.indexes else 1,
                  "reltuples": statistics.tuples if i.oid in statistics.indexes else 0.0} for i in r.indexes]  # fmt: skip
    return rows


@view("pg_catalog.pg_attribute")
def pg_attribute(catalog: Catalog, ctx: Any) -> Rows:
    """Columns."""
    return [
        {"attrelid": r.oid, "attname": c.name, "atttypid": c.type.oid, "attlen": c.type.length, "attnum": c.number, "atttypmod": c.typmod,
         "attnotnull": c.not_null, "atthasdef": c.default is not None, "attidentity": "", "attgenerated": "", "attisdropped": c.dropped,
         "attndims": int(c.type.is_array), "attstattarget": -1, "attcollation": 100 if c.type.category == "S" else 0, "attstorage": c.type.storage}
        for r in catalog.relations() for c in r.columns
    ]  # fmt: skip


@view("pg_catalog.pg_type")
def pg_type(catalog: Catalog, ctx: Any) -> Rows:
    """Types."""
    return [
        {"oid": t.oid, "typname": t.name, "typnamespace": _schema_oid(catalog, t.schema), "typowner": t.owner, "typlen": t.length, "typtype": t.kind,
         "typcategory": t.category, "typispreferred": t.preferred, "typisdefined": True, "typdelim": ",", "typrelid": t.relation, "typelem": t.element,
         "typarray": t.array, "typalign": t.align, "typstorage": t.storage, "typnotnull": False, "typbasetype": 0, "typtypmod": -1, "typndims": 0,
         "typcollation": 100 if t.category == "S" else 0, "typbyval": 0 < t.length <= 8}
        for t in catalog.types()
    ]  # fmt: skip


def _all_functions(catalog: Catalog) -> list[Function]:
    built_in = [f for oid in builtin_oids() if (f := builtin_function(oid)) is not None]
    return [*built_in, *catalog.functions()]


@view("pg_catalog.pg_proc")
def pg_proc(catalog: Catalog, ctx: Any) -> Rows:
    """Functions."""
    rows: Rows = []
    for f in _all_functions(catalog):
        modes = [p.mode for p in f.parameters]
        plain = all(m == "i" for m in modes)
        rows.append({
            "oid": f.oid, "proname": f.name, "pronamespace": _schema_oid(catalog, f.schema), "proowner": f.owner,
            "prolang": {"internal": 12, "c": 13, "sql": 14}.get(f.language, 12), "procost": f.cost, "prorows": f.rows, "provariadic": f.variadic,
            "prokind": f.kind, "prosecdef": False, "proleakproof": False, "proisstrict": f.strict, "proretset": f.returns_set,
            "provolatile": f.volatility, "proparallel": f.parallel, "pronargs": len(f.inputs),
            "pronargdefaults": sum(p.default is not None for p in f.inputs), "prorettype": f.result.oid,
            "proargtypes": array([p.type.oid for p in f.inputs]), "proallargtypes": None if plain else array([p.type.oid for p in f.parameters]),
            "proargmodes": None if plain else array(list(modes)),
            "proargnames": array([p.name for p in f.parameters]) if any(p.name for p in f.parameters) else None, "prosrc": f.source,
            "proacl": array(None if f.acl is None else list(acl_text(catalog, f.acl))),
        })  # fmt: skip
    return rows


@view("pg_catalog.pg_roles")
def pg_roles(catalog: Catalog, ctx: Any) -> Rows:
    """Roles."""
    return [{"rolname": r.name, "rolsuper": r.superuser, "rolinherit": r.inherit, "rolcreaterole": r.create_role, "rolcreatedb": r.create_db,
             "rolcanlogin": r.can_login, "rolreplication": False, "rolconnlimit": -1, "rolpassword": "********", "rolbypassrls": r.superuser, "oid": r.oid}
            for r in catalog.roles()]  # fmt: skip


@view("pg_catalog.pg_auth_members")
def pg_auth_members(catalog: Catalog, ctx: Any) -> Rows:
    """Memberships."""
    return [{"roleid": oid, "member": r.oid, "grantor": 10, "admin_option": False} for r in catalog.roles() for oid in r.member_of]


@view("pg_catalog.pg_extension")
def pg_extension(catalog: Catalog, ctx: Any) -> Rows:
    """Installed extensions."""
    return [{"oid": x.oid, "extname": x.name, "extowner": x.owner, "extnamespace": _schema_oid(catalog, x.schema), "extrelocatable": False, "extversion": x.version}
            for x in catalog.extensions()]  # fmt: skip


@view("pg_catalog.pg_settings")
def pg_settings(catalog: Catalog, ctx: Any) -> Rows:
    """Settings."""
    return [{"name": s.name, "setting": ctx.settings.show(s.name), "category": s.category, "short_desc": s.help, "context": s.context.value,
             "vartype": s.kind.value, "pending_restart": False} for s in ctx.settings.all()]  # fmt: skip


@view("pg_catalog.pg_tables")
def pg_tables(catalog: Catalog, ctx: Any) -> Rows:
    """Tables."""
    return [{"schemaname": r.schema, "tablename": r.name, "tableowner": _role(catalog, r.owner), "hasindexes": bool(r.indexes), "hasrules": False,
             "hastriggers": False, "rowsecurity": False} for r in catalog.relations() if r.kind == "r"]  # fmt: skip


def _role(catalog: Catalog, oid: int) -> str | None:
    found = catalog.role_by_oid(oid)
    return None if found is None else found.name


@view("pg_catalog.pg_stat_user_functions")
def pg_stat_user_functions(catalog: Catalog, ctx: Any) -> Rows:
    """Calls counted under track_functions."""
    rows: Rows = []
    for oid, (calls, total, own) in ctx.host.hub.calls.items():
        function = catalog.functions_by_oid.get(oid)
        if function is not None:
            rows.append(
                {
                    "funcid": oid,
                    "schemaname": function.schema,
                    "funcname": function.name,
                    "calls": calls,
                    "total_time": total,
                    "self_time": own,
                }
            )
    return rows


@view("information_schema.tables")
def information_schema_tables(catalog: Catalog, ctx: Any) -> Rows:
    """Tables and views."""
    return [{"table_catalog": ctx.dbname, "table_schema": r.schema, "table_name": r.name, "table_type": "VIEW" if r.kind == "v" else "BASE TABLE"}
            for r in catalog.relations() if r.kind in ("r", "v")]  # fmt: skip
