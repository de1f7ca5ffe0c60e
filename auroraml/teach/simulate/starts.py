"""Starts: who may run a course, and which one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from auroraml.executor.operator import ALL
from auroraml.teach.simulate.batches import BatchLoop
from auroraml.teach.simulate.courses import Course, Handing, Leading
from auroraml.teach.simulate.crew import Dealt
from auroraml.teach.simulate.gather import Gathering
from auroraml.teach.simulate.operators import TableScan
from auroraml.teach.simulate.pairs import Pair

if TYPE_CHECKING:
    from auroraml.teach.simulate.operators import Simulated
    from auroraml.teach.simulate.requests import Shared

LEAST = 8  # batches left that are worth it


def course_of(root: Simulated, shared: Shared, pending: int | None, left: int) -> Course | None:
    """The course of a participant that wants all rows of `root`; of a worker that has `pending` rows for its leader and wants `left` more."""
    if shared.calls < shared.noted:
        return None
    above, bottom = down(root)
    left = min(left, *(node.most_left() for node in above)) if above else left
    if isinstance(bottom, BatchLoop):
        if not bottom.together:
            return pair_of(root, bottom, above, pending, left)
        room = bottom.ahead
        if room < LEAST or left < room * bottom.batch.rows:
            return None
        crew = None if pending is None or bottom.part.member is None else bottom.part.member.crew
        return Course(root.me, bottom, above) if crew is None else Handing(root.me, bottom, above, crew, pending or 0, left)
    if not isinstance(bottom, Gathering) or bottom.crew is None or bottom.crew.apart or bottom.feed or bottom.child is None:
        return None
    own, loop = down(bottom.child)
    if not isinstance(loop, BatchLoop) or (bottom.local and (loop.ahead < LEAST or any(node.most_left() < ALL for node in own))):
        return None
    return Leading(root.me, loop, own, bottom, above, left)


def down(root: Simulated) -> tuple[list[Simulated], Simulated]:
    """The nodes that hand rows on as they come, from `root` down (the last one first), and the one below them."""
    passed: list[Simulated] = []
    while (child := root.through()) is not None:
        passed.insert(0, root)
        root = child
    return passed, root


def pair_of(root: Simulated, loop: BatchLoop, above: Sequence[Simulated], pending: int | None, left: int) -> Pair | None:
    """The course of two calls one above the other, where each batch goes through both and each call is one request."""
    lower = loop.outer
    if not isinstance(lower, BatchLoop) or not isinstance(table := lower.outer, TableScan) or left < ALL or not lower.together or not loop.apart:
        return None
    size, member = loop.batch.rows, table.part.member
    if not (loop.idle and lower.idle) or lower.batch.rows != size or any(size > one.requests.called.most_rows for one in (loop, lower)):
        return None
    if table.filter is not None or table.pages or not (table.share is None or (isinstance(table.share, Dealt) and table.at == table.stop)):
        return None
    made = Pair(root.me, loop, lower, table, above)
    if made.most() < LEAST * size:
        return None
    if pending is not None and member is not None:
        made.handing(member.crew, pending)
    return made
