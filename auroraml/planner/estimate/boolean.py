"""Selectivity of boolean columns, IS NULL and IS TRUE (selfuncs.c: boolvarsel, nulltestsel, booltestsel)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from auroraml.ir import expr as e
from auroraml.planner.estimate.equality import equals_key
from auroraml.planner.estimate.estimator import Estimator, Input, Variable, clamp

DEFAULT_UNKNOWN: Final = 0.005
DEFAULT_FUNCTION: Final = 0.3333333
NOTHING_KNOWN: Final = 0.5


def boolean_column(estimator: Estimator, expr: e.Expr, only: Input | None) -> float:
    """An expression that is itself the condition."""
    variable = estimator.examine(expr, only)
    if variable.statistics is not None:
        return equals_key(estimator, variable, True)
    return DEFAULT_FUNCTION if isinstance(expr, e.Call) else NOTHING_KNOWN


def is_null(variable: Variable, *, negated: bool = False) -> float:
    """IS NULL, or IS NOT NULL."""
    fraction = variable.null_fraction
    if variable.statistics is None and (variable.column is None or variable.column.number >= 0):  # system columns are never NULL
        fraction = DEFAULT_UNKNOWN
    return clamp(1.0 - fraction if negated else fraction)


def boolean_test(variable: Variable, test: str, negated: bool, otherwise: Callable[[], float]) -> float:
    """IS [NOT] TRUE, FALSE, UNKNOWN; `otherwise` estimates the tested condition where there are no statistics."""
    statistics = variable.statistics
    if statistics is None:
        if test == "unknown":
            return 1.0 - DEFAULT_UNKNOWN if negated else DEFAULT_UNKNOWN
        found = otherwise()
        return clamp(found if (test == "true") != negated else 1.0 - found)
    nulls = statistics.null_fraction
    if statistics.common_values:
        first = statistics.common_frequencies[0]
        true = first if statistics.common_values[0] else 1.0 - first - nulls
        false = 1.0 - true - nulls
        fraction = {"true": true, "false": false, "unknown": nulls}[test]
        return clamp(1.0 - fraction if negated else fraction)
    if test == "unknown":
        return clamp(1.0 - nulls if negated else nulls)
    return clamp((nulls + 1.0) / 2.0 if negated else (1.0 - nulls) / 2.0)
