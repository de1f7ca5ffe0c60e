"""CREATE EXTENSION."""

from __future__ import annotations

from auroraml.commands.context import Bound, Host, command, done
from auroraml.errors import DuplicateObject, InsufficientPrivilege, UndefinedObject
from auroraml.extensions.manifest import MANIFESTS
from auroraml.ir.objects import Extension
from auroraml.pipeline.result import ResultStream
from auroraml.sql import statements as st


@command(st.CreateExtension)
def create_extension(statement: st.CreateExtension, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """CREATE EXTENSION [IF NOT EXISTS] name [CASCADE]."""
    if host.catalog.find_extension(statement.name) is not None:
        message = f'extension "{statement.name}" already exists'
        if not statement.if_not_exists:
            raise DuplicateObject(message)
        host.notice(f"{message}, skipping", sqlstate=DuplicateObject.sqlstate)
        return done("CREATE EXTENSION")
    if not (host.is_superuser or host.is_member("rds_superuser")):
        raise InsufficientPrivilege(f'permission denied to create extension "{statement.name}"', hint="Must be superuser to create this extension.")
    install(statement.name, statement.cascade, host)
    return done("CREATE EXTENSION")


def install(name: str, cascade: bool, host: Host) -> None:
    """Add an extension's objects, and with `cascade` what it requires."""
    manifest = MANIFESTS.get(name)
    if manifest is None:
        raise UndefinedObject(
            f'extension "{name}" is not available', hint="The extension must first be installed on the system where PostgreSQL is running."
        )
    for required in manifest.requires:
        if host.catalog.find_extension(required) is None:
            if not cascade:
                raise UndefinedObject(
                    f'required extension "{required}" is not installed', hint="Use CREATE EXTENSION ... CASCADE to install required extensions too."
                )
            host.notice(f'installing required extension "{required}"')
            install(required, cascade, host)
    superuser = host.catalog.role("rds_superuser")
    rows = manifest.install(superuser, host.new_oid, host.catalog)
    host.put(*rows)
    members = tuple(row.oid for row in rows if row.oid != superuser.oid and row.name != "aws_ml")
    host.put(Extension(oid=host.new_oid(), name=name, version=manifest.version, schema="public", requires=manifest.requires, members=members))
