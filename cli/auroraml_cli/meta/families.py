"""All backslash commands; importing this module registers them."""

from __future__ import annotations

from auroraml_cli.meta import (
    absent,
    buffers,
    cluster,
    conditionals,
    definitions,
    files,
    formats,
    helping,
    picture,
    relation,
    relations,
    routines,
    sending,
    session,
    statistics,
    values,
)

__all__ = [
    "absent",
    "buffers",
    "cluster",
    "conditionals",
    "definitions",
    "files",
    "formats",
    "helping",
    "picture",
    "relation",
    "relations",
    "routines",
    "sending",
    "session",
    "statistics",
    "values",
]
