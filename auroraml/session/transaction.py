"""Transaction: the storage half and the catalog changes of one transaction, with savepoints over both."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from auroraml.lazy import load
from auroraml.session.function_statistics import FunctionStatistics

if TYPE_CHECKING:
    from auroraml.catalog.catalog import Catalog
    from auroraml.catalog.changes import Change
    from auroraml.session.notifications import Listeners, Saying
    from auroraml.storage import transactions
    from auroraml.storage.store import Store


class Hub:
    """The newest committed catalog of a database, its store, and the lock (the cluster's) under which commits apply their changes."""

    def __init__(self, catalog: Catalog, store: Store, lock: threading.RLock | None = None) -> None:
        self.catalog = catalog
        self.store = store
        self.lock = lock or threading.RLock()
        self.statistics: dict[str, FunctionStatistics] = {}  # by instance
        self.heard: Listeners | None = None
        self.on_commit: list[Callable[[tuple[Change, ...]], None]] = []

    @property
    def listeners(self) -> Listeners:
        """Who listens to NOTIFY."""
        with self.lock:
            if self.heard is None:
                self.heard = cast("Listeners", load("auroraml.session.notifications").Listeners())
            return self.heard

    def function_statistics(self, instance: str) -> FunctionStatistics:
        """What an instance has counted of functions in this database."""
        with self.lock:
            return self.statistics.setdefault(instance, FunctionStatistics())


class Transaction:
    """Sees the newest committed catalog plus its own changes; commit applies them to the newest under the lock."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.changes: list[Change] = []
        self.queried = False  # whether a statement has read the database
        self.stored: transactions.Transaction = hub.store.begin()
        self.started = time.time_ns() // 1000 - 946_684_800_000_000  # microseconds from 2000-01-01
        self.sayings: list[Saying] = []  # LISTEN, UNLISTEN and NOTIFY
        self._marks: list[tuple[int, object]] = []
        self._seen: tuple[Catalog, int, Catalog] | None = None

    @property
    def catalog(self) -> Catalog:
        """The catalog as this transaction sees it now."""
        newest = self.hub.catalog
        if not self.changes:
            return newest
        if self._seen is None or self._seen[0] is not newest or self._seen[1] != len(self.changes):
            self._seen = (newest, len(self.changes), newest.apply(tuple(self.changes)))
        return self._seen[2]

    def change(self, *changes: Change) -> None:
        """Add DDL, checked at once against what this transaction sees."""
        seen = self.catalog.apply(changes)
        self.changes += changes
        self._seen = (self.hub.catalog, len(self.changes), seen)

    def statement(self) -> None:
        """A statement starts: it sees what is committed by now."""
        self.stored.statement()

    def savepoint(self) -> int:
        """Open a subtransaction; its depth, from 1."""
        self._marks.append((len(self.changes), self.stored.savepoint()))
        return len(self._marks)

    def rollback_to(self, depth: int) -> None:
        """Undo everything since savepoint `depth` (from 1), which stays."""
        count, mark = self._marks[depth - 1]
        del self._marks[depth:]
        del self.changes[count:]
        self._seen = None
        self.stored.rollback_to(mark)

    def release(self, depth: int) -> None:
        """Forget the savepoints from `depth` on; their work stays."""
        del self._marks[depth - 1 :]

    def commit(self) -> None:
        """Make everything visible to others at once."""
        if not self.changes:
            self.stored.commit()
            return
        with self.hub.lock:
            self.hub.catalog = self.hub.catalog.apply(tuple(self.changes))
            for listener in self.hub.on_commit:
                listener(tuple(self.changes))
            self.stored.commit()

    def rollback(self) -> None:
        """Undo everything."""
        self.stored.rollback()
