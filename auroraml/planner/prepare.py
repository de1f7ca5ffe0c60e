"""A bound query to a Level: PostgreSQL's preparation steps in PostgreSQL's order (subquery_planner)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.tree import same, walk
from auroraml.planner.level.level import Level
from auroraml.planner.level.pathkeys import SortClause
from auroraml.planner.level.questions import columns_in, conjuncts, contains, equal, ids_in, rewrite, volatile
from auroraml.planner.level.statement import Outer, Statement
from auroraml.planner.row_marks import RowMarks
from auroraml.planner.rules.fold_constants import canonical
from auroraml.planner.rules.join_tree import AppendItem, Group, Member, NoTable, all_ids, leaves
from auroraml.planner.rules.placeholder import PlaceHolder, RowHolder
from auroraml.planner.rules.pull_up_sublinks import all_of
from auroraml.planner.rules.pull_up_subqueries import SubqueryPuller, substitute
from auroraml.planner.rules.reduce_outer_joins import reduce_outer_joins, remove_no_tables
from auroraml.planner.rules.whole_rows import WholeRows
from auroraml.planner.subplans import multi_field, plan_multi, plan_sublink
from auroraml.records import replace
from auroraml.types.table import RECORD

NOTHING: Final[Mapping[int, e.Expr]] = {}
ROW_ID: Final = -1  # the column id of the changed table's row number


class LevelExpressions:
    """Expressions of a level made ready for its plan."""

    def __init__(self, level: Level, plain: bool = False) -> None:
        self.level = level
        self.plain = plain  # there are no subqueries, no functions to inline, no columns but the level's own

    def expr(self, expr: e.Expr, qual: bool = False) -> e.Expr:
        """An expression folded, its subqueries planned, outer columns as parameters (preprocess_expression)."""
        return self.exprs((expr,), qual)[0]

    def exprs(self, exprs: Sequence[e.Expr], qual: bool = False) -> tuple[e.Expr, ...]:
        """Several that are one list to PostgreSQL: the subqueries of all are planned before any outer column is replaced."""
        folded = [self._folded(x, qual) for x in exprs]
        return tuple(folded) if self.plain else self._outside(folded, qual)

    def _folded(self, expr: e.Expr, qual: bool) -> e.Expr:
        made = self.level.fold(expr if self.plain else self.level.statement.inlined(expr))
        return canonical(made) if qual else made

    def _outside(self, exprs: Sequence[e.Expr], top: bool) -> tuple[e.Expr, ...]:
        """Subqueries planned first, then columns of outer levels replaced."""
        planned: dict[int, e.Expr] = {}
        for place in sorted(range(len(exprs)), key=lambda place: _turn(exprs[place])):
            planned[place] = self._planned(exprs[place], top)
        return tuple([rewrite(planned[place], self._carried) for place in range(len(exprs))])

    def _planned(self, expr: e.Expr, top: bool) -> e.Expr:
        if top and isinstance(expr, e.And):
            return replace(expr, args=tuple(self._planned(a, True) for a in expr.args))
        if top and isinstance(expr, e.SubLink):
            return plan_sublink(self.level, self._link(expr), True, self._filled)
        return rewrite(expr, self._subquery)

    def _subquery(self, part: object) -> object | None:
        if isinstance(part, e.Aggregate) and part.outer:
            return part  # with its subqueries the level's that it is of
        if isinstance(part, e.FieldSelect) and isinstance(part.arg, e.SubLink) and part.arg.kind == "multi":
            return multi_field(self.level, part, part.arg, self._filled)
        if not isinstance(part, e.SubLink):
            return None
        if part.kind == "multi":
            plan = plan_multi(self.level, part, self._filled)
            return plan if plan.params else e.Const(type=RECORD, value=None)
        return plan_sublink(self.level, self._link(part), False, self._filled)

    def _filled(self, ref: e.Expr) -> e.Expr:
        """What a subquery gets of this level; the subqueries within an aggregate are planned before the one that it stands in."""
        return rewrite(ref, self._subquery) if isinstance(ref, e.Aggregate) else ref

    def _carried(self, part: object) -> object | None:
        level = self.level
        if isinstance(part, e.WholeRow) and not level.ids.issuperset(part.ids):
            refs = (e.ColumnRef(type=a.type, typmod=a.typmod, id=i, name=a.name) for i, a in zip(part.ids, part.type.attributes, strict=False))
            return e.RowExpr(type=part.type, args=tuple(rewrite(r, self._carried) for r in refs))
        if (isinstance(part, e.Aggregate) and part.outer) or isinstance(part, e.Grouping):
            ids = ids_in(part)
            if level.outer is not None and ids and level.ids.isdisjoint(ids):
                return level.outer.computed(part, ids)
        if isinstance(part, PlaceHolder) and part.home in level.ids:
            return self._held(part)
        if isinstance(part, e.ColumnRef) and part.id not in level.ids:
            if level.outer is None:
                raise AssertionError(f"column {part.name} ({part.id}) is nowhere")
            return level.outer.reference(part)
        return None

    def _held(self, holder: PlaceHolder) -> PlaceHolder:
        """A place holder with its expression prepared, once."""
        known = self.level.placeholders.get(holder.id)
        if known is None:
            known = replace(holder, expr=self.expr(holder.expr))
            self.level.placeholders[holder.id] = known
            self.level.ids |= {holder.id}
        return known

    def _note_held(self, query: object) -> None:
        """Place holders of this level that a subquery reads are known before it is planned."""
        for part in walk(query):
            if isinstance(part, PlaceHolder) and part.home in self.level.ids:
                self._held(part)

    def _link(self, link: e.SubLink) -> e.SubLink:
        """The test's own parts prepared; the columns of the subquery stay."""
        self._note_held(link.query)
        if link.test is None:
            return link
        inside = {o.id for o in link.query.outputs}
        level = self.level

        def change(part: object) -> object | None:
            if isinstance(part, e.SubLink):
                return plan_sublink(level, self._link(part), False, self._filled)
            if isinstance(part, PlaceHolder) and part.home in level.ids:
                return self._held(part)
            if isinstance(part, e.ColumnRef) and part.id not in level.ids and part.id not in inside and level.outer is not None:
                return level.outer.reference(part)
            return None

        return replace(link, test=rewrite(link.test, change))


class Prepared(LevelExpressions):
    """A level's query after preparation: its join tree and clauses, columns of outer levels as parameters."""

    def __init__(
        self, statement: Statement, query: l.Query, outer: Outer | None, row_of: l.TableItem | None = None, read: Mapping[int, e.Expr] = NOTHING
    ) -> None:
        super().__init__(Level(statement, outer), statement.makeup.plain and outer is None and row_of is None)
        self.level.row_of = row_of
        self.level.outputs = query.outputs
        query = self._with_entries(query)
        tree, query = self._tables_joined(query) if self.plain else self._pulled(query, row_of, read)
        self.level.has_having = bool(query.having)
        query = self._targets(query)
        tree = self._quals(tree)
        self.query = self._clauses(query)
        tree = self._sources(tree)
        tree, self.query = self._having_to_where(tree, self.query)
        tree = reduce_outer_joins(tree)
        moved: dict[int, frozenset[int]] = {}
        made = remove_no_tables(tree, {holder.home for holder in self.level.placeholders.values() if not holder.homes}, moved)
        assert isinstance(made, Group)
        for holder in list(self.level.placeholders.values()) if moved else ():
            homes = holder.homes or frozenset((holder.home,))
            while not homes.isdisjoint(moved):
                homes = frozenset().union(*(moved.get(home, (home,)) for home in homes))
            self.level.placeholders[holder.id] = replace(holder, home=min(homes), homes=homes if len(homes) > 1 else frozenset())
        self.tree = made
        self.level.bare = len(made.items) == 1 and isinstance(made.items[0], NoTable)
        self.level.query = self.query
        self.level.targets = list(self.query.targets)
        self._sort_and_group()

    def _tables_joined(self, query: l.Query) -> tuple[Group, l.Query]:
        """The join tree of a query that is plain, and its upper part."""
        tree = Group(items=query.from_items or (NoTable(),), where=tuple([part for c in query.where for part in conjuncts(c)]))
        found = leaves(tree)
        self.level.range_order = {leaf.outputs[0].id if leaf.outputs else 0: place for place, leaf in enumerate(found)}
        self.entries = len(found) + _joins(tree)
        self.level.statement.range_table += self.entries
        self.level.ids = frozenset([o.id for leaf in found for o in leaf.outputs])
        return tree, query

    def _pulled(self, query: l.Query, row_of: l.TableItem | None, read: Mapping[int, e.Expr]) -> tuple[Group, l.Query]:
        """The join tree with all that is simple pulled up into it, rows carried along that are wanted again, and the query's upper part."""
        statement = self.level.statement
        puller = SubqueryPuller(statement.new_id)
        tree = puller.prepared(query)
        written = sum(1 for _ in leaves(tree)) + _joins(tree)
        pulled = puller.tree(tree, False)
        assert isinstance(pulled, Group)
        self.level.range_order = {first: place for place, first in enumerate(puller.order)}
        query = substitute(replace(query, from_items=(), where=()), puller.values)
        tree = substitute(pulled, puller.values)
        self.entries = written + puller.pulled
        statement.range_table += self.entries
        rows = WholeRows(tree, statement.new_id)
        query, tree = rows.held(query), rows.held_group(tree)
        marks = RowMarks(statement, tree, self.level.range_order, puller.locked, row_of, rows)
        query = self._with_read(marks.over(query), {id: rows.held(substitute(expr, puller.values)) for id, expr in read.items()})
        self.level.locks = bool(puller.locked)
        self.level.row_columns, self.level.marks = marks.columns, marks.marks
        self.level.placeholders.update((holder.id, holder) for holder in rows.holders.values())
        self.level.ids = all_ids(tree) | frozenset(self.level.placeholders)
        if row_of is not None:
            self.level.row_columns.append((row_of, ROW_ID))
        self.level.ids |= {id for _, id in self.level.row_columns}
        return tree, query

    def _with_read(self, query: l.Query, read: dict[int, e.Expr]) -> l.Query:
        """The query with hidden targets for columns and whole rows that RETURNING reads of other tables than the changed one."""
        self.level.read = read
        targets = list(query.targets)
        for column in (c for expr in read.values() for c in ([expr] if isinstance(expr, RowHolder) else columns_in(expr))):
            if not any(equal(t.expr, column) for t in targets):
                targets.append(l.Target(id=self.level.statement.new_id(), name="", expr=column, hidden=True))
        return replace(query, targets=tuple(targets))

    def _targets(self, query: l.Query) -> l.Query:
        """The select list, and what refers to it."""
        prepared = self.exprs([t.expr for t in query.targets])
        targets = tuple([_computing(t, expr) for t, expr in zip(query.targets, prepared, strict=True)])
        group_by = tuple(targets[place].expr for place in self.group_places)
        windows = tuple(
            replace(w, partition_by=tuple(targets[i].expr for i in partition),
                    order_by=tuple(replace(k, expr=targets[i].expr) for k, i in zip(w.order_by, order, strict=True)))
            for w, (partition, order) in zip(query.windows, self.window_places, strict=True)
        )  # fmt: skip
        return replace(query, targets=targets, windows=windows, group_by=group_by)

    def _clauses(self, query: l.Query) -> l.Query:
        """What is prepared after FROM's and WHERE's conditions: HAVING, frames, OFFSET and LIMIT."""
        having = tuple(x for h in self.exprs(query.having, True) for x in _conditions(h))
        windows = tuple(
            w if w.frame is None else replace(w, frame=tuple(self.expr(x) if isinstance(x, e.Expr) else x for x in w.frame)) for w in query.windows
        )
        offset = None if query.offset is None else self.expr(query.offset)
        limit = None if query.limit is None else self.expr(query.limit)
        targets = tuple([_computing(t, _one_window(t.expr, windows)) for t in query.targets])
        runs = tuple(_one_window(x, windows) for x in self.exprs(query.run_conditions, True))
        return replace(query, targets=targets, having=having, windows=windows, limit=limit, offset=offset, run_conditions=runs)

    def _quals(self, item: Group) -> Group:
        made = self._item_quals(item)
        assert isinstance(made, Group)
        return made

    def _item_quals(self, item: l.FromItem) -> l.FromItem:
        """Conditions of the join tree."""
        if isinstance(item, Group):
            items = tuple(self._item_quals(i) for i in item.items)
            where = tuple(x for c in self.exprs(item.where, True) for x in _conditions(c))
            return replace(item, items=items, where=_shortened(where))
        if isinstance(item, l.JoinItem):
            left, right = self._item_quals(item.left), self._item_quals(item.right)
            on = _shortened(tuple(x for c in self.exprs(conjuncts(item.on), True) for x in _conditions(c)))
            return replace(item, left=left, right=right, on=all_of(on))
        if isinstance(item, AppendItem):
            return replace(item, members=tuple(Member(item=self._item_quals(m.item), values=self.exprs(m.values)) for m in item.members))
        return item

    def _sources(self, item: Group) -> Group:
        made = self._item_source(item)
        assert isinstance(made, Group)
        return made

    def _item_source(self, item: l.FromItem) -> l.FromItem:
        """Arguments of functions and VALUES, which come last."""
        if isinstance(item, Group):
            return replace(item, items=tuple(self._item_source(i) for i in item.items))
        if isinstance(item, l.JoinItem):
            return replace(item, left=self._item_source(item.left), right=self._item_source(item.right))
        if isinstance(item, l.FunctionItem):
            item = self.level.statement.inlined(item)
            return replace(item, calls=self._outside([self.level.fold(call) for call in item.calls], False))
        if isinstance(item, l.SampledItem):
            repeatable = None if item.repeatable is None else self.expr(item.repeatable)
            made = replace(item, arguments=self.exprs(item.arguments), repeatable=repeatable)
            self.level.row_columns[:] = [(made if table is item else table, id) for table, id in self.level.row_columns]
            return made
        if isinstance(item, AppendItem):
            return replace(item, members=tuple(replace(m, item=self._item_source(m.item)) for m in item.members))
        if isinstance(item, l.SubqueryItem):
            self._note_held(item.query)
        if isinstance(item, l.ValuesItem):
            places = iter(self.exprs([x for row in item.rows for x in row]))
            return replace(item, rows=tuple(tuple(next(places) for _ in row) for row in item.rows))
        return item

    def _having_to_where(self, tree: Group, query: l.Query) -> tuple[Group, l.Query]:
        """Conditions of HAVING without aggregates are tested before grouping."""
        kept: list[e.Expr] = []
        moved: list[e.Expr] = []
        for condition in query.having:
            if query.grouping_sets is not None or contains(condition, e.Aggregate, e.Grouping, e.SubPlan) or volatile(condition):
                kept.append(condition)
            elif query.group_by:
                moved.append(condition)
            else:
                moved.append(condition)
                kept.append(condition)
        if not moved:
            return tree, query
        return replace(tree, where=(*tree.where, *moved)), replace(query, having=tuple(kept))

    # Targets and references

    def _sort_and_group(self) -> None:
        """ORDER BY, GROUP BY and DISTINCT as references to targets; group expressions that are no target are added hidden."""
        level, query = self.level, self.query
        places = {t.id: i for i, t in enumerate(level.targets)}
        for key in query.order_by:
            assert isinstance(key.expr, e.ColumnRef)
            i = places[key.expr.id]
            level.sort_clauses.append(SortClause(i + 1, level.targets[i].expr, key.descending, key.nulls_first))
        for i in self.group_places:
            level.group_clauses.append(SortClause(i + 1, level.targets[i].expr))
        level.group_refs = [c.ref for c in level.group_clauses]
        if query.grouping_sets is None:
            level.group_clauses = _without_dependent(level.group_clauses, self.tree)
        if query.distinct:
            level.distinct_clauses = self._distinct([t for t in level.targets if not t.hidden])
        elif query.distinct_on is not None:
            level.distinct_clauses = self._distinct_on(query.distinct_on, places)

    def _with_entries(self, query: l.Query) -> l.Query:
        """The query with hidden targets for what GROUP BY and windows compute and no target does, as the parser makes them.

        What is the same only after a subquery was pulled up stays two targets.
        """
        targets = list(query.targets)

        def place(expr: e.Expr, taken: Sequence[int] = ()) -> int:
            found = [i for i, target in enumerate(targets) if same(target.expr, expr)]
            if not found:
                targets.append(l.Target(id=self.level.statement.new_id(), name="", expr=expr, hidden=True))
                return len(targets) - 1
            return next((i for i in found if i not in taken), found[0])

        self.group_places: list[int] = []
        for key in query.group_by:
            self.group_places.append(place(key, self.group_places))
        self.window_places: list[tuple[list[int], list[int]]] = []  # of partition and order, which the parser looks at first
        for window in query.windows:
            order = [place(key.expr) for key in window.order_by]
            self.window_places.append(([place(x) for x in window.partition_by], order))
        return query if len(targets) == len(query.targets) else replace(query, targets=tuple(targets))

    def _distinct(self, visible: Sequence[l.Target]) -> list[SortClause]:
        """DISTINCT's columns: those of ORDER BY first (transformDistinctClause)."""
        found = list(self.level.sort_clauses)
        refs = {s.ref for s in found}
        for i, target in enumerate(self.level.targets):
            if not target.hidden and i + 1 not in refs:
                found.append(SortClause(i + 1, target.expr))
        return found

    def _distinct_on(self, ids: Sequence[int], places: dict[int, int]) -> list[SortClause]:
        wanted = [places[i] + 1 for i in ids]
        found = [s for s in self.level.sort_clauses if s.ref in wanted]
        refs = {s.ref for s in found}
        for ref in wanted:
            if ref not in refs:
                refs.add(ref)
                found.append(SortClause(ref, self.level.targets[ref - 1].expr))
        return found


def _turn(expr: e.Expr) -> int:
    """Subqueries of rows assigned to several columns are planned after all others, and fields of such rows refer to them."""
    if isinstance(expr, e.SubLink) and expr.kind == "multi":
        return 1
    return 2 if any(isinstance(x, e.SubLink) and x.kind == "multi" for x in walk(expr)) else 0


def prepare_expr(level: Level, expr: e.Expr) -> e.Expr:
    """An expression of a level that has no join tree (RETURNING, ON CONFLICT), ready for its plan."""
    return LevelExpressions(level).expr(expr)


def _without_dependent(clauses: list[SortClause], tree: Group) -> list[SortClause]:
    """Group columns without those that a grouped primary key determines (remove_useless_groupby_columns)."""
    if len(clauses) < 2:
        return clauses
    grouped = {c.expr.id for c in clauses if isinstance(c.expr, e.ColumnRef)}
    surplus: set[int] = set()
    for item in leaves(tree):
        if not isinstance(item, l.TableItem):
            continue
        ids = dict(zip(item.numbers, (o.id for o in item.outputs), strict=True))
        mine = grouped & set(ids.values())
        for constraint in item.relation.constraints:
            key = {ids.get(n, 0) for n in constraint.columns}
            if constraint.kind == "p" and key < mine:
                surplus |= mine - key
    return [c for c in clauses if not (isinstance(c.expr, e.ColumnRef) and c.expr.id in surplus)]


def _computing(target: l.Target, expr: e.Expr) -> l.Target:
    return target if target.expr is expr else replace(target, expr=expr)


def _one_window(expr: e.Expr, windows: tuple[l.Window, ...]) -> e.Expr:
    """Calls over windows that are defined alike share the first of them."""

    def change(part: object) -> object | None:
        if not isinstance(part, e.WindowCall):
            return None
        mine = windows[part.window]
        first = next(i for i, w in enumerate(windows) if w is mine or _alike(w, mine))
        return part if first == part.window else replace(part, window=first)

    return rewrite(expr, change) if len(windows) > 1 else expr


def _alike(a: l.Window, b: l.Window) -> bool:
    return same(a.partition_by, b.partition_by) and same(a.order_by, b.order_by) and same(a.frame, b.frame)


def _conditions(expr: e.Expr) -> list[e.Expr]:
    """A folded condition as conjuncts; TRUE leaves none."""
    return [c for c in conjuncts(expr) if not (isinstance(c, e.Const) and c.value)]


def _shortened(where: tuple[e.Expr, ...]) -> tuple[e.Expr, ...]:
    """One that is FALSE or NULL is all there is to say; with others beside it NULL is as FALSE."""
    never = next((c for c in where if isinstance(c, e.Const) and not c.value), None)
    if never is None or len(where) == 1:
        return where
    return (e.Const(type=never.type, value=False),)


def _joins(item: l.FromItem) -> int:
    """Joins written: range-table entries too."""
    if isinstance(item, Group):
        return sum(_joins(i) for i in item.items)
    if isinstance(item, l.JoinItem):
        return (item.kind not in ("semi", "anti")) + _joins(item.left) + _joins(item.right)
    return 0
