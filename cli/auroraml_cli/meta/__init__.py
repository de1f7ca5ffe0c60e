"""Backslash commands: each module registers its own; those that list objects are SQL over pg_catalog."""

from __future__ import annotations

from auroraml_cli.meta import buffers, conditionals, files, formats, helping, sending, session, values

__all__ = ["buffers", "conditionals", "files", "formats", "helping", "sending", "session", "values"]
