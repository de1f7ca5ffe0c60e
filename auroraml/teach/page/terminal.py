"""The picture in a terminal: the plan with bars of each node's own time, and the calls on a time line of block characters; plain where there is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TextIO

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from auroraml.teach.page import wording
from auroraml.teach.page.calls import Bar, Lane, TimeLine
from auroraml.teach.page.gantt import summary
from auroraml.teach.page.plan import Plan
from auroraml.teach.page.rendering import Row, rows_of
from auroraml.teach.page.run import Run

GUIDES = {"pipe": "│ ", "gap": "  ", "tee": "├─", "end": "└─"}
EIGHTHS = " ▏▎▍▌▋▊▉█"
SHADES = ("dim", "yellow", "dark_orange", "bold red")  # of time grades
NAMES = 24  # cells for lanes' names, at most
NARROWEST = 40


def write_plan(plan: Plan, out: TextIO, *, width: int | None = None, color: bool | None = None) -> None:
    """The plan alone."""
    _plan(plan, _console(out, width, color))


def write_run(run: Run, out: TextIO, *, width: int | None = None, color: bool | None = None) -> None:
    """The plan, then the calls, then the bill. `width` and `color` are the terminal's own where they are None; NO_COLOR is heeded."""
    console = _console(out, width, color)
    _plan(run.plan, console)
    if run.line.lanes:
        console.print()
        _time_line(run.line, console)
    figures = run.figures
    if figures.calls:
        console.print(Text(f"bill: {wording.money(figures.amount, figures.currency)} for {wording.plural(figures.calls, 'call')}"))


def _console(out: TextIO, width: int | None, color: bool | None) -> Console:
    """rich looks for NO_COLOR, the terminal and its width itself; what is no terminal has 100 columns."""
    terminal = out.isatty()
    chosen = width if width is not None else None if terminal else 100
    return Console(file=out, width=chosen, highlight=False, no_color=None if color is None else not color, force_terminal=color or None, soft_wrap=False)


def _plan(plan: Plan, console: Console) -> None:
    rows = rows_of(plan.root)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    table.add_column("node", overflow="ellipsis", no_wrap=True, ratio=1)
    measured, wide = plan.root.actual is not None, console.width >= 90
    timed = measured and plan.root.actual is not None and plan.root.actual.timed
    bar = max(6, min(20, console.width // 8))
    if timed:
        table.add_column("own time", no_wrap=True, min_width=bar)
        table.add_column("", justify="right", no_wrap=True)
    if measured:
        table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("estimated", justify="right", no_wrap=True)
    if measured and wide:
        table.add_column("loops", justify="right", no_wrap=True)
    if wide and plan.root.total_cost is not None:
        table.add_column("cost", justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*_cells(row, plan, timed, measured, wide, bar))
    console.print(table)
    if plan.execution is not None:
        console.print(Text(f"{wording.duration(plan.execution)}, first row after {wording.duration(plan.first_row)}", style="bold"))


def _cells(row: Row, plan: Plan, timed: bool, measured: bool, wide: bool, bar: int) -> list[Text]:
    node, actual = row.node, row.node.actual
    shade = SHADES[actual.grade] if actual is not None else ""
    name = Text("".join(GUIDES[guide] for guide in row.guides), style="dim")
    name.append(f"{node.title}: " if node.title else "", style="dim italic")
    name.append(node.label, style="bold" if actual is not None and actual.grade else "")
    cells = [name]
    if timed and actual is not None:
        cells.append(Text(block_bar(actual.share, bar), style=shade.removeprefix("bold ")))
        cells.append(Text(f"{wording.duration(actual.own)} {wording.share(actual.share):>6}" if actual.loops else "never ran", style=shade))
    if measured and actual is not None:
        cells.append(Text(wording.count(actual.all_rows)))
    off = wording.misestimate(node.factor) if node.row_grade else ""
    cells.append(Text(f"{off} {wording.count(node.plan_rows)}".lstrip() if wide else wording.count(node.plan_rows), style=SHADES[node.row_grade] if off else ""))
    if measured and wide and actual is not None:
        cells.append(Text(wording.count(actual.loops)))
    if wide and plan.root.total_cost is not None:
        cells.append(Text(wording.cost(node.total_cost)))
    return cells


def block_bar(share: float, width: int) -> str:
    """A bar of `width` cells, to the eighth of a cell."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    return "█" * (eighths // 8) + (EIGHTHS[eighths % 8] if eighths % 8 else "")


def _time_line(line: TimeLine, console: Console) -> None:
    names = min(NAMES, max(len(lane.name) for lane in (*line.workers, *line.instances)))
    cells = max(NARROWEST, console.width - names - 20)
    for title, lanes in (("calls by worker", line.workers), ("calls by instance", line.instances)):
        if not lanes:
            continue
        console.print(Text(title, style="bold"))
        for lane in lanes:
            text = Text(_short(lane.name, names).ljust(names) + " ")
            text.append_text(lane_cells(lane, line.length, cells))
            text.append(f" {wording.count(lane.calls)} · {wording.share(lane.busy)}", style="dim")
            console.print(text, no_wrap=True, overflow="ellipsis")
    end = wording.duration(line.length)
    console.print(Text(" " * (names + 1) + "0" + end.rjust(cells - 1), style="dim"))
    console.print(Text(summary(line), style="dim"))


def _short(name: str, cells: int) -> str:
    return name if len(name) <= cells else "…" + name[-(cells - 1) :]


def lane_cells(lane: Lane, length: float, cells: int) -> Text:
    """A lane: █ where it works all the time of a cell, ▓ and ▒ less, ░ where a call waits for its instance, · nothing; ! for a failed attempt, r for a retried call."""
    busy, waiting, marks = np.zeros(cells), np.zeros(cells), [""] * cells
    scale = cells / length if length else 0.0
    for column in lane.columns:
        _cover(busy, column.start * scale, column.end * scale, min(column.busy, 1.0))
        _cover(waiting, column.start * scale, column.end * scale, min(column.waiting, 1.0))
        _mark(marks, column.start * scale, "!" if column.failed else "r" if column.retried else "")
    for bar in lane.bars:
        _bar(bar, busy, waiting, marks, scale)
    text = Text()
    for worked, waited, mark in zip(busy.tolist(), waiting.tolist(), marks, strict=True):
        if mark:
            text.append(mark, style="bold red" if mark == "!" else "bold yellow")
        elif worked > 0.05 and worked >= waited:
            text.append("█" if worked > 0.95 else "▓" if worked > 0.5 else "▒", style="blue")
        else:
            text.append("░" if waited > 0.05 else "·", style="dim")
    return text


def _bar(bar: Bar, busy: np.ndarray, waiting: np.ndarray, marks: list[str], scale: float) -> None:
    for part in bar.parts:
        if part.kind != "pause":
            _cover(waiting if part.kind == "queued" else busy, part.start * scale, part.end * scale, 1.0)
        if part.kind == "failed":
            _mark(marks, part.start * scale, "!")
    if bar.call.kind == "retried":
        _mark(marks, bar.end * scale - 1, "r")


def _mark(marks: list[str], place: float, mark: str) -> None:
    at = min(max(int(place), 0), len(marks) - 1)
    if mark and marks[at] != "!":
        marks[at] = mark


def _cover(cells: np.ndarray, start: float, end: float, amount: float) -> None:
    """Add a stretch, counted in cells, to the cells that it covers; a part of a cell counts for its part."""
    first, last = max(int(start), 0), min(int(np.ceil(end)), len(cells))
    for i in range(first, last):  # cells of a line on the screen, not rows
        cells[i] += amount * (min(end, i + 1) - max(start, i))


def show(run: Run) -> None:
    """The picture on the standard output."""
    write_run(run, sys.stdout)


def figures_table(runs: Sequence[Run], out: TextIO, *, width: int | None = None, color: bool | None = None) -> None:
    """What batch sizes do: a line a run."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("rows a batch", "all rows", "first row", "calls", "retries", "bill"):
        table.add_column(name, justify="right", no_wrap=True)
    least = min((run.figures.wall for run in runs), default=0.0)
    for run in runs:
        found = run.figures
        size = "as written" if run.size is None else wording.count(run.size)
        cells = (size, wording.duration(found.wall), wording.duration(found.first_row), wording.count(found.calls), wording.count(found.retries),
                 wording.money(found.amount, found.currency))  # fmt: skip
        table.add_row(*cells, style="bold green" if found.wall == least else "")
    _console(out, width, color).print(table)
