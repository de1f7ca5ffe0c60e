"""A view's stored query as SQL, as pg_get_viewdef prints it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auroraml.catalog.catalog import DEFAULT_PATH, Catalog
from auroraml.catalog.names import ObjectNames
from auroraml.catalog.rule_text import STEP, VARIABLE, RuleDeparser
from auroraml.dispatch import singledispatch
from auroraml.ir import expr as e
from auroraml.ir.deparse import direction, quote_identifier
from auroraml.ir.logical import (
    Cte,
    CteItem,
    FromItem,
    FunctionItem,
    GroupingItem,
    JoinItem,
    LogicalPlan,
    Query,
    SampledItem,
    SetOperation,
    SubqueryItem,
    TableItem,
    Target,
    Values,
    ValuesItem,
)
from auroraml.ir.objects import Relation
from auroraml.types.typmod import format_type

UNNEST = 2331
STRENGTHS = ("key share", "share", "no key update", "update")
WAITS = ("block", "skip locked", "nowait")


def view_text(view: Relation, catalog: Catalog, path: Sequence[str] = DEFAULT_PATH, pretty: bool = False) -> str:
    """pg_get_viewdef: the query of a view with its semicolon."""
    assert view.view is not None
    return QueryWriter(catalog, path, pretty).plan(view.view, 0, [c.name for c in view.columns]) + ";"


class Scope:
    """What the columns in sight are called: by id, and the aliases taken."""

    def __init__(self, outer: Scope | None = None) -> None:
        self.columns: dict[int, str] = {} if outer is None else dict(outer.columns)
        self.aliases: dict[int, str] = {} if outer is None else dict(outer.aliases)
        self.taken: set[str] = set() if outer is None else set(outer.taken)

    def enter(self, item: FromItem, alias: str, columns: Sequence[str]) -> str:
        """Give an item an alias nobody has; its columns are found under it."""
        name, count = alias, 0
        while name in self.taken:
            count += 1
            name = f"{alias}_{count}"
        self.taken.add(name)
        for output, column in zip(item.outputs, columns, strict=True):
            self.columns[output.id] = f"{quote_identifier(name)}.{quote_identifier(column)}"
            self.aliases[output.id] = name
        return name


class ScopeNames:
    """ir.deparse's Names over a Scope."""

    def __init__(self, scope: Scope, catalog: Catalog, path: Sequence[str]) -> None:
        self.scope = scope
        self.catalog = catalog
        self.path = path

    def column(self, ref: e.ColumnRef) -> str:
        """alias.column."""
        return self.scope.columns.get(ref.id, quote_identifier(ref.name))

    def input(self, ref: e.InputRef) -> str:
        """Never met: stored queries are logical."""
        return quote_identifier(ref.name)

    def parameter(self, ref: e.ParamRef) -> str:
        """The parameter's name, or $n."""
        return quote_identifier(ref.name) if ref.name else f"${ref.number}"

    def subplan(self, plan: e.SubPlan) -> str:
        """Never met: stored queries are logical."""
        return f"(SubPlan {plan.index})"

    def function(self, name: str, schema: str) -> str:
        """The name, qualified where the search path does not find it."""
        found = next((place for place in self.path if self.catalog.functions_named(name, place)), None)
        return quote_identifier(name) if found == schema else f"{quote_identifier(schema)}.{quote_identifier(name)}"


class QueryWriter:
    """Writes logical plans."""

    def __init__(self, catalog: Catalog, path: Sequence[str], pretty: bool) -> None:
        self.catalog = catalog
        self.path = path
        self.pretty = pretty

    def plan(self, plan: LogicalPlan, level: int, names: Sequence[str] | None = None, outer: Scope | None = None, visible: bool = True) -> str:
        """A query whose text begins at indentation `level`; `names` are its columns' names outside, `visible` whether anyone sees them."""
        return _write(plan, self, level, names, outer, visible)

    def deparser(self, scope: Scope, level: int) -> RuleDeparser:
        """Expressions within `scope`."""
        writer = RuleDeparser(
            ScopeNames(scope, self.catalog, self.path), self.catalog.type, pretty=self.pretty,
            query=lambda plan, at: self.plan(plan, at, None, scope, False), objects=ObjectNames(self.catalog, self.path),
        )  # fmt: skip
        writer.level = level
        return writer

    def relation(self, relation: Relation) -> str:
        """A relation's name, qualified where the search path does not find it."""
        current = self.catalog.find_relation_oid(relation.oid) or relation
        found = next((place for place in self.path if self.catalog.find_relation(current.name, place) is not None), None)
        name = quote_identifier(current.name)
        return name if found == current.schema else f"{quote_identifier(current.schema)}.{name}"

    def ctes(self, ctes: Sequence[Cte], out: RuleDeparser, outer: Scope | None) -> str:
        """WITH, and the line break after it."""
        if not ctes:
            return ""
        out.level += STEP
        parts = []
        for cte in ctes:
            listed = f"({', '.join(quote_identifier(n) for n in cte.columns)})" if cte.columns else ""
            kind = {True: "MATERIALIZED ", False: "NOT MATERIALIZED ", None: ""}[cte.materialized]
            body = out.line("") + self.plan(cte.query, out.level, None, outer) + out.line("")
            parts.append(f"{quote_identifier(cte.name)}{listed} AS {kind}({body})")
        out.level -= STEP
        return (" WITH RECURSIVE " if any(c.recursive for c in ctes) else " WITH ") + ", ".join(parts) + out.line("")


@singledispatch
def _write(plan: LogicalPlan, writer: QueryWriter, level: int, names: Sequence[str] | None, outer: Scope | None, visible: bool) -> str:
    raise TypeError(f"no SQL form for {type(plan).__name__}")


@_write.register
def _(plan: Query, writer: QueryWriter, level: int, names: Sequence[str] | None, outer: Scope | None, visible: bool) -> str:
    scope = Scope(outer)
    out = writer.deparser(scope, level)
    out.windows = plan.windows
    items = _FromWriter(writer, scope, out)
    for item in plan.from_items:
        items.name(item)
    text = writer.ctes(plan.ctes, out, scope)
    out.level += STEP
    text += " SELECT" + _distinct(plan, out)
    shown = [t for t in plan.targets if not t.hidden]
    text += _targets(shown, names or [t.name for t in shown], out, scope, visible)
    text += items.clause(plan.from_items)
    if plan.where:
        condition = plan.where[0] if len(plan.where) == 1 else e.And(type=plan.where[0].type, args=plan.where)
        text += out.line(" WHERE ", -STEP, STEP, 1) + out.text(condition)
    text += _groups(plan, out)
    if plan.having:
        condition = plan.having[0] if len(plan.having) == 1 else e.And(type=plan.having[0].type, args=plan.having)
        text += out.line(" HAVING ", -STEP, STEP, 0) + out.text(condition)
    named = [w for w in plan.windows if w.name]
    if named:
        text += out.line(" WINDOW ", -STEP, STEP, 1) + ", ".join(f"{quote_identifier(w.name)} AS {out.defined(w, named)}" for w in named)
    by_id = {t.id: t.expr for t in plan.targets}
    if plan.order_by:
        text += out.line(" ORDER BY ", -STEP, STEP, 1) + ", ".join(_sort(key, by_id, out) for key in plan.order_by)
    return text + _bounds(plan.limit, plan.offset, plan.with_ties, out) + _locks(plan, items, out)


def _distinct(plan: Query, out: RuleDeparser) -> str:
    if plan.distinct_on is not None:
        by_id = {t.id: t.expr for t in plan.targets}
        return f" DISTINCT ON ({', '.join(out.key(by_id[id]) for id in plan.distinct_on)})"
    return " DISTINCT" if plan.distinct else ""


def _targets(targets: Sequence[Target], names: Sequence[str], out: RuleDeparser, scope: Scope, visible: bool) -> str:
    """The select list; a name nobody sees is left out where it is only made up."""
    text = ""
    for place, (target, name) in enumerate(zip(targets, names, strict=True)):
        expr = target.expr
        out_text = out.text(expr, True)
        plain = scope.columns.get(expr.id, "").rpartition(".")[2] if isinstance(expr, e.ColumnRef) else None
        made_up = not visible and name == "?column?"
        if plain != quote_identifier(name) and not made_up:
            out_text += f" AS {quote_identifier(name)}"
        if place == 0:
            text += out_text if out_text.startswith("\n") else " " + out_text
        elif out_text.startswith("\n"):
            text += "," + out_text
        else:
            text += "," + out.line("", -STEP, STEP, VARIABLE) + out_text
    return text


def _sort(key: e.SortKey, by_id: dict[int, e.Expr], out: RuleDeparser) -> str:
    expr = by_id.get(key.expr.id, key.expr) if isinstance(key.expr, e.ColumnRef) else key.expr
    return out.key(expr) + direction(key.descending, key.nulls_first)


def _groups(plan: Query, out: RuleDeparser) -> str:
    if not plan.group_by and plan.grouping_sets is None:
        return ""
    head = out.line(" GROUP BY ", -STEP, STEP, 1)
    if plan.grouping_sets is None:
        return head + ", ".join(out.key(x) for x in plan.group_by)
    keys = [out.key(expr) for expr in plan.group_by]
    items = [item for item in plan.grouping if item.kind != "set" or item.members] or [GroupingItem()]
    return head + ("DISTINCT " if plan.grouping_distinct else "") + ", ".join(_grouping(item, keys, bare=True) for item in items)


def _grouping(item: GroupingItem, keys: Sequence[str], bare: bool) -> str:
    """A part of GROUP BY (get_rule_groupingset); `bare`: without parentheses where it is one expression."""
    if item.kind == "set":
        text = ", ".join(keys[i] for i in item.members)
        return text if bare and len(item.members) == 1 else f"({text})"
    word = {"rollup": "ROLLUP(", "cube": "CUBE(", "sets": "GROUPING SETS ("}[item.kind]
    return word + ", ".join(_grouping(part, keys, item.kind != "sets") for part in item.parts) + ")"


def _bounds(limit: e.Expr | None, offset: e.Expr | None, ties: bool, out: RuleDeparser) -> str:
    text = ""
    if offset is not None:
        text += out.line(" OFFSET ", -STEP, STEP, 0) + out.text(offset)
    if limit is not None and ties:
        text += out.line(" FETCH FIRST ", -STEP, STEP, 0) + f"({out.text(limit)}) ROWS WITH TIES"
    elif limit is not None:
        null = isinstance(limit, e.Const) and limit.value is None
        text += out.line(" LIMIT ", -STEP, STEP, 0) + ("ALL" if null else out.text(limit))
    return text


def _locks(plan: Query, items: _FromWriter, out: RuleDeparser) -> str:
    """A clause for each table or subquery that is locked, with the strongest of what was written for it."""
    found: dict[str, tuple[str, str]] = {}
    for lock in plan.locks:
        for item in () if lock.pushed else _lockable(plan.from_items):
            if not lock.aliases or item.alias in lock.aliases:
                strength, wait = found.get(items.names[id(item)], (lock.strength, lock.wait))
                found[items.names[id(item)]] = max(strength, lock.strength, key=STRENGTHS.index), max(wait, lock.wait, key=WAITS.index)
    text = ""
    for alias, (strength, wait) in found.items():
        text += out.line(f" FOR {strength.upper()}", -STEP, STEP, 0) + f" OF {quote_identifier(alias)}"
        text += {"nowait": " NOWAIT", "skip locked": " SKIP LOCKED"}.get(wait, "")
    return text


def _lockable(items: Sequence[FromItem]) -> Iterator[FromItem]:
    for item in items:
        if isinstance(item, JoinItem):
            yield from _lockable((item.left, item.right))
        elif isinstance(item, (TableItem, SubqueryItem)):
            yield item


@_write.register
def _(plan: Values, writer: QueryWriter, level: int, names: Sequence[str] | None, outer: Scope | None, visible: bool) -> str:
    out = writer.deparser(Scope(outer), level)
    text = writer.ctes(plan.ctes, out, outer)
    out.level += STEP
    text += " VALUES " + _rows(plan.rows, out)
    return text + _output_order(plan, plan.order_by, out) + _bounds(plan.limit, plan.offset, False, out)


def _rows(rows: Sequence[Sequence[e.Expr]], out: RuleDeparser) -> str:
    return ", ".join("(" + ",".join(out.text(value, False) for value in row) + ")" for row in rows)


def _output_order(plan: LogicalPlan, keys: Sequence[e.SortKey], out: RuleDeparser) -> str:
    if not keys:
        return ""
    places = {o.id: i for i, o in enumerate(plan.outputs, 1)}
    shown = [f"{places[k.expr.id]}{direction(k.descending, k.nulls_first)}" for k in keys if isinstance(k.expr, e.ColumnRef)]
    return out.line(" ORDER BY ", -STEP, STEP, 1) + ", ".join(shown)


@_write.register
def _(plan: SetOperation, writer: QueryWriter, level: int, names: Sequence[str] | None, outer: Scope | None, visible: bool) -> str:
    out = writer.deparser(Scope(outer), level)
    text = writer.ctes(plan.ctes, out, outer)
    text += _sides(plan, writer, out, names, outer, visible)
    out.level += STEP
    return text + _output_order(plan, plan.order_by, out) + _bounds(plan.limit, plan.offset, False, out)


def _bare(plan: LogicalPlan) -> bool:
    """A set operation that is part of the one above: no clauses of its own."""
    return isinstance(plan, SetOperation) and not plan.order_by and plan.limit is None and plan.offset is None and not plan.ctes


def _side(plan: LogicalPlan, writer: QueryWriter, out: RuleDeparser, names: Sequence[str] | None, outer: Scope | None, visible: bool) -> str:
    if isinstance(plan, SetOperation) and _bare(plan):
        return _sides(plan, writer, out, names, outer, visible)
    text = writer.plan(plan, out.level, names, outer, visible)
    clauses = getattr(plan, "order_by", ()) or getattr(plan, "limit", None) is not None or getattr(plan, "offset", None) is not None
    return f"({text})" if clauses or getattr(plan, "ctes", ()) else text


def _sides(plan: SetOperation, writer: QueryWriter, out: RuleDeparser, names: Sequence[str] | None, outer: Scope | None, visible: bool) -> str:
    """Both sides; the right one's names are nobody's to see."""
    left, right = plan.left, plan.right
    if isinstance(left, SetOperation) and _bare(left) and (left.op, left.all) != (plan.op, plan.all):
        text = "(" + out.line("", STEP) + _side(left, writer, out, names, outer, visible) + out.line(") ", -STEP)
    else:
        text = _side(left, writer, out, names, outer, visible) + out.line("")
    text += plan.op.upper() + (" ALL" if plan.all else "")
    if isinstance(right, SetOperation) and _bare(right):
        text += " (" + out.line("", STEP) + _side(right, writer, out, names, outer, False)
        out.level -= STEP
        return text + out.line(")")
    return text + out.line("") + _side(right, writer, out, names, outer, False)


# FROM


class _FromWriter:
    """FROM of one level: aliases first (expressions refer to them), then the text."""

    def __init__(self, writer: QueryWriter, scope: Scope, out: RuleDeparser) -> None:
        self.writer = writer
        self.scope = scope
        self.out = out
        self.names: dict[int, str] = {}

    def name(self, item: FromItem) -> None:
        """Enter an item, and the items below a join."""
        if isinstance(item, JoinItem):
            self.name(item.left)
            self.name(item.right)
            return
        self.names[id(item)] = self.scope.enter(item, self._alias(item), self._columns(item))

    def _alias(self, item: FromItem) -> str:
        if isinstance(item, TableItem) and not item.aliased:
            current = self.writer.catalog.find_relation_oid(item.relation.oid)
            return item.relation.name if current is None else current.name
        if isinstance(item, SubqueryItem) and item.view is not None and not item.aliased:
            current = self.writer.catalog.find_relation_oid(item.view.oid)
            return item.view.name if current is None else current.name
        return item.alias

    def _columns(self, item: FromItem) -> list[str]:
        """What the columns are called here: a table's by their names of today unless they were renamed in the alias."""
        return [name for name, _ in self._named(item)]

    def _named(self, item: FromItem) -> list[tuple[str, str]]:
        """(name here, name of today in the table below) for each column."""
        relation = item.relation if isinstance(item, TableItem) else item.view if isinstance(item, SubqueryItem) else None
        if relation is None:
            return [(o.name, o.name) for o in item.outputs]
        current = self.writer.catalog.find_relation_oid(relation.oid) or relation
        before = {c.number: c.name for c in relation.columns}
        now = {c.number: c.name for c in current.columns}
        numbers = item.numbers if isinstance(item, TableItem) else tuple(c.number for c in relation.columns)
        named = []
        for output, number in zip(item.outputs, numbers, strict=False):
            today = now.get(number, output.name)
            named.append((today if output.name == before.get(number) else output.name, today))
        return named

    def clause(self, items: Sequence[FromItem]) -> str:
        """FROM, or nothing."""
        if not items:
            return ""
        text = self.out.line(" FROM ", -STEP, STEP, 2) + self.item(items[0])
        for item in items[1:]:
            shown = self.item(item)
            text += "," + (shown if shown.startswith("\n") else self.out.line("", -STEP, STEP, VARIABLE) + shown)
        return text

    def item(self, item: FromItem) -> str:
        """One item with its alias."""
        if isinstance(item, JoinItem):
            return self._join(item)
        lateral = "LATERAL " if item.lateral else ""
        return lateral + self._source(item) + self._named_as(item) + self._sample(item)

    def _sample(self, item: FromItem) -> str:
        if not isinstance(item, SampledItem):
            return ""
        text = f" TABLESAMPLE {item.method} ({', '.join(self.out.text(argument) for argument in item.arguments)})"
        return text if item.repeatable is None else f"{text} REPEATABLE ({self.out.text(item.repeatable)})"

    def _source(self, item: FromItem) -> str:
        if isinstance(item, TableItem):
            return ("ONLY " if item.only else "") + self.writer.relation(item.relation)
        if isinstance(item, SubqueryItem):
            if item.view is not None:
                return self.writer.relation(item.view)
            return f"({self.writer.plan(item.query, self.out.level, None, self.scope)})"
        if isinstance(item, ValuesItem):
            return f"( VALUES {_rows(item.rows, self.out)})"
        if isinstance(item, CteItem):
            return quote_identifier(item.name)
        assert isinstance(item, FunctionItem)
        texts = [self.out.text(call, True) for call in item.calls]
        if len(texts) == 1:
            text = texts[0]
        elif all(isinstance(call, e.Call) and call.function.oid == UNNEST for call in item.calls):
            text = f"UNNEST({', '.join(self.out.inner(call.args) for call in item.calls if isinstance(call, e.Call))})"
        else:
            text = f"ROWS FROM({', '.join(texts)})"
        return text + (" WITH ORDINALITY" if item.ordinality else "")

    def _named_as(self, item: FromItem) -> str:
        alias = self.names[id(item)]
        own = None
        if isinstance(item, TableItem):
            own = (self.writer.catalog.find_relation_oid(item.relation.oid) or item.relation).name
        elif isinstance(item, SubqueryItem) and item.view is not None:
            own = (self.writer.catalog.find_relation_oid(item.view.oid) or item.view).name
        elif isinstance(item, CteItem):
            own = item.name
        text = "" if alias == own else f" {quote_identifier(alias)}"
        return text + self._column_list(item)

    def _column_list(self, item: FromItem) -> str:
        here = self._columns(item)
        if isinstance(item, FunctionItem):
            call = item.calls[0]
            if isinstance(call, e.Call) and call.type.name == "record" and not call.function.outputs:
                shown = [f"{quote_identifier(o.name)} {format_type(o.type, o.typmod, self.writer.catalog.type)}" for o in item.outputs]
                return f"({', '.join(shown)})"
            return f"({', '.join(quote_identifier(n) for n in here)})"
        below = [today for _, today in self._named(item)]
        if isinstance(item, SubqueryItem) and item.view is None:
            below = [o.name for o in item.query.outputs]
        elif isinstance(item, ValuesItem):
            below = [f"column{i}" for i in range(1, len(here) + 1)]
        return "" if here == below and not (item.listed and not isinstance(item, TableItem)) else f"({', '.join(quote_identifier(n) for n in here)})"

    def _join(self, item: JoinItem) -> str:
        words = {"inner": " JOIN ", "left": " LEFT JOIN ", "right": " RIGHT JOIN ", "full": " FULL JOIN ", "cross": " CROSS JOIN "}
        word = words[item.kind] if item.kind != "inner" or item.on is not None else " CROSS JOIN "
        text = self.item(item.left) + self.out.line(word, -STEP, STEP, VARIABLE)
        right = self.item(item.right)
        text += f"({right})" if self.out.pretty and isinstance(item.right, JoinItem) else right
        if item.using:
            text += f" USING ({', '.join(quote_identifier(n) for n in item.using)})"
        elif item.on is not None:
            condition = self.out.text(item.on)
            text += f" ON {condition}" if self.out.pretty else f" ON ({condition})"
        elif item.kind not in ("inner", "cross"):
            text += " ON TRUE"
        return text if self.out.pretty else f"({text})"
