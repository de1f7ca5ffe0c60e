"""CallLog: one row a service request, for tests, for auroraml.service_calls and for people."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
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


Brief = tuple[Callable[..., CallRecord], *tuple[object, ...]]
"""What makes a record when somebody reads it, and what it makes it of: quicker to note than the record for each of many calls."""


class CallLog:
    """The latest requests of a Database; safe for threads."""

    def __init__(self, keep: int = 100_000) -> None:
        self._keep = keep
        self._entries: deque[CallRecord | Brief | Several] = deque()  # never another one, and appended to without the lock
        self._more = 0  # records in the entries beyond one each
        self._forgotten = 0
        self._lock = threading.Lock()

    def add(self, record: CallRecord | Brief) -> None:
        """Append a record."""
        entries = self._entries
        entries.append(record)
        if len(entries) + self._more > self._keep:
            self._forget()

    def add_several(self, records: Several) -> None:
        """Append records that are made when somebody reads them."""
        with self._lock:
            self._more += len(records) - 1
            self._entries.append(records)
        self._forget()

    def _forget(self) -> None:
        """Drop the oldest entries that hold nothing but records beyond those to keep."""
        with self._lock:
            while self._entries and self._held - (size := _size(self._entries[0])) >= self._keep:
                self._entries.popleft()
                self._more -= size - 1
                self._forgotten += size

    @property
    def _held(self) -> int:
        return len(self._entries) + self._more

    def _made(self) -> Sequence[CallRecord]:
        """The records kept."""
        entries = self._entries
        kept = list(entries)
        records = list(itertools.chain.from_iterable(map(_records, kept)))
        surplus = max(len(records) - self._keep, 0)
        del records[:surplus]
        for _ in kept:
            entries.popleft()
        entries.extendleft(reversed(records))
        self._more = 0
        self._forgotten += surplus
        return records

    def numbered(self) -> list[tuple[int, CallRecord]]:
        """All records kept with their numbers, which start at 1 when the Database does."""
        with self._lock:
            records = self._made()
            return list(enumerate(records, self._forgotten + 1))

    @property
    def count(self) -> int:
        """How many records there have been."""
        with self._lock:
            return self._forgotten + self._held

    def records(self) -> tuple[CallRecord, ...]:
        """All records kept, oldest first."""
        with self._lock:
            return tuple(self._made())

    def keep(self, most: int) -> None:
        """Keep at most so many records from now on."""
        self._keep = most
        self._forget()

    def clear(self) -> None:
        """Forget all records."""
        with self._lock:
            self._forgotten += self._held
            self._entries.clear()
            self._more = 0


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


def _size(entry: CallRecord | Brief | Several) -> int:
    return 1 if isinstance(entry, tuple) else len(entry)


def _records(entry: CallRecord | Brief | Several) -> Iterable[CallRecord]:
    if isinstance(entry, tuple):
        return (entry if isinstance(entry, CallRecord) else entry[0](*entry[1:]),)
    return entry


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
