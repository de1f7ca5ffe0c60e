"""csv as RFC 4180 has it, and json (ours): an array of objects."""

from __future__ import annotations

import json
from collections.abc import Sequence
from json.encoder import encode_basestring

from auroraml_cli.output.table import Cell, Options, Table, texts

_JSON_NUMBERS = frozenset(("int2", "int4", "int8", "oid", "float4", "float8", "numeric"))


def _field(text: str, separator: str) -> str:
    if text != "\\." and not any(char in text for char in (separator, "\r", "\n", '"')):
        return text
    return '"' + text.replace('"', '""') + '"'


def _column(cells: Sequence[str], separator: str) -> Sequence[str]:
    """A column's fields, looked through one by one only where some need quotes."""
    whole = "".join(cells)
    if "\\." not in whole and not any(char in whole for char in (separator, "\r", "\n", '"')):
        return cells
    return [_field(cell, separator) for cell in cells]


def as_csv(table: Table, options: Options) -> str:
    """Header and rows; expanded: one line a field, its name first."""
    comma = options.csv_separator
    names = [_field(name, comma) for name in table.columns]
    rows = texts(table, options)
    if options.expanded == "on":
        lines = [f"{name}{comma}{_field(cell, comma)}" for row in rows for name, cell in zip(names, row, strict=True)]
    else:
        lines = [] if options.tuples_only else [comma.join(names)]
        columns = [_column(column, comma) for column in zip(*rows, strict=True)]
        lines += map(comma.join, zip(*columns, strict=True))
    return "".join(f"{line}\n" for line in lines)


def _json(cell: Cell, kind: str) -> str:
    if cell is None:
        return "null"
    if kind == "bool":
        return "true" if cell == "t" else "false"
    if kind == "json" or kind == "jsonb":
        return json.dumps(json.loads(cell), ensure_ascii=False)
    if kind in _JSON_NUMBERS and cell not in ("NaN", "Infinity", "-Infinity"):
        return cell  # digits as they are: no precision is lost on the way through a float
    return encode_basestring(cell)


def as_json(table: Table, options: Options) -> str:
    """An array of objects; numbers, booleans, NULL and json as such."""
    kinds = table.kinds or [""] * len(table.columns)
    names = [json.dumps(name, ensure_ascii=False) for name in table.columns]
    rows = (", ".join(f"{name}: {_json(cell, kind)}" for name, cell, kind in zip(names, row, kinds, strict=True)) for row in table.rows)
    return "[" + ",\n ".join(f"{{{row}}}" for row in rows) + "]\n"
