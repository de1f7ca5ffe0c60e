"""Walking, rewriting and comparing frozen trees of expressions and plans."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from auroraml.ir.expr import ColumnRef, Expr, SubPlan
from auroraml.records import replace
from auroraml.types.pg_type import PgType

T = TypeVar("T")
_SKIPPED: Final = ("type", "typmod", "at", "function", "operator", "relation", "original")  # a node's description, not its parts
_PLAIN: Final = frozenset(
    (
        "ClassVar",
        "Cost",
        "Function",
        "Index",
        "None",
        "Operator",
        "Output",
        "PgType",
        "Relation",
        "bool",
        "bytes",
        "dict",
        "float",
        "int",
        "str",
        "tuple",
    )
)
_UNCOMPARED: Final = ("at", "original", "form", "implicit")  # where it was written and how it is printed
_LEAVES: Final = (PgType, str, int, float, bool, bytes, type(None))


class _Shapes(dict[type, tuple[str, ...]]):
    """By class: the fields that may hold nodes, judged by their annotations."""

    def __missing__(self, cls: type) -> tuple[str, ...]:
        fields = (f for f in dataclasses.fields(cls) if f.name not in _SKIPPED and not _PLAIN.issuperset(re.findall(r"[A-Za-z_]\w*", str(f.type))))
        names = self[cls] = () if cls.__name__ == "Const" else tuple(f.name for f in fields)
        return names


class _Kinds(dict[type, bool]):
    """By class: whether its instances are nodes; catalog rows are not."""

    def __missing__(self, cls: type) -> bool:
        known = self[cls] = dataclasses.is_dataclass(cls) and not issubclass(cls, _LEAVES) and cls.__module__ != "auroraml.ir.objects"
        return known


class _Compared(dict[type, tuple[str, ...] | None]):
    """By class: the fields that count in a comparison by structure; None for what is compared by itself (values, catalog rows)."""

    def __missing__(self, cls: type) -> tuple[str, ...] | None:
        node = _KINDS[cls] and cls.__module__ != "auroraml.types.pg_type"
        skipped = ("name", *_UNCOMPARED) if issubclass(cls, ColumnRef) else _UNCOMPARED
        names = self[cls] = tuple(f.name for f in dataclasses.fields(cls) if f.name not in skipped) if node else None
        return names


_SHAPES: Final = _Shapes()
_KINDS: Final = _Kinds()
_COMPARED: Final = _Compared()


def children(node: object) -> list[object]:
    """The dataclass nodes directly below `node` (through tuples), catalog rows and columns made (`Output`) left out."""
    found: list[object] = []
    for name in _SHAPES[node.__class__]:
        value = getattr(node, name)
        if isinstance(value, tuple):
            _collect(value, found)
        elif _KINDS[value.__class__]:
            found.append(value)
    return found


def _collect(items: tuple[object, ...], found: list[object]) -> None:
    for item in items:
        if isinstance(item, tuple):
            _collect(item, found)
        elif _KINDS[item.__class__]:
            found.append(item)


def walk(node: object) -> Iterator[object]:
    """`node` and everything below it, in pre-order."""
    pending = [node]
    while pending:
        found = pending.pop()
        yield found
        below = children(found)
        if below:
            below.reverse()
            pending += below


def every(node: object) -> list[object]:
    """`node` and everything below it, a level of the tree after the other; quicker than `walk` where all of it is looked at."""
    found = [node]
    for part in found:  # grows meanwhile
        for name in _SHAPES[part.__class__]:
            value = getattr(part, name)
            if isinstance(value, tuple):
                _collect(value, found)
            elif _KINDS[value.__class__]:
                found.append(value)
    return found


def rewrite(node: T, change: Callable[[object], object | None]) -> T:
    """A copy of `node` with `change` applied top-down: its answer replaces a node (and is not entered), None goes on below.

    Parts that nothing below changes are shared, not copied.
    """
    replaced = change(node)
    if replaced is not None:
        return replaced  # type: ignore[return-value] # the caller's `change` keeps the kind of node
    changed: dict[str, object] | None = None
    for name in _SHAPES[node.__class__]:  # as in map_children, without a function for each node
        old = getattr(node, name)
        if isinstance(old, tuple):
            new: object = _rewritten(old, change)
        elif _KINDS[old.__class__]:
            new = rewrite(old, change)
        else:
            continue
        if new is not old:
            if changed is None:
                changed = {}
            changed[name] = new
    return node if changed is None else replace(node, **changed)


def _rewritten(items: tuple[object, ...], change: Callable[[object], object | None]) -> tuple[object, ...]:
    made: list[object] | None = None
    for i, old in enumerate(items):
        if isinstance(old, tuple):
            new: object = _rewritten(old, change)
        elif _KINDS[old.__class__]:
            new = rewrite(old, change)
        else:
            continue
        if new is not old:
            if made is None:
                made = list(items)
            made[i] = new
    return items if made is None else tuple(made)


def map_children(node: T, change: Callable[[object], object]) -> T:
    """A copy of `node` with `change` applied to each node directly below (itself, where nothing changed)."""
    changed: dict[str, object] | None = None
    for name in _SHAPES[node.__class__]:
        old = getattr(node, name)
        if isinstance(old, tuple):
            new: object = _mapped(old, change)
        elif _KINDS[old.__class__]:
            new = change(old)
        else:
            continue
        if new is not old:
            if changed is None:
                changed = {}
            changed[name] = new
    return node if changed is None else replace(node, **changed)


def _mapped(items: tuple[object, ...], change: Callable[[object], object]) -> tuple[object, ...]:
    made: list[object] | None = None
    for i, old in enumerate(items):
        if isinstance(old, tuple):
            new: object = _mapped(old, change)
        elif _KINDS[old.__class__]:
            new = change(old)
        else:
            continue
        if new is not old:
            if made is None:
                made = list(items)
            made[i] = new
    return items if made is None else tuple(made)


def same(a: object, b: object) -> bool:
    """Whether two trees are equal in structure, types and catalog rows; positions do not count."""
    if a is b:
        return True
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    cls = a.__class__
    if cls is not b.__class__:
        return False
    if (
        cls is SubPlan and isinstance(a, SubPlan) and isinstance(b, SubPlan)
    ):  # each place has a copy of the plan, whose nodes have numbers of their own
        return a.index == b.index and same(a.params, b.params) and same(a.test, b.test)
    names = _COMPARED[cls]
    if names is None:
        return a == b or (hasattr(a, "oid") and a.oid == b.oid)  # type: ignore[attr-defined] # catalog rows are equal by OID
    return all(same(getattr(a, name), getattr(b, name)) for name in names)


def expressions(node: object) -> Iterator[Expr]:
    """Every expression at or below `node`."""
    return (item for item in walk(node) if isinstance(item, Expr))
