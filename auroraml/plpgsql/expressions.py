"""SQL of a body made ready once: bound with variables as parameters, compiled where it is a plain expression, planned where it is more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auroraml.batch import Batch, Vector, concat_batches
from auroraml.errors import CardinalityViolation, DatabaseError, UndefinedColumn
from auroraml.errors import SyntaxError as SqlSyntaxError
from auroraml.evaluate import Evaluator, Frame, compile
from auroraml.evaluate.call import null
from auroraml.evaluate.calling import plain_targets
from auroraml.executor.loops import Key
from auroraml.executor.operator import ALL
from auroraml.executor.run import Running
from auroraml.ir import expr as e
from auroraml.ir.bound import BoundStatement
from auroraml.ir.logical import Output
from auroraml.ir.physical import PhysicalPlan
from auroraml.ir.tree import walk
from auroraml.planner.binder import bind
from auroraml.planner.binder.coercion import Coercer
from auroraml.planner.rules.fold_constants import Folder
from auroraml.plpgsql.activation import Activation, Host, add_context
from auroraml.plpgsql.tree import Sql
from auroraml.plpgsql.values import Shape
from auroraml.plpgsql.variables import Record, Scalar, Variable
from auroraml.records import replace
from auroraml.sql import statements as st
from auroraml.types.pg_type import PgType, Rep
from auroraml.types.table import TEXT, UNKNOWN

if TYPE_CHECKING:
    from auroraml.catalog.catalog import Catalog
    from auroraml.pipeline.dependencies import Dependencies
    from auroraml.planner.binder import Names

FIELDS = 1_000_000  # parameters from here on are fields of records
MOST_FIELDS = 2_000
ONE = Batch([], 1)
Wanted = tuple[PgType, int] | None  # the type and typmod that a value is assigned to


class Bindings:
    """The variables that one piece of SQL reads, as parameters of it."""

    def __init__(self, sql: Sql, act: Activation) -> None:
        self.sql = sql
        self.act = act
        self.inputs: dict[Key, tuple[int, int]] = {}
        self.shapes: dict[int, Shape] = {}

    def find(self, names: tuple[str, ...], at: int) -> e.Expr | None:
        """What a dotted name means, if it is a variable's."""
        resolved = self.sql.names.resolve(names)
        if resolved is None or (resolved[1] and not isinstance(resolved[0], Record)) or len(resolved[1]) > 1:
            return None
        variable, rest = resolved
        if rest:
            assert isinstance(variable, Record)
            return self._field(variable, rest[0], at)
        return self._whole(variable, at)

    def argument(self, number: int, at: int) -> e.Expr | None:
        """$number."""
        found = self.sql.names.argument(number)
        return None if found is None else self._whole(found, at)

    def _whole(self, variable: Variable, at: int) -> e.Expr:
        number = variable.number + 1
        self.inputs["external", number] = (variable.number, -1)
        if isinstance(variable, Scalar):
            return e.ParamRef(type=variable.type, typmod=variable.typmod, number=number, name=variable.name, at=at)
        shape = self._shape(variable)
        return e.ParamRef(type=shape.type, number=number, name=variable.name, at=at)

    def _field(self, record: Record, name: str, at: int) -> e.Expr:
        shape = self._shape(record)
        place = shape.places.get(name)
        if place is None:
            raise UndefinedColumn(f'record "{record.name}" has no field "{name}"')
        number = FIELDS + record.number * MOST_FIELDS + place
        self.inputs["external", number] = (record.number, place)
        return e.ParamRef(type=shape.types[place], typmod=shape.typmods[place], number=number, name=name, at=at)

    def _shape(self, record: Record) -> Shape:
        shape = self.shapes[record.number] = self.act.row(record).shape
        return shape


@dataclass(kw_only=True, eq=False)
class Prepared:
    """A piece of SQL made ready, and what has to be as it was for it to be so still."""

    bound: BoundStatement
    inputs: tuple[tuple[Key, int, int], ...]
    shapes: tuple[tuple[int, Shape], ...]
    depends: Dependencies
    role: str
    catalog: Catalog
    names: Names
    wanted: Wanted
    evaluator: Evaluator | None = None
    pure: bool = False  # reads and does nothing beside its parameters
    type: PgType | None = None  # of an expression, before it is cast
    plan: PhysicalPlan | None = None
    shape: Shape | None = field(default=None)  # of its rows

    def ready(self, act: Activation, wanted: Wanted) -> bool:
        """Whether it can be used for this call."""
        host = act.host
        if self.shapes and not act.shapes(self.shapes):
            return False
        if self.catalog is not host.catalog or self.names is not host.names:
            if not host.hold(self.depends):
                return False
            self.catalog, self.names = host.catalog, host.names
        return self.role == host.current_role and self.wanted == wanted

    def parameters(self, act: Activation) -> dict[Key, Vector]:
        """The values of the variables it reads."""
        return {key: act.value(number, place) for key, number, place in self.inputs}

    def row_shape(self) -> Shape:
        """The shape of the rows it gives."""
        if self.shape is None:
            self.shape = shape_of(self.bound.columns)
        return self.shape


def shape_of(columns: tuple[Output, ...]) -> Shape:
    """The shape of rows with these columns."""
    return Shape([c.name for c in columns], [c.type for c in columns], [c.typmod for c in columns])


def inside(act: Activation, sql: Sql, error: DatabaseError, described: str) -> None:
    """An error in embedded SQL: where it has a place, its place in that SQL; else a line that says which (_SPI_error_callback)."""
    diag = error.diag
    if error is act.told:
        return
    if diag.statement_position is not None:
        diag.internal_query = sql.shown
        diag.internal_position = max(diag.statement_position - sql.lead + sql.ahead, 1)
        diag.statement_position = None
    else:
        add_context(diag, f'{described} "{sql.shown}"')


def prepared(act: Activation, sql: Sql, wanted: Wanted = None, *, value: bool = False) -> Prepared:
    """The SQL made ready for this call; `value`: as an expression, cast to what is wanted."""
    found = act.function.prepared.get(sql)
    if found is not None and found.ready(act, wanted):
        return found
    found = act.function.prepared[sql] = _prepare(act, sql, wanted, value)
    return found


def _prepare(act: Activation, sql: Sql, wanted: Wanted, value: bool) -> Prepared:
    host, statement = act.host, sql.parsed
    assert isinstance(statement, st.Query)
    bindings = Bindings(sql, act)
    bound = bind(statement, host.catalog, host.names, (), host.style, bindings)
    bound = replace(bound, parallel=False)
    made = Prepared(
        bound=bound, inputs=tuple((key, number, place) for key, (number, place) in bindings.inputs.items()), shapes=tuple(bindings.shapes.items()),
        depends=host.dependencies(bound), role=host.current_role, catalog=host.catalog, names=host.names, wanted=wanted,
    )  # fmt: skip
    host.admit(bound)
    if not value:
        return made
    if len(bound.columns) != 1:
        raise one_column(sql, len(bound.columns))
    made.type = bound.columns[0].type
    plain = plain_targets(bound.plan)
    if len(plain) == 1 and not any(isinstance(part, e.WindowCall | e.Aggregate) or _set(part) for part in walk(plain[0])):
        fold = Folder(act.ctx)
        if wanted is None:
            expr = fold(plain[0])
        elif sql.assigned:
            expr = fold(coerced(host, _literal(plain[0]), wanted))
        else:  # the cast is no part of what PostgreSQL plans
            expr = coerced(host, fold(plain[0]), wanted)
        made.pure = not any(_outside(part) for part in walk(expr))
        made.evaluator = compile(expr)
    return made


def _literal(expr: e.Expr) -> e.Expr:
    """A string literal as one of no type yet: it is read as what it is assigned to."""
    return replace(expr, type=UNKNOWN) if isinstance(expr, e.Const) and expr.type.oid == TEXT.oid and expr.at is not None else expr


def _set(part: object) -> bool:
    return isinstance(part, e.Call) and part.function.returns_set


def _outside(part: object) -> bool:
    """Whether an expression's node may read or do something outside."""
    function = part.function if isinstance(part, e.Call | e.OpCall) else None
    return function is not None and (function.volatility == "v" or function.schema != "pg_catalog" or function.language not in ("internal", "c"))


def one_column(sql: Sql, n: int) -> SqlSyntaxError:
    """42601 for an expression of several values."""
    if sql.assigned:
        return SqlSyntaxError(f"assignment source returned {n} columns")
    return SqlSyntaxError(f"query returned {n} columns" if n != 1 else "query returned 1 column", context=f"query: {sql.text}")


def coerced(host: Host, expr: e.Expr, wanted: tuple[PgType, int]) -> e.Expr:
    """`expr` as it is assigned to a variable: where there is no cast, by its text (COERCION_PLPGSQL)."""
    type, typmod = wanted
    coercer = Coercer(host.catalog, host.style, {})
    if expr.type.oid == type.oid and expr.type.rep is not Rep.STRUCT:
        return coercer.coerce(expr, type, typmod, "assignment")
    if coercer.can(expr.type, type, "assignment"):
        return coercer.coerce(expr, type, typmod, "assignment")
    return coercer.coerce(e.ViaText(type=type, arg=expr, implicit=True), type, typmod, "assignment")


def evaluate(act: Activation, sql: Sql, wanted: Wanted = None) -> tuple[Vector, PgType]:
    """The value of an expression, cast to what is wanted, and the type it had before."""
    described = "PL/pgSQL assignment" if sql.assigned else "SQL expression"
    found = act.function.prepared.get(sql)
    if found is None or not found.ready(act, wanted):
        try:
            found = prepared(act, sql, wanted, value=True)
        except DatabaseError as error:
            inside(act, sql, error, described)
            raise
    assert found.type is not None
    if found.evaluator is not None:
        if not found.pure:
            act.settle()
        frame = Frame(n=1, sides=(ONE,), params=found.parameters(act), ctx=act.ctx)
        return found.evaluator(frame).flat(), found.type
    try:
        rows, _ = run(act, found)
    except DatabaseError as error:
        inside(act, sql, error, described)
        raise
    act.row_count = 0 if rows is None else rows.n
    if rows is None or not rows.n:
        return null(wanted[0] if wanted is not None else found.type), found.type
    if rows.n > 1:
        raise CardinalityViolation("query returned more than one row", context=f"query: {sql.text}")
    result = rows.vector(0).flat()
    column = found.bound.columns[0]
    return (result if wanted is None else cast(act, result, (column.type, column.typmod), wanted)), found.type


def run(act: Activation, found: Prepared) -> tuple[Batch | None, int]:
    """The rows of a query or DML statement, and how many rows it changed."""
    act.settle()
    if found.plan is None:
        found.plan = act.host.plan(found.bound)
    else:
        act.host.admit(found.bound)
    ctx = act.ctx.nested(dict(found.parameters(act)))
    ctx.catalog = act.host.catalog
    running = act.host.run_inside(found.plan, found.bound, ctx)
    try:
        return _drained(running), running.affected
    finally:
        running.close()


def _drained(running: Running) -> Batch | None:
    parts = []
    while (batch := running.pull(ALL)) is not None:
        parts.append(batch)
    return parts[0] if len(parts) == 1 else concat_batches(parts) if parts else None


def cast(act: Activation, value: Vector, source: tuple[PgType, int], wanted: tuple[PgType, int]) -> Vector:
    """A value of one type as another, as assignments cast."""
    type, typmod = wanted
    if source[0].oid == type.oid and type.rep is not Rep.STRUCT and (typmod < 0 or typmod == source[1]):
        return value
    key = (source[0], wanted)
    evaluator = act.function.casts.get(key)
    if evaluator is None:
        ref = e.ParamRef(type=source[0], typmod=source[1], number=1)
        evaluator = act.function.casts[key] = compile(coerced(act.host, ref, wanted))
    params: Mapping[Key, Vector] = {("external", 1): value}
    return evaluator(Frame(n=1, sides=(ONE,), params=params, ctx=act.ctx)).flat()
