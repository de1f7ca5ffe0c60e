"""Notes of function migration: every batch call of a statement as it was written, its clause, and the rule that decided about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.decisions import MigrationDecision, MigrationRule, Migrations
from auroraml.ir.objects import Function
from auroraml.ir.tree import children, rewrite, same, walk
from auroraml.planner.level.makeup import Makeup
from auroraml.planner.rules import eligibility as rules
from auroraml.records import replace

SELECT_LIST = "SELECT list"
CLAUSE_RULES = {"WHERE": rules.WHERE, "HAVING": rules.HAVING}


@dataclass(frozen=True, kw_only=True)
class Migrated:
    """A plan after function migration, and what was decided about its calls."""

    plan: l.LogicalPlan
    migrations: Migrations = field(default_factory=Migrations)
    makeup: Makeup | None = None  # the plan's, where it was looked at


def calls_batch(node: object) -> bool:
    """Whether a batch function is called in `node`, or a SQL function with such a call in its body."""
    pending = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, e.Call) and (part.function.batch or _hides_batch(part.function)):
            return True
        pending += children(part)
    return False


def _hides_batch(function: Function) -> bool:
    """Whether a SQL function that is no batch function calls one in its body."""
    if function.language != "sql" or function.batch or function.body is None:
        return False
    return any(calls_batch(part) for part in (function.body, *function.before))


def _hidden(call: e.Call) -> MigrationRule:
    """Why a SQL function with a batch call in its body is no batch function."""
    return rules.RETURNS_SET if call.function.returns_set else rules.WRAPPER_QUERY


def _own(node: object) -> Iterator[e.Call]:
    """The calls of batch functions in `node`, subqueries left to their own levels."""
    if isinstance(node, (tuple, list)):
        for item in node:
            yield from _own(item)
        return
    if isinstance(node, l.LogicalPlan):
        return
    if isinstance(node, e.Call) and (node.function.batch or _hides_batch(node.function)):
        yield node
    if isinstance(node, e.SubLink):
        yield from _own(node.test)
        return
    for child in children(node) if node is not None else ():
        yield from _own(child)


class Notes:
    """The decisions about one statement."""

    def __init__(self, plan: l.LogicalPlan) -> None:
        items = [x for x in walk(plan) if isinstance(x, l.FromItem) and not isinstance(x, l.JoinItem)]
        self.columns = {o.id: (item.alias, o.name) for item in items for o in item.outputs}
        self.prefix = len(items) > 1
        for insert in (x for x in walk(plan) if isinstance(x, l.Insert) and x.conflict is not None):
            self._conflicting(insert)
        self.decisions: list[MigrationDecision] = []

    def _conflicting(self, insert: l.Insert) -> None:
        """ON CONFLICT reads the row that is there and the one that was refused."""
        names = [c.name for c in insert.relation.columns if not c.dropped]
        for alias, ids in (
            (insert.alias or insert.relation.name, insert.row_ids),
            ("excluded", insert.conflict.excluded_ids if insert.conflict else ()),
        ):
            self.columns.update({id: (alias, name) for id, name in zip(ids, names, strict=False)})
        self.prefix = True

    def taken(self) -> Migrations:
        """All of them, in the order of the text."""
        placed = sorted(self.decisions, key=lambda d: (d.call.at is None, d.call.at or 0))
        return Migrations(decisions=tuple(placed), columns=self.columns, prefix=self.prefix)

    def add(self, call: e.Call, place: str, rule: MigrationRule) -> None:
        """One decision."""
        self.decisions.append(MigrationDecision(call=call, place=place, rule=rule))

    def stay(self, node: object, place: str, rule: MigrationRule) -> None:
        """All calls in `node` stay."""
        for call in _own(node):
            self.add(call, place, rule if call.function.batch else _hidden(call))

    def level(self, query: l.Query, *, targets: str = SELECT_LIST) -> LevelNotes:
        """The notes of one level; `targets` is what its select list is called."""
        return LevelNotes(self, query, targets)

    def outside(self, plan: l.LogicalPlan) -> None:
        """Calls in the parts of a plan that are no query level."""
        if isinstance(plan, (l.Insert, l.Update, l.Delete)):
            self.stay(plan.returning, "RETURNING", rules.RETURNING)
        if isinstance(plan, l.Insert) and plan.conflict is not None:
            self.stay((tuple(value for _, value in plan.conflict.assignments), plan.conflict.where), "ON CONFLICT", rules.ON_CONFLICT)
        if isinstance(plan, l.Values):
            self.stay(plan.rows, "VALUES", rules.VALUES)
        if isinstance(plan, (l.Values, l.SetOperation)):
            self.stay((plan.limit, plan.offset), "LIMIT", rules.LIMIT)

    def all_stay(self, node: object, rule: MigrationRule, targets: str = SELECT_LIST) -> None:
        """Every call that is not in FROM stays by one rule."""
        if isinstance(node, l.Query):
            level = self.level(node, targets=targets)
            level.outside_clauses()
            node = _keys_once(node)
            for _, part in _clauses(node, targets):
                level.stay(part, rule)
        elif isinstance(node, l.LogicalPlan):
            self.outside(node)
        for child in children(node):
            self.all_stay(child, rule, "SET" if isinstance(node, l.Update) and child is node.query else SELECT_LIST)


def _clauses(query: l.Query, targets: str) -> Iterator[tuple[str, object]]:
    """The clauses of a level with their names; `targets` is what its select list is called."""
    yield "WHERE", query.where
    ordered = {k.expr.id for k in query.order_by if isinstance(k.expr, e.ColumnRef)}
    for target in query.targets:
        hidden = "ORDER BY" if target.id in ordered else "DISTINCT ON" if target.id in (query.distinct_on or ()) else "GROUP BY"
        yield hidden if target.hidden else targets, target.expr
    yield "GROUP BY", query.group_by
    yield "HAVING", query.having
    yield "WINDOW", query.windows


def _keys_once(query: l.Query) -> l.Query:
    """A level whose group keys are not written in other clauses once more, where they are not evaluated again."""

    def change(part: object) -> object | None:
        if isinstance(part, e.Expr) and any(same(part, key) for key in query.group_by):
            return e.Const(type=part.type, value=None)
        return None

    if not query.group_by:
        return query
    return replace(
        query, having=tuple(rewrite(h, change) for h in query.having), targets=tuple(rewrite(t, change) for t in query.targets),
        windows=tuple(rewrite(w, change) for w in query.windows),
    )  # fmt: skip


class LevelNotes:
    """The decisions about one level, whose calls may be rewritten before they are decided about."""

    def __init__(self, notes: Notes, query: l.Query, targets: str) -> None:
        self.notes = notes
        self.query = query
        self.written: dict[tuple[int | None, int], tuple[e.Call, str]] = {}
        for place, node in _clauses(query, targets):
            for call in _own(node):
                self.written.setdefault((call.at, call.function.oid), (call, place))
        for place, node in _clauses(_keys_once(query), targets):
            for call in _own(node):
                if not call.function.batch:
                    notes.add(call, place, _hidden(call))

    def note(self, call: e.Call, rule: MigrationRule | None) -> None:
        """A decision about a call of the level; the rule of its clause where none is given."""
        written, place = self.written.get((call.at, call.function.oid), (call, SELECT_LIST))
        self.notes.add(written, place, rule or CLAUSE_RULES.get(place, rules.SELECT_LIST))

    def stay(self, node: object, rule: MigrationRule) -> None:
        """All calls of batch functions in `node` stay."""
        for call in _own(node):
            if call.function.batch:
                self.note(call, rule)

    def outside_clauses(self) -> None:
        """Calls in FROM, in LIMIT and OFFSET."""
        for item in self.query.from_items:
            self._from(item)
        self.notes.stay((self.query.limit, self.query.offset), "LIMIT", rules.LIMIT)

    def _from(self, item: l.FromItem) -> None:
        if isinstance(item, l.JoinItem):
            self._from(item.left)
            self._from(item.right)
            self.notes.stay(item.on, "JOIN ON", rules.JOIN_ON)
        elif isinstance(item, l.ValuesItem):
            self.notes.stay(item.rows, "VALUES", rules.VALUES)
        elif isinstance(item, l.FunctionItem):
            for call in item.calls:
                if isinstance(call, e.Call) and call.function.batch:
                    self.notes.add(call, "FROM", rules.IN_FROM)
                    self.notes.stay(call.args, "FROM", rules.IN_FROM)
                else:
                    self.notes.stay(call, "FROM", rules.FROM_ARGUMENT)
