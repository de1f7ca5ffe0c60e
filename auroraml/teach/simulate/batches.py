"""Simulated batch mode: a nested loop that gathers outer rows into service batches, one call each (operators/service_batches.py)."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from auroraml.errors import FeatureNotSupported
from auroraml.evaluate.batch_calls import taken_apart
from auroraml.executor.operators.functions import in_batch_mode
from auroraml.executor.operators.nested_loop import CHUNK
from auroraml.executor.operators.service_batches import RUN, RUN_SECONDS, batches, calls_batches, reads_volatile
from auroraml.executor.plans import facts_of
from auroraml.ir import physical as p
from auroraml.ir.metrics import BatchMetrics
from auroraml.ir.tree import walk
from auroraml.teach.simulate.operators import Joining, Part, Passing, Simulated, simulated
from auroraml.teach.simulate.requests import Requests
from auroraml.teach.simulate.turns import Steps

if TYPE_CHECKING:
    from auroraml.teach.simulate.called import BatchOf

EXACT = 2**62  # products of rows that whole numbers of 64 bits hold


class FunctionScan(Simulated):
    """A batch-mode Function Scan, which its nested loop asks for a whole batch."""

    node: p.FunctionScan

    def __init__(self, node: p.FunctionScan, part: Part) -> None:
        super().__init__(node, part)
        self.sizes, self.times = array("q"), array("d")  # of batches; there may be millions
        self.metrics.batches = BatchMetrics(sizes=self.sizes, times=self.times)

    def settle_call(self, spent: float) -> None:
        """A batch's calls took so many milliseconds."""
        self.metrics.startup += spent
        self.metrics.total += spent

    def count(self, rows: int, milliseconds: float) -> None:
        """One batch."""
        self.sizes.append(rows)
        self.times.append(milliseconds)

    def many(self, rows: int, milliseconds: npt.NDArray[np.float64]) -> None:
        """Batches of as many rows."""
        self.sizes.extend(array("q", [rows]) * len(milliseconds))
        self.times.frombytes(milliseconds.tobytes())

    def produce(self, n: int) -> Steps[int]:
        raise AssertionError("asked by its nested loop alone")


class BatchLoop(Simulated):
    """The nested loop over it."""

    node: p.NestedLoop

    def __init__(self, node: p.NestedLoop, part: Part, scan: p.FunctionScan) -> None:
        self.outer = simulated(node.outer, part)
        self.scan = FunctionScan(scan, part)
        super().__init__(node, part, [self.outer, self.scan])
        simulation = part.simulation
        self.batch: BatchOf = simulation.batch_of(scan)
        self.requests: Requests = simulation.requests_of(scan)
        self.spent = simulation.spent_by(part, scan)
        counts = simulation.counts
        self.filter = Passing(counts.output(node), counts.output(node.outer)) if scan.filter or node.condition or node.filter else None
        self.exact = reads_volatile((*scan.filter, *node.condition, *node.filter, *node.targets))
        below = facts_of(node.outer)
        apart = len(scan.calls) == 1 and not scan.ordinality and taken_apart(scan.calls[0]) is not None
        self.apart = apart
        self.together = apart and not (below.volatile_below or below.ctes or any(map(calls_batches, walk(node.outer))))
        self.rest = 0  # outer rows read, but not enough for a batch
        self.gathered = self.called = 0  # outer rows of a run, and how many of them have their answers
        self.answers = 0  # rows answered and not fetched
        self.seen = 0  # rows joined so far
        self.feed = 0
        self.step = 1
        self.finished = False

    def produce(self, n: int) -> Steps[int]:
        while not self.feed and not self.finished:
            self.feed = yield from self._from_service(n)
        rows = min(n, self.feed)
        self.feed -= rows
        return rows

    def _from_service(self, n: int) -> Steps[int]:
        size = n if self.exact else max(n, self.step)
        rows = yield from self._fetch(size, n)
        if not rows:
            self.finished = True
            return 0
        made = self._made(rows)
        if rows > n and made >= n:  # no more of them than are wanted
            self.answers += rows - n
            rows = n
            made = self._made(rows)
        metrics = self.scan.metrics
        metrics.loops += rows
        if self.filter is not None and self.scan.node.filter:
            metrics.removed_by_filter += rows - made
            metrics.rows += made
        else:
            metrics.rows += rows
            self.metrics.removed_by_join_filter += rows - made
        self.seen += rows
        self.step = 1 if made else min(self.step * 4, CHUNK)
        return made

    def _made(self, rows: int) -> int:
        return rows if self.filter is None else self.filter.between(self.seen, self.seen + rows)

    def _fetch(self, n: int, wanted: int) -> Steps[int]:
        """At most `n` outer rows with their answers."""
        if not self.answers:
            if self.called >= self.gathered:
                gathered = yield from self._gather(wanted)
                if not gathered:
                    return 0
                self.gathered, self.called = gathered, 0
            self.answers = yield from self._call(wanted)
            self.called += self.answers
        rows = min(n, self.answers)
        self.answers -= rows
        return rows

    def _gather(self, n: int) -> Steps[int]:
        """The outer rows of the next batch, or of as many as `n` rows fill."""
        size = self.batch.rows
        several = max(min(n, RUN) // size if self.together else 1, 1)
        have, self.rest = self.rest, 0
        wanted = size * several
        while have < size and (rows := (yield from self.outer.pull(wanted - have))):
            have += rows
        if have <= size:
            return have
        self.rest = have % size
        return have - self.rest

    def _call(self, n: int) -> Steps[int]:
        """Call batch after batch, as many as `n` rows fill, for a few milliseconds."""
        me, size = self.me, self.batch.rows
        place, begun, start = self.called, me.time, me.time
        last = self.called + max(n, size) if self.apart else self.called + 1
        while place < self.gathered and min(place + size, self.gathered) <= last and begun - start < RUN_SECONDS:
            rows = min(size, self.gathered - place)
            yield from self.requests.batch(me, rows, self.spent)
            self.scan.count(rows, (me.time - begun) * 1000)
            place, begun = place + rows, me.time
            if not self.apart:
                break
        self.scan.settle_call((me.time - start) * 1000)
        return place - self.called

    def counted(self, rows: int, made: int) -> None:
        """So many rows were answered, fetched, joined and paid for; and so many of them made a row."""
        self.called += rows
        inner = self.scan.metrics
        inner.loops += rows
        if self.scan.node.filter:
            inner.removed_by_filter += rows - made
            inner.rows += made
        else:
            self.metrics.removed_by_join_filter += rows - made
            inner.rows += rows
        self.metrics.rows += made
        self.seen += rows
        self.owed(0)
        self.scan.owed(0)

    @property
    def idle(self) -> bool:
        """Whether nothing is read or answered that is not handed on yet, where all rows pass."""
        return self.filter is None and not (self.answers or self.feed or self.rest or self.finished) and self.called >= self.gathered

    @property
    def ahead(self) -> int:
        """How many whole batches of its run are not called yet, where pulls of all rows would do nothing but call them, and give some."""
        size, passing = self.batch.rows, self.filter
        if not self.together or self.answers or self.feed:
            return 0
        if passing is not None and (size * passing.passing < passing.of or passing.of * passing.passing >= EXACT):
            return 0
        return (self.gathered - self.called) // size


@simulated.register
def _(node: p.NestedLoop, part: Part) -> Simulated:
    inner = node.inner
    if not isinstance(inner, p.FunctionScan):
        if node.params:
            raise FeatureNotSupported("a simulated run of a nested loop whose inner side has parameters is not supported")
        return Joining(node, part)
    if not (batches(inner) and in_batch_mode(inner, part.simulation.ctx.settings)) or node.kind not in ("inner", "left"):
        raise FeatureNotSupported("a simulated run of a Function Scan outside batch mode is not supported")
    return BatchLoop(node, part, inner)
