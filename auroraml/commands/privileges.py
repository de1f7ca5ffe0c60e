"""GRANT and REVOKE of privileges, with PostgreSQL's choice of grantor and its warnings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from auroraml.catalog.acl import ALL, WORDS, Grantable, acl_of, granted, has_privilege, holds, kind_of, owns, revoked
from auroraml.commands.columns import live
from auroraml.commands.context import Bound, Host, command, done
from auroraml.commands.drop import function_named, missing_function
from auroraml.commands.roles import named
from auroraml.errors import (
    DependentObjectsStillExist,
    FeatureNotSupported,
    InsufficientPrivilege,
    InvalidCatalogName,
    InvalidGrantOperation,
    InvalidSchemaName,
    SyntaxError,
    WrongObjectType,
)
from auroraml.ir.objects import AclItem, Column, Relation
from auroraml.pipeline.authorize import denied
from auroraml.pipeline.result import ResultStream
from auroraml.records import dataclass
from auroraml.sql import statements as st
from auroraml.sql.access import Grant, GrantRole

KIND_WORDS = {"relation": "relation", "sequence": "sequence", "function": "function", "schema": "schema", "database": "database", "column": "column"}
SINGULAR = {"all tables": "table", "all functions": "function", "all sequences": "sequence", "all routines": "function"}


def _targets(statement: Grant, host: Host) -> Iterator[Grantable]:
    catalog = host.catalog
    for place, name in enumerate(statement.names):
        if statement.object in SINGULAR:
            if catalog.find_schema(name.name) is None:
                raise InvalidSchemaName(f'schema "{name.name}" does not exist')
            if SINGULAR[statement.object] == "function":
                yield from (f for f in catalog.functions() if f.schema == name.name)
            else:
                kinds = "S" if statement.object == "all sequences" else "rvm"
                yield from (r for r in catalog.relations() if r.schema == name.name and r.kind in kinds)
        elif statement.object == "schema":
            schema = catalog.find_schema(name.name)
            if schema is None:
                raise InvalidSchemaName(f'schema "{name.name}" does not exist')
            yield schema
        elif statement.object == "function":
            function = function_named(name, statement.arguments[place], host)
            if function is None:
                raise missing_function(name, statement.arguments[place], host)
            yield function
        elif statement.object == "database":
            database = catalog.find_database(name.name)
            if database is None:
                raise InvalidCatalogName(f'database "{name.name}" does not exist')
            yield database
        elif statement.object in ("table", "sequence"):
            yield _relation(statement, name, host)
        else:
            raise FeatureNotSupported(f"GRANT ON {statement.object.upper()} is not supported")


def _relation(statement: Grant, name: st.Name, host: Host) -> Relation:
    found = host.relation(name)
    if found.kind == "c":
        raise WrongObjectType(f'"{found.name}" is a composite type')
    if statement.object == "sequence" and found.kind != "S":
        raise WrongObjectType(f'"{found.name}" is not a sequence')
    return found


def _letters(words: tuple[str, ...], kind: str) -> str:
    """The privileges of an object of this kind; 0LP01 for those it does not have."""
    letters = ""
    for word in words:
        if word == "all":
            return ALL[kind]
        if word not in WORDS:
            raise SyntaxError(f'unrecognized privilege type "{word}"')
        if WORDS[word] not in ALL[kind]:
            raise InvalidGrantOperation(f"invalid privilege type {word.upper()} for {KIND_WORDS[kind]}")
        letters += WORDS[word]
    return letters


@dataclass(frozen=True, kw_only=True)
class Grantor:
    """Who grants: the owner where the current role acts for it, else a role it is member of that holds grant options."""

    oid: int
    letters: str  # what it may grant


def _grantor(row: Grantable, acl: tuple[AclItem, ...], letters: str, host: Host) -> Grantor:
    if owns(host.catalog, host.role, row.owner):
        return Grantor(oid=row.owner, letters=letters)
    best = Grantor(oid=host.role.oid, letters="")
    for oid in (host.role.oid, *sorted(host.catalog.inherited(host.role) - {host.role.oid})):
        own = "".join(letter for letter in letters if holds(acl, frozenset((oid,)), letter, option=True))
        if len(own) > len(best.letters):
            best = Grantor(oid=oid, letters=own)
    return best


def _checked(row: Grantable, name: str, grantor: Grantor, letters: str, statement: Grant, host: Host, every: bool) -> str:
    """The privileges that can be granted or revoked; 42501 where the role has nothing to do with the object, warnings for the rest."""
    if not grantor.letters:
        whole = ALL[kind_of(row)]
        if not any(has_privilege(host.catalog, host.role, row, letter) for letter in whole):
            raise denied(row)  # type: ignore[arg-type] # a relation, function or schema
    done_ = "revoked" if statement.revoke else "granted"
    verb = f"could be {done_}" if statement.revoke else f"were {done_}"
    state = "01006" if statement.revoke else "01007"
    if not grantor.letters:
        host.notice(f'no privileges {verb} for "{name}"', severity="WARNING", sqlstate=state)
    elif not every and len(grantor.letters) < len(set(letters)):
        host.notice(f'not all privileges {verb} for "{name}"', severity="WARNING", sqlstate=state)
    return grantor.letters


def _changed(acl: tuple[AclItem, ...], grantees: list[int], letters: str, grantor: int, statement: Grant) -> tuple[AclItem, ...]:
    for grantee in grantees:
        if statement.revoke:
            before = acl
            acl = revoked(acl, grantee, letters, statement.grant_option, grantor)
            acl = _recursive(before, acl, grantee, letters, statement.cascade)
        else:
            acl = granted(acl, grantee, letters, grantor, statement.grant_option)
    return acl


def _recursive(before: tuple[AclItem, ...], acl: tuple[AclItem, ...], grantee: int, letters: str, cascade: bool) -> tuple[AclItem, ...]:
    """Grants that rested on grant options now gone: 2BP01, or with CASCADE they go too."""
    for letter in letters:
        had = holds(before, frozenset((grantee,)), letter, option=True) and grantee != 0
        if had and not any(g == grantee and letter + "*" in has for g, has, _ in acl):
            dependent = [g for g, has, by in acl if by == grantee and letter in has]
            if dependent and not cascade:
                raise DependentObjectsStillExist("dependent privileges exist", hint="Use CASCADE to revoke them too.")
            for other in dependent:
                below = acl
                acl = revoked(acl, other, letter, False, grantee)
                acl = _recursive(below, acl, other, letter, cascade)
    return acl


def _on_columns(relation: Relation, names: tuple[str, ...], words: tuple[str, ...], grantees: list[int], statement: Grant, host: Host) -> Relation:
    letters = _letters(words, "column")
    columns = list(relation.columns)
    for name in names:
        column = live(relation, name)
        acl = column.acl or ()
        grantor = _grantor(relation, (*acl_of(relation), *acl), letters, host)
        allowed = _checked(relation, name, grantor, letters, statement, host, "all" in words)
        changed = _changed(acl, grantees, allowed, grantor.oid, statement)
        columns = [replace(c, acl=changed or None) if c.number == column.number else c for c in columns]
    return replace(relation, columns=tuple(columns))


def _without_columns(relation: Relation, grantees: list[int], letters: str, statement: Grant) -> tuple[Column, ...]:
    """REVOKE on a table takes the columns' privileges along."""
    plain = "".join(letter for letter in letters if letter in ALL["column"])
    columns = []
    for column in relation.columns:
        acl = column.acl
        if acl is not None:
            for grantee in grantees:
                acl = revoked(acl, grantee, plain, statement.grant_option)
        columns.append(replace(column, acl=acl or None) if acl != column.acl else column)
    return tuple(columns)


@command(Grant)
def grant(statement: Grant, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """GRANT ... ON ... TO, REVOKE ... ON ... FROM."""
    if statement.granted_by is not None and named(statement.granted_by, host).oid != host.role.oid:
        raise FeatureNotSupported("grantor must be current user")
    targets = list(_targets(statement, host))
    grantees = [0 if name == "public" else named(name, host).oid for name in statement.grantees]
    if statement.grant_option and not statement.revoke and 0 in grantees:
        raise InvalidGrantOperation("grant options can only be granted to roles")
    whole = tuple(word for word, columns in statement.privileges if not columns)
    for row in targets:
        for word, columns in statement.privileges:
            if columns:
                if not isinstance(row, Relation):
                    raise InvalidGrantOperation("column privileges are only valid for relations")
                row = _on_columns(row, columns, (word,), grantees, statement, host)
        if whole:
            letters = _letters(whole, kind_of(row))
            acl = acl_of(row)
            grantor = _grantor(row, acl, letters, host)
            allowed = _checked(row, row.name, grantor, letters, statement, host, "all" in whole)
            changes: dict[str, object] = {"acl": _changed(acl, grantees, allowed, grantor.oid, statement)}
            if statement.revoke and isinstance(row, Relation):
                changes["columns"] = _without_columns(row, grantees, allowed, statement)
            row = replace(row, **changes)  # type: ignore[arg-type] # rows with an acl
        host.put(row)
    return done("REVOKE" if statement.revoke else "GRANT")


@command(GrantRole)
def grant_role(statement: GrantRole, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """GRANT role TO role, REVOKE role FROM role."""
    if statement.granted_by is not None and named(statement.granted_by, host).oid != host.role.oid:
        raise FeatureNotSupported("GRANTED BY another role is not supported")
    for name in statement.roles:
        role = named(name, host)
        if not (host.is_superuser or host.role.create_role or role.oid in _administered(host)):
            raise denied_admin(role.name)
        if role.superuser and not host.is_superuser:
            raise denied_superuser()
        for other in statement.grantees:
            _membership(role.oid, role.name, other, statement, host)
    return done("REVOKE ROLE" if statement.revoke else "GRANT ROLE")


def _administered(host: Host) -> set[int]:
    members = host.catalog.memberships(host.role)
    return {oid for r in host.catalog.roles() if r.oid in members for oid in r.admin_of}


def denied_admin(name: str) -> Exception:
    """42501."""
    return InsufficientPrivilege(f'must have admin option on role "{name}"')


def denied_superuser() -> Exception:
    """42501."""
    return InsufficientPrivilege("must be superuser to alter superusers")


def _membership(oid: int, name: str, grantee: str, statement: GrantRole, host: Host) -> None:
    member = named(grantee, host)
    if statement.revoke:
        if oid not in member.member_of:
            host.notice(f'role "{member.name}" is not a member of role "{name}"', severity="WARNING", sqlstate="01000")
            return
        admins = tuple(other for other in member.admin_of if other != oid)
        members = member.member_of if statement.admin_option else tuple(other for other in member.member_of if other != oid)
        host.put(replace(member, member_of=members, admin_of=admins))
        return
    role = host.catalog.role_by_oid(oid)
    if role is not None and member.oid in host.catalog.memberships(role):
        what = f'role "{name}" is a member of role "{member.name}"' if member.oid != oid else f'role "{name}" is a member of role "{name}"'
        raise InvalidGrantOperation(what)
    if oid in member.member_of and (not statement.admin_option or oid in member.admin_of):
        host.notice(f'role "{member.name}" is already a member of role "{name}"')
        return
    admins = (*member.admin_of, oid) if statement.admin_option else member.admin_of
    host.put(replace(member, member_of=tuple(dict.fromkeys((*member.member_of, oid))), admin_of=admins))
