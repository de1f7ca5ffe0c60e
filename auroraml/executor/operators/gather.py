"""Gather, Gather Merge: the rows of workers that run the child at the same time, and of the leader, which runs it too."""

from __future__ import annotations

import time

import numpy as np

from auroraml.batch import Batch, Vector, concat_batches
from auroraml.executor.crew import CORES, Crew, State, Work, enlist
from auroraml.executor.loops import Key, Loops
from auroraml.executor.operator import ALL, LARGE, Feed, Operator
from auroraml.executor.operators.ordering import order_of
from auroraml.executor.plans import facts_of, is_partial
from auroraml.executor.shares import expected
from auroraml.executor.trials import Trial, trial_of
from auroraml.ir import physical as p
from auroraml.settings.planner import MAX_PARALLEL_WORKERS, MAX_WORKER_PROCESSES, PARALLEL_LEADER_PARTICIPATION

STREAM = 1_024  # rows of each input that a merge asks for at first, where it is not to give all


class GatherRows(Operator):
    """Rows in the order of their arrival. Where the workers show they start with the first row asked for, else when they are worth it.

    Where none are free, the leader does it all.
    """

    node: p.Gather

    def __init__(self, node: p.PhysicalPlan, ctx: object) -> None:
        super().__init__(node, ctx)  # type: ignore[arg-type] # an ExecutionContext
        self.crew: Crew | None = None
        self.slots = 0
        self.most = ALL
        self.trial: Trial | None = None
        self.taken = 0.0  # seconds
        self.over = False  # whether all rows were given: the participants are gone then

    def bound(self, n: int) -> None:
        self.most = n
        self.children[0].bound(n)

    # The crew

    def open(self) -> None:
        self.end()
        self.feed = Feed()
        self.over = False
        child = self.children[0]
        planned = self._as_planned()
        takes_part = not self.node.single_copy and bool(self.ctx.settings[PARALLEL_LEADER_PARTICIPATION])
        workers = self.node.workers if planned else min(self.node.workers, CORES - takes_part)
        launched = 0 if self.ctx.slots is None or self.loops.n is not None else self._hire(workers) if planned or not takes_part else workers
        self.local = takes_part or not launched
        self.metrics.extra["Workers Launched"] = launched
        if not launched:
            enlist(child, None)
            return
        crew = self.crew = Crew(launched, self.local, self.ctx.check, None if planned else self._hire, self.ctx.clock)
        crew.work = Work(node=self.node.source, ctx=self.ctx, params=self._parameters(), bound=self.most)
        self.ctx.gathers.append(self)
        enlist(child, crew.leader)
        if planned or not takes_part:
            crew.hire = None
            crew.launch(launched)
        else:
            crew.later = expected(self.node.source)
            self.trial = trial_of(self.node)
            self.taken = 0.0
            crew.wanted = 0 if self.trial is None else self.trial.workers()

    def _as_planned(self) -> bool:
        """Whether the planned workers are started at once: where it shows how many there are (in virtual time it does), and where waiting for a service is what takes time."""
        facts = facts_of(self.node.source)
        return self.ctx.measured or self.ctx.pace is not None or self.node.single_copy or facts.volatile_below or facts.foreign

    def _hire(self, wanted: int) -> int:
        """As many of the wanted workers as there are places for."""
        assert self.ctx.slots is not None
        settings = self.ctx.settings
        found = self.ctx.slots.take(wanted, min(settings[MAX_PARALLEL_WORKERS], settings[MAX_WORKER_PROCESSES]))
        self.slots += found
        return found

    def _parameters(self) -> dict[Key, Vector]:
        """The statement's parameters, and the values that the child reads of init plans, which run now if they have not yet."""
        found: dict[Key, Vector] = {key: vector for key, vector in self.ctx.params.items() if key[0] == "external"}
        facts = facts_of(self.node.source)
        for number in sorted(facts.read - facts.made):
            key = ("exec", number)
            if number in self.ctx.initial or key in self.loops:
                found[key] = self.loops[key].flat()
        return found

    def end(self, *, abort: bool = False) -> None:
        """Have the workers end, and count what they counted; `abort`: in the middle of whatever they do."""
        crew, self.crew = self.crew, None
        if crew is None:
            return
        crew.finish(abort=abort)
        self.ctx.gathers.remove(self)
        assert self.ctx.slots is not None
        self.ctx.slots.give_back(self.slots)
        self.slots = 0
        for number, context in enumerate(crew.contexts):
            self.ctx.metrics.absorb(number, context.metrics)

    def produce(self, n: int) -> Batch | None:
        if self.over:
            return None
        begun = time.perf_counter()
        try:
            found = self._rows(n)
        except BaseException:
            self.end(abort=True)
            raise
        self.taken += time.perf_counter() - begun
        if found is None:
            self.over = True
            if self.trial is not None and self.crew is not None:
                self.trial.took(self.taken, self.crew.present > 1)
            self.end()
        return found

    def _rows(self, n: int) -> Batch | None:
        while (found := self.feed.give(n)) is None:
            batch = self._next(n)
            if batch is None:
                return None
            frame, _ = self.passing(self.frame(batch.n, batch))
            self.feed.fill(self.project(frame) if self.targets else frame.sides[0])
        return found

    def _next(self, n: int) -> Batch | None:
        """The leader's own rows while nothing has come from the workers; its first are asked for before anything else."""
        crew = self.crew
        if crew is None:
            return self.pull_for(self.children[0], n)
        while self.local:
            if self.children[0].started and (batch := crew.next(n, wait=False)) is not None:
                return batch
            batch = self.children[0].pull(n)
            if batch is not None:
                return batch
            self.local = False
            crew.leader_done()
        return crew.next(n, wait=True)

    # Again

    def rescan(self, loops: Loops, changed: frozenset[int]) -> None:
        self.end()
        super().rescan(loops, changed)
        _other_part(self.children[0])

    def rewind(self) -> None:
        self.end()
        super().rewind()
        _other_part(self.children[0])

    def close(self) -> None:
        self.end()
        super().close()


def _other_part(root: Operator) -> None:
    """Nothing is kept of the leader's part of shared rows: it gets another one in the next run."""
    if root.started and is_partial(root.node):
        root.rewind()
    if is_partial(root.node):
        root.forget()
        for child in root.children:
            _other_part(child)


class GatherMergeRows(GatherRows):
    """Sorted rows of the participants in one order: what cannot be preceded by anything that is still to come."""

    node: p.GatherMerge

    def open(self) -> None:
        super().open()
        self.size = STREAM
        self.waiting: list[Batch | None] = [None] * (0 if self.crew is None else len(self.crew.members))
        self.ended = [False] * len(self.waiting)

    def _next(self, n: int) -> Batch | None:
        crew = self.crew
        if crew is None:
            return self.pull_for(self.children[0], n)
        for number in (*range(crew.workers, len(self.waiting)), *range(crew.workers)):  # the leader's own rows first
            while self._comes(crew, number) and (self.waiting[number] is None or n >= LARGE):
                self._more(crew, number, n)
        present = [(number, batch) for number, batch in enumerate(self.waiting) if batch is not None]
        if len(present) == 1:
            self.waiting[present[0][0]] = None
            return present[0][1]
        return self._merged(present, n) if present else None

    def _comes(self, crew: Crew, number: int) -> bool:
        """Whether a participant has rows still to come. One who is called in later gets none that come before those given by then."""
        return not self.ended[number] and crew.members[number].state is not State.ABSENT

    def _more(self, crew: Crew, number: int, n: int) -> None:
        """The next rows of one participant."""
        if number < crew.workers:
            batch = crew.next_of(number)
        else:
            batch = self.children[0].pull(min(max(n, self.size), self.most))
            self.size = min(self.size * 4, LARGE)
        before = self.waiting[number]
        if batch is None:
            self.ended[number] = True
            if number == crew.workers:
                crew.leader_done()
        else:
            self.waiting[number] = batch if before is None else concat_batches([before, batch])

    def _merged(self, present: list[tuple[int, Batch]], n: int) -> Batch:
        """Of the first `n` rows of each: those up to the first participant's last one, in order."""
        heads = [batch.slice(0, n) for _, batch in present]
        whole = concat_batches(heads)
        order = order_of(whole, self.node.keys, self.node.source)
        ends = np.cumsum([head.n for head in heads])
        last = np.zeros(whole.n, np.bool_)
        for (number, batch), head, end in zip(present, heads, ends, strict=True):
            last[end - 1] = not self.ended[number] or head.n < batch.n
        stop = int(np.argmax(last[order])) + 1 if last.any() else whole.n
        ready = np.zeros(whole.n, np.bool_)
        ready[order[:stop]] = True
        for (number, batch), head, end in zip(present, heads, ends, strict=True):
            used = int(np.count_nonzero(ready[end - head.n : end]))
            self.waiting[number] = batch.drop(used) if used < batch.n else None
        return whole.take(order[:stop])
