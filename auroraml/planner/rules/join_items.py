"""The join tree that rules rewrite: FROM items, joins (also semi and anti) and groups of items under a condition (FromExpr)."""

from __future__ import annotations

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.records import dataclass


@dataclass(frozen=True, kw_only=True, eq=False)
class Group(l.FromItem):
    """Items joined by inner joins, under a list of conjuncts."""

    items: tuple[l.FromItem, ...] = ()
    where: tuple[e.Expr, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class NoTable(l.FromItem):
    """One row without columns (RTE_RESULT): what an empty FROM stands for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Member:
    """A query of a UNION ALL: what it reads, and the union's columns over that."""

    item: l.FromItem
    values: tuple[e.Expr, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class AppendItem(l.FromItem):
    """A UNION ALL that is part of its level, its members relations of the level too (an append relation)."""

    members: tuple[Member, ...]
