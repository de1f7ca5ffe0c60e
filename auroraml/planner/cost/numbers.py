"""Numbers that all cost formulas share: clamped row counts, bytes and pages of rows, parallel divisors."""

from __future__ import annotations

from math import ceil, log
from typing import Final

LOG2: Final = 0.693147180559945
_ROUND: Final = 6755399441055744.0


def clamp_rows(rows: float) -> float:
    """A row estimate as PostgreSQL keeps it: whole, at least 1 (clamp_row_est)."""
    if rows > 1e100 or rows != rows:
        return 1e100
    if rows <= 1.0:
        return 1.0
    return (rows + _ROUND) - _ROUND if rows < 1e15 else float(rows)


def rint(x: float) -> float:
    """The nearest whole number, halves to even."""
    return (x + _ROUND) - _ROUND if 0.0 <= x < 1e15 else float(round(x))


def log2(x: float) -> float:
    """The base-2 logarithm as costs compute it."""
    return log(x) / LOG2


def max_align(width: int) -> int:
    """`width` rounded up to 8."""
    return (width + 7) & ~7


def relation_bytes(rows: float, width: int) -> float:
    """The bytes that `rows` rows take in memory (relation_byte_size)."""
    return rows * (max_align(width) + 24)


def page_count(rows: float, width: int) -> float:
    """The pages that `rows` rows take in a temporary file (page_size)."""
    return float(ceil(relation_bytes(rows, width) / 8192.0))


def parallel_divisor(workers: int, leader: bool) -> float:
    """How many processes' worth of work a parallel path shares (get_parallel_divisor)."""
    divisor = float(workers)
    if leader:
        contribution = 1.0 - 0.3 * workers
        if contribution > 0:
            divisor += contribution
    return divisor
