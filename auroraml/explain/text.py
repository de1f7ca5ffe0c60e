"""The model as EXPLAIN's text format."""

from __future__ import annotations

from auroraml.explain.model import Document, NodeModel


def render(document: Document) -> list[str]:
    """The lines, without psql's margin."""
    lines: list[str] = []
    _node(document.root, 0, lines)
    for item in document.footer:
        if item.text is not None:
            lines += item.text.split("\n")
    return lines


def _node(node: NodeModel, indent: int, lines: list[str]) -> None:
    if node.plan_name:
        lines.append("  " * indent + node.plan_name)
        indent += 1
    arrow = ""
    if indent:
        arrow = "  " * indent + "->  "
        indent += 2
    lines.append(arrow + node.head + node.costs)
    indent += 1
    for item in node.properties:
        if item.text is not None:
            lines += ["  " * indent + line for line in item.text.split("\n")]
    for child in node.children:
        _node(child, indent, lines)
