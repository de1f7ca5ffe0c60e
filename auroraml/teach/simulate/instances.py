"""Instances: when each request to a hosted service is answered, by the rules of services/embedded/hosting.py, without requests."""

from __future__ import annotations

from bisect import insort
from typing import NamedTuple, Protocol

from auroraml.errors import FeatureNotSupported
from auroraml.services.embedded.faults import FAILING
from auroraml.services.embedded.hosting import LATE, Hosting
from auroraml.services.protocols import ServiceFailure
from auroraml.teach.simulate.numbers import Drawn

Order = tuple[float, int]  # time and number of a participant: who is first
LASTING = ("reorder", "duplicate")  # faults that a statement survives without another attempt
REFUSED = ("truncate", "malformed", "wrong_rows", "partial")


class Served(NamedTuple):
    """An answered request: its instance, when that took it and when it answered."""

    instance: int
    start: float
    end: float


class Keeper(Protocol):
    """Who has the state of instances."""

    def serve(self, time: float, number: int, rows: int) -> Served | None:
        """Answer a request; None: they have their state back and have to do it themselves."""


class Instances:
    """The instances of one service: whoever comes first is answered first.

    A fault strikes by the chance it has, drawn for each attempt: there is no content to draw it from, as there is where rows are sent.
    """

    def __init__(self, service: str, hosting: Hosting) -> None:
        self.service = service
        self.hosting = hosting
        self.queues = hosting.concurrency is not None or (hosting.instances > 1 and hosting.routing != "RANDOM")  # whether it matters who is there
        self.outstanding: list[list[Order]] = [[] for _ in range(hosting.instances)]  # by instance: when each request ends, and whose it is
        seed = hosting.latency.seed
        self.latencies = Drawn(seed, "latency")
        self.routes = Drawn(seed, "route")
        self.fates = Drawn(hosting.faults.seed, "fault")
        self.faults = hosting.faults.active
        self.keeper: Keeper | None = None  # who answers for them meanwhile
        for name, _ in self.faults:
            if name in REFUSED:
                raise FeatureNotSupported(f'the fault "{name}" cannot be simulated without rows')

    def request(self, time: float, number: int, rows: int, size: int) -> Served:
        """A request comes; ServiceFailure (with the time at which it fails as `.ended`) where it is not answered."""
        if self.keeper is not None and (served := self.keeper.serve(time, number, rows)) is not None:
            return served
        fate = self._fate() if self.faults else None
        if fate is not None and fate != "timeout" and fate not in LASTING:
            raise Failed(FAILING[self.service][fate](), time, None)
        chosen = self._routed((time, number))
        ends, limit = self.outstanding[chosen], self.hosting.concurrency
        start = time
        if limit is not None:
            self._leave(ends, (time, number))
            if len(ends) >= limit:
                if self.hosting.max_queue is not None and len(ends) - limit >= self.hosting.max_queue:
                    raise turned_away(time, chosen)
                start = ends[len(ends) - limit][0]
        seconds, longest = self.hosting.latency.seconds(rows, lambda: size, self.latencies), self.hosting.time_limit
        late = fate == "timeout" or seconds > longest
        end = start + (longest if late else seconds + (LATE if fate == "reorder" else 0.0))
        if self.queues:
            insort(ends, (end, number))
        if late:
            raise Failed(FAILING[self.service]["timeout"](), end, chosen, start)
        return Served(chosen, start, end)

    def _fate(self) -> str | None:
        return next((name for name, chance in self.faults if self.fates.uniform() < chance), None)

    def _routed(self, now: Order) -> int:
        if self.hosting.instances == 1:
            return 0
        if self.hosting.routing == "RANDOM":
            return int(self.hosting.instances * self.routes.uniform())
        for ends in self.outstanding:
            if ends and ends[0] <= now:
                self._leave(ends, now)
        many = list(map(len, self.outstanding))
        return many.index(min(many))

    @staticmethod
    def _leave(ends: list[Order], now: Order) -> None:
        """Forget those that have been answered before now."""
        while ends and ends[0] <= now:
            ends.pop(0)  # no longer than there are participants


class Failed(Exception):
    """An attempt that was not answered, when it failed and where."""

    def __init__(self, failure: ServiceFailure, end: float, instance: int | None, start: float | None = None) -> None:
        super().__init__(failure.code)
        self.failure = failure
        self.end = end
        self.instance = instance
        self.start = end if start is None else start


def turned_away(time: float, instance: int) -> Failed:
    """What becomes of a request that an instance has no room for."""
    return Failed(ServiceFailure("ThrottlingException", "Rate exceeded"), time, instance)
