"""Swift: courses of many participants in one loop: whose turn it is, when its call is answered, who takes whose rows; numbers are drawn in blocks."""

from __future__ import annotations

from heapq import heapreplace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from auroraml.executor.crew import QUEUED, SMALL, State
from auroraml.executor.operator import ALL
from auroraml.executor.operators.service_batches import RUN_SECONDS
from auroraml.services.retry import QUOTA
from auroraml.teach.simulate.courses import Bundle, Course, Leading, Others
from auroraml.teach.simulate.instances import Failed, Instances, Served
from auroraml.teach.simulate.line import Line
from auroraml.teach.simulate.requests import Requests, Sending
from auroraml.teach.simulate.trials import BLOCK, Trials, lasting
from auroraml.teach.simulate.turns import Key, Participant, Turns

if TYPE_CHECKING:
    from auroraml.teach.simulate.crew import Crew

MOST = 262_144  # calls that are counted together
NEAR = ALL // 2  # rows wanted that may come to an end
NEVER: Key = (float("inf"), 0)
LATER = -1.0
Floats = npt.NDArray[np.float64]


class Place:
    """An instance that answers one request after another."""

    __slots__ = ("free",)

    def __init__(self, free: float) -> None:
        self.free = free  # from when on


class Swift:
    """Participants that run courses with batches of as many rows, sent to one target."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.line = Line()
        self.courses: set[Course] = set()
        self.crews: set[Crew] = set()
        self.asleep: Leading | None = None  # the leader waits for rows of workers that are all here
        self.requests: Requests | None = None
        self.rows = 0  # of a batch
        self.pieces, self.each, self.rest = 1, 0, 0  # its requests, and the rows of each but the last and of the last
        self.soonest = 0.0  # when it is another's turn
        self.others = Others()
        self.apart = False  # some of their batches go to another target, too, whose failures take of the same quota
        self.loaded = False  # the state of the instances is here, the numbers drawn are those of the next calls
        self.handed: list[Bundle] = []  # what was handed over, each little
        self.trials: Trials | None = None  # of calls that may fail, or whose instance hangs on the others
        self.single = 0  # such calls that are made before one looks again
        self.seconds: list[float] = []  # that a batch's last request would take, and (where there are several) another one
        self.earlier: list[float] = []
        self.places: list[int] = []
        self.at = self.taken = 0  # numbers used, and those whose use is accounted for
        self.uncounted = 0
        self.limit = 0
        self.instances: list[Place] = []  # by instance, or (heaps) when each of its places is free
        self.slots: list[list[float]] = []

    @property
    def turn(self) -> Key | None:
        """The first one's."""
        first = self.line.first
        return None if first is None else (first.when, first.rank)

    def join(self, me: Participant) -> bool:
        """Take a participant in at its turn, if its course can be run with those of the others."""
        course = me.course
        assert course is not None
        requests = course.requests
        crew = None if course.member is None else course.member.crew
        if requests is not self.requests or course.rows != self.rows or (self.crews and crew not in self.crews):
            if self.courses:
                self._wake_up()
                return False
            self.release()
            if self.requests is not None:
                self.requests.instances.keeper = None
            self.requests, self.rows = requests, course.rows
            sizes = requests.called.requests(course.rows)
            self.pieces, self.each, self.rest = len(sizes), sizes[0], sizes[-1]
            requests.instances.keeper = self
            self.trials = None
        if self.trials is not None:
            course.bill(True)
        self.courses.add(course)
        self.apart = self.apart or course.apart
        if crew is not None:
            self.crews.add(crew)
        self.line.insert(course, me.time, me.rank)
        return True

    def leave(self, course: Course, now: float) -> None:
        """Let a participant go on by itself, and with it a leader that waits."""
        self.courses.discard(course)
        course.settle()
        course.me.time, course.me.course = now, None
        self.turns.ready(course.me)
        self._wake_up()
        if not self.courses:
            self.crews.clear()

    def _wake_up(self) -> None:
        """Not all workers are here any more: a leader that waits for them does so by itself."""
        if (leader := self.asleep) is not None:
            self.asleep = leader.slept = None
            self.leave(leader, leader.me.time)

    def run(self) -> None:
        """Run until another participant's turn comes, or one leaves."""
        requests, ready = self.requests, self.turns.waiting
        assert requests is not None
        if any(crew.finishing or crew.waiting for crew in self.crews):
            for course in self.courses:
                if course.member is not None and course.member.crew.finishing:
                    course.attend(course.member.crew)  # which ends it before its next pull
                if course.crew is not None and (course.crew.finishing or course.crew.waiting):
                    course.free = 0
        until = ready[0][:2] if ready else NEVER
        self.soonest = until[0]
        if self.loaded and self.at == len(self.seconds):
            self.account()
        elif self.loaded:
            self._many(until)
            self._hand_on()
            if self.apart:
                self.account()
            return
        if not self.single and (one_by_one(requests.instances) or not self._load(requests)):
            self.single = BLOCK
        if self.single:
            self._single(requests, until)
        else:
            self._many(until)
        self._hand_on()
        if self.apart:
            self.account()

    # Numbers and instances

    def _load(self, requests: Requests) -> bool:
        """Draw the next numbers, and take the instances' state over. False: the next calls have to be made one by one."""
        requests.shared.check()
        instances, hosting = requests.instances, requests.instances.hosting
        self._try(None)
        self._settle_many()
        size = requests.called.row_bytes
        seconds = earlier = lasting(hosting.latency, instances, BLOCK, self.rest, self.rest * size)
        if self.each != self.rest:
            earlier = lasting(hosting.latency, instances, BLOCK, self.each, self.each * size)
        if max(float(seconds.max()), float(earlier.max())) > hosting.time_limit:
            self.release()
            return False
        many = hosting.instances
        self.seconds = seconds.tolist()
        self.earlier = self.seconds if earlier is seconds else earlier.tolist()
        self.places = [0] * BLOCK if many == 1 else (many * instances.routes.ahead(BLOCK, normal=False)).astype(np.int64).tolist()
        if not self.loaded:
            most = self.limit = hosting.concurrency or 0
            self.slots = [[0.0] * max(most - len(known), 0) + [end for end, _ in known[-most:]] for known in instances.outstanding] if most else []
            self.instances = [Place(free[0]) for free in self.slots] if most == 1 else []
        self.at = self.taken = 0
        self.loaded = True
        return True

    def _settle_many(self) -> None:
        self.uncounted += BLOCK
        if self.uncounted >= MOST:
            self.uncounted = 0
            for course in self.courses:
                course.settle()

    def _try(self, trials: Trials | None) -> None:
        """Make calls one by one, or no longer."""
        if self.trials is not None:
            self.trials.end()
        if (self.trials is None) != (trials is None):
            for course in self.courses:
                course.bill(trials is not None)
        self.trials = trials

    def _take(self) -> None:
        """The numbers of calls made are used."""
        requests, n = self.requests, self.at - self.taken
        assert requests is not None
        instances = requests.instances
        if instances.hosting.latency.distribution != "fixed":
            instances.latencies.take(n)
        if instances.hosting.instances > 1:
            instances.routes.take(n)
        self.taken = self.at

    def account(self) -> None:
        """Calls were made that needed no second attempt."""
        requests, n = self.requests, self.at - self.taken
        if n:
            assert requests is not None
            requests.shared.calls += n
            requests.shared.quota.give_back(0, n)
            self._take()

    def release(self) -> None:
        """Give the instances their state back."""
        if self.trials is not None:
            self.trials.end()
        if not self.loaded:
            return
        assert self.requests is not None
        self.account()
        self.loaded = False
        if self.limit == 1:
            self.slots = [[one.free] for one in self.instances]
        for known, places in zip(self.requests.instances.outstanding, self.slots, strict=False):
            known[:] = [(end, -1) for end in sorted(places) if end]

    def serve(self, time: float, number: int, rows: int) -> Served | None:
        """A request of somebody who runs by himself; None where the instances have their state back and should see to it."""
        known = rows in (self.rest, self.each)
        if self.trials is not None and known:
            return self.trials.serve(time, number, rows)
        if not self.loaded or not known or self.at == len(self.seconds):
            self._try(None)
            self.release()
            return None
        self.account()
        seconds, where = (self.seconds if rows == self.rest else self.earlier)[self.at], self.places[self.at]
        self.at += 1
        self._take()
        start = time
        if self.limit == 1:
            start = max(time, self.instances[where].free)
            self.instances[where].free = start + seconds
        elif self.limit:
            start = max(time, self.slots[where][0])
            heapreplace(self.slots[where], start + seconds)
        return Served(where, start, start + seconds)

    # Steps

    def _many(self, until: Key) -> None:
        """Calls with the numbers drawn, one after another: each decides when the next one comes, and what it finds."""
        line, instances, slots, limit, long = self.line, self.instances, self.slots, self.limit, RUN_SECONDS
        handed, asleep, made = self.handed, self.asleep is not None, self.at
        drawn, earlier, places, whole, pieces = self.seconds, self.earlier, self.places, len(self.seconds), self.pieces
        line.insert(self.others, *until)
        while made < whole:
            while True:
                me = line.first
                assert me is not None
                now = me.when
                if not me.asks or me.inside:
                    break
                if left := me.free:  # hand_over, in short
                    me.free = left - 1
                    handed.append(me.bundle)
                    if asleep:
                        asleep = self._wake(now)
                    break
                self.at = made
                calls = me.asked(self, now)
                if calls is None:
                    return self._stop(made)
                if calls >= 0.0:
                    me.begun = now = calls
                    break
                asleep = self.asleep is not None
            inside = me.inside + 1
            seconds = drawn[made] if pieces == 1 or not inside % pieces else earlier[made]
            if limit == 1:
                one = instances[places[made]]
                end = one.free
                if end < now:
                    end = now
                end = one.free = end + seconds
            elif limit:
                free = slots[places[made]]
                end = (free[0] if free[0] > now else now) + seconds
                heapreplace(free, end)
            else:
                end = now + seconds
            me.answered.append(end)
            made += 1
            if inside < me.room and (end - me.begun < long or (pieces > 1 and inside % pieces)):
                me.inside = inside
                me.plain = False
            elif me.plain and me.room > 1:  # _pulled, in short
                me.room -= 1
                me.bundle = me.one
                me.begun = end = end + me.first + me.second
            elif inside < me.room and not me.leads:
                me.begun = end = me.ended(end)
            elif self._pulled(me, end):
                continue
            else:
                return self._stop(made)
            line.again(me, end)
        return self._stop(made)

    def _stop(self, made: int) -> None:
        """So many of the numbers drawn are used."""
        self.at = made
        self.line.remove(self.others)

    def _pulled(self, me: Course, end: float) -> bool:
        """The first one's pull ends; False: it leaves."""
        count = me.inside + 1
        then = me.ended(end)
        if isinstance(me, Leading):
            n = me.bundle.rows
            me.left -= n
            me.note(end, count, n)
        me.begun = then
        if not me.room:
            me.free = 0
        if me.room or me.asks:
            self.line.again(me, then)
            return True
        self.leave_first(me, then)
        return False

    def hand_over(self, me: Course, crew: Crew, now: float) -> float | None:
        """What a worker does between two pulls: when it calls (None: it leaves)."""
        number, rows, each, queued = me.bundle.number, me.bundle.rows, me.rows, crew.queued
        self._hand_on()
        if queued[number] >= QUEUED or crew.waiting or crew.finishing or not me.room:
            self.leave_first(me, now)
            return None
        crew.arrived.append((number, rows))
        queued[number] += rows
        me.free = max(-(-(QUEUED - queued[number]) // each), 0) if each <= SMALL else 0
        if self.asleep is not None:
            self._wake(now)
        return now

    def _hand_on(self) -> None:
        """Put rows that were handed over where all can see them: each of these batches is a small one."""
        if self.handed:
            (crew,) = self.crews
            for bundle in self.handed:
                crew.arrived.append((bundle.number, bundle.rows))
                crew.queued[bundle.number] += bundle.rows
            self.handed.clear()

    def leave_first(self, me: Course, now: float) -> None:
        """The first one leaves."""
        self.line.remove(me)
        self.leave(me, now)

    def lead(self, me: Leading, crew: Crew, now: float) -> float | None:
        """What the leader does between two pulls: when it calls (LATER: not before others do something, None: it leaves)."""
        arrived, handed = crew.arrived, self.handed
        if handed and not arrived and me.left >= NEAR and len(self.crews) == 1:
            n = 0
            for bundle in handed:
                n += bundle.rows
            handed.clear()
            return self._taken(me, n, now)
        if handed:
            self._hand_on()
        if crew.waiting or (me.left < NEAR and me.left <= sum(n for _, n in arrived) + me.room // me.pieces * me.rows):
            me.me.since = me.slept
            self.leave_first(me, now)
            return None
        if arrived:
            return self._taken(me, crew.together(me.left), now)
        if me.room:
            return now
        if me.gathering.local or not self._all_here(crew):
            self.leave_first(me, now)
            return None
        self.line.remove(me)
        me.me.time = me.slept = now
        self.asleep = me
        return LATER

    def _taken(self, me: Leading, n: int, now: float) -> float:
        """The leader takes rows of workers, and calls if none have come meanwhile."""
        me.left -= n
        me.begun = now if me.slept is None else me.slept
        me.note(now, 0, n)
        me.slept = None
        costs = me.takings.get(n)
        for cost in me.taking(n) if costs is None else costs:
            now += cost
        if me.room and me.left >= NEAR and now < self.soonest and (after := me.after) is not None and now < after.when and not me.gathering.arrived:
            return now
        self.line.again(me, now)
        return LATER

    def _all_here(self, crew: Crew) -> bool:
        """Whether the workers that have not ended run their courses here, or will at their next turn; one at least."""
        working = [member.me for member in crew.members[: crew.workers] if member.state is not State.ENDED]
        return bool(working) and all(worker is not None and worker.course is not None for worker in working)

    def _wake(self, now: float) -> bool:
        """Rows have come for the leader, which does not sleep any more."""
        leader, self.asleep = self.asleep, None
        assert leader is not None
        me = leader.me
        self.line.insert(leader, max(me.time, now), me.rank)
        return False

    def _single(self, requests: Requests, until: Key) -> None:
        """Calls that may fail, or whose instance hangs on the others: one by one."""
        line, handed, shared, quota = self.line, self.handed, requests.shared, requests.shared.quota
        shared.check()
        if self.trials is None:
            self._settle_many()
            self._try(Trials(requests.instances, self.each, self.rest, requests.called.row_bytes))
        trials, pieces = self.trials, self.pieces
        assert trials is not None
        while self.single:
            me = line.first
            if me is None:
                return
            now = me.when
            if (now, me.rank) > until:
                return
            sending = me.sending
            if me.asks and not me.inside and sending is None:
                if me.free and self.asleep is None:
                    me.free -= 1
                    handed.append(me.bundle)
                else:
                    calls = me.asked(self, now)
                    if calls is None or line.first is None:
                        return
                    if calls < 0.0:
                        continue
                    me.begun = now = calls
            try:
                end = trials.request(now, me.number, bool((me.inside + 1) % pieces))
            except Failed as failed:
                if sending is None:
                    sending = me.sending = Sending(shared.number())
                sending.attempts += 1
                line.again(me, requests.again(sending, failed, now, me.spent))
                continue
            self.single -= 1
            if sending is None:
                shared.calls += 1
                if quota.left < QUOTA:
                    quota.give_back(0)
            else:
                quota.give_back(sending.paid)
                me.spent.retries += sending.attempts
                me.sending = None
            me.spent.seconds.append(end - now)
            me.answered.append(end)
            inside = me.inside + 1
            if inside < me.room and (end - me.begun < RUN_SECONDS or inside % pieces):
                me.inside = inside
                me.plain = False
                line.again(me, end)
            elif not self._pulled(me, end):
                return
        trials.end()
        self._settle_many()


def one_by_one(instances: Instances) -> bool:
    """Whether a request may be turned away, or its instance hangs on the others."""
    hosting = instances.hosting
    return bool(instances.faults) or hosting.max_queue is not None or (hosting.instances > 1 and hosting.routing != "RANDOM")
