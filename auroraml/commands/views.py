"""CREATE VIEW."""

from __future__ import annotations

from auroraml.commands.context import Bound, Host, command, done
from auroraml.commands.tables import row_types
from auroraml.errors import DuplicateTable, InvalidTableDefinition, SyntaxError, WrongObjectType
from auroraml.ir.objects import Column, Relation
from auroraml.pipeline.result import ResultStream
from auroraml.sql import statements as st


@command(st.CreateView)
def create_view(statement: st.CreateView, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """A view: the bound query under a name."""
    schema = host.creation_schema(statement.name)
    bound = host.bind(statement.query, params)
    names = [o.name for o in bound.columns]
    if len(statement.columns) > len(names):
        raise SyntaxError("CREATE VIEW specifies more column names than columns")
    names[: len(statement.columns)] = statement.columns
    columns = tuple(Column(name=n, type=o.type, typmod=o.typmod, number=i) for i, (n, o) in enumerate(zip(names, bound.columns, strict=True), 1))
    old = host.catalog.find_relation(statement.name.name, schema.name)
    if old is not None:
        if not statement.replace:
            raise DuplicateTable(f'relation "{old.name}" already exists')
        if old.kind != "v":
            raise WrongObjectType(f'"{old.name}" is not a view')
        _fits(old, columns)
    relation = Relation(oid=host.new_oid() if old is None else old.oid, name=statement.name.name, schema=schema.name, kind="v", columns=columns,
                        view=bound.plan, owner=host.role.oid, row_type=host.new_oid() if old is None else old.row_type)  # fmt: skip
    host.put(relation, *row_types(host, relation))
    return done("CREATE VIEW")


def _fits(old: Relation, columns: tuple[Column, ...]) -> None:
    """OR REPLACE may only add columns at the end."""
    if len(columns) < len(old.columns):
        raise InvalidTableDefinition("cannot drop columns from view")
    for before, after in zip(old.columns, columns, strict=False):
        if before.name != after.name:
            raise InvalidTableDefinition(
                f'cannot change name of view column "{before.name}" to "{after.name}"',
                hint="Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.",
            )
