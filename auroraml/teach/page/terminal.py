"""The picture in a terminal: the plan with bars of each node's own time, and the calls on a time line of block characters; plain where there is no terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
BEGINS = "▐"  # a call, where there is room to tell it from the one before
NAMES = 24  # cells for lanes' names, at most
NARROWEST = 20  # cells of a lane
NARROWEST_NAME = 32
GIVE_WAY = ("loops", "cost", "own time", "estimated", "rows")


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
    return Console(
        file=out, width=chosen, highlight=False, no_color=None if color is None else not color, force_terminal=color or None, soft_wrap=False
    )


def _plan(plan: Plan, console: Console) -> None:
    """Where the terminal is narrow, nodes' names give way first, then columns, the least telling first."""
    root = plan.root.actual
    timed = root is not None and root.timed
    shown = {
        "own time": timed,
        "": timed,
        "rows": root is not None,
        "estimated": True,
        "loops": root is not None,
        "cost": plan.root.total_cost is not None,
    }
    bar = max(6, min(20, console.width // 8))
    lines = [_cells(row, bar, console.width >= 90) for row in rows_of(plan.root)]
    cells = {name: max(len(name), *(line[name].cell_len for line in lines), bar if name == "own time" else 0) for name, on in shown.items() if on}
    longest = max(line["node"].cell_len for line in lines)
    for name in GIVE_WAY:
        if _left(console.width, cells) < min(longest, NARROWEST_NAME):
            cells.pop(name, None)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("node", overflow="ellipsis", no_wrap=True, width=max(4, min(longest, _left(console.width, cells))))
    for name, width in cells.items():
        table.add_column(name, justify="left" if name == "own time" else "right", no_wrap=True, width=width)
    for line in lines:
        table.add_row(line["node"], *(line[name] for name in cells))
    console.print(table)
    if plan.execution is not None:
        console.print(Text(f"{wording.duration(plan.execution)}, first row after {wording.duration(plan.first_row)}", style="bold"))


def _left(width: int, cells: Mapping[str, int]) -> int:
    """What columns of these widths leave for names."""
    return width - sum(cells.values()) - 2 * len(cells)


def _cells(row: Row, bar: int, wide: bool) -> dict[str, Text]:
    node, actual = row.node, row.node.actual
    shade = SHADES[actual.grade] if actual is not None else ""
    name = Text("".join(GUIDES[guide] for guide in row.guides), style="dim")
    name.append(f"{node.title}: " if node.title else "", style="italic")
    name.append(node.label, style="not dim bold" if actual is not None and actual.grade else "not dim")
    off = wording.misestimate(node.factor) if node.row_grade else ""
    cells = {
        "node": name, "own time": Text(), "": Text(), "rows": Text(), "loops": Text(), "cost": Text(wording.cost(node.total_cost)),
        "estimated": Text(f"{off if wide else ''} {wording.count(node.plan_rows)}".lstrip(), style=SHADES[node.row_grade] if off else ""),
    }  # fmt: skip
    if actual is not None:
        cells["own time"] = Text(block_bar(actual.share, bar), style=shade.removeprefix("bold "))
        cells[""] = Text(f"{wording.duration(actual.own)} {wording.share(actual.share):>6}" if actual.loops else "never ran", style=shade)
        cells["rows"], cells["loops"] = Text(actual.all_rows_told), Text(wording.count(actual.loops))
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
            console.print(text, no_wrap=True, overflow="crop")
    end = wording.duration(line.length)
    console.print(Text(" " * (names + 1) + "0" + end.rjust(cells - 1), style="dim"))
    console.print(Text(summary(line), style="dim"))


def _short(name: str, cells: int) -> str:
    return name if len(name) <= cells else "…" + name[-(cells - 1) :]


def lane_cells(lane: Lane, length: float, cells: int) -> Text:
    """A lane: ▐ where a call begins, █ where it works all the time of a cell, ▓ and ▒ less, ░ where a call waits for its instance, · nothing;

    ! is an attempt that failed, r the end of a call that was retried.
    """
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
        if mark == BEGINS:
            text.append(mark, style="blue")
        elif mark:
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
        if part.kind == "work" and (part.end - part.start) * scale >= 3:
            _mark(marks, part.start * scale, BEGINS)
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
