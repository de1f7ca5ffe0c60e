"""How join keys spread over hash buckets, and how much of merge inputs is read (selfuncs.c: estimate_hash_bucket_stats, mergejoinscansel)."""

from __future__ import annotations

from typing import Final

from auroraml.ir import expr as e
from auroraml.planner.estimate.estimator import Estimator, Variable, clamp, clamp_rows
from auroraml.planner.estimate.inequality import DEFAULT_INEQUALITY, Bound, inequality
from auroraml.types.pg_type import PgType

DEFAULT_FRACTION: Final = 0.1
LEAST_FRACTION: Final = 1.0e-6


def bucket_statistics(key: e.Expr, buckets: float, estimator: Estimator) -> tuple[float, float]:
    """The frequency of a hash key's most common value, and the fraction of rows in the bucket an average row falls into."""
    variable = estimator.examine(key)
    most_common = variable.frequencies[0] if variable.frequencies else 0.0
    distinct, default = estimator.distinct_count(variable)
    if default:
        return most_common, max(DEFAULT_FRACTION, most_common)
    average = (1.0 - variable.null_fraction) / distinct
    input = variable.input
    if input is not None and input.tuples > 0:
        distinct = clamp_rows(distinct * (input.rows / input.tuples))
    fraction = 1.0 / buckets if distinct > buckets else 1.0 / distinct
    if average > 0.0 and most_common > average:
        fraction *= most_common / average
    return most_common, min(max(fraction, LEAST_FRACTION), 1.0)


Range = tuple[object, object, PgType]


def variable_range(variable: Variable) -> Range | None:
    """The least and greatest value that statistics know of (get_variable_range)."""
    statistics, values = variable.statistics, variable.values
    if statistics is None or values is None:
        return None
    ends = values.ends
    if ends is None:
        return None
    return ends[0], ends[1], values.type


def merge_fractions(
    left: e.Expr, right: e.Expr, estimator: Estimator, *, descending: bool = False, nulls_first: bool = False
) -> tuple[float, float, float, float]:
    """Where a merge join starts and ends in its left and right input, as fractions: left start, left end, right start, right end."""
    one, two = estimator.examine(left), estimator.examine(right)
    range1, range2 = variable_range(one), variable_range(two)
    if range1 is None or range2 is None:
        return 0.0, 1.0, 0.0, 1.0
    first1, last1, type1 = range1 if not descending else (range1[1], range1[0], range1[2])
    first2, last2, type2 = range2 if not descending else (range2[1], range2[0], range2[2])
    upto, before = (">=", ">") if descending else ("<=", "<")

    def share(variable: Variable, symbol: str, value: object, type: PgType, default: float) -> float:
        found = inequality(estimator, variable, Bound.of(symbol, value, type))
        return default if found == DEFAULT_INEQUALITY else found

    left_end, right_end = share(one, upto, last2, type2, 1.0), share(two, upto, last1, type1, 1.0)
    left_end, right_end = (1.0, right_end) if left_end > right_end else (left_end, 1.0) if left_end < right_end else (1.0, 1.0)
    left_start, right_start = share(one, before, first2, type2, 0.0), share(two, before, first1, type1, 0.0)
    left_start, right_start = (0.0, right_start) if left_start < right_start else (left_start, 0.0) if left_start > right_start else (0.0, 0.0)
    if nulls_first:
        left_start, left_end = clamp(left_start + one.null_fraction), clamp(left_end + one.null_fraction)
        right_start, right_end = clamp(right_start + two.null_fraction), clamp(right_end + two.null_fraction)
    if left_start >= left_end:
        left_start, left_end = 0.0, 1.0
    if right_start >= right_end:
        right_start, right_end = 0.0, 1.0
    return left_start, left_end, right_start, right_end
