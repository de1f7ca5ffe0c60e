"""Numbers in words: durations, counts, money and factors, as pages and terminals print them."""

from __future__ import annotations

import math


def duration(milliseconds: float | None) -> str:
    """As 0.42 ms, 31.5 ms, 2.41 s, 3 min 20 s, 2 h 5 min."""
    if milliseconds is None:
        return "–"
    for unit, size, last in (("ms", 1.0, 999.5), ("s", 1_000.0, 99_950.0)):
        if milliseconds < last:
            return f"{_three(milliseconds / size)} {unit}"
    seconds = round(milliseconds / 1000)
    for name, long, below, short in (("min", 60, 3_600, "s"), ("h", 3_600, 86_400, "min"), ("d", 86_400, 1 << 62, "h")):
        if seconds < below:
            whole, rest = divmod(seconds, long)
            part = rest // {"s": 1, "min": 60, "h": 3_600}[short]
            return f"{whole} {name} {part} {short}" if part else f"{whole} {name}"
    return f"{seconds} s"


def _three(value: float) -> str:
    """Three significant digits, no more than two decimals of them."""
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:,.0f}"


def count(value: float | None) -> str:
    """As 12,345."""
    return "–" if value is None else f"{value:,.0f}"


def plural(value: float, noun: str) -> str:
    """As 1 call, 2 calls, 3 batches."""
    ending = "" if round(value) == 1 else "es" if noun.endswith(("ch", "s")) else "s"
    return f"{count(value)} {noun}{ending}"


def money(amount: float | None, currency: str) -> str:
    """As 1,234.50 USD, 0.60 USD or 0.000161 USD: to the cent, and to three digits where that is finer."""
    if amount is None:
        return "–"
    digits = 2 - math.floor(math.log10(amount)) if 0 < amount < 1 else 2
    whole, _, fraction = f"{amount:,.{max(digits, 2)}f}".partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')} {currency}".rstrip()


def share(value: float) -> str:
    """As 93 %, 0.4 %."""
    return f"{value * 100:.0f} %" if value >= 0.095 or value == 0 else f"{value * 100:.1f} %"


def cost(value: float | None) -> str:
    """A cost of the planner, as EXPLAIN prints it but with thousands marked."""
    return "–" if value is None else f"{value:,.2f}"


def misestimate(factor: float | None) -> str:
    """How far off an estimate was, as 12 × too few or 3.5 × too many; empty where it was within a tenth."""
    if factor is None or 1 / 1.1 <= factor <= 1.1:
        return ""
    off = max(factor, 1 / factor)
    return f"{off:.1f} × too {'few' if factor > 1 else 'many'}" if off < 10 else f"{off:,.0f} × too {'few' if factor > 1 else 'many'}"
