"""Selectivity of = and <> with a constant or an unknown value (selfuncs.c: eqsel, neqsel)."""

from __future__ import annotations

from typing import Final

from auroraml.planner.estimate.estimator import Estimator, Variable, clamp
from auroraml.planner.estimate.order import Key

DEFAULT_EQUAL: Final = 0.005


def equals_key(estimator: Estimator, variable: Variable, key: Key, *, negate: bool = False) -> float:
    """`variable = constant`, the constant by its order key (var_eq_const); NULL constants never get here."""
    if variable.unique and variable.tuples >= 1.0:
        selectivity = 1.0 / variable.tuples
    elif variable.statistics is not None:
        selectivity = _by_statistics(estimator, variable, key)
    else:
        selectivity = 1.0 / estimator.distinct_count(variable)[0]
    return _finished(selectivity, variable, negate)


def _by_statistics(estimator: Estimator, variable: Variable, key: Key) -> float:
    frequencies = variable.frequencies
    values = variable.values
    place = None if values is None else values.places.get(key)
    if place is not None:
        return frequencies[place]
    common = 0.0
    for frequency in frequencies:
        common += frequency
    selectivity = clamp(1.0 - common - variable.null_fraction)
    others = estimator.distinct_count(variable)[0] - len(frequencies)
    if others > 1:
        selectivity /= others
    if frequencies and selectivity > frequencies[-1]:
        selectivity = frequencies[-1]
    return selectivity


def equals_unknown(estimator: Estimator, variable: Variable, *, negate: bool = False) -> float:
    """`variable = something not known yet` (var_eq_non_const)."""
    if variable.unique and variable.tuples >= 1.0:
        selectivity = 1.0 / variable.tuples
    elif variable.statistics is not None:
        selectivity = 1.0 - variable.null_fraction
        distinct = estimator.distinct_count(variable)[0]
        if distinct > 1:
            selectivity /= distinct
        if variable.frequencies and selectivity > variable.frequencies[0]:
            selectivity = variable.frequencies[0]
    else:
        selectivity = 1.0 / estimator.distinct_count(variable)[0]
    return _finished(selectivity, variable, negate)


def _finished(selectivity: float, variable: Variable, negate: bool) -> float:
    return clamp(1.0 - selectivity - variable.null_fraction if negate else selectivity)
