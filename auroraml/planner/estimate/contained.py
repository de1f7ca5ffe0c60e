"""Selectivity of @>, <@ and && for arrays, from the statistics of their elements (array_selfuncs.c)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from auroraml.planner.estimate.estimator import Variable
from auroraml.planner.estimate.order import Key, order_key
from auroraml.types.pg_type import PgArray, PgType
from auroraml.types.table import BY_OID

DEFAULT_OVERLAP: Final = 0.01
DEFAULT_CONTAIN: Final = 0.005
EFFORT: Final = 100  # how much work the distribution of element counts may take, in passes over the common elements
Float = np.float32  # C computes these estimates in float4: each step is rounded
ONE: Final = Float(1.0)
HALF: Final = Float(0.5)
ZERO: Final = Float(0.0)


@dataclass(frozen=True, kw_only=True)
class Elements:
    """The most common elements by key, their frequencies, the least frequency, that of NULL elements; the histogram of counts, their average."""

    keys: tuple[Key, ...] = ()
    frequencies: tuple[Float, ...] = ()
    least: Float = ZERO
    nulls: Float = ZERO
    counts: tuple[Float, ...] = ()
    average: Float = ZERO


def elements_of(variable: Variable, element: PgType) -> Elements | None:
    """What statistics know of an array variable's elements."""
    statistics = variable.statistics
    if statistics is None or not statistics.element_values:
        return None
    values, numbers = statistics.element_values, [Float(one) for one in statistics.element_frequencies]
    if len(numbers) != len(values) + 3:
        return None
    counts = [Float(one) for one in statistics.element_counts]
    return Elements(
        keys=tuple(order_key(value, element) for value in values),
        frequencies=tuple(numbers[:-3]),
        least=numbers[-3],
        nulls=numbers[-1],
        counts=tuple(counts[:-1]),
        average=counts[-1] if counts else ZERO,
    )


def element_type(type: PgType) -> PgType | None:
    """The type of an array's elements, None for other types."""
    return BY_OID.get(type.element) if type.is_array and type.element else None


def array_selectivity(variable: Variable, array: PgArray, element: PgType, symbol: str) -> float:
    """`variable symbol array` for a constant array (calc_arraycontsel); symbol is @>, <@ or &&."""
    if symbol == "@>" and any(item is None for item in array.elements):
        found = 0.0
    else:
        items = sorted({order_key(item, element) for item in array.elements if item is not None})
        elements = elements_of(variable, element)
        found = contained(elements, items) if symbol == "<@" else contains(elements, items, overlap=symbol == "&&")
    return found * (1.0 - variable.null_fraction)


def contains(elements: Elements | None, items: Sequence[Key], *, overlap: bool = False) -> float:
    """Arrays that hold all of some different elements, or (`overlap`) any of them (mcelem_array_contain_overlap_selec)."""
    least = Float(2 * Float(DEFAULT_CONTAIN)) if elements is None else elements.least
    known = {} if elements is None else dict(zip(elements.keys, elements.frequencies, strict=True))
    unknown = min(DEFAULT_CONTAIN, float(least / Float(2)))
    selectivity = 0.0 if overlap else 1.0
    for item in items:
        one = float(known[item]) if item in known else unknown
        selectivity = selectivity + one - selectivity * one if overlap else selectivity * one
        selectivity = min(max(selectivity, 0.0), 1.0)
    return selectivity


def contained(elements: Elements | None, items: Sequence[Key]) -> float:
    """Arrays all of whose elements are among some different ones (mcelem_array_contained_selec)."""
    if elements is None or len(elements.counts) < 2:
        return DEFAULT_CONTAIN
    wanted = set(items)
    rest, absent = elements.average, ONE
    for key, frequency in zip(elements.keys, elements.frequencies, strict=True):
        rest = Float(rest - frequency)
        if key not in wanted:
            absent = Float(absent * (ONE - frequency))
    known = dict(zip(elements.keys, elements.frequencies, strict=True))
    unknown = Float(min(DEFAULT_CONTAIN, float(elements.least / Float(2))))
    chances = [known.get(item, unknown) for item in items]
    absent = Float(float(absent) * math.exp(-float(rest)))
    common = len(elements.keys)
    if common + len(chances) > 0 and len(chances) > EFFORT * common // (common + len(chances)):
        most = int((math.sqrt(common * common + 4 * EFFORT * common) - common) / 2)
        chances = sorted(chances, reverse=True)[:most]
    n = len(chances)
    mine = _distribution(chances, n, ZERO)
    all_of = _distribution(elements.frequencies, n, rest)
    parts = _counts(elements.counts, n)
    selectivity = ZERO
    for i in range(n + 1):
        if all_of[i] > 0:
            selectivity = Float(selectivity + Float(Float(Float(parts[i] * absent) * mine[i]) / all_of[i]))
    return float(Float(selectivity * Float(ONE - elements.nulls)))


def _counts(histogram: Sequence[Float], n: int) -> list[Float]:
    """The chance of each number of different elements up to n, from the histogram of such numbers (calc_hist)."""
    share = Float(ONE / Float(len(histogram) - 1))
    made: list[Float] = []
    place = 0
    before = ZERO
    for k in range(n + 1):
        count = 0
        while place < len(histogram) and histogram[place] <= k:
            count += 1
            place += 1
        if count == 0:
            made.append(Float(share / before) if before > 0 else ZERO)
            continue
        following = Float(histogram[place] - histogram[place - 1]) if place < len(histogram) else ZERO
        value = Float(count - 1)
        if following > 0:
            value = Float(value + Float(HALF / following))
        if before > 0:
            value = Float(value + Float(HALF / before))
        made.append(Float(share * value))
        before = following
    return made


def _distribution(chances: Sequence[Float], most: int, rest: Float) -> list[Float]:
    """The chance that exactly 0 to `most` of some elements occur; `rest` is how many rare ones do on average (calc_distr)."""
    row = [ONE] + [ZERO] * most
    for i, chance in enumerate(chances, 1):
        before, row = row, [ZERO] * (most + 1)
        for j in range(min(i, most) + 1):
            value = ZERO
            if j < i:
                value = Float(value + Float(before[j] * Float(ONE - chance)))
            if j > 0:
                value = Float(value + Float(before[j - 1] * chance))
            row[j] = value
    if float(rest) <= DEFAULT_CONTAIN:
        return row
    before, row = row, [ZERO] * (most + 1)
    poisson = Float(math.exp(-float(rest)))
    for i in range(most + 1):
        for j in range(most - i + 1):
            row[j + i] = Float(row[j + i] + Float(before[j] * poisson))
        poisson = Float(poisson * Float(rest / Float(i + 1)))
    return row
