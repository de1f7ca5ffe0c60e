"""PREPARE, EXECUTE, DEALLOCATE."""

from __future__ import annotations

from collections.abc import Callable

from auroraml.commands.context import Bound, Host, command, done, handler_of
from auroraml.commands.plan_source import Chosen, PlanSource, made_anew
from auroraml.errors import DuplicatePreparedStatement, InvalidSqlStatementName, ReadOnlySqlTransaction, SyntaxError, WrongObjectType
from auroraml.ir.bound import BoundStatement
from auroraml.pipeline.parameters import fit, given
from auroraml.pipeline.result import ResultStream
from auroraml.records import dataclass, replace
from auroraml.settings.core import TRANSACTION_READ_ONLY
from auroraml.sql import statements as st


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A prepared statement: where its plans come from, and what pg_prepared_statements shows of it."""

    name: str
    source: PlanSource
    into: st.CreateTableAs | None = None  # of SELECT INTO
    text: str = ""
    created: int = 0
    from_sql: bool = True


@command(st.Prepare)
def prepare(statement: st.Prepare, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """PREPARE: parsed and bound now, so that errors come now."""
    if statement.name in host.prepared:
        raise DuplicatePreparedStatement(f'prepared statement "{statement.name}" already exists')
    declared = tuple(host.type_named(type)[0] for type in statement.types)
    into = statement.statement if isinstance(statement.statement, st.CreateTableAs) else None
    query = statement.statement if into is None else into.query
    assert isinstance(query, st.Query)
    source = PlanSource(query, host.bind(query, tuple((type, None) for type in declared)), host)
    host.prepared[statement.name] = Prepared(name=statement.name, source=source, into=into, text=statement.text[statement.start : statement.end],
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
    wanted, given = len(prepared.source.types), len(statement.arguments)
    if wanted != given:
        message = f'wrong number of parameters for prepared statement "{statement.name}"'
        raise SyntaxError(message, detail=f"Expected {wanted} parameters but got {given}.")
    values = tuple(host.value_of(tree, type) for tree, type in zip(statement.arguments, prepared.source.types, strict=True))
    return prepared, tuple(zip(prepared.source.types, values, strict=True))


def planned(creation: st.CreateTableAs, params: tuple[Bound, ...], host: Host) -> tuple[BoundStatement, tuple[Bound, ...], Callable[[], Chosen]]:
    """What CREATE TABLE AS fills its table with: the statement, the values of its parameters, and its plan once it is asked for."""
    query = creation.query
    if isinstance(query, st.Query):
        bound = host.bind(query, params)
        return bound, params, lambda: made_anew(bound, params, host)
    prepared, values = arguments(query, host)
    bound = prepared.source.current(host)
    if bound.tag != "SELECT" or (prepared.into is not None and not creation.into):
        prepared.source.choose(host, values)  # planned, and counted, before PostgreSQL looks what it is
        raise WrongObjectType("prepared statement is not a SELECT")
    return bound, values, lambda: prepared.source.choose(host, values)


def opened(chosen: Chosen, values: tuple[Bound, ...], host: Host) -> ResultStream:
    """The rows of a chosen plan."""
    return host.answer(chosen.plan, chosen.bound, values)


@command(st.Execute)
def execute(statement: st.Execute, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """EXECUTE."""
    creation = creation_by(statement, host)
    if creation is not None:
        if host.settings[TRANSACTION_READ_ONLY]:
            raise ReadOnlySqlTransaction("cannot execute SELECT INTO in a read-only transaction")
        handler = handler_of(st.CreateTableAs)
        assert handler is not None
        return handler(creation, host, ())
    prepared, values = arguments(statement, host)
    return run(prepared, values, host)


def creation_by(statement: st.Execute, host: Host) -> st.CreateTableAs | None:
    """The table that EXECUTE makes, where SELECT INTO was prepared."""
    into = find(host, statement.name).into
    return None if into is None else replace(into, query=statement)


def run(prepared: Prepared, values: tuple[Bound, ...], host: Host) -> ResultStream:
    """Run a prepared statement by the plan PostgreSQL would choose."""
    return opened(prepared.source.choose(host, values), values, host)


def run_named(name: str, query: st.Query, params: tuple[Bound, ...], host: Host) -> ResultStream:
    """Run a statement that the client has prepared under a name, which is done now where it was not (the protocol's Parse, Bind and Execute)."""
    prepared = host.prepared.get(name)
    if prepared is None:
        source = PlanSource(query, host.bind(query, params), host)
        prepared = host.prepared[name] = Prepared(name=name, source=source, text=query.text, created=host.started, from_sql=False)
    types = prepared.source.types
    return run(prepared, params if fit(types, params) else given(types, params, host.style), host)


@command(st.Deallocate)
def deallocate(statement: st.Deallocate, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """DEALLOCATE."""
    if statement.name is None:
        host.prepared.clear()
        return done("DEALLOCATE ALL")
    find(host, statement.name)
    del host.prepared[statement.name]
    return done("DEALLOCATE")
