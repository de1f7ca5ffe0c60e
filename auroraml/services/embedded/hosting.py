"""Hosting: the instances an endpoint or model runs on in simulation: how many, how many requests each takes at once, how long a request lasts, its faults."""

from __future__ import annotations

import contextlib
import math
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, fields, replace
from typing import TypedDict, TypeVar

from auroraml.records import dataclass
from auroraml.services.clock import Clock
from auroraml.services.embedded.faults import DAMAGED, FAILING, KNOWN, TIMED_OUT, Draws, Faults, broken_off
from auroraml.services.log import PLACED, Placed
from auroraml.services.numbers import Numbers
from auroraml.services.protocols import ModelFailure, ServiceFailure

ANSWERING = frozenset({"InService", "Updating"})
STATUSES = ("OutOfService", "Creating", "Updating", "SystemUpdating", "RollingBack", "InService", "Deleting", "Failed", "UpdateRollbackFailed")
ROUTINGS = ("RANDOM", "LEAST_OUTSTANDING_REQUESTS")  # SageMaker's words
LATE = 0.05  # seconds by which a reordered answer comes late
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Seconds a request takes: base + rows x per_row + bytes x per_byte; normal: with a deviation of `spread` seconds; lognormal: times e^N(0, spread).

    Where it is drawn, each request that an instance takes in takes the next number of the seed, in the order in which they come. Latencies are
    whole nanoseconds, so that libraries which differ in the last digit of e^x give the same.
    """

    base: float = 0.0
    per_row: float = 0.0
    per_byte: float = 0.0
    distribution: str = "fixed"
    spread: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.distribution not in ("fixed", "normal", "lognormal"):
            raise ValueError(f"distribution is fixed, normal or lognormal, not {self.distribution!r}")
        for name in ("base", "per_row", "per_byte", "spread"):
            value = getattr(self, name)
            if not isinstance(value, int | float) or value < 0:
                raise ValueError(f"{name} is a number of seconds, not {value!r}")

    @classmethod
    def of(cls, value: Latency | float | Mapping[str, object]) -> Latency:
        """What a user gives: a Latency, seconds, or a table."""
        if isinstance(value, Latency):
            return value
        if not isinstance(value, Mapping):
            return cls(base=value)
        strange = sorted(value.keys() - {f.name for f in fields(cls)})
        if strange:
            raise ValueError(f"latency has no {strange[0]!r}: it is made of {', '.join(f.name for f in fields(cls))}")
        return cls(**value)  # type: ignore[arg-type] # checked in __post_init__

    def seconds(self, rows: int, size: Callable[[], int], numbers: Numbers) -> float:
        """How long a request lasts."""
        mean = self.base + rows * self.per_row + (size() * self.per_byte if self.per_byte else 0.0)
        if self.distribution == "normal":
            mean = max(0.0, mean + self.spread * numbers.normal())
        elif self.distribution == "lognormal":
            mean *= math.exp(self.spread * numbers.normal())
        return round(mean * 1e9) / 1e9


class HostingOptions(TypedDict, total=False):
    """What an endpoint may be told about where it runs; TOML tables have the same names."""

    instances: int
    concurrency: int | None
    max_queue: int | None
    routing: str
    latency: Latency | float | Mapping[str, object]
    time_limit: float
    faults: Faults | Mapping[str, object]
    status: str
    instance_type: str


@dataclass(frozen=True, kw_only=True)
class Hosting:
    """`concurrency`: requests an instance takes at once; more wait, at most `max_queue` an instance, and beyond that are throttled. None: no limit.

    `time_limit`: the seconds a model may take, Amazon's 60.
    """

    instances: int = 1
    concurrency: int | None = None
    max_queue: int | None = None
    routing: str = "RANDOM"
    latency: Latency = field(default_factory=Latency)
    time_limit: float = 60.0
    faults: Faults = field(default_factory=Faults)
    status: str = "InService"

    def __post_init__(self) -> None:
        for name, value in (("instances", self.instances), ("concurrency", self.concurrency)):
            if value is not None and (not isinstance(value, int) or value < 1):
                raise ValueError(f"{name} is a whole number above 0, not {value!r}")
        if self.max_queue is not None and (not isinstance(self.max_queue, int) or self.max_queue < 0):
            raise ValueError(f"max_queue is a whole number, not {self.max_queue!r}")
        if self.routing not in ROUTINGS:
            raise ValueError(f"routing is {' or '.join(ROUTINGS)}, not {self.routing!r}")
        if self.status not in STATUSES:
            raise ValueError(f"status is one of {', '.join(STATUSES)}, not {self.status!r}")

    @classmethod
    def of(cls, options: HostingOptions) -> Hosting:
        """From what a user gives."""
        values: dict[str, object] = {name: value for name, value in options.items() if name != "instance_type"}
        if "latency" in options:
            values["latency"] = Latency.of(options["latency"])
        if "faults" in options:
            values["faults"] = Faults.of(options["faults"])
        return cls(**values)  # type: ignore[arg-type] # HostingOptions has the same names

    @property
    def plain(self) -> bool:
        """Whether calls need not go through any of it."""
        return self.concurrency is None and self.latency == Latency() and not self.faults.active

    @property
    def lasting(self) -> bool:
        """Whether a call may wait."""
        faults = self.faults
        return self.concurrency is not None or self.latency != Latency() or bool(faults.timeout or faults.reorder)


# What services take in virtual time that have no latency of their own: the embedded Comprehend a request and a document, Bedrock's models a request, as
# tools/record_engine_times.py measured them; a callable that does next to nothing.
MEASURED: Mapping[str, Latency] = {
    "Comprehend": Latency(base=0.00007, per_row=0.00002),
    "SageMaker": Latency(base=0.00001, per_row=0.0000001),
    "Bedrock": Latency(base=0.00005),
}


def virtual(service: str, hosting: Hosting) -> Hosting:
    """How a service is hosted in virtual time, where no call is free."""
    return replace(hosting, latency=MEASURED[service]) if hosting.latency == Latency() else hosting


class Ticket:
    """A request's place in an instance's queue."""

    __slots__ = ("called",)

    def __init__(self) -> None:
        self.called = False


class Fleet:
    """The instances, as queues: a request goes to one and waits there for its turn; who came first is answered first.

    With RANDOM routing the nth request that comes goes to the instance floor(instances x nth number); with LEAST_OUTSTANDING_REQUESTS to the first of those
    that have the fewest, waiting ones included.
    """

    def __init__(self, hosting: Hosting, clock: Clock) -> None:
        self.hosting = hosting
        self.clock = clock
        self.busy = [0] * hosting.instances  # requests being answered, by instance
        self.queues = [deque[Ticket]() for _ in range(hosting.instances)]
        self.peak = 0  # the most that were answered at once, over all instances
        self._numbers = Numbers(hosting.latency.seed, "route")
        self._turn = clock.condition()

    @contextlib.contextmanager
    def instance(self, taken_in: Callable[[], None] = lambda: None) -> Iterator[Placed]:
        """A turn on an instance; ThrottlingException where its queue is full. `taken_in` is called for a request that is not turned away."""
        limit, most = self.hosting.concurrency, self.hosting.max_queue
        with self._turn:
            chosen, came = self._routed(), self.clock.now()
            PLACED.now = Placed(instance=chosen)
            queue = self.queues[chosen]
            full = limit is not None and self.busy[chosen] >= limit
            if full and most is not None and len(queue) >= most:
                raise ServiceFailure("ThrottlingException", "Rate exceeded")
            taken_in()
            if full:
                self._queue(queue)
            else:
                self.busy[chosen] += 1
            self.peak = max(self.peak, sum(self.busy))
            placed = PLACED.now = Placed(instance=chosen, queued=self.clock.now() - came)
        try:
            yield placed
        finally:
            with self._turn:
                if queue:
                    queue.popleft().called = True  # it takes the place that is left
                    self._turn.notify_all()
                else:
                    self.busy[chosen] -= 1

    def _queue(self, queue: deque[Ticket]) -> None:
        """Wait to be called."""
        ticket = Ticket()
        queue.append(ticket)
        try:
            while not ticket.called:
                self._turn.wait()
        except BaseException:
            if ticket in queue:
                queue.remove(ticket)
            raise

    def _routed(self) -> int:
        if len(self.busy) == 1:
            return 0
        if self.hosting.routing == "RANDOM":
            return int(len(self.busy) * self._numbers.uniform())
        return min(range(len(self.busy)), key=lambda i: self.busy[i] + len(self.queues[i]))


@dataclass
class Counts:
    """What a hosted service has seen: attempts that came, those blocked before it, and what it answered."""

    came: int = 0
    blocked: int = 0
    answered: int = 0
    rows: int = 0  # of the answered


class Host:
    """One hosted service: requests wait for an instance, take their time there, and fail as the faults have it."""

    def __init__(self, service: str, hosting: Hosting, clock: Clock) -> None:
        hosting.faults.refuse_other_than(KNOWN[service], service)
        self.service = service
        self.hosting = hosting
        self.clock = clock
        self.fleet = Fleet(hosting, clock)
        self.draws = Draws(hosting.faults)
        self.counts = Counts()
        self._lock = threading.Lock()
        self._numbers = Numbers(hosting.latency.seed, "latency")
        self._waiting: dict[int, threading.Event] = {}  # thread -> what ends its wait

    def call(self, compute: Callable[[], T], *, content: Callable[[], bytes], rows: int) -> tuple[T, str | None]:
        """The answer, and what is the matter with it (one of DAMAGED); a failure where there is none."""
        fate = self.draws.fate(content()) if self.hosting.faults.active else None
        if fate == "blocked":
            self._count(blocked=1)
            raise FAILING[self.service][fate]()
        self._count(came=1)
        if fate is not None and fate not in DAMAGED and fate != "timeout":
            raise FAILING[self.service][fate]()
        drawn: list[float] = []
        with self.fleet.instance(lambda: drawn.append(self.hosting.latency.seconds(rows, lambda: len(content()), self._numbers))):
            seconds = drawn[0]
            limit = self.hosting.time_limit
            if fate == "timeout" or seconds > limit:
                self._pause(limit)
                raise FAILING[self.service]["timeout"]()
            begun = self.clock.now()
            answer = compute()
            if fate == "duplicate":
                answer = compute()
            self._pause(seconds + (LATE if fate == "reorder" else 0.0) - (self.clock.now() - begun))
        if fate == "truncate":
            raise broken_off(max(2, len(content())))
        self._count(answered=1, rows=rows)
        return answer, fate

    def _count(self, *, came: int = 0, blocked: int = 0, answered: int = 0, rows: int = 0) -> None:
        with self._lock:
            self.counts.came += came
            self.counts.blocked += blocked
            self.counts.answered += answered
            self.counts.rows += rows

    def _pause(self, seconds: float) -> None:
        """Wait, unless nobody waits for the answer any more."""
        if seconds <= 0:
            return
        thread, ended = threading.get_ident(), threading.Event()
        self._waiting[thread] = ended
        try:
            self.clock.pause(seconds, ended)
        finally:
            self._waiting.pop(thread, None)

    def abandon(self, thread: int) -> None:
        """End the wait of a call that nobody waits for."""
        ended = self._waiting.get(thread)
        if ended is not None:
            ended.set()


def timed_out() -> ModelFailure:
    """A container that did not answer in time."""
    return ModelFailure(0, TIMED_OUT)
