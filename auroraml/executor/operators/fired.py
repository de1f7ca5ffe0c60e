"""ModifyTable on a table with triggers: the statement's triggers around it, rows through theirs, AFTER ROW triggers at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from auroraml.batch import Batch, Index, concat_batches
from auroraml.executor.fired_changes import Pending, pass_all, refuse_changed
from auroraml.executor.triggers import TableTriggers

if TYPE_CHECKING:
    from auroraml.executor.operators.modify import ModifyRows

Made = tuple[Batch, Batch] | None


class Fired:
    """The triggers of one ModifyTable's statement."""

    def __init__(self, work: ModifyRows) -> None:
        node = work.node
        self.work = work
        self.event = node.operation.lower()
        self.pending = Pending()
        self.triggers = TableTriggers(node.relation, work.writer.constraints.columns, work.ctx, lambda: self.pending.now())
        conflict = node.conflict
        assigned = node.assigned if conflict is None else [number for number, _ in conflict.assignments]
        self.assigned: Sequence[int] = work.writer.constraints.changing(assigned)
        self.upserts = conflict is not None and conflict.update
        self.rows = self.triggers.find(self.event, before=True, row=True, assigned=self.assigned)
        self.updates = self.triggers.find("update", before=True, row=True, assigned=self.assigned) if self.upserts else []
        self.each = bool(self.rows or self.updates)  # rows go one by one

    def sources(self, made: Callable[[], Iterable[Batch]]) -> Sequence[Batch]:
        """The source's rows, all there before the first is changed; BEFORE triggers of the statement come first."""
        self.triggers.once(self.event, before=True, assigned=self.assigned)
        if self.upserts:
            self.triggers.once("update", before=True, assigned=self.assigned)
        return list(made())

    def note(self, gone: Batch | None, came: Batch | None) -> None:
        """Rows were changed."""
        event = "insert" if gone is None else "delete" if came is None else "update"
        self.triggers.changed(event, gone, came, self.assigned)

    def end(self) -> None:
        """The statement's rows are in place: AFTER ROW triggers, then those of the statement."""
        self.triggers.fire()
        if self.upserts:
            self.triggers.once("update", before=False, assigned=self.assigned)
        self.triggers.once(self.event, before=False, assigned=self.assigned)

    # Rows one by one

    def change(self, source: Batch) -> Made:
        """A batch of the source through its triggers and into the table."""
        return {"insert": self._insert, "update": self._update, "delete": self._delete}[self.event](source)

    def _insert(self, source: Batch) -> Made:
        work = self.work
        parts: list[tuple[Batch, Batch]] = []

        def store(index: Index, rows: Batch, changed: bool) -> None:
            made = work.insert(rows)
            if made is not None:
                parts.append(made)

        # ON CONFLICT looks at the rows before
        pass_all(self.triggers, self.rows, "insert", None, source, self.pending, store, at_once=work.node.conflict is not None)
        return _joined(parts)

    def _held(self, source: Batch) -> tuple[Batch, Index]:
        """The rows to change, kept from other writers while triggers run."""
        work = self.work
        with work.ctx.store.lock:
            source, numbers = work.claimed(source)
            if source.n:
                work.ctx.store.lock_rows(work.writer.table, numbers, work.ctx.transaction)
        return source, numbers

    def _update(self, source: Batch) -> Made:
        work = self.work
        source, numbers = self._held(source)
        if not source.n:
            return None
        old = work.stored(numbers)
        new = work.with_values(old, work.node.assigned, [source.vector(i) for i in range(len(work.node.assigned))])
        index, rows = self.update(numbers, old, new)
        return (source.take(index), rows) if rows.n else None

    def update(self, numbers: Index, old: Batch, new: Batch) -> tuple[Index, Batch]:
        """New versions of rows through BEFORE UPDATE triggers and into the table: which went, and what they became."""
        work, table = self.work, self.work.writer.table
        done: list[tuple[Index, Batch]] = []
        replaced: list[tuple[Index, Index]] = []
        every = [c.number for c in self.triggers.columns]

        def store(index: Index, rows: Batch, changed: bool) -> None:
            rows = work.writer.constraints.completed(rows)
            with work.ctx.store.lock:
                refuse_changed(table, numbers[index], "updated")
                work.replace(numbers[index], rows, every if changed else self.assigned)
            replaced.append(work.replaced)
            work.note(old.take(index), rows)
            done.append((index, rows))

        ready = self.updates if self.upserts else self.rows
        new = work.writer.constraints.uncomputed(new)
        pass_all(self.triggers, ready, "update", old, new, self.pending, store, lambda rows: refuse_changed(table, numbers[rows], "updated"))
        if not done:
            return np.zeros(0, np.int64), new.slice(0, 0)
        work.replaced = np.concatenate([a for a, _ in replaced]), np.concatenate([b for _, b in replaced])
        return np.concatenate([index for index, _ in done]), concat_batches([rows for _, rows in done])

    def _delete(self, source: Batch) -> Made:
        work, table = self.work, self.work.writer.table
        source, numbers = self._held(source)
        if not source.n:
            return None
        old = work.stored(numbers)
        parts: list[tuple[Batch, Batch]] = []

        def store(index: Index, rows: Batch, changed: bool) -> None:
            with work.ctx.store.lock:
                refuse_changed(table, numbers[index], "deleted")
                work.ctx.store.delete(work.node.relation.oid, numbers[index], work.ctx.transaction)
            gone = old.take(index)
            work.note(gone, None)
            parts.append((source.take(index), gone))

        pass_all(self.triggers, self.rows, "delete", old, None, self.pending, store, lambda rows: refuse_changed(table, numbers[rows], "deleted"))
        return _joined(parts)


def _joined(parts: Sequence[tuple[Batch, Batch]]) -> Made:
    """All that was changed, as RETURNING reads it."""
    if not parts:
        return None
    return concat_batches([source for source, _ in parts]), concat_batches([rows for _, rows in parts])
