"""Pairs: courses of two calls one above the other, each batch of which goes through both: read, sent, answered, sent on, answered; all counted afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from auroraml.executor.operator import ALL
from auroraml.executor.shares import SMALLEST
from auroraml.services.retry import QUOTA
from auroraml.teach.simulate.batches import BatchLoop
from auroraml.teach.simulate.courses import Bundle, Course, Floats, added
from auroraml.teach.simulate.crew import Dealt
from auroraml.teach.simulate.instances import Failed
from auroraml.teach.simulate.requests import Sending

if TYPE_CHECKING:
    from auroraml.teach.simulate.crew import Crew
    from auroraml.teach.simulate.operators import Simulated, TableScan
    from auroraml.teach.simulate.swift import Swift
    from auroraml.teach.simulate.turns import Participant

LATER = -1.0
READING, FIRST, SECOND = 0, 1, 2  # what comes next: rows are read, or a batch is sent to the lower call, to the upper one


class Pair(Course):
    """Pulls of the upper loop: rows of a table, which is divided or not, the lower loop's call and its own."""

    __slots__ = ("another", "lower", "own", "reading", "stage", "table")

    def __init__(self, me: Participant, loop: BatchLoop, lower: BatchLoop, table: TableScan, above: Sequence[Simulated]) -> None:
        super().__init__(me, loop, above)
        self.lower, self.table = lower, table
        n, rates = self.rows, table.rates
        self.reading = rates.pull + (n * rates.row + n * rates.read)
        self.first, self.second = self.calling(lower)
        self.third, self.fourth = self.calling(loop)
        self.requests, self.spent = lower.requests, lower.spent
        self.apart = loop.requests is not lower.requests  # two targets: the upper one is asked for each call
        self.another: Sending | None = None  # what is to be sent to it again
        self.stage = READING
        self.asks, self.alike, self.simple, self.plain = True, False, False, False
        self.room = 1
        share, member = table.share, table.part.member
        self.own: list[int] | None = share.left[member.number] if isinstance(share, Dealt) and member is not None else None

    def calling(self, loop: BatchLoop) -> tuple[float, float]:
        """What a loop and its scan take of a pull after the answer."""
        n, rates, inner = self.rows, loop.rates, loop.scan.rates
        return rates.pull + (n * rates.row + (n + n) * rates.read), n * inner.loop + n * inner.row + n * inner.read

    def handing(self, crew: Crew, pending: int) -> None:
        """The rows are for a leader, `pending` ones first."""
        self.attend(crew)
        self.bundle = Bundle(self.number, pending)

    def most(self) -> int:
        """The rows that can be read before others have to be asked for theirs."""
        if self.own is None:
            return self.table.stop - self.table.at
        return self.own[1] - self.own[0]

    def asked(self, swift: Swift, now: float) -> float | None:
        if self.stage == SECOND:
            swift.line.again(self, self._sent_on(swift, now))
            return LATER
        n, rest = self.rows, self.most()
        if rest < n or (self.own is not None and max(rest // 2, SMALLEST) < n):
            swift.leave_first(self, now)
            return None
        if self.crew is not None:
            if swift.hand_over(self, self.crew, now) is None:
                return None
            self.free = 0
        if self.own is None:
            self.table.at += n
        else:
            self.own[0] += n
        self.stage, self.inside = FIRST, 1
        self.begun = now + self.reading
        swift.line.again(self, self.begun)
        return LATER

    def ended(self, end: float) -> float:
        if self.stage == FIRST:
            self.stage, self.spent = SECOND, self.loop.spent
            if self.apart:
                self.inside = 0
            return end + self.first + self.second
        return self._read_on(end)

    def _read_on(self, end: float) -> float:
        """The upper call's answer has come: when rows are read again."""
        self.stage, self.inside, self.spent, self.bundle = READING, 0, self.lower.spent, self.one
        end = end + self.third + self.fourth
        for cost in self.others:
            end += cost
        return end

    def _sent_on(self, swift: Swift, now: float) -> float:
        """Send a batch to the upper target (requests.Requests.batch)."""
        requests, spent, rows, sending = self.loop.requests, self.loop.spent, self.rows, self.another
        shared = requests.shared
        try:
            end = requests.instances.request(now, self.number, rows, rows * requests.called.row_bytes).end
        except Failed as failed:
            swift.account()
            if sending is None:
                sending = self.another = Sending(shared.number())
            sending.attempts += 1
            return requests.again(sending, failed, now, spent)
        if sending is None:
            shared.calls += 1
            if shared.quota.left < QUOTA:
                swift.account()
                shared.quota.give_back(0)
        else:
            swift.account()
            shared.quota.give_back(sending.paid)
            spent.retries += sending.attempts
            self.another = None
        spent.seconds.append(end - now)
        self.answered.append(end)
        return self._read_on(end)

    # Afterwards

    def settle(self) -> None:
        whole = len(self.answered) // 2
        if not whole:
            return
        answered = self._answered(whole * 2)
        first, second = answered[::2], answered[1::2]
        below = first + self.first
        there = below + self.second
        times = [second + self.third]
        times.append(times[0] + self.fourth)
        for cost in self.others:
            times.append(times[-1] + cost)
        begins = np.concatenate([[self.since], times[-1][:-1]])
        sent = begins + self.reading
        rows = whole * self.rows
        table = self.table
        table.metrics.total = added(table.metrics.total, (sent - begins) * 1000)
        table.gave(rows)
        self._called(self.lower, first - sent, self.second, there - begins, self.billed)
        self._called(self.loop, second - there, self.fourth, times[1] - begins, ALL if self.apart or self.billed == ALL else 0)
        self.billed = self.billed if self.billed == ALL else max(self.billed - whole, 0)
        for node, ended in zip(self.above, times[2:], strict=True):
            node.metrics.total = added(node.metrics.total, (ended - begins) * 1000)
        self.since = float(times[-1][-1])
        for node in self.above:
            node.gave(rows)

    def _called(self, loop: BatchLoop, took: Floats, scanning: float, pulls: Floats, billed: int) -> None:
        """Count calls of one of the loops; so many of them are in what they used."""
        scan, spent, calls = loop.scan, loop.spent, len(took)
        scan.many(self.rows, took * 1000)
        spent.calls += calls * loop.requests.called.counted(self.rows)
        spent.rows += calls * self.rows
        if billed < calls:
            spent.seconds.frombytes(took[billed:].tobytes())
        spans = took * 1000
        scan.metrics.startup = added(scan.metrics.startup, spans)
        scan.metrics.total = added(scan.metrics.total, np.array([spans, np.full(calls, scanning * 1000)]).ravel("F"))
        loop.metrics.total = added(loop.metrics.total, pulls * 1000)
        loop.counted(calls * self.rows, calls * self.rows)

    def bill(self, directly: bool) -> None:
        self.settle()
        if directly and self.billed < len(self.answered):
            self.lower.spent.seconds.append(self.answered[0] - self.begun)
        self.billed = ALL if directly else len(self.answered)
