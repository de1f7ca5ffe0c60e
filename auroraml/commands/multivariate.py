"""What columns have to do with one another: ndistinct, dependencies and common combinations, as ANALYZE computes them from a sample (statistics/)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from auroraml.batch.quicksort import quick_sorted
from auroraml.catalog.statistics import CommonCombination, Dependency, DistinctCount
from auroraml.records import dataclass

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """A column or expression in the sample: its attribute number, dense codes in the order of the values (NULL last), and which values are over 1 kB."""

    attribute: int
    codes: Codes
    wide: npt.NDArray[np.bool_] | None
    value: Callable[[int], object]  # of a row of the sample


def distinct_counts(dimensions: Sequence[Dimension], total: float) -> tuple[DistinctCount, ...]:
    """pg_ndistinct: the estimated number of groups of each combination of two or more dimensions (mvdistinct.c)."""
    found = []
    for size in range(2, len(dimensions) + 1):
        for chosen in combinations(dimensions, size):
            counts = _sizes(_combined([d.codes for d in chosen]))
            count = _estimated(total, len(chosen[0].codes), len(counts), int((counts == 1).sum()))
            found.append(DistinctCount(attributes=tuple(d.attribute for d in chosen), count=count))
    return tuple(found)


def _estimated(total: float, rows: int, groups: int, once: int) -> float:
    """The Haas-Stokes estimate (estimate_ndistinct)."""
    estimate = (float(rows) * groups) / ((rows - once) + once * float(rows) / total)
    return math.floor(min(max(estimate, float(groups)), total) + 0.5)


def dependencies(dimensions: Sequence[Dimension]) -> tuple[Dependency, ...] | None:
    """pg_dependencies: how far some dimensions determine another one; None where nothing does (dependencies.c)."""
    found = []
    for of, implied in _candidates(dimensions):
        degree = _degree(of, implied)
        if degree > 0.0:
            found.append(Dependency(of=tuple(d.attribute for d in of), implies=implied.attribute, degree=degree))
    return tuple(found) or None


def _candidates(dimensions: Sequence[Dimension]) -> Iterator[tuple[tuple[Dimension, ...], Dimension]]:
    for size in range(1, len(dimensions)):
        for of in combinations(dimensions, size):
            for implied in dimensions:
                if implied not in of:
                    yield of, implied


def _degree(of: Sequence[Dimension], implied: Dimension) -> float:
    """The share of the rows in whose group (by `of`) all values of `implied` are the same."""
    rows = _narrow((*of, implied))
    groups = _combined([d.codes[rows] for d in of])
    if not len(groups):
        return 0.0
    values = implied.codes[rows]
    order = np.lexsort((values, groups))
    starts = np.flatnonzero(np.concatenate([[True], groups[order][1:] != groups[order][:-1]]))
    ends = np.concatenate([starts[1:], [len(order)]])
    agreed = values[order[starts]] == values[order[ends - 1]]
    return float((ends - starts)[agreed].sum()) / len(implied.codes)


def common_combinations(dimensions: Sequence[Dimension], total: float, target: int) -> tuple[CommonCombination, ...] | None:
    """pg_mcv_list: the most common combinations, with what their frequency were if the dimensions were independent (mcv.c)."""
    rows = _narrow(dimensions)
    if not len(rows):
        return None
    n = len(dimensions[0].codes)
    codes = _combined([d.codes[rows] for d in dimensions])
    _, first, counts = np.unique(codes, return_index=True, return_counts=True)
    kept = quick_sorted([-int(count) for count in counts])[:target]
    least = _least_count(n, total)
    while kept and counts[kept[-1]] < least:
        kept.pop()
    if not kept:
        return None
    shares = [np.bincount(d.codes[rows]) for d in dimensions]
    found = []
    for group in kept:  # at most the statistics target
        row = int(rows[first[group]])
        base = 1.0
        for dimension, share in zip(dimensions, shares, strict=True):
            base *= float(share[dimension.codes[row]]) / n
        values = tuple(d.value(row) for d in dimensions)
        found.append(CommonCombination(values=values, frequency=float(counts[group]) / n, base_frequency=base))
    return tuple(found)


def _least_count(rows: int, total: float) -> float:
    """Combinations seen less often are not worth keeping (get_mincount_for_mcv_list)."""
    rest = total - rows
    denominator = rest + 0.04 * rows * (total - 1)
    return 0.0 if denominator == 0.0 else rows * rest / denominator


def _narrow(dimensions: Sequence[Dimension]) -> Codes:
    """The rows of the sample without values over 1 kB."""
    keep = np.ones(len(dimensions[0].codes), np.bool_)
    for dimension in dimensions:
        if dimension.wide is not None:
            keep &= ~dimension.wide
    return np.flatnonzero(keep)


def _combined(parts: Sequence[Codes]) -> Codes:
    """Dense codes of the combinations of some codes, in the order of their values from left to right."""
    found = parts[0]
    for part in parts[1:]:
        width = int(part.max(initial=0)) + 1
        found = np.unique(found * width + part, return_inverse=True)[1]
    return found


def _sizes(codes: Codes) -> Codes:
    """How many rows each group has."""
    return np.unique(codes, return_counts=True)[1]
