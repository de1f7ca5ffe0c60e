"""Transactions: ids, READ COMMITTED snapshots, an undo log with savepoints, and waiting for one another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auroraml.storage.store import Store

ABORTED = -1


class Snapshot:
    """What a statement sees: everything committed when it began, and its own transaction's work."""

    __slots__ = ("own", "running", "top", "version")

    def __init__(self, own: int, top: int, running: frozenset[int], version: int) -> None:
        self.own = own
        self.top = top
        self.running = running
        self.version = version


class Transaction:
    """One transaction's half of storage; not used by two threads at once."""

    def __init__(self, store: Store, xid: int) -> None:
        self.store = store
        self.xid = xid
        self.undo: list[Callable[[], None]] = []
        self.snapshot = store.snapshot(xid)

    def statement(self) -> None:
        """A new statement begins: it sees what has been committed by now."""
        self.snapshot = self.store.snapshot(self.xid)

    def log(self, undo: Callable[[], None]) -> None:
        """Remember how to take back a change."""
        self.undo.append(undo)

    def savepoint(self) -> int:
        """A mark to roll back to."""
        return len(self.undo)

    def rollback_to(self, mark: object) -> None:
        """Take back all changes since the mark."""
        assert isinstance(mark, int)
        while len(self.undo) > mark:
            self.undo.pop()()
        self.statement()

    def commit(self) -> None:
        """Make the changes visible to others."""
        self.undo.clear()
        self.store.end(self.xid)

    def rollback(self) -> None:
        """Take back everything."""
        while self.undo:
            self.undo.pop()()
        self.store.end(self.xid)
