"""Conjuncts that compare a stored column with one value: by the column's zones they say of many rows at once whether they may be true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from auroraml.batch import ConstVector, FixedVector, Mask, NumericVector, Zones, stored
from auroraml.batch import zones as sizes
from auroraml.evaluate.call import kernel_of
from auroraml.evaluate.calling import ASKED, Evaluator, is_safe, light_by
from auroraml.evaluate.frame import Frame
from auroraml.functions.comparison import against
from auroraml.functions.signature import Nearest
from auroraml.ir.objects import Function

KEPT = 64  # comparisons of a column whose answers are kept
STRETCHES = 16  # of rows that are left, evaluated one after the other


@dataclass(frozen=True, kw_only=True)
class _Zoned:
    """`flipped`: the column is on the right."""

    side: int
    index: int
    flipped: bool
    other: Evaluator
    nearest: Nearest
    reads: frozenset[int]  # the exec parameters among it


def note_zoned(run: Evaluator, function: Function, column: tuple[int, int], flipped: bool, other: Evaluator) -> None:
    """`run` compares a column with what `other` gives: known from now on, where that reads no row."""
    nearest = kernel_of(function).nearest
    needs = light_by(other)
    if nearest is not None and is_safe(run) and needs is not None and all(side == ASKED for side, _, _ in needs):
        reads = frozenset(number for _, number, _ in needs)
        vars(run)["zoned"] = _Zoned(side=column[0], index=column[1], flipped=flipped, other=other, nearest=nearest, reads=reads)


@dataclass(frozen=True, kw_only=True)
class Narrowed:
    """Stretches of rows (from, to before) that all conjuncts may let through, and those that are left to be evaluated there."""

    stretches: Sequence[tuple[int, int]]
    conjuncts: Sequence[Evaluator]


def narrowed(conjuncts: Sequence[Evaluator], frame: Frame) -> Narrowed | None:
    """What zones leave of the rows and of the conjuncts; None where that is all, or in too many pieces.

    Rows before which a conjunct stands that may raise are left to it, whatever later ones say.
    """
    verdicts: list[tuple[Evaluator, Mask, Mask]] = []
    begin: int | None = None
    for place, conjunct in enumerate(conjuncts):
        if not is_safe(conjunct):
            break
        zoned: _Zoned | None = getattr(conjunct, "zoned", None)
        if zoned is None or (place and any(("exec", number) not in frame.params for number in zoned.reads)):
            continue  # earlier conjuncts may leave no row that asks for an init plan's value
        rows = frame.sides[zoned.side].columns[zoned.index].rows
        verdict = _verdict(zoned, frame) if begin is None or rows.start == begin else None
        if verdict is not None:
            begin = rows.start
            verdicts.append((conjunct, *verdict))
    if begin is None:
        return None
    possible = np.logical_and.reduce([may for _, may, _ in verdicts])
    borders = np.flatnonzero(np.diff(possible, prepend=False, append=False))
    if len(borders) > 2 * STRETCHES:
        return None
    sure = {id(conjunct) for conjunct, _, must in verdicts if must[possible].all()}
    if not sure and possible.all():
        return None
    places = np.clip((borders + begin // sizes.ZONE) * sizes.ZONE - begin, 0, frame.n).tolist()
    left = [conjunct for conjunct in conjuncts if id(conjunct) not in sure]
    return Narrowed(stretches=list(zip(places[::2], places[1::2], strict=True)), conjuncts=left)


def _verdict(zoned: _Zoned, frame: Frame) -> tuple[Mask, Mask] | None:
    """For each zone that the frame's rows touch: whether some row of it may fit, and whether all do; None where nothing is known."""
    column = frame.sides[zoned.side].columns[zoned.index]
    source, rows = column.source, column.rows
    zones = getattr(source, "zones", None)
    if not rows.is_range or zones is None or not isinstance(source, FixedVector | NumericVector):
        return None
    given = zoned.other(frame)
    if not isinstance(given, ConstVector) or (given.one.validity is not None and not given.one.validity[0]):
        return None
    asked = zoned.nearest(frame.ctx, zoned.flipped, source, given.one.flat())
    if asked is None:
        return None
    first, stop = rows.start // sizes.ZONE, (rows.start + rows.n - 1) // sizes.ZONE + 1
    may, must = (said[first:stop] for said in _answers(zones, stored(source), *asked))
    return may, must if source.validity is None else np.zeros(len(must), np.bool_)


def _answers(zones: Zones, values: np.ndarray, name: str, value: int) -> tuple[Mask, Mask]:
    """For each full zone, and for the one that is still filling up: whether some value of it may fit, and whether all do."""
    lo, hi = zones.bounds(values)
    known = zones.answers.get((name, value))
    if known is not None and len(known[0]) == len(lo) + 1:
        return known
    if name in ("eq", "ne"):
        outside = against("gt", lo, value) | against("lt", hi, value)
        same = against("eq", lo, value) & against("eq", hi, value)
        found = (~outside, same) if name == "eq" else (~same, outside)
    else:
        ends = (lo, hi) if name in ("lt", "le") else (hi, lo)
        found = against(name, ends[0], value), against(name, ends[1], value)
    whole = np.append(found[0], True), np.append(found[1], False)
    if len(zones.answers) >= KEPT:
        zones.answers.clear()
    zones.answers[name, value] = whole
    return whole
