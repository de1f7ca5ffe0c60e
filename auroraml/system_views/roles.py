"""pg_roles, pg_authid, pg_user, pg_group, pg_auth_members, pg_database, pg_tablespace: what belongs to the whole cluster."""

from __future__ import annotations

from auroraml.catalog.catalog import Catalog
from auroraml.errors import InsufficientPrivilege
from auroraml.ir.objects import Role
from auroraml.system_views.registry import Reader, Row, Rows, acl_array, array, view

UTF8 = 6


def _role(r: Role) -> Row:
    return {
        "oid": r.oid, "rolname": r.name, "rolsuper": r.superuser, "rolinherit": r.inherit, "rolcreaterole": r.create_role,
        "rolcreatedb": r.create_db, "rolcanlogin": r.can_login, "rolreplication": r.replication, "rolbypassrls": r.bypass_rls or r.superuser,
        "rolconnlimit": r.connection_limit, "rolvaliduntil": r.valid_until,
    }  # fmt: skip


@view("pg_catalog.pg_roles", per_catalog=True)
def pg_roles(ctx: Reader) -> Rows:
    """Roles."""
    return [{**_role(r), "rolpassword": "********"} for r in ctx.catalog.roles()]


def _superuser_only(ctx: Reader, relation: str) -> Catalog:
    catalog: Catalog = ctx.catalog
    if not catalog.role(ctx.user).superuser:
        raise InsufficientPrivilege(f"permission denied for table {relation}")
    return catalog


@view("pg_catalog.pg_authid")
def pg_authid(ctx: Reader) -> Rows:
    """Roles with their passwords, for superusers."""
    return [{**_role(r), "rolpassword": r.password} for r in _superuser_only(ctx, "pg_authid").roles()]


def _user(r: Role) -> Row:
    return {"usename": r.name, "usesysid": r.oid, "usecreatedb": r.create_db, "usesuper": r.superuser, "userepl": r.replication,
            "usebypassrls": r.bypass_rls or r.superuser, "valuntil": r.valid_until}  # fmt: skip


@view("pg_catalog.pg_user", per_catalog=True)
def pg_user(ctx: Reader) -> Rows:
    """Roles that may log in."""
    return [{**_user(r), "passwd": "********"} for r in ctx.catalog.roles() if r.can_login]


@view("pg_catalog.pg_shadow")
def pg_shadow(ctx: Reader) -> Rows:
    """Roles that may log in, with their passwords, for superusers."""
    return [{**_user(r), "passwd": r.password} for r in _superuser_only(ctx, "pg_shadow").roles() if r.can_login]


@view("pg_catalog.pg_group", per_catalog=True)
def pg_group(ctx: Reader) -> Rows:
    """Roles that may not log in, with their members."""
    roles = ctx.catalog.roles()
    return [
        {"groname": r.name, "grosysid": r.oid, "grolist": array([m.oid for m in roles if r.oid in m.member_of])} for r in roles if not r.can_login
    ]


@view("pg_catalog.pg_auth_members", per_catalog=True)
def pg_auth_members(ctx: Reader) -> Rows:
    """Memberships."""
    return [{"roleid": oid, "member": r.oid, "grantor": 10, "admin_option": oid in r.admin_of} for r in ctx.catalog.roles() for oid in r.member_of]


@view("pg_catalog.pg_database", per_catalog=True)
def pg_database(ctx: Reader) -> Rows:
    """Databases."""
    catalog: Catalog = ctx.catalog
    return [
        {"oid": d.oid, "datname": d.name, "datdba": d.owner, "encoding": UTF8, "datlocprovider": "c", "datistemplate": d.template,
         "datallowconn": d.connectable, "datconnlimit": d.connection_limit, "datfrozenxid": 716, "datminmxid": 1, "dattablespace": 1663,
         "datcollate": "C", "datctype": "C", "datacl": acl_array(catalog, d.acl)}
        for d in catalog.databases()
    ]  # fmt: skip


@view("pg_catalog.pg_tablespace", per_catalog=True)
def pg_tablespace(ctx: Reader) -> Rows:
    """Tablespaces: the two that every cluster has."""
    return [{"oid": oid, "spcname": name, "spcowner": 10} for oid, name in ((1663, "pg_default"), (1664, "pg_global"))]
