"""Simple subqueries in FROM become part of the level above (pull_up_subqueries)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.tree import rewrite, walk
from auroraml.planner.level.questions import conjuncts, nonstrict, volatile
from auroraml.planner.row_marks import locked, with_locks
from auroraml.planner.rules.inline_ctes import inline_ctes
from auroraml.planner.rules.join_tree import AppendItem, Group, Member, NoTable, leaves, made_ids, read_ids, tree_of
from auroraml.planner.rules.placeholder import PlaceHolder
from auroraml.planner.rules.pull_up_sublinks import pull_up_sublinks
from auroraml.records import replace
from auroraml.types.table import INT4

Values = Mapping[int, e.Expr]
T = TypeVar("T")


class SubqueryPuller:
    """Pulls up the subqueries of one level; `values` collects what their columns stand for; `pulled` counts range-table entries they add."""

    def __init__(self, new_id: Callable[[], int]) -> None:
        self.new_id = new_id
        self.values: dict[int, e.Expr] = {}
        self.bare: dict[int, e.Expr] = {}  # what place holders hold, up to the outer join that may make it NULL
        self.pulled = 0
        self.wraps = False  # whether nothing but columns may take a column's place: grouping sets make NULLs of them (wrap_non_vars)
        self.locked: dict[int, str] = {}  # relations that FOR UPDATE and its kin lock, by their first column, with the wait policy
        self.made: frozenset[int] = frozenset()  # the columns of the level
        self.order: list[int] = []  # the range table: relations named by their first column, pulled-up ones behind those that were written

    def prepared(self, query: l.Query) -> Group:
        """The query's join tree with its sublinks pulled up, its relations in the range table."""
        query = with_locks(query)
        self.locked = locked(query)
        self.wraps = query.grouping_sets is not None
        written = tree_of(query)
        tree = pull_up_sublinks(written)
        self.order = [_first_column(leaf) for leaf in leaves(written)]
        self.made = made_ids(tree)
        self.order += [first for first in map(_first_column, leaves(tree)) if first not in self.order]
        return tree

    def tree(self, item: l.FromItem, nullable: bool, safe: frozenset[int] | None = None) -> l.FromItem:
        """The tree below `item` with what is simple pulled up; `safe` are the columns of the lowest outer join around it."""
        if isinstance(item, Group):
            parts = tuple([self.tree(i, nullable, safe) for i in item.items])
            return item if all(a is b for a, b in zip(parts, item.items, strict=True)) else replace(item, items=parts)
        if isinstance(item, l.JoinItem):
            return self._join(item, nullable, safe)
        if isinstance(item, l.SubqueryItem):
            return self._subquery(item, nullable, safe)
        if isinstance(item, l.ValuesItem) and len(item.rows) == 1:
            made = _one_row(item)
            if made is not None:
                return self._subquery(l.SubqueryItem(outputs=item.outputs, query=made, lateral=item.lateral), nullable, safe)
        if isinstance(item, l.ValuesItem) and item.alias != "*VALUES*":
            names = tuple(replace(o, name=f"column{i}") for i, o in enumerate(item.outputs, 1))
            return replace(item, alias="*VALUES*", outputs=names)
        return item

    def _join(self, item: l.JoinItem, nullable: bool, safe: frozenset[int] | None) -> l.FromItem:
        """Both sides; what the join itself makes NULL needs no place holders in conditions at or below it."""
        nulled = {"left": (False, True), "anti": (False, True), "right": (True, False), "full": (True, True)}.get(item.kind, (False, False))
        sides: list[l.FromItem] = []
        held: Values = {}
        on = item.on
        if item.kind not in ("inner", "cross"):
            safe = made_ids(item)
        for side, own in ((item.left, nulled[0]), (item.right, nulled[1])):
            outside, self.bare = self.bare, {}
            made = self.tree(side, nullable or own, safe)
            if own:
                made = substitute(made, self.bare)
                if item.kind != "full":
                    on = substitute(on, self.bare)
                if item.kind in ("left", "right") and all(isinstance(c, e.Const) and c.value for c in conjuncts(on)) and _no_table(made):
                    held = self.bare
                self.bare = outside
            else:
                self.bare = {**outside, **self.bare}
            sides.append(made)
        if held and any(isinstance(leaf, AppendItem) for leaf in leaves(sides[0 if item.kind == "left" else 1])):
            self.values.update(held)  # the members of a UNION ALL compute no place holders of their parent's
        return replace(item, left=sides[0], right=sides[1], on=on)

    def _stand_for(self, outputs: tuple[l.Output, ...], exprs: tuple[e.Expr, ...]) -> None:
        for output, expr in zip(outputs, exprs, strict=False):
            self.values[output.id] = expr

    def _union(self, item: l.SubqueryItem, query: l.LogicalPlan) -> AppendItem:
        """A UNION ALL as a relation of the level whose members are relations too (pull_up_simple_union_all)."""
        arms: list[l.SubqueryItem] = []
        for number, arm in enumerate(_arms(query), 1):
            outputs = tuple(replace(o, id=self.new_id()) for o in arm.outputs)
            arms.append(l.SubqueryItem(outputs=outputs, alias=f"*SELECT* {number}", lateral=item.lateral, query=arm))
            self.order.append(_first_column(arms[-1]))
        return AppendItem(outputs=item.outputs, alias=item.alias, lateral=item.lateral, members=tuple(self._member(arm) for arm in arms))

    def _member(self, arm: l.SubqueryItem) -> Member:
        """One query of a UNION ALL, pulled up if it is simple and reads one relation."""
        query = arm.query
        columns = tuple(e.ColumnRef(type=o.type, typmod=o.typmod, id=o.id, name=o.name) for o in arm.outputs)
        if merged_unions(query):
            return Member(item=self._union(arm, query), values=columns)
        if isinstance(query, l.Values) and not (query.order_by or query.limit or query.offset or query.ctes):
            lists = l.ValuesItem(outputs=arm.outputs, alias="*VALUES*", lateral=arm.lateral, rows=query.rows)
            only = _one_row(lists) if len(query.rows) == 1 else None
            if only is None:
                return Member(item=self.tree(lists, False), values=columns)
            query = only
        if not isinstance(query, l.Query):
            return Member(item=arm, values=columns)
        query = inline_ctes(query, self.new_id)
        if not simple(query) or not _safe_member(tree_of(query)):
            return Member(item=arm, values=columns)
        puller = SubqueryPuller(self.new_id)
        below = puller.tree(puller.prepared(query), False)
        if not isinstance(below, Group) or not _safe_member(below):
            return Member(item=arm, values=columns)
        (only_item,) = leaves(substitute(below, puller.values))
        values = tuple(substitute(t.expr, puller.values) for t in query.targets if not t.hidden)
        self.pulled += puller.pulled + 1
        self.order += puller.order
        return Member(item=only_item, values=values)

    def _subquery(self, item: l.SubqueryItem, nullable: bool, safe: frozenset[int] | None) -> l.FromItem:
        query = item.query
        if merged_unions(query):
            return self._union(item, query)
        if isinstance(query, l.Values) and len(query.rows) >= 1 and not (query.order_by or query.limit or query.offset or query.ctes):
            inner: l.FromItem = l.ValuesItem(outputs=item.outputs, alias="*VALUES*", lateral=item.lateral, rows=query.rows)
            self.pulled += 1
            self.order.append(_first_column(inner))
            return self.tree(inner, nullable, safe)
        if not isinstance(query, l.Query):
            return item
        query = inline_ctes(query, self.new_id)
        if not simple(query) or (item.lateral and not self._within(query.targets, tree_of(query), safe)):
            return item
        visible = [t for t in query.targets if not t.hidden]
        puller = SubqueryPuller(self.new_id)
        tree = puller.prepared(query)
        below = puller.tree(tree, False)
        exprs = tuple(substitute(t.expr, puller.values) for t in visible)
        assert isinstance(below, Group)
        if item.lateral and not self._within(exprs, substitute(below, puller.values), safe):
            return item  # after what is below it was pulled up
        held = exprs
        homes = list(leaves(below))
        if self.wraps and not nullable and len(homes) == 1 and homes[0].outputs:
            held = self._wrapped(item.outputs, exprs, homes[0])
        if nullable and not self._plain(exprs, below):
            if len(homes) == 1 and isinstance(homes[0], NoTable) and not homes[0].outputs:
                homes = [NoTable(outputs=(l.Output(id=self.new_id(), name="", type=INT4),))]
                below = Group(items=(homes[0],), where=below.where)
            if not all(home.outputs for home in homes):
                return item
            held = self._held(item.outputs, exprs, homes)
        below = substitute(below, puller.values)
        self.values.update(puller.values)
        self.pulled += puller.pulled + sum(1 for _ in leaves(below))
        self.order += puller.order
        self.locked.update(puller.locked)
        self._stand_for(item.outputs, held)
        for target, expr in zip(visible, held, strict=True):
            self.values[target.id] = expr
        if nullable and held is not exprs:
            for output, target, expr in zip(item.outputs, visible, exprs, strict=True):
                self.bare[output.id] = self.bare[target.id] = expr
        if len(below.items) == 1 and not below.where:
            return below.items[0]
        return below

    def _within(self, exprs: object, tree: l.FromItem, safe: frozenset[int] | None) -> bool:
        """Whether a LATERAL subquery's conditions may go up: they read nothing beyond the lowest outer join around them."""
        if safe is not None and read_ids(exprs) & self.made - safe:
            return False
        return not _reads_beyond(tree, self.made, safe)

    @staticmethod
    def _wrapped(outputs: tuple[l.Output, ...], exprs: tuple[e.Expr, ...], leaf: l.FromItem) -> tuple[e.Expr, ...]:
        """Everything but columns as place holders."""
        return tuple(
            x if isinstance(x, e.ColumnRef) else PlaceHolder(type=x.type, typmod=x.typmod, id=o.id, name=o.name, expr=x, home=leaf.outputs[0].id)
            for o, x in zip(outputs, exprs, strict=False)
        )

    @staticmethod
    def _held(outputs: tuple[l.Output, ...], exprs: tuple[e.Expr, ...], homes: Sequence[l.FromItem]) -> tuple[e.Expr, ...]:
        """Expressions that would not be NULL with the subquery's row are held back as place holders."""
        ids = frozenset().union(*(made_ids(home) for home in homes))
        first = [home.outputs[0].id for home in homes]
        several = frozenset(first) if len(first) > 1 else frozenset()
        return tuple(
            x if _goes_with(x, ids) else PlaceHolder(type=x.type, typmod=x.typmod, id=o.id, name=o.name, expr=x, home=first[0], homes=several)
            for o, x in zip(outputs, exprs, strict=False)
        )

    @staticmethod
    def _plain(exprs: tuple[e.Expr, ...], below: l.FromItem) -> bool:
        """Whether every column is NULL where the subquery's rows are: a column or a strict expression of columns."""
        ids = made_ids(below)
        return all(_goes_with(x, ids) for x in exprs)


def _goes_with(expr: e.Expr, ids: frozenset[int]) -> bool:
    """Whether an expression is NULL where all the columns `ids` are, or is held back below already."""
    if isinstance(expr, PlaceHolder):
        return not (expr.homes or {expr.home}) - ids
    if isinstance(expr, e.ColumnRef):
        return expr.id in ids
    return bool(read_ids(expr) & ids) and not nonstrict(expr)


def _reads_beyond(item: l.FromItem, outside: frozenset[int], safe: frozenset[int] | None) -> bool:
    """Whether conditions read columns `outside` that are not `safe` (None: all are) (jointree_contains_lateral_outer_refs)."""
    if isinstance(item, Group):
        return any(_reads_beyond(i, outside, safe) for i in item.items) or (safe is not None and bool(read_ids(item.where) & outside - safe))
    if isinstance(item, l.JoinItem):
        if item.kind not in ("inner", "cross"):
            safe = frozenset()
        if _reads_beyond(item.left, outside, safe) or _reads_beyond(item.right, outside, safe):
            return True
        return safe is not None and item.on is not None and bool(read_ids(item.on) & outside - safe)
    return False


def _one_row(item: l.ValuesItem) -> l.Query | None:
    """VALUES of one row that may be merged into the level above, as a SELECT without FROM (is_simple_values)."""
    targets = tuple(l.Target(id=o.id, name=o.name, expr=x) for o, x in zip(item.outputs, item.rows[0], strict=True))
    made = l.Query(outputs=item.outputs, targets=targets)
    return made if simple(made) else None


def _no_table(item: l.FromItem) -> bool:
    return isinstance(item, NoTable) or (isinstance(item, Group) and not item.where and len(item.items) == 1 and _no_table(item.items[0]))


def _first_column(item: l.FromItem) -> int:
    return item.outputs[0].id if item.outputs else 0


def simple(query: l.Query) -> bool:
    """Whether a subquery can be merged into the level above (is_simple_subquery)."""
    if query.grouped or query.windows or query.group_by or query.having or query.distinct or query.distinct_on is not None:
        return False
    if query.order_by or query.limit is not None or query.offset is not None or query.ctes:
        return False
    if any(not lock.pushed for lock in query.locks):
        return False
    for target in query.targets:
        if volatile(target.expr):
            return False
        if any(isinstance(x, e.Call) and (x.function.returns_set or x.function.batch) for x in walk(target)):
            return False
    return True


def merged_unions(plan: l.LogicalPlan) -> bool:
    """Whether a query is nothing but UNION ALLs of queries with the same types (is_simple_union_all)."""
    return (
        isinstance(plan, l.SetOperation)
        and not (plan.order_by or plan.limit is not None or plan.offset is not None or plan.ctes)
        and _all_unions(plan)
    )


def _all_unions(plan: l.LogicalPlan) -> bool:
    if not _bare(plan):
        return True
    assert isinstance(plan, l.SetOperation)
    if plan.op != "union" or not plan.all:
        return False
    same = all(a.type.oid == b.type.oid for side in (plan.left, plan.right) for a, b in zip(side.outputs, plan.outputs, strict=False))
    return same and _all_unions(plan.left) and _all_unions(plan.right)


def _bare(plan: l.LogicalPlan) -> bool:
    return isinstance(plan, l.SetOperation) and not (plan.order_by or plan.limit is not None or plan.offset is not None or plan.ctes)


def _arms(plan: l.LogicalPlan) -> Iterator[l.LogicalPlan]:
    """The queries of a tree of set operations, left to right."""
    if _bare(plan):
        assert isinstance(plan, l.SetOperation)
        yield from _arms(plan.left)
        yield from _arms(plan.right)
    else:
        yield plan


def _safe_member(tree: Group) -> bool:
    """Whether a query reads one relation at most, without a condition of its own (is_safe_append_member)."""
    item: l.FromItem = tree
    while isinstance(item, Group):
        if item.where or len(item.items) != 1:
            return False
        item = item.items[0]
    return not isinstance(item, l.JoinItem)


def substitute(node: T, values: Values) -> T:
    """`node` with columns replaced by what they stand for, repeatedly."""
    return rewrite(node, lambda part: _substituted(part, values)) if values else node


def _substituted(part: object, values: Values) -> object | None:
    if isinstance(part, e.MigratedRef):
        found = values.get(part.id)
        if found is None:
            original = substitute(part.original, values)
            return part if original is part.original else replace(part, original=original)
        return substitute(found, values)
    if isinstance(part, PlaceHolder):
        return None
    if isinstance(part, e.ColumnRef):
        found = values.get(part.id)
        return None if found is None else substitute(found, values)
    if isinstance(part, e.RowExpr) and part.whole and any(isinstance(arg, e.ColumnRef) and arg.id in values for arg in part.args):
        return replace(part, args=tuple([substitute(arg, values) for arg in part.args]), whole="")  # no whole row of an item that is gone
    return None
