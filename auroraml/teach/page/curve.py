"""Curve: wall time, time to the first row and calls against the batch size, as SVG with logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from html import escape

from auroraml.teach.page.run import Run
from auroraml.teach.page.wording import count, duration, plural

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 520, 230, 62, 92, 14, 34
_LINES: tuple[tuple[str, str, Callable[[Run], float]], ...] = (
    ("all rows", "wall", lambda run: run.figures.wall),
    ("first row", "first", lambda run: run.figures.first_row),
)


def curve(runs: Sequence[Run]) -> str:
    """The drawing; the point of the nth run has data-state n + 1. Nothing for fewer than two runs."""
    if len(runs) < 2:
        return ""
    sizes = [float(run.size or 1) for run in runs]
    times = [max(value, 0.001) for run in runs for value in (run.figures.wall, run.figures.first_row)]
    x, y = _scale(sizes, LEFT, WIDTH - RIGHT), _scale(times, HEIGHT - BOTTOM, TOP + 6)
    parts = [*_axes(sizes, times, x, y)]
    for name, kind, value in _LINES:
        points = [(x(size), y(max(value(run), 0.001))) for size, run in zip(sizes, runs, strict=True)]
        parts.append(f'<polyline class="cu-{kind}" points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in points)}"/>')
        for number, ((a, b), run) in enumerate(zip(points, runs, strict=True), 1):
            tip = f"{plural(run.size or 0, 'row')} a batch\n{name}: {duration(value(run))}\n{plural(run.figures.calls, 'call')}"
            title = f"<title>{escape(tip)}</title>"
            parts.append(f'<circle class="cu-point cu-{kind}-point" data-state="{number}" cx="{a:.1f}" cy="{b:.1f}" r="4">{title}</circle>')
    wall, first = (y(max(value(runs[-1]), 0.001)) for _, _, value in _LINES)  # all rows take no less than the first
    middle = min((wall + first) / 2, HEIGHT - BOTTOM - 12.0)
    for (name, kind, _), place in zip(_LINES, (min(wall, middle - 8), max(first, middle + 8)), strict=True):
        parts.append(f'<text class="cu-name cu-{kind}-name" x="{WIDTH - RIGHT + 12}" y="{place + 4:.1f}">{name}</text>')
    label = f"time against rows a batch, from {count(sizes[0])} to {count(sizes[-1])}"
    return f'<svg class="cu" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}" xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'


def _scale(values: Sequence[float], low: float, high: float) -> Callable[[float], float]:
    least, most = math.log10(min(values)), math.log10(max(values))
    span = most - least or 1.0
    return lambda value: low + (high - low) * (math.log10(value) - least) / span


def _axes(sizes: Sequence[float], times: Sequence[float], x: Callable[[float], float], y: Callable[[float], float]) -> Iterator[str]:
    last = -math.inf
    for size in sizes:
        place = x(size)
        yield f'<line class="ga-grid" x1="{place:.1f}" y1="{TOP}" x2="{place:.1f}" y2="{HEIGHT - BOTTOM}"/>'
        if place - last >= 34:  # room for a label
            yield f'<text class="ga-tick" x="{place:.1f}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle">{_short(size)}</text>'
            last = place
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text class="ga-tick" x="{middle:g}" y="{HEIGHT - 4}" text-anchor="middle">rows a batch</text>'
    for mark in _marks(min(times), max(times)):
        place = y(mark)
        yield f'<line class="ga-grid" x1="{LEFT}" y1="{place:.1f}" x2="{WIDTH - RIGHT}" y2="{place:.1f}"/>'
        yield f'<text class="ga-tick" x="{LEFT - 8}" y="{place + 4:.1f}" text-anchor="end">{duration(mark).replace(".00", "").replace(".0 ", " ")}</text>'


def _marks(least: float, most: float) -> list[float]:
    """Round times between the least and the most: as fine as leaves no more than six of them."""
    powers = range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)
    for steps in ((1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9), (1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        found = [step * 10.0**power for power in powers for step in steps if least <= step * 10.0**power <= most]
        if len(found) <= 6:
            return found
    return found[:: len(found) // 5]


def _short(size: float) -> str:
    return f"{size / 1000:g}k" if size >= 1000 else f"{size:g}"
