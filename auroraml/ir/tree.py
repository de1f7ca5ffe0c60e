"""Walking, rewriting and comparing frozen trees of expressions and plans."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import TypeVar

from auroraml.ir.expr import Expr, SubPlan
from auroraml.types.pg_type import PgType

T = TypeVar("T")
_LEAVES = (PgType, str, int, float, bool, bytes, type(None))


_CACHED: dict[type, tuple[str, ...]] = {}


def _fields(cls: type) -> tuple[str, ...]:
    names = _CACHED.get(cls)
    if names is None:
        skipped = ("type", "typmod", "at", "function", "operator", "relation", "original")
        names = _CACHED[cls] = tuple(f.name for f in dataclasses.fields(cls) if f.name not in skipped)
    return names


_NODES: dict[type, bool] = {}


def _is_node(value: object) -> bool:
    cls = type(value)
    known = _NODES.get(cls)
    if known is None:
        known = _NODES[cls] = dataclasses.is_dataclass(cls) and not issubclass(cls, _LEAVES)
    return known


def children(node: object) -> Iterator[object]:
    """The dataclass nodes directly below `node` (through tuples), catalog rows left out."""
    for name in _fields(type(node)):
        yield from _nodes(getattr(node, name))


def _nodes(value: object) -> Iterator[object]:
    if isinstance(value, tuple):
        for item in value:
            yield from _nodes(item)
    elif _is_node(value) and type(value).__module__ != "auroraml.ir.objects":
        yield value


def walk(node: object) -> Iterator[object]:
    """`node` and everything below it, in pre-order."""
    yield node
    for child in children(node):
        yield from walk(child)


def rewrite(node: T, change: Callable[[object], object | None]) -> T:
    """A copy of `node` with `change` applied top-down: its answer replaces a node (and is not entered), None goes on below.

    Parts that nothing below changes are shared, not copied.
    """
    replaced = change(node)
    if replaced is not None:
        return replaced  # type: ignore[return-value] # the caller's `change` keeps the kind of node
    return map_children(node, lambda child: rewrite(child, change))


def map_children(node: T, change: Callable[[object], object]) -> T:
    """A copy of `node` with `change` applied to each node directly below (itself, where nothing changed)."""
    changed = {}
    for name in _fields(type(node)):
        old = getattr(node, name)
        new = _map(old, change)
        if new is not old:
            changed[name] = new
    return dataclasses.replace(node, **changed) if changed else node  # type: ignore[type-var]


def _map(value: object, change: Callable[[object], object]) -> object:
    if isinstance(value, tuple):
        items = tuple(_map(item, change) for item in value)
        return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
    if _is_node(value) and type(value).__module__ != "auroraml.ir.objects":
        return change(value)
    return value


def same(a: object, b: object) -> bool:
    """Whether two trees are equal in structure, types and catalog rows; positions do not count."""
    if a is b:
        return True
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if type(a) is not type(b):
        return False
    if isinstance(a, SubPlan) and isinstance(b, SubPlan):  # each place has a copy of the plan, whose nodes have numbers of their own
        return a.index == b.index and same(a.params, b.params) and same(a.test, b.test)
    if not _is_node(a) or type(a).__module__ in ("auroraml.ir.objects", "auroraml.types.pg_type"):
        return a == b or (hasattr(a, "oid") and a.oid == b.oid)  # type: ignore[attr-defined] # catalog rows are equal by OID
    return all(same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a) if f.name not in ("at", "original"))  # type: ignore[arg-type]


def expressions(node: object) -> Iterator[Expr]:
    """Every expression at or below `node`."""
    return (item for item in walk(node) if isinstance(item, Expr))
