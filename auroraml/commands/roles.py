"""CREATE ROLE, ALTER ROLE."""

from __future__ import annotations

from dataclasses import replace

from auroraml.commands.context import Bound, Host, command, done
from auroraml.errors import DuplicateObject, FeatureNotSupported, InsufficientPrivilege
from auroraml.ir.objects import Role
from auroraml.pipeline.result import ResultStream
from auroraml.sql import statements as st

_FLAGS = {"superuser": "superuser", "inherit": "inherit", "createrole": "create_role", "createdb": "create_db", "login": "can_login"}
_HARMLESS = ("replication", "noreplication", "bypassrls", "nobypassrls", "connection limit", "valid until")


def _with(role: Role, options: tuple[st.Option, ...], host: Host) -> Role:
    for option in options:
        name = option.name
        if name in _FLAGS:
            role = replace(role, **{_FLAGS[name]: True})  # type: ignore[arg-type] # a flag of Role
        elif name.startswith("no") and name[2:] in _FLAGS:
            role = replace(role, **{_FLAGS[name[2:]]: False})  # type: ignore[arg-type]
        elif name == "password":
            role = replace(role, password=None if option.value is None else str(option.value))
        elif name == "in" and isinstance(option.value, tuple):
            role = replace(role, member_of=(*role.member_of, *(host.catalog.role(other).oid for other in option.value)))
        elif name not in _HARMLESS:
            raise FeatureNotSupported(f"role option {name.upper()} is not supported", at=option.at)
    if role.superuser and not host.is_superuser:
        raise InsufficientPrivilege("must be superuser to create superusers")
    return role


@command(st.CreateRole)
def create_role(statement: st.CreateRole, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """CREATE ROLE, CREATE USER."""
    if not (host.is_superuser or host.role.create_role):
        raise InsufficientPrivilege("permission denied to create role")
    if host.catalog.find_role(statement.name) is not None:
        raise DuplicateObject(f'role "{statement.name}" already exists')
    host.put(_with(Role(oid=host.new_oid(), name=statement.name, can_login=statement.login), statement.options, host))
    return done("CREATE ROLE")


@command(st.AlterRole)
def alter_role(statement: st.AlterRole, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """ALTER ROLE."""
    host.put(_with(host.catalog.role(statement.name), statement.options, host))
    return done("ALTER ROLE")
