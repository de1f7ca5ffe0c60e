"""information_schema's routines, parameters and routine privileges."""

from __future__ import annotations

from collections.abc import Iterator

from auroraml.catalog.acl import acl_of, has_privilege, owns
from auroraml.catalog.catalog import Catalog
from auroraml.catalog.printing import expression_text
from auroraml.ir.objects import Function
from auroraml.system_views.information_schema import YES_NO, concerns, items, named, reader
from auroraml.system_views.information_types import data_type
from auroraml.system_views.registry import Reader, Row, Rows, view
from auroraml.system_views.routines import all_functions

_MODES = {"i": "IN", "o": "OUT", "b": "INOUT", "v": "IN", "t": "OUT"}


def _visible(ctx: Reader) -> Iterator[Function]:
    catalog: Catalog = ctx.catalog
    role = reader(ctx)
    return (f for f in all_functions(catalog) if owns(catalog, role, f.owner) or has_privilege(catalog, role, f, "X"))


def _specific(ctx: Reader, f: Function) -> Row:
    return {"specific_catalog": ctx.dbname, "specific_schema": f.schema, "specific_name": f"{f.name}_{f.oid}"}


@view("information_schema.routines")
def routines(ctx: Reader) -> Rows:
    """Functions."""
    catalog: Catalog = ctx.catalog
    role = reader(ctx)
    rows: Rows = []
    for f in _visible(ctx):
        kind = {"f": "FUNCTION", "p": "PROCEDURE"}.get(f.kind)
        result: Row = {}
        if f.kind != "p":
            result = {"data_type": data_type(f.result, catalog), "type_udt_catalog": ctx.dbname, "type_udt_schema": f.result.schema,
                      "type_udt_name": f.result.name, "dtd_identifier": "0"}  # fmt: skip
        rows.append({
            **_specific(ctx, f), "routine_catalog": ctx.dbname, "routine_schema": f.schema, "routine_name": f.name, "routine_type": kind, **result,
            "routine_body": "SQL" if f.language == "sql" else "EXTERNAL", "routine_definition": f.source if owns(catalog, role, f.owner) else None,
            "external_name": f.source if f.language == "c" else None, "external_language": f.language.upper(), "parameter_style": "GENERAL",
            "is_deterministic": YES_NO[f.volatility == "i"], "sql_data_access": "MODIFIES",
            "is_null_call": YES_NO[f.strict] if f.kind != "p" else None, "schema_level_routine": "YES", "max_dynamic_result_sets": 0,
            "security_type": "DEFINER" if f.security_definer else "INVOKER", "as_locator": "NO", "is_udt_dependent": "NO",
        })  # fmt: skip
    return rows


@view("information_schema.parameters")
def parameters(ctx: Reader) -> Rows:
    """Parameters of functions."""
    catalog: Catalog = ctx.catalog
    rows: Rows = []
    for f in _visible(ctx):
        for position, p in enumerate(f.parameters, 1):
            rows.append({
                **_specific(ctx, f), "ordinal_position": position, "parameter_mode": _MODES[p.mode], "is_result": "NO", "as_locator": "NO",
                "parameter_name": p.name or None, "data_type": data_type(p.type, catalog), "udt_catalog": ctx.dbname, "udt_schema": p.type.schema,
                "udt_name": p.type.name, "dtd_identifier": str(position),
                "parameter_default": None if p.default is None else expression_text(p.default, catalog),
            })  # fmt: skip
    return rows


@view("information_schema.routine_privileges", "information_schema.role_routine_grants")
def routine_privileges(ctx: Reader) -> Rows:
    """EXECUTE privileges."""
    rows: Rows = []
    for f in ctx.catalog.functions():
        for grantor, grantee, _, option in items(acl_of(f)):
            if concerns(ctx, grantor, grantee):
                rows.append({"grantor": named(ctx, grantor), "grantee": named(ctx, grantee), **_specific(ctx, f), "routine_catalog": ctx.dbname,
                             "routine_schema": f.schema, "routine_name": f.name, "privilege_type": "EXECUTE",
                             "is_grantable": YES_NO[option or grantee == f.owner]})  # fmt: skip
    return rows
