"""CREATE SCHEMA, CREATE and DROP DATABASE."""

from __future__ import annotations

from auroraml.commands.context import Bound, Host, command, done
from auroraml.errors import DuplicateSchema, FeatureNotSupported, InsufficientPrivilege, ReservedName
from auroraml.errors import SyntaxError as SqlSyntaxError
from auroraml.ir.objects import Schema
from auroraml.pipeline.result import ResultStream
from auroraml.sql import statements as st


@command(st.CreateSchema)
def create_schema(statement: st.CreateSchema, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """CREATE SCHEMA."""
    owner = host.role if statement.owner is None else host.catalog.role(statement.owner)
    if statement.name.startswith("pg_"):
        raise ReservedName(f'unacceptable schema name "{statement.name}"', detail='The prefix "pg_" is reserved for system schemas.')
    if host.catalog.find_schema(statement.name) is not None:
        if not statement.if_not_exists:
            raise DuplicateSchema(f'schema "{statement.name}" already exists')
        host.notice(f'schema "{statement.name}" already exists, skipping', sqlstate=DuplicateSchema.sqlstate)
        return done("CREATE SCHEMA")
    host.put(Schema(oid=host.new_oid(), name=statement.name, owner=owner.oid))
    return done("CREATE SCHEMA")


ONE_DATABASE = {  # what all databases are here
    "template": ("template0", "template1", "default"), "encoding": ("utf8", "utf-8", "default"), "lc_collate": ("c", "posix", "default"),
    "lc_ctype": ("c", "posix", "default"), "locale": ("c", "posix", "default"), "locale_provider": ("libc",), "tablespace": ("pg_default", "default"),
    "allow_connections": ("true", "on", "1", "default"), "is_template": ("false", "off", "0", "default"), "strategy": ("wal_log", "file_copy"),
    "icu_locale": (), "oid": (), "collation_version": (), "connection_limit": ("-1",),
}  # fmt: skip


@command(st.CreateDatabase)
def create_database(statement: st.CreateDatabase, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """CREATE DATABASE."""
    host.block.refuse_in_block("CREATE DATABASE")
    if not (host.is_superuser or host.role.create_db):
        raise InsufficientPrivilege("permission denied to create database")
    owner = host.role.name
    for option in statement.options:
        name, value = option.name.lower(), str(option.value)
        if name == "owner":
            owner = value
        elif name not in ONE_DATABASE:
            raise SqlSyntaxError(f'option "{option.name}" not recognized', at=option.at)
        elif value.lower() not in ONE_DATABASE[name]:
            raise FeatureNotSupported(f"CREATE DATABASE with {name} {value} is not supported", at=option.at)
    host.server.create_database(statement.name, owner)
    return done("CREATE DATABASE")
