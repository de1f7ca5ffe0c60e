"""Trials: requests of batches of one size that may be turned away or fail, or whose instance hangs on the others, with latencies drawn in blocks."""

from __future__ import annotations

from bisect import insort
from heapq import heapify, heappop, heappush

import numpy as np
import numpy.typing as npt

from auroraml.services.embedded.faults import FAILING
from auroraml.services.embedded.hosting import LATE, Latency
from auroraml.teach.simulate.instances import LASTING, Failed, Instances, Served, turned_away

BLOCK = 4_096  # requests whose numbers are drawn together
Floats = npt.NDArray[np.float64]


class Trials:
    """The instances' state while requests of batches come, of `each` rows and the last one of `rest`; it is theirs again after `end`.

    It answers as Instances.request does: who is outstanding stays in the instances' own lists.
    """

    def __init__(self, instances: Instances, each: int, rest: int, row_bytes: int) -> None:
        hosting = instances.hosting
        self.instances = instances
        self.each, self.rest, self.row_bytes = each, rest, row_bytes
        self.seconds: list[float] = []  # of a batch's last request, and of another one
        self.earlier: list[float] = []
        self.at = 0
        self.where, self.start = 0, 0.0  # of the last request that was answered
        self.faults = instances.faults
        self.many = hosting.instances
        self.fewest = self.many > 1 and hosting.routing != "RANDOM"
        self.limit, self.most = hosting.concurrency, hosting.max_queue
        self.longest = hosting.time_limit
        self.counts = [len(known) for known in instances.outstanding]
        self.leaving = [(end, number, i) for i, known in enumerate(instances.outstanding) for end, number in known] if self.fewest else []
        heapify(self.leaving)

    def request(self, now: float, number: int, earlier: bool) -> float:
        """When a request that comes now is answered (`earlier`: it is not its batch's last one); Failed where it is not."""
        instances = self.instances
        fate = self._fate(now) if self.faults else None
        where = self._routed(now, number) if self.many > 1 else 0
        ends, start, limit = instances.outstanding[where], now, self.limit
        if limit is not None:
            if not self.fewest:
                key = now, number
                while ends and ends[0] <= key:
                    del ends[0]
            waiting = len(ends) - limit
            if waiting >= 0:
                if self.most is not None and waiting >= self.most:
                    raise turned_away(now, where)
                start = ends[waiting][0]
        if self.at == len(self.seconds):
            self._draw()
        seconds = (self.earlier if earlier else self.seconds)[self.at]
        self.at += 1
        late = fate == "timeout" or seconds > self.longest
        end = start + (self.longest if late else seconds + (LATE if fate == "reorder" else 0.0))
        if instances.queues:
            insort(ends, (end, number))
            if self.fewest:
                self.counts[where] += 1
                heappush(self.leaving, (end, number, where))
        if late:
            raise Failed(FAILING[instances.service]["timeout"](), end, where, start)
        self.where, self.start = where, start
        return end

    def serve(self, now: float, number: int, rows: int) -> Served:
        """The same of somebody who wants to know where it was answered."""
        end = self.request(now, number, rows != self.rest)
        return Served(self.where, self.start, end)

    def end(self) -> None:
        """Leave the numbers that were not used to others."""
        if self.instances.hosting.latency.distribution != "fixed":
            self.instances.latencies.take(self.at)
        self.seconds, self.earlier, self.at = [], [], 0

    def _fate(self, now: float) -> str | None:
        draw, found = self.instances.fates.uniform, None
        for name, chance in self.faults:
            if draw() < chance:
                found = name
                break
        if found is None or found == "timeout" or found in LASTING:
            return found
        raise Failed(FAILING[self.instances.service][found](), now, None)

    def _routed(self, now: float, number: int) -> int:
        if not self.fewest:
            return int(self.many * self.instances.routes.uniform())
        leaving, counts, key = self.leaving, self.counts, (now, number, self.many)
        while leaving and leaving[0] < key:
            where = heappop(leaving)[2]
            counts[where] -= 1
            del self.instances.outstanding[where][0]
        return counts.index(min(counts))

    def _draw(self) -> None:
        self.end()
        instances, latency, size = self.instances, self.instances.hosting.latency, self.row_bytes
        self.seconds = self.earlier = lasting(latency, instances, BLOCK, self.rest, self.rest * size).tolist()
        if self.each != self.rest:
            self.earlier = lasting(latency, instances, BLOCK, self.each, self.each * size).tolist()


def lasting(latency: Latency, instances: Instances, n: int, rows: int, size: int) -> Floats:
    """Latency.seconds of the next `n` requests."""
    mean = latency.base + rows * latency.per_row + (size * latency.per_byte if latency.per_byte else 0.0)
    if latency.distribution == "normal":
        found = np.maximum(0.0, mean + latency.spread * instances.latencies.ahead(n, normal=True))
    elif latency.distribution == "lognormal":
        found = mean * np.exp(latency.spread * instances.latencies.ahead(n, normal=True))
    else:
        found = np.full(n, mean)
    rounded: Floats = np.rint(found * 1e9) / 1e9
    return rounded
