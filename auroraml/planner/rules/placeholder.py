"""PlaceHolder: an expression of a pulled-up subquery that must be computed below an outer join, passed on like a column (PlaceHolderVar)."""

from __future__ import annotations

from auroraml.ir.expr import ColumnRef, Expr
from auroraml.records import dataclass


@dataclass(frozen=True, kw_only=True, eq=False)
class PlaceHolder(ColumnRef):
    """Column `id` whose value is `expr`, computed where relation column `home` comes from."""

    expr: Expr
    home: int
