"""Simulated Gather and Gather Merge: workers that run the child at the same time, and the leader, which runs it too."""

from __future__ import annotations

from array import array

from auroraml.executor.crew import State
from auroraml.executor.engine_times import WORKER_START
from auroraml.executor.operator import ALL, LARGE
from auroraml.executor.operators.gather import STREAM
from auroraml.ir import physical as p
from auroraml.ir.metrics import BatchMetrics, NodeMetrics
from auroraml.settings.planner import MAX_PARALLEL_WORKERS, MAX_WORKER_PROCESSES, PARALLEL_LEADER_PARTICIPATION
from auroraml.teach.simulate.crew import Crew, Member, Stopped
from auroraml.teach.simulate.operators import Part, Simulated, simulated
from auroraml.teach.simulate.turns import LEADER, Steps


class Gathering(Simulated):
    """Rows in the order of their arrival (operators/gather.py)."""

    node: p.Gather

    def __init__(self, node: p.Gather, part: Part) -> None:
        super().__init__(node, part)
        self.crew: Crew | None = None
        self.parts: list[Part] = []
        self.most = ALL
        self.feed = 0
        self.child: Simulated | None = None

    def bound(self, n: int) -> None:
        self.most = n

    def read(self) -> int:
        """The leader's own rows."""
        return 0 if self.child is None else self.child.metrics.rows

    def open(self) -> Steps[None]:
        yield from ()
        simulation, settings = self.part.simulation, self.part.simulation.ctx.settings
        takes_part = not self.node.single_copy and bool(settings[PARALLEL_LEADER_PARTICIPATION])
        launched = min(simulation.workers_of(self.node), settings[MAX_PARALLEL_WORKERS], settings[MAX_WORKER_PROCESSES])
        self.local = takes_part or not launched
        self.metrics.extra["Workers Launched"] = launched
        crew = self.crew = Crew(simulation.turns, launched, self.local, isinstance(self.node, p.GatherMerge)) if launched else None
        own = Part(simulation, self.me, None if crew is None else crew.leader)
        own.metrics = self.part.metrics
        self.child = simulated(self.node.source, own)
        self.child.bound(self.most)
        self.children = [self.child]
        if crew is not None:
            self._launch(crew)

    def _launch(self, crew: Crew) -> None:
        turns = self.part.simulation.turns
        for member in crew.members[: crew.workers]:
            self.me.time += WORKER_START
            member.me = turns.begin(member.number, 0.0)
        for member in crew.members[: crew.workers]:
            worker = member.me
            assert worker is not None
            worker.time = self.me.time
            part = Part(self.part.simulation, worker, member)
            self.parts.append(part)
            worker.steps = self._work(crew, member, part)
            turns.ready(worker)

    def _work(self, crew: Crew, member: Member, part: Part) -> Steps[None]:
        """What a worker does."""
        simulation = part.simulation
        try:
            root = simulated(self.node.source, part)
            if self.most < ALL:
                root.bound(self.most)
            left = self.most
            while left > 0 and (rows := (yield from root.pull(left))):
                left = left if left == ALL else left - rows
                if not crew.apart and (course := simulation.course(root, rows, left)) is not None:
                    part.me.course = course
                    yield None
                    part.me.course = None
                    rows, left = course.bundle.rows, left if left == ALL else course.left
                yield from crew.hand_over(member.number, rows, part.me)
        except Stopped:
            pass
        yield from crew.moved(member, State.ENDED, part.me)

    @property
    def arrived(self) -> bool:
        """Whether rows of workers wait to be taken."""
        return self.crew is not None and bool(self.crew.arrived)

    def through(self) -> Simulated | None:
        return None if self.crew is not None or self.feed else self.child

    def produce(self, n: int) -> Steps[int]:
        if not self.feed:
            self.feed = yield from self._next(n)
        rows = min(n, self.feed)
        self.feed -= rows
        if not rows:
            yield from self._end()
        return rows

    def _next(self, n: int) -> Steps[int]:
        crew, child = self.crew, self.child
        assert child is not None
        self.me.since = None
        if crew is None:
            return (yield from child.pull(n))
        while self.local:
            if child.started and (rows := (yield from crew.next(n, False, self.me))):
                return rows
            if rows := (yield from child.pull(n)):
                return rows
            self.local = False
            if crew.leader is not None:
                yield from crew.moved(crew.leader, State.ENDED, self.me)
        return (yield from crew.next(n, True, self.me))

    def _end(self) -> Steps[None]:
        crew, self.crew = self.crew, None
        if crew is not None:
            yield from crew.finish(self.me)

    def close(self) -> Steps[None]:
        yield from self._end()
        yield from super().close()

    def absorb(self, into: dict[int, NodeMetrics]) -> None:
        """Add what the workers counted."""
        for number, part in enumerate(self.parts):
            for id, metrics in part.metrics.items():
                found = into.get(id)
                if found is None:
                    found = into[id] = NodeMetrics()
                _absorb(found, number, metrics)


def _absorb(found: NodeMetrics, number: int, metrics: NodeMetrics) -> None:
    """As NodeMetrics.absorb, the batches kept in arrays."""
    batches, metrics.batches = metrics.batches, None
    found.absorb(number, metrics)
    if batches is None:
        return
    found.workers[number].batches = batches
    whole = found.batches
    if whole is None or not isinstance(whole.sizes, array):
        whole = BatchMetrics(sizes=array("q"), times=array("d"))
    elif found.workers.keys() == {number}:  # the leader's own stay its own
        whole = BatchMetrics(sizes=array("q", whole.sizes), times=array("d", whole.times))
    whole.sizes.extend(batches.sizes)
    whole.times.extend(batches.times)
    found.batches = whole


class Merging(Gathering):
    """Gather Merge. Where all rows are wanted each participant's are read to their end; else the order of what comes next is not known without rows."""

    def open(self) -> Steps[None]:
        yield from super().open()
        self.size = STREAM
        self.waiting = 0
        crew = self.crew
        self.open_members = [] if crew is None else [*range(crew.workers, len(crew.members)), *range(crew.workers)]

    def _next(self, n: int) -> Steps[int]:
        crew, child = self.crew, self.child
        assert child is not None
        if crew is None:
            return (yield from child.pull(n))
        for number in tuple(self.open_members):
            while number in self.open_members:
                yield from self._more(crew, number, n, child)
                if n < LARGE:
                    break
        rows, self.waiting = self.waiting, 0
        return rows

    def _more(self, crew: Crew, number: int, n: int, child: Simulated) -> Steps[None]:
        if number < crew.workers:
            rows = yield from crew.next_of(number, self.me)
        else:
            rows = yield from child.pull(min(max(n, self.size), self.most))
            self.size = min(self.size * 4, LARGE)
        if not rows:
            self.open_members.remove(number)
            if number == crew.workers and crew.leader is not None:
                yield from crew.moved(crew.leader, State.ENDED, self.me)
        self.waiting += rows


@simulated.register
def _(node: p.Gather, part: Part) -> Simulated:
    assert part.me.number == LEADER
    return (Merging if isinstance(node, p.GatherMerge) else Gathering)(node, part)
