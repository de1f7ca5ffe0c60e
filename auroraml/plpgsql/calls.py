"""Calls: a function's arguments in, its result out, errors with the lines that say where; what was read of bodies is kept for the session."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Protocol

from auroraml.batch import Batch, StructVector, Vector, concat, concat_batches, from_datums
from auroraml.errors import DatabaseError, DatatypeMismatch, FunctionExecutedNoReturnStatement, StatementTooComplex
from auroraml.evaluate.call import null
from auroraml.executor.context import ExecutionContext
from auroraml.ir.objects import Function
from auroraml.plpgsql import raised, statements
from auroraml.plpgsql.activation import Activation, Host, add_context
from auroraml.plpgsql.assigning import move
from auroraml.plpgsql.expressions import cast
from auroraml.plpgsql.function import Compiled, compiled, returns
from auroraml.plpgsql.interpreter import RETURN, run_block, set_found
from auroraml.plpgsql.parser import Types
from auroraml.plpgsql.values import Row, Value, is_null, misfit
from auroraml.plpgsql.variables import Record, Variable
from auroraml.types.pg_type import PgType, Rep
from auroraml.types.table import VOID

RUN = (raised, statements)  # each registers what it runs
DEPTH = 6_000  # Python calls inside one another, of which a nested trigger takes some twenty: Python's own limit would end at forty of those
CASTING = "while casting return value to function's return type"


class Session(Host, Types, Protocol):
    """What calls need of a session."""


class Bodies:
    """The bodies a session has read, by function and by the table whose trigger calls it."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[Function, object, Compiled]] = {}

    def of(self, function: Function, host: Session, table: int = 0) -> Compiled:
        """The body of a function, read anew where it or a row type it uses is another."""
        key = (function.oid, table)
        known = self._known.get(key)
        catalog = host.catalog
        if known is not None and known[0] is function and (known[1] is catalog or _types_hold(known[2], host)):
            if known[1] is not catalog:
                self._known[key] = function, catalog, known[2]
            return known[2]
        made = compiled(function, function.source, host)
        self._known[key] = function, catalog, made
        return made


def _types_hold(body: Compiled, host: Host) -> bool:
    """Whether the composite types of a body's variables are as they were."""
    types = (v.type for v in body.variables if v.type is not None and v.type.rep is Rep.STRUCT)
    return all(host.catalog.find_type_oid(type.oid) is type for type in types)


def nothing() -> None:
    """Nothing has to be done first."""


def run_to_end(act: Activation) -> bool:
    """Run a body; whether it came to a RETURN. Errors get the line that says where."""
    if sys.getrecursionlimit() < DEPTH:
        sys.setrecursionlimit(DEPTH)
    try:
        block = act.function.block
        act.node = block
        ended = run_block(act, block)
        act.node = None
        return ended == RETURN
    except DatabaseError as error:
        if error is not act.told:
            add_context(error.diag, act.where())
        raise
    except RecursionError as error:
        raise StatementTooComplex(
            "stack depth limit exceeded",
            hint='Increase the configuration parameter "max_stack_depth" (currently 2048kB), after ensuring the platform\'s stack depth limit is '
                 "adequate.",
        ) from error  # fmt: skip


def begin_all(act: Activation) -> None:
    """The variables of the function itself as they are at its beginning."""
    act.begin(act.function.found)
    set_found(act, False)


def _take(act: Activation, variable: Variable, value: Vector) -> None:
    act.begin(variable)
    if isinstance(variable, Record):
        shape = act.function.shape(variable.type) if variable.type is not None else None
        flat = value.flat()
        assert isinstance(flat, StructVector) and shape is not None
        missing = not bool(flat.valid[0])
        move(act, variable, shape, None if missing else [field.flat() for field in flat.fields])
    else:
        act.cells[variable.number] = value


def call_function(function: Function, args: Sequence[Vector], n: int, ctx: ExecutionContext, host: Session, bodies: Bodies) -> Vector:
    """A function for each of `n` rows, one after the other: each call may see what the one before did."""
    parts = [_result(function, act, run_to_end(act)) for act in _activations(function, args, n, ctx, host, bodies)]
    return concat([part.flat() for part in parts]) if parts else null(function.result).slice(0, 0)


def call_for_rows(
    function: Function, args: Sequence[Vector], n: int, ctx: ExecutionContext, host: Session, bodies: Bodies
) -> tuple[Batch, list[int]]:  # fmt: skip
    """The rows of a set-returning function for each of `n` rows, and which of them each belongs to."""
    parts: list[Batch] = []
    owners: list[int] = []
    for row, act in enumerate(_activations(function, args, n, ctx, host, bodies)):
        run_to_end(act)
        for batch in act.rows:
            parts.append(batch)
            owners += [row] * batch.n
    if not parts:
        types = bodies.of(function, host).result_shape().types
        return Batch.of([null(type).slice(0, 0) for type in types], 0), owners
    return concat_batches(parts), owners


def _activations(
    function: Function, args: Sequence[Vector], n: int, ctx: ExecutionContext, host: Session, bodies: Bodies
) -> Iterator[Activation]:  # fmt: skip
    """A call for each of `n` rows, its parameters filled in."""
    body = bodies.of(function, host)
    inner = ctx.nested({})
    inner.catalog = host.catalog
    for row in range(n):
        act = Activation(body, host, inner, nothing)
        for variable in body.outputs:
            act.begin(variable)
        for variable, arg in zip(body.arguments, args, strict=True):
            _take(act, variable, arg.flat().slice(row, row + 1) if arg.n != 1 else arg.flat())
        begin_all(act)
        yield act


def _result(function: Function, act: Activation, returned: bool) -> Vector:
    kind = returns(function)
    if kind == "void":
        return from_datums(VOID, [""])
    if kind == "out":
        return _outputs(act)
    try:
        if not returned:
            raise FunctionExecutedNoReturnStatement("control reached end of function without RETURN")
        act.phase = CASTING
        found: Value | None = act.result
        if found is None:
            return null(function.result)
        assert act.result_type is not None
        value = found.whole() if isinstance(found, Row) else found
        if function.result.rep is Rep.STRUCT and act.result_type.oid != function.result.oid and not is_null(value):
            return _fitting(function.result, act, value)
        return cast(act, value, (act.result_type, -1), (function.result, -1))
    except DatabaseError as error:
        add_context(error.diag, act.where())
        raise


def _fitting(result: PgType, act: Activation, value: Vector) -> Vector:
    """A row as one of the function's type, if it is one."""
    assert act.result_type is not None
    if act.result_type.rep is not Rep.STRUCT:
        raise DatatypeMismatch("cannot return non-composite value from function returning composite type")
    problem = misfit(act.function.shape(act.result_type), act.function.shape(result), act.host.type_text)
    if problem is not None:
        raise DatatypeMismatch("returned record type does not match expected record type", detail=problem)
    return value


def _outputs(act: Activation) -> Vector:
    values = [act.value(variable.number, -1) for variable in act.function.outputs]
    return values[0] if len(values) == 1 else StructVector([value.flat() for value in values], 1)


def run_anonymous(text: str, ctx: ExecutionContext, host: Session) -> None:
    """DO."""
    act = Activation(compiled(None, text, host), host, ctx, nothing)
    begin_all(act)
    run_to_end(act)
