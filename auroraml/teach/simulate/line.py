"""Line: courses in the order of their turns, each of which knows who comes before and after it: no place is searched for but by those that it passes."""

from __future__ import annotations

from auroraml.teach.simulate.courses import Course


class Line:
    """Who comes first is whose turn it is: the least time, of equal times the lower rank."""

    __slots__ = ("first", "last")

    def __init__(self) -> None:
        self.first: Course | None = None
        self.last: Course | None = None

    def insert(self, me: Course, time: float, rank: int) -> None:
        """Let one in."""
        me.when, me.rank = time, rank
        before, after = self.last, None
        while before is not None and (before.when > time or (before.when == time and before.rank > rank)):
            before, after = before.before, before
        me.before, me.after = before, after
        if before is None:
            self.first = me
        else:
            before.after = me
        if after is None:
            self.last = me
        else:
            after.before = me

    def remove(self, me: Course) -> None:
        """Let one out."""
        before, after = me.before, me.after
        if before is None:
            self.first = after
        else:
            before.after = after
        if after is None:
            self.last = before
        else:
            after.before = before
        me.before = me.after = None

    def again(self, me: Course, time: float) -> None:
        """The first one's next turn, which is not before this one."""
        me.when = time
        before, after = self.last, me.after
        if before is None or after is None or after.when > time:
            return
        rank = me.rank
        while before.when > time or (before.when == time and before.rank > rank):
            before = before.before
            assert before is not None  # at the latest it is `me`
        if before is me:
            return
        self.first = after
        after.before = None
        after = before.after
        me.before, me.after, before.after = before, after, me
        if after is None:
            self.last = me
        else:
            after.before = me
