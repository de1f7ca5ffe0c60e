"""Calls of trigger functions: OLD, NEW and the TG_ variables in, the row they return out."""

from __future__ import annotations

from collections.abc import Callable

from auroraml.batch import StructVector, Vector, from_datums
from auroraml.errors import DatabaseError, DatatypeMismatch, FunctionExecutedNoReturnStatement
from auroraml.evaluate import Frame
from auroraml.evaluate.calling import measured
from auroraml.executor.context import ExecutionContext
from auroraml.executor.fired_rows import RowValues
from auroraml.ir.objects import Relation, Trigger
from auroraml.plpgsql.activation import Activation, add_context
from auroraml.plpgsql.calls import Bodies, Session, begin_all, run_to_end
from auroraml.plpgsql.function import Compiled
from auroraml.plpgsql.values import Row, Shape, Value, misfit
from auroraml.plpgsql.variables import Scalar
from auroraml.settings.core import TRACK_FUNCTIONS
from auroraml.types.pg_type import PgArray
from auroraml.types.table import BY_NAME, INT4, OID, TEXT

TEXTS = BY_NAME["_text"]
EXIT = "during function exit"
CALL = 1.2e-5  # seconds of a call in virtual time, beside the function's statements


class TriggerRow(Row):
    """OLD or NEW: a row of the table, cut out of its batch column by column when it is read."""

    __slots__ = ("changed", "source")

    def __init__(self, shape: Shape, source: RowValues) -> None:
        super().__init__(shape, [None] * len(shape.types))
        self.source = source
        self.changed: dict[int, Vector] | None = None

    def read(self, place: int) -> Vector:
        """The value of a column."""
        return self.source.get(place)

    def put(self, place: int, value: Vector) -> None:
        """Assign to a column."""
        super().put(place, value)
        if self.changed is None:
            self.changed = dict(self.source.changed or {})
        self.changed[place] = value

    def result(self) -> RowValues:
        """The row as it is now."""
        return self.source if self.changed is None else RowValues(self.source.columns, self.source.row, self.changed)


class TriggerCaller:
    """Calls one trigger's function in one statement."""

    def __init__(
        self, trigger: Trigger, relation: Relation, ctx: ExecutionContext, host: Session, bodies: Bodies, settle: Callable[[], None]
    ) -> None:
        self.trigger = trigger
        self.ctx = ctx.nested({})
        self.ctx.catalog = host.catalog
        self.host = host
        self.settle = settle
        self.function = host.catalog.function(trigger.function)
        self.counted = host.settings[TRACK_FUNCTIONS] != "none"
        self.body: Compiled = bodies.of(self.function, host, relation.oid)
        self.shape = self.body.table_shape(relation, host.row_type(relation))
        self.template: list[Value | None] = self._template(relation)

    def _template(self, relation: Relation) -> list[Value | None]:
        """The variables at the beginning of each call, but OLD, NEW and TG_OP."""
        trigger, act = self.trigger, Activation(self.body, self.host, self.ctx, self.settle)
        begin_all(act)
        arguments = PgArray(trigger.arguments, (len(trigger.arguments),), (0,)) if trigger.arguments else None
        texts = {
            "tg_name": trigger.name, "tg_when": "BEFORE" if trigger.before else "AFTER", "tg_level": "ROW" if trigger.row else "STATEMENT",
            "tg_relname": relation.name, "tg_table_name": relation.name, "tg_table_schema": relation.schema,
        }  # fmt: skip
        for name, text in texts.items():
            act.cells[self.body.trigger[name].number] = from_datums(TEXT, [text])
        act.cells[self.body.trigger["tg_relid"].number] = from_datums(OID, [relation.oid])
        act.cells[self.body.trigger["tg_nargs"].number] = from_datums(INT4, [len(trigger.arguments)])
        act.cells[self.body.trigger["tg_argv"].number] = from_datums(TEXTS, [arguments], TEXT)
        return act.cells

    def _begin(self, operation: str) -> Activation:
        act = Activation(self.body, self.host, self.ctx, self.settle)
        act.cells = self.template.copy()
        self.ctx.user = self.host.current_role  # of an AFTER trigger that an owner's action has queued not the owner
        variable: Scalar = self.body.trigger["tg_op"]
        act.cells[variable.number] = from_datums(TEXT, [operation])
        return act

    def row(self, operation: str, old: RowValues | None, new: RowValues | None) -> RowValues | None:
        """Call it for a row; the row it returns."""
        act = self._begin(operation)
        assert self.body.new is not None and self.body.old is not None
        given = None if new is None else TriggerRow(self.shape, new)
        before = None if old is None else TriggerRow(self.shape, old)
        act.cells[self.body.new.number] = Row.empty(self.shape) if given is None else given
        act.cells[self.body.old.number] = Row.empty(self.shape) if before is None else before
        result = self._run(act)
        if not self.trigger.before or result is None:
            return None
        if isinstance(result, TriggerRow):
            return result.result()
        columns = new.columns if new is not None else old.columns if old is not None else ()
        return RowValues(columns, 0, dict(enumerate(self._fitting(act, result))))

    def statement(self, operation: str) -> None:
        """Call it for a statement; what it returns says nothing."""
        act = self._begin(operation)
        assert self.body.new is not None and self.body.old is not None
        act.cells[self.body.new.number] = act.cells[self.body.old.number] = Row.empty(self.shape)
        self._run(act)

    def _run(self, act: Activation) -> Row | None:
        """Run the body; the row it returns, None where that is NULL."""
        if self.ctx.pace is not None:
            self.ctx.clock.spend(CALL)
        if self.counted:
            returned = measured(self.function, Frame(n=1, ctx=self.ctx), lambda: run_to_end(act))
        else:
            returned = run_to_end(act)
        try:
            if not returned:
                raise FunctionExecutedNoReturnStatement("control reached end of trigger procedure without RETURN")
            act.phase = EXIT
            result = act.result
            if isinstance(result, Row):
                return None if result.missing else result
            if result is None or not bool(result.valid[0]):
                return None
            if not isinstance(result, StructVector) or act.result_type is None:
                raise DatatypeMismatch("cannot return non-composite value from function returning composite type")
            return Row(self.body.shape(act.result_type), [field.flat() for field in result.fields])
        except DatabaseError as error:
            add_context(error.diag, act.where())
            raise

    def _fitting(self, act: Activation, row: Row) -> list[Vector]:
        """A row of another variable, if it is one of the table's (convert_tuples_by_position)."""
        problem = misfit(row.shape, self.shape, self.host.type_text)
        if problem is not None:
            error = DatatypeMismatch("returned row structure does not match the structure of the triggering table", detail=problem)
            add_context(error.diag, act.where())
            raise error
        return [row.get(i) for i in range(len(row.shape.types))]
