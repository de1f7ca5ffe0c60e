"""Aurora's SQL Hash and Plan Hash lines: 32-bit checksums of the statement without its literals, and of the plan without its costs.

AWS publishes where the lines stand and that the numbers are signed 32-bit, not how they are made; equal statements and plans have equal
numbers here, but not Aurora's. The Query Identifier is modelled likewise: PostgreSQL hashes its parse tree, we the words.
"""

from __future__ import annotations

import hashlib
import zlib

from auroraml.explain.model import NodeModel
from auroraml.sql.lexer import tokenize

SIGN = 1 << 31


def query_identifier(text: str) -> int:
    """A 64-bit identifier of a statement, like compute_query_id's: equal for statements that differ in constants, spacing and case alone."""
    digest = hashlib.blake2b(_normalized(text).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def signed(text: str) -> int:
    """A checksum as Aurora prints them."""
    return (zlib.crc32(text.encode()) ^ SIGN) - SIGN


def sql_hash(text: str) -> int:
    """The hash of a statement: letter case, spacing, comments and literals do not count."""
    return signed(_normalized(text))


def _normalized(text: str) -> str:
    return " ".join("?" if token.kind in ("string", "number") else token.text for token in tokenize(text) if token.kind != "end")


def plan_hash(root: NodeModel) -> int:
    """The hash of a plan: its nodes, what they scan and how they are nested."""
    return signed(_outline(root))


def _outline(node: NodeModel) -> str:
    inside = ",".join(_outline(child) for child in node.children)
    return f"{node.plan_name} {node.head}({inside})"
