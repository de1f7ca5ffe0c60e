"""Widths: bytes of a value of a type, or of a column with statistics (lsyscache.c: get_typavgwidth, get_attavgwidth)."""

from __future__ import annotations

from typing import Final

from auroraml.catalog.statistics import ColumnStatistics
from auroraml.types.pg_type import PgType

UNKNOWN_WIDTH: Final = 32
FIXED_LIMIT: Final = 32  # declared lengths up to here are taken whole, up to there by half beyond the first
MEDIUM_LIMIT: Final = 1000
MEDIUM_BASE: Final = 32
MOST: Final = 516
MAX_BYTES_PER_CHARACTER: Final = 4  # UTF-8
HEADER: Final = 4
DIGITS_PER_GROUP: Final = 4


def type_width(type: PgType, typmod: int = -1) -> int:
    """The average width assumed for a type's values."""
    if type.length > 0:
        return type.length
    most = _maximum(type, typmod)
    if most <= 0:
        return UNKNOWN_WIDTH
    if type.name == "bpchar":
        return most
    if most <= FIXED_LIMIT:
        return most
    if most < MEDIUM_LIMIT:
        return MEDIUM_BASE + (most - FIXED_LIMIT) // 2
    return MEDIUM_BASE + (MEDIUM_LIMIT - FIXED_LIMIT) // 2


def _maximum(type: PgType, typmod: int) -> int:
    """The greatest stored size that a typmod allows, 0 if it does not say (format_type.c: type_maximum_size)."""
    if typmod < 0:
        return 0
    if type.name in ("bpchar", "varchar"):
        return (typmod - HEADER) * MAX_BYTES_PER_CHARACTER + HEADER
    if type.name == "numeric":
        return _numeric_maximum(typmod)
    if type.name in ("bit", "varbit"):
        return (typmod + 7) // 8 + 2 * HEADER
    return 0


def _numeric_maximum(typmod: int) -> int:
    precision = (typmod - HEADER >> 16) & 0xFFFF
    groups = (precision + 2 * (DIGITS_PER_GROUP - 1)) // DIGITS_PER_GROUP
    return HEADER + 4 + groups * 2


def column_width(type: PgType, typmod: int, statistics: ColumnStatistics | None) -> int:
    """The average width of a column's values."""
    return statistics.width if statistics is not None and statistics.width > 0 else type_width(type, typmod)
