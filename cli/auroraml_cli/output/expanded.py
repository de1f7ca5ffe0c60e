"""The expanded format: one line a field, each record under a rule with its number."""

from __future__ import annotations

from auroraml_cli.output.cells import fit, plain, shown
from auroraml_cli.output.lines import OLD_ASCII, Lines, Rule, lines_of
from auroraml_cli.output.table import Format, Options, Table, footers_of, own_footers, texts, title_of

Line = tuple[str, int]


class _Sizes:
    """The widths of the two columns, and whether marks for line breaks need a place."""

    def __init__(self, table: Table, options: Options, heads: list[list[Line]], body: list[list[list[Line]]], style: Lines, room: int) -> None:
        self.border = min(options.border, 2)
        self.old = style is OLD_ASCII
        self.head = max((width for head in heads for _, width in head), default=0)
        self.data = max((width for row in body for cell in row for _, width in cell), default=0)
        self.head_breaks = any(len(head) > 1 for head in heads)
        self.data_breaks = any(len(cell) > 1 for row in body for cell in row)
        if options.format is not Format.WRAPPED:
            return
        frame = self._frame()
        record = 0
        if not options.tuples_only:
            record = {0: 9, 1: 12, 2: 15}[self.border] + len(str(len(body)))
        while True:
            whole = max(self.head + frame + self.data, record)
            data = whole - self.head - frame
            if 0 < room < whole:
                data = max(room, self.head + frame + 3, record) - self.head - frame
            if data < self.data and not self.data_breaks and self.border < 2 and not self.old:
                self.data_breaks = True
                frame += 1
                continue
            self.data = data
            return

    @property
    def labels(self) -> int:
        """The width of the names' column in a record's rule: with room for old-ascii's marks."""
        return self.head + (self.border < 2 and self.head_breaks and self.old)

    def _frame(self) -> int:
        frame = {0: 1 + self.head_breaks, 1: 3 + (self.head_breaks and self.old), 2: 7}[self.border]
        return frame + (self.data_breaks and self.border < 2 and not self.old)


def expanded(table: Table, options: Options, room: int = 0) -> str:
    """The records one below the other."""
    if not table.rows or not table.columns:
        return "".join(f"{line}\n" for line in footers_of(table, options)) + "\n"
    style = lines_of(options)
    heads = [shown(name) for name in table.columns]
    rows = texts(table, options)
    if options.format is Format.ALIGNED and options.border == 1 and plain(table.columns) and all(map(plain, rows)):
        return _simple(table, options, rows, style)
    body = [[shown(cell) for cell in row] for row in rows]
    sizes = _Sizes(table, options, heads, body, style, room)
    out: list[str] = []
    if title := title_of(table, options):
        out.append(title)
    for number, row in enumerate(body, 1):
        rule = style.top if number == 1 else style.middle
        if not options.tuples_only:
            out.append(_record(rule, number, sizes))
        elif number > 1 or sizes.border == 2:
            out.append(_record(rule, 0, sizes))
        for head, cell in zip(heads, row, strict=True):
            out += _field(head, cell, style, sizes)
    if sizes.border == 2:
        out.append(_record(style.bottom, 0, sizes))
    if footers := own_footers(table, options):
        out += ["", *footers] if sizes.border < 2 else footers
    return "".join(f"{line}\n" for line in out) + "\n"


def _simple(table: Table, options: Options, rows: list[list[str]], style: Lines) -> str:
    """Border 1 where every name and cell is one line of ASCII."""
    sizes = _Sizes(table, options, [], [], style, 0)
    sizes.head = max(map(len, table.columns))
    sizes.data = max(max(map(len, row)) for row in rows)
    labels = [f"{name.ljust(sizes.head)} {style.data.middle} " for name in table.columns]
    records = ["\n".join(map(str.__add__, labels, row)) for row in rows]
    if options.tuples_only:
        text = f"\n{_record(style.middle, 0, sizes)}\n".join(records)
    else:
        text = "\n".join(f"{_record(style.top if i == 1 else style.middle, i, sizes)}\n{record}" for i, record in enumerate(records, 1))
    title = title_of(table, options)
    footers = own_footers(table, options)
    return (f"{title}\n" if title else "") + text + "\n" + ("".join(f"{line}\n" for line in ["", *footers]) if footers else "") + "\n"


def _record(rule: Rule, number: int, sizes: _Sizes) -> str:
    border = sizes.border
    dash = rule.dash if border else " "
    label = "" if not number else f"[ RECORD {number} ]" if border else f"* Record {number}"
    line = {0: "", 1: rule.dash, 2: rule.left + rule.dash}[border] + label
    used = len(label) + (border != 2)
    line += dash * (sizes.labels - used)
    over = used - sizes.labels if used > sizes.labels else 0
    middle = [rule.dash, rule.middle, rule.dash] if border else [" "]
    line += "".join(middle[over:])
    line += dash * (sizes.data - max(over - len(middle), 0))
    return line + rule.dash + rule.right if border == 2 else line


def _field(head: list[Line], cell: list[Line], style: Lines, sizes: _Sizes) -> list[str]:
    out = []
    heads, cells = list(head), list(cell)
    first_head, wrapped, broken = True, False, False
    while heads or cells:
        line = style.data.left if sizes.border == 2 else ""
        if heads:
            line += _label(heads, first_head, style, sizes)
            first_head = False
        else:
            extra = sizes.border < 2 and sizes.head_breaks and (sizes.old or sizes.border == 0)
            line += " " * (sizes.head + sizes.border + extra)
        if sizes.border:
            line += style.bar_wrap if wrapped else style.bar_newline if broken else style.data.middle
        if cells:
            text, wrapped, broken = _value(cells, wrapped, broken, style, sizes)
            line += text
        elif sizes.border == 2:
            line += " " * (sizes.data + 2)
        out.append(line + style.data.right if sizes.border == 2 else line)
    return out


def _label(heads: list[Line], first: bool, style: Lines, sizes: _Sizes) -> str:
    text, width = heads.pop(0)
    line = ""
    if sizes.border == 2 or (sizes.head_breaks and sizes.old):
        line += " " if first else style.header_newline_left
    line += text + " " * (sizes.head - width)
    if heads:
        return line + (style.header_newline_right if sizes.border or not sizes.old else "")
    return line + (" " if sizes.border or (sizes.head_breaks and not sizes.old) else "")


def _value(cells: list[Line], wrapped: bool, broken: bool, style: Lines, sizes: _Sizes) -> tuple[str, bool, bool]:
    text, width = cells[0]
    line = style.wrap_left if wrapped else " "
    part, used = (text, width) if width <= sizes.data else fit(text, sizes.data)
    blank = " " * (sizes.data - used)
    marks = sizes.border == 2 or (sizes.data_breaks and not sizes.old)
    if len(part) < len(text):
        cells[0] = (text[len(part) :], width - used)
        return line + part + (blank + style.wrap_right if marks else ""), True, broken
    cells.pop(0)
    if cells:
        return line + part + (blank + style.newline_right if marks else ""), False, True
    # psql draws the wrap bar beside what is left of a name of several lines once its value has ended
    return line + part + (blank + " " if sizes.border == 2 else ""), bool(text), broken
