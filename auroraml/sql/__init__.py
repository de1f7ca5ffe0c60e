"""The SQL front end: text to statements. sqlglot parses queries and expressions; utility statements have a parser of their own."""

from __future__ import annotations

from auroraml.sql.parser import parse, split

__all__ = ["parse", "split"]
