"""CREATE VIEW."""

from __future__ import annotations

from auroraml.catalog.depends import reads_temporary
from auroraml.catalog.printing import type_text
from auroraml.commands.context import Bound, Host, command, done
from auroraml.commands.naming import refuse_catalog
from auroraml.commands.options import view_options
from auroraml.commands.tables import persistence_in, row_types
from auroraml.errors import (
    DuplicateColumn,
    DuplicateTable,
    FeatureNotSupported,
    InvalidTableDefinition,
    SyntaxError,
    UndefinedParameter,
    WrongObjectType,
)
from auroraml.ir.objects import Column, Relation
from auroraml.pipeline.result import ResultStream
from auroraml.records import replace
from auroraml.sql import statements as st
from auroraml.sql.trees import into_of


@command(st.CreateView)
def create_view(statement: st.CreateView, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """A view: the bound query under a name."""
    if into_of(statement.query.tree.root) is not None:
        raise FeatureNotSupported("views must not contain SELECT INTO")
    bound = host.bind(statement.query, params)
    names = [o.name for o in bound.columns]
    if len(statement.columns) > len(names):
        raise SyntaxError("CREATE VIEW specifies more column names than columns")
    names[: len(statement.columns)] = statement.columns
    temporary, name = statement.temporary, statement.name
    if not temporary and reads_temporary(bound.plan):
        temporary, name = True, replace(name, at=0)  # an error has no place then
        host.notice(f'view "{name.name}" will be a temporary view')
    schema = host.relation_schema(name, temporary)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DuplicateColumn(f'column "{twice}" specified more than once')
    if bound.parameters and not params:
        raise UndefinedParameter("there is no parameter $1", at=parameter_at(statement.query))
    columns = tuple(Column(name=n, type=o.type, typmod=o.typmod, number=i) for i, (n, o) in enumerate(zip(names, bound.columns, strict=True), 1))
    old = host.catalog.find_relation(statement.name.name, schema.name)
    if old is not None:
        if not statement.replace:
            raise DuplicateTable(f'relation "{old.name}" already exists')
        if old.kind != "v":
            raise WrongObjectType(f'"{old.name}" is not a view')
        _fits(old, columns, host)
    refuse_catalog(statement.name, schema.name)
    relation = Relation(oid=host.new_oid() if old is None else old.oid, name=statement.name.name, schema=schema.name, kind="v", columns=columns,
                        view=bound.plan, owner=host.role.oid, row_type=host.new_oid() if old is None else old.row_type,
                        options=view_options(statement.options), persistence=persistence_in(schema.name, False))  # fmt: skip
    host.put(relation, *row_types(host, relation))
    return done("CREATE VIEW")


def _fits(old: Relation, columns: tuple[Column, ...], host: Host) -> None:
    """OR REPLACE may only add columns at the end."""
    if len(columns) < len(old.columns):
        raise InvalidTableDefinition("cannot drop columns from view")
    for before, after in zip(old.columns, columns, strict=False):
        if before.name != after.name:
            raise InvalidTableDefinition(
                f'cannot change name of view column "{before.name}" to "{after.name}"',
                hint="Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.",
            )
        if (before.type.oid, before.typmod) != (after.type.oid, after.typmod):
            a, b = (type_text(c.type, c.typmod, host.catalog, host.names.path) for c in (before, after))
            raise InvalidTableDefinition(f'cannot change data type of view column "{before.name}" from {a} to {b}')


def parameter_at(query: st.Query) -> int | None:
    """Where the first parameter stands."""
    return next((t.start for t in query.tree.source.tokens if t.kind == "parameter"), None)
