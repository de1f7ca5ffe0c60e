"""The statement: its text, and the tree that the parser made of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from auroraml.sql.outline import SyntaxNode
from auroraml.teach.trace import Trace
from auroraml.teach.words import count, listed


def tell(trace: Trace) -> Iterator[str]:
    """The text; the tree, with what it is made of most."""
    yield from (f"  {line}" for line in trace.sql.splitlines())
    if trace.syntax is None:
        return
    kinds = Counter(node.kind for node in _all(trace.syntax))
    common = [f"{number} {kind}" for kind, number in kinds.most_common(3) if number > 1]
    made = f", among them {listed(common)}" if common else ""
    yield ""
    yield f"The parser makes a tree of {count(sum(kinds.values()), 'node')} of it{made}:"
    yield ""
    yield from _drawn(trace.syntax, "  ", "  ")


def _all(node: SyntaxNode) -> Iterator[SyntaxNode]:
    yield node
    for child in node.children:
        yield from _all(child)


def _drawn(node: SyntaxNode, first: str, rest: str) -> Iterator[str]:
    role = f"{node.role}: " if node.role and node.role.lower() != node.kind.lower() else ""
    yield f"{first}{role}{node.kind} {node.text}".rstrip()
    for number, child in enumerate(node.children, 1):
        last = number == len(node.children)
        yield from _drawn(child, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "))
