"""Trials: whether workers are worth it for plans of a few milliseconds, learnt by running them both ways.

How much of a plan's work holds the interpreter's lock, or has to be done by each participant, cannot be told from its nodes.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from auroraml.executor.operators.states import is_mergeable
from auroraml.executor.shares import MOST_SHAPES, NOTHING, Shape, shape_of
from auroraml.ir import physical as p
from auroraml.ir.objects import Relation
from auroraml.ir.tree import walk

FIRST = (False, True, True, False)  # which of a shape's runs have workers before the quicker way is known: each way after the other, too
AGAIN = 64  # runs after which the slower way is tried once more
GAIN = 0.95  # of the leader's time alone, that a run with workers may take
LEAST = 0.004  # seconds of the leader's time alone for each participant
FORGET = 0.125  # of what a run took beyond the least so far is added to it: times that rise are noticed, a disturbance is not


class Trial:
    """The least seconds that plans of one shape took of late, the leader alone and with workers."""

    __slots__ = ("alone", "runs", "shared")

    def __init__(self) -> None:
        self.runs = -1  # the first one finds out the pace
        self.alone: list[float] = []  # empty, or the least with how many ran
        self.shared: list[float] = []

    def workers(self) -> int:
        """How many the next run should have, at most, where its rows alone are not thought to take long enough."""
        if not self.alone:
            return 0
        if self.runs < len(FIRST) or not self.shared:
            wanted = FIRST[self.runs % len(FIRST)]
        else:
            wanted = (self.shared[0] < self.alone[0] * GAIN) != (self.runs % AGAIN == 0)
        return max(int(self.alone[0] / LEAST) - 1, 0) if wanted else 0

    def took(self, seconds: float, shared: bool) -> None:
        """A run has come to its end."""
        self.runs += 1
        if not self.runs:
            return
        known = self.shared if shared else self.alone
        known[:] = [seconds if not known else min(seconds, known[0] + (seconds - known[0]) * FORGET)]


TRIALS: WeakKeyDictionary[Relation, dict[Shape, Trial]] = WeakKeyDictionary()  # by what the first scan that participants divide reads


def _hides_participants(node: p.Gather) -> bool:
    """Whether rows that come of a Gather do not tell who has read what: they are states that merge exactly, one in all or in the order of their groups.

    Rows in another order each time, or sums of floats that differ in their last digits, are for work that lasts.
    """
    plan = node.source.source if isinstance(node.source, p.Sort) else node.source
    if not isinstance(plan, p.Aggregate) or plan.phase != "partial" or plan.rollups:
        return False
    return (isinstance(node, p.GatherMerge) or not plan.keys) and all(map(is_mergeable, plan.calls))


def trial_of(node: p.Gather) -> Trial | None:
    """What is known of plans like this one; None where it is run by its work alone: participants divide no relation, or it would show in the answer."""
    plan = node.source
    if not _hides_participants(node):
        return None
    scans = (part for part in walk(plan) if isinstance(part, p.PhysicalPlan) and part.parallel_aware)
    relation = next((found for scan in scans if (found := getattr(scan, "relation", None)) is not None), NOTHING)
    if relation is NOTHING:
        return None
    shapes = TRIALS.setdefault(relation, {})
    shape = shape_of(plan)
    if shape not in shapes:
        if len(shapes) >= MOST_SHAPES:
            shapes.clear()
        shapes[shape] = Trial()
    return shapes[shape]
