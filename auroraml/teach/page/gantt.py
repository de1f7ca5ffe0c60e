"""Gantt: a time line as SVG: lanes of workers above lanes of instances, a bar for each call, sums in columns where there are too many."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from auroraml.teach.page.calls import Bar, Column, Lane, TimeLine
from auroraml.teach.page.wording import count, duration, plural, share

WIDTH, LEFT, RIGHT, TOP = 1080, 188, 96, 8  # of the drawing; names and sums stand left and right of the lanes
LANE, ROW, GAP, HEADING = 24, 15, 6, 24  # heights: a lane of one row, a row of several, between lanes, a group's name
AXIS = 30
NARROWEST = 0.8  # units: a bar is never drawn thinner
MOST_LANES = 64  # of a group; what is left is named


def gantt(line: TimeLine, key: str) -> str:
    """The drawing. `key` tells its patterns from those of other drawings on the page."""
    groups = [("calls by worker", line.workers), ("calls by instance", line.instances)]
    parts: list[str] = []
    y = float(TOP)
    for name, lanes in groups:
        if not lanes:
            continue
        parts.append(f'<text class="ga-group" x="0" y="{y + 15:g}">{name}</text>')
        y += HEADING
        for lane in lanes[:MOST_LANES]:
            height = _height(lane)
            parts += _lane(lane, line.length, y, height, key)
            y += height + GAP
        if len(lanes) > MOST_LANES:
            parts.append(f'<text class="ga-name" x="0" y="{y + 14:g}">and {count(len(lanes) - MOST_LANES)} more</text>')
            y += HEADING
        y += 6
    whole = y + AXIS
    return (
        f'<svg class="ga" viewBox="0 0 {WIDTH} {whole:g}" role="img" aria-label="{escape(summary(line))}" xmlns="http://www.w3.org/2000/svg">'
        f'<defs><pattern id="{key}-hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect class="ga-hatch-ground" width="5" height="5"/><line class="ga-hatch" x1="0" y1="0" x2="0" y2="5"/></pattern></defs>'
        f"{''.join(_axis(line.length, y))}{''.join(parts)}</svg>"
    )


def summary(line: TimeLine) -> str:
    """The drawing in a sentence."""
    calls = line.calls
    waited = sum(call.queued for call in calls)
    text = f"{plural(len(calls), 'call')} by {plural(len(line.workers), 'process')} over {duration(line.length)}"
    troubles = [(sum(call.kind == kind for call in calls), word) for kind, word in (("retried", "retried"), ("failed", "failed"))]
    text += "".join(f", {count(number)} {word}" for number, word in troubles if number)
    return f"{text}, {duration(waited)} of waiting in queues" if waited else text


def _height(lane: Lane) -> float:
    return LANE if lane.columns or lane.depth == 1 else ROW * lane.depth


def _x(moment: float, length: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (moment / length if length else 0.0)


def ticks(length: float, most: int = 9) -> list[float]:
    """Round moments from 0 to `length`."""
    if length <= 0:
        return [0.0]
    step = 10 ** math.floor(math.log10(length / most))
    step = next(step * by for by in (1, 2, 5, 10) if length / (step * by) <= most)
    return [i * step for i in range(int(length / step + 1e-9) + 1)]


def _axis(length: float, bottom: float) -> Iterator[str]:
    marks = ticks(length)
    unit, size = ("s", 1000.0) if length >= 2000 else ("ms", 1.0)
    for mark in marks:
        x = _x(mark, length)
        yield f'<line class="ga-grid" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom:g}"/>'
        yield f'<text class="ga-tick" x="{x:.1f}" y="{bottom + 16:g}" text-anchor="middle">{mark / size:,.6g} {unit}</text>'


def _lane(lane: Lane, length: float, y: float, height: float, key: str) -> Iterator[str]:
    right = WIDTH - RIGHT
    name = lane.name if len(lane.name) <= 27 else lane.name[:10] + "…" + lane.name[-16:]
    yield f'<rect class="ga-lane" x="{LEFT}" y="{y:g}" width="{right - LEFT}" height="{height:g}"/>'
    yield f'<text class="ga-name" x="0" y="{y + height / 2 + 4.5:g}">{escape(name)}<title>{escape(lane.name)}</title></text>'
    yield f'<text class="ga-sum" x="{WIDTH}" y="{y + height / 2 + 4.5:g}" text-anchor="end">{count(lane.calls)} · {share(lane.busy)}'
    tip = f"{plural(lane.calls, 'call')}, {plural(lane.items, 'row')}, busy {share(lane.busy)} of the time"
    yield f"<title>{escape(tip)}</title></text>"
    for column in lane.columns:
        if column.busy or column.waiting or column.calls:
            yield _column(column, lane, length, y, height, key)
    for bar in lane.bars:
        yield _bar(bar, length, y + bar.row * (height / lane.depth), height / lane.depth, key)


def _bar(bar: Bar, length: float, y: float, height: float, key: str) -> str:
    drawn = []
    for part in bar.parts:
        x, end = _x(part.start, length), _x(part.end, length)
        width = max(end - x, NARROWEST)
        if part.kind == "pause":
            drawn.append(f'<line class="ga-pause" x1="{x:.2f}" y1="{y + height / 2:g}" x2="{end:.2f}" y2="{y + height / 2:g}"/>')
            continue
        fill = f' fill="url(#{key}-hatch)"' if part.kind == "queued" else ""
        round = min(2.0, width / 2)
        drawn.append(f'<rect class="ga-{part.kind}" x="{x:.2f}" y="{y + 1:g}" width="{width:.2f}" height="{height - 2:g}" rx="{round:.1f}"{fill}/>')
    if bar.call.kind == "retried" and bar.parts[-1].kind == "work":
        x = _x(bar.end, length)
        drawn.append(f'<path class="ga-mark" d="M{x - 7:.1f} {y + 1:g}h7v7z"/>')
    return f'<g class="ga-bar ga-is-{bar.call.kind}"><title>{escape(_tip(bar))}</title>{"".join(drawn)}</g>'


def _tip(bar: Bar) -> str:
    call = bar.call
    lines = [
        f"{call.service} {call.operation} {call.target}".strip(),
        f"batch {call.batch}, {plural(call.items, 'row')}",
        f"{duration(call.start)} to {duration(call.end)}: {duration(call.milliseconds)}",
    ]
    if call.queued:
        lines.append(f"of it waiting for an instance: {duration(call.queued)}")
    instances = sorted({attempt.instance for attempt in call.timeline if attempt.instance is not None})
    if instances:
        lines.append(f"answered by instance {', '.join(map(str, instances))}")
    if call.attempts > 1:
        lines.append(f"{plural(call.attempts, 'attempt')}: {', '.join(attempt.error or 'answered' for attempt in call.timeline)}")
    if call.error:
        lines.append(f"failed: {call.error}")
    if call.cost:
        lines.append(f"cost {call.cost}")
    return "\n".join(lines)


def _column(column: Column, lane: Lane, length: float, y: float, height: float, key: str) -> str:
    x, end = _x(column.start, length), _x(column.end, length)
    worked, waited = (height - 2) * column.busy / lane.peak, (height - 2) * column.waiting / lane.peak
    kind = "failed" if column.failed else "retried" if column.retried else "fine"
    bottom = y + height - 1
    width = f'x="{x:.2f}" width="{end - x - 0.4:.2f}"'
    tip = [
        f"{duration(column.start)} to {duration(column.end)}",
        f"{plural(column.calls, 'call')} begin" + (f", {count(column.retried)} retried" if column.retried else ""),
        f"at once: {column.busy:.2f} worked on" + (f", {column.waiting:.2f} waiting" if column.waiting else ""),
    ]
    if column.failed:
        tip.append(f"{count(column.failed)} failed")
    return (
        f'<g class="ga-bar ga-is-{kind}"><title>{escape(chr(10).join(tip))}</title>'
        f'<rect class="ga-work" {width} y="{bottom - worked:.2f}" height="{worked:.2f}"/>'
        + (f'<rect class="ga-queued" {width} y="{bottom - worked - waited:.2f}" height="{waited:.2f}" fill="url(#{key}-hatch)"/>' if waited else "")
        + (f'<path class="ga-mark" d="M{x:.1f} {y:g}h{end - x:.1f}v3h-{end - x:.1f}z"/>' if kind != "fine" else "")
        + "</g>"
    )
