"""Unique keys: which new rows have a key that is taken, by a stored row or an earlier new one, and the error that tells it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from auroraml.batch import Batch, Index, Vector
from auroraml.catalog.printing import index_keys
from auroraml.errors import DatabaseError, UniqueViolation
from auroraml.evaluate import Frame, compile, truth
from auroraml.executor.matching import Matcher
from auroraml.ir import expr as e
from auroraml.ir.objects import Column as TableColumn
from auroraml.ir.objects import Index as TableIndex
from auroraml.ir.objects import Relation
from auroraml.ir.tree import rewrite, walk
from auroraml.storage.index import keys_of
from auroraml.storage.table import Table
from auroraml.types.pg_type import PgType
from auroraml.types.text import datum_out

if TYPE_CHECKING:
    from auroraml.executor.context import ExecutionContext

FEW = 1_000  # rows that are looked up one by one in a dictionary of the stored keys
NONE = np.zeros(0, np.int64)
Clashes = tuple[Index, Index]  # new rows, each once, and for each the stored row that has its key, or -1 for an earlier new row
NO_CLASHES: Clashes = (NONE, NONE)


class UniqueKeys:
    """The unique indexes of one relation; `columns` are its live ones, `places` their positions by number, `place` puts expressions over those."""

    def __init__(
        self, relation: Relation, ctx: ExecutionContext, columns: Sequence[TableColumn], places: Mapping[int, int],
        place: Callable[[object], object | None],
    ) -> None:  # fmt: skip
        self.relation = relation
        self.ctx = ctx
        self.columns = columns
        self.places = places
        self.place = place
        self.keys: dict[tuple[int, ...], list[object | None]] = {}  # of the rows looked up last, by the index's columns

    def first_clash(self, batch: Batch, replaced: Index | None = None, changed: Collection[int] | None = None) -> tuple[int, DatabaseError] | None:
        """The first new row with a key that is taken, and its error; of several indexes the first in order.

        New row i takes the place of stored row `replaced[i]`. Where it differs from that row only in columns `changed`, indexes that read none
        of them are not looked at: such a key was the old row's own.
        """
        best: tuple[int, DatabaseError] | None = None
        self.keys = {}
        for index in self.relation.indexes:
            if not index.unique or (changed is not None and not _reads(index, changed)):
                continue
            found, _ = self.clashes(index, batch, replaced)
            if len(found) and (best is None or int(found.min()) < best[0]):
                row = int(found.min())
                best = row, self.violation(index, batch, row)
        return best

    def violation(self, index: TableIndex, batch: Batch, row: int) -> UniqueViolation:
        """23505."""
        style = self.ctx.style
        names = ", ".join(index_keys(replace(index, included=()), self.relation, self.ctx.catalog, pretty=True))
        values = [(type, vector.datum(0)) for vector, type in self._keys(index, batch.slice(row, row + 1))]
        shown = ", ".join("null" if v is None else datum_out(t, v, style) for t, v in values)
        return UniqueViolation(
            f'duplicate key value violates unique constraint "{index.name}"', detail=f"Key ({names})=({shown}) already exists.",
            schema=self.relation.schema, table=self.relation.name, constraint=index.name,
        )  # fmt: skip

    def clashes(self, index: TableIndex, batch: Batch, replaced: Index | None = None) -> Clashes:
        """New rows whose key is taken: by a stored row, or by an earlier new row.

        `replaced` names the stored row that each new row takes the place of: such a row is in the way only until then.
        Waits for other transactions that have the key and are not over.
        """
        store, transaction = self.ctx.store, self.ctx.transaction
        table = store.table(self.relation.oid)
        places = tuple(self.places[n] for n in index.columns if n)
        plain = index.predicate is None and not index.expressions
        turns: dict[int, int] | None = None
        while True:
            if plain and batch.n <= FEW:
                pairs = self._looked_up(table, places, batch)
            else:
                new, rows = self._matched(table, places, batch) if plain else self._computed(table, index, batch)
                if plain and self._settled(table):
                    return self._in_the_way(table, new, rows, replaced)
                pairs = list(zip(new.tolist(), rows.tolist(), strict=True))
            if not pairs:
                return NO_CLASHES
            if replaced is not None and turns is None:
                turns = {row: turn for turn, row in enumerate(replaced.tolist())}
            found: dict[int, int] = {}
            holder = None
            for new_row, row in pairs:  # one by one: the first transaction that is in the way is waited for
                if row < 0:
                    found.setdefault(new_row, -1)
                    continue
                state, holder = self._state(table, row, new_row, turns)
                if holder is not None:
                    break
                if state:
                    found[new_row] = row
            if holder is None:
                return np.fromiter(found, np.int64, len(found)), np.fromiter(found.values(), np.int64, len(found))
            store.wait(transaction, holder, self.ctx.check_cancel)

    def _settled(self, table: Table) -> bool:
        """Whether no other transaction that is still running has touched the table."""
        others = self.ctx.store.running.keys() - {self.ctx.transaction.xid}
        return not others or not (any(part.xid in others for part in table.made) or any(d.xid in others for d in table.deletions))

    def _in_the_way(self, table: Table, new: Index, rows: Index, replaced: Index | None) -> Clashes:
        """Those of many candidates that are in the way, in a settled table."""
        stored = rows >= 0
        if replaced is None and table.untouched:
            taken = stored
        else:
            turn = np.full(table.n, -1, np.int64)
            if replaced is not None:
                turn[replaced] = np.arange(len(replaced))
            turns, deleters = turn[rows], table.deleters(rows)  # row -1 stands for any, and is left out
            later = turns > new
            taken = stored & ~table.gone(rows) & np.where(deleters == 0, later | (turns < 0), (deleters == self.ctx.transaction.xid) & later)
        first = np.concatenate([np.flatnonzero(taken)[::-1], np.flatnonzero(~stored)])  # of several stored rows the last
        found, place = np.unique(new[first], return_index=True)
        return found, rows[first[place]]

    def _state(self, table: Table, row: int, new: int, turns: Mapping[int, int] | None) -> tuple[bool, int | None]:
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
            return deleter == own and turns is not None and turns.get(row, -1) > new, None
        return turns is None or turns.get(row, 1 << 62) > new, None

    def _matched(self, table: Table, places: tuple[int, ...], batch: Batch) -> Clashes:
        """New rows and stored rows with equal keys, whoever sees the stored row; and new rows with -1 for a key of an earlier new row."""
        vectors = [batch.vector(i) for i in places]
        matcher = Matcher(vectors, [self.columns[i].type for i in places], batch.n)
        stored, new = matcher.pairs([table.column(i) for i in places], table.n) if table.n else NO_CLASHES
        return self._with_earlier(matcher, vectors, batch.n, new, stored)

    @staticmethod
    def _with_earlier(matcher: Matcher, vectors: Sequence[Vector], n: int, new: Index, stored: Index) -> Clashes:
        if matcher.unique:
            return new, stored
        first, again = matcher.pairs(vectors, n)
        earlier = again[first < again]
        return np.concatenate([new, earlier]), np.concatenate([stored, np.full(len(earlier), -1)])

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

    def _computed(self, table: Table, index: TableIndex, batch: Batch) -> Clashes:
        """`_matched` for an index with expressions or a predicate: both sides' keys are computed."""
        stored = Batch.of([table.column(i) for i in range(len(self.columns))], table.n)
        stored_rows, new_rows = self._covered(index, stored), self._covered(index, batch)
        new_keys, stored_keys = self._keys(index, batch.take(new_rows)), self._keys(index, stored.take(stored_rows))
        vectors = [v for v, _ in new_keys]
        matcher = Matcher(vectors, [t for _, t in new_keys], len(new_rows))
        there, here = matcher.pairs([v for v, _ in stored_keys], len(stored_rows))
        new, rows = self._with_earlier(matcher, vectors, len(new_rows), here, stored_rows[there])
        return new_rows[new], rows

    def _looked_up(self, table: Table, places: tuple[int, ...], batch: Batch) -> list[tuple[int, int]]:
        """`_matched` for few rows: a look-up each."""
        types = [self.columns[i].type for i in places]
        table.equality_index(places)  # is there from now on, whatever the keys
        seen: dict[object, int] = {}
        found = []
        keys = self.keys[places] = keys_of([batch.vector(i) for i in places], types)
        for new, key in enumerate(keys):
            if key is None:
                continue
            found += [(new, row) for row in table.rows_of(places, key)]
            if seen.setdefault(key, new) != new:
                found.append((new, -1))
        return found


def _reads(index: TableIndex, columns: Collection[int]) -> bool:
    """Whether an index has one of these columns in a key, an expression or its predicate."""
    if any(number in columns for number in index.columns):
        return True
    parts = (*index.expressions, *(() if index.predicate is None else (index.predicate,)))
    return any(isinstance(node, e.ColumnRef) and node.id in columns for part in parts for node in walk(part))
