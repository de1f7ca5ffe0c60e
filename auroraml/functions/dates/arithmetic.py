"""date, time, timestamp and timestamptz plus and minus intervals, days and each other."""

from __future__ import annotations

import numpy as np

from auroraml.batch import INTERVAL_DTYPE
from auroraml.errors import DatetimeFieldOverflow
from auroraml.functions.signature import CallContext, scalar
from auroraml.types import julian
from auroraml.types.datetime_casts import finite_timestamps, instant_of, local_of, timestamps_of_days
from auroraml.types.julian import DAY, POSTGRES_DAYS

BLOCK = 32_768  # rows moved at once: the arrays between stay in the cache


def finite_days(days: np.ndarray) -> np.ndarray:
    """Which dates are not infinite."""
    return (days != julian.DATE_MIN) & (days != julian.DATE_MAX)  # type: ignore[no-any-return] # numpy gives Any


def in_timestamp_range(micros: np.ndarray, finite: np.ndarray) -> np.ndarray:
    """`micros` itself; raises where a finite one is none that timestamp can hold."""
    if (((micros < julian.TIMESTAMP_FIRST) | (micros >= julian.TIMESTAMP_END)) & finite).any():
        raise DatetimeFieldOverflow("timestamp out of range")
    return micros


def _in_date_range(days: np.ndarray, finite: np.ndarray) -> np.ndarray:
    if (((days < julian.FIRST_DAY) | (days >= julian.DATE_END)) & finite).any():
        raise DatetimeFieldOverflow("date out of range")
    return days.astype(np.int32)


def shift_months(local: np.ndarray, months: np.ndarray) -> np.ndarray:
    """Local times some months on, the day cut to the month's last."""
    days = local // DAY
    clock = local - days * DAY
    low, high = int(days.min(initial=0)), int(days.max(initial=0))
    if len(months) == 1 and high - low < len(days):
        shifted = _months_later(np.arange(low, high + 1), months).take(days - low)
    else:
        shifted = _months_later(days, months)
    limit = julian.TIMESTAMP_END // DAY
    if ((shifted >= limit) | (shifted < julian.FIRST_DAY - POSTGRES_DAYS)).any():
        raise DatetimeFieldOverflow("timestamp out of range")
    return shifted * DAY + clock  # type: ignore[no-any-return] # numpy gives Any


def _months_later(days: np.ndarray, months: np.ndarray) -> np.ndarray:
    """Days from 2000-01-01 some months on."""
    year, month, day = julian.civil_of_array(days + POSTGRES_DAYS)
    total = year * 12 + (month - 1) + months
    year, month = total // 12, total % 12 + 1
    first = julian.days_of_array(year, month, np.ones_like(year))
    following = julian.days_of_array(year + (month == 12), month % 12 + 1, np.ones_like(year))
    return first + np.minimum(day, following - first) - 1 - POSTGRES_DAYS  # type: ignore[no-any-return] # numpy gives Any


def shift(micros: np.ndarray, interval: np.ndarray, sign: int = 1) -> np.ndarray:
    """timestamp plus (or minus) interval: months, then days, then microseconds; either may be one for all."""
    if len(micros) <= BLOCK:
        return _shift(micros, interval, sign)
    out = np.empty(len(micros), np.int64)
    for start in range(0, len(micros), BLOCK):
        stop = start + BLOCK
        out[start:stop] = _shift(micros[start:stop], interval if len(interval) == 1 else interval[start:stop], sign)
    return out


def _shift(micros: np.ndarray, interval: np.ndarray, sign: int) -> np.ndarray:
    finite = finite_timestamps(micros)
    months, days = sign * interval["months"].astype(np.int64), sign * interval["days"].astype(np.int64)
    if not finite.all():
        micros, interval, finite, months, days = np.broadcast_arrays(micros, interval, finite, months, days)
        months = np.where(finite, months, 0)
    moved = np.where(finite, micros, 0)
    if months.any():
        later = shift_months(moved, months)
        moved = later if months.all() else np.where(months != 0, later, moved)
    if days.any():
        moved = _plus_days(moved, days, finite)
    moved = _plus_micros(moved, interval["micros"], sign, finite)
    return moved if finite.all() else np.where(finite, moved, micros)


def _plus_days(micros: np.ndarray, days: np.ndarray, finite: np.ndarray) -> np.ndarray:
    whole = micros // DAY + days
    if (((whole >= julian.TIMESTAMP_END // DAY) | (whole + POSTGRES_DAYS < julian.FIRST_DAY)) & finite & (days != 0)).any():
        raise DatetimeFieldOverflow("timestamp out of range")
    return np.where(finite, micros + days * DAY, micros)


def _plus_micros(micros: np.ndarray, more: np.ndarray, sign: int, finite: np.ndarray) -> np.ndarray:
    if not more.any():
        return in_timestamp_range(micros, finite)
    total = micros + more if sign > 0 else micros - more
    wrapped = ((micros >= 0) == ((more >= 0) if sign > 0 else (more < 0))) & ((total >= 0) != (micros >= 0)) & (more != 0)
    if (wrapped & finite).any():
        raise DatetimeFieldOverflow("timestamp out of range")
    return in_timestamp_range(total, finite)


def shift_instant(ctx: CallContext, micros: np.ndarray, interval: np.ndarray, sign: int = 1) -> np.ndarray:
    """timestamptz plus (or minus) interval: months and days on the session's clock, the rest in absolute time."""
    micros, interval = np.broadcast_arrays(micros, interval)
    finite = finite_timestamps(micros)
    months, days = sign * interval["months"].astype(np.int64), sign * interval["days"].astype(np.int64)
    moved = np.where(finite, micros, 0)
    if months.any():
        shifted = instant_of(shift_months(local_of(moved, ctx.style), np.where(finite, months, 0)), ctx.style)
        moved = np.where(months != 0, shifted, moved)
    if days.any():
        moved = np.where(days != 0, instant_of(_plus_days(local_of(moved, ctx.style), days, finite), ctx.style), moved)
    return np.where(finite, _plus_micros(moved, interval["micros"], sign, finite), micros)


@scalar("timestamp_pl_interval(timestamp,interval)", face="numpy")
def timestamp_plus(micros: np.ndarray, interval: np.ndarray) -> np.ndarray:
    """timestamp + interval."""
    return shift(micros, interval)


@scalar("timestamp_mi_interval(timestamp,interval)", face="numpy")
def timestamp_minus(micros: np.ndarray, interval: np.ndarray) -> np.ndarray:
    """timestamp - interval."""
    return shift(micros, interval, -1)


@scalar("interval_pl_timestamp(interval,timestamp)", face="numpy")
def plus_timestamp(interval: np.ndarray, micros: np.ndarray) -> np.ndarray:
    """interval + timestamp."""
    return shift(micros, interval)


@scalar("timestamptz_pl_interval(timestamptz,interval)", face="numpy", context=True)
def instant_plus(ctx: CallContext, micros: np.ndarray, interval: np.ndarray) -> np.ndarray:
    """timestamptz + interval."""
    return shift_instant(ctx, micros, interval)


@scalar("timestamptz_mi_interval(timestamptz,interval)", face="numpy", context=True)
def instant_minus(ctx: CallContext, micros: np.ndarray, interval: np.ndarray) -> np.ndarray:
    """timestamptz - interval."""
    return shift_instant(ctx, micros, interval, -1)


@scalar("interval_pl_timestamptz(interval,timestamptz)", face="numpy", context=True)
def plus_instant(ctx: CallContext, interval: np.ndarray, micros: np.ndarray) -> np.ndarray:
    """interval + timestamptz."""
    return shift_instant(ctx, micros, interval)


@scalar("timestamp_mi(timestamp,timestamp)", "timestamptz_mi(timestamptz,timestamptz)", face="numpy")
def timestamps_apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The days and time between two timestamps."""
    if not (finite_timestamps(a).all() and finite_timestamps(b).all()):
        raise DatetimeFieldOverflow("cannot subtract infinite timestamps")
    apart = a - b
    out = np.zeros(apart.shape, INTERVAL_DTYPE)
    days = np.abs(apart) // DAY * np.sign(apart)
    out["days"], out["micros"] = days, apart - days * DAY
    return out


@scalar("date_pli(date,int4)", face="numpy")
def date_plus(days: np.ndarray, more: np.ndarray) -> np.ndarray:
    """date + days."""
    finite = finite_days(days) | np.zeros(more.shape, np.bool_)
    return _in_date_range(np.where(finite, days.astype(np.int64) + more, days), finite)


@scalar("integer_pl_date(int4,date)", face="numpy")
def plus_date(more: np.ndarray, days: np.ndarray) -> np.ndarray:
    """days + date."""
    return date_plus(days, more)


@scalar("date_mii(date,int4)", face="numpy")
def date_minus(days: np.ndarray, less: np.ndarray) -> np.ndarray:
    """date - days."""
    return date_plus(days, -less.astype(np.int64))


@scalar("date_mi(date,date)", face="numpy")
def days_apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The days between two dates."""
    if not (finite_days(a).all() and finite_days(b).all()):
        raise DatetimeFieldOverflow("cannot subtract infinite dates")
    return a - b  # type: ignore[no-any-return] # numpy gives Any


@scalar("date_pl_interval(date,interval)", face="numpy")
def date_plus_interval(days: np.ndarray, interval: np.ndarray) -> np.ndarray:
    """date + interval, a timestamp."""
    return shift(timestamps_of_days(days), interval)


@scalar("interval_pl_date(interval,date)", face="numpy")
def interval_plus_date(interval: np.ndarray, days: np.ndarray) -> np.ndarray:
    """interval + date, a timestamp."""
    return shift(timestamps_of_days(days), interval)


@scalar("date_mi_interval(date,interval)", face="numpy")
def date_minus_interval(days: np.ndarray, interval: np.ndarray) -> np.ndarray:
    """date - interval, a timestamp."""
    return shift(timestamps_of_days(days), interval, -1)


@scalar("datetime_pl(date,time)", "timestamp(date,time)", face="numpy")
def date_at(days: np.ndarray, clock: np.ndarray) -> np.ndarray:
    """date + time, a timestamp."""
    micros = timestamps_of_days(days)
    finite = finite_timestamps(micros) | np.zeros(clock.shape, np.bool_)
    return np.where(finite, in_timestamp_range(np.where(finite, micros, 0) + clock, finite), micros)


@scalar("timedate_pl(time,date)", face="numpy")
def at_date(clock: np.ndarray, days: np.ndarray) -> np.ndarray:
    """time + date, a timestamp."""
    return date_at(days, clock)


@scalar("timestamptz(date,time)", face="numpy", context=True)
def instant_at(ctx: CallContext, days: np.ndarray, clock: np.ndarray) -> np.ndarray:
    """A date and a time of the session's zone as an instant."""
    return instant_of(date_at(days, clock), ctx.style)


@scalar("time_pl_interval(time,interval)", face="numpy", raises=False)
def time_plus(clock: np.ndarray, interval: np.ndarray) -> np.ndarray:
    """time + interval, round the clock."""
    return (clock + interval["micros"]) % DAY  # type: ignore[no-any-return] # numpy gives Any


@scalar("interval_pl_time(interval,time)", face="numpy", raises=False)
def plus_time(interval: np.ndarray, clock: np.ndarray) -> np.ndarray:
    """interval + time, round the clock."""
    return (clock + interval["micros"]) % DAY  # type: ignore[no-any-return] # numpy gives Any


@scalar("time_mi_interval(time,interval)", face="numpy", raises=False)
def time_minus(clock: np.ndarray, interval: np.ndarray) -> np.ndarray:
    """time - interval, round the clock."""
    return (clock - interval["micros"]) % DAY  # type: ignore[no-any-return] # numpy gives Any


@scalar("time_mi_time(time,time)", face="numpy", raises=False)
def times_apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The interval between two times of day."""
    out = np.zeros((a - b).shape, INTERVAL_DTYPE)
    out["micros"] = a - b
    return out


@scalar("isfinite(date)", face="numpy", raises=False)
def is_finite_date(days: np.ndarray) -> np.ndarray:
    """Whether a date is not infinite."""
    return finite_days(days)


@scalar("isfinite(timestamp)", "isfinite(timestamptz)", face="numpy", raises=False)
def is_finite_timestamp(micros: np.ndarray) -> np.ndarray:
    """Whether a timestamp is not infinite."""
    return finite_timestamps(micros)


@scalar("isfinite(interval)", face="numpy", raises=False)
def is_finite_interval(interval: np.ndarray) -> np.ndarray:
    """Intervals are always finite."""
    return np.ones(interval.shape, np.bool_)


def age_of(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Years, months, days and time from `b` to `a`, counted on the calendar (timestamp_age)."""
    a, b = np.broadcast_arrays(a, b)
    sign = np.where(a < b, -1, 1)
    (year_a, month_a, day_a), (year_b, month_b, day_b) = (julian.civil_of_array(x // DAY + POSTGRES_DAYS) for x in (a, b))
    months = sign * ((year_a - year_b) * 12 + month_a - month_b)
    days, micros = sign * (day_a - day_b), sign * (a % DAY - b % DAY)
    days, micros = days - (micros < 0), micros % DAY
    year, month = np.where(a < b, year_a, year_b), np.where(a < b, month_a, month_b)
    first = julian.days_of_array(year, month, np.ones_like(year))
    length = julian.days_of_array(year + (month == 12), month % 12 + 1, np.ones_like(year)) - first
    while (days < 0).any():  # once or twice: a month is at least 28 days
        months, days = months - (days < 0), np.where(days < 0, days + length, days)
    out = np.zeros(a.shape, INTERVAL_DTYPE)
    out["months"], out["days"], out["micros"] = sign * months, sign * days, sign * micros
    return out


@scalar("age(timestamp,timestamp)", face="numpy")
def age(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Calendar years, months and days between timestamps."""
    return age_of(a, b)


@scalar("age(timestamptz,timestamptz)", face="numpy", context=True)
def instant_age(ctx: CallContext, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """`age` on the session's clock."""
    return age_of(local_of(a, ctx.style), local_of(b, ctx.style))


def _today(ctx: CallContext) -> np.ndarray:
    local = local_of(np.array([ctx.transaction_start], np.int64), ctx.style)
    return local // DAY * DAY


@scalar("age(timestamp)", face="numpy", context=True)
def age_today(ctx: CallContext, a: np.ndarray) -> np.ndarray:
    """Age at today's midnight."""
    return age_of(_today(ctx), a)


@scalar("age(timestamptz)", face="numpy", context=True)
def instant_age_today(ctx: CallContext, a: np.ndarray) -> np.ndarray:
    """Age at today's midnight, on the session's clock."""
    return age_of(_today(ctx), local_of(a, ctx.style))
