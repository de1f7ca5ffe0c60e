"""Selectivity of operators on ranges, from histograms of their bounds and of their lengths (rangetypes_selfuncs.c)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from auroraml.ir import expr as e
from auroraml.planner.estimate.context import Restriction
from auroraml.planner.estimate.estimator import Variable, clamp
from auroraml.planner.estimate.inequality import DEFAULT_INEQUALITY
from auroraml.planner.estimate.order import Key, order_key
from auroraml.types.pg_type import PgType, Range, Rep
from auroraml.types.ranges import difference
from auroraml.types.table import BY_OID

DEFAULT_SELECTIVITY: Final = 0.01
DEFAULT_WITHIN: Final = 0.005
FLIPPED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "@>": "<@", "<@": "@>", "&&": "&&", "<<": ">>", ">>": "<<"}
DEFAULTS: Final = {"@>": DEFAULT_WITHIN, "<@": DEFAULT_WITHIN, **dict.fromkeys(("<", "<=", ">", ">=", "<<", ">>", "&<", "&>"), DEFAULT_INEQUALITY)}
OF_EMPTY: Final = {
    "<=": "empty",
    "<@": "empty",
    "@>": "all",
    ">=": "all",
    ">": "filled",
}  # what an empty range is matched by; nothing by other operators


@dataclass(frozen=True, kw_only=True)
class End:
    """A bound: `key` orders it among bounds, `value` (a Datum) is None where it is infinite."""

    key: tuple[int, Key, int]
    value: Key
    lower: bool

    @property
    def infinite(self) -> bool:
        """Whether there is no value."""
        return self.value is None


def end(value: object, inside: bool, lower: bool, subtype: PgType) -> End:
    """A lower or upper bound, as range_cmp_bounds orders it."""
    if value is None:
        return End(key=(-1 if lower else 1, 0, 0), value=None, lower=lower)
    shift = 0 if inside else 1 if lower else -1
    return End(key=(0, order_key(value, subtype), shift), value=value, lower=lower)


def range_selectivity(symbol: str, found: Restriction | None) -> float:
    """The fraction of rows that pass `variable symbol constant` (rangesel)."""
    default = DEFAULTS.get(symbol, DEFAULT_SELECTIVITY)
    if found is None or not isinstance(found.other, e.Const):
        return default
    if found.other.value is None:
        return 0.0
    if not found.on_left:
        if symbol not in FLIPPED:
            return DEFAULT_SELECTIVITY
        symbol = FLIPPED[symbol]
    type, other = found.variable.type, found.other
    constant: Range | None = None
    element = False
    if type.rep is Rep.RANGE and isinstance(other.value, Range) and other.type.oid == type.oid:
        constant = other.value
    elif type.rep is Rep.RANGE and symbol == "@>" and other.type.oid == type.subtype:
        constant, element = Range(other.value, other.value, True, True), True
    if constant is None:
        return DEFAULTS.get(symbol, DEFAULT_SELECTIVITY)
    return clamp(_selectivity(found.variable, constant, symbol, element))


def _selectivity(variable: Variable, constant: Range, symbol: str, element: bool) -> float:
    """What the histograms say of ranges that are not empty, put together with those that are, and with NULLs (calc_rangesel)."""
    statistics = variable.statistics
    empty = 0.0 if statistics is None or statistics.empty_fraction is None else statistics.empty_fraction
    if constant.empty:
        kind = OF_EMPTY.get(symbol)
        fraction = 0.0 if kind is None else 1.0 if kind == "all" else empty if kind == "empty" else 1.0 - empty
    else:
        by_histogram = _by_histogram(variable, constant, symbol, element)
        if by_histogram < 0.0:
            by_histogram = DEFAULTS.get(symbol, DEFAULT_SELECTIVITY)
        fraction = (1.0 - empty) * by_histogram + (empty if symbol == "<@" else 0.0)
    return fraction * (1.0 - variable.null_fraction)


def _by_histogram(variable: Variable, constant: Range, symbol: str, element: bool) -> float:
    """The fraction of the ranges that are not empty; negative where no statistics tell (calc_hist_selectivity)."""
    statistics = variable.statistics
    if statistics is None or len(statistics.range_bounds) < 2:
        return -1.0
    subtype = BY_OID[variable.type.subtype]
    contained = symbol in ("@>", "<@") and not element
    if contained and len(statistics.range_lengths) < 2:
        return -1.0
    bounds = Histogram(subtype, statistics.range_bounds)
    lower, upper = end(constant.lower, constant.lower_inc, True, subtype), end(constant.upper, constant.upper_inc, False, subtype)
    if symbol in ("<", "<="):
        return bounds.before(lower, bounds.lower, symbol == "<=")
    if symbol in (">", ">="):
        return 1.0 - bounds.before(lower, bounds.lower, symbol == ">=")
    if symbol == "<<":
        return bounds.before(lower, bounds.upper, False)
    if symbol == ">>":
        return 1.0 - bounds.before(upper, bounds.lower, True)
    if symbol == "&>":
        return 1.0 - bounds.before(lower, bounds.lower, False)
    if symbol == "&<":
        return bounds.before(upper, bounds.upper, True)
    if symbol == "&&" or element:
        outside = bounds.before(lower, bounds.upper, False)
        outside += 1.0 - bounds.before(upper, bounds.lower, True)
        return 1.0 - outside
    if symbol == "@>":
        return bounds.containing(lower, upper, statistics.range_lengths)
    if lower.infinite:
        return bounds.before(upper, bounds.upper, True)
    if upper.infinite:
        return 1.0 - bounds.before(lower, bounds.lower, False)
    turned = end(constant.upper, not constant.upper_inc, True, subtype)
    return bounds.contained(lower, turned, statistics.range_lengths)


class Histogram:
    """The lower and the upper bounds of a histogram of ranges."""

    __slots__ = ("lower", "subtype", "upper")

    def __init__(self, subtype: PgType, ranges: Sequence[Range]) -> None:
        self.subtype = subtype
        self.lower = [end(one.lower, one.lower_inc, True, subtype) for one in ranges]
        self.upper = [end(one.upper, one.upper_inc, False, subtype) for one in ranges]

    def before(self, bound: End, ends: Sequence[End], equal: bool) -> float:
        """The fraction of `ends` below a bound, or at it where `equal` (calc_hist_selectivity_scalar)."""
        place, bins = _bin(bound, ends, equal), len(ends) - 1
        found = max(place, 0) / bins
        if 0 <= place < bins:
            found += self.position(bound, ends[place], ends[place + 1]) / bins
        return found

    def position(self, bound: End, low: End, high: End) -> float:
        """Where a bound lies between two others, from 0 to 1 (get_position)."""
        if low.infinite and high.infinite:
            return 0.5
        if low.infinite:
            return 0.0 if bound.infinite and bound.lower else 1.0
        if high.infinite:
            return 1.0 if bound.infinite and not bound.lower else 0.0
        if bound.infinite:
            return 0.5
        width = difference(self.subtype, high.value, low.value)
        if math.isnan(width) or width <= 0.0:
            return 0.5
        found = difference(self.subtype, bound.value, low.value) / width
        return 0.5 if math.isnan(found) else min(max(found, 0.0), 1.0)

    def distance(self, low: End, high: End) -> float:
        """How far two bounds are apart (get_distance)."""
        if not low.infinite and not high.infinite:
            found = difference(self.subtype, high.value, low.value)
            return 1.0 if math.isnan(found) or found < 0.0 else found
        return 0.0 if low.infinite and high.infinite and low.lower == high.lower else math.inf

    def contained(self, lower: End, upper: End, lengths: Sequence[float]) -> float:
        """The fraction of ranges within two finite bounds, `upper` seen as a lower bound (calc_hist_selectivity_contained)."""
        bins = len(self.lower) - 1
        last = _bin(upper, self.lower, False)
        if last < 0:
            return 0.0
        last = min(last, bins - 1)
        width = self.position(upper, self.lower[last], self.lower[last + 1])
        before, total = 0.0, 0.0
        for place in range(last, -1, -1):
            final = self.lower[place].key < lower.key
            if final:
                reach = self.distance(lower, upper)
                width = max(width - self.position(lower, self.lower[place], self.lower[place + 1]), 0.0)
            else:
                reach = self.distance(self.lower[place], upper)
            total += _share(lengths, before, reach, True) * width / bins
            if final:
                break
            width, before = 1.0, reach
        return total

    def containing(self, lower: End, upper: End, lengths: Sequence[float]) -> float:
        """The fraction of ranges that contain two bounds (calc_hist_selectivity_contains)."""
        bins = len(self.lower) - 1
        first = _bin(lower, self.lower, True)
        if first < 0:
            return 0.0
        first = min(first, bins - 1)
        width = self.position(lower, self.lower[first], self.lower[first + 1])
        before, total = self.distance(lower, upper), 0.0
        for place in range(first, -1, -1):
            reach = self.distance(self.lower[place], upper)
            total += (1.0 - _share(lengths, before, reach, False)) * width / bins
            width, before = 1.0, reach
        return total


def _bin(bound: End, ends: Sequence[End], equal: bool) -> int:
    """The last of sorted bounds that is below a bound, or not above it where `equal`; -1 for none (rbound_bsearch)."""
    low, high = -1, len(ends) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if ends[middle].key < bound.key or (equal and ends[middle].key == bound.key):
            low = middle
        else:
            high = middle - 1
    return low


def _length_bin(lengths: Sequence[float], value: float, equal: bool) -> int:
    low, high = -1, len(lengths) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if lengths[middle] < value or (equal and lengths[middle] <= value):
            low = middle
        else:
            high = middle - 1
    return low


def _length_position(value: float, low: float, high: float) -> float:
    """Where a length lies between two others (get_len_position)."""
    if not math.isinf(low) and not math.isinf(high):
        return 0.5 if math.isinf(value) else 1.0 - (high - value) / (high - low)
    if math.isinf(low) and not math.isinf(high):
        return 1.0
    return 0.0 if math.isinf(low) and math.isinf(high) else 0.5


def _share(lengths: Sequence[float], least: float, most: float, equal: bool) -> float:
    """The average fraction of lengths below x, or at it where `equal`, for x from `least` to `most` (calc_length_hist_frac)."""
    bins = len(lengths) - 1
    if most < 0.0:
        return 0.0
    if math.isinf(most) and equal:
        return 1.0
    place = _length_bin(lengths, least, equal)
    if place >= bins:
        return 1.0
    position = 0.0
    if place < 0:
        place = 0
    else:
        position = _length_position(least, lengths[place], lengths[place + 1])
    fraction, reached = (place + position) / bins, least
    if most == least:
        return fraction
    area = 0.0
    while place < bins:
        top = lengths[place + 1]
        if not (top < most or (equal and top <= most)):
            break
        before, start = fraction, reached
        reached, fraction = top, place / bins
        if before > 0 or fraction > 0:
            area += 0.5 * (fraction + before) * (reached - start)
        place += 1
    before, start = fraction, reached
    position = 0.0
    if place < bins and lengths[place] != lengths[place + 1]:
        position = _length_position(most, lengths[place], lengths[place + 1])
    fraction = (place + position) / bins
    if before > 0 or fraction > 0:
        area += 0.5 * (fraction + before) * (most - start)
    return 0.5 if math.isinf(area) and math.isinf(most) else area / (most - least)
