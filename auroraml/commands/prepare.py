"""PREPARE, EXECUTE, DEALLOCATE."""

from __future__ import annotations

from dataclasses import dataclass

from auroraml.commands.context import Bound, Host, command, done
from auroraml.errors import DuplicatePreparedStatement, InvalidSqlStatementName, SyntaxError
from auroraml.pipeline.result import ResultStream
from auroraml.sql import statements as st
from auroraml.types.pg_type import PgType


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A prepared statement: its query and the parameter types as declared or inferred."""

    name: str
    query: st.Query
    types: tuple[PgType, ...]
    text: str = ""
    created: int = 0


@command(st.Prepare)
def prepare(statement: st.Prepare, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """PREPARE: parsed and bound now, so that errors come now."""
    if statement.name in host.prepared:
        raise DuplicatePreparedStatement(f'prepared statement "{statement.name}" already exists')
    declared = tuple(host.type_named(type)[0] for type in statement.types)
    bound = host.bind(statement.statement, tuple((type, None) for type in declared))
    host.prepared[statement.name] = Prepared(name=statement.name, query=statement.statement, types=bound.parameters, text=statement.text[statement.start : statement.end],
                                            created=host.started)  # fmt: skip
    return done("PREPARE")


def find(host: Host, name: str) -> Prepared:
    """The prepared statement called `name`; 26000 when there is none."""
    if name not in host.prepared:
        raise InvalidSqlStatementName(f'prepared statement "{name}" does not exist')
    return host.prepared[name]


def arguments(statement: st.Execute, host: Host) -> tuple[Prepared, tuple[Bound, ...]]:
    """The prepared statement and the values EXECUTE gives its parameters."""
    prepared = find(host, statement.name)
    wanted, given = len(prepared.types), len(statement.arguments)
    if wanted != given:
        message = f'wrong number of parameters for prepared statement "{statement.name}"'
        raise SyntaxError(message, detail=f"Expected {wanted} parameters but got {given}.")
    values = tuple(host.value_of(tree, type) for tree, type in zip(statement.arguments, prepared.types, strict=True))
    return prepared, tuple(zip(prepared.types, values, strict=True))


@command(st.Execute)
def execute(statement: st.Execute, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """EXECUTE."""
    prepared, values = arguments(statement, host)
    return host.run(host.bind(prepared.query, values), values)


@command(st.Deallocate)
def deallocate(statement: st.Deallocate, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """DEALLOCATE."""
    if statement.name is None:
        host.prepared.clear()
        return done("DEALLOCATE ALL")
    find(host, statement.name)
    del host.prepared[statement.name]
    return done("DEALLOCATE")
