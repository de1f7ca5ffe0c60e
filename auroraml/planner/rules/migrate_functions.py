"""Function migration: eligible calls of batch functions move to FROM, where they run in batches (AWS: Function migration).

Driven by `Function.batch` alone. A call is eligible in the select list, WHERE and HAVING, where it is evaluated for every row: not under AND,
OR, COALESCE or CASE, but for a top-level simple CASE's operand and the predicate of a top-level searched CASE's first WHEN. What a select
list had is still printed as the call (MigratedRef); conditions read the function's columns, as they would had it been written in FROM.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.tree import children, map_children, rewrite, same, walk
from auroraml.planner.rules.split_level import NewId, above_grouping, above_windows, holds_window_call, made_by
from auroraml.settings import Settings
from auroraml.settings.aurora import APG_ENABLE_FUNCTION_MIGRATION, AURORAML_MIGRATE_UPDATE
from auroraml.types.pg_type import Rep

CONDITIONAL = (e.Case, e.Coalesce, e.And, e.Or, e.SubLink)
PREDICATES = (e.OpCall, e.NullTest, e.BooleanTest, e.Distinct, e.ArrayOp, e.Call, e.RowCompare, e.Not)
T = TypeVar("T")


def migrate(plan: l.LogicalPlan, settings: Settings) -> l.LogicalPlan:
    """`plan` with eligible calls moved, every level by itself; unchanged while apg_enable_function_migration is off."""
    if not settings[APG_ENABLE_FUNCTION_MIGRATION] or not _calls_batch(plan):
        return plan
    highest = max((x.id for x in walk(plan) if isinstance(x, l.Output | l.Target | e.ColumnRef)), default=0)
    numbers = iter(range(highest + 1, highest + 1_000_000))

    def change(node: object) -> object | None:
        if isinstance(node, l.Query):
            return _moved(map_children(node, below), lambda: next(numbers))
        if isinstance(node, l.Update | l.Delete):
            inner = map_children(node.query, below)
            query = _moved(inner, lambda: next(numbers)) if settings[AURORAML_MIGRATE_UPDATE] else inner
            returning = tuple(map_children(t, below) for t in node.returning)
            return replace(node, query=query, returning=returning, ctes=tuple(map_children(c, below) for c in node.ctes))
        return None

    def below(node: object) -> object:
        return rewrite(node, change)

    return rewrite(plan, change)


def _calls_batch(node: object) -> bool:
    return any(isinstance(x, e.Call) and x.function.batch for x in walk(node))


def _moved(query: l.Query, new_id: NewId) -> l.Query:
    """One level with its eligible calls in FROM, split in two where they stand above grouping or window functions."""
    parts = (*query.where, *query.group_by, *query.having, *query.windows, *query.targets)
    if not query.from_items or not any(_calls_batch(part) for part in parts):
        return query
    if query.grouped:
        return _grouped(query, new_id)
    if any(holds_window_call(call) for t in query.targets for call in _eligible(t.expr)):
        upper = above_windows(query, new_id)
        return _moved(_with_lower(upper, new_id), new_id)
    return _Rows(query, new_id).moved()


def _with_lower(upper: l.Query, new_id: NewId) -> l.Query:
    """A split level with the part below migrated too."""
    (item,) = upper.from_items
    assert isinstance(item, l.SubqueryItem) and isinstance(item.query, l.Query)
    return replace(upper, from_items=(replace(item, query=_Rows(item.query, new_id).moved()),))


def _grouped(query: l.Query, new_id: NewId) -> l.Query:
    """A grouped level: calls inside aggregates and group keys stay with its rows, calls of groups go above."""
    having = [h for h in query.having if _of_groups(h, query.group_by, top=False)]
    above = [t for t in query.targets if _of_groups(t.expr, query.group_by, top=True)]
    windows = [x for w in query.windows for x in children(w) if isinstance(x, e.Expr) and _of_groups(x, query.group_by, top=False)]
    if not (having or above or windows):
        return _Rows(query, new_id).moved()
    return _moved(_with_lower(above_grouping(query, having, new_id), new_id), new_id)


def _of_groups(expr: e.Expr, keys: Sequence[e.Expr], *, top: bool) -> bool:
    """Whether an eligible call in `expr` is evaluated once a group."""
    return bool(_eligible(expr, (*keys,), top=top))


def _eligible(expr: e.Expr, keys: Sequence[e.Expr] = (), *, top: bool = True) -> list[e.Call]:
    """The outermost eligible calls in `expr` outside aggregates and group keys."""
    found: list[e.Call] = []

    def visit(node: object) -> None:
        if isinstance(node, (*CONDITIONAL, e.Aggregate)) or (isinstance(node, e.Expr) and any(same(node, key) for key in keys)):
            return
        if isinstance(node, e.Call) and node.function.batch and not node.function.returns_set:
            found.append(node)
            return
        for child in children(node):
            visit(child)

    visit(_decisive(expr) if top else expr)
    return found


def _decisive(expr: e.Expr) -> e.Expr:
    """What a top-level CASE evaluates first, for every row: its operand, or the first WHEN's predicate; another expression itself."""
    if isinstance(expr, e.Case):
        return expr.operand if expr.operand is not None else expr.whens[0].condition
    return expr


class _Rows:
    """The calls of one level that are evaluated for its rows, before any grouping."""

    def __init__(self, query: l.Query, new_id: NewId) -> None:
        self.query = query
        self.new_id = new_id
        self.columns = set(made_by(query.from_items))
        self.items: list[l.FunctionItem] = []
        self.keys: list[tuple[e.Expr, e.Expr]] = []  # group keys as they were, and as they are

    def moved(self) -> l.Query:
        """The level with its eligible calls in FROM."""
        query = self.query
        where = tuple(self._top(condition, shown=False) for condition in query.where)
        group_by = tuple(self._values(key, shown=True) for key in query.group_by)
        self.keys = [(old, new) for old, new in zip(query.group_by, group_by, strict=True) if new is not old]
        if query.grouped:
            having = tuple(self._aggregated(h) for h in query.having)
            windows = self._aggregated(query.windows)
            targets = tuple(replace(t, expr=self._aggregated(t.expr)) for t in query.targets)
        else:
            having = query.having
            windows = self._values(query.windows, shown=True)
            targets = tuple(replace(t, expr=self._top(t.expr, shown=True)) for t in query.targets)
        return replace(query, where=where, group_by=group_by, having=having, windows=windows, targets=targets,
                       from_items=(*query.from_items, *self.items))  # fmt: skip

    def _top(self, expr: e.Expr, *, shown: bool) -> e.Expr:
        """A whole select-list entry or condition; CASE at its top in the two eligible forms."""
        if not isinstance(expr, e.Case):
            return self._values(expr, shown=shown)
        if expr.operand is not None:
            return replace(expr, operand=self._values(expr.operand, shown=shown))
        first = expr.whens[0]
        if not isinstance(first.condition, PREDICATES):
            return expr
        return replace(expr, whens=(replace(first, condition=self._values(first.condition, shown=shown)), *expr.whens[1:]))

    def _aggregated(self, node: T) -> T:
        """What stands above grouping: only group keys and the arguments of aggregates are evaluated for rows."""
        if isinstance(node, tuple):
            return tuple(self._aggregated(item) for item in node)  # type: ignore[return-value] # a tuple of the same

        def change(part: object) -> object | None:
            for old, new in self.keys:
                if isinstance(part, e.Expr) and same(part, old):
                    return new
            if isinstance(part, e.SubLink):
                return part
            if isinstance(part, e.Aggregate):
                if part.filter is not None:
                    return replace(part, filter=self._values(part.filter, shown=True))
                return replace(part, args=self._values(part.args, shown=True), order_by=self._values(part.order_by, shown=True))
            return None

        return rewrite(node, change)

    def _values(self, node: T, *, shown: bool) -> T:
        """Calls outside conditional parts, inner ones first."""
        if isinstance(node, tuple):
            return tuple(self._values(item, shown=shown) for item in node)  # type: ignore[return-value] # a tuple of the same

        def change(part: object) -> object | None:
            if isinstance(part, (*CONDITIONAL, e.Aggregate)):
                return part
            if isinstance(part, e.WindowCall) and part.filter is not None:
                return replace(part, filter=self._values(part.filter, shown=shown))
            if isinstance(part, e.FieldSelect) and isinstance(part.arg, e.Call) and self._may_move(part.arg):
                return self._move(part.arg, shown)[part.index]
            if isinstance(part, e.Call) and self._may_move(part):
                return self._whole(part, self._move(part, shown))
            return None

        return rewrite(node, change)

    def _may_move(self, call: e.Call) -> bool:
        """A batch function of the level's own rows; sets and window functions are not there yet when FROM is evaluated."""
        if not call.function.batch or call.function.returns_set:
            return False
        inside = [x for arg in call.args for x in walk(arg)]
        if any(isinstance(x, e.WindowCall) or (isinstance(x, e.Call) and x.function.returns_set) for x in inside):
            return False
        return any((isinstance(x, e.ColumnRef) and x.id in self.columns) or (isinstance(x, e.WholeRow) and self.columns & set(x.ids)) for x in inside)

    def _move(self, call: e.Call, shown: bool) -> list[e.Expr]:
        """Put `call` into FROM; its columns."""
        function = call.function
        moved = replace(call, args=self._values(call.args, shown=False))
        if call.type.rep is Rep.STRUCT:
            names = [(a.name, a.type, a.typmod) for a in call.type.attributes]
        else:
            named = function.outputs[0].name if len(function.outputs) == 1 else ""
            names = [(named or function.name, call.type, call.typmod)]
        outputs = tuple(l.Output(id=self.new_id(), name=name, type=type, typmod=typmod) for name, type, typmod in names)
        self.columns.update(o.id for o in outputs)
        self.items.append(l.FunctionItem(outputs=outputs, alias=function.name, lateral=True, calls=(moved,), column_counts=(len(outputs),),
                                         migrated=True))  # fmt: skip
        if not shown:
            return [e.ColumnRef(type=o.type, typmod=o.typmod, id=o.id, name=o.name) for o in outputs]
        return [
            e.MigratedRef(type=o.type, typmod=o.typmod, id=o.id, name=o.name, original=_part(call, i) if call.type.rep is Rep.STRUCT else call)
            for i, o in enumerate(outputs)
        ]

    @staticmethod
    def _whole(call: e.Call, columns: list[e.Expr]) -> e.Expr:
        if call.type.rep is not Rep.STRUCT:
            return columns[0]
        return e.RowExpr(type=call.type, typmod=call.typmod, args=tuple(columns), implicit=True, migrated=True)


def _part(call: e.Call, index: int) -> e.Expr:
    attribute = call.type.attributes[index]
    return e.FieldSelect(type=attribute.type, typmod=attribute.typmod, arg=call, index=index, name=attribute.name)
