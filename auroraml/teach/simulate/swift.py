"""Swift: many calls at once, where nothing but calls happens: a heap of participants, numbers drawn in blocks, everything counted afterwards.

It comes to the same times, to the last digit, as the steps of operators.py, batches.py and requests.py, one call after another.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heapify, heapreplace

import numpy as np
import numpy.typing as npt

from auroraml.executor.operators.service_batches import RUN_SECONDS
from auroraml.services.embedded.hosting import Latency
from auroraml.teach.simulate.batches import BatchLoop
from auroraml.teach.simulate.instances import Instances, Order
from auroraml.teach.simulate.turns import Entry, Participant

LEAST = 8  # calls left that are worth it
FIRST, BLOCK = 64, 65_536  # calls whose numbers are looked at together, at first and later
MOST = 262_144  # calls that are counted together
SHIFT = 1 << 16
Floats = npt.NDArray[np.float64]


@dataclass(kw_only=True)
class Calls:
    """Calls in the order in which they were sent: their runners, and when they were answered.

    Where a call was the last of a pull, SHIFT times the number of batches of that pull are added to the runner's number.
    """

    runners: list[int] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)


class Afterwards:
    """Seconds that a nested loop and its function scan take after a pull of so many batches (operators.Simulated)."""

    def __init__(self, loop: BatchLoop) -> None:
        self.rows, self.outer, self.inner = loop.batch.rows, loop.rates, loop.scan.rates
        self.known: dict[int, tuple[float, float]] = {}

    def of(self, batches: int) -> tuple[float, float]:
        """Of the loop, and of the scan."""
        n, inner = batches * self.rows, self.inner
        found = self.known[batches] = (self.loop(batches, 0), n * inner.loop + n * inner.row + n * inner.read)
        return found

    def loop(self, batches: int, unpaid: int) -> float:
        """Of the loop, where `unpaid` outer rows were read as well."""
        n, outer = batches * self.rows, self.outer
        return outer.pull + (0 * outer.loop + n * outer.row + (n + unpaid) * outer.read)

    def table(self, most: int) -> Floats:
        """Both for up to so many batches."""
        return np.array([self.known.get(n, (0.0, 0.0)) for n in range(most + 1)])


def hurry(first: Participant, ready: list[Entry]) -> None:
    """Have the participants that call many batches of the first one's target make calls, until another participant's turn comes or one has its last batch."""
    assert first.swift is not None
    requests = first.swift.requests
    instances = requests.instances
    if first.swift.swift < LEAST or not possible(instances):
        return
    node, rows = first.swift.node, first.swift.batch.rows
    runners = [
        entry[3]
        for entry in ready
        if entry[3].swift is not None and entry[3].swift.node is node and entry[3].swift.swift and entry[3].swift.pulled == entry[3].swift.called_at
    ]
    runners.sort(key=lambda runner: (runner.number, runner.began))
    if not runners:
        return
    chosen = {id(runner) for runner in runners}
    until = min((entry[:2] for entry in ready if id(entry[3]) not in chosen), default=(float("inf"), 0))
    calls, afterwards = Calls(), Afterwards(first.swift)
    requests.shared.check()
    placed = make(Fast(runners, instances, rows, rows * requests.called.row_bytes), until, calls, afterwards)
    if not placed:
        return
    settle(runners, calls, placed, instances, afterwards)
    requests.shared.calls += len(placed)
    requests.shared.quota.give_back(0, len(placed))
    ready[:] = [(entry[3].time, *entry[1:]) for entry in ready]
    heapify(ready)


def possible(instances: Instances) -> bool:
    """Whether each request is answered, and which instance takes it does not hang on the others."""
    hosting = instances.hosting
    return not instances.faults and hosting.max_queue is None and (hosting.instances == 1 or hosting.routing == "RANDOM")


class Fast:
    """Who calls, and how the instances are."""

    def __init__(self, runners: Sequence[Participant], instances: Instances, rows: int, size: int) -> None:
        self.instances = instances
        self.rows = rows
        self.size = size
        self.heap = [(runner.time, place) for place, runner in enumerate(runners)]
        self.numbers = [runner.number for runner in runners]
        loops = loops_of(runners)
        self.left = np.array([loop.swift for loop in loops])
        self.begun = [loop.called_at for loop in loops]  # the pull
        self.batches = [(loop.place - loop.called) // rows for loop in loops]  # of the pull so far
        self.unpaid = [loop.unpaid for loop in loops]
        self.limit = instances.hosting.concurrency or 0
        most, ends = self.limit, instances.outstanding
        self.slots = [[0.0] * max(most - len(known), 0) + [end for end, _ in known[-most:]] for known in ends] if most else []


def loops_of(runners: Sequence[Participant]) -> list[BatchLoop]:
    """What they run."""
    return [runner.swift for runner in runners if runner.swift is not None]


def make(fast: Fast, until: Order, calls: Calls, afterwards: Afterwards) -> list[int]:
    """Make calls until another participant's turn comes, or one has no more; the instance of each."""
    heapify(fast.heap)
    placed: list[int] = []
    look = FIRST
    while len(placed) < MOST and (n := min(int(fast.left.min()), look)) > 0:
        found = drawn(fast.instances, n, fast.rows, fast.size)
        if found is None:
            break
        before = len(calls.runners)
        stretch(fast, found, until, calls, afterwards)
        done = len(calls.runners) - before
        placed += found[1][:done]
        take(fast.instances, done)
        if done < n:
            break
        fast.left -= np.bincount(np.array(calls.runners[before:]) % SHIFT, minlength=len(fast.left))
        look = min(look * 4, BLOCK)
    return placed


def stretch(fast: Fast, numbers: tuple[list[float], list[int]], until: Order, calls: Calls, afterwards: Afterwards) -> None:
    """A call for each of some numbers, if it does not come to `until`: each decides when the next one comes, and what it finds."""
    heap, slots, limit, begun, batches, known, unpaid = fast.heap, fast.slots, fast.limit, fast.begun, fast.batches, afterwards.known, fast.unpaid
    sent_by, answered, soonest = calls.runners.append, calls.answered.append, until[0]
    for seconds, where in zip(*numbers, strict=True):
        now, place = heap[0]
        if now >= soonest and (now, fast.numbers[place]) > until:
            return
        end = now + seconds
        if limit:
            free = slots[where]
            if free[0] > now:
                end = free[0] + seconds
            if limit == 1:
                free[0] = end
            else:
                heapreplace(free, end)
        count = batches[place] + 1
        if end - begun[place] < RUN_SECONDS:
            batches[place] = count
            sent_by(place)
            heapreplace(heap, (end, place))
        else:
            first, second = known.get(count) or afterwards.of(count)
            if unpaid[place]:
                first = afterwards.loop(count, unpaid[place])
                unpaid[place] = 0
            then = begun[place] = end + first + second
            batches[place] = 0
            sent_by(place + count * SHIFT)
            heapreplace(heap, (then, place))
        answered(end)


def drawn(instances: Instances, n: int, rows: int, size: int) -> tuple[list[float], list[int]] | None:
    """How long the next `n` requests last, None where one of them lasts too long; and their instances."""
    hosting = instances.hosting
    seconds = lasting(hosting.latency, instances, n, rows, size)
    if float(seconds.max()) > hosting.time_limit:
        return None
    if hosting.instances == 1:
        return seconds.tolist(), [0] * n
    return seconds.tolist(), (hosting.instances * instances.routes.ahead(n, normal=False)).astype(np.int64).tolist()


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


def take(instances: Instances, n: int) -> None:
    """So many numbers were used."""
    hosting = instances.hosting
    if hosting.latency.distribution != "fixed":
        instances.latencies.take(n)
    if hosting.instances > 1:
        instances.routes.take(n)


def settle(runners: Sequence[Participant], calls: Calls, placed: Sequence[int], instances: Instances, afterwards: Afterwards) -> None:
    """Count the calls as their participants' operators would have."""
    codes, answered = np.array(calls.runners), np.array(calls.answered)
    who, batches = codes % SHIFT, codes // SHIFT
    table = afterwards.table(int(batches.max()))
    then = np.where(batches > 0, answered + table[batches, 0] + table[batches, 1], answered)
    order = np.argsort(who, kind="stable")
    edges = np.searchsorted(who[order], np.arange(len(runners) + 1))
    for place, (me, loop) in enumerate(zip(runners, loops_of(runners), strict=True)):
        mine = order[edges[place] : edges[place + 1]]
        if len(mine):
            _count(me, loop, (answered[mine], then[mine], batches[mine]), table[:, 1], afterwards)
            if instances.queues:
                insort(instances.outstanding[placed[mine[-1]]], (float(answered[mine[-1]]), me.number))


def _count(me: Participant, loop: BatchLoop, found: tuple[Floats, Floats, npt.NDArray[np.int64]], second: Floats, afterwards: Afterwards) -> None:
    answered, then, batches = found
    scan, rows, n = loop.scan, loop.batch.rows, len(answered)
    ends = np.flatnonzero(batches)  # calls that were a pull's last
    if len(ends) and (unpaid := loop.unpaid):
        first, count = ends[0], int(batches[ends[0]])
        then[first] = answered[first] + afterwards.loop(count, unpaid) + second[count]
    sent = np.concatenate([[me.time], then[:-1]])
    took = answered - sent
    scan.many(rows, took * 1000)
    spent = loop.spent
    spent.calls += n
    spent.rows += n * rows
    spent.seconds.frombytes(took.tobytes())
    begun, pulled = loop.called_at, loop.pulled
    if len(ends):
        begins = np.concatenate([[begun], then[ends[:-1]]])
        calling = (answered[ends] - begins) * 1000
        scan.metrics.startup = _added(scan.metrics.startup, calling)
        scan.metrics.total = _added(scan.metrics.total, np.stack([calling, second[batches[ends]] * 1000], axis=1).ravel())
        loop.metrics.total = _added(loop.metrics.total, (then[ends] - np.concatenate([[pulled], begins[1:]])) * 1000)
        begun = pulled = float(then[ends[-1]])
        loop.fresh = False
        given = int(batches[ends].sum()) * rows
        loop.counted(given)
        loop.called += given
    loop.place += n * rows
    loop.called_at, loop.pulled = begun, pulled
    loop.begun = me.time = float(then[-1])


def _added(value: float, more: Floats) -> float:
    """One after another, as they come."""
    return float(np.add.accumulate(np.concatenate([[value], more]))[-1])
