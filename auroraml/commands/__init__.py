"""Commands: one module a family, reached through the Host protocol; importing them registers them."""

from auroraml.commands import (
    context,
    copy,
    cursors,
    explain,
    prepare,
    query,
    refused,
    schemas,
    sequences,
    settings,
    tables,
    transactions,
)

__all__ = ["context", "copy", "cursors", "explain", "prepare", "query", "refused", "schemas", "sequences", "settings", "tables", "transactions"]
