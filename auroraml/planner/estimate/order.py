"""Order keys: statistics' values and constants as Python values that compare as PostgreSQL's B-trees compare them (C collation)."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final
from weakref import WeakKeyDictionary

from auroraml.catalog.statistics import ColumnStatistics
from auroraml.functions.ordering import orderable
from auroraml.types.pg_type import Interval, PgType, Rep

Key = Any  # an int, float, Decimal, bytes or tuple: whatever orders and compares
DAY: Final = 86_400_000_000
EPOCH_DAYS: Final = 10_957  # from 1970-01-01 to 2000-01-01
INT4_MIN: Final = -(2**31)
INT4_MAX: Final = 2**31 - 1
INT8_MIN: Final = -(2**63)
INT8_MAX: Final = 2**63 - 1


def _date(value: object) -> Key:
    assert isinstance(value, int)
    if value == INT4_MIN:
        return INT8_MIN
    return INT8_MAX if value == INT4_MAX else (value - EPOCH_DAYS) * DAY


def _interval(value: object) -> Key:
    assert isinstance(value, Interval)
    return (value.months * 30 + value.days) * DAY + value.micros


def _text(value: object) -> Key:
    return str(value).encode()


def _padded(value: object) -> Key:
    return str(value).rstrip(" ").encode()


def _float(value: object) -> Key:
    assert isinstance(value, (float, int))
    return math.inf if value != value else value


def _numeric(value: object) -> Key:
    assert isinstance(value, Decimal)
    return Decimal("Infinity") if value.is_nan() else value


def _same(value: object) -> Key:
    return value


_KEYS: Final[dict[Rep, Callable[[object], Key]]] = {
    Rep.DATE: _date, Rep.INTERVAL: _interval, Rep.TEXT: _text, Rep.FLOAT4: _float, Rep.FLOAT8: _float, Rep.NUMERIC: _numeric,
}  # fmt: skip


def order_key(value: object, type: PgType) -> Key:
    """What a value (not NULL) of `type` is compared by; dates compare with timestamps, numbers with numbers."""
    if type.rep in (Rep.LIST, Rep.STRUCT) or type.name in ("jsonb", "timetz"):
        return orderable(type, value)
    return _padded(value) if type.name == "bpchar" else _KEYS.get(type.rep, _same)(value)


NEARLY_ALL: Final = 0.99999


class Values:
    """The common values and histogram bounds of a column's statistics with their keys, made when first asked for."""

    __slots__ = ("_bounds", "_common", "_ends", "_places", "statistics", "tried", "type")

    def __init__(self, statistics: ColumnStatistics, type: PgType) -> None:
        self.statistics = statistics
        self.type = type
        self.tried: dict[tuple[int, bool, int, str, bool], list[bool]] = {}  # which values passed an immutable test with a string, as it was asked
        self._common: tuple[Key, ...] | None = None
        self._places: dict[Key, int] | None = None
        self._bounds: tuple[Key, ...] | None = None
        self._ends: list[tuple[object, object]] | None = None

    @property
    def common(self) -> tuple[Key, ...]:
        """The keys of the most common values, in their order."""
        if self._common is None:
            self._common = tuple(order_key(value, self.type) for value in self.statistics.common_values)
        return self._common

    @property
    def places(self) -> dict[Key, int]:
        """Where each common value stands."""
        if self._places is None:
            self._places = {key: i for i, key in enumerate(self.common)}
        return self._places

    @property
    def bounds(self) -> tuple[Key, ...]:
        """The keys of the histogram's bounds."""
        if self._bounds is None:
            self._bounds = tuple(order_key(value, self.type) for value in self.statistics.histogram)
        return self._bounds

    @property
    def ends(self) -> tuple[object, object] | None:
        """The least and greatest value that is known of (get_variable_range); None where that says nothing of the others."""
        if self._ends is None:
            found = self._known_ends()
            self._ends = [] if found is None else [found]
        return self._ends[0] if self._ends else None

    def _known_ends(self) -> tuple[object, object] | None:
        statistics = self.statistics
        known = [(self.bounds[i], statistics.histogram[i]) for i in ((0, -1) if self.bounds else ())]
        if not known:
            total = 0.0
            for frequency in statistics.common_frequencies:
                total += frequency
            if total + statistics.null_fraction <= NEARLY_ALL:
                return None
        known += zip(self.common, statistics.common_values, strict=True)
        if not known:
            return None
        return min(known, key=lambda pair: pair[0])[1], max(known, key=lambda pair: pair[0])[1]


_kept: WeakKeyDictionary[ColumnStatistics, Values] = WeakKeyDictionary()


def values_of(statistics: ColumnStatistics, type: PgType) -> Values:
    """The values of a column's statistics, kept as long as the statistics live."""
    found = _kept.get(statistics)
    if found is None:
        found = _kept[statistics] = Values(statistics, type)
    return found
