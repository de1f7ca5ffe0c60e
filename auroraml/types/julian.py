"""Days and civil dates: the proleptic Gregorian calendar, for one date and for arrays of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

UNIX_JULIAN = 2_440_588  # the Julian day of 1970-01-01
POSTGRES_DAYS = 10_957  # 2000-01-01 in days from 1970-01-01
DAY = 86_400_000_000  # microseconds
DATE_MIN, DATE_MAX = -(2**31), 2**31 - 1  # -infinity and infinity
TIMESTAMP_MIN, TIMESTAMP_MAX = -(2**63), 2**63 - 1
FIRST_DAY = -UNIX_JULIAN  # 4714-11-24 BC
DATE_END = 2_147_483_494 - UNIX_JULIAN  # the first day that date cannot hold
TIMESTAMP_FIRST = -211_813_488_000_000_000
TIMESTAMP_END = 9_223_371_331_200_000_000

Days = npt.NDArray[np.int64]


def days_of(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01; year 0 is 1 BC; the day of the month may be any number."""
    shifted = year - (month <= 2)
    era = shifted // 400
    of_era = shifted - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def civil_of(days: int) -> tuple[int, int, int]:
    """Year (0 is 1 BC), month and day of days from 1970-01-01."""
    shifted = days + 719_468
    era = shifted // 146_097
    of_era = shifted - era * 146_097
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month += 3 if month < 10 else -9
    return year + era * 400 + (month <= 2), month, day


def days_of_array(year: Days, month: Days, day: Days) -> Days:
    """`days_of` over arrays."""
    shifted = year - (month <= 2)
    era = shifted // 400
    of_era = shifted - era * 400
    of_year = (153 * (month + np.where(month > 2, -3, 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468  # type: ignore[no-any-return]


def civil_of_array(days: Days) -> tuple[Days, Days, Days]:
    """`civil_of` over an array."""
    shifted = days.astype(np.int64) + 719_468
    era = shifted // 146_097
    of_era = shifted - era * 146_097
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month = month + np.where(month < 10, 3, -9)
    return year + era * 400 + (month <= 2), month, day


def days_in_month(year: int, month: int) -> int:
    """How many days the month has."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31
