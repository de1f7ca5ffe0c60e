"""Rows through their BEFORE ROW triggers, one after the other; those that passed are stored together, or as soon as a trigger might look at them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import numpy as np

from auroraml.batch import Batch, Index
from auroraml.errors import DatabaseError, TriggeredDataChangeViolation
from auroraml.executor.constraints import Writer
from auroraml.executor.context import ExecutionContext
from auroraml.executor.fired_rows import Passed, RowValues, columns_of
from auroraml.executor.references import References
from auroraml.executor.triggers import Ready, TableTriggers
from auroraml.ir.objects import Relation
from auroraml.storage.table import Table

Store = Callable[[Index, Batch, bool], None]  # row numbers in the batch, the rows, whether a trigger changed some


class Pending:
    """What a statement's rows wait for: `now` stores those that passed."""

    def __init__(self) -> None:
        self.now: Callable[[], None] = nothing_waits


def nothing_waits() -> None:
    """No row waits."""


class Blocked(Protocol):
    """Says whether a row may still be changed when its turn comes."""

    def __call__(self, rows: Index) -> None:
        """27000 where triggers have changed one of these rows already."""


def pass_all(
    triggers: TableTriggers, ready: Sequence[Ready], event: str, old: Batch | None, new: Batch | None, pending: Pending, store: Store,
    blocked: Blocked | None = None, *, at_once: bool = False,
) -> None:  # fmt: skip
    """Every row of a batch through the triggers, then stored; `at_once`: each before the next one's turn."""
    width = len(triggers.columns)
    olds = None if old is None else columns_of(old, width)
    news = None if new is None else columns_of(new, width)
    passed = Passed(news if news is not None else olds or [])
    looked = False  # whether a trigger may have changed rows itself

    def settle() -> None:
        nonlocal looked
        looked = True
        if passed.rows:
            changed = bool(passed.changes)
            index, rows = passed.take()
            store(index, rows, changed)

    n = new.n if new is not None else old.n if old is not None else 0
    pending.now = settle
    try:
        for row in range(n):  # each call may see what came before it
            if blocked is not None and looked:
                blocked(np.array([row]))
            went, values = triggers.pass_row(
                ready, event, None if olds is None else RowValues(olds, row), None if news is None else RowValues(news, row)
            )
            if went:
                passed.add(row, values)
                if at_once:
                    settle()
    except DatabaseError:
        settle()  # an earlier row that breaks a constraint has failed first
        raise
    finally:
        pending.now = nothing_waits
    settle()


def refuse_changed(table: Table, numbers: Index, verb: str) -> None:
    """27000 where a row that is about to be changed was changed by the triggers of this command."""
    if table.deletions and bool((table.deleters(numbers) != 0).any()):
        raise TriggeredDataChangeViolation(
            f"tuple to be {verb} was already modified by an operation triggered by the current command",
            hint="Consider using an AFTER trigger instead of a BEFORE trigger to propagate changes to other rows.",
        )


def insert_rows(relation: Relation, batch: Batch, ctx: ExecutionContext) -> int:
    """Insert rows that no plan makes (COPY), calling the table's triggers; how many were stored."""
    writer, pending = Writer(relation, ctx), Pending()
    triggers = TableTriggers(relation, writer.constraints.columns, ctx, lambda: pending.now())
    stored: list[Batch] = []

    def store(index: Index, rows: Batch, changed: bool) -> None:
        rows = writer.constraints.completed(rows)
        writer.insert(rows)
        triggers.changed("insert", None, rows)
        stored.append(rows)

    triggers.once("insert", before=True)
    ready = triggers.find("insert", before=True, row=True)
    if ready:
        pass_all(triggers, ready, "insert", None, batch, pending, store)
    elif batch.n:
        store(np.arange(batch.n), batch, False)
    references = References(relation, ctx)
    for place, rows in enumerate(stored):
        references.check(None, rows, None, partial(triggers.fire_before, place))
    triggers.fire()
    triggers.once("insert", before=False)
    return sum(rows.n for rows in stored)
