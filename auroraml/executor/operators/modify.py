"""ModifyTable: INSERT, UPDATE, DELETE with constraints checked in PostgreSQL's order and words."""

from __future__ import annotations

import numpy as np

from auroraml.batch import Batch, Column, Index, Rows, Vector, concat, concat_batches
from auroraml.errors import CardinalityViolation, CheckViolation, NotNullViolation, UniqueViolation
from auroraml.evaluate import Frame, compile
from auroraml.evaluate.keys import codes_of, combine, compact
from auroraml.executor.operator import Operator, Sliced, operator
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.objects import Column as TableColumn
from auroraml.ir.objects import Index as TableIndex
from auroraml.ir.objects import Relation
from auroraml.ir.tree import rewrite
from auroraml.types.text import datum_out
from auroraml.types.typmod import quote_identifier


def live_columns(relation: Relation) -> list[TableColumn]:
    """The columns that were not dropped."""
    return [c for c in relation.columns if not c.dropped]


class Writer:
    """Checks and stores rows of one relation."""

    def __init__(self, relation: Relation, ctx: object) -> None:
        self.relation = relation
        self.ctx = ctx  # an ExecutionContext
        self.columns = live_columns(relation)
        places = {c.number: i for i, c in enumerate(self.columns)}
        self.places = places

        def place(node: object) -> object | None:
            return e.InputRef(type=node.type, typmod=node.typmod, index=places[node.id], name=node.name) if isinstance(node, e.ColumnRef) else None

        self.checks = [(c.name, compile(rewrite(c.check, place))) for c in sorted(relation.constraints, key=lambda c: c.name) if c.check is not None]

    def row_text(self, batch: Batch, row: int) -> str:
        """(1, x, null) as messages print a row."""
        style = self.ctx.style  # type: ignore[attr-defined]
        values = [batch.vector(i).datum(row) for i in range(len(self.columns))]
        return "(" + ", ".join("null" if v is None else datum_out(c.type, v, style) for c, v in zip(self.columns, values, strict=True)) + ")"

    def check(self, batch: Batch) -> None:
        """NOT NULL, then CHECK; the first failing row in order."""
        failures: list[tuple[int, int, Exception]] = []
        for i, column in enumerate(self.columns):
            validity = batch.vector(i).validity
            if column.not_null and validity is not None and not validity.all():
                row = int(np.flatnonzero(~validity)[0])
                message = f'null value in column "{column.name}" of relation "{self.relation.name}" violates not-null constraint'
                failures.append((row, i, NotNullViolation(message, detail=f"Failing row contains {self.row_text(batch, row)}.",
                                                          schema=self.relation.schema, table=self.relation.name, column=column.name)))  # fmt: skip
        for number, (name, test) in enumerate(self.checks):
            frame = Frame(n=batch.n, sides=(batch,), ctx=self.ctx)  # type: ignore[arg-type]
            vector = test(frame).flat()
            wrong = vector.valid & ~vector.values  # type: ignore[attr-defined] # a boolean vector
            if wrong.any():
                row = int(np.flatnonzero(wrong)[0])
                message = f'new row for relation "{self.relation.name}" violates check constraint "{name}"'
                failures.append((row, 1000 + number, CheckViolation(message, detail=f"Failing row contains {self.row_text(batch, row)}.",
                                                                    schema=self.relation.schema, table=self.relation.name, constraint=name)))  # fmt: skip
        if failures:
            raise min(failures, key=lambda f: f[:2])[2]

    def duplicates(self, index: TableIndex, batch: Batch, gone: Index | None = None) -> tuple[np.ndarray, Index]:
        """Which rows of `batch` have a key that is there already (or earlier in the batch), and the stored row, -1 for an earlier one."""
        store, transaction = self.ctx.store, self.ctx.transaction  # type: ignore[attr-defined]
        table = store.table(self.relation.oid)
        alive = table.visible(transaction.snapshot)
        rows = np.arange(table.n) if alive is None else alive
        rows = rows[(table.deleted[rows] == 0) | ((table.deleted[rows] != transaction.xid) & np.isin(table.deleted[rows], list(store.running)))]
        others = np.flatnonzero((table.made > 0) & (table.deleted == 0))
        rows = np.union1d(rows, others)
        if gone is not None:
            rows = np.setdiff1d(rows, gone)
        parts, valid = [], np.ones(len(rows) + batch.n, np.bool_)
        for number in index.columns:
            i = self.places[number]
            joined = concat([table.column(i).take(rows).flat(), batch.vector(i).flat()])
            parts.append(codes_of(joined, self.columns[i].type))
            valid &= joined.valid
        codes, size = combine(parts, len(rows) + batch.n)
        if size > max(65_536, 4 * len(codes)):
            codes, size = compact(codes)
        first = np.full(size, -1, np.int64)
        usable = np.flatnonzero(valid)
        first[codes[usable[::-1]]] = usable[::-1]
        new = np.arange(len(rows), len(codes))
        earlier = first[codes[new]]
        clash = valid[new] & (earlier != new) & (earlier >= 0)
        stored = np.where(earlier < len(rows), rows[np.clip(earlier, 0, max(len(rows) - 1, 0))] if len(rows) else -1, -1)
        return clash, np.where(clash, stored, -1)

    def violation(self, index: TableIndex, batch: Batch, row: int) -> UniqueViolation:
        """23505."""
        style = self.ctx.style  # type: ignore[attr-defined]
        names = ", ".join(quote_identifier(self.columns[self.places[n]].name) for n in index.columns)
        values = [(self.columns[self.places[n]].type, batch.vector(self.places[n]).datum(row)) for n in index.columns]
        shown = ", ".join("null" if v is None else datum_out(t, v, style) for t, v in values)
        return UniqueViolation(
            f'duplicate key value violates unique constraint "{index.name}"', detail=f"Key ({names})=({shown}) already exists.",
            schema=self.relation.schema, table=self.relation.name, constraint=index.name,
        )  # fmt: skip

    def unique(self, batch: Batch, gone: Index | None = None) -> None:
        """Raise for the first row whose key is taken."""
        for index in self.relation.indexes:
            if index.unique:
                clash, _ = self.duplicates(index, batch, gone)
                if clash.any():
                    raise self.violation(index, batch, int(np.flatnonzero(clash)[0]))

    def insert(self, batch: Batch) -> None:
        """Check and store rows (all live columns, in order)."""
        self.check(batch)
        self.unique(batch)
        self.store(batch)

    def store(self, batch: Batch) -> None:
        """Store rows already checked."""
        vectors: list[Vector] = [batch.vector(i) for i in range(len(self.columns))]
        self.ctx.store.insert(self.relation.oid, [v.flat() for v in vectors], batch.n, self.ctx.transaction)  # type: ignore[attr-defined]

    def rows(self, numbers: Index) -> Batch:
        """Stored rows by number."""
        table = self.ctx.store.table(self.relation.oid)  # type: ignore[attr-defined]
        where = Rows.at(numbers)
        return Batch([Column(table.column(i), where) for i in range(len(self.columns))], len(numbers))


@operator(p.ModifyTable)
class ModifyRows(Operator):
    """Reads its source to the end, then changes the table; RETURNING follows."""

    node: p.ModifyTable

    def open(self) -> None:
        self.kept = Sliced()
        writer = Writer(self.node.relation, self.ctx)
        source = self.children[0].drain()
        if source is None:
            return
        work = {"Insert": self._insert, "Update": self._update, "Delete": self._delete}[self.node.operation]
        found = work(writer, source)
        if found is None:
            return
        source, rows = found
        self.ctx.affected += rows.n
        if self.node.targets:
            frame = Frame(n=rows.n, sides=(source, rows), params=self.ctx.params, ctx=self.ctx)
            self.kept.left = Batch.of([compute(frame) for compute in self.targets], rows.n)

    def produce(self, n: int) -> Batch | None:
        return self.kept.give(n)

    def _insert(self, writer: Writer, source: Batch) -> tuple[Batch, Batch] | None:
        if self.node.conflict is None:
            writer.insert(source)
            return source, source
        return self._upsert(writer, source, self.node.conflict)

    def _upsert(self, writer: Writer, source: Batch, conflict: p.ConflictAction) -> tuple[Batch, Batch] | None:
        writer.check(source)
        clash = np.zeros(source.n, np.bool_)
        stored = np.full(source.n, -1, np.int64)
        for index in conflict.arbiters:
            hit, rows = writer.duplicates(index, source)
            stored = np.where(hit & (rows >= 0), rows, stored)
            clash |= hit
        fresh = source.filter(~clash)
        if fresh.n:
            writer.unique(fresh)
            writer.store(fresh)
        if not conflict.update:
            return (fresh, fresh) if fresh.n else None
        again = np.flatnonzero(clash)
        if (stored[again] < 0).any():
            raise CardinalityViolation(
                "ON CONFLICT DO UPDATE command cannot affect row a second time",
                hint="Ensure that no rows proposed for insertion within the same command have duplicate constrained values.",
            )
        updated = self._overwritten(writer, source.take(again), stored[again], conflict) if len(again) else None
        parts = [part for part in (fresh if fresh.n else None, updated) if part is not None]
        if not parts:
            return None
        rows_ = concat_batches(parts)
        return rows_, rows_

    def _overwritten(self, writer: Writer, proposed: Batch, stored: Index, conflict: p.ConflictAction) -> Batch | None:
        old = writer.rows(stored)
        frame = Frame(n=old.n, sides=(old, proposed), params=self.ctx.params, ctx=self.ctx)
        if conflict.where:
            keep = np.flatnonzero(np.logical_and.reduce([_true(compile(w)(frame)) for w in conflict.where]))
            frame, old, stored = frame.take(keep), old.take(keep), stored[keep]
        if not old.n:
            return None
        new = _changed(writer, old, [n for n, _ in conflict.assignments], [compile(v)(frame) for _, v in conflict.assignments])
        writer.check(new)
        self.ctx.store.delete(self.node.relation.oid, stored, self.ctx.transaction)
        writer.unique(new, stored)
        writer.store(new)
        return new

    def _targets_of(self, source: Batch) -> tuple[Batch, Index]:
        """The rows to change, each once (a join may find a row twice; the first wins)."""
        numbers = source.vector(self.node.row_id).flat()
        values = numbers.values  # type: ignore[attr-defined] # row ids
        _, first = np.unique(values, return_index=True)
        first = np.sort(first)
        return source.take(first), values[first]

    def _update(self, writer: Writer, source: Batch) -> tuple[Batch, Batch] | None:
        source, numbers = self._targets_of(source)
        old = writer.rows(numbers)
        new = _changed(writer, old, self.node.assigned, [source.vector(i) for i in range(len(self.node.assigned))])
        new = Batch.of([new.vector(i).flat() for i in range(len(new.columns))], new.n)
        writer.check(new)
        free = self.ctx.store.delete(self.node.relation.oid, numbers, self.ctx.transaction)
        if len(free) != len(numbers):
            kept = np.flatnonzero(np.isin(numbers, free))
            source, new = source.take(kept), new.take(kept)
        writer.unique(new, numbers)
        writer.store(new)
        return source, new

    def _delete(self, writer: Writer, source: Batch) -> tuple[Batch, Batch] | None:
        source, numbers = self._targets_of(source)
        old = writer.rows(numbers)
        free = self.ctx.store.delete(self.node.relation.oid, numbers, self.ctx.transaction)
        if len(free) != len(numbers):
            kept = np.flatnonzero(np.isin(numbers, free))
            source, old = source.take(kept), old.take(kept)
        return source, Batch.of([old.vector(i).flat() for i in range(len(old.columns))], old.n)


def _true(vector: Vector) -> np.ndarray:
    flat = vector.flat()
    return flat.values & flat.valid  # type: ignore[attr-defined, no-any-return] # a boolean vector


def _changed(writer: Writer, old: Batch, assigned: object, values: list[Vector]) -> Batch:
    vectors = [old.vector(i) for i in range(len(writer.columns))]
    for number, value in zip(assigned, values, strict=True):  # type: ignore[call-overload] # attribute numbers
        vectors[writer.places[number]] = value
    return Batch.of(vectors, old.n)
