"""Operators tried on the values that statistics hold: common values, histogram bounds (selfuncs.c: mcv_selectivity, histogram_selectivity)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from auroraml.batch import Batch, from_datums
from auroraml.evaluate import Frame, Runtime, compile
from auroraml.functions.signature import SCALARS
from auroraml.ir import expr as e
from auroraml.ir.objects import Function
from auroraml.planner.estimate.context import Context, Restriction
from auroraml.planner.estimate.estimator import Variable, clamp
from auroraml.planner.estimate.order import Values
from auroraml.types.table import BY_OID

ENOUGH_BOUNDS: Final = 100
LEAST_BOUNDS: Final = 10
LEAST_MATCH: Final = 0.0001
MOST_TRIED: Final = 200  # patterns whose matches are kept with a column's statistics
MOST_MATCH: Final = 0.9999

Matcher = Callable[[Sequence[object]], list[bool]]
Test = Callable[[e.Expr, e.Expr], e.Expr]


def matcher(test: Test, function: Function, restriction: Restriction, context: Context) -> Matcher:
    """Which of some values of the variable satisfy `test` with the constant, a call of `function`."""
    runtime = context.estimator.runtime
    stored = restriction.variable.values

    def matches(values: Sequence[object]) -> list[bool]:
        if runtime is None or stored is None or function.oid not in SCALARS or not values:
            return [False] * len(values)
        other = restriction.other
        if not isinstance(other, e.Const) or not isinstance(other.value, str) or function.volatility != "i":
            return _tried(values, stored, runtime, test, restriction)
        key = (function.oid, restriction.on_left, other.type.oid, other.value, values is stored.statistics.common_values)
        found = stored.tried.get(key)
        if found is None:
            if len(stored.tried) >= MOST_TRIED:
                stored.tried.clear()
            found = stored.tried[key] = _tried(values, stored, runtime, test, restriction)
        return found

    return matches


def _tried(values: Sequence[object], stored: Values, runtime: Runtime, test: Test, restriction: Restriction) -> list[bool]:
    column = e.InputRef(type=stored.type, index=0)
    args = (column, restriction.other) if restriction.on_left else (restriction.other, column)
    run = compile(test(*args))
    element = BY_OID.get(stored.type.element) if stored.type.is_array else None
    batch = Batch.of([from_datums(stored.type, list(values), element)], len(values))
    found = run(Frame(n=len(values), sides=(batch,), ctx=runtime))
    return [bool(found.datum(row)) for row in range(len(values))]


def common_matches(variable: Variable, matches: Matcher) -> tuple[float, float]:
    """The frequencies of the common values that match, and of all of them (mcv_selectivity)."""
    matching = common = 0.0
    statistics = variable.statistics
    if statistics is not None and statistics.common_values:
        for found, frequency in zip(matches(statistics.common_values), statistics.common_frequencies, strict=True):
            if found:
                matching += frequency
            common += frequency
    return matching, common


def histogram_matches(variable: Variable, matches: Matcher) -> tuple[float, int]:
    """The share of the histogram's inner bounds that match (-1: too few bounds to tell), and how many bounds there are (histogram_selectivity)."""
    bounds = () if variable.statistics is None else variable.statistics.histogram
    if len(bounds) < LEAST_BOUNDS:
        return -1.0, len(bounds)
    return int(np.count_nonzero(matches(bounds[1:-1]))) / (len(bounds) - 2), len(bounds)


def generic(restriction: Restriction, matches: Matcher, default: float) -> float:
    """Any operator with a constant: tried on what statistics hold, `default` for the rest (generic_restriction_selectivity)."""
    variable = restriction.variable
    matching, common = common_matches(variable, matches)
    selectivity, bounds = histogram_matches(variable, matches)
    if selectivity < 0.0:
        selectivity = default
    elif bounds < ENOUGH_BOUNDS:
        weight = bounds / 100.0
        selectivity = selectivity * weight + default * (1.0 - weight)
    selectivity = min(max(selectivity, LEAST_MATCH), MOST_MATCH)
    selectivity *= 1.0 - variable.null_fraction - common
    return clamp(selectivity + matching)
