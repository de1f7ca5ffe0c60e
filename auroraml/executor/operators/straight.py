"""Straight: an aggregate over workers' states made in one pass over the table instead, where the rows of its many groups lie one after another.

Each group then has its rows together and no state has another to be combined with. Nobody can tell: states that are exact, no volatile
function, nothing counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from auroraml.batch import Batch, Column, Rows, Vector
from auroraml.executor.crew import enlist
from auroraml.executor.key_codes import steps_of
from auroraml.executor.operator import ALL, Operator
from auroraml.executor.operators.accumulating import Inputs
from auroraml.executor.operators.gather import GatherMergeRows
from auroraml.executor.operators.morsels import is_foldable
from auroraml.executor.operators.ordering import SortRows
from auroraml.executor.plans import facts_of
from auroraml.ir import expr as e
from auroraml.ir import physical as p

MANY = 65_536  # rows from which it pays
SMALL = 32  # rows that a group has at most, on average: of larger ones the states are few, and the rows are better shared


class Straight:
    """What an aggregate over states is as one over the rows themselves; what its node alone says."""

    __slots__ = ("inputs", "key", "shown")

    def __init__(self, node: p.Aggregate) -> None:
        self.inputs: list[Inputs] | None = None  # of the calls over rows; None: not to be done
        self.key = 0  # the rows' column
        self.shown: list[int] = []  # of each column that the aggregate reads: the rows' that it is, -1 for a state
        path = _path(node)
        if path is None:
            return
        below, places = path
        made = [below.targets[place] for place in places]
        states = [made[call.args[0].index] for call in node.calls if isinstance(call.args[0], e.InputRef)]
        self.shown = [target.index if isinstance(target, e.InputRef) else -1 for target in made]
        self.key = below.keys[0]
        plain = all(isinstance(target, e.InputRef | e.Aggregate) for target in made)
        if plain and [self.shown[key] for key in node.keys] == [self.key] and len(states) == len(node.calls):
            calls = [replace(state, phase="whole", state=None) for state in states if isinstance(state, e.Aggregate)]
            self.inputs = [Inputs(call) for call in calls] if len(calls) == len(states) else None

    def heads(self, rows: Batch, values: Sequence[Vector]) -> Batch:
        """What the aggregate reads of each group but states, of which it has the `values`."""
        unread = Column(values[0], Rows.range(0, rows.n)) if values else None
        columns = [rows.columns[index] if index >= 0 else unread for index in self.shown]
        return Batch([column for column in columns if column is not None], rows.n)


def _path(node: p.Aggregate) -> tuple[p.Aggregate, list[int]] | None:
    """The aggregate that makes the states of a table's rows, in any order, and which of its targets each column of `node`'s input is."""
    above: list[p.PhysicalPlan] = [node.source]
    if isinstance(node.source, p.GatherMerge) and isinstance(node.source.source, p.Sort):
        above.append(node.source.source)
    last = above[-1]
    below = last.source if isinstance(last, p.GatherMerge | p.Sort) else None
    if not isinstance(above[0], p.GatherMerge) or not isinstance(below, p.Aggregate) or len(node.keys) != 1 or node.rollups:
        return None
    if node.phase != "final" or node.strategy != "sorted" or below.phase != "partial" or len(below.keys) != 1 or below.rollups or below.filter:
        return None
    scan = below.source
    if isinstance(scan, p.Sort):
        if scan.filter or len(scan.keys) != 1 or scan.keys[0].descending or not all(isinstance(target, e.InputRef) for target in scan.targets):
            return None
        scan = scan.source
    if type(scan) is not p.SeqScan or scan.relation.system is not None or scan.filter or not is_foldable(below) or facts_of(below).free:
        return None
    if not all(isinstance(target, e.InputRef) for target in scan.targets):
        return None
    places = list(range(len(below.targets)))
    for step in reversed(above):
        assert isinstance(step, p.GatherMerge | p.Sort)
        if step.filter or step.init_plans or len(step.keys) != 1 or step.keys[0].descending:
            return None
        if step.targets:
            if not all(isinstance(target, e.InputRef) for target in step.targets):
                return None
            places = [places[target.index] for target in step.targets if isinstance(target, e.InputRef)]
    return below, places


def partly(gather: Operator) -> Operator | None:
    """The operator that would make the states; None where anything has begun."""
    below = _unsorted(gather.children[0]) if isinstance(gather, GatherMergeRows) else None
    scan = None if below is None else _unsorted(below.children[0])
    if below is None or scan is None or any(part.started or part.loops.n is not None for part in (gather, below, scan)):
        return None
    return below


def _unsorted(part: Operator) -> Operator | None:
    """What a sort sorts, or what is none; None where it has begun."""
    if not isinstance(part, SortRows):
        return part
    return None if part.started or part.filled else part.children[0]


def in_order(gather: Operator, below: Operator, key: int) -> list[Batch] | None:
    """All rows that `below` reads, by the leader alone, if their key never falls and has many values; None else, with nothing done."""
    enlist(gather.children[0], None)
    sort, scan = below.children[0], _unsorted(below.children[0])
    assert scan is not None
    batches = list(iter(partial(scan.pull, ALL), None))
    scan.rewind()
    if sort is not scan and sort.plain is not None:
        batches = [batch.select(sort.plain) for batch in batches]
    if sum(batch.n for batch in batches) < MANY or not all(_rises(batch.columns[key]) for batch in batches):
        return None
    return batches


def _rises(column: Column) -> bool:
    """Whether values never fall from row to row, and are different enough."""
    rows = column.rows
    if not (rows.is_range or rows.ascending or rows.mask is not None):
        return False
    steps = steps_of(column.source)
    return steps is not None and steps * SMALL >= column.source.n
