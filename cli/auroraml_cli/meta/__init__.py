"""Backslash commands: each module registers its own; those that list objects are SQL over pg_catalog."""

from __future__ import annotations

from auroraml_cli.meta import (
    buffers,
    cluster,
    conditionals,
    definitions,
    files,
    formats,
    helping,
    relation,
    relations,
    routines,
    sending,
    session,
    values,
)

__all__ = [
    "buffers",
    "cluster",
    "conditionals",
    "definitions",
    "files",
    "formats",
    "helping",
    "relation",
    "relations",
    "routines",
    "sending",
    "session",
    "values",
]
