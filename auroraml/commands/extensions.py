"""CREATE EXTENSION."""

from __future__ import annotations

from auroraml.catalog.changes import SetComment
from auroraml.commands.comments import EXTENSION
from auroraml.commands.context import Bound, Host, command, done
from auroraml.errors import DuplicateObject, FeatureNotSupported, InsufficientPrivilege, InvalidParameterValue, InvalidSchemaName, UndefinedObject
from auroraml.extensions.manifest import MANIFESTS
from auroraml.ir.objects import Extension, Role
from auroraml.pipeline.result import ResultStream
from auroraml.sql import statements as st


@command(st.CreateExtension)
def create_extension(statement: st.CreateExtension, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """CREATE EXTENSION [IF NOT EXISTS] name [SCHEMA name] [VERSION version] [CASCADE]."""
    if host.catalog.find_extension(statement.name) is not None:
        message = f'extension "{statement.name}" already exists'
        if not statement.if_not_exists:
            raise DuplicateObject(message)
        host.notice(f"{message}, skipping", sqlstate=DuplicateObject.sqlstate)
        return done("CREATE EXTENSION")
    if statement.schema is not None and host.catalog.find_schema(statement.schema) is None:
        raise InvalidSchemaName(f'schema "{statement.schema}" does not exist')
    install(statement.name, statement, host)
    return done("CREATE EXTENSION")


def install(name: str, statement: st.CreateExtension, host: Host) -> None:
    """Add an extension's objects, and with CASCADE what it requires; they belong to rds_superuser."""
    manifest = MANIFESTS.get(name)
    if manifest is None:
        raise FeatureNotSupported(
            f'extension "{name}" is not available', hint="The extension must first be installed on the system where PostgreSQL is running."
        )
    if name == statement.name and statement.version not in (None, manifest.version):
        raise InvalidParameterValue(f'extension "{name}" has no installation script nor update path for version "{statement.version}"')
    for required in manifest.requires:
        if host.catalog.find_extension(required) is None:
            if not statement.cascade:
                raise UndefinedObject(
                    f'required extension "{required}" is not installed', hint="Use CREATE EXTENSION ... CASCADE to install required extensions too."
                )
            host.notice(f'installing required extension "{required}"')
            install(required, statement, host)
    if not (host.is_superuser or host.is_member("rds_superuser")):
        raise InsufficientPrivilege(f'permission denied to create extension "{name}"', hint="Must be superuser to create this extension.")
    owner = host.catalog.role("rds_superuser")
    rows = manifest.install(owner, host.new_oid, host.catalog, host.settings)
    host.put(*rows)
    members = tuple(row.oid for row in rows if not isinstance(row, Role))
    schema = statement.schema or host.current_schema() or "public"
    oid = host.new_oid()
    host.put(Extension(oid=oid, name=name, version=manifest.version, schema=schema, requires=manifest.requires, members=members,
                       owner=host.role.oid))  # fmt: skip
    host.change(SetComment(catalog=EXTENSION, oid=oid, column=0, text=manifest.comment))
