"""Queries: SELECT, set operations, VALUES and WITH, to flat logical levels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from auroraml.errors import (
    DatatypeMismatch,
    DuplicateAlias,
    FeatureNotSupported,
    GroupingError,
    InvalidColumnReference,
    InvalidRecursion,
    UndefinedTable,
    WindowingError,
)
from auroraml.errors import SyntaxError as SqlSyntaxError
from auroraml.ir import expr as e
from auroraml.ir.logical import (
    Cte,
    CteItem,
    FromItem,
    FunctionItem,
    JoinItem,
    LogicalPlan,
    Output,
    Query,
    RowLock,
    SetOperation,
    SubqueryItem,
    Target,
    Values,
    ValuesItem,
)
from auroraml.ir.tree import children, expressions, same, walk
from auroraml.planner.binder.binder import Binder
from auroraml.planner.binder.coercion import located
from auroraml.planner.binder.expressions import Clause, Expressions
from auroraml.planner.binder.from_clause import FromClause, bind_rows, common_rows, values_outputs
from auroraml.planner.binder.recursion import check_recursion, in_order
from auroraml.planner.binder.scope import Entry, Scope, column, free_ids, missing_column, with_system_columns
from auroraml.planner.binder.select_list import Grouping, SelectList
from auroraml.records import replace
from auroraml.types.pg_type import PgType
from auroraml.types.table import INT8, TEXT, UNKNOWN

GROUP: Final = Clause(name="GROUP BY")
_READ: Final = frozenset((
    "expressions", "from_", "joins", "where", "group", "having", "windows", "order", "limit", "offset", "distinct", "with_", "kind", "locks",
    "operation_modifiers", "hint", "into", "laterals", "this", "alias",
))  # fmt: skip
_CLAUSES: Final = {"with_": "WITH", "order": "ORDER BY", "limit": "LIMIT", "offset": "OFFSET"}
STRENGTHS: Final = {(True, False): "update", (True, True): "no key update", (False, False): "share", (False, True): "key share"}


@dataclass(kw_only=True)
class BoundCte:
    """A WITH query while its level is bound."""

    id: int
    outputs: tuple[Output, ...]
    references: int = 0


class QueryBinder:
    """Binds the levels of one statement."""

    def __init__(self, binder: Binder) -> None:
        self.binder = binder
        self.leaves = binder.leaves

    def plan(self, node: exp.Expression, parent: Scope) -> LogicalPlan:
        """Any query as a logical plan, its names looked up in `parent` where its own level has none; literals of no type become text."""
        return self._resolved(self.unresolved(node, parent))

    def _resolved(self, plan: LogicalPlan) -> LogicalPlan:
        if not isinstance(plan, Query) or all(o.type.oid != UNKNOWN.oid for o in plan.outputs):
            return plan
        coerce = self.binder.coercer.coerce
        targets = tuple(replace(t, expr=coerce(t.expr, TEXT)) if t.expr.type.oid == UNKNOWN.oid else t for t in plan.targets)
        return replace(plan, targets=targets, outputs=tuple(replace(o, type=TEXT) if o.type.oid == UNKNOWN.oid else o for o in plan.outputs))

    def unresolved(self, node: exp.Expression, parent: Scope) -> LogicalPlan:
        """`plan`, with literals of no type in the select list left to whoever uses it: a set operation or INSERT."""
        if isinstance(node, exp.Paren):
            return self.unresolved(node.this, parent)
        if isinstance(node, exp.Subquery):
            return self._subquery(node, parent)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, parent)
        if isinstance(node, exp.Values):
            return self._values(node, parent)
        if isinstance(node, exp.Select):
            values = bare_values(node)
            return self._select(node, parent) if values is None else self._values(values, parent, node)
        if isinstance(node, (exp.Insert, exp.Update, exp.Delete)):
            return self.dml(node, parent)
        raise FeatureNotSupported(f"{type(node).__name__} is not supported", at=self.leaves.start(node))

    def dml(self, node: exp.Expression, parent: Scope) -> LogicalPlan:
        """A data-modifying statement inside WITH; the statement binder puts its own here."""
        raise FeatureNotSupported("data-modifying statements in WITH are not supported", at=self.leaves.start(node))

    def _subquery(self, node: exp.Subquery, parent: Scope) -> LogicalPlan:
        return self.unresolved(self._merged(node), parent)

    def _merged(self, node: exp.Expression) -> exp.Expression:
        """A query without its parentheses; the clauses behind (and WITH before) them become its own (insertSelectOptions)."""
        if not isinstance(node, exp.Subquery):
            return node
        inner = self._merged(node.this)
        clauses = {key: node.args[key] for key in _CLAUSES if node.args.get(key) is not None}
        for key, clause in clauses.items():
            if inner.args.get(key) is not None:
                at = self.leaves.source.tokens[self.leaves.first(clause) - 1].start if key == "with_" else self.leaves.start(clause)
                raise SqlSyntaxError(f"multiple {_CLAUSES[key]} clauses not allowed", at=at)
        locks = node.args.get("locks") or []
        if clauses or locks:
            inner = inner.copy()
            for key, clause in clauses.items():
                inner.set(key, clause.copy())
            if locks:
                inner.set("locks", [*(inner.args.get("locks") or ()), *(lock.copy() for lock in locks)])
        return inner

    # WITH

    def _with(self, node: exp.Expression, scope: Scope) -> tuple[Scope, tuple[Cte, ...]]:
        clause = node.args.get("with_")
        if clause is None:
            return scope, ()
        inside = Scope(parent=scope.parent, ctes=dict(scope.ctes))
        recursive = bool(clause.args.get("recursive"))
        made: list[tuple[BoundCte, Cte]] = []
        names = [self.leaves.name(cte.args["alias"].this) for cte in clause.expressions]
        if recursive and len(set(names)) == len(names):
            written = in_order(clause.expressions, self.leaves)
        else:
            written = clause.expressions
        for cte in written:
            name = self.leaves.name(cte.args["alias"].this)
            if name in [c.name for _, c in made]:
                raise DuplicateAlias(f'WITH query name "{name}" specified more than once', at=self.leaves.at(cte.args["alias"].this))
            inside.future = frozenset(names) - set(inside.ctes)
            made.append(self._cte(cte, name, inside, recursive))
            inside.ctes[name] = made[-1][0]
        scope.ctes = inside.ctes
        return scope, tuple(cte for _, cte in made)

    def _cte(self, node: exp.CTE, name: str, scope: Scope, recursive: bool) -> tuple[BoundCte, Cte]:
        names = [self.leaves.name(c) for c in node.args["alias"].args.get("columns") or ()]
        id = self.binder.new_id()
        materialized = node.args.get("materialized")
        inner = node.this
        refers = recursive and check_recursion(node, self.leaves)
        if refers:
            plan = self._recursive(inner, name, names, id, scope)
        else:
            plan = self.plan(inner, scope)
        outputs = self._cte_outputs(plan, names, name, node)
        bound = BoundCte(id=id, outputs=outputs)
        return bound, Cte(id=id, name=name, query=plan, recursive=refers, materialized=None if materialized is None else bool(materialized),
                          columns=tuple(names))  # fmt: skip

    def _cte_outputs(self, plan: LogicalPlan, names: Sequence[str], name: str, node: exp.Expression) -> tuple[Output, ...]:
        outputs = [replace(o, type=TEXT) if o.type.oid == UNKNOWN.oid else o for o in plan.outputs]
        if len(names) > len(outputs):
            raise InvalidColumnReference(
                f'WITH query "{name}" has {len(outputs)} columns available but {len(names)} columns specified', at=self.leaves.start(node)
            )
        return tuple(replace(o, name=names[i]) if i < len(names) else o for i, o in enumerate(outputs))

    def _recursive(self, node: exp.SetOperation, name: str, names: Sequence[str], id: int, scope: Scope) -> LogicalPlan:
        scope, ctes = self._with(node, Scope(parent=scope.parent, ctes=dict(scope.ctes)))
        left = self.plan(node.this, scope)
        seen = BoundCte(id=id, outputs=self._cte_outputs(left, names, name, node))
        right = self.plan(node.expression, Scope(parent=scope.parent, ctes={**scope.ctes, name: seen}))
        _refuse_aggregates(right, id)
        if len(left.outputs) != len(right.outputs):
            raise SqlSyntaxError("each UNION query must have the same number of columns", at=self._first_target(node.expression))
        types = []
        for i, (a, b) in enumerate(zip(left.outputs, right.outputs, strict=True)):
            overall = self._matched(a, b, "UNION", i, left, right)
            if overall.oid != a.type.oid:
                shown = self.binder.coercer.name
                raise DatatypeMismatch(
                    f'recursive query "{name}" column {i + 1} has type {shown(a.type)} in non-recursive term but type {shown(overall)} overall',
                    hint="Cast the output of the non-recursive term to the correct type.", at=located(output_expr(left, i)),
                )  # fmt: skip
            types.append(overall)
        right, casts = self._coerced(right, types)
        outputs = tuple(replace(o, id=self.binder.new_id()) for o in seen.outputs)
        return SetOperation(op="union", all=not node.args.get("distinct"), left=left, right=right, outputs=outputs, right_casts=casts, ctes=ctes)

    # VALUES and set operations

    def _values(self, node: exp.Values, parent: Scope, clauses: exp.Expression | None = None) -> LogicalPlan:
        """VALUES; `clauses` is the node that carries its WITH, ORDER BY and LIMIT."""
        if locks := self._locks(node):
            raise FeatureNotSupported(f"FOR {locks[0].strength.upper()} cannot be applied to VALUES")
        clauses = node if clauses is None else clauses
        scope, ctes = self._with(clauses, Scope(parent=parent, ctes=dict(parent.ctes)))
        parent = Scope(parent=parent, ctes=scope.ctes) if ctes else parent
        expressions_ = Expressions(self.binder, parent, self.plan)
        types, rows = common_rows(bind_rows(node, expressions_), expressions_)
        outputs = values_outputs(self.binder, types, rows)
        limit, offset, ties = self._limits(clauses, parent)
        if ties:
            raise FeatureNotSupported("VALUES ... WITH TIES is not supported", at=self.leaves.start(node))
        keys = self._output_order(clauses.args.get("order"), outputs, ())
        return Values(outputs=outputs, rows=rows, order_by=keys, limit=limit, offset=offset, ctes=ctes)

    def _set_operation(self, node: exp.SetOperation, parent: Scope) -> LogicalPlan:
        scope, ctes = self._with(node, Scope(parent=parent, ctes=dict(parent.ctes)))
        inside = Scope(parent=parent, ctes=scope.ctes)
        left, right = self.unresolved(node.this, inside), self.unresolved(node.expression, inside)
        word = {exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"}[type(node)]
        if len(left.outputs) != len(right.outputs):
            raise SqlSyntaxError(
                f"each {word} query must have the same number of columns",
                at=self.leaves.start(node.expression) if not right.outputs else self._first_target(node.expression),
            )
        types = [self._matched(a, b, word, i, left, right) for i, (a, b) in enumerate(zip(left.outputs, right.outputs, strict=True))]
        (left, left_casts), (right, right_casts) = self._coerced(left, types), self._coerced(right, types)
        outputs = tuple(Output(id=self.binder.new_id(), name=o.name, type=t, typmod=o.typmod if o.typmod == r.typmod else -1)
                        for o, r, t in zip(left.outputs, right.outputs, types, strict=True))  # fmt: skip
        keys = self._output_order(node.args.get("order"), outputs, [*_members(left), *_members(right)])
        limit, offset, ties = self._limits(node, parent)
        if ties:
            raise FeatureNotSupported(f"{word} ... WITH TIES is not supported", at=self.leaves.start(node))
        if locks := self._locks(node) or self._locks(node.expression):
            raise FeatureNotSupported(f"FOR {locks[0].strength.upper()} is not allowed with UNION/INTERSECT/EXCEPT")
        return SetOperation(op=word.lower(), all=not node.args.get("distinct"), left=left, right=right, outputs=outputs, order_by=keys, limit=limit,
                            offset=offset, ctes=ctes, left_casts=left_casts, right_casts=right_casts)  # fmt: skip

    def _first_target(self, node: exp.Expression) -> int:
        select = node if isinstance(node, exp.Select) else node.find(exp.Select)
        return self.leaves.start(select.expressions[0]) if select is not None and select.expressions else self.leaves.start(node)

    def _matched(self, a: Output, b: Output, word: str, i: int, left: LogicalPlan, right: LogicalPlan) -> PgType:
        return self.binder.coercer.common([output_expr(left, i), output_expr(right, i)], word)

    def _coerced(self, plan: LogicalPlan, types: Sequence[PgType]) -> tuple[LogicalPlan, tuple[e.Expr | None, ...]]:
        """One side of a set operation: literals get the common types, other columns are cast above it where theirs differ."""
        plan = self._typed(plan, types)
        if all(o.type.oid == t.oid for o, t in zip(plan.outputs, types, strict=True)):
            return plan, ()
        coercer = self.binder.coercer
        return plan, tuple(None if o.type.oid == t.oid else coercer.coerce(column(o), t) for o, t in zip(plan.outputs, types, strict=True))

    def _typed(self, plan: LogicalPlan, types: Sequence[PgType]) -> LogicalPlan:
        """`plan` with types for what is still of none."""
        coercer = self.binder.coercer
        if all(o.type.oid != UNKNOWN.oid for o in plan.outputs):
            return plan
        outputs = tuple(replace(o, type=t) if o.type.oid == UNKNOWN.oid else o for o, t in zip(plan.outputs, types, strict=True))
        if isinstance(plan, Query):
            shown = iter(types)
            targets = tuple(
                t if t.hidden else replace(t, expr=coercer.coerce(t.expr, wanted) if t.expr.type.oid == UNKNOWN.oid else t.expr)
                for t, wanted in ((t, TEXT if t.hidden else next(shown)) for t in plan.targets)
            )
            return replace(plan, targets=targets, outputs=outputs)
        if isinstance(plan, Values):
            rows = tuple(
                tuple(coercer.coerce(v, t) if v.type.oid == UNKNOWN.oid else v for v, t in zip(row, types, strict=True)) for row in plan.rows
            )
            return replace(plan, rows=rows, outputs=outputs)
        if isinstance(plan, SetOperation):
            return replace(plan, left=self._typed(plan.left, types), right=self._typed(plan.right, types), outputs=outputs)
        return wrap(plan, [o.type for o in outputs], self.binder)

    def _output_order(self, order: exp.Expression | None, outputs: Sequence[Output], members: Sequence[LogicalPlan]) -> tuple[e.SortKey, ...]:
        """ORDER BY of a set operation: output names and positions only; its members' names are known, but out of reach."""
        if order is None:
            return ()
        keys = []
        beside = [Entry(alias=f"*SELECT* {i}", outputs=member.outputs) for i, member in enumerate(members, 1)]
        scope = Scope(entries=[Entry(alias="", outputs=tuple(outputs), named=False)], parent=None, siblings=beside)
        expressions_ = Expressions(self.binder, scope, self.plan)
        for item in order.expressions:
            letter, index = self.leaves.mark(item.this)
            token = self.leaves.source.tokens[index]
            if letter == "n" and token.text.isdigit():
                place = int(token.text)
                if not 1 <= place <= len(outputs):
                    raise InvalidColumnReference(f"ORDER BY position {place} is not in select list", at=token.start)
                expr: e.Expr = column(outputs[place - 1])
            elif letter == "i" and not item.this.args.get("table"):
                match = [o for o in outputs if o.name == token.text]
                if not match:
                    raise missing_column(scope, token.text, token.start)
                expr = column(match[0])
            else:
                expressions_.bind(item.this)
                raise FeatureNotSupported(
                    "invalid UNION/INTERSECT/EXCEPT ORDER BY clause", detail="Only result column names can be used, not expressions or functions.",
                    hint="Add the expression/function to every SELECT, or move the UNION into a FROM clause.", at=self.leaves.start(item),
                )  # fmt: skip
            keys.append(e.SortKey(expr=expr, descending=bool(item.args.get("desc")), nulls_first=bool(item.args.get("nulls_first"))))
        return tuple(keys)

    def _limits(self, node: exp.Expression, parent: Scope) -> tuple[e.Expr | None, e.Expr | None, bool]:
        found: list[e.Expr | None] = []
        limit, offset = node.args.get("limit"), node.args.get("offset")
        ties = False
        for clause, word in ((limit, "LIMIT"), (offset, "OFFSET")):
            if clause is None:
                found.append(None)
                continue
            value = clause.args.get("count") if isinstance(clause, exp.Fetch) else clause.expression
            if isinstance(clause, exp.Fetch):
                options = clause.args.get("limit_options")
                ties = bool(options is not None and options.args.get("with_ties"))
                if ties and node.args.get("order") is None:
                    raise SqlSyntaxError("WITH TIES cannot be specified without ORDER BY clause")
                if ties and any(lock.wait == "skip locked" for lock in self._locks(node)):
                    raise SqlSyntaxError("SKIP LOCKED and WITH TIES options cannot be used together")
            if value is None or isinstance(value, exp.Var) or (isinstance(value, exp.Column) and not self.leaves.mark(value)[0]):  # LIMIT ALL
                found.append(e.Const(type=INT8, value=1) if isinstance(clause, exp.Fetch) else None)
                continue
            expressions_ = Expressions(self.binder, parent, self.plan)
            bound = expressions_.within(Clause(name=word), value)
            own = {o.id for entry in parent.entries for o in entry.outputs}
            if any(isinstance(x, e.ColumnRef) and x.id in own for x in expressions(bound)):
                raise InvalidColumnReference(f"argument of {word} must not contain variables", at=located(bound))
            found.append(self.binder.coercer.coerce(bound, INT8, -1, "assignment"))
        return found[0], found[1], ties

    # SELECT

    def _misplaced_into(self, node: exp.Select) -> SqlSyntaxError:
        at = self.leaves.start(node.args["into"].this)
        below: exp.Expression = node
        while isinstance(below.parent, (exp.Subquery, exp.SetOperation)):
            if isinstance(below.parent, exp.SetOperation) and below.arg_key == "expression":
                return SqlSyntaxError("INTO is only allowed on first SELECT of UNION/INTERSECT/EXCEPT", at=at)
            below = below.parent
        return SqlSyntaxError("SELECT ... INTO is not allowed here", at=at)

    def _select(self, node: exp.Select, parent: Scope) -> LogicalPlan:
        for key, value in node.args.items():
            if value and key not in _READ:
                raise FeatureNotSupported(f"{key.strip('_').upper()} is not supported", at=self.leaves.start(node))
        if node.args.get("into") is not None:
            raise self._misplaced_into(node)
        scope, ctes = self._with(node, Scope(parent=parent, ctes=dict(parent.ctes)))
        bound = Expressions(self.binder, scope, self.plan)
        items = FromClause(self.binder, scope, bound, self.plan).items(node.args.get("from_"), node.args.get("joins") or ())
        for window in node.args.get("windows") or ():
            if self.leaves.name(window.this) in bound.window_names:
                raise WindowingError(f'window "{self.leaves.name(window.this)}" is already defined',
                                     at=self.leaves.source.tokens[self.leaves.mark(window.this)[1] + 2].start)  # fmt: skip
            bound.window_names[self.leaves.name(window.this)] = len(bound.windows)
            bound.windows.append(replace(bound.window_definition(window), name=self.leaves.name(window.this)))
        targets = SelectList(self.binder, scope, bound).targets(node.expressions)
        where = node.args.get("where")
        conjuncts = _conjuncts(bound.condition(where.this, Clause(name="WHERE"))) if where is not None else ()
        return self._level(node, scope, bound, items, conjuncts, targets, ctes)

    def _level(
        self, node: exp.Select, scope: Scope, bound: Expressions, items: tuple[FromItem, ...], where: tuple[e.Expr, ...], targets: list[Target],
        ctes: tuple[Cte, ...],
    ) -> LogicalPlan:  # fmt: skip
        select = SelectList(self.binder, scope, bound)
        group = node.args.get("group")
        having = node.args.get("having")
        conditions = _conjuncts(bound.condition(having.this, Clause(name="HAVING", aggregates=True))) if having is not None else ()
        order = node.args.get("order")
        keys = tuple(select.sort_key(item, targets, "ORDER BY") for item in order.expressions) if order is not None else ()
        grouping = select.grouping(group, targets) if group is not None else Grouping()
        distinct = node.args.get("distinct")
        on = None
        if distinct is not None and distinct.args.get("on") is not None:
            on = self._distinct_on(distinct, select, targets, keys)
        elif distinct is not None:
            hidden = [t for t in targets if t.hidden]
            if hidden:
                raise InvalidColumnReference("for SELECT DISTINCT, ORDER BY expressions must appear in select list", at=located(hidden[0].expr))
        if distinct is not None and on is None:
            targets = [replace(t, expr=self.binder.coercer.coerce(t.expr, TEXT)) if t.expr.type.oid == UNKNOWN.oid else t for t in targets]
        grouped = group is not None or having is not None or bool(bound.aggregates) or scope.aggregated
        limit, offset, ties = self._limits(node, scope)
        outputs = tuple(Output(id=t.id, name=t.name, type=t.expr.type, typmod=t.expr.typmod) for t in targets if not t.hidden)
        query = Query(
            outputs=outputs, from_items=with_system_columns(items, scope.entries), where=where, group_by=grouping.keys, grouping_sets=grouping.sets, grouping=grouping.items,
            grouping_distinct=grouping.distinct, grouped=grouped, having=conditions,
            windows=tuple(bound.windows), targets=tuple(targets), distinct=distinct is not None and on is None, distinct_on=on, order_by=keys,
            limit=limit, with_ties=ties, offset=offset, ctes=ctes, locks=self._locks(node),
        )  # fmt: skip
        if grouped:
            check_grouping(query, scope)
        if query.locks:
            self._check_locks(query, node, scope)
        return query

    def _check_locks(self, query: Query, node: exp.Select, scope: Scope) -> None:
        """What FOR UPDATE does not go with, and the privilege it needs."""
        word = f"FOR {query.locks[0].strength.upper()}"
        _check_lockable(query, word)
        for lock in query.locks:
            for item in _subqueries(query.from_items):
                if not lock.aliases or item.alias in lock.aliases:
                    _check_below(item.query, word)
        for lock, written in zip(query.locks, node.args.get("locks") or (), strict=True):
            for alias, table in zip(lock.aliases, written.expressions, strict=True):
                if not any(entry.named and entry.alias == alias for entry in scope.entries):
                    raise UndefinedTable(f'relation "{alias}" in {word} clause not found in FROM clause', at=self.leaves.start(table))
                kind = next((_UNLOCKABLE[type(item)] for item in query.from_items if item.alias == alias and type(item) in _UNLOCKABLE), None)
                if kind is not None:
                    raise FeatureNotSupported(f"{word} cannot be applied to {kind}", at=self.leaves.start(table))
            for entry in scope.entries:
                if entry.relation is not None and entry.relation.kind == "r" and (not lock.aliases or entry.alias in lock.aliases):
                    self.binder.need("relation", entry.relation.oid, entry.relation.name, "w", columns=())

    def _locks(self, node: exp.Expression) -> tuple[RowLock, ...]:
        found = []
        for lock in node.args.get("locks") or ():
            wait = lock.args.get("wait")
            policy = "block" if wait is None else "nowait" if wait is True else "skip locked"
            names = tuple(self.leaves.name(t.this) for t in lock.expressions)
            strength = STRENGTHS[bool(lock.args.get("update")), bool(lock.args.get("key"))]
            found.append(RowLock(strength=strength, wait=policy, aliases=names))
        return tuple(found)

    def _distinct_on(self, distinct: exp.Expression, select: SelectList, targets: list[Target], keys: Sequence[e.SortKey]) -> tuple[int, ...]:
        ids = []
        for item in distinct.args["on"].expressions:
            key = select.sort_key(exp.Ordered(this=item), targets, "DISTINCT ON")
            assert isinstance(key.expr, e.ColumnRef)
            ids.append(key.expr.id)
        for key in keys[: len(ids)]:
            if isinstance(key.expr, e.ColumnRef) and key.expr.id not in ids:
                missed = next(i for i in ids if all(i != k.expr.id for k in keys if isinstance(k.expr, e.ColumnRef)))
                at = self.leaves.start(distinct.args["on"].expressions[ids.index(missed)])
                raise InvalidColumnReference("SELECT DISTINCT ON expressions must match initial ORDER BY expressions", at=at)
        return tuple(ids)


_UNLOCKABLE: Final = {CteItem: "a WITH query", FunctionItem: "a function", ValuesItem: "VALUES"}


def _subqueries(items: Sequence[FromItem]) -> Iterator[SubqueryItem]:
    for item in items:
        if isinstance(item, JoinItem):
            yield from _subqueries((item.left, item.right))
        elif isinstance(item, SubqueryItem):
            yield item


def _makes_sets(query: Query) -> bool:
    return any(isinstance(x, e.Call) and x.function.returns_set for t in query.targets for x in expressions(t.expr))


def _check_lockable(query: LogicalPlan, word: str) -> None:
    """0A000 for what FOR UPDATE does not go with, in subqueries in FROM too (CheckSelectLocking)."""
    if isinstance(query, SetOperation):
        raise FeatureNotSupported(f"{word} is not allowed with UNION/INTERSECT/EXCEPT")
    if not isinstance(query, Query):
        return
    reasons = (
        ("DISTINCT clause", query.distinct or query.distinct_on is not None), ("GROUP BY clause", bool(query.group_by)),
        ("HAVING clause", bool(query.having)), ("aggregate functions", query.grouped), ("window functions", bool(query.windows)),
        ("set-returning functions in the target list", _makes_sets(query)),
    )  # fmt: skip
    for what, present in reasons:
        if present:
            raise FeatureNotSupported(f"{word} is not allowed with {what}")


def _check_below(query: LogicalPlan, word: str) -> None:
    """The same for a subquery that a lock of the query around it reaches, and for those in its FROM."""
    _check_lockable(query, word)
    if isinstance(query, Query):
        for item in _subqueries(query.from_items):
            _check_below(item.query, word)


def bare_values(node: exp.Expression) -> exp.Values | None:
    """The VALUES that sqlglot wraps in SELECT * FROM, where a query is expected."""
    from_ = node.args.get("from_")
    values = None if from_ is None else from_.this
    alias = values.args.get("alias") if isinstance(values, exp.Values) else None
    return values if alias is not None and str(alias.this.name) == "_values" else None


def _conjuncts(expr: e.Expr) -> tuple[e.Expr, ...]:
    return expr.args if isinstance(expr, e.And) else (expr,)


def wrap(plan: LogicalPlan, types: Sequence[PgType], binder: Binder) -> LogicalPlan:
    """A level around `plan` that casts its outputs."""
    from_item = SubqueryItem(outputs=tuple(replace(o, id=binder.new_id()) for o in plan.outputs), alias="unnamed", query=plan)
    targets = tuple(
        Target(id=binder.new_id(), name=o.name, expr=binder.coercer.coerce(column(o), t)) for o, t in zip(from_item.outputs, types, strict=True)
    )
    outputs = tuple(Output(id=t.id, name=t.name, type=t.expr.type) for t in targets)
    return Query(outputs=outputs, from_items=(from_item,), targets=targets)


def output_expr(plan: LogicalPlan, i: int) -> e.Expr:
    """What makes output `i`, for its type and position."""
    if isinstance(plan, Query):
        return [t.expr for t in plan.targets if not t.hidden][i]
    if isinstance(plan, Values):
        return plan.rows[0][i]
    if isinstance(plan, SetOperation):
        return column(plan.outputs[i], located(output_expr(plan.left, i)))
    return column(plan.outputs[i])


def check_grouping(query: Query, scope: Scope) -> None:
    """42803 for a column of this level that is neither grouped nor inside an aggregate."""
    own = {o.id: (entry, o) for entry in scope.entries for o in (*entry.outputs, *(entry.system or ()))}
    keyed = _functionally_dependent(query, scope)
    known = frozenset(id for level in scope.levels() for id in level.made())
    pending: list[tuple[object, bool]] = [(x, False) for x in (*[target.expr for target in query.targets], *query.having)]
    pending.reverse()
    while pending:
        node, inside = pending.pop()
        if isinstance(node, (e.Aggregate, e.Grouping)):
            read = free_ids(node)
            if not inside or read <= known:  # else it is of a level inside
                around = bool(read) and own.keys().isdisjoint(read)
                stray = next((x for x in node.args if not any(same(x, key) for key in query.group_by)), None)
                if isinstance(node, e.Grouping) and not around and stray is not None:
                    raise GroupingError("arguments to GROUPING must be grouping expressions of the associated query level", at=stray.at)
                continue
        elif isinstance(node, e.Expr) and any(same(node, key) for key in query.group_by):
            continue
        if isinstance(node, e.ColumnRef) and node.id in own and node.id not in keyed:
            entry, output = own[node.id]
            shown = f"{entry.alias}.{output.name}"
            if inside:
                raise GroupingError(f'subquery uses ungrouped column "{shown}" from outer query', at=node.at)
            raise GroupingError(f'column "{shown}" must appear in the GROUP BY clause or be used in an aggregate function', at=node.at)
        below = [(child, inside or (isinstance(node, e.SubLink) and isinstance(child, LogicalPlan))) for child in children(node)]
        below.reverse()
        pending += below


def _functionally_dependent(query: Query, scope: Scope) -> frozenset[int]:
    """Columns of relations whose whole primary key is grouped."""
    grouped = {key.id for key in query.group_by if isinstance(key, e.ColumnRef)}
    found: set[int] = set()
    for entry in scope.entries:
        relation = entry.relation
        if relation is None:
            continue
        live = [c for c in relation.columns if not c.dropped]
        ids = {c.number: o.id for c, o in zip(live, entry.outputs, strict=False)}
        for constraint in relation.constraints:
            if constraint.kind == "p" and all(ids.get(n) in grouped for n in constraint.columns):
                found |= {o.id for o in entry.outputs}
    return frozenset(found)


def _refuse_aggregates(plan: LogicalPlan, id: int) -> None:
    """42P19 for an aggregate of a level that reads the recursive query `id` itself."""
    for query in walk(plan):
        if isinstance(query, Query) and any(isinstance(item, CteItem) and item.cte == id for item in _leaf_items(query.from_items)):
            parts = [part for target in (*(t.expr for t in query.targets), *query.having) for part in expressions(target)]
            found = next((part for part in parts if isinstance(part, e.Aggregate)), None)
            if found is not None:
                raise InvalidRecursion("aggregate functions are not allowed in a recursive query's recursive term", at=found.at)


def _leaf_items(items: Sequence[FromItem]) -> Iterator[FromItem]:
    for item in items:
        if isinstance(item, JoinItem):
            yield from _leaf_items((item.left, item.right))
        else:
            yield item


def _members(plan: LogicalPlan) -> list[LogicalPlan]:
    """The members of a tree of set operations, in their order; one with clauses of its own is a member as it is."""
    if isinstance(plan, SetOperation) and not (plan.order_by or plan.ctes) and plan.limit is None and plan.offset is None:
        return [*_members(plan.left), *_members(plan.right)]
    return [plan]
