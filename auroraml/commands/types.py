"""CREATE TYPE ... AS (...)."""

from __future__ import annotations

from auroraml.commands.context import Bound, Host, command, done
from auroraml.commands.tables import row_types
from auroraml.errors import DuplicateColumn, DuplicateObject, FeatureNotSupported, UndefinedObject
from auroraml.ir.objects import Column, Relation
from auroraml.pipeline.result import ResultStream
from auroraml.sql import statements as st


@command(st.CreateType)
def create_type(statement: st.CreateType, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """A composite type with its array type."""
    if statement.labels is not None:
        raise FeatureNotSupported("CREATE TYPE ... AS ENUM is not supported", at=statement.start)
    schema = host.creation_schema(statement.name)
    name = statement.name.name
    if host.catalog.find_type(name, schema.name) is not None or host.catalog.find_relation(name, schema.name) is not None:
        raise DuplicateObject(f'type "{name}" already exists')
    columns: list[Column] = []
    for number, attribute in enumerate(statement.attributes, 1):
        if any(c.name == attribute.name for c in columns):
            raise DuplicateColumn(f'column "{attribute.name}" specified more than once')
        try:
            type, typmod = host.type_named(attribute.type)
        except UndefinedObject as error:
            raise UndefinedObject(str(error)) from None  # without a position, as PostgreSQL has it
        columns.append(Column(name=attribute.name, type=type, typmod=typmod, number=number))
    relation = Relation(
        oid=host.new_oid(), name=name, schema=schema.name, kind="c", columns=tuple(columns), owner=host.role.oid, row_type=host.new_oid()
    )
    host.put(relation, *row_types(host, relation))
    return done("CREATE TYPE")
