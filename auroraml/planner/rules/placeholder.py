"""PlaceHolder: an expression of a pulled-up subquery that must be computed below an outer join, passed on like a column (PlaceHolderVar)."""

from __future__ import annotations

from auroraml.ir.expr import ColumnRef, Expr
from auroraml.records import dataclass


@dataclass(frozen=True, kw_only=True, eq=False)
class PlaceHolder(ColumnRef):
    """Column `id` whose value is `expr`, computed where relation column `home` comes from, or where `homes` are joined."""

    expr: Expr
    home: int
    homes: frozenset[int] = frozenset()  # first columns of its subquery's relations, where these are several


@dataclass(frozen=True, kw_only=True, eq=False)
class RowHolder(PlaceHolder):
    """A relation's whole row, carried along as one column (a whole-row Var)."""


def is_held(expr: Expr) -> bool:
    """Whether an expression is a place holder proper, which stands behind a relation's columns."""
    return isinstance(expr, PlaceHolder) and not isinstance(expr, RowHolder)
