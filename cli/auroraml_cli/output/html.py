"""The html format: a table element."""

from __future__ import annotations

from auroraml_cli.output.table import Options, Table, footers_of, own_footers, texts, title_of


def escaped(text: str) -> str:
    """Text as HTML shows it: markup characters, line breaks and leading blanks kept."""
    out = []
    leading = True
    for char in text:
        if char == " " and leading:
            out.append("&nbsp;")
            continue
        leading = False
        out.append({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "<br />\n"}.get(char, char))
        leading = leading or char == "\n"
    return "".join(out)


def _cell(text: str) -> str:
    return "&nbsp; " if not text.strip(" \t") else escaped(text)


def _open(table: Table, options: Options) -> str:
    attributes = f" {options.table_attributes}" if options.table_attributes else ""
    title = title_of(table, options)
    caption = f"  <caption>{escaped(title)}</caption>\n" if title else ""
    return f'<table border="{options.border}"{attributes}>\n{caption}'


def _footer(lines: list[str]) -> str:
    return f"<p>{''.join(f'{escaped(line)}<br />' + chr(10) for line in lines)}</p>" if lines else ""


def as_html(table: Table, options: Options) -> str:
    """The table as HTML."""
    if options.expanded == "on":
        return _expanded(table, options)
    out = _open(table, options)
    aligns = ["right" if numeric else "left" for numeric in table.numeric]
    if not options.tuples_only:
        out += "  <tr>\n" + "".join(f'    <th align="center">{escaped(name)}</th>\n' for name in table.columns) + "  </tr>\n"
    for row in texts(table, options):
        out += '  <tr valign="top">\n'
        out += "".join(f'    <td align="{align}">{_cell(cell)}</td>\n' for cell, align in zip(row, aligns, strict=True)) + "  </tr>\n"
    return out + "</table>\n" + _footer(footers_of(table, options)) + "\n"


def _expanded(table: Table, options: Options) -> str:
    out = _open(table, options)
    aligns = ["right" if numeric else "left" for numeric in table.numeric]
    for number, row in enumerate(texts(table, options), 1):
        label = ">&nbsp;" if options.tuples_only else f' align="center">Record {number}'
        out += f'\n  <tr><td colspan="2"{label}</td></tr>\n'
        for name, cell, align in zip(table.columns, row, aligns, strict=True):
            out += f'  <tr valign="top">\n    <th>{escaped(name)}</th>\n    <td align="{align}">{_cell(cell)}</td>\n  </tr>\n'
    return out + "</table>\n" + _footer(own_footers(table, options)) + "\n"
