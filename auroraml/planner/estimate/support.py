"""Selectivity of boolean functions: as their operators' where a support function says so, else a third (clausesel.c: function_selectivity)."""

from __future__ import annotations

from typing import Final

from auroraml.ir import expr as e
from auroraml.planner.estimate.boolean import DEFAULT_FUNCTION
from auroraml.planner.estimate.context import Context
from auroraml.planner.estimate.matching import matcher
from auroraml.planner.estimate.patterns import DEFAULT_MATCH, Kind, pattern_selectivity
from auroraml.records import replace

PATTERNS: Final = {  # like_support.c's support functions by OID
    1023: Kind(like=True), 1025: Kind(like=True, any_case=True), 1364: Kind(regex=True), 1024: Kind(regex=True, any_case=True), 6242: Kind(),
}  # fmt: skip


def function_selectivity(expr: e.Call, context: Context) -> float:
    """The fraction of rows for which a function that is the whole condition answers true."""
    kind = PATTERNS.get(expr.function.support)
    if kind is None or len(expr.args) != 2:
        return DEFAULT_FUNCTION
    if context.joins(expr):
        return DEFAULT_MATCH
    found = context.restriction(*expr.args)
    if found is None:
        return DEFAULT_MATCH
    tried = matcher(lambda left, right: replace(expr, args=(left, right)), expr.function, found, context)
    return pattern_selectivity(kind, found, tried, context.estimator)
