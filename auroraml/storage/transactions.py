"""Transactions: ids, READ COMMITTED snapshots, an undo log with savepoints, and waiting for one another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auroraml.storage.store import Store


ACCESS_SHARE, ROW_SHARE, ROW_EXCLUSIVE, ACCESS_EXCLUSIVE = 1, 2, 3, 8  # the modes in which statements use relations (see storage.locks)


class Snapshot:
    """What a statement sees: everything committed when it began, and its own transaction's work."""

    __slots__ = ("oldest", "own", "running", "top")

    def __init__(self, own: int, top: int, running: frozenset[int]) -> None:
        self.own = own
        self.top = top
        self.running = running
        self.oldest = min(running) if running else top  # transactions before this one are over for the snapshot

    def sees(self, xid: int) -> bool:
        """Whether the work of transaction `xid` (not rolled back) is part of what the statement sees."""
        return xid == self.own or (xid < self.top and xid not in self.running)


class Transaction:
    """One transaction's half of storage; not used by two threads at once."""

    def __init__(self, store: Store, xid: int) -> None:
        self.store = store
        self.xid = xid
        self.ended = False
        self.undo: list[Callable[[], None]] = []
        self.at_end: list[Callable[[], None]] = []
        self.changed: dict[int, int] = {}  # rows inserted, updated or deleted, by table
        self.used: set[tuple[int, int]] = set()  # relations that statements have used, and the modes
        self.deferred: Any = None  # executor.deferred_references, once a deferrable foreign key has looked at a row
        self.taken: Snapshot | None = None  # the running statement's snapshot, once something asks for it

    @property
    def snapshot(self) -> Snapshot:
        """What the running statement sees: what was committed when it was first asked."""
        found = self.taken
        if found is None:
            found = self.taken = self.store.snapshot(self.xid)
        return found

    def statement(self) -> None:
        """A new statement begins: it sees what has been committed by now."""
        self.taken = None

    def log(self, undo: Callable[[], None]) -> None:
        """Remember how to take back a change."""
        self.undo.append(undo)

    def count(self, oid: int, n: int) -> None:
        """`n` rows of a table were changed."""
        self._add(oid, n)
        self.log(lambda: self._add(oid, -n))

    def _add(self, oid: int, n: int) -> None:
        self.changed[oid] = self.changed.get(oid, 0) + n

    def savepoint(self) -> int:
        """A mark to roll back to."""
        return len(self.undo)

    def rollback_to(self, mark: object) -> None:
        """Take back all changes since the mark."""
        assert isinstance(mark, int)
        with self.store.lock:
            while len(self.undo) > mark:
                self.undo.pop()()
        self.statement()

    def commit(self) -> None:
        """Make the changes visible to others."""
        self.undo.clear()
        with self.store.lock:
            for oid, n in self.changed.items():
                self.store.changed[oid] += n
            self._end()

    def rollback(self) -> None:
        """Take back everything."""
        with self.store.lock:
            while self.undo:
                self.undo.pop()()
            self._end()

    def _end(self) -> None:
        """Let go of locks; the caller holds the store's."""
        for release in self.at_end:
            release()
        self.at_end.clear()
        self.store.end(self)
