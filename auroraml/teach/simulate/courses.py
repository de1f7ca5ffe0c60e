"""Courses: what a participant does again and again while its batches last: pulls that call some, and what becomes of their rows; all counted afterwards.

It comes to the same times and counts, to the last digit, as the steps of operators.py, batches.py and gather.py, one pull after another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from auroraml.executor.crew import SMALL
from auroraml.executor.operator import ALL
from auroraml.teach.simulate.batches import BatchLoop
from auroraml.teach.simulate.gather import Gathering

if TYPE_CHECKING:
    from auroraml.teach.simulate.crew import Crew, Member
    from auroraml.teach.simulate.operators import Simulated
    from auroraml.teach.simulate.requests import Sending
    from auroraml.teach.simulate.swift import Swift
    from auroraml.teach.simulate.turns import Participant

SHIFT = 20  # bits of the number of batches of one pull
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Bundle:
    """Rows of a participant's pull."""

    __slots__ = ("number", "rows")

    def __init__(self, number: int, rows: int) -> None:
        self.number = number
        self.rows = rows


class Course:
    """Pulls of a nested loop through nodes `above` it that hand its rows on, by one who wants them all and does nothing else between two pulls."""

    __slots__ = (
        "above", "after", "alike", "answered", "apart", "asks", "before", "begun", "billed", "bundle", "costs", "crew", "first", "fourth", "free", "inside",
        "leads", "left", "longer", "loop", "me", "member", "more", "number", "one", "others", "passing", "pieces", "plain", "rank", "requests", "room", "rows", "second",
        "seen", "sending", "several", "simple", "since", "spent", "third", "when",
    )  # fmt: skip

    def __init__(self, me: Participant, loop: BatchLoop, above: Sequence[Simulated]) -> None:
        self.me = me
        self.loop = loop
        self.above = above
        self.rows = loop.batch.rows
        self.requests, self.spent = loop.requests, loop.spent  # of its next call
        self.pieces = len(self.requests.called.requests(self.rows))  # requests of a batch
        self.room = loop.ahead * self.pieces  # requests of the run
        self.begun = self.since = me.time  # of this pull, and of the first one that is not counted yet
        self.inside = 0  # requests answered in this pull
        self.sending: Sending | None = None  # a batch that is to be sent again
        self.answered: list[float] = []  # when each request was
        self.billed = 0  # how many of these are in what the calls used
        self.longer: list[int] = []  # pulls of more than one: the requests up to each one's last, and how many it had
        self.passing, self.seen = loop.filter, loop.seen  # which answers pass, and how many there have been
        self.costs: dict[tuple[int, int], tuple[float, ...]] = {}
        self.first, self.second, *self.others = self.cost(1, self.rows)
        self.several, self.third, self.fourth = 1, self.first, self.second  # of the last pull of more than one, and what it took
        self.member: Member | None = loop.part.member
        self.crew: Crew | None = None  # where something is done between two pulls
        self.free = 0  # small batches that a worker can hand over, before it has to be seen whether it has to wait
        self.number, self.rank = me.number, me.rank
        self.when = me.time  # its next turn
        self.before: Course | None = None  # whose turn comes before it, and after it
        self.after: Course | None = None
        self.one = Bundle(self.number, self.rows)
        self.bundle = self.more = self.one  # the rows of the last pull, and of the last one of more than one
        self.leads = self.apart = False
        self.alike = loop.filter is None and not self.others  # each pull of one batch takes the same time and gives as many rows
        self.simple = self.alike and self.pieces == 1
        self.plain = self.simple  # this one is a pull of one request, as all are, if it ends now
        self.asks = False  # something is done between two pulls
        self.left = ALL  # rows wanted

    def cost(self, count: int, made: int) -> tuple[float, ...]:
        """The seconds, one after another, that a pull of so many requests takes after the last one's answer (operators.Simulated.pull)."""
        n, loop, inner = count // self.pieces * self.rows, self.loop.rates, self.loop.scan.rates
        given = made if self.loop.scan.node.filter else n
        found = [loop.pull + (made * loop.row + given * loop.read), n * inner.loop + given * inner.row + n * inner.read]
        found += [node.rates.pull + (made * node.rates.row + made * node.rates.read) for node in self.above]
        result = self.costs[count, made] = tuple(found)
        return result

    def pulled(self, count: int) -> tuple[float, ...]:
        """A pull of so many requests ends; what it takes after the last one's answer."""
        self.inside, self.plain = 0, self.simple
        if count > 1 and not self.leads:
            self.longer.append(len(self.answered) << SHIFT | count)
        batches = count // self.pieces
        made = n = batches * self.rows
        if self.passing is not None:
            seen = self.seen
            self.seen = seen + n
            made = self.passing.between(seen, seen + n)
        self.bundle = Bundle(self.number, made)
        if batches > 1 and self.crew is not None:
            left = self.free - batches + 1
            self.free = left if left > 0 and n <= SMALL else 0
        return self.costs.get((count, made)) or self.cost(count, made)

    def ended(self, end: float) -> float:
        """When a pull ends whose last answer comes then: with all that it takes afterwards."""
        count = self.inside + 1
        batches = count // self.pieces
        self.room -= count
        if not self.alike:
            for cost in self.pulled(count):
                end += cost
            return end
        if count != self.several:
            self.several = count
            self.third, self.fourth = self.cost(count, batches * self.rows)[:2]
            self.more = Bundle(self.number, batches * self.rows)
        if count > 1:
            self.longer.append(len(self.answered) << SHIFT | count)
        if batches > 1 and self.crew is not None:
            left = self.free - batches + 1
            self.free = left if left > 0 and self.more.rows <= SMALL else 0
        self.inside, self.plain, self.bundle = 0, self.simple, self.more
        return end + self.third + self.fourth

    def attend(self, crew: Crew) -> None:
        """Do what the crew has to be done between two pulls."""
        self.crew, self.asks = crew, True

    def asked(self, swift: Swift, now: float) -> float | None:
        """Do it: when it calls, if it does (Swift.lead)."""
        assert self.crew is not None
        return swift.hand_over(self, self.crew, now)

    # Afterwards

    def settle(self) -> None:
        """Count the pulls that have ended, as their operators would have."""
        whole = len(self.answered) - self.inside
        if not whole:
            return
        answered = self._answered(whole)
        ends, counts = self._pulls(whole)
        n = counts // self.pieces * self.rows
        made = self._made(n)
        times, seconds = self._after(answered[ends - 1], n, made)
        begins = np.concatenate([[self.since], times[-1][:-1]])
        given = int(made.sum())
        self._count(answered, ends, begins, times[1], seconds, given)
        for node, ended in zip(self.above, times[2:], strict=True):
            node.metrics.total = added(node.metrics.total, (ended - begins) * 1000)
        self.since = float(times[-1][-1])
        for node in self.above:
            node.gave(given)
        if self.left < ALL:
            self.left -= given

    def bill(self, directly: bool) -> None:
        """Have the calls to come added to what they used as they are made, or when they are counted."""
        self.settle()
        if directly:
            took, sent = self.loop.spent.seconds, self.begun
            for place, end in enumerate(self.answered):
                if place >= self.billed:
                    took.append(end - sent)
                sent = end
        self.billed = ALL if directly else len(self.answered)

    def _answered(self, whole: int) -> Floats:
        """Take so many."""
        answered = self.answered
        if whole == len(answered):
            self.answered = []
        else:
            answered = answered[:whole]
            del self.answered[:whole]
        return np.fromiter(answered, np.float64, whole)

    def _pulls(self, whole: int) -> tuple[Integers, Integers]:
        """The requests up to each pull's last one, and how many it had."""
        if not self.longer:
            return np.arange(1, whole + 1), np.ones(whole, np.int64)
        noted = np.array(self.longer)
        ends, counts = noted >> SHIFT, noted & ((1 << SHIFT) - 1)
        self.longer.clear()
        marks = np.zeros(whole + 1, np.int8)
        marks[ends - counts] = 1
        marks[ends - 1] -= 1  # from a pull's first request up to before its last one
        found = np.flatnonzero(marks.cumsum()[:whole] == 0) + 1
        sizes = found.copy()
        sizes[1:] -= found[:-1]
        return found, sizes

    def _made(self, n: Integers) -> Integers:
        """How many rows pass of those of each pull."""
        if self.passing is None:
            return n
        seen = self.loop.seen + np.concatenate([[0], n.cumsum()])
        passed = seen * self.passing.passing // self.passing.of
        made: Integers = passed[1:] - passed[:-1]
        return made

    def _after(self, answered: Floats, n: Integers, made: Integers) -> tuple[list[Floats], Floats]:
        """When each of the nodes had done its part of pulls of `n` rows, of which so many pass; and what the scan took of it."""
        loop, inner = self.loop.rates, self.loop.scan.rates
        given = made if self.loop.scan.node.filter else n
        seconds: Floats = n * inner.loop + given * inner.row + n * inner.read
        times = [answered + (loop.pull + (made * loop.row + given * loop.read))]
        times.append(times[0] + seconds)
        for node in self.above:
            times.append(times[-1] + (node.rates.pull + (made * node.rates.row + made * node.rates.read)))
        return times, seconds

    def _count(self, answered: Floats, ends: Integers, begins: Floats, done: Floats, seconds: Floats, given: int) -> None:
        """Count what the nested loop and its scan have done: requests `answered` in pulls that begin and end then."""
        loop, scan, calls = self.loop, self.loop.scan, len(answered)
        rows = calls // self.pieces * self.rows
        sent = np.empty(calls)
        sent[1:] = answered[:-1]
        sent[0] = begins[0]
        sent[ends[:-1]] = begins[1:]
        took = answered - sent
        scan.many(self.rows, (answered[self.pieces - 1 :: self.pieces] - sent[:: self.pieces]) * 1000)
        spent = loop.spent
        spent.calls += calls // self.pieces * loop.requests.called.counted(self.rows)
        spent.rows += rows
        if self.billed < calls:
            spent.seconds.frombytes(took[self.billed :].tobytes())
        self.billed = self.billed if self.billed == ALL else max(self.billed - calls, 0)
        calling = (answered[ends - 1] - begins) * 1000
        scan.metrics.startup = added(scan.metrics.startup, calling)
        scan.metrics.total = added(scan.metrics.total, np.array([calling, seconds * 1000]).ravel("F"))
        loop.metrics.total = added(loop.metrics.total, (done - begins) * 1000)
        loop.counted(rows, given)


class Handing(Course):
    """Pulls of a worker, which hands each one's rows over to the leader."""

    __slots__ = ()

    def __init__(self, me: Participant, loop: BatchLoop, above: Sequence[Simulated], crew: Crew, pending: int, left: int) -> None:
        super().__init__(me, loop, above)
        self.attend(crew)
        self.bundle = Bundle(self.number, pending)
        self.left = left


class Leading(Course):
    """Pulls of a leader through its Gather and the nodes above that: of its own loop, where nothing has come from the workers.

    Of each there is kept when it began and when the rows were there, its requests (0: rows of workers were taken) and its rows.
    """

    __slots__ = ("began", "came", "gathering", "own", "sent", "slept", "takings", "there")

    def __init__(
        self, me: Participant, loop: BatchLoop, own: Sequence[Simulated], gathering: Gathering, above: Sequence[Simulated], left: int
    ) -> None:
        super().__init__(me, loop, (*own, gathering, *above))
        self.own = len(own)
        assert gathering.crew is not None
        self.gathering = gathering
        self.attend(gathering.crew)
        self.leads, self.alike, self.simple, self.plain = True, False, False, False
        self.left = left
        if not gathering.local:
            self.room = 0
        self.began: list[float] = []
        self.there: list[float] = []
        self.sent: list[int] = []
        self.came: list[int] = []
        self.slept: float | None = None  # since when it has waited for rows
        self.takings: dict[int, tuple[float, ...]] = {}

    def asked(self, swift: Swift, now: float) -> float | None:
        assert self.crew is not None
        return swift.lead(self, self.crew, now)

    def note(self, there: float, requests: int, n: int) -> None:
        """A pull that has begun has its rows."""
        self.began.append(self.begun)
        self.there.append(there)
        self.sent.append(requests)
        self.came.append(n)

    def taking(self, n: int) -> tuple[float, ...]:
        """The seconds, one after another, that so many rows of workers take."""
        upper = self.above[self.own :]
        found = tuple(node.rates.pull + (n * node.rates.row + (n if place else 0) * node.rates.read) for place, node in enumerate(upper))
        self.takings[n] = found
        return found

    def settle(self) -> None:
        """Count the pulls."""
        if not self.began:
            return
        begins, times, counts, n = np.array(self.began), np.array(self.there), np.array(self.sent), np.array(self.came)
        self.began, self.there, self.sent, self.came = [], [], [], []
        mine = counts > 0
        read = np.where(mine, n, 0)
        upper = self.above[self.own :]
        if mine.any():
            times[mine] = self._own(begins[mine], counts[mine], n[mine])
        for place, node in enumerate(upper):
            times = times + (node.rates.pull + (n * node.rates.row + (n if place else read) * node.rates.read))
            node.metrics.total = added(node.metrics.total, (times - begins) * 1000)
        for node in upper:
            node.gave(int(n.sum()))

    def _own(self, begins: Floats, counts: Integers, made: Integers) -> Floats:
        """Count the leader's own pulls, as far as the Gather; when they ended."""
        ends = counts.cumsum()
        answered = self._answered(int(ends[-1]))
        times, seconds = self._after(answered[ends - 1], counts // self.pieces * self.rows, made)
        given = int(made.sum())
        self._count(answered, ends, begins, times[1], seconds, given)
        for node, ended in zip(self.above[: self.own], times[2:], strict=False):
            node.metrics.total = added(node.metrics.total, (ended - begins) * 1000)
            node.gave(given)
        return times[1 + self.own]


class Others(Course):
    """Whoever runs no course: its turn."""

    __slots__ = ()

    def __init__(self) -> None:
        self.asks, self.inside, self.free = True, 0, 0
        self.when, self.rank = 0.0, 0
        self.before = self.after = None

    def asked(self, swift: Swift, now: float) -> float | None:
        return None


def added(value: float, more: Floats) -> float:
    """One after another, as they come."""
    return float(np.add.accumulate(np.concatenate([[value], more]))[-1])
