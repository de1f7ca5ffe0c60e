"""information_schema's tables, columns, views, constraints, schemata and sequences, as the current role may see them."""

from __future__ import annotations

from collections.abc import Iterator

from auroraml.catalog.acl import acl_of, has_privilege, owns
from auroraml.catalog.catalog import Catalog
from auroraml.catalog.depends import uses
from auroraml.catalog.printing import expression_text
from auroraml.catalog.view_text import view_text
from auroraml.ir.objects import Column, Constraint, Relation, Role
from auroraml.sql.statements import ACTIONS
from auroraml.system_views.information_types import described
from auroraml.system_views.registry import Reader, Row, Rows, role_name, view

ANY_TABLE = "arwdDxt"
YES_NO = ("NO", "YES")


def reader(ctx: Reader) -> Role:
    """The role that reads."""
    role: Role = ctx.catalog.role(ctx.user)
    return role


def visible(ctx: Reader, kinds: str, letters: str = ANY_TABLE, system: bool = True) -> Iterator[Relation]:
    """The relations on which the reader has some privilege, or owns."""
    catalog: Catalog = ctx.catalog
    role = reader(ctx)
    for r in catalog.all_relations() if system else catalog.relations():
        if r.kind in kinds and (owns(catalog, role, r.owner) or any(has_privilege(catalog, role, r, letter) for letter in letters)):
            yield r


def owned(ctx: Reader, kinds: str) -> Iterator[Relation]:
    """The relations that the reader owns."""
    role = reader(ctx)
    return (r for r in ctx.catalog.all_relations() if r.kind in kinds and owns(ctx.catalog, role, r.owner))


def _place(ctx: Reader, r: Relation) -> Row:
    return {"table_catalog": ctx.dbname, "table_schema": r.schema, "table_name": r.name}


@view("information_schema.tables")
def tables(ctx: Reader) -> Rows:
    """Tables and views."""
    return [
        {**_place(ctx, r), "table_type": "VIEW" if r.kind == "v" else "LOCAL TEMPORARY" if r.persistence == "t" else "BASE TABLE",
         "is_insertable_into": YES_NO[r.kind == "r"], "is_typed": "NO"}
        for r in visible(ctx, "rv")
    ]  # fmt: skip


def _identity(ctx: Reader, r: Relation, c: Column) -> Row:
    if not c.identity:
        return {"is_identity": "NO", "identity_cycle": "NO"}
    row: Row = {"is_identity": "YES", "identity_generation": "ALWAYS" if c.identity == "a" else "BY DEFAULT"}
    s = next((x.sequence for x in ctx.catalog.relations() if x.sequence is not None and x.sequence.owner == (r.oid, c.number)), None)
    if s is not None:
        row |= {"identity_start": str(s.start), "identity_increment": str(s.increment), "identity_maximum": str(s.maximum),
                "identity_minimum": str(s.minimum), "identity_cycle": YES_NO[s.cycle]}  # fmt: skip
    return row


@view("information_schema.columns")
def columns(ctx: Reader) -> Rows:
    """Columns of tables and views."""
    rows: Rows = []
    for r in visible(ctx, "rv", "arwx"):
        for c in r.columns:
            if not c.dropped:
                rows.append({
                    **_place(ctx, r), "column_name": c.name, "ordinal_position": c.number,
                    "column_default": expression_text(c.default, ctx.catalog) if c.default is not None and not c.identity else None,
                    "is_nullable": YES_NO[not c.not_null], **described(c.type, c.typmod, ctx.catalog, ctx.dbname, c.collation),
                    "dtd_identifier": str(c.number),
                    "is_self_referencing": "NO", **_identity(ctx, r, c), "is_generated": "NEVER" if c.generated is None else "ALWAYS",
                    "generation_expression": None if c.generated is None else expression_text(c.generated, ctx.catalog), "is_updatable": YES_NO[r.kind == "r"],
                })  # fmt: skip
    return rows


@view("information_schema.attributes")
def attributes(ctx: Reader) -> Rows:
    """Fields of composite types."""
    rows: Rows = []
    for r in ctx.catalog.relations():
        if r.kind == "c":
            for c in r.columns:
                kind = {k.replace("udt_", "attribute_udt_"): v for k, v in described(c.type, c.typmod, ctx.catalog, ctx.dbname).items()}
                rows.append({"udt_catalog": ctx.dbname, "udt_schema": r.schema, "udt_name": r.name, "attribute_name": c.name,
                             "ordinal_position": c.number, "is_nullable": "YES", **kind, "dtd_identifier": str(c.number),
                             "is_derived_reference_attribute": "NO"})  # fmt: skip
    return rows


@view("information_schema.user_defined_types")
def user_defined_types(ctx: Reader) -> Rows:
    """Composite types."""
    return [{"user_defined_type_catalog": ctx.dbname, "user_defined_type_schema": r.schema, "user_defined_type_name": r.name,
             "user_defined_type_category": "STRUCTURED", "is_instantiable": "YES"} for r in ctx.catalog.relations() if r.kind == "c"]  # fmt: skip


@view("information_schema.views")
def views(ctx: Reader) -> Rows:
    """Views; their text is for owners only."""
    role = reader(ctx)
    return [
        {**_place(ctx, r), "view_definition": view_text(r, ctx.catalog) if r.view is not None and owns(ctx.catalog, role, r.owner) else None,
         "check_option": "NONE", "is_updatable": "NO", "is_insertable_into": "NO", "is_trigger_updatable": "NO", "is_trigger_deletable": "NO",
         "is_trigger_insertable_into": "NO"}
        for r in visible(ctx, "v")
    ]  # fmt: skip


@view("information_schema.schemata")
def schemata(ctx: Reader) -> Rows:
    """Schemas that the reader owns or may use."""
    catalog: Catalog = ctx.catalog
    role = reader(ctx)
    return [
        {"catalog_name": ctx.dbname, "schema_name": s.name, "schema_owner": role_name(catalog, s.owner)}
        for s in catalog.schemas()
        if owns(catalog, role, s.owner) or any(has_privilege(catalog, role, s, letter) for letter in "UC")
    ]


@view("information_schema.information_schema_catalog_name")
def catalog_name(ctx: Reader) -> Rows:
    """The database."""
    return [{"catalog_name": ctx.dbname}]


@view("information_schema.sequences")
def sequences(ctx: Reader) -> Rows:
    """Sequences, those of identity columns left out."""
    rows: Rows = []
    widths = {"int2": 16, "int4": 32, "int8": 64}
    for r in visible(ctx, "S", "rwU"):
        if (s := r.sequence) is not None and not s.internal:
            rows.append({
                "sequence_catalog": ctx.dbname, "sequence_schema": r.schema, "sequence_name": r.name,
                "data_type": {"int2": "smallint", "int4": "integer", "int8": "bigint"}[s.type.name], "numeric_precision": widths[s.type.name],
                "numeric_precision_radix": 2, "numeric_scale": 0, "start_value": str(s.start), "minimum_value": str(s.minimum),
                "maximum_value": str(s.maximum), "increment": str(s.increment), "cycle_option": YES_NO[s.cycle],
            })  # fmt: skip
    return rows


# Constraints


_KINDS = {"p": "PRIMARY KEY", "u": "UNIQUE", "c": "CHECK", "f": "FOREIGN KEY"}


def _constraint(ctx: Reader, r: Relation, name: str) -> Row:
    return {"constraint_catalog": ctx.dbname, "constraint_schema": r.schema, "constraint_name": name}


def _not_null(r: Relation, c: Column) -> str:
    return f"{_schema_number(r)}_{r.oid}_{c.number}_not_null"


def _schema_number(r: Relation) -> int:
    return 2200 if r.schema == "public" else 11


@view("information_schema.table_constraints")
def table_constraints(ctx: Reader) -> Rows:
    """Constraints, NOT NULL among them under names made up from OIDs."""
    rows: Rows = []
    said = {"is_deferrable": "NO", "initially_deferred": "NO", "enforced": "YES"}
    for r in visible(ctx, "r", "awdDxt", system=False):
        for k in r.constraints:
            rows.append({**_constraint(ctx, r, k.name), **_place(ctx, r), "constraint_type": _KINDS[k.kind], **said,
                         "is_deferrable": YES_NO[k.deferrable], "initially_deferred": YES_NO[k.deferred],
                         "nulls_distinct": "YES" if k.kind == "u" else None})  # fmt: skip
        rows += [{**_constraint(ctx, r, _not_null(r, c)), **_place(ctx, r), "constraint_type": "CHECK", **said}
                 for c in r.columns if c.not_null and not c.dropped]  # fmt: skip
    return rows


def _key(r: Relation, oid: int) -> Constraint | None:
    return next((k for k in r.constraints if k.index == oid), None)


@view("information_schema.key_column_usage")
def key_column_usage(ctx: Reader) -> Rows:
    """Columns of keys and foreign keys."""
    rows: Rows = []
    for r in visible(ctx, "r", "arwx", system=False):
        names = {c.number: c.name for c in r.columns}
        for k in r.constraints:
            if k.kind not in "puf":
                continue
            place = _referenced_order(ctx, k) if k.kind == "f" else ()
            for position, number in enumerate(k.columns):
                rows.append({**_constraint(ctx, r, k.name), **_place(ctx, r), "column_name": names[number], "ordinal_position": position + 1,
                             "position_in_unique_constraint": place[position] if place else None})  # fmt: skip
    return rows


def _unique_key(ctx: Reader, k: Constraint) -> tuple[Relation, Constraint] | None:
    target: Relation = ctx.catalog.relation(k.foreign)
    found = next((other for other in target.constraints if other.kind in "pu" and sorted(other.columns) == sorted(k.foreign_columns)), None)
    return None if found is None else (target, found)


def _referenced_order(ctx: Reader, k: Constraint) -> tuple[int, ...]:
    found = _unique_key(ctx, k)
    return () if found is None else tuple(found[1].columns.index(n) + 1 for n in k.foreign_columns)


@view("information_schema.referential_constraints")
def referential_constraints(ctx: Reader) -> Rows:
    """Foreign keys."""
    rows: Rows = []
    for r in visible(ctx, "r", "awdDxt", system=False):
        for k in r.constraints:
            if k.kind == "f":
                found = _unique_key(ctx, k)
                unique = {} if found is None else {f"unique_{key}": value for key, value in _constraint(ctx, found[0], found[1].name).items()}
                rows.append({**_constraint(ctx, r, k.name), **unique, "match_option": "NONE", "update_rule": ACTIONS[k.on_update],
                             "delete_rule": ACTIONS[k.on_delete]})  # fmt: skip
    return rows


@view("information_schema.check_constraints")
def check_constraints(ctx: Reader) -> Rows:
    """CHECK and NOT NULL constraints of the reader's tables."""
    rows: Rows = []
    for r in owned(ctx, "r"):
        if r.system is not None:
            continue
        rows += [{**_constraint(ctx, r, k.name), "check_clause": f"({expression_text(k.check, ctx.catalog)})"}
                 for k in r.constraints if k.check is not None]  # fmt: skip
        rows += [{**_constraint(ctx, r, _not_null(r, c)), "check_clause": f"{c.name} IS NOT NULL"} for c in r.columns if c.not_null and not c.dropped]
    return rows


@view("information_schema.constraint_column_usage")
def constraint_column_usage(ctx: Reader) -> Rows:
    """Columns that constraints refer to."""
    rows: Rows = []
    for r in ctx.catalog.relations():
        for k in r.constraints:
            target = ctx.catalog.relation(k.foreign) if k.kind == "f" else r
            if owns(ctx.catalog, reader(ctx), target.owner):
                names = {c.number: c.name for c in target.columns}
                numbers = k.foreign_columns if k.kind == "f" else k.columns
                rows += [{**_place(ctx, target), "column_name": names[n], **_constraint(ctx, r, k.name)} for n in numbers]
    return rows


@view("information_schema.constraint_table_usage")
def constraint_table_usage(ctx: Reader) -> Rows:
    """Tables that keys and foreign keys refer to."""
    rows: Rows = []
    for r in ctx.catalog.relations():
        for k in r.constraints:
            target = ctx.catalog.relation(k.foreign) if k.kind == "f" else r
            if k.kind in "puf" and owns(ctx.catalog, reader(ctx), target.owner):
                rows.append({**_place(ctx, target), **_constraint(ctx, r, k.name)})
    return rows


@view("information_schema.view_table_usage")
def view_table_usage(ctx: Reader) -> Rows:
    """Tables that the reader owns and views read."""
    rows: Rows = []
    for v in ctx.catalog.relations():
        if v.kind == "v" and v.view is not None:
            for oid in sorted(uses(v.view).columns):
                target = ctx.catalog.find_relation_oid(oid)
                if target is not None and target.kind in "rv" and owns(ctx.catalog, reader(ctx), target.owner):
                    rows.append({"view_catalog": ctx.dbname, "view_schema": v.schema, "view_name": v.name, **_place(ctx, target)})
    return rows


@view("information_schema.view_column_usage")
def view_column_usage(ctx: Reader) -> Rows:
    """Columns that the reader owns and views read."""
    rows: Rows = []
    for v in ctx.catalog.relations():
        if v.kind == "v" and v.view is not None:
            for oid, numbers in sorted(uses(v.view).columns.items()):
                target = ctx.catalog.find_relation_oid(oid)
                if target is not None and target.kind in "rv" and owns(ctx.catalog, reader(ctx), target.owner):
                    names = {c.number: c.name for c in target.columns}
                    rows += [{"view_catalog": ctx.dbname, "view_schema": v.schema, "view_name": v.name, **_place(ctx, target), "column_name": names[n]}
                             for n in sorted(numbers)]  # fmt: skip
    return rows


# Privileges


_TABLE_WORDS = {"a": "INSERT", "r": "SELECT", "w": "UPDATE", "d": "DELETE", "D": "TRUNCATE", "x": "REFERENCES", "t": "TRIGGER"}


def items(acl: tuple[tuple[int, str, int], ...]) -> Iterator[tuple[int, int, str, bool]]:
    """An acl as (grantor, grantee, letter, grantable)."""
    for grantee, letters, grantor in acl:
        for place, letter in enumerate(letters):
            if letter != "*":
                yield grantor, grantee, letter, letters[place + 1 : place + 2] == "*"


def concerns(ctx: Reader, grantor: int, grantee: int) -> bool:
    """Whether the reader acts for the grantor or the grantee, or everybody does."""
    members = ctx.catalog.inherited(reader(ctx))
    return grantee == 0 or reader(ctx).superuser or grantor in members or grantee in members


def named(ctx: Reader, oid: int) -> str:
    """A grantee's name."""
    return "PUBLIC" if oid == 0 else role_name(ctx.catalog, oid)


@view("information_schema.table_privileges", "information_schema.role_table_grants")
def table_privileges(ctx: Reader) -> Rows:
    """Privileges on tables and views."""
    rows: Rows = []
    for r in ctx.catalog.relations():
        if r.kind not in "rv":
            continue
        for grantor, grantee, letter, option in items(acl_of(r)):
            if concerns(ctx, grantor, grantee):
                rows.append({"grantor": named(ctx, grantor), "grantee": named(ctx, grantee), **_place(ctx, r), "privilege_type": _TABLE_WORDS[letter],
                             "is_grantable": YES_NO[option or grantee == r.owner], "with_hierarchy": YES_NO[letter == "r"]})  # fmt: skip
    return rows


@view("information_schema.column_privileges", "information_schema.role_column_grants")
def column_privileges(ctx: Reader) -> Rows:
    """Privileges on columns: their own and their table's."""
    rows: Rows = []
    for r in ctx.catalog.relations():
        if r.kind not in "rv":
            continue
        for c in r.columns:
            if c.dropped:
                continue
            seen: set[tuple[int, int, str]] = set()
            for grantor, grantee, letter, option in items((*(c.acl or ()), *acl_of(r))):
                if letter in "arwx" and concerns(ctx, grantor, grantee) and (grantor, grantee, letter) not in seen:
                    seen.add((grantor, grantee, letter))
                    rows.append({"grantor": named(ctx, grantor), "grantee": named(ctx, grantee), **_place(ctx, r), "column_name": c.name,
                                 "privilege_type": _TABLE_WORDS[letter], "is_grantable": YES_NO[option or grantee == r.owner]})  # fmt: skip
    return rows


@view("information_schema.enabled_roles")
def enabled_roles(ctx: Reader) -> Rows:
    """The roles that the reader acts for."""
    return [{"role_name": r.name} for r in ctx.catalog.roles() if ctx.catalog.acts_as(reader(ctx), r)]


@view("information_schema.applicable_roles", "information_schema.administrable_role_authorizations")
def applicable_roles(ctx: Reader) -> Rows:
    """Memberships that the reader can use."""
    catalog: Catalog = ctx.catalog
    return [
        {"grantee": m.name, "role_name": role_name(catalog, oid), "is_grantable": YES_NO[oid in m.admin_of]}
        for m in catalog.roles() if catalog.acts_as(reader(ctx), m) for oid in m.member_of
    ]  # fmt: skip
