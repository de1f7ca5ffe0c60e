"""CallLog: one row a service request, for tests, for auroraml.service_calls and for people."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol


class Attempt(NamedTuple):
    """One time that a request was sent: when (milliseconds from the statement's start), to which instance, how long it waited there and lasted in all."""

    start: float
    milliseconds: float
    instance: int | None = None  # None: there is none, or it was not reached
    queued: float = 0.0  # milliseconds of those
    error: str | None = None


class CallRecord(NamedTuple):  # a tuple: one is made for every request, and a frozen dataclass takes five times as long
    """A request as sent: what, how much, how many attempts it took, how long, what it used, and how it failed; who sent it."""

    service: str
    operation: str
    target: str  # language code, endpoint name or model id
    items: int
    attempts: int = 1
    milliseconds: float = 0.0
    units: int = 0
    error: str | None = None
    request_bytes: int | None = None  # None: rows went to a Python callable without becoming bytes
    response_bytes: int | None = None
    amount: int | None = None  # in millionths of millionths of the currency; None where there is no price
    started: float = 0.0  # seconds from 1970-01-01 UTC
    pid: int = 0
    statement: str = ""
    worker: int | None = None  # of a parallel plan; None: the leader
    batch: int = 0  # of the statement's batches, from 1
    start: float = 0.0  # milliseconds from the statement's start
    tries: tuple[Attempt, ...] = ()  # none: one attempt, at no instance

    @property
    def timeline(self) -> tuple[Attempt, ...]:
        """Each attempt, in their order."""
        return self.tries or (Attempt(self.start, self.milliseconds, error=self.error),)

    @property
    def instance(self) -> int | None:
        """The instance that had it last."""
        return self.timeline[-1].instance

    @property
    def queued(self) -> float:
        """Milliseconds that its attempts waited for their instances."""
        return sum(attempt.queued for attempt in self.tries)

    def parts(self, most: int) -> Iterator[tuple[int, CallRecord]]:
        """The requests of at most so many items that AWS would have seen in place of this one, each with its first item and its share of the time."""
        for first in range(0, self.items, most):
            n = min(most, self.items - first)
            begun, lasted = self.start + self.milliseconds * first / self.items, self.milliseconds * n / self.items
            yield first, self._replace(items=n, milliseconds=lasted, start=begun, tries=())


class Several(Protocol):
    """Records that are made when somebody reads them."""

    def __len__(self) -> int:
        """How many."""

    def __iter__(self) -> Iterator[CallRecord]:
        """Each, in their order."""


class CallLog:
    """The latest requests of a Database; safe for threads."""

    def __init__(self, keep: int = 100_000) -> None:
        self._keep = keep
        self._entries: deque[CallRecord | Several] = deque()
        self._held = 0  # records in the entries
        self._count = 0
        self._lock = threading.Lock()

    def add(self, record: CallRecord) -> None:
        """Append a record."""
        with self._lock:
            self._entries.append(record)
            self._count += 1
            self._held += 1
            if self._held > self._keep:
                self._forget()

    def add_several(self, records: Several) -> None:
        """Append records that are made when somebody reads them."""
        with self._lock:
            self._entries.append(records)
            self._count += len(records)
            self._held += len(records)
            if self._held > self._keep:
                self._forget()

    def _forget(self) -> None:
        """Drop the oldest entries that hold nothing but records beyond those to keep."""
        while self._entries and self._held - (size := _size(self._entries[0])) >= self._keep:
            self._entries.popleft()
            self._held -= size

    def _made(self) -> Sequence[CallRecord]:
        """The records kept."""
        records = list(itertools.chain.from_iterable((entry,) if isinstance(entry, CallRecord) else entry for entry in self._entries))
        if len(records) > self._keep:
            del records[: len(records) - self._keep]
        self._entries, self._held = deque(records), len(records)
        return records

    def numbered(self) -> list[tuple[int, CallRecord]]:
        """All records kept with their numbers, which start at 1 when the Database does."""
        with self._lock:
            return list(enumerate(self._made(), self._count - self._held + 1))

    @property
    def count(self) -> int:
        """How many records there have been."""
        return self._count

    def records(self) -> tuple[CallRecord, ...]:
        """All records kept, oldest first."""
        with self._lock:
            return tuple(self._made())

    def keep(self, most: int) -> None:
        """Keep at most so many records from now on."""
        with self._lock:
            self._keep = most
            self._forget()

    def clear(self) -> None:
        """Forget all records."""
        with self._lock:
            self._entries.clear()
            self._held = 0


class Caller:
    """Who makes the calls: a session, its running statement, and in a parallel plan the worker of the running thread."""

    def __init__(self, pid: int = 0) -> None:
        self.pid = pid
        self.statement = ""
        self.started = 0.0
        self.before = 0
        self._batches = itertools.count(1)

    def begin(self, statement: str, started: float, before: int) -> None:
        """A statement begins, at this time of its calls' clock, when there were so many records `before`: its first batch has number 1."""
        self.statement = statement
        self.started = started
        self.before = before
        self._batches = itertools.count(1)

    def batch(self) -> int:
        """The number of the next batch."""
        return next(self._batches)


def _size(entry: CallRecord | Several) -> int:
    return 1 if isinstance(entry, CallRecord) else len(entry)


WORKER = threading.local()  # its attribute `number` is the parallel worker that the thread runs


def worker() -> int | None:
    """The parallel worker whose thread this is."""
    found: int | None = getattr(WORKER, "number", None)
    return found


class Placed(NamedTuple):
    """Where a request went: the instance, and the seconds it waited there for its turn."""

    instance: int | None = None
    queued: float = 0.0


NOWHERE = Placed()


class _PlacedRequest(threading.local):
    now = NOWHERE


PLACED = _PlacedRequest()  # `now`: where the request went that this thread has made last; a simulated instance says so
