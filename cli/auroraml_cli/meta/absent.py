"""Lists of objects that cannot be made here (foreign data, event triggers, subscriptions, ...): always empty, under psql's headings."""

from __future__ import annotations

from copy import copy

from auroraml_cli.meta.listing import listing
from auroraml_cli.meta.registry import Call, meta
from auroraml_cli.output import Table

LISTS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {  # command: title, columns, columns that + adds
    "des": ("List of foreign servers", ("Name", "Owner", "Foreign-data wrapper"), ("Access privileges", "Type", "Version", "FDW options", "Description")),
    "deu": ("List of user mappings", ("Server", "User name"), ("FDW options",)),
    "dew": ("List of foreign-data wrappers", ("Name", "Owner", "Handler", "Validator"), ("Access privileges", "FDW options", "Description")),
    "det": ("List of foreign tables", ("Schema", "Table", "Server"), ("FDW options", "Description")),
    "dy": ("List of event triggers", ("Name", "Event", "Owner", "Enabled", "Function", "Tags"), ("Description",)),
    "dRp": ("List of publications", ("Name", "Owner", "All tables", "Inserts", "Updates", "Deletes", "Truncates", "Via root"), ()),
    "dRs": (
        "List of subscriptions", ("Name", "Owner", "Enabled", "Publication"),
        ("Binary", "Streaming", "Two-phase commit", "Disable on error", "Synchronous commit", "Conninfo", "Skip LSN"),
    ),
    "dP": ("List of partitioned relations", ("Schema", "Name", "Owner", "Type", "Parent name", "Table"), ()),
    "dl": ("Large objects", ("ID", "Owner", "Description"), ()),
}  # fmt: skip


@meta(*LISTS, suffix=r"\+?")
@listing
def empty(call: Call, pattern: str | None) -> bool:
    """The heading, and no rows."""
    title, columns, more = LISTS[call.name.rstrip("+")]
    columns += more if call.verbose else ()
    if pattern is None:
        columns = tuple(column for column in columns if column != "Parent name")  # \\dP names parents only where it shows partitions
    options = copy(call.shell.options)
    options.title = title
    call.shell.print_table(Table(columns=columns, numeric=[False] * len(columns), rows=[], title=title), options)
    return True
