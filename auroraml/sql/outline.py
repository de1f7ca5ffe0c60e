"""The parsed tree as an outline of words: each node by its class, its leaves as they were written."""

from __future__ import annotations

from sqlglot import exp

from auroraml.records import dataclass
from auroraml.sql.leaf import mark
from auroraml.sql.statements import Tree

PLAIN = (exp.Identifier, exp.Var, exp.Literal, exp.Null, exp.Boolean, exp.Placeholder, exp.Parameter)
LITERAL = ("'", *"0123456789.")  # what numbers and strings begin with
WORDS = ("true", "false", "null")


@dataclass(frozen=True, kw_only=True)
class SyntaxNode:
    """A node of the parsed tree: what it is (`kind`), the part of its parent that it fills (`role`), its text where it is a leaf."""

    kind: str
    role: str = ""
    text: str = ""
    children: tuple[SyntaxNode, ...] = ()


def outline(tree: Tree) -> SyntaxNode:
    """The outline of a statement's tree."""
    return _Outliner(tree).node(tree.root, "")


class _Outliner:
    def __init__(self, tree: Tree) -> None:
        self.tokens = tree.source.tokens

    def node(self, node: exp.Expression, role: str) -> SyntaxNode:
        kind = "Function" if isinstance(node, exp.Anonymous) else type(node).__name__
        role = role.strip("_")
        if isinstance(node, PLAIN):
            return SyntaxNode(kind=kind, role=role, text=self.leaf(node))
        if isinstance(node, exp.Column) and all(isinstance(part, exp.Identifier) for part in node.parts):
            text = ".".join(self.leaf(part) for part in node.parts)
            return SyntaxNode(kind="Literal" if text[:1] in LITERAL or text.lower() in WORDS else kind, role=role, text=text)
        text = ""
        children: list[SyntaxNode] = []
        for key, value in node.args.items():
            for item in value if isinstance(value, list) else (value,):
                if isinstance(item, exp.DataType):
                    text = text or item.sql("postgres")
                elif isinstance(item, exp.Identifier) and key in ("this", "alias"):
                    text = f"{text} {self.leaf(item)}".strip()
                elif isinstance(item, exp.Expression):
                    children.append(self.node(item, "" if key in ("this", "expression", "expressions") else key))
                elif isinstance(item, str) and key == "this":
                    text = self.word(item)
                elif isinstance(item, (str, bool)) and item and key not in ("copy", "kind", "is_string"):
                    children.append(SyntaxNode(kind=self.word(item) if isinstance(item, str) else key, role=key if isinstance(item, str) else ""))
        return SyntaxNode(kind=kind, role=role, text=text, children=tuple(children))

    def leaf(self, node: exp.Expression) -> str:
        """A leaf as it was written."""
        letter, index = mark(node)
        return self.tokens[index].raw if letter else str(node.args.get("this", node.key))

    def word(self, text: str) -> str:
        letter, index = mark(text)
        return self.tokens[index].raw if letter else text
