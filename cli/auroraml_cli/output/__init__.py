"""Result tables in psql's formats, to the character."""

from __future__ import annotations

from auroraml_cli.output.aligned import aligned
from auroraml_cli.output.csv import as_csv, as_json
from auroraml_cli.output.expanded import expanded
from auroraml_cli.output.html import as_html
from auroraml_cli.output.markup import as_asciidoc, as_latex, as_latex_longtable, as_troff
from auroraml_cli.output.table import NUMERIC, Format, Options, Table
from auroraml_cli.output.unaligned import unaligned

__all__ = ["NUMERIC", "Format", "Options", "Table", "render"]

WRITERS = {
    Format.UNALIGNED: unaligned,
    Format.CSV: as_csv,
    Format.JSON: as_json,
    Format.HTML: as_html,
    Format.ASCIIDOC: as_asciidoc,
    Format.LATEX: as_latex,
    Format.LATEX_LONGTABLE: as_latex_longtable,
    Format.TROFF: as_troff,
}


def render(table: Table, options: Options, screen: int = 0) -> str:
    """`table` as the options say; `screen` is the terminal's width, 0 where there is none."""
    writer = WRITERS.get(options.format)
    if writer is not None:
        return writer(table, options)
    room = options.columns or screen
    return expanded(table, options, room) if options.expanded == "on" else aligned(table, options, room)
