"""CREATE EXTENSION and ALTER EXTENSION ... UPDATE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from auroraml.catalog.changes import SetComment
from auroraml.commands.comments import EXTENSION
from auroraml.commands.context import Bound, Host, Row, command, done
from auroraml.errors import DuplicateObject, FeatureNotSupported, InsufficientPrivilege, InvalidParameterValue, InvalidSchemaName, UndefinedObject
from auroraml.extensions.manifest import MANIFESTS, Manifest, Script
from auroraml.ir.objects import Extension, Role
from auroraml.pipeline.result import ResultStream
from auroraml.settings.rds import RDS_ALLOWED_EXTENSIONS, RDS_EXTENSIONS, allows
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
    manifest = _available(name, host)
    version = manifest.default(host.settings)
    if name == statement.name and statement.version is not None:
        version = named(statement.version)
        if version not in manifest.versions(host.settings):
            raise InvalidParameterValue(f'extension "{name}" has no installation script nor update path for version "{version}"')
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
    members = run(manifest.between(None, version), host)
    schema = statement.schema or host.current_schema() or "public"
    oid = host.new_oid()
    host.put(Extension(oid=oid, name=name, version=version, schema=schema, requires=manifest.requires, members=members, owner=host.role.oid))
    host.change(SetComment(catalog=EXTENSION, oid=oid, column=0, text=manifest.comment))


def _available(name: str, host: Host) -> Manifest:
    """The manifest of an extension that can be installed here; 0A000 and 42501 for others."""
    manifest = MANIFESTS.get(name)
    provided = manifest is not None or name in [part.strip() for part in host.settings[RDS_EXTENSIONS].split(",")]
    if not provided:
        raise FeatureNotSupported(
            f'extension "{name}" is not available', hint="The extension must first be installed on the system where PostgreSQL is running."
        )
    if not (host.is_superuser or allows(host.settings[RDS_ALLOWED_EXTENSIONS], name)):
        raise InsufficientPrivilege(
            f'permission denied to create extension "{name}"', hint='This extension is not specified in "rds.allowed_extensions".'
        )
    if manifest is None or not manifest.scripts:
        names = ", ".join(other.name for other in MANIFESTS.values() if other.scripts)
        raise FeatureNotSupported(f'extension "{name}" is not supported', hint=f"Extensions that can be created: {names}.")
    return manifest


def named(version: str) -> str:
    """A version as it may be named; 22023 for an empty one."""
    if not version:
        raise InvalidParameterValue('invalid extension version name: ""', detail="Version names must not be empty.")
    return version


def run(scripts: Sequence[Script], host: Host) -> tuple[int, ...]:
    """Add the rows of scripts one after the other; the OIDs of the extension's members among them."""
    members: list[int] = []
    for script in scripts:
        rows: tuple[Row, ...] = script(host.catalog.role("rds_superuser"), host.new_oid, host.catalog, host.settings)
        host.put(*rows)
        members += [row.oid for row in rows if not isinstance(row, Role)]
    return tuple(members)


@command(st.AlterExtension)
def alter_extension(statement: st.AlterExtension, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """ALTER EXTENSION name UPDATE [TO version]."""
    found = host.catalog.find_extension(statement.name)
    if found is None:
        raise UndefinedObject(f'extension "{statement.name}" does not exist')
    host.require_owner(found, "extension")
    manifest = MANIFESTS[found.name]
    version = manifest.default(host.settings) if statement.version is None else named(statement.version)
    if version == found.version:
        host.notice(f'version "{version}" of extension "{found.name}" is already installed')
        return done("ALTER EXTENSION")
    if (found.version, version) not in update_paths(manifest, host):
        raise InvalidParameterValue(f'extension "{found.name}" has no update path from version "{found.version}" to version "{version}"')
    host.put(replace(found, version=version, members=(*found.members, *run(manifest.between(found.version, version), host))))
    return done("ALTER EXTENSION")


def update_paths(manifest: Manifest, host: Host) -> list[tuple[str, str]]:
    """The pairs of versions of which the first can become the second here."""
    versions = manifest.versions(host.settings)
    return [(old, new) for i, old in enumerate(versions) for new in versions[i + 1 :]]
