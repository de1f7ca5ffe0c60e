"""Leaves of sqlglot's trees: the letter and the token's number that an identifier carries, and the first token below a node."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

NO_TOKEN = 1 << 30


def mark(node: object) -> tuple[str, int]:
    """The letter and token number of a leaf; ("", -1) for what is none."""
    name = node if isinstance(node, str) else node.this if isinstance(node, (exp.Identifier, exp.Var)) else getattr(node, "name", "")
    if isinstance(name, str) and name[:1] == "_" and (number := name[2:]).isdigit():
        return name[1], int(number)
    return "", -1


def first_token(node: exp.Expression, shared: Mapping[int, int], own: dict[int, tuple[object, int]]) -> int:
    """The number of the first token below a node, NO_TOKEN where there is none: as `shared` has it by id, or found and noted in `own`."""
    if node.__class__ is exp.Identifier:
        letter, index = mark(node)
        return index if letter else NO_TOKEN
    found = shared.get(id(node))
    if found is not None:
        return found
    known = own.get(id(node))
    if known is not None:
        return known[1]
    found = NO_TOKEN
    if isinstance(node, exp.Anonymous):
        letter, index = mark(node.this)
        found = index if letter else NO_TOKEN
    for value in node.args.values():
        for child in value if isinstance(value, list) else (value,):
            if isinstance(child, exp.Expression):
                found = min(found, first_token(child, shared, own))
    own[id(node)] = node, found
    return found


def first_tokens(root: exp.Expression) -> dict[int, int]:
    """Those of a whole tree, by the ids of its nodes."""
    own: dict[int, tuple[object, int]] = {}
    first_token(root, {}, own)
    return {key: found for key, (_, found) in own.items()}
