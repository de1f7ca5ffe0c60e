"""Conditions on texts of a table that many loops read about all of: decided for the whole column as it lies, not for texts brought together from all over it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from auroraml.batch import Batch, Column, FixedVector, Mask, Rows, TextVector, Vector
from auroraml.evaluate import Evaluator, Frame
from auroraml.evaluate.calling import light_by
from auroraml.evaluate.conditions import truth

if TYPE_CHECKING:
    from auroraml.executor.crew import Member
    from auroraml.executor.operator import Operator

NO_LOCK = contextlib.nullcontext()
STRETCH = 131_072  # texts decided in one step


class Verdicts:
    """Where a condition is true of a whole column: found by whoever asks first, by all participants together if they ask meanwhile."""

    __slots__ = ("begun", "done", "found")

    def __init__(self, n: int) -> None:
        self.found: Mask = np.empty(n, np.bool_)
        self.begun = self.done = 0  # rows

    def of(self, decide: Callable[[int, int], Mask], member: Member | None) -> Mask:
        """All of them."""
        lock = NO_LOCK if member is None else member.crew.changed
        while self.done < len(self.found):
            with lock:
                start, self.begun = self.begun, min(self.begun + STRETCH, len(self.found))
                stop = self.begun
                if start == stop and member is not None and self.done < stop:
                    member.crew.wait_for(member)
            if start < stop:
                self.found[start:stop] = decide(start, stop)
                with lock:
                    self.done += stop - start
        return self.found


def decided(scan: Operator, rows: Batch, expected: float) -> list[Evaluator]:
    """The tests of a scan for loops, which are expected to read so many rows in all; those of one text column alone looked up."""
    member = scan.member
    if member is not None:
        expected *= len(member.crew.members)
    return [_looked_up(scan, number, test, rows, expected) for number, test in enumerate(scan.tests)]


def _looked_up(scan: Operator, number: int, test: Evaluator, rows: Batch, expected: float) -> Evaluator:
    needs = light_by(test)  # with a dictionary for its column it would be: it reads nothing else, and raises for no row
    if needs is None or len(needs) != 1:
        return test
    ((side, index, dictionary),) = needs
    column = rows.columns[index] if side == 0 and dictionary else None
    if column is None or not isinstance(column.source, TextVector) or 2 * expected < column.source.n:
        return test
    source, n = column.source, column.source.n
    member = scan.member
    shared: dict[int, Verdicts] = {} if member is None else member.crew.share(scan.node.id, dict)
    verdicts = shared.setdefault(number, Verdicts(n))

    def decide(start: int, stop: int) -> Mask:
        scan.ctx.check_cancel()
        columns = [Column(source, Rows.range(start, stop)) if i == index else other for i, other in enumerate(rows.columns)]
        return truth(test(replace(scan.frame(stop - start), sides=(Batch(columns, stop - start),))))

    def run(frame: Frame) -> Vector:
        return FixedVector(verdicts.of(decide, member).take(frame.sides[0].columns[index].rows.numbers(), mode="clip"))

    return run
