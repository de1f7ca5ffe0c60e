"""Conditions: conjuncts that select rows, and three-valued AND and OR, later parts only where earlier ones leave something to decide."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auroraml.batch import ConstVector, DictVector, FixedVector, Mask, NumericVector, Selection, Vector, true_places, zones
from auroraml.evaluate.calling import ASKED, Evaluator, Needs, is_safe, light_by, mark_safe
from auroraml.evaluate.frame import Frame
from auroraml.evaluate.zoned import narrowed


def truth(vector: Vector) -> Mask:
    """Where a boolean vector is true (NULL is not)."""
    if isinstance(vector, ConstVector):
        return np.full(vector.n, bool(vector.one.datum(0)))
    assert isinstance(vector, FixedVector)
    return vector.values if vector.validity is None else vector.values & vector.validity


def select(conjuncts: Sequence[Evaluator], frame: Frame) -> Mask:
    """Where all conjuncts are true; one that may raise is evaluated on no row that an earlier one rejected."""
    return chosen(conjuncts, frame).mask


def chosen(conjuncts: Sequence[Evaluator], frame: Frame) -> Selection:
    """The rows for which all conjuncts are true; one that may raise is evaluated on no row that an earlier one rejected."""
    found = narrowed(conjuncts, frame) if frame.n >= zones.ZONE // 2 else None
    if found is None:
        return _chosen(conjuncts, frame)
    parts = [(start, stop, _chosen(found.conjuncts, frame.slice(start, stop))) for start, stop in found.stretches]
    if any(part.sparse for _, _, part in parts) or not parts:
        places = [part.places + start for start, _, part in parts]
        return Selection.at(np.concatenate(places) if places else np.zeros(0, np.int64), frame.n)
    mask = np.zeros(frame.n, np.bool_)
    for start, stop, part in parts:
        mask[start:stop] = part.mask
    return Selection.by_mask(mask, sum(part.count for _, _, part in parts))


def _chosen(conjuncts: Sequence[Evaluator], frame: Frame) -> Selection:
    mask: Mask | None = None
    left = frame.n  # rows; -1: nobody has counted them, as for what costs little it makes no difference
    for number, conjunct in enumerate(conjuncts):
        if mask is None or left == frame.n:
            mask = truth(conjunct(frame))
            left = int(np.count_nonzero(mask))
            continue
        if left and light(conjunct, frame):
            mask, left = mask & truth(conjunct(frame)), -1
            continue
        left = int(np.count_nonzero(mask)) if left < 0 else left
        if not left:
            break
        if left < frame.n and not (left * 2 >= frame.n and is_safe(conjunct)):
            index = true_places(mask)
            return _chosen(conjuncts[number:], frame.take(index)).within(index, frame.n)
        mask, left = mask & truth(conjunct(frame)), -1
    return Selection(frame.n, left, mask) if left >= 0 or mask is None else Selection.by_mask(mask)


def light(run: Evaluator, frame: Frame) -> bool:
    """Whether `run` costs less for all rows of this frame than choosing some of them."""
    return _met(light_by(run), frame)


def _met(needs: Needs | None, frame: Frame) -> bool:
    if needs is None:
        return False
    for side, index, only_dictionary in needs:
        if side == ASKED:
            if ("exec", index) not in frame.params:
                return False
            continue
        column = frame.sides[side].columns[index]
        if not column.rows.is_range and not column.touched:
            return False
        source = column.source
        if isinstance(source, DictVector):
            if source.dictionary.n > frame.n:
                return False
        elif only_dictionary or not (isinstance(source, FixedVector) or (isinstance(source, NumericVector) and source.scale is not None)):
            return False
    return True


def as_harmless_as(run: Evaluator, args: Sequence[Evaluator]) -> Evaluator:
    """`run`, which does nothing that one of `args` does not do."""
    return mark_safe(run, _needs_of(args)) if all(map(is_safe, args)) else run


def _needs_of(args: Sequence[Evaluator]) -> Needs | None:
    """What evaluators need to be light, all of them; None where one never is."""
    known = [needs for arg in args if (needs := light_by(arg)) is not None]
    return frozenset().union(*known) if len(known) == len(args) else None


def junction(args: Sequence[Evaluator], stop: bool) -> Evaluator:
    """AND (`stop` False) or OR (`stop` True) of conditions."""
    needs = _needs_of(args)  # not asked for by its own name: that would be a cycle, and hold its constants until the collector comes

    def run(frame: Frame) -> Vector:
        return _wholly(frame, args, stop) if _met(needs, frame) else logical(frame, args, stop)

    return as_harmless_as(run, args)


def _wholly(frame: Frame, args: Sequence[Evaluator], stop: bool) -> Vector:
    """All operands for all rows, as long as they leave one undecided."""
    decided = np.zeros(frame.n, np.bool_)
    unknown: Mask | None = None
    for arg in args:
        vector = arg(frame).flat()
        assert isinstance(vector, FixedVector)
        found = vector.values if stop else ~vector.values
        if vector.validity is not None:
            found = found & vector.validity
            unknown = ~vector.validity if unknown is None else unknown | ~vector.validity
        decided |= found
        if decided.all():
            break
    values = decided if stop else ~decided
    if unknown is None:
        return FixedVector(values)
    known = decided | ~unknown
    return FixedVector(values & known, None if known.all() else known)


def logical(frame: Frame, args: Sequence[Evaluator], stop: bool) -> Vector:
    """AND (`stop` False) and OR (`stop` True): later operands only where earlier ones do not decide."""
    values = np.full(frame.n, not stop)
    unknown = np.zeros(frame.n, np.bool_)
    index: np.ndarray | None = None
    for arg in args:
        part = frame if index is None else frame.take(index)
        if part.n == 0:
            break
        vector = arg(part).flat()
        assert isinstance(vector, FixedVector)
        valid = vector.valid
        decided = valid & (vector.values == stop)
        here = np.arange(frame.n) if index is None else index
        values[here[decided]] = stop
        unknown[here[~valid]] = True
        index = here[~decided]
    unknown &= values != stop
    if not unknown.any():
        return FixedVector(values)
    values[unknown] = False
    return FixedVector(values, ~unknown)
