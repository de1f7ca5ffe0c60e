"""Constraints of a table: NOT NULL and CHECK, unique keys, found for the first row that breaks one and told in PostgreSQL's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from auroraml.batch import Batch, Index, Vector
from auroraml.catalog.printing import index_keys
from auroraml.errors import CheckViolation, DatabaseError, NotNullViolation, UniqueViolation
from auroraml.evaluate import Frame, compile, truth
from auroraml.executor.matching import Matcher
from auroraml.ir import expr as e
from auroraml.ir.objects import Column as TableColumn
from auroraml.ir.objects import Index as TableIndex
from auroraml.ir.objects import Relation
from auroraml.ir.tree import rewrite
from auroraml.storage.index import keys_of
from auroraml.storage.table import Table
from auroraml.types.pg_type import PgType
from auroraml.types.text import datum_out

if TYPE_CHECKING:
    from auroraml.executor.context import ExecutionContext

FEW = 1_000  # rows that are looked up one by one in a dictionary of the stored keys


def live_columns(relation: Relation) -> list[TableColumn]:
    """The columns that were not dropped."""
    return [c for c in relation.columns if not c.dropped]


class Constraints:
    """The checks on new rows (all live columns, in order) of one relation."""

    def __init__(self, relation: Relation, ctx: ExecutionContext) -> None:
        self.relation = relation
        self.ctx = ctx
        self.columns = live_columns(relation)
        self.places = {c.number: i for i, c in enumerate(self.columns)}

        def place(node: object) -> object | None:
            return (
                e.InputRef(type=node.type, typmod=node.typmod, index=self.places[node.id], name=node.name) if isinstance(node, e.ColumnRef) else None
            )

        self.place = place
        self.checks = [(c.name, compile(rewrite(c.check, place))) for c in sorted(relation.constraints, key=lambda c: c.name) if c.check is not None]

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

    def violation(self, index: TableIndex, batch: Batch, row: int) -> UniqueViolation:
        """23505."""
        style = self.ctx.style
        names = ", ".join(index_keys(replace(index, included=()), self.relation, self.ctx.catalog, pretty=True))
        values = [(type, vector.datum(0)) for vector, type in self._keys(index, batch.slice(row, row + 1))]
        shown = ", ".join("null" if v is None else datum_out(t, v, style) for t, v in values)
        schema, table = self._where()
        return UniqueViolation(
            f'duplicate key value violates unique constraint "{index.name}"', detail=f"Key ({names})=({shown}) already exists.",
            schema=schema, table=table, constraint=index.name,
        )  # fmt: skip

    def clashes(self, index: TableIndex, batch: Batch, replaced: Mapping[int, int] | None = None) -> dict[int, int]:
        """New rows whose key is taken: by a stored row (its number), or by an earlier new row (-1).

        `replaced` maps stored rows that the statement replaces to the new row that does: such a row is in the way only until then.
        Waits for other transactions that have the key and are not over.
        """
        store, transaction = self.ctx.store, self.ctx.transaction
        table = store.table(self.relation.oid)
        places = tuple(self.places[n] for n in index.columns if n)
        plain = index.predicate is None and not index.expressions
        if plain and batch.n > FEW and (settled := self._settled_clashes(table, places, batch, replaced)) is not None:
            return settled
        while True:
            found: dict[int, int] = {}
            holder = None
            for new, row in self._candidates(table, places, batch) if plain else self._computed(table, index, batch):
                if row < 0:
                    found.setdefault(new, -1)
                    continue
                state, holder = self._state(table, row, new, replaced)
                if holder is not None:
                    break
                if state:
                    found[new] = row
            if holder is None:
                return found
            store.wait(transaction, holder, self.ctx.check_cancel)

    def _settled_clashes(self, table: Table, places: tuple[int, ...], batch: Batch, replaced: Mapping[int, int] | None) -> dict[int, int] | None:
        """The same for many rows at once, where no other transaction that is still running has touched the table; else None."""
        store, own = self.ctx.store, self.ctx.transaction.xid
        others = [xid for xid in store.running if xid != own]
        if any(part.xid in others for part in table.made) or any(d.xid in others for d in table.deletions):
            return None
        pairs = np.array(self._candidates(table, places, batch), np.int64).reshape(-1, 2)
        earlier = pairs[pairs[:, 1] < 0]
        new, rows = pairs[pairs[:, 1] >= 0].T
        turn = np.full(table.n, -1, np.int64)
        if replaced:
            turn[np.fromiter(replaced, np.int64, len(replaced))] = np.fromiter(replaced.values(), np.int64, len(replaced))
        deleters = table.deleters(rows)
        later = turn[rows] > new
        taken = np.where(deleters == 0, later | (turn[rows] < 0), (deleters == own) & later)
        if table.dead is not None:
            dead = np.zeros(table.n, np.bool_)
            dead[: table.dead.n] = table.dead.view
            taken &= ~dead[rows]
        found = dict(zip(new[taken].tolist(), rows[taken].tolist(), strict=True))
        for row in earlier[:, 0].tolist():
            found.setdefault(row, -1)
        return found

    def _state(self, table: Table, row: int, new: int, replaced: Mapping[int, int] | None) -> tuple[bool, int | None]:
        """Whether a stored row is in the way of new row `new`, or the transaction on whose end that depends."""
        store, own = self.ctx.store, self.ctx.transaction.xid
        if table.is_dead(row):
            return False, None
        maker = table.maker(row)
        if maker != own and maker in store.running:
            return False, maker
        deleter = int(table.deleters(np.array([row]))[0])
        if deleter and deleter != own and deleter in store.running:
            return False, deleter
        if deleter:
            return deleter == own and replaced is not None and replaced.get(row, -1) > new, None
        return replaced is None or replaced.get(row, 1 << 62) > new, None

    def _candidates(self, table: Table, places: tuple[int, ...], batch: Batch) -> list[tuple[int, int]]:
        """(new row, stored row) with equal keys, whoever sees the stored row; and (new row, -1) for a key of an earlier new row."""
        types = [self.columns[i].type for i in places]
        vectors = [batch.vector(i) for i in places]
        if batch.n <= FEW:
            return self._looked_up(table, places, batch)
        matcher = Matcher(vectors, types, batch.n)
        found: list[tuple[int, int]] = []
        if table.n:
            stored, new = matcher.pairs([table.column(i) for i in places], table.n)
            found = list(zip(new.tolist(), stored.tolist(), strict=True))
        if not matcher.unique:
            first, again = matcher.pairs(vectors, batch.n)
            found += [(b, -1) for a, b in zip(first.tolist(), again.tolist(), strict=True) if a < b]
        return found

    def _keys(self, index: TableIndex, batch: Batch) -> list[tuple[Vector, PgType]]:
        """The values of an index's keys for rows of all live columns, with their types."""
        frame = Frame(n=batch.n, sides=(batch,), ctx=self.ctx)
        expressions = iter(index.expressions)
        found: list[tuple[Vector, PgType]] = []
        for number in index.columns:
            if number:
                found.append((batch.vector(self.places[number]), self.columns[self.places[number]].type))
            else:
                expr = next(expressions)
                found.append((compile(rewrite(expr, self.place))(frame).flat(), expr.type))
        return found

    def _covered(self, index: TableIndex, batch: Batch) -> np.ndarray:
        """The rows that an index's predicate lets in."""
        if index.predicate is None:
            return np.arange(batch.n)
        test = compile(rewrite(index.predicate, self.place))(Frame(n=batch.n, sides=(batch,), ctx=self.ctx)).flat()
        return np.flatnonzero(test.valid & truth(test))

    def _computed(self, table: Table, index: TableIndex, batch: Batch) -> list[tuple[int, int]]:
        """`_candidates` for an index with expressions or a predicate: both sides' keys are computed."""
        stored = Batch.of([table.column(i) for i in range(len(self.columns))], table.n)
        stored_rows, new_rows = self._covered(index, stored), self._covered(index, batch)
        new_keys, stored_keys = self._keys(index, batch.take(new_rows)), self._keys(index, stored.take(stored_rows))
        matcher = Matcher([v for v, _ in new_keys], [t for _, t in new_keys], len(new_rows))
        there, here = matcher.pairs([v for v, _ in stored_keys], len(stored_rows))
        found = list(zip(new_rows[here].tolist(), stored_rows[there].tolist(), strict=True))
        first, again = matcher.pairs([v for v, _ in new_keys], len(new_rows))
        return found + [(int(new_rows[b]), -1) for a, b in zip(first.tolist(), again.tolist(), strict=True) if a < b]

    def _looked_up(self, table: Table, places: tuple[int, ...], batch: Batch) -> list[tuple[int, int]]:
        types = [self.columns[i].type for i in places]
        index = table.equality_index(places)
        seen: dict[object, int] = {}
        found = []
        for new, key in enumerate(keys_of([batch.vector(i) for i in places], types)):  # few rows: a look-up each
            if key is None:
                continue
            found += [(new, row) for row in index.find(key)]
            if seen.setdefault(key, new) != new:
                found.append((new, -1))
        return found

    def first_clash(self, batch: Batch, replaced: Mapping[int, int] | None = None) -> tuple[int, DatabaseError] | None:
        """The first new row with a key that is taken, and its error; of several indexes the first in order."""
        best: tuple[int, DatabaseError] | None = None
        for index in self.relation.indexes:
            if not index.unique:
                continue
            found = self.clashes(index, batch, replaced)
            if found and (best is None or min(found) < best[0]):
                row = min(found)
                best = row, self.violation(index, batch, row)
        return best

    def enforce(self, batch: Batch, replaced: Mapping[int, int] | None = None) -> None:
        """Raise the error of the first row that breaks a constraint."""
        failure = self.first_failure(batch)
        clash = self.first_clash(batch if failure is None else batch.slice(0, failure[0]), replaced) if batch.n else None
        if clash is not None:
            raise clash[1]
        if failure is not None:
            raise failure[1]


class Writer:
    """Checks and stores new rows of one relation."""

    def __init__(self, relation: Relation, ctx: ExecutionContext) -> None:
        self.relation = relation
        self.ctx = ctx
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
        return self.ctx.store.insert(self.relation.oid, vectors, batch.n, self.ctx.transaction)
