"""The aligned and wrapped formats: columns side by side, cells with line breaks over several lines."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml_cli.output.cells import fit, plain, shown
from auroraml_cli.output.expanded import expanded
from auroraml_cli.output.lines import Lines, Rule, lines_of
from auroraml_cli.output.table import Format, Options, Table, footers_of, texts, title_of

Line = tuple[str, int]
WRAP, NEWLINE = "wrap", "newline"


def aligned(table: Table, options: Options, room: int = 0) -> str:
    """The table in columns, at most `room` places wide when wrapped; the expanded format where expanded is auto and it would not fit."""
    border = min(options.border, 2)
    style = lines_of(options)
    heads = [shown(name) for name in table.columns]
    head_widths = [max(width for _, width in head) for head in heads]
    rows = texts(table, options)
    columns = list(zip(*rows, strict=True)) if rows and heads else [() for _ in heads]
    simple = all(map(plain, columns))
    body: list[list[list[Line]]] = [] if simple and options.format is Format.ALIGNED else [[shown(cell) for cell in row] for row in rows]
    if simple:
        widths = [max(head, max(map(len, column), default=0)) for head, column in zip(head_widths, columns, strict=True)]
    else:
        widths = [max(head, max(width for row in body for _, width in row[i])) for i, head in enumerate(head_widths)]
    n = len(heads)
    frame = {0: n, 1: 3 * n - (n > 0), 2: 3 * n + 1}[border]
    if options.format is Format.WRAPPED and room >= frame + sum(head_widths):
        _shrink(widths, head_widths, body, room - frame)
    total = frame + sum(widths)
    if options.expanded == "auto" and n > 1 and 0 < room < max(total, frame + sum(head_widths)):
        return expanded(table, options, room)
    out: list[str] = []
    if title := title_of(table, options):
        width = max(w for _, w in shown(title))
        out.append(" " * max((total - width) // 2, 0) + title)
    if not options.tuples_only:
        if border == 2:
            out.append(_rule(style.top, widths, border))
        out += _header(heads, widths, style, border)
        out.append(_rule(style.middle, widths, border))
    if simple and options.format is Format.ALIGNED:
        out += _simple_rows(columns, widths, table.numeric, style, border)
    for row in body:  # a cell may take several lines: each is laid out by itself
        out += _row(row, widths, table.numeric, style, border)
    if border == 2:
        out.append(_rule(style.bottom, widths, border))
    return "".join(f"{line}\n" for line in [*out, *footers_of(table, options)]) + "\n"


def _simple_rows(columns: Sequence[Sequence[str]], widths: Sequence[int], numeric: Sequence[bool], style: Lines, border: int) -> list[str]:
    """The rows where every cell is one line of ASCII: whole columns padded, then joined."""
    padded: list[list[str]] = []
    for i, (column, width) in enumerate(zip(columns, widths, strict=True)):
        last = border < 2 and i == len(columns) - 1
        padded.append([cell.rjust(width) for cell in column] if numeric[i] else list(column) if last else [cell.ljust(width) for cell in column])
    bar = f" {style.data.middle} " if border else " "
    left = {0: "", 1: " ", 2: f"{style.data.left} "}[border]
    right = f" {style.data.right}" if border == 2 else ""
    return [f"{left}{bar.join(row)}{right}" for row in zip(*padded, strict=True)]


def _shrink(widths: list[int], heads: Sequence[int], body: Sequence[Sequence[Sequence[Line]]], room: int) -> None:
    """Take places from the columns whose widest cell is farthest above their average until they fit."""
    averages = [sum(max(w for _, w in row[i]) for row in body) / len(body) if body else 0.0 for i in range(len(widths))]
    averages = [float(int(average)) for average in averages]
    widest = list(widths)
    total = sum(widths)
    while total > room:
        best, worst = 0.0, -1
        for i, width in enumerate(widths):
            if averages[i] and width > heads[i]:
                ratio = width / averages[i] + widest[i] * 0.01
                if ratio > best:
                    best, worst = ratio, i
        if worst < 0:
            return
        widths[worst] -= 1
        total -= 1


def _rule(rule: Rule, widths: Sequence[int], border: int) -> str:
    if border == 0:
        return " ".join(rule.dash * width for width in widths)
    inner = (rule.dash + rule.middle + rule.dash).join(rule.dash * width for width in widths)
    line = f"{rule.dash}{inner}{rule.dash}"
    return f"{rule.left}{line}{rule.right}" if border == 2 else line


def _header(heads: Sequence[Sequence[Line]], widths: Sequence[int], style: Lines, border: int) -> list[str]:
    out = []
    for number in range(max((len(head) for head in heads), default=0)):
        parts = []
        for i, (head, width) in enumerate(zip(heads, widths, strict=True)):
            text, places = head[number] if number < len(head) else ("", 0)
            space = width - places
            left = style.header_newline_left if number else " "
            right = style.header_newline_right if number + 1 < len(head) else " "
            part = " " * (space // 2) + text + " " * ((space + 1) // 2)
            part = left + part if border or (not style.wrap_right_border and i) else part
            parts.append(part + right if border or style.wrap_right_border else part)
        line = (style.data.middle if border else "").join(parts)
        out.append(f"{style.data.left}{line}{style.data.right}" if border == 2 else line)
    return out


def _row(row: Sequence[Sequence[Line]], widths: Sequence[int], numeric: Sequence[bool], style: Lines, border: int) -> list[str]:
    n = len(row)
    pending: list[list[Line]] = [list(cell) for cell in row]  # what is left of each cell
    marks = [""] * n
    left_marks = {"": " ", WRAP: style.wrap_left, NEWLINE: style.newline_left}
    out = []
    more = True
    while more and n:
        more = False
        line = style.data.left if border == 2 else ""
        for i in range(n):
            final = border == 2 or i < n - 1
            if border:
                line += left_marks[marks[i]]
            used = 0
            mark = ""
            if not pending[i]:
                line += " " * widths[i] if final else ""
            else:
                part, used, mark = _take(pending[i], widths[i])
                more = more or bool(pending[i])
                blank = " " * (widths[i] - used)
                line += blank + part if numeric[i] else part + (blank if final or mark else "")
            marks[i] = mark
            line += style.wrap_right if mark == WRAP else style.newline_right if mark == NEWLINE else " " if final else ""
            if border and i < n - 1:
                line += _bar(marks[i + 1], bool(pending[i + 1]), style)
        out.append(line + style.data.right if border == 2 else line)
    return out


def _bar(mark: str, present: bool, style: Lines) -> str:
    if mark == WRAP:
        return style.bar_wrap
    if mark == NEWLINE:
        return style.bar_newline
    return style.data.middle if present else style.bar_blank


def _take(cell: list[Line], room: int) -> tuple[str, int, str]:
    """The next line of a cell, cut to its column: the text, its width, and whether a wrapped or a new line follows."""
    text, width = cell[0]
    if width > room:
        part, used = fit(text, room)
        if len(part) < len(text):
            cell[0] = (text[len(part) :], width - used)
            return part, used, WRAP
        cell.pop(0)
        return part, used, NEWLINE if cell else ""
    cell.pop(0)
    return text, width, NEWLINE if cell else ""
