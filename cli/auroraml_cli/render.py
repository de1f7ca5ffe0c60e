"""psql's output formats to the character: aligned, expanded, unaligned, csv, and json."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from wcwidth import wcswidth

Cell = str | None


@dataclass(frozen=True, kw_only=True)
class Table:
    """What a format prints: names, right-aligned columns, rows as text (None: NULL), title and footers (None: the row count)."""

    columns: Sequence[str]
    numeric: Sequence[bool]
    rows: Sequence[Sequence[Cell]]
    title: str = ""
    footers: Sequence[str] | None = None
    kinds: Sequence[str] = field(default_factory=tuple)  # type names, for json


@dataclass(kw_only=True)
class Format:
    """\\pset's options that this program knows."""

    format: str = "aligned"
    border: int = 1
    expanded: str = "off"  # off, on, auto
    tuples_only: bool = False
    footer: bool = True
    null: str = ""
    field_separator: str = "|"
    record_separator: str = "\n"
    csv_separator: str = ","
    title: str = ""
    columns: int = 0


def width(text: str) -> int:
    """Cells on the terminal that one line of `text` takes."""
    return len(text) if text.isascii() else max(wcswidth(text), 0)


def count_line(rows: int) -> str:
    """psql's default footer."""
    return f"({rows} row{'' if rows == 1 else 's'})"


def _footers(table: Table, options: Format) -> list[str]:
    if options.tuples_only:
        return []
    if table.footers is not None:
        return list(table.footers)
    return [count_line(len(table.rows))] if options.footer else []


def _lines(cell: Cell, options: Format) -> list[str]:
    return (options.null if cell is None else cell.replace("\r", "\\r").replace("\t", "        ")).split("\n")


def aligned(table: Table, options: Format) -> str:
    """The aligned format; cells with line breaks continue with a + at their right edge."""
    heads = [name.split("\n") for name in table.columns]
    body = [[_lines(cell, options) for cell in row] for row in table.rows]
    widths = [max(map(width, head), default=0) for head in heads]
    for row in body:
        for i, cell in enumerate(row):
            widths[i] = max(widths[i], *map(width, cell))
    out: list[str] = []
    if not options.tuples_only:
        title = options.title or table.title
        if title:
            total = sum(widths) + 3 * len(widths) - 1 if options.border == 1 else sum(widths) + 3 * len(widths) + 1
            out.append(" " * max((total - width(title)) // 2, 0) + title)
        out += _header(heads, widths, options.border)
    for row in body:
        out += _row(row, widths, table.numeric, options.border)
    if options.border == 2:
        out.append(_rule(widths, 2))
    return "".join(f"{line}\n" for line in [*out, *_footers(table, options)]) + "\n"


def _rule(widths: Sequence[int], border: int) -> str:
    if border == 0:
        return " ".join("-" * w for w in widths)
    middle = "+".join("-" * (w + 2) for w in widths) or "--" * (border < 2) + "--" * (border == 2)
    return f"+{middle}+" if border == 2 else middle


def _header(heads: Sequence[Sequence[str]], widths: Sequence[int], border: int) -> list[str]:
    out = [_rule(widths, 2)] if border == 2 else []
    for number in range(max((len(head) for head in heads), default=0)):
        parts = []
        for head, w in zip(heads, widths, strict=True):
            text = head[number] if number < len(head) else ""
            space = w - width(text)
            mark = "+" if number + 1 < len(head) else " "
            centred = " " * (space // 2) + text + " " * ((space + 1) // 2)
            parts.append((" " if border else "") + centred + mark)
        line = ("|" if border else "").join(parts)
        out.append(f"|{line}|" if border == 2 else line)
    return [*out, _rule(widths, border)]


def _row(row: Sequence[Sequence[str]], widths: Sequence[int], numeric: Sequence[bool], border: int) -> list[str]:
    out = []
    last = len(row) - 1
    for number in range(max((len(cell) for cell in row), default=0)):
        line = ""
        for i, (cell, w) in enumerate(zip(row, widths, strict=True)):
            final = border == 2 or i < last
            line += " " if border else ""
            more = number + 1 < len(cell)
            if number >= len(cell):
                line += " " * w if final else ""
            else:
                space = " " * (w - width(cell[number]))
                line += space + cell[number] if numeric[i] else cell[number] + (space if final or more else "")
            line += "+" if more else " " if final else ""
            line += "|" if border and i < last else ""
        out.append(f"|{line}|" if border == 2 else line)
    return out


def expanded(table: Table, options: Format) -> str:
    """\\x: one line a field, records under a rule."""
    if not table.rows or not table.columns:
        return "".join(f"{line}\n" for line in _footers(table, options)) + "\n"
    body = [[_lines(cell, options) for cell in row] for row in table.rows]
    head = max(map(width, table.columns), default=0)
    data = max((width(line) for row in body for cell in row for line in cell), default=0)
    multiline = any(len(cell) > 1 for row in body for cell in row)
    frame = {0: 1 + multiline, 1: 3 + multiline, 2: 7}[options.border]
    if not options.tuples_only:
        rule = {0: 9, 1: 12, 2: 15}[options.border] + len(str(len(body)))
        data = max(data, rule - head - frame)
    out = []
    if (options.title or table.title) and not options.tuples_only:
        out.append(options.title or table.title)
    for number, row in enumerate(body, 1):
        if not options.tuples_only:
            out.append(_record(number, head, data, options.border))
        elif number > 1:
            out.append(_record(0, head, data, options.border))
        for name, cell in zip(table.columns, row, strict=True):
            for i, line in enumerate(cell):
                shown = name if i == 0 else ""
                label = shown + " " * (head - width(shown))
                more = i + 1 < len(cell)
                text = line + " " * (data - width(line)) + "+" if more else line
                bar = " | " if options.border else " "
                whole = f"{label}{bar}{text}"
                if options.border == 2:
                    whole = f"| {label} | {line}{' ' * (data - width(line))}{'+' if more else ' '}|"
                out.append(whole)
    if options.border == 2:
        out.append(f"+{'-' * (head + 2)}+{'-' * (data + 2)}+")
    custom = [] if table.footers is None or options.tuples_only else list(table.footers)
    return "\n".join([*out, *custom]) + "\n\n"


def _record(number: int, head: int, data: int, border: int) -> str:
    if border == 0:
        line = f"* Record {number}" if number else ""
        over = len(line) + 1 - head
        line += " " * max(-over, 0) + (" " if over <= 0 else "")
        return line + " " * max(data - max(over - 1, 0), 0)
    text = f"[ RECORD {number} ]" if number else ""
    start = "+-" if border == 2 else "-"
    used = len(text) + (0 if border == 2 else 1)
    line = start + text + "-" * max(head - used, 0)
    over = max(used - head, 0)
    tail = "-+-"[over:] + "-" * max(data - max(over - 3, 0), 0)
    return line + tail + ("-+" if border == 2 else "")


def unaligned(table: Table, options: Format) -> str:
    """-A: fields joined by the field separator."""
    lines = []
    separator, null = options.field_separator, options.null
    if options.expanded == "on":
        records = []
        for row in table.rows:
            records.append("\n".join(f"{name}{separator}{null if cell is None else cell}" for name, cell in zip(table.columns, row, strict=True)))
        return "\n\n".join(records) + ("\n" if records else "")
    if not options.tuples_only:
        lines += [options.title or table.title] if options.title or table.title else []
        lines.append(separator.join(table.columns))
    lines += [separator.join(null if cell is None else cell for cell in row) for row in table.rows if row]
    lines += _footers(table, options)
    return options.record_separator.join(lines) + "\n" if lines else ""


def as_csv(table: Table, options: Format) -> str:
    """--csv: RFC 4180, with the header unless tuples only."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=options.csv_separator, lineterminator="\n")
    if not options.tuples_only:
        writer.writerow(table.columns)
    writer.writerows([options.null if cell is None else cell for cell in row] for row in table.rows if row)
    return out.getvalue()


_JSON_NUMBERS = frozenset(("int2", "int4", "int8", "oid", "float4", "float8", "numeric"))


def _json_value(cell: Cell, kind: str) -> object:
    if cell is None:
        return None
    if kind == "bool":
        return cell == "t"
    if kind in ("json", "jsonb"):
        return json.loads(cell)
    if kind in _JSON_NUMBERS and cell not in ("NaN", "Infinity", "-Infinity"):
        return json.loads(cell)
    return cell


def as_json(table: Table, options: Format) -> str:
    """--json (ours): an array of objects, numbers and booleans as such."""
    kinds = table.kinds or [""] * len(table.columns)
    rows = [dict(zip(table.columns, map(_json_value, row, kinds), strict=True)) for row in table.rows]
    return "[" + ",\n ".join(json.dumps(row, ensure_ascii=False) for row in rows) + "]\n"


FORMATS: dict[str, Callable[[Table, Format], str]] = {"aligned": aligned, "unaligned": unaligned, "csv": as_csv, "json": as_json, "wrapped": aligned}


def render(table: Table, options: Format) -> str:
    """`table` as the options say."""
    if options.format in ("aligned", "wrapped") and options.expanded == "on":
        return expanded(table, options)
    if options.format in ("aligned", "wrapped") and options.expanded == "auto" and options.columns:
        text = aligned(table, options)
        widest = max(map(width, text.split("\n")))
        return expanded(table, options) if widest > options.columns and table.columns else text
    return FORMATS[options.format](table, options)
