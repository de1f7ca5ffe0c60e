"""Registered data: a table made of vectors that Python holds."""

from __future__ import annotations

from auroraml.batch import Batch
from auroraml.commands.context import Host
from auroraml.commands.tables import put_relation
from auroraml.errors import DuplicateTable
from auroraml.ir.logical import Output
from auroraml.ir.objects import Column, Relation
from auroraml.sql import statements as st

MARK = ("registered", "true")  # among the options: such a table may be replaced by another registration


def load_table(host: Host, name: str, columns: tuple[Output, ...], batch: Batch) -> None:
    """Create table `name` of `columns` (ids are attribute numbers) with the rows of `batch`."""
    schema = host.creation_schema(st.Name(name=name))
    old = host.catalog.find_relation(name, schema.name)
    if old is not None:
        if MARK not in old.options:
            raise DuplicateTable(f'relation "{name}" already exists')
        host.remove(old)
    relation = Relation(
        oid=host.new_oid(),
        name=name,
        schema=schema.name,
        columns=tuple(Column(name=c.name, type=c.type, typmod=c.typmod, number=c.id) for c in columns),
        owner=host.role.oid,
        row_type=host.new_oid(),
        options=(MARK,),
    )
    put_relation(host, relation)
    if batch.n:
        host.insert(relation, batch)
