"""SET CONSTRAINTS: whether deferrable foreign keys are checked at once or when the transaction ends (AfterTriggerSetState)."""

from __future__ import annotations

from auroraml.commands.context import Bound, Host, command, done
from auroraml.errors import FeatureNotSupported, InvalidSchemaName, NoActiveSqlTransaction, UndefinedObject, WrongObjectType
from auroraml.ir.objects import Constraint
from auroraml.pipeline.result import ResultStream
from auroraml.sql import statements as st
from auroraml.sql.deferring import SetConstraints


@command(SetConstraints)
def set_constraints(statement: SetConstraints, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """SET CONSTRAINTS ALL or names, DEFERRED or IMMEDIATE."""
    if not host.block.in_block and not host.block.inside:
        host.notice("SET CONSTRAINTS can only be used in transaction blocks", severity="WARNING", sqlstate=NoActiveSqlTransaction.sqlstate)
    oids = [constraint.oid for name in statement.names for constraint in _find(name, statement.deferred, host) if constraint.deferrable]
    host.defer(oids if statement.names else None, statement.deferred)
    return done("SET CONSTRAINTS")


def _find(name: st.Name, deferred: bool, host: Host) -> list[Constraint]:
    """The constraints of that name in the first schema of the path that has one; 42704, and 42809 where one cannot be deferred and should."""
    if name.database is not None and name.database != host.dbname:
        raise FeatureNotSupported(f"cross-database references are not implemented: {name.database}.{name.schema}.{name.name}")
    if name.schema is not None and host.catalog.find_schema(name.schema) is None:
        raise InvalidSchemaName(f'schema "{name.schema}" does not exist')
    for schema in (name.schema,) if name.schema is not None else host.names.path:
        found = [c for r in host.catalog.relations() if r.schema == schema for c in r.constraints if c.name == name.name]
        if found:
            if deferred and not all(constraint.deferrable for constraint in found):
                raise WrongObjectType(f'constraint "{name.name}" is not deferrable')
            return found
    raise UndefinedObject(f'constraint "{name.name}" does not exist')
