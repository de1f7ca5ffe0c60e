"""CallLog: one row a service request, for tests, metering and people."""

from __future__ import annotations

import threading
from collections import deque
from typing import NamedTuple


class CallRecord(NamedTuple):
    """A request as sent: how many items, how many attempts it took, how long, what it would cost in units, and how it failed.

    A tuple: a quick endpoint answers tens of thousands of requests a second, and making a dataclass takes as long as the rest of the logging.
    """

    service: str
    operation: str
    target: str  # language code or endpoint name
    items: int
    attempts: int = 1
    milliseconds: float = 0.0
    units: int = 0
    error: str | None = None


class CallLog:
    """The latest requests of a Database; safe for threads."""

    def __init__(self, keep: int = 100_000) -> None:
        self._records: deque[CallRecord] = deque(maxlen=keep)
        self._lock = threading.Lock()

    def add(self, record: CallRecord) -> None:
        """Append a record."""
        with self._lock:
            self._records.append(record)

    def records(self) -> tuple[CallRecord, ...]:
        """All records kept, oldest first."""
        with self._lock:
            return tuple(self._records)

    def clear(self) -> None:
        """Forget all records."""
        with self._lock:
            self._records.clear()
