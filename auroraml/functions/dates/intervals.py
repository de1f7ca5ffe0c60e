"""Intervals: arithmetic, comparison and justification, field by field in numpy."""

from __future__ import annotations

import operator
from collections.abc import Callable

import numpy as np

from auroraml.batch import INTERVAL_DTYPE
from auroraml.errors import DivisionByZero
from auroraml.functions.signature import SCALARS, Kernel, oid_of, scalar
from auroraml.types.interval_forms import interval_out_of_range
from auroraml.types.julian import DAY

MONTH_DAYS = 30
_INT_MAX = 2**31 - 1


def made(months: np.ndarray, days: np.ndarray, micros: np.ndarray) -> np.ndarray:
    """Intervals of these fields; raises where months or days do not fit."""
    for field in (months, days):
        if ((field > _INT_MAX) | (field < -_INT_MAX - 1)).any():
            raise interval_out_of_range()
    out = np.zeros(np.broadcast_shapes(months.shape, days.shape, micros.shape), INTERVAL_DTYPE)
    out["months"], out["days"], out["micros"] = months, days, micros
    return out


def _wide(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return values["months"].astype(np.int64), values["days"].astype(np.int64), values["micros"]


def _sum(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    total = a + b
    if (((a ^ total) & (b ^ total)) < 0).any():
        raise interval_out_of_range()
    return total  # type: ignore[no-any-return] # numpy gives Any


@scalar("interval_pl(interval,interval)", face="numpy")
def add(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a + b."""
    (m, d, t), (n, e, u) = _wide(a), _wide(b)
    return made(m + n, d + e, _sum(t, u))


@scalar("interval_mi(interval,interval)", face="numpy")
def subtract(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a - b."""
    (m, d, t), (n, e, u) = _wide(a), _wide(b)
    apart = t - u
    if (((t ^ u) & (t ^ apart)) < 0).any():
        raise interval_out_of_range()
    return made(m - n, d - e, apart)


@scalar("interval_um(interval)", face="numpy")
def negate(a: np.ndarray) -> np.ndarray:
    """-a."""
    m, d, t = _wide(a)
    if (t == -(2**63)).any():
        raise interval_out_of_range()
    return made(-m, -d, -t)


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.rint(values * 1_000_000.0) / 1_000_000.0


def _scaled(a: np.ndarray, scale: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """An interval times a factor: fractions of months go to days of 30, of days to time (interval_mul)."""
    with np.errstate(all="ignore"):
        months, days, micros = (scale(a[field].astype(np.float64)) for field in ("months", "days", "micros"))
        for field in (months, days):
            if (np.isnan(field) | (field > _INT_MAX) | (field < -_INT_MAX - 1)).any():
                raise interval_out_of_range()
        whole_months, whole_days = np.trunc(months), np.trunc(days)
        spare_days = _rounded((months - whole_months) * MONTH_DAYS)
        seconds = _rounded((days - whole_days + spare_days - np.trunc(spare_days)) * 86_400.0)
        more = np.where(np.abs(seconds) >= 86_400, np.trunc(seconds / 86_400), 0)
        seconds = seconds - more * 86_400
        total = np.rint(micros + seconds * 1_000_000.0)
    if (np.isnan(total) | (np.abs(total) >= 2.0**63)).any():
        raise interval_out_of_range()
    all_days = whole_days + more + np.trunc(spare_days)
    return made(whole_months.astype(np.int64), all_days.astype(np.int64), total.astype(np.int64))


@scalar("interval_mul(interval,float8)", face="numpy")
def multiply(a: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """a * factor."""
    return _scaled(a, lambda field: field * factor)


@scalar("mul_d_interval(float8,interval)", face="numpy")
def multiplied(factor: np.ndarray, a: np.ndarray) -> np.ndarray:
    """factor * a."""
    return _scaled(a, lambda field: field * factor)


@scalar("interval_div(interval,float8)", face="numpy")
def divide(a: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """a / factor."""
    if (factor == 0).any():
        raise DivisionByZero("division by zero")
    return _scaled(a, lambda field: field / factor)


def span(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What intervals compare by: days (months of 30), and microseconds within one."""
    months, days, micros = _wide(values)
    return months * MONTH_DAYS + days + micros // DAY, micros % DAY


def _comparison(name: str) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    compare: Callable[[np.ndarray, int], np.ndarray] = getattr(operator, name)

    def run(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        (days_a, rest_a), (days_b, rest_b) = span(a), span(b)
        order = np.sign(days_a - days_b)
        return compare(np.where(order == 0, np.sign(rest_a - rest_b), order), 0)

    return run


for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    SCALARS[oid_of(f"interval_{_name}(interval,interval)")] = Kernel(function=_comparison(_name), face="numpy", raises=False)


@scalar("justify_hours(interval)", face="numpy")
def justify_hours(a: np.ndarray) -> np.ndarray:
    """24 hours become a day."""
    months, days, micros = _wide(a)
    whole = np.sign(micros) * (np.abs(micros) // DAY)
    days, micros = days + whole, micros - whole * DAY
    up, down = (days < 0) & (micros > 0), (days > 0) & (micros < 0)
    return made(months, days + up - down, micros - up * DAY + down * DAY)


@scalar("justify_days(interval)", face="numpy")
def justify_days(a: np.ndarray) -> np.ndarray:
    """30 days become a month."""
    months, days, micros = _wide(a)
    whole = np.sign(days) * (np.abs(days) // MONTH_DAYS)
    months, days = months + whole, days - whole * MONTH_DAYS
    up, down = (months < 0) & (days > 0), (months > 0) & (days < 0)
    return made(months + up - down, days - up * MONTH_DAYS + down * MONTH_DAYS, micros)


@scalar("justify_interval(interval)", face="numpy")
def justify(a: np.ndarray) -> np.ndarray:
    """Hours to days and days to months, all signs alike (interval_justify_interval)."""
    months, days, micros = _wide(a)
    early = ((days > 0) & (micros > 0)) | ((days < 0) & (micros < 0))
    whole = np.where(early, np.sign(days) * (np.abs(days) // MONTH_DAYS), 0)
    months, days = months + whole, days - whole * MONTH_DAYS
    whole = np.sign(micros) * (np.abs(micros) // DAY)
    days, micros = days + whole, micros - whole * DAY
    whole = np.sign(days) * (np.abs(days) // MONTH_DAYS)
    months, days = months + whole, days - whole * MONTH_DAYS
    down = (months > 0) & ((days < 0) | ((days == 0) & (micros < 0)))
    up = (months < 0) & ((days > 0) | ((days == 0) & (micros > 0)))
    days, months = days + MONTH_DAYS * down - MONTH_DAYS * up, months - down + up
    down, up = (days > 0) & (micros < 0), (days < 0) & (micros > 0)
    return made(months, days - down + up, micros + DAY * down - DAY * up)
