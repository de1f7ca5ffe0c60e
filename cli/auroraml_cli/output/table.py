"""What a format prints (Table) and how (Options, psql's \\pset)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from enum import Enum

from auroraml.lazy import pattern
from auroraml.records import dataclass

Cell = str | None
_NUMBER = pattern(r"([-+]?)(\d*)([0-9+\-.eE]*)")
NUMERIC = frozenset(("int2", "int4", "int8", "float4", "float8", "numeric", "oid", "xid", "xid8", "cid", "money"))  # set flush right


class Format(Enum):
    """The formats by \\pset's names."""

    ALIGNED = "aligned"
    ASCIIDOC = "asciidoc"
    CSV = "csv"
    HTML = "html"
    LATEX = "latex"
    LATEX_LONGTABLE = "latex-longtable"
    TROFF = "troff-ms"
    UNALIGNED = "unaligned"
    WRAPPED = "wrapped"
    JSON = "json"  # ours


@dataclass(frozen=True, kw_only=True)
class Table:
    """Names, right-aligned columns, rows as text (None: NULL), title and footers (None: the row count)."""

    columns: Sequence[str]
    numeric: Sequence[bool]
    rows: Sequence[Sequence[Cell]]
    title: str = ""
    footers: Sequence[str] | None = None
    kinds: Sequence[str] = field(default_factory=tuple)  # type names, for json


@dataclass(kw_only=True)
class Options:
    """\\pset's options."""

    format: Format = Format.ALIGNED
    border: int = 1
    expanded: str = "off"  # off, on, auto
    tuples_only: bool = False
    footer: bool = True
    null: str = ""
    field_separator: str = "|"
    record_separator: str = "\n"
    csv_separator: str = ","
    title: str | None = None
    columns: int = 0
    line_style: str = "ascii"
    unicode_border: str = "single"
    unicode_column: str = "single"
    unicode_header: str = "single"
    numeric_locale: bool = False
    pager: int = 1
    pager_min_lines: int = 0
    table_attributes: str | None = None
    topt_no_default: bool = False


def texts(table: Table, options: Options) -> list[list[str]]:
    """The cells as text, NULL as \\pset null has it, numbers grouped where \\pset numericlocale is on."""
    null = options.null
    if options.numeric_locale and any(table.numeric):
        return [
            [null if cell is None else grouped(cell) if numeric else cell for cell, numeric in zip(row, table.numeric, strict=True)]
            for row in table.rows
        ]
    return [[null if cell is None else cell for cell in row] for row in table.rows]


def grouped(number: str) -> str:
    """A number with commas between thousands, as psql has it in the C locale; anything else as it is."""
    match = _NUMBER.fullmatch(number)
    if match is None:
        return number
    sign, digits, rest = match.groups()
    first = len(digits) % 3
    groups = ([digits[:first]] if first else []) + [digits[i : i + 3] for i in range(first, len(digits), 3)]
    return sign + ",".join(groups) + rest


def title_of(table: Table, options: Options) -> str:
    """The title, unless only tuples are wanted."""
    return "" if options.tuples_only else (options.title or table.title)


def footers_of(table: Table, options: Options) -> list[str]:
    """The footers, or the count of rows in their place."""
    if options.tuples_only:
        return []
    if table.footers is not None:
        return list(table.footers)
    count = len(table.rows)
    return [f"({count} row{'' if count == 1 else 's'})"] if options.footer else []


def own_footers(table: Table, options: Options) -> list[str]:
    """The footers alone, for the formats that do not count rows."""
    return [] if options.tuples_only or table.footers is None else list(table.footers)
