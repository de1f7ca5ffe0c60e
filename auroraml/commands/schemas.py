"""CREATE SCHEMA, CREATE and DROP DATABASE."""

from __future__ import annotations

from auroraml.commands.context import Bound, Host, command, done
from auroraml.errors import DuplicateSchema, InsufficientPrivilege, ReservedName
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


@command(st.CreateDatabase)
def create_database(statement: st.CreateDatabase, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """CREATE DATABASE."""
    host.block.refuse_in_block("CREATE DATABASE")
    if not (host.is_superuser or host.role.create_db):
        raise InsufficientPrivilege("permission denied to create database")
    owner = next((str(option.value) for option in statement.options if option.name.lower() == "owner"), host.role.name)
    host.server.create_database(statement.name, owner)
    return done("CREATE DATABASE")
