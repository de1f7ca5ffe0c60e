"""Activation: one call of a function while it runs: its variables' values, where it stands, and what it may ask of the session."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from auroraml.batch import Batch, Vector
from auroraml.errors import DatabaseError, Diagnostic, ObjectNotInPrerequisiteState
from auroraml.evaluate.call import null
from auroraml.executor.context import ExecutionContext
from auroraml.executor.run import Running
from auroraml.ir.bound import BoundStatement
from auroraml.ir.physical import PhysicalPlan
from auroraml.pipeline.dependencies import Dependencies
from auroraml.pipeline.result import ResultStream
from auroraml.plpgsql.values import Row, Shape, Value
from auroraml.plpgsql.variables import Record, Scalar, Variable
from auroraml.sql import statements as st
from auroraml.types.form import TextStyle
from auroraml.types.pg_type import PgType

if TYPE_CHECKING:
    from auroraml.catalog.catalog import Catalog
    from auroraml.planner.binder import Names
    from auroraml.plpgsql.function import Compiled
    from auroraml.plpgsql.tree import Node


class Host(Protocol):
    """The session as running functions see it."""

    settings: Any

    @property
    def catalog(self) -> Catalog:
        """The catalog as it is now."""

    @property
    def names(self) -> Names:
        """The search path."""

    @property
    def style(self) -> TextStyle:
        """How values are written."""

    @property
    def current_role(self) -> str:
        """The current role's name."""

    def admit(self, bound: BoundStatement) -> object:
        """Check privileges."""

    def plan(self, bound: BoundStatement) -> PhysicalPlan:
        """The plan of a bound statement."""

    def dependencies(self, bound: BoundStatement) -> Dependencies:
        """What a statement bound just now was made of."""

    def hold(self, depends: Dependencies) -> bool:
        """Whether all that a statement was made of is as it was."""

    def run_inside(self, plan: PhysicalPlan, bound: BoundStatement, ctx: ExecutionContext) -> Running:
        """Run a plan inside the running statement."""

    def execute_inside(self, statement: st.Statement) -> ResultStream:
        """Run a utility statement inside the running transaction."""

    def notice(
        self, message: str, *, severity: str = "NOTICE", sqlstate: str | None = "00000", detail: str | None = None, hint: str | None = None
    ) -> None:
        """Send a notice to the client."""

    def type_text(self, type: PgType) -> str:
        """A type as messages print it."""

    def subtransaction(self) -> contextlib.AbstractContextManager[None]:
        """What is done inside is undone if it raises."""


class Activation:
    """A call under way."""

    def __init__(self, function: Compiled, host: Host, ctx: ExecutionContext, settle: Callable[[], None]) -> None:
        self.function = function
        self.host = host
        self.ctx = ctx
        self._settle = settle
        self.told: DatabaseError | None = None  # an error whose CONTEXT needs no line of this call
        self.cells: list[Value | None] = [None] * len(function.variables)
        self.node: Node | None = None  # the statement at hand
        self.line = 0
        self.phase: str | None = None  # what is done between statements
        self.failure: Diagnostic | None = None  # the error that a handler handles
        self.row_count = 0
        self.left: str | None = None  # the label that EXIT or CONTINUE names
        self.result: Value | None = None  # of RETURN
        self.result_type: PgType | None = None
        self.rows: list[Batch] = []  # of RETURN NEXT and RETURN QUERY

    def settle(self) -> None:
        """Let the statement around do what it must have done before this call reads or tells anything; its errors are not this call's."""
        try:
            self._settle()
        except DatabaseError as error:
            self.told = error
            raise

    # Variables

    def begin(self, variable: Variable) -> None:
        """A variable as it is before anything is assigned to it."""
        if isinstance(variable, Scalar):
            self.cells[variable.number] = null(variable.type)
        else:
            self.cells[variable.number] = None if variable.type is None else Row.empty(self.function.shape(variable.type))

    def row(self, record: Record) -> Row:
        """The value of a record; 55000 before anything was assigned to it."""
        found = self.cells[record.number]
        if found is None:
            raise ObjectNotInPrerequisiteState(
                f'record "{record.name}" is not assigned yet', detail="The tuple structure of a not-yet-assigned record is indeterminate."
            )
        assert isinstance(found, Row)
        return found

    def value(self, number: int, place: int) -> Vector:
        """A variable's value; of a row, that of its field `place`, or the whole row (-1)."""
        found = self.cells[number]
        if isinstance(found, Row):
            return found.whole() if place < 0 else found.get(place)
        assert found is not None
        return found

    def shapes(self, records: Sequence[tuple[int, Shape]]) -> bool:
        """Whether records have the shapes they had."""
        for number, shape in records:
            found = self.cells[number]
            if not isinstance(found, Row) or found.shape is not shape:
                return False
        return True

    # Where it stands

    def where(self) -> str:
        """The CONTEXT line of an error that is raised now (plpgsql_exec_error_callback)."""
        name = f"PL/pgSQL function {self.function.signature(self.host)}"
        if self.phase is not None:
            return f"{name} line {self.line} {self.phase}" if self.line > 0 else f"{name} {self.phase}"
        return name if self.node is None else f"{name} line {self.node.line} at {self.node.label}"


def add_context(diag: Diagnostic, line: str) -> None:
    """A further line of CONTEXT."""
    diag.context = line if not diag.context else f"{diag.context}\n{line}"
