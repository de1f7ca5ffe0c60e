"""FROM: tables, views, subqueries, functions, VALUES, WITH names and joins, in the order written."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from auroraml.catalog.system_tables import sequence_rows
from auroraml.errors import (
    AmbiguousColumn,
    DuplicateAlias,
    FeatureNotSupported,
    InvalidColumnReference,
    ObjectNotInPrerequisiteState,
    UndefinedColumn,
    UndefinedTable,
)
from auroraml.errors import SyntaxError as SqlSyntaxError
from auroraml.ir import expr as e
from auroraml.ir.logical import CteItem, FromItem, FunctionItem, JoinItem, LogicalPlan, Output, SubqueryItem, TableItem, ValuesItem
from auroraml.ir.objects import Relation
from auroraml.ir.tree import walk
from auroraml.planner.binder.binder import Binder
from auroraml.planner.binder.expressions import FUNCTION_CLAUSE, Clause, Expressions
from auroraml.planner.binder.literals import record_of
from auroraml.planner.binder.sampling import sampled
from auroraml.planner.binder.scope import Entry, Scope, column
from auroraml.planner.binder.stored import current
from auroraml.records import replace
from auroraml.types.pg_type import PgType, Rep
from auroraml.types.table import INT8, RECORD, TEXT, UNKNOWN


class FromClause:
    """Binds the FROM list of one level into `scope`."""

    def __init__(self, binder: Binder, scope: Scope, expressions: Expressions, subquery: Callable[[exp.Expression, Scope], LogicalPlan]) -> None:
        self.binder = binder
        self.leaves = binder.leaves
        self.scope = scope
        self.expressions = expressions
        self.subquery = subquery
        self.shown: dict[int, list[tuple[str, e.Expr]]] = {}  # by the identity of a join: its columns, as `*` lists them
        self.joins: list[FromItem] = []  # which keeps those alive

    def items(self, from_: exp.Expression | None, joins: Sequence[exp.Join]) -> tuple[FromItem, ...]:
        """The items of the comma list; a JOIN extends the item before it."""
        if from_ is None:
            return ()
        self.scope.stars = []
        found = [self.item(from_.this)]
        for join in [*(from_.this.args.get("joins") or ()), *joins]:  # UPDATE's hang below its first item
            if self._is_comma(join):
                found.append(self.whole(join.this))
            else:
                found[-1] = self.join(found[-1], join)
        self.scope.stars = [(frozenset(o.id for o in item.outputs), self._shown(item)) for item in found]
        return tuple(found)

    def _shown(self, item: FromItem) -> list[tuple[str, e.Expr]]:
        """The columns that `*` makes of an item, a join's merged ones first."""
        return self.shown.get(id(item)) or [(o.name, column(o)) for o in item.outputs]

    @staticmethod
    def _is_comma(join: exp.Join) -> bool:
        return not any(join.args.get(key) for key in ("kind", "side", "method", "on", "using"))

    def whole(self, node: exp.Expression) -> FromItem:
        """An item with the joins that sqlglot hangs below it."""
        item = self.item(node)
        for join in node.args.get("joins") or ():
            item = self.join(item, join)
        return item

    def _enter(self, entry: Entry, at: int) -> None:
        if entry.named and any(e2.named and e2.alias == entry.alias and e2.schema == entry.schema for e2 in self.scope.entries):
            raise DuplicateAlias(f'table name "{entry.alias}" specified more than once')
        self.scope.entries.append(entry)

    def _alias(self, node: exp.Expression) -> tuple[str | None, list[str], list[exp.Expression]]:
        alias = node.args.get("alias")
        if alias is None:
            return None, [], []
        columns = alias.args.get("columns") or []
        names = [self.leaves.name(c.this if isinstance(c, exp.ColumnDef) else c) for c in columns]
        definitions = [c for c in columns if isinstance(c, exp.ColumnDef)]
        named = alias.this is not None and self.leaves.mark(alias.this)[0] == "i"
        return (self.leaves.name(alias.this) if named else None), names, definitions

    def _renamed(self, outputs: Sequence[Output], names: Sequence[str], alias: str, at: int) -> tuple[Output, ...]:
        if len(names) > len(outputs):
            raise InvalidColumnReference(f'table "{alias}" has {len(outputs)} columns available but {len(names)} columns specified')
        return tuple(replace(o, name=names[i]) if i < len(names) else o for i, o in enumerate(outputs))

    def item(self, node: exp.Expression) -> FromItem:
        """One FROM item, entered into the scope."""
        item = self._item(node)
        for hint in node.args.get("hints") or ():  # what stands for TABLESAMPLE
            item = sampled(item, hint, self.expressions, self.leaves.start(node))
        return item

    def _item(self, node: exp.Expression) -> FromItem:
        if isinstance(node, exp.Lateral):
            return self._lateral(node)
        if isinstance(node, exp.Values):
            return self._values(node)
        if isinstance(node, exp.Subquery):
            return self._parenthesised(node, False)
        if isinstance(node, exp.Table):
            if isinstance(node.this, exp.Values):
                return self._values(node.this, node)
            if isinstance(node.this, (exp.Anonymous, exp.Dot)):
                schema = node.args.get("db")
                return self._function(node, node.this if schema is None else exp.Dot(this=schema.copy(), expression=node.this.copy()))
            return self._table(node)
        raise FeatureNotSupported(f"{type(node).__name__} in FROM is not supported", at=self.leaves.start(node))

    def _lateral(self, node: exp.Lateral) -> FromItem:
        inner = node.this
        if isinstance(inner, exp.Subquery):
            return self._parenthesised(inner, True, node)
        return self._function(node, inner)

    def _table(self, node: exp.Table) -> FromItem:
        name = self.leaves.name(node.this)
        at = self.leaves.start(node)
        schema = self.leaves.name(node.args["db"]) if node.args.get("db") is not None else None
        alias, names, _ = self._alias(node)
        if schema is None:
            for level in self.scope.levels():
                if name in level.ctes:
                    return self._cte(level.ctes[name], name, alias, names, at)
        relation = self._relation(name, schema, at)
        self.binder.need("relation", relation.oid, relation.name, "r", None)
        return self.table(relation, alias, names, at)

    def _relation(self, name: str, schema: str | None, at: int) -> Relation:
        try:
            return self.binder.relation(name, schema, at)
        except UndefinedTable as error:
            if schema is None and any(name in level.future for level in self.scope.levels()):
                detail = f'There is a WITH item named "{name}", but it cannot be referenced from this part of the query.'
                hint = "Use WITH RECURSIVE, or re-order the WITH items to remove forward references."
                raise UndefinedTable(str(error), detail=detail, hint=hint, at=at) from None
            raise

    def table(self, relation: Relation, alias: str | None, names: Sequence[str], at: int) -> FromItem:
        """A relation in FROM; a view becomes its query."""
        if relation.kind in ("c", "i"):
            raise FeatureNotSupported(f'cannot open relation "{relation.name}"', at=at)
        if not relation.populated:
            hint = "Use the REFRESH MATERIALIZED VIEW command."
            raise ObjectNotInPrerequisiteState(f'materialized view "{relation.name}" has not been populated', hint=hint)
        if relation.sequence is not None:
            relation = sequence_rows(relation)
        live = [c for c in relation.columns if not c.dropped]
        outputs = tuple(Output(id=self.binder.new_id(), name=c.name, type=c.type, typmod=c.typmod) for c in live)
        outputs = self._renamed(outputs, names, alias or relation.name, at)
        shown = alias or relation.name
        system: list[Output] | None = [] if relation.kind in "rm" and relation.system is None and outputs else None
        self._enter(Entry(alias=shown, outputs=outputs, relation=relation, schema=None if alias else relation.schema, system=system), at)
        if relation.kind == "v" and relation.view is not None:
            self.binder.need_view(relation)
            return SubqueryItem(outputs=outputs, alias=shown, aliased=alias is not None, query=fresh(relation.view, self.binder), view=relation)
        return TableItem(outputs=outputs, alias=shown, aliased=alias is not None, relation=relation, numbers=tuple(c.number for c in live),
                         only=at in self.leaves.source.only)  # fmt: skip

    def _cte(self, cte: object, name: str, alias: str | None, names: Sequence[str], at: int) -> FromItem:
        made = tuple(replace(o, id=self.binder.new_id()) for o in cte.outputs)  # type: ignore[attr-defined] # a BoundCte
        cte.references += 1  # type: ignore[attr-defined]
        outputs = self._renamed(made, names, alias or name, at)
        self._enter(Entry(alias=alias or name, outputs=outputs), at)
        return CteItem(outputs=outputs, alias=alias or name, aliased=alias is not None, listed=bool(names), cte=cte.id, name=name)  # type: ignore[attr-defined]

    def _parenthesised(self, node: exp.Subquery, lateral: bool, outer: exp.Expression | None = None) -> FromItem:
        inner = node.this
        alias, names, _ = self._alias(outer if outer is not None and outer.args.get("alias") is not None else node)
        if _is_item(inner):
            self._check_joined(inner)
            return self._nested_join(inner, node, alias, names)
        parent = self.scope if lateral else self._outside()
        plan = self.subquery(inner, parent)
        at = self.leaves.start(node)
        if alias is None:
            at = self._before(at)
            raise SqlSyntaxError("subquery in FROM must have an alias", hint="For example, FROM (SELECT ...) [AS] foo.", at=at)
        outputs = tuple(replace(o, id=self.binder.new_id()) for o in self._typed(plan.outputs))
        outputs = self._renamed(outputs, names, alias, at)
        self._enter(Entry(alias=alias, outputs=outputs), at)
        return SubqueryItem(outputs=outputs, alias=alias, aliased=True, listed=bool(names), lateral=lateral and _reads(plan, self.scope), query=plan)

    def _check_joined(self, inner: exp.Expression) -> None:
        """Parentheses in FROM are for joins, not for one item."""
        if inner.args.get("joins") or (isinstance(inner, exp.Subquery) and inner.args.get("alias") is None):
            return
        tokens, depth = self.leaves.source.tokens, 0
        for token in tokens[self.leaves.first(inner) :]:
            depth += token.is_op("(") - token.is_op(")")
            if depth < 0:
                raise SqlSyntaxError(f'syntax error at or near "{token.raw}"', at=token.start)

    def _before(self, at: int) -> int:
        tokens = [t for t in self.leaves.source.tokens if t.start < at and t.is_op("(")]
        return tokens[-1].start if tokens else at

    @staticmethod
    def _typed(outputs: Sequence[Output]) -> list[Output]:
        return [replace(o, type=TEXT) if o.type.oid == UNKNOWN.oid else o for o in outputs]

    def _outside(self) -> Scope:
        """The scope of a subquery that is not LATERAL: outer levels and WITH names, none of this level's items."""
        return Scope(parent=self.scope.parent, ctes=self.scope.ctes, siblings=self.scope.entries)

    def _nested_join(self, inner: exp.Expression, node: exp.Subquery, alias: str | None, names: Sequence[str]) -> FromItem:
        start = len(self.scope.entries)
        item = self.whole(inner)
        if alias is not None:
            made = self._renamed(item.outputs, names, alias, 0)
            shown = [(names[i] if i < len(names) else name, expr) for i, (name, expr) in enumerate(self._shown(item))]
            self.shown[id(item)] = shown
            self.scope.siblings += self.scope.entries[start:]
            del self.scope.entries[start:]
            self._enter(Entry(alias=alias, outputs=made), 0)
        return item

    def _values(self, node: exp.Values, outer: exp.Expression | None = None) -> FromItem:
        alias, names, _ = self._alias(outer or node)
        at = self.leaves.start(node)
        if alias is None:
            raise SqlSyntaxError("VALUES in FROM must have an alias", hint="For example, FROM (VALUES ...) [AS] foo.", at=self._before(at))
        rows = bind_rows(node, self.expressions)
        types, typed = common_rows(rows, self.expressions)
        outputs = self._renamed(values_outputs(self.binder, types, typed), names, alias, at)
        self._enter(Entry(alias=alias, outputs=outputs), at)
        return ValuesItem(outputs=outputs, alias=alias, aliased=True, listed=bool(names), rows=typed)

    def _function(self, node: exp.Expression, call: exp.Expression) -> FromItem:
        alias, names, definitions = self._alias(node)
        at = self.leaves.start(node)
        bound, *more = [self.expressions.within(FUNCTION_CLAUSE, part) for part in self._parts(call)]
        function = bound.function if isinstance(bound, e.Call) else None
        name = function.name if function is not None else figure(bound)
        ordinality = bool(node.args.get("ordinality"))
        fields = self._fields(bound, name, alias, definitions, at)
        counts = [len(fields)]
        for other in more:
            extra = self._fields(other, other.function.name if isinstance(other, e.Call) else name, alias, (), at)
            fields += extra
            counts.append(len(extra))
        if ordinality:
            fields.append(("ordinality", INT8, -1))
        outputs = tuple(Output(id=self.binder.new_id(), name=n, type=t, typmod=m) for n, t, m in fields)
        scalar = len(fields) == 1 and bound.type.rep is not Rep.STRUCT
        if not more and bound.type.rep is not Rep.STRUCT and alias is not None and not names and not (function is not None and function.outputs):
            outputs = (replace(outputs[0], name=alias), *outputs[1:])
        outputs = self._renamed(outputs, [] if definitions else names, alias or name, at)
        if definitions and function is not None:
            bound = replace(bound, type=record_of([(o.name, o.type, o.typmod) for o in outputs]))
        self._enter(Entry(alias=alias or name, outputs=outputs, composite=not scalar), at)
        lateral = any(isinstance(x, e.ColumnRef) for part in (bound, *more) for x in walk(part))
        return FunctionItem(outputs=outputs, alias=alias or name, aliased=alias is not None, lateral=lateral, calls=(bound, *more),
                            column_counts=tuple(counts), ordinality=ordinality)  # fmt: skip

    def _parts(self, call: exp.Expression) -> list[exp.Expression]:
        """The calls of ROWS FROM (...); unnest of several arrays is one unnest each, side by side."""
        if isinstance(call, exp.Anonymous):
            index = self.leaves.mark(call.this)[1]
            if self.leaves.source.tokens[index].is_word("rows") and self.leaves.source.tokens[index + 1].is_word("from"):
                return list(call.expressions)
        if not isinstance(call, exp.Anonymous) or len(call.expressions) < 2 or self.leaves.token(call.this).text != "unnest":
            return [call]
        return [exp.Anonymous(this=call.this, expressions=[argument]) for argument in call.expressions]

    def _fields(self, bound: e.Expr, name: str, alias: str | None, definitions: Sequence[exp.Expression], at: int) -> list[tuple[str, PgType, int]]:
        if definitions:
            if bound.type.oid != RECORD.oid or bound.type.attributes:
                raise SqlSyntaxError(
                    'a column definition list is only allowed for functions returning "record"', at=self.leaves.at(definitions[0].this)
                )
            return [(self.leaves.name(d.this), *self.binder.type(self.leaves.type(d.args["kind"].args.get("kind") or d.args["kind"].this)))
                    for d in definitions]  # fmt: skip
        if bound.type.rep is Rep.STRUCT:
            if not bound.type.attributes:
                raise SqlSyntaxError('a column definition list is required for functions returning "record"', at=at)
            return [(a.name, a.type, a.typmod) for a in bound.type.attributes]
        function = bound.function if isinstance(bound, e.Call) else None
        shown = name if function is None or len(function.outputs) != 1 or not function.outputs[0].name else function.outputs[0].name
        return [(shown, bound.type, bound.typmod)]

    # Joins

    def join(self, left: FromItem, node: exp.Join) -> FromItem:
        """left [kind] JOIN right ON | USING | NATURAL."""
        before = len(self.scope.entries)
        side = (node.args.get("side") or "").lower()
        ids = {o.id for o in left.outputs}
        filled = [entry for entry in self.scope.entries if side in ("right", "full") and any(o.id in ids for o in entry.outputs)]
        for entry in filled:
            entry.barred = True
        right = self.whole(node.this)
        for entry in filled:
            entry.barred = False
        kind = side if side in ("left", "right", "full") else "cross" if (node.args.get("kind") or "").upper() == "CROSS" else "inner"
        outputs = left.outputs + right.outputs
        using = [self.leaves.name(c) for c in node.args.get("using") or ()]
        if (node.args.get("method") or "").upper() == "NATURAL":
            theirs = {o.name for o in right.outputs}
            using = [o.name for o in left.outputs if o.name in theirs]
        if using:
            on = self._using(using, left, right, kind, node, before)
            merged = [(name, value) for name, value, _ in self.scope.merged[: len(using)]]
            made = JoinItem(outputs=outputs, kind="inner" if kind == "cross" else kind, left=left, right=right, on=on,
                            using=tuple(using))  # fmt: skip
            return self._listed(made, merged, left, right)
        condition = None
        if node.args.get("on") is not None:
            condition = self.expressions.condition(node.args["on"], Clause(name="JOIN/ON"))
        elif kind != "cross" and (node.args.get("method") or "").upper() != "NATURAL":
            tokens = self.leaves.source.tokens
            after = max(self.leaves.indexes(node), default=0) + 1
            token = tokens[after]
            raise SqlSyntaxError("syntax error at end of input" if token.kind == "end" else f'syntax error at or near "{token.raw}"', at=token.start)
        made = JoinItem(outputs=outputs, kind="inner" if kind == "cross" else kind, left=left, right=right, on=condition)
        return self._listed(made, [], left, right)

    def _listed(self, made: JoinItem, merged: list[tuple[str, e.Expr]], left: FromItem, right: FromItem) -> JoinItem:
        names = {name for name, _ in merged}
        self.shown[id(made)] = merged + [shown for side in (left, right) for shown in self._shown(side) if shown[0] not in names]
        self.joins.append(made)
        return made

    def _side(
        self, entries: Sequence[Entry], merged: Sequence[tuple[str, e.Expr, frozenset[int]]], name: str, side: str
    ) -> tuple[e.Expr, frozenset[int]]:
        found: list[tuple[e.Expr, frozenset[int]]] = [(expr, ids) for n, expr, ids in merged if n == name]
        hidden = frozenset(i for _, _, ids in merged for i in ids)
        found += [(column(o), frozenset((o.id,))) for entry in entries for o in entry.outputs if o.name == name and o.id not in hidden]
        if not found:
            raise UndefinedColumn(f'column "{name}" specified in USING clause does not exist in {side} table')
        if len(found) > 1:
            raise AmbiguousColumn(f'common column name "{name}" appears more than once in {side} table')
        return found[0]

    def _using_alias(self, index: int, merged: Sequence[tuple[str, e.Expr, frozenset[int]]]) -> None:
        """JOIN ... USING (...) AS alias: the merged columns under a name of their own."""
        token = self.leaves.source.tokens[index]
        outputs = []
        for name, value, _ in merged:
            if not isinstance(value, e.ColumnRef):
                raise FeatureNotSupported("an alias for computed columns of JOIN ... USING is not supported", at=token.start)
            outputs.append(Output(id=value.id, name=name, type=value.type, typmod=value.typmod))
        self._enter(Entry(alias=token.text, outputs=tuple(outputs), qualified=True), token.start)

    def _using(self, names: Sequence[str], left: FromItem, right: FromItem, kind: str, node: exp.Join, before: int) -> e.Expr | None:
        ids = {o.id for o in left.outputs}
        lefts = [entry for entry in self.scope.entries[:before] if entry.outputs and entry.outputs[0].id in ids]
        left_merged = [m for m in self.scope.merged if m[2] & ids]
        rights, right_merged = self.scope.entries[before:], [m for m in self.scope.merged if not m[2] & ids and m[2] & {o.id for o in right.outputs}]
        tests, merged = [], []
        for place, name in enumerate(names):
            given = node.args.get("using") or ()
            at = self.leaves.at(given[place]) if place < len(given) else self.leaves.start(node)
            a, a_ids = self._side(lefts, left_merged, name, "left")
            b, b_ids = self._side(rights, right_merged, name, "right")
            tests.append(self.expressions.operator("=", [a, b], at))
            merged.append((name, self._merged(a, b, kind), a_ids | b_ids))
        first = self.leaves.mark(node.args["using"][0])[1] if node.args.get("using") else -1
        if first in self.leaves.source.using_aliases:
            self._using_alias(self.leaves.source.using_aliases[first], merged)
        names_set = set(names)
        self.scope.merged = merged + [m for m in self.scope.merged if not (m[0] in names_set and any(m[2] & x[2] for x in merged))]
        if not tests:
            return None
        return tests[0] if len(tests) == 1 else e.And(type=tests[0].type, args=tuple(tests))

    def _merged(self, left: e.Expr, right: e.Expr, kind: str) -> e.Expr:
        """The value of a merged column, of the type that both sides have in common (buildMergedJoinVar)."""
        type, (a, b) = self.binder.coercer.to_common([left, right], "JOIN/USING")
        if kind == "full":
            return e.Coalesce(type=type, args=(a, b))
        if left.typmod != right.typmod:  # the modifier of neither
            a, b = (e.Relabel(type=type, arg=x) if x is given and x.typmod >= 0 else x for x, given in ((a, left), (b, right)))
        bare = isinstance(b, e.ColumnRef) and not isinstance(a, e.ColumnRef)
        return b if kind == "right" or (kind in ("inner", "cross") and bare) else a


def _reads(plan: LogicalPlan, scope: Scope) -> bool:
    """Whether a plan reads columns of this scope's items."""
    ids = {o.id for entry in scope.entries for o in entry.outputs}
    return any(isinstance(x, e.ColumnRef) and x.id in ids for x in walk(plan))


def fresh(plan: LogicalPlan, binder: Binder) -> LogicalPlan:
    """A view's stored query with new column ids, over what it reads as that is now."""
    return current(plan, binder.catalog, binder.new_id)


def bind_rows(node: exp.Expression, expressions: Expressions) -> list[list[e.Expr]]:
    """The rows of VALUES, all of one length."""
    rows = []
    for item in node.expressions:
        parts = item.expressions if isinstance(item, exp.Tuple) else [item.this if isinstance(item, exp.Paren) else item]
        rows.append([expressions.within(Clause(name="VALUES"), part) for part in parts])
        if len(rows[-1]) != len(rows[0]):
            raise SqlSyntaxError("VALUES lists must all be the same length", at=expressions.leaves.start(item))
    return rows


def common_rows(rows: Sequence[Sequence[e.Expr]], expressions: Expressions) -> tuple[list[PgType], tuple[tuple[e.Expr, ...], ...]]:
    """The columns' types, and the rows coerced to them."""
    columns = [expressions.coercer.to_common(list(parts), "VALUES") for parts in zip(*rows, strict=True)]
    return [t for t, _ in columns], tuple(zip(*(values for _, values in columns), strict=True))


def values_outputs(binder: Binder, types: Sequence[PgType], rows: Sequence[Sequence[e.Expr]]) -> tuple[Output, ...]:
    """The columns of VALUES: with a modifier where all rows have the same (select_common_typmod)."""
    typmods = [{expr.typmod for expr in column} for column in zip(*rows, strict=True)]
    return tuple(
        Output(id=binder.new_id(), name=f"column{i}", type=type, typmod=found.pop() if len(found) == 1 else -1)
        for i, (type, found) in enumerate(zip(types, typmods, strict=True), 1)
    )


def figure(expr: e.Expr) -> str:
    """A name for an expression in FROM."""
    return expr.name if isinstance(expr, e.SqlValue) else "function"


def _is_item(inner: exp.Expression) -> bool:
    """Whether parentheses in FROM hold an item with its joins, not a query."""
    if inner.args.get("joins") and not isinstance(inner, exp.Select):
        return True
    if isinstance(inner, exp.Subquery):
        return inner.args.get("alias") is not None or _is_item(inner.this)
    return isinstance(inner, (exp.Table, exp.Lateral))
