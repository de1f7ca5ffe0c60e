"""Store: the tables of one database by OID, transactions over them, sequences."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from auroraml.batch import Index, Vector
from auroraml.errors import DeadlockDetected
from auroraml.storage.sequences import Sequences
from auroraml.storage.table import Table
from auroraml.storage.transactions import Snapshot, Transaction
from auroraml.types.pg_type import PgType


class Store:
    """All storage of a database; safe for any threads."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.ended = threading.Condition(self.lock)
        self.tables: dict[int, Table] = {}
        self.sequences = Sequences()
        self.next_xid = 1
        self.running: set[int] = set()
        self.waiting: dict[int, int] = {}
        self.ends = 0

    def begin(self) -> Transaction:
        """A new transaction."""
        with self.lock:
            xid = self.next_xid
            self.next_xid += 1
            self.running.add(xid)
            return Transaction(self, xid)

    def snapshot(self, own: int) -> Snapshot:
        """What a statement of transaction `own` sees from now on."""
        with self.lock:
            return Snapshot(own, self.next_xid, frozenset(self.running - {own}), self.ends)

    def end(self, xid: int) -> None:
        """A transaction is over."""
        with self.ended:
            self.running.discard(xid)
            self.ends += 1
            self.ended.notify_all()

    def create(self, oid: int, types: Sequence[tuple[PgType, PgType | None]], transaction: Transaction) -> Table:
        """Make the table of a relation."""
        with self.lock:
            old = self.tables.get(oid)
            table = self.tables[oid] = Table(types)
            transaction.log(lambda: self._restore(oid, old))
            return table

    def _restore(self, oid: int, old: Table | None) -> None:
        if old is None:
            self.tables.pop(oid, None)
        else:
            self.tables[oid] = old

    def drop(self, oid: int, transaction: Transaction) -> None:
        """Forget a table."""
        with self.lock:
            old = self.tables.pop(oid, None)
            transaction.log(lambda: self._restore(oid, old))

    def table(self, oid: int) -> Table:
        """The table of a relation."""
        return self.tables[oid]

    def insert(self, oid: int, vectors: Sequence[Vector], n: int, transaction: Transaction) -> Index:
        """Append rows; their numbers."""
        with self.lock:
            table = self.tables[oid]
            rows = table.append(vectors, n, transaction.xid)
            transaction.log(lambda: table.abort(rows))
            return rows

    def delete(self, oid: int, rows: Index, transaction: Transaction) -> Index:
        """Delete row versions; waits for other transactions that did so, and leaves out what they deleted for good."""
        table = self.tables[oid]
        with self.ended:
            while True:
                holders = {int(x) for x in table.deleted[rows] if x > 0 and x != transaction.xid and int(x) in self.running}
                if not holders:
                    break
                self._wait(transaction.xid, min(holders))
            free = rows[table.deleted[rows] == 0]
            table.delete(free, transaction.xid)
            transaction.log(lambda: table.delete(free, 0))
            return free  # type: ignore[no-any-return] # numpy gives Any

    def _wait(self, waiter: int, holder: int) -> None:
        seen = holder
        while seen in self.waiting:
            seen = self.waiting[seen]
            if seen == waiter:
                raise DeadlockDetected(
                    "deadlock detected", detail=f"Process {waiter} waits for ShareLock on transaction {holder}; blocked by process {holder}.",
                    hint="See server log for query details.",
                )  # fmt: skip
        self.waiting[waiter] = holder
        try:
            self.ended.wait_for(lambda: holder not in self.running)
        finally:
            del self.waiting[waiter]
