"""REFRESH MATERIALIZED VIEW."""

from __future__ import annotations

from auroraml.commands.context import Bound, Host, command, done
from auroraml.commands.tables import all_rows
from auroraml.commands.validation import validate
from auroraml.errors import FeatureNotSupported, ObjectNotInPrerequisiteState, SyntaxError
from auroraml.ir.bound import BoundStatement
from auroraml.pipeline.result import ResultStream
from auroraml.sql import statements as st


@command(st.RefreshMaterializedView)
def refresh(statement: st.RefreshMaterializedView, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """Run the view's query again and store its rows in place of the old ones."""
    relation = host.relation(statement.name)
    if relation.kind != "m" or relation.view is None:
        raise FeatureNotSupported(f'"{relation.name}" is not a materialized view')
    host.require_owner(relation, "materialized view")
    if statement.concurrently and not statement.with_data:
        raise SyntaxError("CONCURRENTLY and WITH NO DATA options cannot be used together")
    if statement.concurrently:
        if not relation.populated:
            raise ObjectNotInPrerequisiteState("CONCURRENTLY cannot be used when the materialized view is not populated")
        if not any(i.unique and i.predicate is None and not i.expressions for i in relation.indexes):
            raise ObjectNotInPrerequisiteState(
                f'cannot refresh materialized view "{relation.schema}.{relation.name}" concurrently',
                hint="Create a unique index with no WHERE clause on one or more columns of the materialized view.",
            )
    rows = None
    if statement.with_data:
        plan = host.current(relation.view)
        rows = all_rows(host.run(BoundStatement(plan=plan, columns=plan.outputs)))
    if statement.concurrently and rows is not None:
        host.exchange(relation, rows)
        return done("REFRESH MATERIALIZED VIEW")
    host.truncate(relation)
    host.populate(relation, rows)
    validate(relation, None, host)
    return done("REFRESH MATERIALIZED VIEW")
