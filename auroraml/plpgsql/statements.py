"""Running the SQL of a body: statements with INTO, loops over rows, EXECUTE, GET DIAGNOSTICS."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.batch import Batch, Vector, concat_batches, from_datums
from auroraml.errors import (
    DatabaseError,
    DatatypeMismatch,
    FeatureNotSupported,
    NoDataFound,
    NullValueNotAllowed,
    StackedDiagnosticsAccessedWithoutActiveHandler,
    TooManyRows,
)
from auroraml.errors import SyntaxError as SqlSyntaxError
from auroraml.plpgsql import tree
from auroraml.plpgsql.activation import Activation
from auroraml.plpgsql.assigning import assign, move_row
from auroraml.plpgsql.expressions import evaluate, inside, prepared, run, shape_of
from auroraml.plpgsql.interpreter import GO_ON, over_rounds, put_text, runs, set_found
from auroraml.plpgsql.reader import read_sql
from auroraml.plpgsql.values import Shape, is_null, misfit, row_of
from auroraml.plpgsql.variables import Names, Scalar, Variable
from auroraml.sql import statements as st
from auroraml.types.pg_type import Rep
from auroraml.types.table import INT8
from auroraml.types.text import datum_out

REFUSED: tuple[type, ...] = (st.Begin, st.Commit, st.Rollback, st.Savepoint, st.Release, st.RollbackTo)


class Answer:
    """What a statement gave: rows and their shape (None: it gives none), rows changed, whether it is one that FOUND tells of."""

    __slots__ = ("changed", "counted", "rows", "selects", "shape", "text")

    def __init__(self, rows: Batch | None, shape: Shape | None, changed: int, counted: bool, selects: bool) -> None:
        self.rows = rows
        self.shape = shape
        self.changed = changed
        self.counted = counted
        self.selects = selects
        self.text = ""  # of the statement

    @property
    def n(self) -> int:
        """Rows given."""
        return 0 if self.rows is None else self.rows.n

    @property
    def processed(self) -> int:
        """Rows changed, or of a query given."""
        return self.n if self.selects else self.changed


def answer(act: Activation, sql: tree.Sql) -> Answer:
    """Run a statement; its errors tell where they are."""
    if isinstance(sql.parsed, REFUSED):
        raise FeatureNotSupported("unsupported transaction command in PL/pgSQL")
    if isinstance(sql.parsed, st.Copy) and sql.parsed.file is None:
        raise FeatureNotSupported("cannot COPY to/from client in PL/pgSQL")
    found = _answer(act, sql)
    found.text = sql.text
    return found


def _answer(act: Activation, sql: tree.Sql) -> Answer:
    try:
        if not isinstance(sql.parsed, st.Query):
            return _utility(act, sql.parsed)
        found = prepared(act, sql)
        rows, changed = run(act, found)
        shape = found.row_shape() if found.bound.columns else None
        return Answer(rows, shape, changed, True, found.bound.tag == "SELECT")
    except DatabaseError as error:
        inside(act, sql, error, "SQL statement")
        raise


def _utility(act: Activation, statement: st.Statement) -> Answer:
    act.settle()
    stream = act.host.execute_inside(statement)
    parts = []
    while (batch := stream.pull()) is not None:
        parts.append(batch)
    act.ctx.catalog = act.host.catalog
    shape = None if stream.columns is None else shape_of(stream.columns)
    return Answer(concat_batches(parts) if parts else None, shape, max(stream.rowcount, 0), False, False)


def finish(act: Activation, found: Answer, into: tree.Targets | None, strict: bool, *, changes: bool) -> None:
    """INTO, FOUND and ROW_COUNT; an answer needs a destination."""
    if found.counted:
        set_found(act, found.processed > 0)
    act.row_count = found.processed
    if into is None:
        return
    if found.shape is None:
        raise SqlSyntaxError("INTO used with a command that cannot return data")
    if found.n == 0:
        if strict:
            raise NoDataFound("query returned no rows")
        move_row(act, into, found.shape, None)
    elif found.n > 1 and (strict or changes):
        raise TooManyRows("query returned more than one row", hint="Make sure the query returns a single row, or use LIMIT 1.")
    else:
        move_row(act, into, found.shape, found.rows)
    if found.selects:
        act.row_count = min(found.n, 1)


@runs(tree.Execute)
def run_execute(act: Activation, node: tree.Execute) -> int:
    """A SQL statement."""
    found = answer(act, node.sql)
    if node.into is None and found.shape is not None:
        hint = "If you want to discard the results of a SELECT, use PERFORM instead." if found.selects else None
        raise SqlSyntaxError("query has no destination for result data", hint=hint)
    finish(act, found, node.into, node.strict, changes=not found.selects)
    return GO_ON


@runs(tree.Perform)
def run_perform(act: Activation, node: tree.Perform) -> int:
    """PERFORM."""
    found = answer(act, node.sql)
    set_found(act, found.n > 0)
    act.row_count = found.n
    return GO_ON


@runs(tree.Rows)
def run_rows(act: Activation, node: tree.Rows) -> int:
    """FOR over a query's rows: all are there before the first round."""
    return _over(act, answer(act, node.query), node.name, node.targets, node.body)


def _over(act: Activation, found: Answer, name: str | None, targets: tree.Targets, body: tree.Body) -> int:
    shape = found.shape
    if shape is None:
        raise SqlSyntaxError("cannot open multi-query plan as cursor")
    if not found.n:
        move_row(act, targets, shape, None)
    return over_rounds(act, name, found.n, lambda number: move_row(act, targets, shape, found.rows, number), body)


# EXECUTE


def _dynamic(act: Activation, text: tree.Sql, using: Sequence[tree.Sql]) -> Answer:
    value, type = evaluate(act, text)
    if is_null(value):
        raise NullValueNotAllowed("query string argument of EXECUTE is null")
    query = datum_out(type, value.datum(0), act.host.style)
    arguments: list[Variable] = []
    base = len(act.function.variables)
    try:
        for number, sql in enumerate(using):
            given, given_type = evaluate(act, sql)
            variable = Scalar(name=f"${number + 1}", number=base + number, type=given_type)
            arguments.append(variable)
            act.cells.append(given)
        parsed = _read(query, Names(arguments=arguments))
        found = answer(act, parsed)
        act.function.prepared.pop(parsed, None)
        return found
    finally:
        del act.cells[base:]


def _read(query: str, names: Names) -> tree.Sql:
    """The text of EXECUTE; its syntax errors stand at their places in it."""
    try:
        return read_sql(query, 0, names)
    except DatabaseError as error:
        if error.diag.statement_position is not None:
            error.diag.internal_query, error.diag.internal_position = query, error.diag.statement_position
            error.diag.statement_position = None
        raise


@runs(tree.Dynamic)
def run_dynamic(act: Activation, node: tree.Dynamic) -> int:
    """EXECUTE; FOUND stays as it is."""
    found = _dynamic(act, node.text, node.using)
    found.counted = False
    finish(act, found, node.into, node.strict, changes=False)
    return GO_ON


@runs(tree.DynamicRows)
def run_dynamic_rows(act: Activation, node: tree.DynamicRows) -> int:
    """FOR over the rows of a query made at run time."""
    return _over(act, _dynamic(act, node.text, node.using), node.name, node.targets, node.body)


# Rows of a set-returning function


@runs(tree.ReturnNext)
def run_return_next(act: Activation, node: tree.ReturnNext) -> int:
    """RETURN NEXT."""
    shape = act.function.result_shape()
    if node.variable is None and node.value is None:
        values = [act.value(variable.number, -1) for variable in act.function.outputs]
    elif node.variable is not None:
        row = act.row(node.variable)
        if misfit(row.shape, shape, act.host.type_text) is not None:
            raise DatatypeMismatch("wrong record type supplied in RETURN NEXT", detail=misfit(row.shape, shape, act.host.type_text))
        values = [row.get(i) for i in range(len(shape.types))]
    else:
        assert node.value is not None
        values = _next_values(act, node.value, shape)
    act.rows.append(Batch.of([value.flat() for value in values], 1))
    return GO_ON


def _next_values(act: Activation, sql: tree.Sql, shape: Shape) -> list[Vector]:
    """An expression's value as a row of the result."""
    if not act.function.returns_rows:
        value, _ = evaluate(act, sql, (shape.types[0], shape.typmods[0]))
        return [value]
    value, type = evaluate(act, sql)
    if type.rep is not Rep.STRUCT:
        raise DatatypeMismatch("cannot return non-composite value from function returning composite type")
    problem = misfit(act.function.shape(type), shape, act.host.type_text)
    if problem is not None:
        raise DatatypeMismatch("returned record type does not match expected record type", detail=problem)
    row = row_of(shape, value)
    return [row.get(i) for i in range(len(shape.types))]


@runs(tree.ReturnQuery)
def run_return_query(act: Activation, node: tree.ReturnQuery) -> int:
    """RETURN QUERY; FOUND says whether there was a row."""
    found = _dynamic(act, node.query, node.using) if node.dynamic else answer(act, node.query)
    if found.shape is None:
        raise SqlSyntaxError("cannot open multi-query plan as cursor")
    shape = act.function.result_shape()
    problem = misfit(found.shape, shape, act.host.type_text)
    if problem is not None:
        raise DatatypeMismatch("structure of query does not match function result type", detail=problem, context=f'SQL statement "{found.text}"')
    if found.rows is not None and found.n:
        act.rows.append(found.rows.select(range(len(shape.types))))
    act.row_count = found.n
    set_found(act, found.n > 0)
    return GO_ON


# GET DIAGNOSTICS


@runs(tree.Diagnostics)
def run_diagnostics(act: Activation, node: tree.Diagnostics) -> int:
    """GET [STACKED] DIAGNOSTICS."""
    if node.stacked and act.failure is None:
        raise StackedDiagnosticsAccessedWithoutActiveHandler("GET STACKED DIAGNOSTICS cannot be used outside an exception handler")
    for target, item in node.items:
        if item == "row_count":
            assign(act, target, from_datums(INT8, [act.row_count]), (INT8, -1))
        else:
            put_text(act, target, _stacked(act, item))
    return GO_ON


def _stacked(act: Activation, item: str) -> str:
    diag = act.failure
    assert diag is not None
    found = {
        "returned_sqlstate": diag.sqlstate, "message_text": diag.message_primary, "pg_exception_detail": diag.message_detail,
        "pg_exception_hint": diag.message_hint, "pg_exception_context": diag.context, "schema_name": diag.schema_name,
        "table_name": diag.table_name, "column_name": diag.column_name, "constraint_name": diag.constraint_name,
        "pg_datatype_name": diag.datatype_name,
    }[item]  # fmt: skip
    return found or ""
