"""Privileges: aclitems, what owners and PUBLIC have by default, and who has what."""

from __future__ import annotations

import re

from auroraml.catalog.catalog import Catalog
from auroraml.ir.objects import AclItem, Column, Database, Function, Relation, Role, Schema
from auroraml.types.pg_type import PgType

Grantable = Relation | Schema | Function | Database | PgType
ALL = {"relation": "arwdDxt", "schema": "UC", "function": "X", "database": "CTc", "sequence": "rwU", "type": "U", "column": "arwx", "language": "U"}
WORDS = {"insert": "a", "select": "r", "update": "w", "delete": "d", "truncate": "D", "references": "x", "trigger": "t", "execute": "X", "usage": "U",
         "create": "C", "temporary": "T", "temp": "T", "connect": "c"}  # fmt: skip
ORDER = "arwdDxtXUCTc"  # in which PostgreSQL prints the letters
_PLAIN = re.compile(r"\w+\Z")
_PRIVATE = frozenset((  # system relations that PUBLIC may not read
    "pg_authid", "pg_shadow", "pg_statistic", "pg_largeobject", "pg_user_mapping", "pg_subscription", "pg_replication_origin", "pg_hba_file_rules",
    "pg_ident_file_mappings", "pg_file_settings", "pg_config", "pg_shmem_allocations", "pg_backend_memory_contexts", "pg_statistic_ext_data",
    "pg_replication_origin_status",
))  # fmt: skip


def kind_of(row: Grantable) -> str:
    """Which set of privileges the object has: a key of ALL."""
    if isinstance(row, Relation):
        return "sequence" if row.kind == "S" else "relation"
    return {Function: "function", Schema: "schema", Database: "database", PgType: "type"}[type(row)]


def default_acl(row: Grantable) -> tuple[AclItem, ...]:
    """What holds while no GRANT or REVOKE was run: the owner has all, PUBLIC what chapter 5.7 lists."""
    kind = kind_of(row)
    public = {"function": "X", "database": "Tc", "type": "U"}.get(kind)
    if public is None and isinstance(row, Relation) and row.system is not None and row.name not in _PRIVATE:
        public = "r"
    own = (row.owner, ALL[kind], row.owner)
    return (own,) if public is None else ((0, public, row.owner), own)


def acl_of(row: Grantable) -> tuple[AclItem, ...]:
    """The privileges in force."""
    acl = row_acl(row)
    return default_acl(row) if acl is None else acl


def row_acl(row: Grantable) -> tuple[AclItem, ...] | None:
    """The acl kept, None while the defaults hold (types keep none here)."""
    return None if isinstance(row, PgType) else row.acl


def has_privilege(catalog: Catalog, role: Role, row: Grantable, letter: str, option: bool = False) -> bool:
    """Whether `role`, through itself, its memberships or PUBLIC, has a privilege on `row` (with grant option); superusers and owners do."""
    if role.superuser:
        return True
    members = catalog.inherited(role)
    if option and row.owner in members:
        return True
    if isinstance(row, Relation) and row.kind in "rvmS" and row.system is None and not option and _everywhere(members, row, letter):
        return True
    if isinstance(row, Schema) and letter == "U" and not option and members & {6181, 6182}:
        return True
    return holds(acl_of(row), members, letter, option)


def _everywhere(members: frozenset[int], row: Relation, letter: str) -> bool:
    """pg_read_all_data and pg_write_all_data."""
    return (6181 in members and letter == "r") or (6182 in members and letter in "awd")


def holds(acl: tuple[AclItem, ...], members: frozenset[int], letter: str, option: bool = False) -> bool:
    """Whether an acl gives one of `members`, or PUBLIC, a privilege."""
    wanted = letter + "*" if option else letter
    return any((grantee == 0 or grantee in members) and wanted in letters for grantee, letters, _ in acl)


def has_column_privilege(catalog: Catalog, role: Role, row: Relation, column: Column, letter: str, option: bool = False) -> bool:
    """Whether `role` has a privilege on a column: its own, or its table's."""
    if has_privilege(catalog, role, row, letter, option):
        return True
    return column.acl is not None and holds(column.acl, catalog.inherited(role), letter, option)


def owns(catalog: Catalog, role: Role, owner: int) -> bool:
    """Whether `role` acts for the owner."""
    return role.superuser or owner in catalog.inherited(role)


def _split(letters: str) -> dict[str, bool]:
    """Each privilege letter with its grant option."""
    return {letter: letters[place + 1 : place + 2] == "*" for place, letter in enumerate(letters) if letter != "*"}


def _joined(privileges: dict[str, bool]) -> str:
    return "".join(letter + "*" * privileges[letter] for letter in ORDER if letter in privileges)


def granted(acl: tuple[AclItem, ...], grantee: int, letters: str, grantor: int, option: bool) -> tuple[AclItem, ...]:
    """`acl` with privileges added."""
    if not letters:
        return acl
    out, found = [], False
    for who, has, by in acl:
        if who == grantee and by == grantor:
            merged = _split(has)
            for letter in letters:
                merged[letter] = merged.get(letter, False) or option
            out.append((who, _joined(merged), by))
            found = True
        else:
            out.append((who, has, by))
    return tuple(out) if found else (*out, (grantee, _joined(dict.fromkeys(letters, option)), grantor))


def revoked(acl: tuple[AclItem, ...], grantee: int, letters: str, option_only: bool = False, grantor: int | None = None) -> tuple[AclItem, ...]:
    """`acl` with privileges, or only their grant options, taken away (those a grantor gave, or all)."""
    out = []
    for who, has, by in acl:
        left = _split(has)
        if who == grantee and grantor in (None, by):
            for letter in letters:
                if letter in left:
                    if option_only:
                        left[letter] = False
                    else:
                        del left[letter]
        if left:
            out.append((who, _joined(left), by))
    return tuple(out)


def acl_text(catalog: Catalog, acl: tuple[AclItem, ...]) -> list[str]:
    """The aclitems as PostgreSQL prints them: grantee=privileges/grantor."""

    def name(oid: int) -> str:
        if oid == 0:
            return ""
        role = catalog.role_by_oid(oid)
        if role is None:
            return str(oid)
        return role.name if _PLAIN.match(role.name) else '"' + role.name.replace('"', '""') + '"'

    return [f"{name(grantee)}={letters}/{name(grantor)}" for grantee, letters, grantor in acl]
