"""ModifyTable: INSERT, UPDATE, DELETE, row for row as PostgreSQL does them, a batch at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace as replaced
from functools import partial

import numpy as np

from auroraml.batch import Batch, Column, FixedVector, Index, Mask, Rows, Vector, concat_batches
from auroraml.errors import CardinalityViolation
from auroraml.evaluate import compile, truth
from auroraml.executor import blocks, write_ahead
from auroraml.executor.constraints import Writer
from auroraml.executor.fired_changes import refuse_changed
from auroraml.executor.operator import ALL, Keeping, build, prepared_of
from auroraml.executor.operators.fired import Fired
from auroraml.executor.plans import has_subqueries
from auroraml.executor.references import References
from auroraml.ir import physical as p
from auroraml.ir.metrics import Metrics, TriggerMetrics

__all__ = ["ModifyRows", "Writer"]

FREE = -2  # no row has the key
NOTHING: Index = np.zeros(0, np.int64)


class ModifyRows(Keeping):
    """Changes the table when it is opened; RETURNING's rows follow."""

    node: p.ModifyTable

    def collect(self) -> Batch | None:
        self.writer = Writer(self.node.relation, self.ctx)
        self.before = self.writer.table.n  # rows stored from here on may be this statement's
        self.taken = self.ctx.taken.setdefault(self.node.relation.oid, [])
        self.fired = Fired(self) if self.node.relation.triggers else None
        work = {"Insert": self.insert, "Update": self._update, "Delete": self._delete}[self.node.operation]
        parts = []
        self.references = References(self.node.relation, self.ctx)
        self.noted: list[tuple[Batch | None, Batch | None]] = []  # rows that went away, rows that came, where foreign keys look at them
        for source in self._sources() if self.fired is None else self.fired.sources(self._sources):
            if self.fired is not None and self.fired.each:
                made = self.fired.change(source)
            else:
                with self.ctx.store.lock:
                    made = work(source)
            if made is None:
                continue
            source, rows = made
            if self.ctx.buffers:
                self._visit(rows)
            if self.ctx.counted is None or self.ctx.counted is self.node:
                self.ctx.affected += rows.n
            if self.node.targets:
                parts.append(self.project(self.frame(rows.n, source, rows)))
        if self.ctx.at_end is None:
            self.ctx.at_end = [self._finish]
            for step in self.ctx.at_end:  # what foreign keys do to other tables adds steps
                step()
            self.ctx.at_end = None
        else:
            self.ctx.at_end.append(self._finish)
        return concat_batches(parts) if parts else None

    def _finish(self) -> None:
        """The statement's rows are in place: foreign keys look at them, then AFTER triggers."""
        conflict = self.node.conflict
        assigned = self.node.assigned if conflict is None else [number for number, _ in conflict.assignments]
        changed: Collection[int] | None = self.writer.constraints.changing(assigned)
        if self.fired is not None and self.fired.each:
            changed = None  # triggers may change any column
        for place, (gone, came) in enumerate(self.noted):
            started = self.ctx.clock.now()
            triggers = None if self.fired is None else self.fired.triggers
            self.references.check(gone, came, changed, None if triggers is None else partial(triggers.fire_before, place))
            if self.ctx.measured:
                self._called(gone, came, (self.ctx.clock.now() - started) * 1000)
        if self.fired is not None:
            self.fired.end()

    def below(self) -> Sequence[p.PhysicalPlan]:
        return () if self._one_row() else super().below()

    def _one_row(self) -> bool:
        """Whether the source is VALUES of one row, which is computed here if nobody measures it."""
        source = self.node.source
        return (
            isinstance(source, p.Result) and source.source is None and not (source.one_time or source.filter or source.init_plans)
            and not self.ctx.measured and not has_subqueries(source)
        )  # fmt: skip

    def _sources(self) -> Iterator[Batch]:
        if not self.children:
            targets = prepared_of(self.node.source).targets
            frame = self.frame(1, Batch([], 1))
            yield Batch.of([compute(frame) for compute in targets], 1)
            return
        while (source := self.children[0].pull(ALL)) is not None:
            yield source

    def _called(self, gone: Batch | None, came: Batch | None, spent: float) -> None:
        """Count the calls of foreign keys' triggers, which share the time."""
        called = [(name, constraint, calls) for name, constraint, calls in self.references.calls(gone, came) if calls]
        for name, constraint, calls in called:
            found = self.ctx.metrics.triggers.setdefault(
                (self.node.relation.name, name), TriggerMetrics(relation=self.node.relation.name, constraint=constraint.name)
            )
            found.calls += calls
            found.time += spent / len(called)

    def _visit(self, rows: Batch) -> None:
        """Count a heap page for each row gone and each that came, and a descent of each index; a version on its predecessor's page has no entries."""
        relation, table, n = self.node.relation, self.writer.table, rows.n
        descents = sum(blocks.tree_of(table, relation, index).height + 1 for index in relation.indexes)
        kind = self.node.operation
        pages = n * (1 if kind == "Delete" else 1 + descents)
        entered = np.arange(n)
        moved = np.zeros(n, np.bool_)
        if kind == "Update" and n:
            old, new = self.replaced
            keys = {number for index in relation.indexes for number in index.columns}
            moved = blocks.pages_of(table, relation, old) != blocks.pages_of(table, relation, new)
            entered = entered if keys & set(self.node.assigned) else np.flatnonzero(moved)
            pages = n + int(np.count_nonzero(moved)) + descents * len(entered)
        if relation.persistence == "t":
            self.metrics.local_hit += pages
            return
        self.metrics.shared_hit += pages
        self._log(rows, moved, entered)

    def _log(self, rows: Batch, moved: Mask, entered: Index) -> None:
        """Count the records of the write-ahead log: one for each row, one for each index entry."""
        kind, n = self.node.operation, rows.n
        if kind == "Delete":
            self.metrics.wal_records += n
            self.metrics.wal_bytes += n * write_ahead.CHANGE
            return
        relation = self.node.relation
        live = [c for c in relation.columns if not c.dropped]
        vectors, types = [rows.vector(i).flat() for i in range(len(live))], [c.type for c in live]
        lengths = write_ahead.tuple_lengths(vectors, types, n)
        if kind == "Update":
            before = self.stored(self.replaced[0])
            size = write_ahead.updated([before.vector(i).flat() for i in range(len(live))], vectors, types, lengths, moved)
        else:
            size = write_ahead.inserted(lengths)
        places = {c.number: i for i, c in enumerate(live)}
        for index in relation.indexes:
            columns = [places[number] for number in index.columns if number]
            keys = [vectors[i].take(entered).flat() for i in columns]
            size += write_ahead.indexed(keys, [types[i] for i in columns], len(entered))
        locked = int(np.count_nonzero(moved))  # a row that goes to another page is locked first
        self.metrics.wal_records += n + locked + len(entered) * len(relation.indexes)
        self.metrics.wal_bytes += size + locked * write_ahead.CHANGE

    def note(self, gone: Batch | None, came: Batch | None) -> None:
        """Rows went away, rows came: foreign keys look at them, and AFTER ROW triggers."""
        if self.fired is not None:
            self.fired.note(gone, came)
        if self.references.own or self.references.others:
            self.noted.append((gone, came))

    def pull(self, n: int) -> Batch | None:
        batch = super().pull(n)
        return batch if self.node.targets else None

    # INSERT

    def insert(self, source: Batch) -> tuple[Batch, Batch] | None:
        """Store rows, or do what ON CONFLICT says: the rows as RETURNING reads them."""
        source = self.writer.constraints.completed(source)
        conflict = self.node.conflict
        if conflict is None:
            self.writer.insert(source)
            self.note(None, source)
            return source, source
        failure = self.writer.constraints.first_failure(source)
        if failure is not None:
            raise failure[1]
        return self._upsert(source, conflict)

    def _upsert(self, source: Batch, conflict: p.ConflictAction) -> tuple[Batch, Batch] | None:
        """ON CONFLICT: rows whose key is taken are left out, or change the row that has it."""
        taken = np.full(source.n, FREE, np.int64)
        for index in conflict.arbiters:
            new, rows = self.writer.constraints.unique.clashes(index, source)
            first = taken[new] == FREE
            taken[new[first]] = rows[first]
        clash = taken != FREE
        fresh = source.filter(~clash)
        if fresh.n:
            self.writer.insert(fresh)
            self.note(None, fresh)
        again = np.flatnonzero(clash)
        for label, count in (("Tuples Inserted", fresh.n), ("Conflicting Tuples", len(again))):
            self.metrics.extra[label] = int(str(self.metrics.extra.get(label, 0))) + count
        if not conflict.update or not len(again):
            return (fresh, fresh) if fresh.n else None
        stored = taken[again]
        own = (row for row in stored[stored >= self.before].tolist() if self.writer.table.maker(row) == self.ctx.transaction.xid)
        if (stored < 0).any() or len(np.unique(stored)) != len(stored) or any(True for _ in own):
            raise CardinalityViolation(
                "ON CONFLICT DO UPDATE command cannot affect row a second time",
                hint="Ensure that no rows proposed for insertion within the same command have duplicate constrained values.",
            )
        changed, kept = self._overwritten(source.take(again), stored, conflict)
        parts = [part for part in (fresh, changed) if part.n]
        if not parts:
            return None
        places = np.concatenate([np.flatnonzero(~clash), again[kept]])
        result = concat_batches(parts).take(np.argsort(places, kind="stable"))
        return result, result

    def _overwritten(self, proposed: Batch, stored: Index, conflict: p.ConflictAction) -> tuple[Batch, Index]:
        """The new versions of the rows in the way, and which of the proposed rows changed one."""
        table = self.writer.table
        self.ctx.store.claim(table, stored, self.ctx.transaction, self.ctx.check_cancel)
        old = self.stored(stored)
        frame = self.frame(old.n, old, proposed)
        kept = np.arange(old.n)
        for test in conflict.where:
            hit = np.flatnonzero(truth(compile(test)(frame)))
            self.metrics.removed_by_filter += frame.n - len(hit)
            frame, kept = frame.take(hit), kept[hit]
        old, stored = old.take(kept), stored[kept]
        self.taken.append(stored)
        values = [compile(v)(frame) for _, v in conflict.assignments]
        new = self.with_values(old, [number for number, _ in conflict.assignments], values)
        if self.fired is not None and self.fired.updates:
            went, new = self.fired.update(stored, old, new)
            return new, kept[went]
        if new.n:
            new = self.writer.constraints.completed(new)
            self.replace(stored, new, [number for number, _ in conflict.assignments])
            self.note(old, new)
        return new, kept

    # UPDATE and DELETE

    def stored(self, numbers: Index) -> Batch:
        """Stored rows by number."""
        table, where = self.writer.table, Rows.range(int(numbers[0]), int(numbers[-1]) + 1) if _consecutive(numbers) else Rows.at(numbers)
        return Batch([Column(table.column(i), where) for i in range(len(self.writer.constraints.columns))], len(numbers))

    def claimed(self, source: Batch) -> tuple[Batch, Index]:
        """The rows to change, each once (a join may find a row twice; the first wins), held against other writers.

        A row that another transaction has changed in the meantime is looked at again in its newest version.
        """
        numbers = self._numbers(source)
        if not (numbers[1:] > numbers[:-1]).all():
            _, first = np.unique(numbers, return_index=True)
            if len(first) != len(numbers):
                first = np.sort(first)
                source, numbers = source.take(first), numbers[first]
        gone = self.ctx.store.claim(self.writer.table, numbers, self.ctx.transaction, self.ctx.check_cancel)
        if not len(gone):
            self.taken.append(numbers)
            return source, numbers
        own = gone[self.writer.table.deleters(gone) == self.ctx.transaction.xid]
        if len(own) and not np.isin(own, np.concatenate([*self.taken, NOTHING])).all():
            refuse_changed(self.writer.table, own, f"{self.node.operation.lower()}d")
        free = ~np.isin(numbers, gone)
        parts = [(source.filter(free), numbers[free])]
        newest = self._newest(gone)
        if len(newest):
            again = self._checked_again(newest)
            if again is not None:
                parts.append(self.claimed(again))
        rows, numbers = concat_batches([part for part, _ in parts]), np.concatenate([index for _, index in parts])
        self.taken.append(numbers)
        return rows, numbers

    def _numbers(self, source: Batch) -> Index:
        vector = source.vector(self.node.row_id).flat()
        assert isinstance(vector, FixedVector)
        return vector.values

    def _newest(self, rows: Index) -> Index:
        """The newest versions of rows that others replaced; rows they deleted have none, rows this command changed are done with."""
        table, own = self.writer.table, self.ctx.transaction.xid
        rows = rows[table.deleters(rows) != own]
        rows = table.successors(rows)
        rows = rows[rows >= 0]
        while len(rows) and (table.deleters(rows) != 0).any():
            next_rows = table.successors(rows)
            done = table.deleters(rows) == 0
            running = np.isin(table.deleters(rows), list(self.ctx.store.running))
            rows = np.concatenate([rows[done | running], next_rows[~done & ~running & (next_rows >= 0)]])
            if running.any():
                break
        return np.unique(rows)

    def _checked_again(self, rows: Index) -> Batch | None:
        """The statement's source over these row versions instead of those it has seen."""
        context = replaced(
            self.ctx,
            only_rows={self.node.relation.oid: rows},
            metrics=Metrics(),
            plans={},
            shared={},
            kept={},
            kept_rows={},
            initial=dict(self.ctx.initial),
        )
        return build(self.node.source, context).drain()

    def with_values(self, old: Batch, assigned: Sequence[int], values: Sequence[Vector]) -> Batch:
        """Rows with other values in the columns `assigned`."""
        vectors = [old.vector(i) for i in range(len(old.columns))]
        for number, value in zip(assigned, values, strict=True):
            vectors[self.writer.constraints.places[number]] = value
        return Batch.of(vectors, old.n)

    def replace(self, numbers: Index, new: Batch, changed: Sequence[int]) -> None:
        """Store new versions of rows, which differ in the columns `changed` alone, each checked against the rows before it."""
        self.writer.constraints.enforce(new, numbers, self.writer.constraints.changing(changed))
        rows = self.writer.store(new)
        self.replaced = (numbers, rows)
        self.ctx.store.delete(self.node.relation.oid, numbers, self.ctx.transaction, rows)

    def _update(self, source: Batch) -> tuple[Batch, Batch] | None:
        source, numbers = self.claimed(source)
        if not source.n:
            return None
        old = self.stored(numbers)
        new = self.with_values(old, self.node.assigned, [source.vector(i) for i in range(len(self.node.assigned))])
        new = self.writer.constraints.completed(new)
        self.replace(numbers, new, self.node.assigned)
        self.note(old, new)
        return source, new

    def _delete(self, source: Batch) -> tuple[Batch, Batch] | None:
        source, numbers = self.claimed(source)
        if not source.n:
            return None
        old = self.stored(numbers)
        self.ctx.store.delete(self.node.relation.oid, numbers, self.ctx.transaction)
        self.note(old, None)
        return source, old


def _consecutive(numbers: Index) -> bool:
    """Whether rows are numbered one after another."""
    return len(numbers) > 0 and int(numbers[-1]) - int(numbers[0]) == len(numbers) - 1 and bool((numbers[1:] > numbers[:-1]).all())
