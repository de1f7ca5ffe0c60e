"""Write docs/reference.md from the tables the engine runs by: `python tools/reference.py` (a test checks it is current)."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from auroraml_cli.reference import COMMANDS, OPTIONS, VARIABLES

from auroraml.catalog.data import PROCS
from auroraml.functions.signature import AGGREGATES, ROWS, SCALARS, WINDOWS
from auroraml.settings import DEFINED
from auroraml.settings.setting import Setting
from auroraml.types.table import BY_OID

TARGET = Path(__file__).resolve().parent.parent / "docs" / "reference.md"
KINDS = (
    ("Functions and operators' functions", SCALARS),
    ("Aggregates", AGGREGATES),
    ("Window functions", WINDOWS),
    ("Set-returning functions", ROWS),
)
HEAD = """# Reference

Made by `python tools/reference.py` from the tables the engine runs by; a test checks that it is current.
"""


def type_name(oid: int) -> str:
    """A type as signatures write it."""
    found = BY_OID.get(oid)
    return str(oid) if found is None else found.name[1:] + "[]" if found.name.startswith("_") else found.name


def function_lines(oids: set[int]) -> list[str]:
    """A line a function name, with the argument types of each form that runs here."""
    rows = sorted((row[1], [type_name(oid) for oid in row[2]]) for row in PROCS if row[0] in oids)
    return [f"- `{name}` " + ", ".join(f"({', '.join(args)})" for _, args in forms) for name, forms in groupby(rows, key=lambda row: row[0])]


def setting_line(setting: Setting[object]) -> str:
    """A setting's row."""
    cells = (f"`{setting.name}`", setting.kind.value, setting.show(setting.default) or "(empty)", setting.context.value, setting.help)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def reference() -> str:
    """The whole page."""
    parts = [HEAD]
    own = [s for s in DEFINED.values() if s.listed and s.name.startswith(("auroraml.", "apg_"))]
    rest = [s for s in DEFINED.values() if s.listed and s not in own]
    for title, settings in (("Settings of Aurora and of auroraml", own), ("PostgreSQL's settings", rest)):
        rows = "\n".join(setting_line(s) for s in sorted(settings, key=lambda s: s.name.lower()))
        parts.append(f"## {title}\n\n| name | type | default | may change | |\n|---|---|---|---|---|\n{rows}\n")
    for title, table in KINDS:
        parts.append(f"## {title}\n\nPostgreSQL's, with the argument types of each form that runs; any other form is refused with SQLSTATE 0A000.\n")
        parts.append("\n".join(function_lines(set(table))) + "\n")
    parts.append("## auroraml-sql\n\nThe command line, the backslash commands and the variables.\n")
    parts += [f"```text\n{text}```\n" for text in (OPTIONS, COMMANDS, VARIABLES)]
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(reference(), encoding="utf-8")
