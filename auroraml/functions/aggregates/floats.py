"""Sums, averages, variances and regressions of floats, added in row order so that the last digit is PostgreSQL's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from auroraml.batch import FixedVector, Index, Vector
from auroraml.functions.aggregates.basic import present, valid_rows
from auroraml.functions.dates.intervals import divide
from auroraml.functions.maths import overflow
from auroraml.functions.signature import AGGREGATES, Kernel, aggregate, oid_of

Args = Sequence[Vector]


def _values(args: Args, codes: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
    vector, codes = valid_rows(args[0], codes, groups)
    assert isinstance(vector, FixedVector)
    return vector.values, codes


@aggregate("sum(float4)", "sum(float8)")
def sum_float(args: Args, codes: np.ndarray, groups: int) -> Vector:
    """sum, row by row in the type's own precision."""
    values, codes = _values(args, codes, groups)
    out = np.zeros(groups, values.dtype)
    with np.errstate(all="ignore"):
        np.add.at(out, codes, values)
    if np.isinf(out).any() and not np.isinf(values).any():
        raise overflow()
    return FixedVector(out, present(codes, groups))


@aggregate("avg(float4)", "avg(float8)")
def average_float(args: Args, codes: np.ndarray, groups: int) -> Vector:
    """avg in double precision."""
    values, codes = _values(args, codes, groups)
    counts = np.bincount(codes, minlength=groups)
    sums = np.bincount(codes, values.astype(np.float64), groups) if len(codes) else np.zeros(groups)
    if np.isinf(sums).any() and not np.isinf(values).any():
        raise overflow()
    return FixedVector(sums / np.maximum(counts, 1), present(codes, groups))


@aggregate("sum(interval)")
def sum_interval(args: Args, codes: np.ndarray, groups: int) -> Vector:
    """sum(interval), field by field."""
    values, codes = _values(args, codes, groups)
    return FixedVector(_interval_sums(values, codes, groups), present(codes, groups))


def _interval_sums(values: np.ndarray, codes: np.ndarray, groups: int) -> np.ndarray:
    out = np.zeros(groups, values.dtype)
    for name in ("months", "days", "micros"):
        np.add.at(out[name], codes, values[name])
    return out


@aggregate("avg(interval)")
def average_interval(args: Args, codes: np.ndarray, groups: int) -> Vector:
    """avg(interval): the sum divided as interval / number is."""
    values, codes = _values(args, codes, groups)
    counts = np.bincount(codes, minlength=groups)
    return FixedVector(divide(_interval_sums(values, codes, groups), np.maximum(counts, 1).astype(np.float64)), present(codes, groups))


def _slices(codes: np.ndarray, groups: int) -> tuple[Index, Index]:
    """The rows by group, stable, and where each group begins."""
    order = np.argsort(codes, kind="stable")
    starts = np.zeros(groups + 1, np.int64)
    np.cumsum(np.bincount(codes, minlength=groups), out=starts[1:])
    return order, starts


def _spread(values: np.ndarray) -> float:
    """The sum of squared differences from the mean, accumulated as float8_accum does (Youngs and Cramer)."""
    n = np.arange(1, len(values) + 1, dtype=np.float64)
    sums = np.cumsum(values)
    with np.errstate(all="ignore"):
        step = values[1:] * n[1:] - sums[1:]
        terms = step * step / (n[1:] * n[:-1])
    return float(np.cumsum(terms)[-1]) if len(terms) else 0.0


def _spreads(args: Args, codes: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
    values, codes = _values(args, codes, groups)
    wide = values.astype(np.float64)
    order, starts = _slices(codes, groups)
    sorted_values = wide[order]
    out = np.array([_spread(sorted_values[a:b]) for a, b in pairwise(starts)])  # a group, not a row
    bad = np.isnan(out) | np.isinf(out)
    counts = np.diff(starts)
    if bad.any():
        odd = np.bincount(codes, ~np.isfinite(wide), groups) > 0
        if (bad & ~odd).any():
            raise overflow()
        out[odd] = np.nan
    elif len(wide) and not np.isfinite(wide).all():
        out[np.bincount(codes, ~np.isfinite(wide), groups) > 0] = np.nan
    return out, counts


def _variance(sample: bool, root: bool) -> Callable[[Args, np.ndarray, int], Vector]:
    def run(args: Args, codes: np.ndarray, groups: int) -> Vector:
        spread, counts = _spreads(args, codes, groups)
        known = counts > (1 if sample else 0)
        found = spread / np.maximum(counts - (1 if sample else 0), 1)
        return FixedVector(np.where(known, np.sqrt(found) if root else found, 0.0), None if known.all() else known)

    return run


for _names, _sample, _root in (
    (("stddev", "stddev_samp"), True, True), (("variance", "var_samp"), True, False), (("stddev_pop",), False, True), (("var_pop",), False, False),
):  # fmt: skip
    for _name in _names:
        for _type in ("float4", "float8"):
            AGGREGATES[oid_of(f"{_name}({_type})")] = Kernel(function=_variance(_sample, _root))


def _regression(y: np.ndarray, x: np.ndarray) -> tuple[float, float, float, float, float]:
    """Sx, Sxx, Sy, Syy, Sxy as float8_regr_accum adds them."""
    n = np.arange(1, len(x) + 1, dtype=np.float64)
    with np.errstate(all="ignore"):
        sx, sy = np.cumsum(x), np.cumsum(y)
        step_x, step_y = x[1:] * n[1:] - sx[1:], y[1:] * n[1:] - sy[1:]
        scale = 1.0 / (n[1:] * n[:-1])
        parts = (step_x * step_x * scale, step_y * step_y * scale, step_x * step_y * scale)
    finite_x, finite_y = bool(np.isfinite(x).all()), bool(np.isfinite(y).all())
    with np.errstate(all="ignore"):
        sums = [np.cumsum(part) for part in parts]
    for finite, made in ((finite_x, (sx, sums[0])), (finite_y, (sy, sums[1])), (finite_x and finite_y, (sums[2],))):
        if finite and any(bool(np.isinf(part).any()) for part in made):
            raise overflow()
    sxx, syy, sxy = (float(part[-1]) if len(part) else 0.0 for part in sums)
    return float(sx[-1]), sxx if finite_x else np.nan, float(sy[-1]), syy if finite_y else np.nan, sxy if finite_x and finite_y else np.nan


Result = Callable[[int, float, float, float, float, float], float | None]
_RESULTS: dict[str, Result] = {
    "regr_sxx": lambda n, sx, sxx, sy, syy, sxy: sxx, "regr_syy": lambda n, sx, sxx, sy, syy, sxy: syy, "regr_sxy": lambda n, sx, sxx, sy, syy, sxy: sxy,
    "regr_avgx": lambda n, sx, sxx, sy, syy, sxy: sx / n, "regr_avgy": lambda n, sx, sxx, sy, syy, sxy: sy / n,
    "covar_pop": lambda n, sx, sxx, sy, syy, sxy: sxy / n, "covar_samp": lambda n, sx, sxx, sy, syy, sxy: sxy / (n - 1) if n > 1 else None,
    "corr": lambda n, sx, sxx, sy, syy, sxy: None if sxx == 0 or syy == 0 else sxy / float(np.sqrt(sxx * syy)),
    "regr_r2": lambda n, sx, sxx, sy, syy, sxy: None if sxx == 0 else 1.0 if syy == 0 else sxy * sxy / (sxx * syy),
    "regr_slope": lambda n, sx, sxx, sy, syy, sxy: None if sxx == 0 else sxy / sxx,
    "regr_intercept": lambda n, sx, sxx, sy, syy, sxy: None if sxx == 0 else (sy - sx * sxy / sxx) / n,
}  # fmt: skip


def _pairs(args: Args, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    y, x = args[0].flat(), args[1].flat()
    assert isinstance(y, FixedVector)
    assert isinstance(x, FixedVector)
    rows = np.flatnonzero(y.valid & x.valid)
    return y.values[rows].astype(np.float64), x.values[rows].astype(np.float64), codes[rows]


def _two_variables(result: Result) -> Callable[[Args, np.ndarray, int], Vector]:
    def run(args: Args, codes: np.ndarray, groups: int) -> Vector:
        y, x, codes = _pairs(args, codes)
        order, starts = _slices(codes, groups)
        y, x = y[order], x[order]
        out = [result(int(b - a), *_regression(y[a:b], x[a:b])) if b > a else None for a, b in pairwise(starts)]  # a group
        valid = np.array([value is not None for value in out], np.bool_)
        return FixedVector(np.array([0.0 if value is None else value for value in out]), None if valid.all() else valid)

    return run


for _name, _result in _RESULTS.items():
    AGGREGATES[oid_of(f"{_name}(float8,float8)")] = Kernel(function=_two_variables(_result))


@aggregate("regr_count(float8,float8)")
def regr_count(args: Args, codes: np.ndarray, groups: int) -> Vector:
    """Pairs without a NULL."""
    return FixedVector(np.bincount(_pairs(args, codes)[2], minlength=groups).astype(np.int64))
