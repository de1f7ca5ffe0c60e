"""Aurora's SQL Hash and Plan Hash lines: 32-bit checksums of the statement without its literals, and of the plan without its costs.

AWS publishes where the lines stand and that the numbers are signed 32-bit, not how they are made; equal statements and plans have equal
numbers here, but not Aurora's.
"""

from __future__ import annotations

import zlib

from auroraml.explain.model import NodeModel
from auroraml.sql.lexer import tokenize

SIGN = 1 << 31


def signed(text: str) -> int:
    """A checksum as Aurora prints them."""
    return (zlib.crc32(text.encode()) ^ SIGN) - SIGN


def sql_hash(text: str) -> int:
    """The hash of a statement: letter case, spacing, comments and literals do not count."""
    words = ["?" if token.kind in ("string", "number") else token.text for token in tokenize(text) if token.kind != "end"]
    return signed(" ".join(words))


def plan_hash(root: NodeModel) -> int:
    """The hash of a plan: its nodes, what they scan and how they are nested."""
    return signed(_outline(root))


def _outline(node: NodeModel) -> str:
    inside = ",".join(_outline(child) for child in node.children)
    return f"{node.plan_name} {node.head}({inside})"
