"""Selectivity of <, <=, >, >= with a constant: common values, then the histogram (selfuncs.c: scalarineqsel)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from auroraml.ir import logical as l
from auroraml.planner.estimate.estimator import Estimator, Variable, clamp
from auroraml.planner.estimate.order import Key, order_key
from auroraml.planner.estimate.scalars import on_a_line
from auroraml.types.pg_type import PgType
from auroraml.types.tid import LINE_BITS

DEFAULT_INEQUALITY: Final = 0.3333333333333333


class Bound:
    """`variable op value`: `greater` for > and >=, `equal` for <= and >=; the value of `type` with its order key.

    `own_order`: an operator of another order than the statistics' (~<~ and its kin).
    """

    __slots__ = ("equal", "greater", "key", "own_order", "type", "value")

    def __init__(self, *, greater: bool, equal: bool, value: Any, type: PgType, key: Key, own_order: bool = False) -> None:
        self.greater = greater
        self.equal = equal
        self.value = value  # not object: mypyc cannot compile a field of that type
        self.type = type
        self.key = key
        self.own_order = own_order

    @staticmethod
    def of(symbol: str, value: object, type: PgType, own_order: bool = False) -> Bound:
        """The bound `variable symbol value`."""
        key = order_key(value, type)
        return Bound(greater=symbol.startswith(">"), equal=symbol.endswith("="), value=value, type=type, key=key, own_order=own_order)

    def holds(self, key: Key) -> bool:
        """Whether a value with this key satisfies it."""
        if self.greater:
            return bool(key >= self.key if self.equal else key > self.key)
        return bool(key <= self.key if self.equal else key < self.key)


def inequality(estimator: Estimator, variable: Variable, bound: Bound) -> float:
    """The fraction of rows that satisfy `bound` (scalarineqsel)."""
    values = variable.values
    if variable.statistics is None and variable.column is not None and variable.column.number == l.CTID:
        return _place(variable, bound)
    if variable.statistics is None or values is None:
        return DEFAULT_INEQUALITY
    matching, common = common_values(variable, bound.holds)
    share = histogram_share(estimator, variable, bound)
    selectivity = 1.0 - variable.null_fraction - common
    selectivity *= share if share >= 0.0 else 0.5
    return clamp(selectivity + matching)


def _place(variable: Variable, bound: Bound) -> float:
    """The share of a table's rows before or behind a page and line."""
    input, key = variable.input, bound.key
    if input is None or input.facts is None or input.facts.pages == 0 or not isinstance(key, int):
        return 1.0
    pages, block = float(input.facts.pages), float(key >> LINE_BITS)
    density = input.tuples / (pages - 0.5)  # the last page is thought to be half full
    if block >= pages - 1:
        density *= 0.5
    if density > 0.0:
        block += min((key & (1 << LINE_BITS) - 1) / density, 1.0)
    share = block / (pages - 0.5)
    if bound.equal == bound.greater and input.tuples >= 1.0:
        share -= 1.0 / input.tuples
    return clamp(1.0 - share if bound.greater else share)


def common_values(variable: Variable, holds: Callable[[Key], bool]) -> tuple[float, float]:
    """The frequencies of the common values that satisfy a test, and of all of them (mcv_selectivity)."""
    matching = total = 0.0
    values = variable.values
    if values is not None:
        for key, frequency in zip(values.common, variable.frequencies, strict=True):
            if holds(key):
                matching += frequency
            total += frequency
    return matching, total


def histogram_share(estimator: Estimator, variable: Variable, bound: Bound) -> float:
    """The share of the histogram's population that satisfies `bound`; -1 without a histogram (ineq_histogram_selectivity)."""
    values = variable.values
    if values is None or len(values.bounds) < 2:
        return -1.0
    if bound.own_order:
        return _counted(bound, values.bounds)
    bounds, data = values.bounds, values.statistics.histogram
    n = len(bounds)
    first, last = data[0], data[-1]
    first_key, last_key = bounds[0], bounds[-1]
    low, high = 0, n
    real_end = False
    if n == 2 and (ends := _real_ends(variable, bound, (0, 1))) is not None:
        real_end = True
        first, last, first_key, last_key = ends
    while low < high:
        probe = (low + high) // 2
        if probe and probe < n - 1:
            key = bounds[probe]
        else:
            if n > 2:
                ends = _real_ends(variable, bound, (probe,))
                real_end = ends is not None
                if ends is not None and not probe:
                    first, first_key = ends[0], ends[2]
                elif ends is not None:
                    last, last_key = ends[1], ends[3]
            key = last_key if probe else first_key
        if bound.holds(key) != bound.greater:
            low = probe + 1
        else:
            high = probe
    if low <= 0:
        fraction = 0.0
    elif low >= n:
        fraction = 1.0
    else:
        below, above = first if low == 1 else data[low - 1], last if low == n - 1 else data[low]
        fraction = _within(estimator, variable, bound, low, n, below, above)
    share = 1.0 - fraction if bound.greater else fraction
    if real_end:
        return clamp(share)
    margin = 0.01 / (n - 1)
    return margin if share < margin else 1.0 - margin if share > 1.0 - margin else share


def _counted(bound: Bound, bounds: Sequence[Key]) -> float:
    """The share of bounds that satisfy an operator by whose order they are not sorted."""
    found = sum(bound.holds(key) for key in bounds) / len(bounds)
    margin = 0.01 / (len(bounds) - 1)
    return margin if found < margin else 1.0 - margin if found > 1.0 - margin else found


Ends = tuple[Any, Any, Key, Key]  # the least and the greatest value, with their keys


def _real_ends(variable: Variable, bound: Bound, places: tuple[int, ...]) -> Ends | None:
    """The real ends of a column, where an index knows them, to stand at these places of its histogram (get_actual_variable_range)."""
    column = variable.column
    input = variable.input
    facts = None if input is None else input.facts
    if facts is None or input is None:
        return None
    index = input.leading_index(variable.expr) if column is None else facts.leading_index(column.number)
    ends = None if index is None else facts.extremes(index)
    values = variable.values
    if ends is None or values is None or index is None:
        return None
    if not facts.statistics.pinned:
        facts.source.probed(facts.relation, index.index, places, (id(column or input), bound.greater, bound.equal, bound.value))
    return ends[0], ends[1], order_key(ends[0], values.type), order_key(ends[1], values.type)


def _within(estimator: Estimator, variable: Variable, bound: Bound, bin: int, n: int, low: Any, high: Any) -> float:
    """The fraction of the population up to a value that falls between bounds `bin` - 1 and `bin` of `n`, which are `low` and `high`."""
    values = variable.values
    assert values is not None
    equal_share = 0.0
    if bin == 1 or bound.greater == bound.equal:
        others = estimator.distinct_count(variable)[0] - len(variable.frequencies)
        if others > 1:
            equal_share = 1.0 / others
    part = _part(bound, low, high, values.type)
    fraction = (bin - 1 + part) / (n - 1)
    if bin == 1:
        fraction += equal_share * (1.0 - part)
    if bound.greater == bound.equal:
        fraction -= equal_share
    return fraction


def _part(bound: Bound, low: object, high: object, type: PgType) -> float:
    line = on_a_line(bound.value, bound.type, low, high, type)
    if line is None:
        return 0.5
    value, start, end = line
    if end <= start:
        return 0.5
    if value <= start:
        return 0.0
    if value >= end:
        return 1.0
    part = (value - start) / (end - start)
    return part if 0.0 <= part <= 1.0 else 0.5
