"""Triggers of one statement on one table: which are called when, WHEN's conditions, the queue of AFTER ROW triggers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from auroraml.batch import Batch, Mask
from auroraml.evaluate import Evaluator, Frame, compile, truth
from auroraml.executor.fired_rows import RowValues, columns_of
from auroraml.ir import expr as e
from auroraml.ir.metrics import TriggerMetrics
from auroraml.ir.objects import EVENTS, OLD, Column, Relation, Trigger
from auroraml.ir.tree import rewrite

if TYPE_CHECKING:
    from auroraml.executor.context import ExecutionContext

Settle = Callable[[], None]


class Caller(Protocol):
    """What calls the function of one trigger."""

    def row(self, operation: str, old: RowValues | None, new: RowValues | None) -> RowValues | None:
        """Call it for a row; the row it returns."""

    def statement(self, operation: str) -> None:
        """Call it for a statement."""


class Ready:
    """A trigger that is called in this statement."""

    def __init__(self, trigger: Trigger, relation: Relation, columns: Sequence[Column], ctx: ExecutionContext, settle: Settle) -> None:
        self.trigger = trigger
        self.relation = relation
        self.ctx = ctx
        self.caller: Caller = ctx.host.trigger_caller(trigger, relation, ctx, settle)
        self.test: Evaluator | None = None
        if trigger.condition is not None:
            self.test = compile(rewrite(_with_rows(trigger.condition, columns), lambda node: _placed(node, columns)))
        self.width = len(columns)

    def wants(self, old: Batch | None, new: Batch | None, n: int) -> Mask:
        """The rows for which WHEN holds."""
        if self.test is None:
            return np.ones(n, np.bool_)
        nothing = Batch([], n)
        return np.array(truth(self.test(Frame(n=n, sides=(nothing if old is None else old, nothing if new is None else new), ctx=self.ctx)).flat()))

    def wants_row(self, old: RowValues | None, new: RowValues | None) -> bool:
        """Whether WHEN holds for a row."""
        return self.test is None or bool(self.wants(None if old is None else old.batch(), None if new is None else new.batch(), 1)[0])

    def call(self, operation: str, old: RowValues | None, new: RowValues | None) -> RowValues | None:
        """Call it for a row; what it returns."""
        if not self.ctx.measured:
            return self.caller.row(operation, old, new)
        return self._counted(lambda: self.caller.row(operation, old, new))

    def call_once(self, operation: str) -> None:
        """Call it for the statement."""
        if self.wants_row(None, None):
            if self.ctx.measured:
                self._counted(lambda: self.caller.statement(operation))
            else:
                self.caller.statement(operation)

    def _counted(self, call: Callable[[], RowValues | None]) -> RowValues | None:
        found = self.ctx.metrics.triggers.setdefault((self.relation.name, self.trigger.name), TriggerMetrics(relation=self.relation.name))
        started = self.ctx.clock.now()
        try:
            return call()
        finally:
            found.calls += 1
            found.time += (self.ctx.clock.now() - started) * 1000


def _placed(node: object, columns: Sequence[Column]) -> object | None:
    """A condition's column as a place: OLD is side 0, NEW side 1."""
    if not isinstance(node, e.ColumnRef):
        return None
    old = node.id > OLD
    place = next(i for i, c in enumerate(columns) if c.number == node.id % OLD)
    return e.InputRef(type=node.type, typmod=node.typmod, index=place, side=0 if old else 1, name=node.name)


def _with_rows(condition: e.Expr, columns: Sequence[Column]) -> e.Expr:
    """OLD.* and NEW.* of the columns there are now."""

    def change(node: object) -> object | None:
        if not isinstance(node, e.RowExpr) or not node.whole:
            return None
        base = OLD if node.whole == "old" else 0
        refs = tuple(e.ColumnRef(type=c.type, typmod=c.typmod, id=base + c.number, name=c.name) for c in columns)
        return e.RowExpr(type=node.type, args=refs, implicit=node.implicit, whole=node.whole)

    return rewrite(condition, change)


class TableTriggers:
    """The triggers that one statement calls on a table; `settle` makes what came before visible to what they read."""

    def __init__(self, relation: Relation, columns: Sequence[Column], ctx: ExecutionContext, settle: Settle) -> None:
        self.relation = relation
        self.columns = columns
        self.ctx = ctx
        self.settle = settle
        self._ready: dict[int, Ready] = {}
        self.queue: list[tuple[str, list[Ready], Batch | None, Batch | None]] = []  # sets of rows in the order in which they were changed
        self.chosen: list[tuple[list[tuple[Ready, Mask]], int]] = []  # which rows each trigger wants, and how many there are
        self.fired = (0, 0)  # the next row whose triggers are to be called: its set of rows, and its number there

    def find(self, event: str, *, before: bool, row: bool, assigned: Collection[int] = ()) -> list[Ready]:
        """Those for an event (insert, update, delete, truncate) at one time, in the order of their names."""
        bit = EVENTS[event]
        return [
            self._get(t) for t in self.relation.triggers
            if t.kind & bit and t.before == before and t.row == row and t.enabled in "OA"
            and (event != "update" or not t.columns or any(number in assigned for number in t.columns))
        ]  # fmt: skip

    def _get(self, trigger: Trigger) -> Ready:
        found = self._ready.get(trigger.oid)
        if found is None:
            found = self._ready[trigger.oid] = Ready(trigger, self.relation, self.columns, self.ctx, self.settle)
        return found

    def once(self, event: str, *, before: bool, assigned: Collection[int] = ()) -> None:
        """Call the triggers of the statement itself: once, where foreign keys' actions or parts of WITH change the table several times."""
        key, waiting = (self.relation.oid, event), self.ctx.statements
        begun = key in waiting
        waiting[key] = waiting.get(key, 0) + (1 if before else -1)
        if begun if before else waiting[key] > 0:
            return
        for ready in self.find(event, before=before, row=False, assigned=assigned):
            ready.call_once(event.upper())

    def pass_row(self, ready: Sequence[Ready], event: str, old: RowValues | None, new: RowValues | None) -> tuple[bool, RowValues | None]:
        """A row through the BEFORE ROW triggers: whether it is changed at all, and what NEW has become."""
        operation = event.upper()
        for one in ready:
            if not one.wants_row(old, new):
                continue
            returned = one.call(operation, old, new)
            if returned is None:
                return False, None
            if new is not None:
                new = returned
        return True, new

    def changed(self, event: str, old: Batch | None, new: Batch | None, assigned: Collection[int] = ()) -> None:
        """Rows were changed: their AFTER ROW triggers wait for the statement's end."""
        self.queue.append((event.upper(), self.find(event, before=False, row=True, assigned=assigned), old, new))

    def fire_before(self, place: int, row: int) -> None:
        """Call the AFTER ROW triggers of all rows before number `row` of the set of rows `place`."""
        self.fire((place, row))

    def fire(self, until: tuple[int, int] | None = None) -> None:
        """Call the AFTER ROW triggers that wait, row by row, as the rows were changed: all, or those before a row (set of rows, row)."""
        width = len(self.columns)
        while len(self.chosen) < len(self.queue):
            _, ready, old, new = self.queue[len(self.chosen)]
            n = new.n if new is not None else old.n if old is not None else 0
            self.chosen.append(([(one, one.wants(old, new, n)) for one in ready], n))
        for place in range(self.fired[0], len(self.queue) if until is None else until[0] + 1):
            (operation, _, old, new), (wanted, n) = self.queue[place], self.chosen[place]
            first, stop = self.fired[1] if place == self.fired[0] else 0, until[1] if until is not None and place == until[0] else n
            olds = None if old is None else columns_of(old, width)
            news = None if new is None else columns_of(new, width)
            self.fired = (place, stop)
            for row in range(first, stop):  # each call is one of the function, in the order of the rows
                for one, mask in wanted:
                    if mask[row]:
                        one.call(operation, None if olds is None else RowValues(olds, row), None if news is None else RowValues(news, row))
