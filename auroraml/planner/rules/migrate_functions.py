"""Function migration: eligible calls of batch functions move to FROM, where they run in batches (AWS: Function migration).

Driven by `Function.batch` alone. A call is eligible in the select list, WHERE and HAVING, where it is evaluated for every row: not under AND,
OR, COALESCE or CASE, but for a top-level simple CASE's operand and the predicate of a top-level searched CASE's first WHEN. What a select
list had is still printed as the call (MigratedRef); conditions read the function's columns, as they would had it been written in FROM.
Each call is decided about once, where the walk meets it, and the decision noted (`ir.decisions`): EXPLAIN (MIGRATION) prints these notes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.decisions import MigrationRule
from auroraml.ir.tree import children, map_children, rewrite, same, walk
from auroraml.planner.rules import eligibility as rules
from auroraml.planner.rules.migration_notes import LevelNotes, Migrated, Notes, calls_batch
from auroraml.planner.rules.split_level import NewId, above_grouping, above_windows, holds_window_call, made_by
from auroraml.records import replace
from auroraml.settings import Settings
from auroraml.settings.aurora import APG_ENABLE_FUNCTION_MIGRATION, AURORAML_EQUAL_CALLS, AURORAML_MIGRATE_UPDATE
from auroraml.types.pg_type import Rep

T = TypeVar("T")


def migrate(plan: l.LogicalPlan, settings: Settings) -> Migrated:
    """`plan` with eligible calls moved, every level by itself, and what was decided; unchanged while apg_enable_function_migration is off."""
    if not calls_batch(plan):
        return Migrated(plan=plan)
    notes = Notes(plan)
    if not settings[APG_ENABLE_FUNCTION_MIGRATION]:
        notes.all_stay(plan, rules.MIGRATION_OFF)
        return Migrated(plan=plan, migrations=notes.taken())
    moved = _Statement(plan, settings, notes).moved(plan)
    return Migrated(plan=moved, migrations=notes.taken())


def _ids(node: object) -> Iterable[int]:
    """The column ids that a node names itself."""
    if isinstance(node, l.LogicalPlan):
        return [output.id for output in node.outputs]
    return (node.id,) if isinstance(node, (l.Target, e.ColumnRef)) else ()


class _Statement:
    """The levels of one statement, inner ones first."""

    def __init__(self, plan: l.LogicalPlan, settings: Settings, notes: Notes) -> None:
        highest = max((id for x in walk(plan) for id in _ids(x)), default=0)
        self.numbers = iter(range(highest + 1, highest + 1_000_000))
        self.updates = settings[AURORAML_MIGRATE_UPDATE]
        self.shared = settings[AURORAML_EQUAL_CALLS] == "shared"
        self.notes = notes

    def moved(self, node: T) -> T:
        """`node` with the calls of its levels moved."""
        return rewrite(node, self._change)

    def _change(self, node: object) -> object | None:
        if isinstance(node, l.Query):
            inner = self._below(node)
            level = self.notes.level(node)
            level.outside_clauses()
            return _Level(inner, level, lambda: next(self.numbers), shared=self.shared).moved()
        if isinstance(node, (l.Update, l.Delete)):
            return self._changed_rows(node)
        if isinstance(node, l.LogicalPlan):
            self.notes.outside(node)
        return None

    def _below(self, query: l.Query) -> l.Query:
        """A level with the levels below it moved; a subquery in a group key is one, wherever the key is written."""
        made = [(key, self.moved(key)) for key in query.group_by if any(isinstance(x, e.SubLink) for x in walk(key))]

        def change(part: object) -> object | None:
            found = next((new for old, new in made if isinstance(part, e.Expr) and same(part, old)), None)
            return self._change(part) if found is None else found

        return map_children(query, lambda child: rewrite(child, change) if made else self.moved(child))

    def _changed_rows(self, node: l.Update | l.Delete) -> l.LogicalPlan:
        """UPDATE and DELETE: PostgreSQL has no LATERAL reference to the table that is changed, so their own level is moved only if so set."""
        query = self._below(node.query)
        level = self.notes.level(node.query, targets="SET")
        level.outside_clauses()
        if self.updates:
            query = _Level(query, level, lambda: next(self.numbers), rules.UPDATE, shared=self.shared).moved()
        else:
            level.stay((query.where, query.targets), rules.CHANGE)
        self.notes.outside(node)
        return replace(node, query=query, returning=tuple(self.moved(t) for t in node.returning), ctes=tuple(self.moved(c) for c in node.ctes))


class _Level:
    """One level with its eligible calls in FROM, split in two where they stand above grouping or window functions."""

    def __init__(self, query: l.Query, notes: LevelNotes, new_id: NewId, rule: MigrationRule | None = None, *, shared: bool) -> None:
        self.query = query
        self.notes = notes
        self.new_id = new_id
        self.rule = rule  # in place of the rules of clauses
        self.shared = shared

    def moved(self) -> l.Query:
        """The level after all moves."""
        query = self.query
        parts = (*query.where, *query.group_by, *query.having, *query.windows, *query.targets)
        if not any(calls_batch(part) for part in parts):
            return query
        if not query.from_items:
            self.notes.stay(parts, rules.NO_FROM)
            return query
        return self._grouped(query) if query.grouped else self._plain(query)

    def _plain(self, query: l.Query) -> l.Query:
        if any(holds_window_call(call) for t in query.targets for call in _above(t.expr, query, top=True)):
            return self._plain(self._with_lower(above_windows(query, self.new_id)))
        return self._rows(query)

    def _grouped(self, query: l.Query) -> l.Query:
        """Calls inside aggregates and group keys stay with the level's rows, calls of groups go above."""
        having = [h for h in query.having if _above(h, query, top=True)]
        above = any(_above(t.expr, query, top=True) for t in query.targets)
        if not (having or above or any(_above(x, query, top=False) for w in query.windows for x in children(w))):
            return self._rows(query)
        return self._plain(self._with_lower(above_grouping(query, having, self.new_id)))

    def _with_lower(self, upper: l.Query) -> l.Query:
        """A split level with the part below migrated too."""
        (item,) = upper.from_items
        assert isinstance(item, l.SubqueryItem) and isinstance(item.query, l.Query)
        return replace(upper, from_items=(replace(item, query=self._rows(item.query)),))

    def _rows(self, query: l.Query) -> l.Query:
        return _Rows(query, self.notes, self.new_id, self.rule, shared=self.shared).moved()


def _above(node: object, query: l.Query, *, top: bool) -> list[e.Call]:
    """The outermost calls in `node` that can move once groups (or, ungrouped, rows) are made: outside aggregates and group keys."""
    found: list[e.Call] = []
    columns = made_by(query.from_items)

    def visit(node: object) -> None:
        if rules.blocking(node) is not None or (isinstance(node, e.Expr) and any(same(node, key) for key in query.group_by)):
            return
        if isinstance(node, e.Call) and node.function.batch and _standing(node, columns, query.grouped, windows=True) is None:
            found.append(node)
            return
        for child in children(node):
            visit(child)

    visit(_decisive(node) if top and isinstance(node, e.Expr) else node)
    return found


def _decisive(expr: e.Expr) -> e.Expr:
    """What a top-level CASE evaluates first, for every row: its operand, or the first WHEN's predicate; another expression itself."""
    inner = _uncoerced(expr)
    if isinstance(inner, e.Case):
        return inner.operand if inner.operand is not None else inner.whens[0].condition
    return expr


def _uncoerced(expr: e.Expr) -> e.Expr:
    """`expr` without the coercions at its top that nobody wrote."""
    while True:
        if isinstance(expr, (e.Relabel, e.ViaText)) and expr.implicit:
            expr = expr.arg
        elif isinstance(expr, e.Call) and expr.form == "implicit":
            expr = expr.args[0]
        else:
            return expr


def _standing(call: e.Call, columns: frozenset[int] | set[int], grouped: bool, *, windows: bool = False) -> MigrationRule | None:
    """The rule that keeps a call of a batch function where it stands, whatever is around it; None where it can be in FROM."""
    if call.function.returns_set:
        return rules.RETURNS_SET
    inside = [x for arg in call.args for x in walk(arg)]
    if any(isinstance(x, e.WindowCall) for x in inside) and not windows:
        return rules.WINDOW_ARGUMENT
    if any(isinstance(x, e.Call) and x.function.returns_set for x in inside):
        return rules.SET_ARGUMENT
    if any(isinstance(x, (e.Aggregate, e.WindowCall)) for x in inside) and (grouped or windows):
        return None
    read = any((isinstance(x, e.ColumnRef) and x.id in columns) or (isinstance(x, e.WholeRow) and columns & set(x.ids)) for x in inside)
    return None if read else rules.NO_COLUMN


class _Rows:
    """The calls of one level that are evaluated for its rows, before any grouping."""

    def __init__(self, query: l.Query, notes: LevelNotes, new_id: NewId, rule: MigrationRule | None, *, shared: bool) -> None:
        self.query = query
        self.notes = notes
        self.new_id = new_id
        self.rule = rule
        self.shared = shared  # whether equal calls are one
        self.columns = set(made_by(query.from_items))
        self.items: list[l.FunctionItem] = []
        self.keys: list[tuple[e.Expr, e.Expr]] = []  # group keys as they were, and as they are

    def moved(self) -> l.Query:
        """The level with its eligible calls in FROM."""
        query = self.query
        where = tuple(self._top(condition, shown=False) for condition in query.where)
        group_by = tuple(self._top(key, shown=True) for key in query.group_by)
        self.keys = list(zip(query.group_by, group_by, strict=True))
        if query.grouped:
            having = tuple(self._of_groups(h, None) for h in query.having)
            windows = tuple(self._of_groups(w, None) for w in query.windows)
            targets = tuple(replace(t, expr=self._of_groups(t.expr, None)) for t in query.targets)
        else:
            having = query.having
            windows = self._values(query.windows, shown=True)
            targets = tuple(replace(t, expr=self._top(t.expr, shown=True)) for t in query.targets)
        return replace(query, where=where, group_by=group_by, having=having, windows=windows, targets=targets,
                       from_items=(*query.from_items, *self.items))  # fmt: skip

    def _top(self, expr: e.Expr, *, shown: bool) -> e.Expr:
        """A whole select-list entry or condition; CASE at its top in the two eligible forms."""
        inner = _uncoerced(expr)
        if not isinstance(inner, e.Case):
            return self._values(expr, shown=shown)
        case = self._case(inner, shown=shown)
        return expr if case is inner else rewrite(expr, lambda part: case if part is inner else None)

    def _case(self, case: e.Case, *, shown: bool) -> e.Case:
        first, *later = case.whens
        if case.operand is not None:
            self.notes.stay((case.whens, case.default), rules.CASE_BRANCH)
            return replace(case, operand=self._values(case.operand, shown=shown, rule=rules.SIMPLE_CASE))
        self.notes.stay((first.result, later, case.default), rules.CASE_BRANCH)
        if rules.blocking(first.condition) is not None:
            self.notes.stay(first.condition, rules.CASE_FIRST_WHEN)
            return case
        condition = self._values(first.condition, shown=shown, rule=rules.SEARCHED_CASE)
        return replace(case, whens=(replace(first, condition=condition), *later))

    def _of_groups(self, node: T, blocked: MigrationRule | None) -> T:
        """What stands above grouping: only group keys and the arguments of aggregates are evaluated for rows."""

        def change(part: object) -> object | None:
            if (key := self._key(part)) is not None:
                return key
            if isinstance(part, e.SubLink):
                self.notes.stay(part.test, rules.SUBLINK)
                return part
            if isinstance(part, e.Aggregate):
                return self._aggregate(part)
            if isinstance(part, e.Call) and part.function.batch:
                self.notes.note(part, blocked or _standing(part, self.columns, True) or rules.AGGREGATE)
            around = rules.blocking(part)
            return None if around is None else map_children(part, lambda child: self._of_groups(child, around))

        return rewrite(node, change)

    def _key(self, part: object) -> e.Expr | None:
        """The group key that `part` is, as it is now: it is not evaluated again, in an aggregate's arguments neither."""
        return next((new for old, new in self.keys if isinstance(part, e.Expr) and same(part, old)), None)

    def _aggregate(self, call: e.Aggregate) -> e.Aggregate:
        if call.filter is not None:
            self.notes.stay((call.args, call.order_by, call.direct), rules.FILTERED)
            return replace(call, filter=self._values(call.filter, shown=True))
        self.notes.stay(call.direct, rules.AGGREGATE)
        return replace(call, args=self._values(call.args, shown=True), order_by=self._values(call.order_by, shown=True))

    def _values(self, node: T, *, shown: bool, rule: MigrationRule | None = None) -> T:
        """Calls outside conditional parts, inner ones first; `rule` in place of that of the clause."""

        def change(part: object) -> object | None:
            if (key := self._key(part)) is not None:
                return key
            if isinstance(part, e.SubLink) and part.test is not None:
                return self._test(part, shown, rule)
            around = rules.blocking(part)
            if around is not None:
                self.notes.stay(part, around)
                return part
            if isinstance(part, e.WindowCall) and part.filter is not None:
                self.notes.stay(part.args, rules.FILTERED)
                return replace(part, filter=self._values(part.filter, shown=shown, rule=rule))
            if isinstance(part, e.FieldSelect) and isinstance(part.arg, e.Call) and self._may_move(part.arg):
                return self._move(part.arg, shown, rule)[part.index]
            if isinstance(part, e.Call) and part.function.batch:
                stands = _standing(part, self.columns, False)
                if stands is None:
                    return self._whole(part, self._move(part, shown, rule))
                self.notes.note(part, stands)
            return None

        if isinstance(node, tuple):
            return tuple(self._values(item, shown=shown, rule=rule) for item in node)  # type: ignore[return-value] # a tuple of the same
        return rewrite(node, change)

    def _test(self, link: e.SubLink, shown: bool, rule: MigrationRule | None) -> e.SubLink:
        """The left side of IN, ANY or ALL over a subquery is evaluated for every row; so is each column of a row there."""
        assert link.test is not None
        tests = link.test.args if isinstance(link.test, e.And) else (link.test,)
        moved = tuple(self._values(test, shown=shown, rule=rule) for test in tests)
        if all(a is b for a, b in zip(moved, tests, strict=True)):
            return link
        return replace(link, test=replace(link.test, args=moved) if isinstance(link.test, e.And) else moved[0], left=None)

    def _may_move(self, call: e.Call) -> bool:
        return call.function.batch and _standing(call, self.columns, False) is None

    def _move(self, call: e.Call, shown: bool, rule: MigrationRule | None) -> list[e.Expr]:
        """Put `call` into FROM; its columns."""
        function = call.function
        self.notes.note(call, rule or self.rule)
        moved = replace(call, args=self._values(call.args, shown=False, rule=rules.ARGUMENT))
        if call.type.rep is Rep.STRUCT:
            names = [(a.name, a.type, a.typmod) for a in call.type.attributes]
        else:
            named = function.outputs[0].name if len(function.outputs) == 1 else ""
            names = [(named or function.name, call.type, call.typmod)]
        known = next((item for item in self.items if self.shared and same(item.calls[0], moved)), None)
        if known is not None:
            outputs = known.outputs
        else:
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
    def _whole(call: e.Call, columns: Sequence[e.Expr]) -> e.Expr:
        if call.type.rep is not Rep.STRUCT:
            return columns[0]
        return e.RowExpr(type=call.type, typmod=call.typmod, args=tuple(columns), implicit=True, migrated=True)


def _part(call: e.Call, index: int) -> e.Expr:
    attribute = call.type.attributes[index]
    return e.FieldSelect(type=attribute.type, typmod=attribute.typmod, arg=call, index=index, name=attribute.name)
