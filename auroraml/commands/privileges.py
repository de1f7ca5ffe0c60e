"""GRANT and REVOKE."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from auroraml.catalog.acl import ALL, WORDS, acl_of, granted, revoked
from auroraml.commands.context import Bound, Host, command, done
from auroraml.errors import FeatureNotSupported, InvalidSchemaName, SyntaxError, UndefinedFunction
from auroraml.ir.objects import Function, Relation, Schema
from auroraml.pipeline.result import ResultStream
from auroraml.sql import statements as st
from auroraml.types.typmod import format_type

Grantable = Relation | Schema | Function
_LETTERS = {"table": "relation", "sequence": "sequence", "function": "function", "schema": "schema"}


def _targets(statement: st.Grant, host: Host) -> Iterator[Grantable]:
    catalog = host.catalog
    for place, name in enumerate(statement.names):
        if statement.object.startswith("all "):
            if catalog.find_schema(name.name) is None:
                raise InvalidSchemaName(f'schema "{name.name}" does not exist')
            if statement.object == "all functions":
                yield from (f for f in catalog.functions() if f.schema == name.name)
            else:
                yield from (r for r in catalog.relations() if r.schema == name.name and r.kind in "rvm")
        elif statement.object == "schema":
            found = catalog.find_schema(name.name)
            if found is None:
                raise InvalidSchemaName(f'schema "{name.name}" does not exist')
            yield found
        elif statement.object == "function":
            yield _function(statement, name, place, host)
        elif statement.object in ("table", "sequence"):
            yield host.relation(name)
        else:
            raise FeatureNotSupported(f"GRANT ON {statement.object.upper()} is not supported")


def _function(statement: st.Grant, name: st.Name, place: int, host: Host) -> Function:
    arguments = statement.arguments[place]
    found = [f for f in host.catalog.functions() if f.name == name.name and (name.schema is None or f.schema == name.schema)]
    if arguments is not None:
        wanted = [host.type_named(a)[0].oid for a in arguments]
        found = [f for f in found if [p.type.oid for p in f.inputs] == wanted]
    if not found:
        if arguments is None:
            raise UndefinedFunction(f'could not find a function named "{name}"')
        types = ", ".join(format_type(host.type_named(a)[0]) for a in arguments)
        raise UndefinedFunction(f"function {name}({types}) does not exist")
    return found[0]


def _letters(statement: st.Grant, kind: str) -> str:
    letters = ""
    for word, columns in statement.privileges:
        if columns:
            raise FeatureNotSupported("column privileges are not supported", at=statement.at)
        if word == "all":
            return ALL[kind]
        if word not in WORDS:
            raise SyntaxError(f'unrecognized privilege type "{word}"')
        letters += WORDS[word]
    return letters


@command(st.Grant)
def grant(statement: st.Grant, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """GRANT ... ON ... TO, REVOKE ... ON ... FROM."""
    object = {"all tables": "table", "all functions": "function", "all sequences": "sequence"}.get(statement.object, statement.object)
    letters = _letters(statement, _LETTERS.get(object, object))
    targets = list(_targets(statement, host))
    grantees = [
        0 if name == "public" else host.catalog.role(host.current_role if name == "current_user" else name).oid for name in statement.grantees
    ]
    for row in targets:
        host.require_owner(row, object)
        acl = acl_of(row)
        for grantee in grantees:
            acl = revoked(acl, grantee, letters) if statement.revoke else granted(acl, grantee, letters, row.owner, statement.grant_option)
        host.put(replace(row, acl=acl))
    return done("REVOKE" if statement.revoke else "GRANT")


@command(st.GrantRole)
def grant_role(statement: st.GrantRole, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """GRANT role TO role, REVOKE role FROM role."""
    roles = [host.catalog.role(name).oid for name in statement.roles]
    for name in statement.grantees:
        member = host.catalog.role(name)
        if statement.revoke:
            left = tuple(oid for oid in member.member_of if oid not in roles)
        else:
            left = (*member.member_of, *(oid for oid in roles if oid not in member.member_of))
        host.put(replace(member, member_of=left))
    return done("REVOKE ROLE" if statement.revoke else "GRANT ROLE")


@command(st.DropOwned)
def drop_owned(statement: st.DropOwned, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """DROP OWNED BY: privileges granted to the roles, and their objects."""
    oids = [host.catalog.role(name).oid for name in statement.roles]
    everything: list[Grantable] = [*host.catalog.relations(), *host.catalog.functions(), *host.catalog.schemas()]
    for row in everything:
        if row.owner in oids:
            host.remove(row)
        elif row.acl is not None and any(grantee in oids for grantee, _, _ in row.acl):
            host.put(replace(row, acl=tuple(item for item in row.acl if item[0] not in oids)))
    return done("DROP OWNED")
