"""Operators tried on the values that statistics hold: common values, histogram bounds (selfuncs.c: mcv_selectivity, histogram_selectivity)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from auroraml.batch import Batch, from_datums
from auroraml.evaluate import Frame, compile
from auroraml.functions.signature import SCALARS
from auroraml.ir import expr as e
from auroraml.ir.objects import Function
from auroraml.planner.estimate.context import Context, Restriction
from auroraml.planner.estimate.estimator import Variable, clamp
from auroraml.types.table import BY_OID

ENOUGH_BOUNDS, LEAST_BOUNDS = 100, 10
LEAST_MATCH, MOST_MATCH = 0.0001, 0.9999

Matcher = Callable[[Sequence[object]], list[bool]]


def matcher(test: Callable[[e.Expr, e.Expr], e.Expr], function: Function, restriction: Restriction, context: Context) -> Matcher:
    """Which of some values of the variable satisfy `test` with the constant, a call of `function`."""
    runtime = context.estimator.runtime
    stored = restriction.variable.values

    def matches(values: Sequence[object]) -> list[bool]:
        if runtime is None or stored is None or function.oid not in SCALARS or not values:
            return [False] * len(values)
        column = e.InputRef(type=stored.type, index=0)
        args = (column, restriction.other) if restriction.on_left else (restriction.other, column)
        run = compile(test(*args))
        element = BY_OID.get(stored.type.element) if stored.type.is_array else None
        batch = Batch.of([from_datums(stored.type, list(values), element)], len(values))
        found = run(Frame(n=len(values), sides=(batch,), ctx=runtime))
        return [bool(found.datum(row)) for row in range(len(values))]

    return matches


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
