"""Procedures: a session's PL/pgSQL bodies, and what running them asks of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from auroraml.batch import Batch, Vector
from auroraml.executor.context import ExecutionContext
from auroraml.executor.run import Running, run
from auroraml.executor.triggers import TableTriggers
from auroraml.ir.bound import BoundStatement
from auroraml.ir.objects import Function, Relation, Trigger
from auroraml.ir.physical import PhysicalPlan
from auroraml.plpgsql.calls import Bodies, call_for_rows, call_function, run_anonymous
from auroraml.plpgsql.triggers import TriggerCaller
from auroraml.session.part import SessionPart
from auroraml.settings.identity import ROLE
from auroraml.types.pg_type import PgType


class Procedures(SessionPart):
    """Methods of Session."""

    _bodies: Bodies | None = None

    def _refuse_writes(self, bound: BoundStatement) -> None:
        """25006 where a read-only transaction is about to change rows."""
        raise NotImplementedError

    def _enter(self, bound: BoundStatement) -> None:
        """Note the relations that a statement uses."""
        raise NotImplementedError

    def context(self) -> ExecutionContext:
        """What a statement runs in."""
        raise NotImplementedError

    @property
    def current_role(self) -> str:
        """The current role's name."""
        raise NotImplementedError

    @property
    def bodies(self) -> Bodies:
        """The bodies read so far."""
        if self._bodies is None:
            self._bodies = Bodies()
        return self._bodies

    def row_type(self, relation: Relation) -> PgType:
        """The composite type of a relation's rows."""
        return self.catalog.type(relation.row_type)

    def run_procedural(self, function: Function, args: list[Vector], n: int, ctx: ExecutionContext) -> Vector:
        """A PL/pgSQL function for each of `n` rows."""
        host: Any = self
        return call_function(function, args, n, ctx, host, self.bodies)

    def procedural_rows(self, function: Function, args: Sequence[Vector], n: int, ctx: ExecutionContext) -> tuple[Batch, list[int]]:
        """The rows of a set-returning PL/pgSQL function for each of `n` rows, and which of them each belongs to."""
        host: Any = self
        return call_for_rows(function, args, n, ctx, host, self.bodies)

    def trigger_caller(self, trigger: Trigger, relation: Relation, ctx: ExecutionContext, settle: Callable[[], None]) -> TriggerCaller:
        """What calls a trigger's function in one statement."""
        host: Any = self
        return TriggerCaller(trigger, relation, ctx, host, self.bodies, settle)

    @contextlib.contextmanager
    def acting_as(self, owner: int) -> Iterator[None]:
        """What is done inside is done as a role, by its OID: as foreign keys' actions are the table's owner's."""
        role, before = self.catalog.role_by_oid(owner), self.settings[ROLE]
        if role is None or role.name == self.current_role:
            yield
            return
        self.settings.put(ROLE, role.name, local=True)
        try:
            yield
        finally:
            self.settings.put(ROLE, before, local=True)

    def fire_truncate(self, relations: Sequence[Relation], *, before: bool) -> None:
        """Call the TRUNCATE triggers of tables."""
        for relation in relations:
            if relation.triggers:
                TableTriggers(relation, (), self.context(), lambda: None).once("truncate", before=before)

    def run_block(self, text: str) -> None:
        """DO."""
        host: Any = self
        run_anonymous(text, self.context(), host)

    def run_inside(self, plan: PhysicalPlan, bound: BoundStatement, ctx: ExecutionContext) -> Running:
        """Run a plan inside the running statement."""
        self._refuse_writes(bound)
        self._enter(bound)
        return run(plan, ctx)

    @contextlib.contextmanager
    def subtransaction(self) -> Iterator[None]:
        """What is done inside is undone if it raises."""
        transaction, settings = self.transaction, self.settings
        depth = transaction.savepoint()
        settings.push()
        frame = settings.depth - 1
        try:
            yield
        except BaseException:
            transaction.rollback_to(depth)
            transaction.release(depth)
            settings.rollback(frame)
            settings.release()
            raise
        transaction.release(depth)
        while settings.depth > frame:
            settings.release()
