"""CREATE, ALTER and DROP ROLE; DROP OWNED."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from auroraml.batch import Datum
from auroraml.catalog.acl import Grantable
from auroraml.catalog.depends import Part
from auroraml.commands.context import Bound, Host, command, done
from auroraml.commands.dropping import closure, remove, report, shown, shown_column
from auroraml.errors import (
    DependentObjectsStillExist,
    DuplicateObject,
    FeatureNotSupported,
    InsufficientPrivilege,
    InvalidParameterValue,
    ObjectInUse,
    ReservedName,
    SyntaxError,
    UndefinedObject,
)
from auroraml.ir.objects import Relation, Role
from auroraml.pipeline.result import ResultStream
from auroraml.sql import statements as st
from auroraml.types.table import BY_NAME
from auroraml.types.text import datum_in

FLAGS = {"superuser": "superuser", "inherit": "inherit", "createrole": "create_role", "createdb": "create_db", "login": "can_login",
         "replication": "replication", "bypassrls": "bypass_rls"}  # fmt: skip
BOOTSTRAP = 10


def _moment(text: str, host: Host) -> Datum:
    return datum_in(BY_NAME["timestamptz"], -1, text, host.style)


def _with(role: Role, options: Sequence[st.Option], host: Host) -> Role:
    """The role after options; membership lists are left to the caller."""
    said: set[str] = set()
    for option in options:
        name = option.name
        bare = name.removeprefix("no") if name.removeprefix("no") in FLAGS else name
        if bare in said:
            raise SyntaxError("conflicting or redundant options", at=option.at)
        said.add(bare)
        if bare in FLAGS:
            role = replace(role, **{FLAGS[bare]: bare == name})  # type: ignore[arg-type] # a flag of Role
        elif name == "password":
            role = replace(role, password=None if option.value is None else str(option.value))
        elif name == "connection limit":
            limit = int(str(option.value))
            if limit < -1:
                raise InvalidParameterValue(f"invalid connection limit: {limit}")
            role = replace(role, connection_limit=limit)
        elif name == "valid until":
            role = replace(role, valid_until=_moment(str(option.value), host))  # type: ignore[arg-type] # microseconds
        elif name not in ("in", "role", "admin", "sysid"):
            raise FeatureNotSupported(f"role option {name.upper()} is not supported", at=option.at)
    return role


def _refuse(role: Role, before: Role | None, host: Host) -> None:
    """Attributes that only superusers may give."""
    if host.is_superuser:
        return
    verb = "create" if before is None else "alter"
    if role.superuser or (before is not None and before.superuser):
        raise InsufficientPrivilege(
            "must be superuser to create superusers"
            if verb == "create"
            else "must be superuser to alter superuser roles or change superuser attribute"
        )
    for flag, word in (("replication", "replication"), ("bypass_rls", "bypassrls")):
        if getattr(role, flag) != (False if before is None else getattr(before, flag)):
            what = (
                f"must be superuser to create {word} users"
                if verb == "create"
                else f"must be superuser to alter {word} roles or change {word} attribute"
            )
            raise InsufficientPrivilege(what)


@command(st.CreateRole)
def create_role(statement: st.CreateRole, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """CREATE ROLE, CREATE USER."""
    name = statement.name
    role = _with(Role(oid=host.new_oid(), name=name, can_login=statement.login), statement.options, host)
    _refuse(role, None, host)
    if not (host.is_superuser or host.role.create_role):
        raise InsufficientPrivilege("permission denied to create role")
    if name.startswith("pg_"):
        raise ReservedName(f'role name "{name}" is reserved', detail='Role names starting with "pg_" are reserved.')
    if name in ("public", "none"):
        raise ReservedName(f'role name "{name}" is reserved')
    if host.catalog.find_role(name) is not None:
        raise DuplicateObject(f'role "{name}" already exists')
    lists = {o.name: [host.catalog.role(other) for other in o.value] for o in statement.options if isinstance(o.value, tuple)}
    role = replace(role, member_of=tuple(other.oid for other in lists.get("in", [])))
    host.put(role)
    for member in lists.get("role", []):
        host.put(replace(member, member_of=(*member.member_of, role.oid)))
    for member in lists.get("admin", []):
        host.put(replace(member, member_of=(*member.member_of, role.oid), admin_of=(*member.admin_of, role.oid)))
    return done("CREATE ROLE")


def named(name: str, host: Host) -> Role:
    """The role a statement names, CURRENT_USER and its kin included."""
    special = {"current_user": host.current_role, "current_role": host.current_role, "session_user": host.session_user}
    return host.catalog.role(special.get(name, name))


@command(st.AlterRole)
def alter_role(statement: st.AlterRole, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """ALTER ROLE."""
    before = named(statement.name, host)
    role = _with(before, statement.options, host)
    _refuse(role, before, host)
    own_password = before.oid == host.role.oid and all(option.name == "password" for option in statement.options)
    if not (host.is_superuser or host.role.create_role or own_password):
        raise InsufficientPrivilege("permission denied")
    host.put(role)
    return done("ALTER ROLE")


def drop_roles(statement: st.Drop, host: Host) -> ResultStream:
    """DROP ROLE; 2BP01 where the role still owns or may do something."""
    if not (host.is_superuser or host.role.create_role):
        raise InsufficientPrivilege("permission denied to drop role")
    for name in statement.names:
        found = host.catalog.find_role(name.name)
        if found is None:
            if not statement.if_exists:
                raise UndefinedObject(f'role "{name.name}" does not exist')
            host.notice(f'role "{name.name}" does not exist, skipping')
            continue
        if found.oid == host.role.oid:
            raise ObjectInUse("current user cannot be dropped")
        if found.name == host.session_user:
            raise ObjectInUse("session user cannot be dropped")
        if found.superuser and not host.is_superuser:
            raise InsufficientPrivilege("must be superuser to drop superusers")
        if found.oid < 16_000:
            raise DependentObjectsStillExist(f"cannot drop role {found.name} because it is required by the database system")
        lines = list(_holdings(found, host))
        if lines:
            raise DependentObjectsStillExist(f'role "{found.name}" cannot be dropped because some objects depend on it', detail="\n".join(lines))
        for member in host.catalog.roles():
            if found.oid in member.member_of:
                host.put(replace(member, member_of=_without(member.member_of, found.oid), admin_of=_without(member.admin_of, found.oid)))
        host.remove(found)
    return done("DROP ROLE")


def _without(oids: tuple[int, ...], oid: int) -> tuple[int, ...]:
    return tuple(other for other in oids if other != oid)


def _everything(host: Host) -> list[Grantable]:
    catalog = host.catalog
    return sorted([*catalog.schemas(), *catalog.relations(), *catalog.functions(), *catalog.databases()], key=lambda row: row.oid)


def _mentions(row: Grantable, oid: int) -> bool:
    acl = getattr(row, "acl", None) or ()
    columns = [c.acl or () for c in row.columns] if isinstance(row, Relation) else []
    return any(oid in (grantee, grantor) for items in (acl, *columns) for grantee, _, grantor in items)


def _holdings(role: Role, host: Host) -> Iterator[str]:
    """What keeps a role from being dropped."""
    for row in _everything(host):
        if row.owner == role.oid:
            yield f"owner of {shown(row, host)}"
        elif _mentions(row, role.oid):
            if any(role.oid in (a, b) for a, _, b in getattr(row, "acl", None) or ()):
                yield f"privileges for {shown(row, host)}"
            for column in row.columns if isinstance(row, Relation) else ():
                if any(role.oid in (a, b) for a, _, b in column.acl or ()):
                    yield f"privileges for {shown_column(row, column, host)}"  # type: ignore[arg-type] # a Relation
        if isinstance(row, Relation):
            yield from (f"owner of {shown(Part(relation=row, statistics=s), host)}" for s in row.statistics if s.owner == role.oid)


@command(st.DropOwned)
def drop_owned(statement: st.DropOwned, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """DROP OWNED BY: privileges granted to the roles, and their objects."""
    roles = [named(name, host) for name in statement.roles]
    for role in roles:
        if role.oid == BOOTSTRAP:
            raise DependentObjectsStillExist(f"cannot drop objects owned by role {role.name} because they are required by the database system")
        if not host.catalog.is_member(host.role, role):
            raise InsufficientPrivilege("permission denied to drop objects")
    oids = {role.oid for role in roles}
    owned = [row for row in _everything(host) if row.owner in oids]
    found = closure(owned, host)
    report(shown(owned[0], host) if len(owned) == 1 else "desired object(s)", found, statement.cascade, host)
    for row in _everything(host):
        if row.owner not in oids:
            _forget(row, oids, host)
    for item in reversed(found.items):
        remove(item, host)
    for row in owned:
        remove(row, host)
    return done("DROP OWNED")


def _forget(row: Grantable, oids: set[int], host: Host) -> None:
    """Take the roles' privileges on an object away."""
    if not any(_mentions(row, oid) for oid in oids):
        return
    changes: dict[str, object] = {}
    acl = getattr(row, "acl", None)
    if acl is not None:
        changes["acl"] = tuple(item for item in acl if item[0] not in oids and item[2] not in oids)
    if isinstance(row, Relation):
        changes["columns"] = tuple(
            replace(c, acl=tuple(i for i in c.acl if i[0] not in oids and i[2] not in oids) or None) if c.acl else c for c in row.columns
        )
    host.put(replace(row, **changes))  # type: ignore[arg-type] # rows with an acl
