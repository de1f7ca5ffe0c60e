"""A simulated run of a plan: no rows, but the batches, calls, times and counts that it would have under the virtual clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace

from auroraml.executor.context import ExecutionContext
from auroraml.executor.operator import ALL
from auroraml.ir import physical as p
from auroraml.ir.metrics import Metrics
from auroraml.ir.tree import walk
from auroraml.records import dataclass
from auroraml.services.embedded.hosting import Hosting
from auroraml.teach.simulate import batches, gather
from auroraml.teach.simulate.called import BatchOf, batch_of, widths_below
from auroraml.teach.simulate.counts import Counts
from auroraml.teach.simulate.courses import Course
from auroraml.teach.simulate.instances import Instances
from auroraml.teach.simulate.operators import Part, Simulated, simulated
from auroraml.teach.simulate.requests import NOTED, Attempt, Called, Requests, Shared, Spent
from auroraml.teach.simulate.space import Space
from auroraml.teach.simulate.starts import course_of
from auroraml.teach.simulate.swift import Swift
from auroraml.teach.simulate.turns import LEADER, Steps, Turns

__all__ = ["Outcome", "Simulation", "WhatIf", "batches", "gather", "simulate"]  # the two modules register their operators


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """What is to be otherwise than the plan and the services have it: rows of a batch, workers of each Gather, how targets are hosted (by name)."""

    batch_rows: int | None = None
    workers: int | None = None
    hosting: Mapping[str, Hosting] = field(default_factory=dict)
    instances: int | None = None  # of every target
    noted: int = NOTED  # calls of which each attempt is kept
    swift: bool = True  # whether calls that nothing comes between are simulated many at a time, which changes no time


@dataclass(frozen=True, kw_only=True)
class NodeSpent:
    """What a participant's calls of a plan node used; the node's counters are in `part`."""

    node: int
    worker: int
    called: Called
    spent: Spent


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a simulated run came to. Times are in seconds of virtual time, `first` that of the first row; attempts are those of the first calls."""

    metrics: Metrics
    seconds: float
    first: float
    rows: int
    spent: tuple[NodeSpent, ...]
    targets: tuple[Called, ...]  # by their numbers in the attempts
    attempts: tuple[Attempt, ...]


class Simulation:
    """One run."""

    def __init__(self, plan: p.PhysicalPlan, ctx: ExecutionContext, what_if: WhatIf, started: float) -> None:
        self.started = started
        self.plan = plan
        self.ctx = ctx
        self.what_if = what_if
        self.turns = Turns()
        self.counts = Counts(plan, ctx)
        self.space = Space(ctx)
        self.shared = Shared(what_if.noted, ctx.check)
        self.turns.together = Swift(self.turns) if what_if.swift else None
        self.metrics = Metrics()
        self.first = 0.0
        self.rows = 0
        self._batches: dict[int, BatchOf] = {}
        self._spent: list[NodeSpent] = []
        self._requests: dict[tuple[str, str], Requests] = {}
        self._loops = {id(node.inner): node for node in walk(plan) if isinstance(node, p.NestedLoop)}

    # What operators ask for

    def workers_of(self, node: p.Gather) -> int:
        """How many workers a Gather is to have."""
        return node.workers if self.what_if.workers is None or node.single_copy else self.what_if.workers

    def batch_of(self, scan: p.FunctionScan) -> BatchOf:
        """What a scan calls."""
        found = self._batches.get(scan.id)
        if found is None:
            loop = self._loops[id(scan)]
            widths = widths_below(loop.outer, loop.params, self.ctx.catalog)
            found = self._batches[scan.id] = batch_of(scan, widths, self.ctx, self.what_if.batch_rows)
        return found

    def requests_of(self, scan: p.FunctionScan) -> Requests:
        """The calls to what a scan calls."""
        batch = self.batch_of(scan)
        called = batch.called
        key = called.service, "" if called.service == "Comprehend" else called.target  # Comprehend is one service in all languages
        found = self._requests.get(key)
        if found is None:
            hosting = self.what_if.hosting.get(called.target, batch.hosting)
            if self.what_if.instances is not None:
                hosting = replace(hosting, instances=self.what_if.instances)
            found = self._requests[key] = Requests(called, Instances(called.service, hosting), self.turns, self.shared, len(self._requests))
        return found

    def spent_by(self, part: Part, scan: p.FunctionScan) -> Spent:
        """Where a participant's calls of a scan are added up."""
        made = Spent()
        self._spent.append(NodeSpent(node=scan.id, worker=part.me.number, called=self.batch_of(scan).called, spent=made))
        return made

    def course(self, root: Simulated, pending: int | None = None, left: int = ALL) -> Course | None:
        """What the participant that has pulled all rows of `root`, or (`pending`: of a worker) `left` of them, would now do again and again."""
        return course_of(root, self.shared, pending, left) if self.what_if.swift else None

    def reckoned_calls(self) -> int:
        """About how many calls there will be."""
        total = 0
        for loop in self._loops.values():
            if isinstance(loop.inner, p.FunctionScan) and loop.inner.batch:
                batch = self.batch_of(loop.inner)
                total += -(-self.counts.output(loop.outer) // min(batch.rows, batch.called.most_rows))
        return total

    # Running

    def run(self) -> Outcome:
        """The whole of it."""
        started = self.started
        leader = self.turns.begin(LEADER, started)
        part = Part(self, leader, None)
        part.metrics = self.metrics.nodes
        root = simulated(self.plan, part)
        leader.steps = self._pull(root)
        self.turns.ready(leader)
        self.turns.run(leader)
        for running in _gathers(root):
            running.absorb(self.metrics.nodes)
        self.metrics.execution = (leader.time - started) * 1000
        return Outcome(
            metrics=self.metrics, seconds=leader.time - started, first=self.first - started if self.rows else leader.time - started, rows=self.rows,
            spent=tuple(self._spent), targets=tuple(requests.called for requests in self._requests.values()), attempts=tuple(self.shared.attempts),
        )  # fmt: skip

    def _pull(self, root: Simulated) -> Steps[None]:
        if (yield from root.pull(ALL)):
            self.first = root.me.time
            yield from root.drain(root)
        self.rows = root.metrics.rows
        yield from root.close()


def _gathers(root: Simulated) -> list[gather.Gathering]:
    found = [root] if isinstance(root, gather.Gathering) else []
    for child in root.children:
        found += _gathers(child)
    return found


def simulate(plan: p.PhysicalPlan, ctx: ExecutionContext, what_if: WhatIf | None = None) -> Outcome:
    """Run a plan without rows, by the planner's estimates."""
    return Simulation(plan, ctx, what_if or WhatIf(), ctx.clock.now()).run()
