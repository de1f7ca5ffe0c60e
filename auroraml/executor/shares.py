"""Shares: how the participants of a Gather divide the rows of one parallel-aware scan, the members of an Append, the building of a hash table.

PostgreSQL hands out blocks to whoever asks first. Here each participant has a share of its own from the start, so that all of them get work
on small tables too, and takes half of what another has left when its own is done: a choice of ours, like the sizes below. Where nobody sees
who reads what, they take pieces in turn.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from auroraml.batch import Batch
from auroraml.executor.crew import Crew, Member, State
from auroraml.ir.objects import Relation
from auroraml.ir.physical import PhysicalPlan
from auroraml.ir.tree import walk

LARGEST = 262_144  # rows claimed at once
SMALLEST = 256  # rows claimed at once while there are as many; so few left of a share stay its owner's
PIECE = 2_097_152  # rows of a piece at most: whoever comes to the last ones late is waited for
TRIAL = 16_384  # rows that the leader reads at first, at least, where it is not known what they take and workers may be worth it
TRYING = 0.02  # seconds that they should take by the plan's cost
SPEED = 1_000_000  # of a plan's cost done in a second by one participant, at least (measured over TPC-H: 0.5 to 6 million)
LASTING = 0.002  # seconds that a piece should take at least
NOTHING = Relation(oid=0, name="", schema="")  # stands for what a plan node reads that is no relation
Shape = tuple[object, ...]
T = TypeVar("T")
P = TypeVar("P")


@dataclass(frozen=True)
class Pace:
    """Seconds that pieces of rows take, with all that is done to them: each piece, and each row of so many `rows`."""

    piece: float
    row: float
    rows: int = 0


class Seen:
    """Pieces that are done: what the line through their times needs of them."""

    __slots__ = ("both", "count", "rows", "squares", "took")

    def __init__(self) -> None:
        self.count = self.rows = self.squares = 0
        self.took = self.both = 0.0  # seconds; seconds by rows

    def add(self, rows: int, seconds: float) -> None:
        """A piece of so many rows took so long."""
        self.count += 1
        self.rows += rows
        self.squares += rows * rows
        self.took += seconds
        self.both += rows * seconds

    def pace(self, before: Pace | None, all_rows: int = 0) -> Pace:
        """The line; what each piece takes is known from `before` where their sizes tell too little."""
        count, rows, took = self.count, self.rows, self.took
        spread = count * self.squares - rows * rows
        if spread > rows * rows // 8:  # their sizes differ enough
            row = (count * self.both - rows * took) / spread
            if row * rows <= took:
                return Pace((took - max(row, 0.0) * rows) / count, max(row, 0.0), all_rows)
            return Pace(0.0, took / rows, all_rows)
        piece = 0.0 if before is None else min(before.piece, took / count)
        return Pace(piece, (took - count * piece) / rows, all_rows)


PACES: WeakKeyDictionary[PhysicalPlan, Pace] = WeakKeyDictionary()  # of scans, when they last ran
ALIKE: WeakKeyDictionary[Relation, dict[Shape, Pace]] = WeakKeyDictionary()  # of scans in plans of a shape, when one of these last ran
MOST_SHAPES = 64  # kept of a relation
_SHAPES: WeakKeyDictionary[PhysicalPlan, Shape] = WeakKeyDictionary()


def shape_of(plan: PhysicalPlan) -> Shape:
    """What plans have in common that take about as long: the nodes, what they read, and how many rows they are thought to give.

    Two texts that differ in their constants make plans of one shape, so that the second need not be tried.
    """
    found = _SHAPES.get(plan)
    if found is None:
        found = _SHAPES[plan] = _shape(plan)
    return found


def _shape(plan: PhysicalPlan) -> Shape:
    relation = getattr(plan, "relation", None)
    own = (plan.__class__, 0 if relation is None else relation.oid, int(plan.cost.rows).bit_length(), len(plan.targets), len(plan.filter))
    return (*own, *[part for child in plan.children() for part in _shape(child)])


def known_pace(scan: PhysicalPlan, plan: PhysicalPlan) -> Pace | None:
    """The pace of a scan below a Gather of `plan`: its own, or one of a plan that is alike."""
    found = PACES.get(scan)
    if found is None and (shapes := ALIKE.get(getattr(scan, "relation", NOTHING))):
        found = shapes.get((scan.id, *shape_of(plan)))
    return found


def keep_pace(scan: PhysicalPlan, plan: PhysicalPlan, pace: Pace) -> None:
    """Remember it for both."""
    PACES[scan] = pace
    if (relation := getattr(scan, "relation", None)) is not None:
        shapes = ALIKE.setdefault(relation, {})
        if len(shapes) >= MOST_SHAPES:
            shapes.clear()
        shapes[(scan.id, *shape_of(plan))] = pace


def expected(plan: PhysicalPlan) -> dict[int, float]:
    """By scan that participants divide: the seconds that its rows took when it last ran."""
    scans = (part for part in walk(plan) if isinstance(part, PhysicalPlan) and part.parallel_aware)
    return {scan.id: pace.row * pace.rows for scan in scans if (pace := known_pace(scan, plan)) is not None}


class Share:
    """Rows that participants claim parts of."""

    def __init__(self, crew: Crew, rows: Batch) -> None:
        self.crew = crew
        self.rows = rows

    def claim(self, member: Member, n: int, little: bool = True) -> Batch | None:
        """At most `n` rows that nobody else gets; None when this participant has done its part.

        `little`: no more than half of what is left at once, as each row may take its time.
        """
        raise NotImplementedError


class Dealt(Share):
    """Rows whose order does not matter: equal shares, and half of another's rest for whoever is done."""

    def __init__(self, crew: Crew, rows: Batch) -> None:
        super().__init__(crew, rows)
        count = len(crew.members)
        self.left = [[rows.n * i // count, rows.n * (i + 1) // count] for i in range(count)]
        self.begun = [False] * count

    def claim(self, member: Member, n: int, little: bool = True) -> Batch | None:
        own = self.left[member.number]
        with self.crew.changed:
            self.begun[member.number] = True
            member.moved(State.RUNNING)
            while own[0] == own[1] and not self._take_over(own):
                if not any(m.state is State.STARTING and self._rest(m) for m in self.crew.members):
                    return None
                self.crew.wait_for(member)  # whoever is still starting will come for its share in a moment
            start, rest = own[0], own[1] - own[0]
            own[0] += min(n, rest, max(rest // 2, SMALLEST) if little else LARGEST)
            return self.rows.slice(start, own[0])

    def _rest(self, member: Member) -> int:
        start, stop = self.left[member.number]
        return stop - start

    def _take_over(self, own: list[int]) -> bool:
        """Half of the largest rest."""
        rests = [(self._free(m), m) for m in self.crew.members]
        most, owner = max(rests, key=lambda rest: rest[0])
        if not most:
            return False
        stop = self.left[owner.number][1]
        own[:] = [stop - most, stop]
        self.left[owner.number][1] = stop - most
        return True

    def _free(self, member: Member) -> int:
        """How many of a participant's rows another may have: none while it has not had the time to begin, nor the last few it will claim itself."""
        rest = self._rest(member)
        if member.state is State.ENDED:
            return rest
        if member.state is State.STARTING or (self.begun[member.number] and rest <= SMALLEST):
            return 0
        return (rest + 1) // 2


class InOrder(Share):
    """Rows that each participant must get in their order: parts of what is left, smaller and smaller."""

    def __init__(self, crew: Crew, rows: Batch) -> None:
        super().__init__(crew, rows)
        self.at = 0
        self.begun = [False] * len(crew.members)
        self.least = min(SMALLEST, -(-rows.n // max(len(crew.members), 1)))

    def claim(self, member: Member, n: int, little: bool = True) -> Batch | None:
        with self.crew.changed:
            member.moved(State.RUNNING)
            while self.begun[member.number] and self.at < self.rows.n and any(m.state is State.STARTING for m in self.crew.members):
                self.crew.wait_for(member)
            self.begun[member.number] = True
            left = self.rows.n - self.at
            if not left:
                return None
            size = min(n, LARGEST, left, max(left // (2 * len(self.crew.members)), self.least))
            start, self.at = self.at, self.at + size
        return self.rows.slice(start, start + size)


class Pieces(Share):
    """Rows for whoever asks, from the first on. What they take, now or when the plan last ran, tells whether workers are worth it.

    Where no plan of its shape has run yet, a plan is tried on a few rows if its cost says that workers may be worth it: each piece takes something
    beyond its rows.
    """

    def __init__(self, crew: Crew, rows: Batch, node: PhysicalPlan) -> None:
        super().__init__(crew, rows)
        self.node = node
        self.plan = node if crew.work is None else crew.work.node
        self.at = 0
        seconds = math.inf if crew.work is None else self.plan.cost.total / SPEED
        self.little = not crew.pays(seconds)
        self.trial = max(min(TRIAL, max(rows.n // 16, SMALLEST)), int(rows.n * TRYING / seconds) if seconds > TRYING else 0)
        self.asked: dict[int, tuple[float, int]] = {}  # by participant: the time it had spent by then, and for how many rows
        self.seen = Seen()
        self.before = self.pace = known_pace(node, self.plan)
        self.crew.later.pop(node.id, None)

    def claim(self, member: Member, n: int, little: bool = True) -> Batch | None:
        now = time.thread_time()
        with self.crew.changed:
            member.moved(State.RUNNING)
            if (asked := self.asked.pop(member.number, None)) is not None:
                self.seen.add(asked[1], now - asked[0])
                if self.at >= 5 * self.trial:  # fewer tell nothing
                    self.pace = self.seen.pace(self.before, self.rows.n)
                    keep_pace(self.node, self.plan, self.pace)
            left = self.rows.n - self.at
            if not left:
                return None
            if self.pace is not None and member is self.crew.leader:
                self.crew.consider(self.pace.row * left + sum(self.crew.later.values()))
            size = min(n, left, self._size(left))
            self.asked[member.number] = now, size
            start, self.at = self.at, self.at + size
        return self.rows.slice(start, start + size)

    def _size(self, left: int) -> int:
        present = self.crew.present
        if present > 1:
            return min(PIECE, max(left // (2 * present), self._least()))
        if self.crew.hire is None or self.little or self.before is not None:
            return left
        if self.at < 5 * self.trial:
            return (1 if self.at < self.trial else 5) * self.trial - self.at
        return left if self.pace is not None and not self.crew.pays(2 * self.pace.row * left) else PIECE

    def _least(self) -> int:
        """Rows of pieces that are no smaller than is good: little of the time should go into what each of them takes anyway."""
        if self.pace is None or not self.pace.row:
            return PIECE // 4
        return max(SMALLEST, int(max(4 * self.pace.piece, LASTING) / self.pace.row))


class Together(Generic[P, T]):
    """Something that is made once of parts which the participants bring: the table of a Parallel Hash."""

    def __init__(self, crew: Crew) -> None:
        self.crew = crew
        self.active = 0
        self.parts: list[P] = []
        self.made: list[T] = []

    def bring(self, member: Member, part: Callable[[], P], make: Callable[[list[P]], T]) -> T:
        """Bring a part and wait for the whole; who comes when it is made brings none."""
        with self.crew.changed:
            if self.made:
                return self.made[0]
            self.active += 1
        mine: list[P] = []
        try:
            mine.append(part())
        finally:
            with self.crew.changed:
                self.active -= 1
                self.parts += mine
        with self.crew.changed:
            if not self.active and not self.made:
                self.made.append(make(self.parts))
                self.crew.changed.notify_all()
            while not self.made:
                self.crew.wait_for(member)
            return self.made[0]


class Members:
    """The members of a Parallel Append: those that only one participant may run, then those that any number may."""

    def __init__(self, crew: Crew, whole: int, count: int) -> None:
        self.crew = crew
        self.whole = whole
        self.count = count
        self.closed = [False] * count
        self.next = 0

    def choose(self, member: Member) -> int | None:
        """The member to run next, None when all are done or taken."""
        with self.crew.changed:
            member.moved(State.RUNNING)
            for step in range(self.count):
                place = (self.next + step) % self.count
                if self.closed[place]:
                    continue
                if place < self.whole:
                    self.closed[place] = True
                self.next = (place + 1) % self.count
                if self.next < self.whole and place >= self.whole:
                    self.next = self.whole
                return place
        return None

    def done(self, place: int) -> None:
        """A member has no more rows to give to anybody who comes now."""
        with self.crew.changed:
            self.closed[place] = True
