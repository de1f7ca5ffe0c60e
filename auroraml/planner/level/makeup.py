"""Makeup: what a plan is made of, found in one walk, so that steps with nothing to do in it are not taken."""

from __future__ import annotations

from typing import Final

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.objects import Function
from auroraml.ir.tree import every

SAFE: Final = "s"
RESTRICTED: Final = "r"
UNSAFE: Final = "u"
_CALLS: Final = (e.Call, e.OpCall, e.ArrayOp, e.Distinct, e.NullIf, e.Aggregate, e.WindowCall)
_CHANGES: Final = (l.Insert, l.Update, l.Delete)
# Tables joined, and expressions of their columns: no subqueries, whole rows, functions or VALUES in FROM, nothing that stands for something else.
_PLAIN: Final = frozenset(
    (
        l.Query, l.Insert, l.TableItem, l.JoinItem, l.Target, l.Window, e.SortKey, e.Const, e.ColumnRef, e.ParamRef, e.Call, e.OpCall, e.ArrayOp,
        e.Relabel, e.ViaText, e.ArrayCoerce, e.ElementRef, e.And, e.Or, e.Not, e.NullTest, e.BooleanTest, e.Distinct, e.NullIf, e.When, e.Case,
        e.Coalesce, e.MinMax, e.ArrayExpr, e.Subscript, e.SqlValue, e.Aggregate, e.Grouping, e.WindowCall,
    )
)  # fmt: skip


class Makeup:
    """What a statement's plan is made of.

    `built_in`: all functions called are PostgreSQL's own, none of them in SQL. `plain`: besides, each level is tables joined and expressions of
    their columns, and no rows are locked: there is nothing to pull up, inline or carry along. `hazard`: the worst for parallel workers.
    `read`: the ids of the columns that expressions read.
    """

    __slots__ = ("built_in", "hazard", "plain", "read")

    def __init__(self, plan: l.LogicalPlan) -> None:
        kinds: set[type] = set()
        functions: list[Function] = []
        locks = False
        self.read: set[int] = set()
        for part in every(plan):
            cls = part.__class__
            kinds.add(cls)
            if cls is e.Const:
                continue
            if isinstance(part, e.ColumnRef):
                self.read.add(part.id)
            elif isinstance(part, _CALLS):
                functions.append(part.function)
            elif isinstance(part, l.Query) and part.locks:
                locks = True
        self.built_in = not any(f.schema != "pg_catalog" or f.language == "sql" or f.batch for f in functions)
        self.plain = self.built_in and not locks and kinds <= _PLAIN
        marks = [f.parallel for f in functions]
        if UNSAFE in marks or locks or not kinds.isdisjoint(_CHANGES):
            self.hazard = UNSAFE
        elif RESTRICTED in marks or e.WindowCall in kinds or e.SubLink in kinds:
            self.hazard = RESTRICTED
        else:
            self.hazard = SAFE
