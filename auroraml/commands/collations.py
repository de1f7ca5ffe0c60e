"""COLLATE of a column or an index key, looked up and checked against its type."""

from __future__ import annotations

from auroraml.catalog.collations import collation, collation_oid
from auroraml.commands.context import Host
from auroraml.errors import DatatypeMismatch, InvalidSchemaName
from auroraml.sql import statements as st
from auroraml.types.pg_type import PgType
from auroraml.types.typmod import format_type


def collated(name: st.Name | None, type: PgType, host: Host, at: int | None) -> int:
    """The collation written for something of this type; 0 where none was, which leaves the type its own."""
    if name is None:
        return 0
    if name.schema is not None and host.catalog.find_schema(name.schema) is None:
        raise InvalidSchemaName(f'schema "{name.schema}" does not exist', at=at)
    found = collation_oid(name.name, name.schema, at)
    if not collation(type):
        raise DatatypeMismatch(f"collations are not supported by type {format_type(type, None, host.catalog.type)}", at=at)
    return 0 if found == collation(type) else found
