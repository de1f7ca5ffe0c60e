"""Pace: what the engine's own work takes under a clock that does not see it: so much by plan node, loop and row, from a shipped table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from auroraml.batch import Batch
from auroraml.dispatch import singledispatch
from auroraml.executor.engine_times import NODES, OTHERS, PLANNED_NODE, PLANNING, STARTED_NODE, STARTING, NodeTimes
from auroraml.executor.work import kind_of, operations, work_of
from auroraml.ir.metrics import NodeMetrics
from auroraml.ir.physical import Aggregate, PhysicalPlan
from auroraml.ir.tree import walk
from auroraml.services.clock import Clock
from auroraml.services.virtual_time import VirtualTime

if TYPE_CHECKING:
    from auroraml.executor.operator import Operator

NANOSECONDS = 1e-9


Counts = tuple[int, int, int]  # loops, rows given, rows read


class Rates:
    """The seconds of one plan node: its start, each loop, pull, row read and row given, what its expressions take included."""

    __slots__ = ("compared", "loop", "pull", "read", "row", "start")

    def __init__(self, node: PhysicalPlan, bounded: bool) -> None:
        times = times_of(node, bounded)
        self.start, self.loop, self.pull = times.start * NANOSECONDS, times.loop * NANOSECONDS, times.pull * NANOSECONDS
        tested, made = operations(node.filter), operations(node.targets)
        before, after = (made, 0) if isinstance(node, Aggregate) else (0, made)
        self.read = (times.read + tested + before) * NANOSECONDS
        self.row = (times.row + after) * NANOSECONDS
        self.compared = times.compared * NANOSECONDS

    def owed(self, before: Counts, now: Counts) -> float:
        """What it takes to come from one count to another."""
        seconds = (now[0] - before[0]) * self.loop + (now[1] - before[1]) * self.row + (now[2] - before[2]) * self.read
        return seconds + (compared(now[2], now[0]) - compared(before[2], before[0])) * self.compared if self.compared else seconds


def compared(rows: float, loops: float) -> float:
    """Comparisons of sorting so many rows, as many in each loop: n log n."""
    return rows * math.log2(max(rows / max(loops, 1), 2.0))


def times_of(node: PhysicalPlan, bounded: bool) -> NodeTimes:
    """The nearest of the table's."""
    names = (work_of(node, bounded), work_of(node), kind_of(node))
    return next((NODES[name] for name in names if name in NODES), OTHERS)


_RATES: WeakKeyDictionary[PhysicalPlan, dict[bool, Rates]] = WeakKeyDictionary()


def rates_of(node: PhysicalPlan, bounded: bool = False) -> Rates:
    """What a plan node takes; `bounded`: one that was told that no more than its first rows are wanted."""
    known = _RATES.setdefault(node, {})
    found = known.get(bounded)
    if found is None:
        found = known[bounded] = Rates(node, bounded)
    return found


def planning_seconds(plan: PhysicalPlan) -> float:
    """What planning takes."""
    return PLANNING + PLANNED_NODE * nodes_of(plan)


def starting_seconds(plan: PhysicalPlan) -> float:
    """What making operators of a plan, and letting them go, takes."""
    return STARTING + STARTED_NODE * nodes_of(plan)


def nodes_of(plan: PhysicalPlan) -> int:
    """How many nodes a plan has."""
    return sum(isinstance(part, PhysicalPlan) for part in walk(plan))


class Pace:
    """Moves a clock on for what operators do.

    Their own counters say what that was, those of EXPLAIN ANALYZE: the time is that of the rows and loops it prints. When an operator was asked for
    rows, what it and those below it have counted since is paid for; rows that were handed back and read again are paid for once.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def follow(self, running: Operator) -> Followed:
        """What has an operator's work take its time."""
        return Followed(running, self.clock)


class Followed:
    """An operator with what has been paid for."""

    __slots__ = ("clock", "paid", "rates", "running", "started")

    def __init__(self, running: Operator, clock: Clock) -> None:
        self.clock = clock
        self.running = running
        self.rates = rates_of(running.node)
        self.paid = counts(running, 0)
        self.started = False

    def produce(self, n: int) -> Batch | None:
        """The operator's next rows, paid for."""
        if not self.started:
            self.started = True
            self.rates = rates_of(self.running.node, self.running.bounded)
            self.clock.spend(self.rates.start)
        batch = self.running.produce(n)
        self.clock.spend(self.rates.pull + self._owed(0 if batch is None else batch.n))
        for child in self.running.children:
            _settle(child)
        return batch

    def settle(self) -> None:
        """Pay for what was counted without a pull: loops that give the same rows, batches of a function scan."""
        if seconds := self._owed(0):
            self.clock.spend(seconds)
            self.running.metrics.total += seconds * 1000

    def _owed(self, rows: int) -> float:
        """Seconds for what it has counted since, and for `rows` that it is giving now."""
        before, now = self.paid, counts(self.running, rows)
        if now == before:
            return 0.0
        self.paid = (max(before[0], now[0]), max(before[1], now[1]), max(before[2], now[2]))
        return self.rates.owed(before, self.paid)


def _settle(running: Operator) -> None:
    if running.followed is not None:
        running.followed.settle()
    for child in running.children:
        _settle(child)


def counts(running: Operator, rows: int) -> Counts:
    """What this participant's operator has counted, `rows` more given: a leaf reads what it gives and what it drops."""
    metrics = running.metrics
    loops, given = _own(metrics, "loops"), _own(metrics, "rows") + rows
    if running.children:
        return loops, given, sum(_own(child.metrics, "rows") for child in running.children)
    dropped = _own(metrics, "removed_by_filter") + _own(metrics, "removed_by_recheck")
    return loops, given, given + dropped


def _own(metrics: NodeMetrics, name: str) -> int:
    """A counter without what workers have added to it."""
    total: int = getattr(metrics, name)
    return total - sum(getattr(worker, name) for worker in metrics.workers.values()) if metrics.workers else total


@singledispatch
def pace_of(clock: Clock) -> Pace | None:
    """What is needed under a clock: nothing where it sees the work itself."""
    return None


@pace_of.register
def _(clock: VirtualTime) -> Pace:
    return Pace(clock)
