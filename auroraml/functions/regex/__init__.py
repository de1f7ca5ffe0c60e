"""Regular expressions: PostgreSQL's syntax translated, matching, extraction."""

from auroraml.functions.regex import extraction, matching

__all__ = ["extraction", "matching"]
