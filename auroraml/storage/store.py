"""Store: the tables of one database by OID, transactions over them, sequences."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, cast

import numpy as np

from auroraml.batch import Datum, Index, Vector
from auroraml.errors import DeadlockDetected
from auroraml.lazy import load
from auroraml.storage.sequences import Sequences
from auroraml.storage.table import Table
from auroraml.storage.transactions import Snapshot, Transaction
from auroraml.types.pg_type import PgType

if TYPE_CHECKING:
    from auroraml.storage.locks import Locks

UNSETTLED = 32  # transactions whose rows and deletions may wait to be settled
POLL = 0.05  # seconds between looks at the waiting statement's interrupt


class Store:
    """All storage of a database; safe for any threads."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.ended = threading.Condition(self.lock)
        self.tables: dict[int, Table] = {}
        self.sequences = Sequences()
        self.next_xid = 1
        self.running: dict[int, Transaction] = {}
        self.changed: Counter[int] = Counter()  # by table: rows that commits have changed since its ANALYZE
        self.waiting: dict[int, tuple[tuple[int, ...], str]] = {}  # by transaction: those it waits for, and what they hold
        self.named: Locks | None = None

    @property
    def locks(self) -> Locks:
        """The locks that sessions take by name."""
        if self.named is None:
            with self.lock:
                self.named = self.named or cast("Locks", load("auroraml.storage.locks").Locks(self))
        return self.named

    def begin(self) -> Transaction:
        """A new transaction."""
        with self.lock:
            xid = self.next_xid
            self.next_xid += 1
            transaction = Transaction(self, xid)
            self.running[xid] = transaction
            return transaction

    def forget_changes(self, oid: int) -> None:
        """A table was analyzed."""
        with self.lock:
            self.changed.pop(oid, None)

    def snapshot(self, own: int) -> Snapshot:
        """What a statement of transaction `own` sees from now on."""
        with self.lock:
            return Snapshot(own, self.next_xid, frozenset([xid for xid in self.running if xid != own]))

    def horizon(self) -> int:
        """Every transaction before this one is over, and so for every snapshot in use."""
        return min((xid if t.taken is None else min(xid, t.taken.oldest) for xid, t in self.running.items()), default=self.next_xid)

    def end(self, transaction: Transaction) -> None:
        """A transaction is over."""
        with self.ended:
            transaction.ended = True
            self.running.pop(transaction.xid, None)
            if self.waiting:
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

    def visible(self, table: Table, transaction: Transaction) -> Index | None:
        """The rows of `table` that the transaction's statement sees; None when it sees all."""
        with self.lock:
            return table.visible(transaction.snapshot, self.horizon())

    def tidy(self, table: Table) -> None:
        """Settle what many transactions have left, so that looking a row up does not take longer with each of them; the caller holds the lock."""
        if len(table.made) + len(table.deletions) > UNSETTLED:
            table.settle(self.horizon())

    def note_vacuum(self, oid: int) -> None:
        """VACUUM of a table."""
        with self.lock:
            self.tables[oid].note_vacuum(self.horizon())

    def visible_now(self, table: Table) -> Index | None:
        """The rows of `table` that are committed; None when that is all."""
        with self.lock:
            return table.visible(self.snapshot(0), self.horizon())

    def insert(self, oid: int, vectors: Sequence[Vector], n: int, transaction: Transaction) -> Index:
        """Append rows; their numbers."""
        with self.lock:
            table = self.tables[oid]
            rows = table.append(vectors, n, transaction.xid)
            transaction.log(lambda: table.kill(int(rows[0]), int(rows[-1]) + 1) if len(rows) else None)
            transaction.count(oid, n)
            return rows

    def insert_row(self, oid: int, values: Sequence[Datum | None], transaction: Transaction) -> int:
        """Append a row; its number. The caller holds the lock."""
        table = self.tables[oid]
        row = table.append_row(values, transaction.xid)
        transaction.log(lambda: table.kill(row, row + 1))
        transaction.count(oid, 1)
        return row

    # Writers that meet one another

    def claim(self, table: Table, rows: Index, transaction: Transaction, check: Callable[[], None]) -> Index:
        """Wait until no other running transaction holds one of `rows` (deleted or locked it); which of them are deleted by now."""
        with self.ended:
            while (holder := self._holder(table, rows, transaction)) is not None:
                self.wait(transaction, holder, check)
            if not table.deletions:
                return rows[table.gone(rows)]
            return rows[table.deleters(rows) != 0]  # type: ignore[no-any-return] # numpy gives Any

    def _holder(self, table: Table, rows: Index, transaction: Transaction) -> int | None:
        """A running transaction that deleted, or locked, one of `rows`: the one of the first such row."""
        if len(self.running) < 2:
            return None
        if not table.deletions and not table.locks:
            return None
        others = [xid for xid in self.running if xid != transaction.xid]
        held = np.isin(table.deleters(rows), others)
        if table.locks:
            held |= np.fromiter((table.locks.get(int(row), transaction.xid) in others for row in rows), np.bool_, len(rows))
        if not held.any():
            return None
        row = int(rows[int(np.argmax(held))])
        deleter = int(table.deleters(np.array([row]))[0])
        return deleter if deleter in others else table.locks[row]

    def held(self, table: Table, rows: Index, transaction: Transaction) -> Index:
        """Those of `rows` that another running transaction deleted or locked."""
        with self.lock:
            return rows[[self._holder(table, rows[i : i + 1], transaction) is not None for i in range(len(rows))]] if len(rows) else rows

    def delete(self, oid: int, rows: Index, transaction: Transaction, successors: Index | None = None) -> None:
        """Delete row versions that `claim` found free."""
        with self.lock:
            table = self.tables[oid]
            if not (rows[1:] > rows[:-1]).all():
                order = np.argsort(rows, kind="stable")
                rows, successors = rows[order], None if successors is None else successors[order]
            deletion = table.delete(rows, transaction.xid, successors)
            transaction.log(lambda: table.undelete(deletion))
            if successors is None:
                transaction.count(oid, len(rows))  # an update has counted its new versions

    def lock_rows(self, table: Table, rows: Index, transaction: Transaction) -> None:
        """Hold rows until the transaction ends."""
        with self.lock:
            mine = {int(row): table.locks.get(int(row)) for row in rows}
            table.locks.update(dict.fromkeys(mine, transaction.xid))
            transaction.at_end.append(lambda: self._unlock(table, mine, transaction.xid))

    def _unlock(self, table: Table, rows: dict[int, int | None], xid: int) -> None:
        for row in rows:
            if table.locks.get(row) == xid:
                del table.locks[row]

    def wait(self, transaction: Transaction, holder: int, check: Callable[[], None]) -> None:
        """Until transaction `holder` has ended; 40P01 where it waits for this one. The caller holds the lock."""
        self.wait_for(transaction, lambda: (holder,) if holder in self.running else None, check, f"ShareLock on transaction {holder}")

    def wait_for(self, transaction: Transaction, holders: Callable[[], tuple[int, ...] | None], check: Callable[[], None], what: str) -> None:
        """Until nobody holds `what` any more; 40P01 where one of the `holders` waits for this transaction. The caller holds the lock."""
        waiter = transaction.xid
        try:
            while (found := holders()) is not None:
                self.waiting[waiter] = found, what
                chain = self._chain(waiter, waiter, set())
                if chain:
                    raise DeadlockDetected("deadlock detected", detail=self._cycle([waiter, *chain]), hint="See server log for query details.")
                self.ended.wait(POLL)
                check()
        finally:
            self.waiting.pop(waiter, None)

    def _chain(self, start: int, xid: int, seen: set[int]) -> list[int]:
        """Who waits for whom from `xid` back to `start`; nobody where it does not come back."""
        for holder in self.waiting.get(xid, ((), ""))[0]:
            if holder == start:
                return [holder]
            if holder not in seen:
                seen.add(holder)
                if rest := self._chain(start, holder, seen):
                    return [holder, *rest]
        return []

    def _cycle(self, chain: Sequence[int]) -> str:
        return "\n".join(f"Process {a} waits for {self.waiting[a][1]}; blocked by process {b}." for a, b in pairwise(chain))
