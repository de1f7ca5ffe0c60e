"""Selectivity of equality between columns of two inputs: inner, outer, semi and anti joins (selfuncs.c: eqjoinsel)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from auroraml.planner.estimate.estimator import Estimator, Input, Variable, clamp

NOBODY: Final[frozenset[Input]] = frozenset()


class JoinSides:
    """The join a clause belongs to. `kind`: inner, left, right, full, semi, anti; the inputs under each side; the rows of the inner side.

    `asked` is the kind of join that the caller has in mind: any join whose inner side is unique is asked about as if it were a semi join.
    """

    __slots__ = ("asked", "inner_rows", "kind", "left", "right")

    def __init__(
        self, *, kind: str = "inner", asked: str = "inner", left: frozenset[Input] = NOBODY, right: frozenset[Input] = NOBODY, inner_rows: float = 0.0
    ) -> None:  # fmt: skip
        self.kind = kind
        self.asked = asked
        self.left = left
        self.right = right
        self.inner_rows = inner_rows

    @property
    def one_sided(self) -> bool:
        """Whether each outer row counts at most once."""
        return self.kind in ("semi", "anti")

    def reversed(self, first: Variable, second: Variable) -> bool:
        """Whether the first variable belongs to the right side, or the second to the left."""
        if first.inputs and self.right.issuperset(first.inputs):
            return True
        return bool(second.inputs) and self.left.issuperset(second.inputs)


class Side:
    """One variable of an equality: distinct values, whether they are a default, NULLs."""

    __slots__ = ("default", "distinct", "variable")

    def __init__(self, *, variable: Variable, distinct: float, default: bool) -> None:
        self.variable = variable
        self.distinct = distinct
        self.default = default

    @property
    def nulls(self) -> float:
        """The fraction of NULLs."""
        return self.variable.null_fraction


@dataclass(frozen=True, kw_only=True)
class Matches:
    """Common values of two variables that are equal: by position, with the sum of the products of their frequencies."""

    first: frozenset[int]
    second: frozenset[int]
    product: float


def equal_join(estimator: Estimator, first: Variable, second: Variable, sides: JoinSides) -> float:
    """The selectivity of `first = second` as a join clause."""
    one, two = _side(estimator, first), _side(estimator, second)
    inner = _inner(one, two)
    if not sides.one_sided:
        return clamp(inner)
    found = _semi(two, one, sides.inner_rows) if sides.reversed(first, second) else _semi(one, two, sides.inner_rows)
    return clamp(min(found, sides.inner_rows * inner))


def _side(estimator: Estimator, variable: Variable) -> Side:
    distinct, default = estimator.distinct_count(variable)
    return Side(variable=variable, distinct=distinct, default=default)


def _both_common(one: Side, two: Side) -> bool:
    return bool(one.variable.frequencies) and bool(two.variable.frequencies)


def _matches(one: Side, two: Side, limit: int) -> Matches:
    """Each common value of the first with the equal one among the first `limit` of the second; products are float4, as in C."""
    values, others = one.variable.values, two.variable.values
    assert values is not None and others is not None
    pairs = [(i, place) for i, key in enumerate(values.common) if (place := others.places.get(key)) is not None and place < limit]
    product = 0.0
    for i, j in pairs:
        product += float(np.float32(one.variable.frequencies[i]) * np.float32(two.variable.frequencies[j]))
    return Matches(first=frozenset(i for i, _ in pairs), second=frozenset(j for _, j in pairs), product=clamp(product))


def _split(side: Side, matched: frozenset[int]) -> tuple[float, float]:
    """The frequencies of the matched and of the unmatched common values."""
    yes = no = 0.0
    for i, frequency in enumerate(side.variable.frequencies):
        if i in matched:
            yes += frequency
        else:
            no += frequency
    return clamp(yes), clamp(no)


def _inner(one: Side, two: Side) -> float:
    if not _both_common(one, two):
        selectivity = (1.0 - one.nulls) * (1.0 - two.nulls)
        return selectivity / (one.distinct if one.distinct > two.distinct else two.distinct)
    matches = _matches(one, two, len(two.variable.frequencies))
    matched1, unmatched1 = _split(one, matches.first)
    matched2, unmatched2 = _split(two, matches.second)
    other1 = clamp(1.0 - one.nulls - matched1 - unmatched1)
    other2 = clamp(1.0 - two.nulls - matched2 - unmatched2)
    count = len(matches.first)
    total1, total2 = matches.product, matches.product
    common1, common2 = len(one.variable.frequencies), len(two.variable.frequencies)
    if two.distinct > common2:
        total1 += unmatched1 * other2 / (two.distinct - common2)
    if two.distinct > count:
        total1 += other1 * (other2 + unmatched2) / (two.distinct - count)
    if one.distinct > common1:
        total2 += unmatched2 * other1 / (one.distinct - common1)
    if one.distinct > count:
        total2 += other2 * (other1 + unmatched1) / (one.distinct - count)
    return total1 if total1 < total2 else total2


def _semi(one: Side, two: Side, inner_rows: float) -> float:
    """The fraction of the first side's rows with a partner (eqjoinsel_semi)."""
    distinct2, default2 = two.distinct, two.default
    input = two.variable.input
    if input is not None and distinct2 >= input.rows:
        distinct2, default2 = input.rows, False
    if distinct2 >= inner_rows:
        distinct2, default2 = inner_rows, False
    default = one.default or default2
    if not _both_common(one, two):
        if default:
            return 0.5 * (1.0 - one.nulls)
        if one.distinct <= distinct2 or distinct2 < 0:
            return 1.0 - one.nulls
        return (distinct2 / one.distinct) * (1.0 - one.nulls)
    matches = _matches(one, two, int(min(len(two.variable.frequencies), distinct2)))
    matched = _split(one, matches.first)[0]
    count = len(matches.first)
    uncertain_share = 0.5
    if not default:
        distinct1, distinct2 = one.distinct - count, distinct2 - count
        uncertain_share = 1.0 if distinct1 <= distinct2 or distinct2 < 0 else distinct2 / distinct1
    uncertain = clamp(1.0 - matched - one.nulls)
    return matched + uncertain_share * uncertain
