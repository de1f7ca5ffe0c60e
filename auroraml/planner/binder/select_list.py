"""The select list: stars expanded, columns named; and the clauses that may refer to it (ORDER BY, GROUP BY, DISTINCT ON)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Final

from sqlglot import exp

from auroraml.errors import AmbiguousColumn, GroupingError, InvalidColumnReference, WrongObjectType
from auroraml.errors import SyntaxError as SqlSyntaxError
from auroraml.ir import expr as e
from auroraml.ir.logical import GroupingItem, Target
from auroraml.ir.tree import same
from auroraml.planner.binder.binder import Binder
from auroraml.planner.binder.expressions import Clause, Expressions
from auroraml.planner.binder.scope import Scope, column, missing_table
from auroraml.records import dataclass, replace
from auroraml.sql.rewrite import CONSTANTS
from auroraml.types.pg_type import Rep
from auroraml.types.table import TEXT, UNKNOWN

SELECT: Final = Clause(name="SELECT", aggregates=True, windows=True, sets=True)
ORDER: Final = Clause(name="ORDER BY", aggregates=True, windows=True, sets=True)


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """GROUP BY: its expressions, and the grouping sets (None for plain GROUP BY) with the items that they come from."""

    keys: tuple[e.Expr, ...] = ()
    sets: tuple[tuple[int, ...], ...] | None = None
    items: tuple[GroupingItem, ...] = ()
    distinct: bool = False


class SelectList:
    """Binds the targets of one level."""

    def __init__(self, binder: Binder, scope: Scope, bound: Expressions) -> None:
        self.binder = binder
        self.leaves = binder.leaves
        self.scope = scope
        self.bound = bound

    def targets(self, nodes: Sequence[exp.Expression], clause: Clause = SELECT) -> list[Target]:
        """The visible targets."""
        found: list[Target] = []
        for node in nodes:
            found += self._target(node, clause)
        return found

    def _new(self, name: str, expr: e.Expr, hidden: bool = False) -> Target:
        return Target(id=self.binder.new_id(), name=name, expr=expr, hidden=hidden)

    def _target(self, node: exp.Expression, clause: Clause) -> list[Target]:
        if isinstance(node, exp.Star):
            return self._star(node)
        if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
            return self._qualified_star(node)
        if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Star):
            return self._fields(node, clause)
        if isinstance(node, exp.Alias):
            return [self._new(self.leaves.name(node.args["alias"]), self.bound.within(clause, node.this))]
        expr = self.bound.within(clause, node)
        return [self._new(column_name(node, self.leaves), expr)]

    def _star(self, node: exp.Expression) -> list[Target]:
        if not self.scope.entries:
            at = next((t.start for t in self.leaves.source.tokens if t.is_op("*")), 0)
            raise SqlSyntaxError("SELECT * with no tables specified is not valid", at=at)
        hidden = self.scope.replaced()
        covered = hidden.union(*(ids for ids, _ in self.scope.stars))
        found = [self._new(o.name, column(o)) for entry in self.scope.entries for o in entry.outputs
                 if o.id not in covered and not entry.qualified]  # fmt: skip
        return found + [self._new(name, expr) for _, shown in self.scope.stars for name, expr in shown]

    def _qualified_star(self, node: exp.Column) -> list[Target]:
        qualifier = node.args["table"]
        name, at = self.leaves.name(qualifier), self.leaves.at(qualifier)
        schema = self.leaves.name(node.args["db"]) if node.args.get("db") is not None else None
        for level in self.scope.levels():
            entry = level.find_entry(name, at, schema)
            if entry is not None:
                return [self._new(o.name, column(o, at)) for o in entry.outputs]
        raise missing_table(self.scope, name, at)

    def _fields(self, node: exp.Dot, clause: Clause) -> list[Target]:
        """(expression).*: a separate evaluation for each field, as in PostgreSQL."""
        expr = self.bound.within(clause, node.this)
        if isinstance(expr, e.RowExpr):
            return [self._new(a.name, x) for a, x in zip(expr.type.attributes, expr.args, strict=True)]
        if expr.type.rep is not Rep.STRUCT or not expr.type.attributes:
            shown = self.binder.coercer.name(expr.type)
            raise WrongObjectType(f"type {shown} is not composite", at=self.leaves.start(node))
        return [self._new(a.name, e.FieldSelect(type=a.type, typmod=a.typmod, arg=self.bound.within(clause, node.this) if i else expr, index=i, name=a.name))
                for i, a in enumerate(expr.type.attributes)]  # fmt: skip

    def sort_key(self, item: exp.Expression, targets: list[Target], word: str) -> e.SortKey:
        """An ORDER BY item: an output's name or position, or an expression (added hidden)."""
        target = self._reference(item.this, targets, word, outputs_first=True)
        if target is None:
            saved, self.bound.clause = self.bound.clause, ORDER if word == "ORDER BY" else Clause(name=word, aggregates=True, windows=True)
            try:
                key = self.bound.sort_key(item)
            finally:
                self.bound.clause = saved
            target = next((t for t in targets if same(t.expr, key.expr)), None)
            if target is None:
                target = self._new("?column?", key.expr, hidden=True)
                targets.append(target)
        if target.expr.type.oid == UNKNOWN.oid:
            typed = replace(target, expr=self.binder.coercer.coerce(target.expr, TEXT))
            targets[targets.index(target)] = target = typed
        return e.SortKey(expr=e.ColumnRef(type=target.expr.type, id=target.id, name=target.name), descending=bool(item.args.get("desc")),
                         nulls_first=bool(item.args.get("nulls_first")))  # fmt: skip

    def _reference(self, node: exp.Expression, targets: Sequence[Target], word: str, outputs_first: bool) -> Target | None:
        """The target a bare name or number means, if it means one."""
        visible = [t for t in targets if not t.hidden]
        node, sign, start = self.leaves.signed(node)
        letter, index = self.leaves.mark(node) if isinstance(node, (exp.Column, exp.Identifier)) and not node.args.get("table") else ("", -1)
        if letter in ("s",):
            token = self.leaves.source.tokens[index]
            raise SqlSyntaxError(f"non-integer constant in {word}", at=token.start)
        if letter == "n":
            token = self.leaves.source.tokens[index]
            at = token.start if start is None else start
            if not token.text.isdigit() or int(token.text) >= 2**31:
                raise SqlSyntaxError(f"non-integer constant in {word}", at=at)
            place = sign * int(token.text)
            if not 1 <= place <= len(visible):
                raise InvalidColumnReference(f"{word} position {place} is not in select list", at=at)
            return visible[place - 1]
        if letter == "i":
            token = self.leaves.source.tokens[index]
            if not outputs_first and any(level.find_column(token.text, token.start) for level in (self.scope,)):
                return None
            found = [t for t in visible if t.name == token.text]
            if len(found) > 1 and not all(same(found[0].expr, other.expr) for other in found):
                raise AmbiguousColumn(f'{word} "{token.text}" is ambiguous', at=token.start)
            return found[0] if found else None
        return None

    def grouping(self, node: exp.Expression, targets: list[Target]) -> Grouping:
        """GROUP BY: expressions, and the grouping sets where there are any."""
        keys: list[e.Expr] = []
        entries: list[Target | None] = []  # the select-list entries that they are

        def place(item: exp.Expression) -> int:
            target = self._reference(item, targets, "GROUP BY", outputs_first=False)
            expr = target.expr if target is not None else self.bound.within(Clause(name="GROUP BY"), item)
            if expr.type.oid == UNKNOWN.oid:
                expr = self.binder.coercer.coerce(expr, TEXT)
            if target is not None and any(isinstance(x, e.Aggregate) for x in [expr]):
                raise aggregates_in_group(expr)
            entry = target or next((t for t in targets if same(t.expr, expr)), None)
            for i, key in enumerate(keys):
                if entries[i] is entry and (entry is not None or same(key, expr)):
                    return i
            keys.append(expr)
            entries.append(entry)
            return len(keys) - 1

        written = [*node.expressions, *(item for key in ("rollup", "cube", "grouping_sets") for item in node.args.get(key) or ())]
        items = [_item(item, place) for item in written]
        if all(item.kind == "set" for item in items) and any(item.members for item in items):
            return Grouping(keys=tuple(keys))
        combined = [tuple(dict.fromkeys(sum(choice, ()))) for choice in product(*[item.sets() for item in items])]
        distinct = node.args.get("all") is False
        if distinct:
            combined = sorted({tuple(sorted(found)) for found in combined}, key=lambda found: (len(found), found))
        return Grouping(keys=tuple(keys), sets=tuple(combined), items=tuple(items), distinct=distinct)


def aggregates_in_group(expr: e.Expr) -> Exception:
    """42803."""
    return GroupingError("aggregate functions are not allowed in GROUP BY", at=expr.at)


def column_name(node: exp.Expression, leaves: object) -> str:
    """The name PostgreSQL gives a column without AS (FigureColname)."""
    return _figure(node, leaves)[0] or "?column?"


def _figure(node: exp.Expression, leaves: object) -> tuple[str, int]:
    """A name and how strong it is: 2 a real name, 1 a type's or CASE's."""
    mark = leaves.mark  # type: ignore[attr-defined] # Leaves
    source = leaves.source  # type: ignore[attr-defined]
    if isinstance(node, exp.Paren):
        return _figure(node.this, leaves)
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
        return leaves.name(node.args["table"]), 2  # type: ignore[attr-defined]
    if isinstance(node, (exp.Column, exp.Identifier)):
        letter, index = mark(node)
        if letter == "k" and source.tokens[index].text in CONSTANTS:
            return "", 0
        return (source.tokens[index].text, 2) if letter in ("i", "k") else ("", 0)
    if isinstance(node, exp.Dot):
        return _figure(node.expression, leaves)
    if isinstance(node, exp.Anonymous):
        index = mark(node.this)[1]
        form = source.forms.get(index)
        return (form.name if form is not None else source.tokens[index].text), 2
    if isinstance(node, (exp.Filter, exp.Window, exp.WithinGroup)):
        return _figure(node.this, leaves)
    if isinstance(node, exp.Cast):
        name, strength = _figure(node.this, leaves)
        if strength > 1:
            return name, strength
        target = node.args["to"]
        return source.types[mark(target.args.get("kind") or target.this)[1]].name, 1
    if isinstance(node, (exp.Collate, exp.Bracket)):
        return _figure(node.this, leaves)
    if isinstance(node, exp.Overlaps):
        return "overlaps", 2
    if isinstance(node, exp.AtTimeZone):
        return "timezone", 2
    if isinstance(node, exp.Case):
        default = node.args.get("default")
        name, strength = _figure(default, leaves) if default is not None else ("", 0)
        return (name, strength) if strength >= 2 else ("case", 1)
    if isinstance(node, exp.Array):
        return "array", 2
    if isinstance(node, exp.Exists):
        return "exists", 2
    if isinstance(node, exp.Subquery):
        inner = node.this
        while isinstance(inner, (exp.Subquery, exp.SetOperation)):
            inner = inner.this
        if isinstance(inner, exp.Values):
            return "column1", 2
        first = inner.expressions[0] if isinstance(inner, exp.Select) and inner.expressions else None
        if isinstance(first, exp.Alias):
            return leaves.name(first.args["alias"]), 2  # type: ignore[attr-defined]
        return _figure(first, leaves) if first is not None else ("", 0)
    if isinstance(node, exp.Is) and isinstance(node.expression, exp.Column) and not node.args.get("negate"):
        return "is_normalized", 2
    if isinstance(node, exp.Tuple):
        return "row", 2
    return "", 0


def _item(item: exp.Expression, place: Callable[[exp.Expression], int]) -> GroupingItem:
    """One item of GROUP BY: one set, or ROLLUP, CUBE and GROUPING SETS; the latter one within another are part of it."""
    kind = _KINDS.get(type(item))
    if kind is None:
        parts = item.expressions if isinstance(item, exp.Tuple) else [item.this if isinstance(item, exp.Paren) else item]
        return GroupingItem(members=tuple([place(part) for part in parts]))
    made = [_item(part, place) for part in item.expressions]
    return GroupingItem(kind=kind, parts=tuple(inner for part in made for inner in (part.parts if part.kind == "sets" else (part,))))


_KINDS: Final = {exp.Rollup: "rollup", exp.Cube: "cube", exp.GroupingSets: "sets"}
