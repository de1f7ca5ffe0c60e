"""A column's statistics as ANALYZE computes them (compute_scalar_stats, analyze_mcv_list) from sampled values."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from auroraml.records import dataclass

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What ANALYZE finds of a column; `common` and `bounds` are row numbers in the sample whose values stand for them."""

    null_fraction: float = 0.0
    width: int = 0
    distinct: float = 0.0
    common: tuple[int, ...] = ()
    frequencies: tuple[float, ...] = ()
    bounds: tuple[int, ...] = ()
    correlation: float | None = None


def measure(order: Counts, ranks: Counts, n: int, width: int, total: float, target: int, too_wide: int = 0) -> Measured:
    """Statistics of `n` sampled rows of `total`.

    `order` are the sample's rows sorted by (value, position) without NULLs and without `too_wide` further values over 1 kB;
    `ranks` the rank of the value of each of them, equal for equal values and ascending; `width` is the average stored size.
    """
    known = len(order)
    null_fraction = float(np.float32((n - known - too_wide) / n)) if n else 0.0
    if known == 0:
        return Measured(null_fraction=null_fraction, width=width, distinct=float(np.float32(-(1.0 - null_fraction))) if too_wide else 0.0)
    starts = np.flatnonzero(np.concatenate([[True], ranks[1:] != ranks[:-1]]))
    counts = np.diff(np.concatenate([starts, [known]]))
    multiple = int((counts > 1).sum())
    distinct = float(np.float32(_distinct(len(counts), multiple, known, null_fraction, total, too_wide)))
    if distinct > 0.1 * total:
        distinct = float(np.float32(-(distinct / total)))
    common = _common(counts, distinct, null_fraction, n, total, target, multiple, too_wide)
    frequencies = tuple(float(np.float32(counts[c] / n)) for c in common)
    bounds = _bounds(order, counts, common, target)
    return Measured(
        null_fraction=null_fraction,
        width=width,
        distinct=distinct,
        common=tuple(int(order[starts[c]]) for c in common),
        frequencies=frequencies,
        bounds=bounds,
        correlation=_correlation(order),
    )


def measure_distinct(codes: Counts, n: int, width: int, total: float, target: int, too_wide: int = 0) -> Measured:
    """Statistics of values without an order (compute_distinct_stats): `codes` are equal where the known values are, in the order of the rows."""
    known = len(codes)
    null_fraction = float(np.float32((n - known - too_wide) / n)) if n else 0.0
    if not known:
        return Measured(null_fraction=null_fraction, width=width, distinct=float(np.float32(-(1.0 - null_fraction))) if too_wide else 0.0)
    most = max(2 * target, 10)
    tracked, counts, first = _tracked(codes, most)
    multiple = next((place for place, count in enumerate(counts) if count == 1), len(counts))
    sampled = known + too_wide
    if multiple == 0:
        distinct = -1.0 * (1.0 - null_fraction)
    elif len(counts) < most and not too_wide and multiple == len(counts):
        distinct = float(len(counts))
    else:
        once = sampled - sum(counts[:multiple])
        seen, every = once + multiple, total * (1.0 - null_fraction)
        estimate = float(sampled) * seen / ((sampled - once) + once * float(sampled) / every) if every > 0 else 0.0
        distinct = math.floor(min(max(estimate, seen), every) + 0.5)
    distinct = float(np.float32(distinct))
    if distinct > 0.1 * total:
        distinct = float(np.float32(-(distinct / total)))
    kept = min(target, len(counts))
    if not (len(counts) < most and not too_wide and distinct > 0 and len(counts) <= target) and kept:
        kept = _worth_keeping(counts[:kept], distinct, null_fraction, n, total)
    return Measured(
        null_fraction=null_fraction, width=width, distinct=distinct, common=tuple(first[code] for code in tracked[:kept]),
        frequencies=tuple(float(np.float32(count / n)) for count in counts[:kept]),
    )  # fmt: skip


def _tracked(codes: Counts, most: int) -> tuple[list[int], list[int], dict[int, int]]:
    """Values with their counts in descending order, at most `most`: one seen once gives way to newer ones; and the row each was last entered by.

    A loop over rows: which values survive depends on the order they come in. Types without an order are rare.
    """
    tracked: list[int] = []
    counts: list[int] = []
    first: dict[int, int] = {}
    for row, code in enumerate(codes.tolist()):
        if code in first:
            place = tracked.index(code)
            counts[place] += 1
            while place > 0 and counts[place] > counts[place - 1]:
                tracked[place - 1 : place + 1] = [tracked[place], tracked[place - 1]]
                counts[place - 1 : place + 1] = [counts[place], counts[place - 1]]
                place -= 1
            continue
        head = next((place for place, count in enumerate(counts) if count == 1), len(counts))
        if len(tracked) == most:
            if head == most:
                continue
            del first[tracked.pop()]
            counts.pop()
        tracked.insert(head, code)
        counts.insert(head, 1)
        first[code] = row
    return tracked, counts, first


def _distinct(values: int, multiple: int, known: int, null_fraction: float, total: float, too_wide: int) -> float:
    """The Haas-Stokes estimate, unless the sample says that values are unique or that all of them were seen."""
    if multiple == 0:
        return -1.0 * (1.0 - null_fraction)
    if multiple == values and not too_wide:
        return float(values)
    once = values - multiple + too_wide
    seen = once + multiple
    sampled = known + too_wide
    all_known = total * (1.0 - null_fraction)
    estimate = sampled * seen / ((sampled - once) + once * sampled / all_known) if all_known > 0 else 0.0
    return math.floor(min(max(estimate, seen), all_known) + 0.5)


def _common(counts: Counts, distinct: float, null_fraction: float, n: int, total: float, target: int, multiple: int, too_wide: int) -> list[int]:
    often = np.flatnonzero(counts > 1)
    ranked = often[np.argsort(-counts[often], kind="stable")][:target]
    kept = len(ranked)
    if not (multiple == len(counts) and not too_wide and distinct > 0 and multiple <= target) and kept:
        kept = _worth_keeping([int(c) for c in counts[ranked]], distinct, null_fraction, n, total)
    return [int(c) for c in ranked[:kept]]


def _worth_keeping(counts: list[int], distinct: float, null_fraction: float, n: int, total: float) -> int:
    kept = len(counts)
    if n == total or total <= 1.0:
        return kept
    all_distinct = -distinct * total if distinct < 0 else distinct
    others = float(sum(counts[:-1]))
    while kept > 0:
        selectivity = min(max(1.0 - others / n - null_fraction, 0.0), 1.0)
        rest = all_distinct - (kept - 1)
        if rest > 1:
            selectivity /= rest
        share = total * counts[kept - 1] / n
        variance = n * share * (total - share) * (total - n) / (total * total * (total - 1))
        if counts[kept - 1] > selectivity * n + 2 * math.sqrt(variance) + 0.5:
            break
        kept -= 1
        if kept:
            others -= counts[kept - 1]
    return kept


def _bounds(order: Counts, counts: Counts, common: list[int], target: int) -> tuple[int, ...]:
    hist = min(len(counts) - len(common), target + 1)
    if hist < 2:
        return ()
    keep = np.ones(len(counts), np.bool_)
    keep[common] = False
    left = order[np.repeat(keep, counts)]
    delta, fraction = divmod(len(left) - 1, hist - 1)
    steps = np.arange(hist, dtype=np.int64)
    positions = steps * delta + steps * fraction // (hist - 1)
    return tuple(int(row) for row in left[positions])


def _correlation(order: Counts) -> float | None:
    n = len(order)
    if n < 2:
        return None
    positions = np.empty(n, np.int64)
    positions[np.argsort(order, kind="stable")] = np.arange(n)  # position among the non-NULL rows
    products = float(np.dot(np.arange(n, dtype=np.float64), positions.astype(np.float64)))
    total = (n - 1) * n / 2.0
    squares = (n - 1) * n * (2 * n - 1) / 6.0
    return float(np.float32((n * products - total * total) / (n * squares - total * total)))
