"""Privileges: aclitems, what owners and PUBLIC have by default, and who has what."""

from __future__ import annotations

from auroraml.catalog.catalog import Catalog
from auroraml.ir.objects import AclItem, Function, Relation, Role, Schema
from auroraml.types.typmod import quote_identifier

ALL = {"relation": "arwdDxt", "schema": "UC", "function": "X", "database": "CTc", "sequence": "rwU"}
WORDS = {"insert": "a", "select": "r", "update": "w", "delete": "d", "truncate": "D", "references": "x", "trigger": "t", "execute": "X", "usage": "U",
         "create": "C", "temporary": "T", "temp": "T", "connect": "c"}  # fmt: skip


def default_acl(row: Relation | Schema | Function) -> tuple[AclItem, ...]:
    """What holds while no GRANT or REVOKE was run: the owner has all, PUBLIC may execute functions (chapter 5.7)."""
    if isinstance(row, Function):
        return ((row.owner, "X", row.owner), (0, "X", row.owner))
    letters = ALL["schema"] if isinstance(row, Schema) else ALL["relation"]
    return ((row.owner, letters, row.owner),)


def acl_of(row: Relation | Schema | Function) -> tuple[AclItem, ...]:
    """The privileges in force."""
    return default_acl(row) if row.acl is None else row.acl


def has_privilege(catalog: Catalog, role: Role, row: Relation | Schema | Function, letter: str) -> bool:
    """Whether `role`, through itself, its memberships or PUBLIC, has a privilege on `row`; superusers and owners do."""
    if role.superuser:
        return True
    members = catalog.memberships(role)
    if isinstance(row, Relation) and row.schema in ("pg_catalog", "information_schema") and letter == "r":
        return True
    if isinstance(row, Function) and row.schema == "pg_catalog":
        return True
    return any((grantee == 0 or grantee in members) and letter in letters for grantee, letters, _ in acl_of(row))


def owns(catalog: Catalog, role: Role, owner: int) -> bool:
    """Whether `role` acts for the owner."""
    return role.superuser or owner in catalog.memberships(role)


def granted(acl: tuple[AclItem, ...], grantee: int, letters: str, grantor: int, option: bool) -> tuple[AclItem, ...]:
    """`acl` with privileges added."""
    add = "".join(letter + "*" * option for letter in letters)
    out, found = [], False
    for who, has, by in acl:
        if who == grantee and by == grantor:
            out.append((who, has + "".join(letter for letter in add if letter not in has), by))
            found = True
        else:
            out.append((who, has, by))
    return tuple(out) if found else (*out, (grantee, add, grantor))


def revoked(acl: tuple[AclItem, ...], grantee: int, letters: str) -> tuple[AclItem, ...]:
    """`acl` with privileges taken away."""
    out = []
    for who, has, by in acl:
        left = "".join(letter for letter in has if letter not in letters) if who == grantee else has
        if left.strip("*"):
            out.append((who, left, by))
    return tuple(out)


def acl_text(catalog: Catalog, acl: tuple[AclItem, ...]) -> list[str]:
    """The aclitems as PostgreSQL prints them: grantee=privileges/grantor."""

    def name(oid: int) -> str:
        role = catalog.role_by_oid(oid)
        return "" if oid == 0 else quote_identifier(role.name) if role is not None else str(oid)

    return [f"{name(grantee)}={letters}/{name(grantor)}" for grantee, letters, grantor in acl]
