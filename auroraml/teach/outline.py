"""A bound query as lines of SQL, a clause a line, its join tree indented: what rules are shown with, before and after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from auroraml.catalog.rule_text import RuleDeparser
from auroraml.dispatch import singledispatch
from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.deparse import BareNames, direction, quote_identifier
from auroraml.ir.tree import rewrite, walk
from auroraml.planner.cost.alternatives import Alternatives
from auroraml.planner.rules.join_items import AppendItem, Group, NoTable
from auroraml.planner.rules.placeholder import PlaceHolder
from auroraml.types.pg_type import PgType
from auroraml.types.table import RECORD
from auroraml.types.typmod import format_type

STEP = "  "
SPOKEN = "spoken"  # the kind of the parameter that stands for words


class _Aliased(BareNames):
    """Columns behind the alias of the FROM item that makes them."""

    def __init__(self, around: Iterable[object]) -> None:
        self.aliases: dict[int, str] = {}
        self.names: dict[int, str] = {}
        self.held: Callable[[e.Expr], str] | None = None
        for part in chain.from_iterable(map(walk, around)):
            if isinstance(part, l.LogicalPlan) and not isinstance(part, l.JoinItem):
                for output in part.outputs:
                    self.names.setdefault(output.id, output.name)
                    if isinstance(part, l.FromItem) and part.alias:
                        self.aliases.setdefault(output.id, part.alias)

    def column(self, ref: e.ColumnRef) -> str:
        """alias.name; what a place holder holds."""
        if isinstance(ref, PlaceHolder) and self.held is not None:
            return self.held(ref.expr)
        name = quote_identifier(ref.name or self.names.get(ref.id, f"column {ref.id}"))
        alias = self.aliases.get(ref.id)
        return f"{quote_identifier(alias)}.{name}" if alias else name

    def parameter(self, ref: e.ParamRef) -> str:
        """As ever; the word that stands for what has no form of its own."""
        return ref.name if ref.kind == SPOKEN else super().parameter(ref)


def _spoken(part: object) -> object | None:
    """Words for what only clauses or the planner have: rows assigned together, rows compared with a subquery, folded rows without a type."""
    if isinstance(part, Alternatives):
        return part.first
    if isinstance(part, e.SubLink) and part.kind in ("multi", "row"):
        return e.ParamRef(type=part.type, number=0, kind=SPOKEN, name="(subquery)")
    if isinstance(part, e.Const) and part.type == RECORD and part.value is not None:
        return e.ParamRef(type=part.type, number=0, kind=SPOKEN, name="(row)")
    return None


class _Deparser(RuleDeparser):
    """Writes expressions with types that users made."""

    def type_name(self, expr: e.Expr) -> str:
        """The type as a cast names it; of an array, its elements' type is found."""
        return format_type(expr.type, expr.typmod, self.style.resolve)


class _Unknown(Sequence[l.Window]):
    """The windows of a query that is not shown: nothing is said of them."""

    def __len__(self) -> int:
        return 0

    def __getitem__(self, place: object) -> Any:
        return l.Window()


_UNKNOWN = _Unknown()


class Outliner:
    """Writes bound queries and join trees; `around` has all the columns that they may read."""

    def __init__(self, around: Iterable[object], resolve: Callable[[int], PgType]) -> None:
        names = _Aliased(around)
        self.deparser = _Deparser(names, resolve, query=lambda plan, level: " ".join(line.strip() for line in self.lines(plan)))
        self.resolve = resolve
        self.deparser.windows = _UNKNOWN
        names.held = self.deparser.text

    def text(self, expr: e.Expr) -> str:
        """An expression in one line."""
        return " ".join(self.deparser.text(rewrite(expr, _spoken)).split())

    def type(self, type: PgType, typmod: int) -> str:
        """A type as SQL writes it."""
        return format_type(type, typmod, self.resolve)

    def texts(self, exprs: Sequence[e.Expr], between: str = ", ") -> str:
        """Several of them."""
        return between.join(map(self.text, exprs))

    def lines(self, thing: object) -> list[str]:
        """A query, change or join tree."""
        around = self.deparser.windows
        self.deparser.windows = _UNKNOWN  # those of a query are set where it begins
        try:
            return list(_outlined(thing, self))
        finally:
            self.deparser.windows = around

    def below(self, thing: object) -> Iterator[str]:
        """The same, indented."""
        return (STEP + line for line in self.lines(thing))


@singledispatch
def _outlined(thing: object, outliner: Outliner) -> Iterator[str]:
    """What is no query is an expression, or is called by its class."""
    yield outliner.text(thing) if isinstance(thing, e.Expr) else type(thing).__name__


def _target(target: l.Target, outliner: Outliner) -> str:
    text = outliner.text(target.expr)
    return text if not target.name or text.rpartition(".")[2] == quote_identifier(target.name) else f"{text} AS {quote_identifier(target.name)}"


def _conditions(word: str, conditions: Sequence[e.Expr], outliner: Outliner) -> Iterator[str]:
    if conditions:
        yield f"{word} {outliner.texts(conditions, ' AND ')}"


def _with(ctes: Sequence[l.Cte], outliner: Outliner) -> Iterator[str]:
    for cte in ctes:
        yield f"WITH {'RECURSIVE ' if cte.recursive else ''}{quote_identifier(cte.name)} AS"
        yield from outliner.below(cte.query)


def _last(plan: l.Query | l.SetOperation | l.Values, outliner: Outliner) -> Iterator[str]:
    if plan.order_by:
        yield "ORDER BY " + ", ".join(outliner.text(key.expr) + direction(key.descending, key.nulls_first) for key in plan.order_by)
    if plan.limit is not None:
        yield f"LIMIT {outliner.text(plan.limit)}"
    if plan.offset is not None:
        yield f"OFFSET {outliner.text(plan.offset)}"


@_outlined.register
def _(query: l.Query, outliner: Outliner) -> Iterator[str]:
    yield from _with(query.ctes, outliner)
    distinct = "DISTINCT " if query.distinct or query.distinct_on is not None else ""
    outliner.deparser.windows = query.windows
    yield f"SELECT {distinct}" + ", ".join(_target(target, outliner) for target in query.targets if not target.hidden)
    if query.from_items:
        yield "FROM"
        yield from chain.from_iterable(outliner.below(item) for item in query.from_items)
    yield from _conditions("WHERE", query.where, outliner)
    if query.group_by:
        yield f"GROUP BY {outliner.texts(query.group_by)}"
    yield from _conditions("HAVING", query.having, outliner)
    yield from _last(query, outliner)


@_outlined.register
def _(plan: l.SetOperation, outliner: Outliner) -> Iterator[str]:
    yield from _with(plan.ctes, outliner)
    yield f"{plan.op.upper()}{' ALL' if plan.all else ''} of"
    yield from outliner.below(plan.left)
    yield from outliner.below(plan.right)
    yield from _last(plan, outliner)


@_outlined.register
def _(plan: l.Values, outliner: Outliner) -> Iterator[str]:
    yield from _with(plan.ctes, outliner)
    yield f"VALUES of {len(plan.rows)} row{'s' * (len(plan.rows) != 1)}"
    yield from _last(plan, outliner)


@_outlined.register
def _(plan: l.Insert, outliner: Outliner) -> Iterator[str]:
    yield from _with(plan.ctes, outliner)
    yield f"INSERT INTO {quote_identifier(plan.relation.name)}"
    yield from outliner.below(plan.source)


@_outlined.register
def _(plan: l.Update, outliner: Outliner) -> Iterator[str]:
    yield from _with(plan.ctes, outliner)
    yield f"UPDATE {quote_identifier(plan.relation.name)} with the rows of"
    yield from outliner.below(plan.query)


@_outlined.register
def _(plan: l.Delete, outliner: Outliner) -> Iterator[str]:
    yield from _with(plan.ctes, outliner)
    yield f"DELETE FROM {quote_identifier(plan.relation.name)} the rows of"
    yield from outliner.below(plan.query)


# FROM items


def _called(item: l.FromItem, name: str) -> str:
    shown = quote_identifier(name)
    return f"{shown} {quote_identifier(item.alias)}" if item.alias and item.alias != name else shown


@_outlined.register
def _(item: l.TableItem, outliner: Outliner) -> Iterator[str]:
    yield _called(item, item.relation.name)


@_outlined.register
def _(item: l.CteItem, outliner: Outliner) -> Iterator[str]:
    yield _called(item, item.name)


@_outlined.register
def _(item: l.FunctionItem, outliner: Outliner) -> Iterator[str]:
    yield f"{'LATERAL ' if item.lateral else ''}{outliner.texts(item.calls)}{f' {quote_identifier(item.alias)}' if item.alias else ''}"


@_outlined.register
def _(item: l.ValuesItem, outliner: Outliner) -> Iterator[str]:
    yield f"VALUES of {len(item.rows)} row{'s' * (len(item.rows) != 1)}{f' {quote_identifier(item.alias)}' if item.alias else ''}"


@_outlined.register
def _(item: l.SubqueryItem, outliner: Outliner) -> Iterator[str]:
    what = f"view {quote_identifier(item.view.name)}" if item.view is not None else "subquery"
    yield f"{'LATERAL ' if item.lateral else ''}{what}{f' {quote_identifier(item.alias)}' if item.alias else ''}:"
    yield from outliner.below(item.query)


@_outlined.register
def _(item: l.JoinItem, outliner: Outliner) -> Iterator[str]:
    yield f"{item.kind} join" + (f" on {outliner.text(item.on)}" if item.on is not None else "")
    yield from outliner.below(item.left)
    yield from outliner.below(item.right)


@_outlined.register
def _(item: Group, outliner: Outliner) -> Iterator[str]:
    inner = [line for part in item.items for line in outliner.lines(part)]
    if len(item.items) > 1:
        yield "all combinations of"
        yield from (STEP + line for line in inner)
    else:
        yield from inner
    yield from _conditions("where", item.where, outliner)


@_outlined.register
def _(item: NoTable, outliner: Outliner) -> Iterator[str]:
    yield "no table"


@_outlined.register
def _(item: AppendItem, outliner: Outliner) -> Iterator[str]:
    yield "all rows of"
    for member in item.members:
        yield from outliner.below(member.item)
