"""Constraints of a table: NOT NULL and CHECK, with unique keys, found for the first row that breaks one and told in PostgreSQL's words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from auroraml.batch import Batch, ConstVector, Index
from auroraml.catalog.simulated import refuse_rows
from auroraml.errors import CheckViolation, DatabaseError, NotNullViolation
from auroraml.evaluate import Evaluator, Frame, compile, truth
from auroraml.evaluate.call import null
from auroraml.executor.unique import UniqueKeys
from auroraml.ir import expr as e
from auroraml.ir.objects import Column as TableColumn
from auroraml.ir.objects import Relation
from auroraml.ir.tree import rewrite, walk
from auroraml.storage.table import Table
from auroraml.types.text import datum_out

if TYPE_CHECKING:
    from auroraml.executor.context import ExecutionContext


def live_columns(relation: Relation) -> list[TableColumn]:
    """The columns that were not dropped."""
    return [c for c in relation.columns if not c.dropped]


Place = Callable[[object], object | None]
Made = tuple[list[TableColumn], dict[int, int], Place, list[tuple[str, Evaluator]], list[tuple[TableColumn, frozenset[int], Evaluator]]]
_MADE: WeakKeyDictionary[Relation, Made] = WeakKeyDictionary()  # what checks need of a relation, until its definition is another


def _made(relation: Relation) -> Made:
    """Its live columns, their places by number, how expressions are put over those, and its CHECKs in the order of their names, its generated columns with what they read."""
    columns = live_columns(relation)
    places = {c.number: i for i, c in enumerate(columns)}

    def place(node: object) -> object | None:
        return e.InputRef(type=node.type, typmod=node.typmod, index=places[node.id], name=node.name) if isinstance(node, e.ColumnRef) else None

    checks = [(c.name, compile(rewrite(c.check, place))) for c in sorted(relation.constraints, key=lambda c: c.name) if c.check is not None]
    generated = [
        (c, frozenset(node.id for node in walk(c.generated) if isinstance(node, e.ColumnRef)), compile(rewrite(c.generated, place)))
        for c in columns
        if c.generated is not None
    ]
    return columns, places, place, checks, generated


class Constraints:
    """The checks on new rows (all live columns, in order) of one relation."""

    def __init__(self, relation: Relation, ctx: ExecutionContext) -> None:
        self.relation = relation
        self.ctx = ctx
        made = _MADE.get(relation)
        if made is None:
            made = _MADE[relation] = _made(relation)
        self.columns, self.places, place, self.checks, self.generated = made
        self.unique = UniqueKeys(relation, ctx, self.columns, self.places, place)

    def completed(self, batch: Batch) -> Batch:
        """New rows with their generated columns computed."""
        if not self.generated or not batch.n:
            return batch
        frame = Frame(n=batch.n, sides=(batch,), ctx=self.ctx)
        vectors = [batch.vector(i) for i in range(len(self.columns))]
        for column, _, compute in self.generated:
            vectors[self.places[column.number]] = compute(frame)
        return Batch.of(vectors, batch.n)

    def uncomputed(self, batch: Batch) -> Batch:
        """New rows as BEFORE triggers see them: their generated columns are NULL yet."""
        vectors = [batch.vector(i) for i in range(len(self.columns))]
        for column, _, _ in self.generated:
            vectors[self.places[column.number]] = ConstVector(null(column.type), batch.n)
        return Batch.of(vectors, batch.n)

    def changing(self, assigned: Sequence[int]) -> Sequence[int]:
        """The columns that change with those assigned: generated ones too."""
        more = [column.number for column, read, _ in self.generated if not read.isdisjoint(assigned)]
        return [*assigned, *more] if more else assigned

    def row_text(self, batch: Batch, row: int) -> str:
        """(1, x, null) as messages print a row."""
        values = [batch.vector(i).datum(row) for i in range(len(self.columns))]
        style = self.ctx.style
        return "(" + ", ".join("null" if v is None else datum_out(c.type, v, style) for c, v in zip(self.columns, values, strict=True)) + ")"

    def _where(self) -> tuple[str, str]:
        return self.relation.schema, self.relation.name

    def first_failure(self, batch: Batch) -> tuple[int, DatabaseError] | None:
        """The first row that is NULL where it must not be or fails a CHECK, and its error."""
        failures: list[tuple[int, int, DatabaseError]] = []
        schema, table = self._where()
        for i, column in enumerate(self.columns):
            validity = batch.vector(i).validity
            if column.not_null and validity is not None and not validity.all():
                row = int(np.flatnonzero(~validity)[0])
                message = f'null value in column "{column.name}" of relation "{table}" violates not-null constraint'
                detail = f"Failing row contains {self.row_text(batch, row)}."
                failures.append((row, i, NotNullViolation(message, detail=detail, schema=schema, table=table, column=column.name)))
        for number, (name, test) in enumerate(self.checks):
            vector = test(Frame(n=batch.n, sides=(batch,), ctx=self.ctx)).flat()
            wrong = vector.valid & ~truth(vector)
            if wrong.any():
                row = int(np.flatnonzero(wrong)[0])
                message = f'new row for relation "{table}" violates check constraint "{name}"'
                detail = f"Failing row contains {self.row_text(batch, row)}."
                failures.append((row, 1000 + number, CheckViolation(message, detail=detail, schema=schema, table=table, constraint=name)))
        if not failures:
            return None
        row, _, error = min(failures, key=lambda f: f[:2])
        return row, error

    def enforce(self, batch: Batch, replaced: Index | None = None, changed: Collection[int] | None = None) -> None:
        """Raise the error of the first row that breaks a constraint.

        New row i takes the place of the stored row `replaced[i]`, from which it differs in the columns numbered `changed` alone.
        """
        if not batch.n:
            return
        failure = self.first_failure(batch)
        clash = self.unique.first_clash(batch if failure is None else batch.slice(0, failure[0]), replaced, changed)
        if clash is not None:
            raise clash[1]
        if failure is not None:
            raise failure[1]


class Writer:
    """Checks and stores new rows of one relation."""

    def __init__(self, relation: Relation, ctx: ExecutionContext) -> None:
        self.relation = relation
        self.ctx = ctx
        refuse_rows(ctx.catalog, relation)
        self.constraints = Constraints(relation, ctx)

    @property
    def table(self) -> Table:
        """The relation's storage."""
        return self.ctx.store.table(self.relation.oid)

    def insert(self, batch: Batch) -> None:
        """Check and store rows (all live columns, in order)."""
        with self.ctx.store.lock:
            self.constraints.enforce(batch)
            self.store(batch)

    def store(self, batch: Batch) -> Index:
        """Store rows already checked; their numbers."""
        vectors = [batch.vector(i) for i in range(len(self.constraints.columns))]
        rows = self.ctx.store.insert(self.relation.oid, vectors, batch.n, self.ctx.transaction)
        for columns, keys in self.constraints.unique.keys.items():
            self.table.note_keys(columns, int(rows[0]), keys)
        return rows
