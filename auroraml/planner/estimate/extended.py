"""Selectivity of several conditions on one table by its statistics objects: common combinations, then dependencies (extended_stats.c)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from auroraml.planner.estimate.conditions import Combinations, Condition, Tested, tested
from auroraml.planner.estimate.dependencies import by_dependencies
from auroraml.planner.estimate.estimator import Estimator, Input, clamp
from auroraml.planner.estimate.objects import KnownObject

C = TypeVar("C", bound=Condition)


def all_of(conditions: Sequence[C], input: Input, estimator: Estimator, together: Callable[[Sequence[C]], float]) -> tuple[float, set[int]]:
    """The conditions that statistics objects tell of, taken together, and their places; the others remain to be estimated."""
    total = 1.0
    done: set[int] = set()
    for object, places, _ in _rounds([(one,) for one in conditions], input, estimator):
        found = [conditions[place] for place in places]
        done.update(places)
        simple = together(found)
        combinations = Combinations(object, input, estimator)
        matching = base = known = 0.0
        for item, passes in zip(combinations.items, combinations.passing([one.expr for one in found]), strict=True):
            known += item.frequency
            if passes:
                base += item.base_frequency
                matching += item.frequency
        total *= _combined(simple, matching, base, known)
    total *= by_dependencies(conditions, done, input, estimator, together)
    return total, done


def any_of(arms: Sequence[Sequence[C]], input: Input, estimator: Estimator, together: Callable[[Sequence[C]], float]) -> tuple[float, set[int]]:
    """The same of an OR's arms, each of conditions joined by AND: P(A or B) = P(A) + P(B) - P(A and B), A all arms before."""
    total = 0.0
    done: set[int] = set()
    for object, places, singles in _rounds(arms, input, estimator):
        done.update(places)
        combinations = Combinations(object, input, estimator)
        before = [False] * len(combinations.items)
        simple_or = found = 0.0
        for place in places:
            simple = together(arms[place])
            simple_overlap = simple_or * simple
            simple_or = clamp(simple_or + (simple - simple_overlap))
            matching = base = known = overlap = base_overlap = 0.0
            passing = combinations.passing([one.expr for one in arms[place]])
            for i, item in enumerate(combinations.items):
                known += item.frequency
                if passing[i]:
                    matching += item.frequency
                    base += item.base_frequency
                    if before[i]:
                        overlap += item.frequency
                        base_overlap += item.base_frequency
                    before[i] = True
            alone = simple if place in singles else _combined(simple, matching, base, known)
            found = clamp(found + (alone - _combined(simple_overlap, overlap, base_overlap, known)))
        total = total + found - total * found
    return total, done


def _combined(simple: float, matching: float, base: float, known: float) -> float:
    """What common combinations say, and the simple estimate for all others (mcv_combine_selectivities)."""
    other = min(clamp(simple - base), 1.0 - known)
    return clamp(matching + other)


def _rounds(lists: Sequence[Sequence[Condition]], input: Input, estimator: Estimator) -> list[tuple[KnownObject, list[int], set[int]]]:
    """The objects to use, best first, each with the places of what it covers and those of them that are about one column or expression."""
    objects = [object for object in input.objects if object.found.common is not None]
    if not objects:
        return []
    left = {place: found for place, one in enumerate(lists) if (found := tested(one, input, estimator)) is not None}
    rounds: list[tuple[KnownObject, list[int], set[int]]] = []
    while True:
        best = _best(objects, list(left.values()))
        if best is None:
            return rounds
        places = [place for place, one in left.items() if one.covered(best) is not None]
        rounds.append((best, places, {place for place in places if left[place].single}))
        for place in places:
            del left[place]


def _best(objects: Sequence[KnownObject], lists: Sequence[Tested]) -> KnownObject | None:
    """The object that covers most columns and expressions of what is left, of equal ones the narrower (choose_best_statistics)."""
    best: KnownObject | None = None
    most = 2
    for object in objects:
        attributes: set[int] = set()
        exprs: set[int] = set()
        for one in lists:
            places = one.covered(object)
            if places is not None:
                attributes |= one.attributes
                exprs |= places
        count = len(attributes) + len(exprs)
        if count > most or (count == most and (best is None or object.width < best.width)):
            best, most = object, count
    return best
