"""Rows of set-returning calls: what support functions tell of their arguments, else the function's ROWS (clauses.c: expression_returns_set_rows)."""

from __future__ import annotations

import math
from typing import Final

from auroraml.ir import expr as e
from auroraml.planner.cost.expressions import array_length
from auroraml.planner.estimate.estimator import Estimator, clamp_rows

SERIES_SUPPORT: Final = (3994, 3995)  # the OIDs of generate_series_int4_support, ..._int8_support, array_unnest_support
UNNEST_SUPPORT: Final = 3996


def made_rows(expr: e.Expr, estimator: Estimator) -> float:
    """Rows that an expression makes of one; 1 where it is not itself a set-returning call."""
    return clamp_rows(set_rows(expr, estimator)) if isinstance(expr, e.Call) and expr.function.returns_set else 1.0


def set_rows(call: e.Call, estimator: Estimator) -> float:
    """Rows of one set-returning call (get_function_rows)."""
    function = call.function
    if function.support in SERIES_SUPPORT:
        return _series(call, estimator)
    if function.support == UNNEST_SUPPORT:
        return float(array_length(estimator.reduced(call.args[0])))
    return function.rows


def _series(call: e.Call, estimator: Estimator) -> float:
    """generate_series over whole numbers."""
    args = [estimator.constant(arg) for arg in call.args]
    if any(arg is not None and arg.value is None for arg in args):
        return 0.0
    values = [float(str(arg.value)) for arg in args if arg is not None]
    step = values[2] if len(values) > 2 else 1.0
    if len(values) < len(args) or step == 0:
        return call.function.rows
    return math.floor((values[1] - values[0] + step) / step) * 1.0
