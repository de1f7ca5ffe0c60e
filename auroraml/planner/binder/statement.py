"""The binder's entry: one query or DML statement, one expression, one SQL function body."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from sqlglot import exp

from auroraml.catalog.catalog import Catalog
from auroraml.catalog.depends import uses
from auroraml.errors import (
    DatatypeMismatch,
    FeatureNotSupported,
    GeneratedAlways,
    IndeterminateDatatype,
    InsufficientPrivilege,
    InvalidColumnReference,
    InvalidFunctionDefinition,
    UndefinedColumn,
    UndefinedObject,
    WrongObjectType,
)
from auroraml.errors import DuplicateColumn as Duplicated
from auroraml.errors import SyntaxError as SqlSyntaxError
from auroraml.evaluate.calling import body_expressions
from auroraml.ir import expr as e
from auroraml.ir.bound import BoundStatement
from auroraml.ir.logical import Conflict, Cte, Delete, FromItem, Insert, LogicalPlan, Output, Query, SubqueryItem, TableItem, Target, Update, Values
from auroraml.ir.objects import Column, Function, Relation
from auroraml.ir.tree import expressions as walk_expressions
from auroraml.ir.tree import walk
from auroraml.planner.binder.binder import Binder, Names, Variables
from auroraml.planner.binder.coercion import located
from auroraml.planner.binder.expressions import Clause, Expressions
from auroraml.planner.binder.from_clause import FromClause
from auroraml.planner.binder.literals import record_of
from auroraml.planner.binder.query import QueryBinder, _conjuncts, output_expr
from auroraml.planner.binder.scope import Entry, Scope, column, with_system_columns
from auroraml.planner.binder.select_list import SelectList
from auroraml.records import replace
from auroraml.sql import statements as st
from auroraml.sql.rewrite import Source
from auroraml.types.form import DEFAULT_STYLE, TextStyle
from auroraml.types.pg_type import PgType, Rep
from auroraml.types.table import TEXT, UNKNOWN, VOID

_NO_TOKENS: Final = Source(tokens=())
RETURNING: Final = Clause(name="RETURNING")
SET: Final = Clause(name="UPDATE")


def bind(
    statement: st.Query, catalog: Catalog, names: Names, parameters: Sequence[PgType] = (), style: TextStyle = DEFAULT_STYLE,
    variables: Variables | None = None,
) -> BoundStatement:  # fmt: skip
    """The statement bound: names resolved, types chosen, coercions explicit; `variables` are those of the PL/pgSQL function it stands in."""
    binder = Binder(catalog, names, statement.tree.source, style, parameters)
    binder.variables = variables
    queries = StatementBinder(binder)
    plan = queries.plan(statement.tree.root, Scope())
    tag = {Insert: "INSERT", Update: "UPDATE", Delete: "DELETE"}.get(type(plan), "SELECT")
    learned = [binder.parameters.get(i, UNKNOWN) for i in range(1, max(binder.parameters, default=0) + 1)]
    for number, learnt in enumerate(learned, 1):
        if learnt.oid == UNKNOWN.oid:
            at = next((t.start for t in statement.tree.source.tokens if t.kind == "parameter" and t.text == str(number)), None)
            raise IndeterminateDatatype(f"could not determine data type of parameter ${number}", at=at)
    writes = tag != "SELECT" or any(isinstance(c.query, (Insert, Update, Delete)) for c in getattr(plan, "ctes", ()))
    return BoundStatement(
        plan=plan,
        columns=plan.outputs,
        parameters=tuple(learned),
        needs=tuple(binder.needs.values()),
        tag=tag,
        command=_command(plan, tag),
        read_only=not writes,
    )


def _command(plan: LogicalPlan, tag: str) -> str:
    """How refusals name the command: locks of a query, or of one in its FROM, are part of the name."""
    if not isinstance(plan, Query):
        return tag
    if plan.locks:
        return f"SELECT FOR {plan.locks[0].strength.upper()}"
    below = (_command(item.query, tag) for item in plan.from_items if isinstance(item, SubqueryItem))
    return next((command for command in below if command != tag), tag)


def bind_expression(
    tree: st.Tree,
    catalog: Catalog,
    names: Names,
    columns: Sequence[Column] = (),
    style: TextStyle = DEFAULT_STYLE,
    clause: str = "DEFAULT expressions",
    table: str | None = None,
) -> e.Expr:
    """An expression over the columns of `table` (ColumnRef ids are attribute numbers)."""
    binder = Binder(catalog, names, tree.source, style)
    binder.columns, binder.lone, binder.table = columns, True, table
    return Expressions(binder, Scope(), StatementBinder(binder).plan).within(Clause(name=clause), tree.root)


def assigned(expr: e.Expr, catalog: Catalog, type: PgType, typmod: int, name: str, style: TextStyle = DEFAULT_STYLE) -> e.Expr:
    """`expr` as it is stored in a column; 42804 where it cannot be."""
    binder = Binder(catalog, Names(), _NO_TOKENS, style)
    return to_column(binder, expr, type, typmod, name, "column")


def bind_body(function: Function, statements: Sequence[st.Statement], catalog: Catalog, names: Names, style: TextStyle = DEFAULT_STYLE) -> Function:
    """`function` with its body bound and checked against its result type (42P13); `batch` inherited from the batch calls in it."""
    if not statements:
        if function.result.oid != VOID.oid:
            raise _returns(
                function, binder_name(function, catalog, style), "Function's final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING."
            )
        nothing = Target(id=1, name="", expr=e.Const(type=VOID, value=None))
        return replace(function, body=Query(outputs=(Output(id=1, name="", type=VOID),), targets=(nothing,)))
    arguments = [(p.name, p.type) for p in function.inputs]
    plans: list[LogicalPlan] = []
    for statement in statements:
        if not isinstance(statement, st.Query):
            raise FeatureNotSupported(f"{_words(statement)} in a SQL function is not supported")
        binder = Binder(catalog, names, statement.tree.source, style, (), arguments)
        binder.function_name = function.name
        plans.append(StatementBinder(binder).plan(statement.tree.root, Scope()))
    plan = _returning(function, plans[-1], binder)
    return inherit_batch(replace(function, before=tuple(plans[:-1]), body=plan))


def _words(statement: st.Statement) -> str:
    """The statement's first word."""
    return statement.text[statement.start : statement.end].split(None, 1)[0].upper()


def binder_name(function: Function, catalog: Catalog, style: TextStyle) -> str:
    """The declared result type as messages print it."""
    return Binder(catalog, Names(), _NO_TOKENS, style).coercer.name(function.result)


def _returns(function: Function, shown: str, detail: str) -> Exception:
    return InvalidFunctionDefinition(
        f"return type mismatch in function declared to return {shown}", detail=detail, context=f'SQL function "{function.name}"'
    )


def _returning(function: Function, plan: LogicalPlan, binder: Binder) -> LogicalPlan:
    """The body's outputs coerced to the declared result."""
    shown = binder.coercer.name(function.result)
    if function.result.oid == VOID.oid:
        return plan
    outputs = list(plan.outputs)
    if function.result.rep is Rep.STRUCT and (function.result.attributes or len(function.outputs) > 1):
        wanted = [(p.type, -1) for p in function.outputs] if len(function.outputs) > 1 else [(a.type, a.typmod) for a in function.result.attributes]
        if len(outputs) == 1 and outputs[0].type.oid == function.result.oid:
            return plan
        if len(outputs) != len(wanted):
            few = "Final statement returns too few columns." if len(outputs) < len(wanted) else "Final statement returns too many columns."
            raise _returns(function, shown, few)
    else:
        if len(outputs) != 1:
            raise _returns(function, shown, "Final statement must return exactly one column.")
        wanted = [(function.result, -1)]
    if not isinstance(plan, (Query, Values)):
        return plan
    values = [output_expr(plan, i) for i in range(len(outputs))]
    for i, (value, (type, _)) in enumerate(zip(values, wanted, strict=True)):
        if type.kind != "p" and not binder.coercer.can(value.type, type, "assignment"):
            actual = binder.coercer.name(value.type)
            if len(wanted) == 1:
                raise _returns(function, shown, f"Actual return type is {actual}.")
            raise _returns(function, shown, f"Final statement returns {actual} instead of {binder.coercer.name(type)} at column {i + 1}.")
    coerced = [
        value if type.kind == "p" else binder.coercer.coerce(value, type, typmod, "assignment")
        for value, (type, typmod) in zip(values, wanted, strict=True)
    ]
    new = tuple(replace(o, type=x.type, typmod=x.typmod) for o, x in zip(outputs, coerced, strict=True))
    if isinstance(plan, Values):
        rows = tuple(tuple(binder.coercer.coerce(v, t, m, "assignment") for v, (t, m) in zip(row, wanted, strict=True)) for row in plan.rows)
        return replace(plan, outputs=new, rows=rows)
    shown_targets = iter(coerced)
    return replace(plan, outputs=new, targets=tuple(t if t.hidden else replace(t, expr=next(shown_targets)) for t in plan.targets))


def inherit_batch(function: Function) -> Function:
    """A body that is a plain select list with a batch call in it makes the function one that may be batched."""
    calls = [x for expr in body_expressions(function) for x in walk_expressions(expr) if isinstance(x, e.Call) and x.function.batch]
    return replace(function, batch=bool(calls))


class StatementBinder(QueryBinder):
    """Adds INSERT, UPDATE and DELETE to queries."""

    def dml(self, node: exp.Expression, parent: Scope) -> LogicalPlan:
        """A data-modifying statement."""
        scope, ctes = self._with(node, Scope(parent=parent, ctes=dict(parent.ctes)))
        if isinstance(node, exp.Insert):
            return self._insert(node, scope, ctes)
        if isinstance(node, exp.Update):
            return self._update(node, scope, ctes)
        assert isinstance(node, exp.Delete)
        return self._delete(node, scope, ctes)

    def _target(self, node: exp.Expression, privilege: str) -> tuple[Relation, str, int]:
        table = node.this if isinstance(node, exp.Schema) else node
        name, at = self.leaves.name(table.this), self.leaves.start(table)
        schema = self.leaves.name(table.args["db"]) if table.args.get("db") is not None else None
        relation = self.binder.relation(name, schema, at)
        if relation.kind in "mS":
            raise WrongObjectType(f'cannot change {"sequence" if relation.kind == "S" else "materialized view"} "{relation.name}"')
        if relation.kind != "r":
            raise FeatureNotSupported(f'changing the rows of view "{relation.name}" is not supported', at=at)
        if relation.system is not None:
            raise InsufficientPrivilege(f'permission denied: "{relation.name}" is a system catalog')
        alias = table.args.get("alias")
        if privilege == "d":
            self.binder.need("relation", relation.oid, relation.name, privilege)
        return relation, (self.leaves.name(alias.this) if alias is not None else relation.name), at

    def _columns(self, node: exp.Expression, relation: Relation) -> list[Column]:
        live = [c for c in relation.columns if not c.dropped]
        if not isinstance(node, exp.Schema):
            return live
        found: list[Column] = []
        for item in node.expressions:
            name, at = self.leaves.name(item.this if isinstance(item, exp.ColumnDef) else item), self.leaves.start(item)
            match = next((c for c in live if c.name == name), None)
            if match is None:
                raise UndefinedColumn(f'column "{name}" of relation "{relation.name}" does not exist', at=at)
            if match in found:
                raise Duplicated(f'column "{name}" specified more than once', at=at)
            found.append(match)
        return found

    def _insert(self, node: exp.Insert, scope: Scope, ctes: tuple[Cte, ...]) -> LogicalPlan:
        relation, alias, _ = self._target(node.this, "a")
        columns = self._columns(node.this, relation)
        named = isinstance(node.this, exp.Schema)
        self.binder.need("relation", relation.oid, relation.name, "a", columns=tuple(c.number for c in columns))
        live = [c for c in relation.columns if not c.dropped]
        source = node.args.get("expression")
        inside = Scope(parent=scope.parent, ctes=scope.ctes)
        if node.args.get("default") or source is None:
            plan = self._rows([[None] * len(columns)], columns, live)
        elif isinstance(source, exp.Values) and not source.args.get("order") and not source.args.get("limit"):
            plan = self._insert_values(source, columns, live, inside, named)
        else:
            plan = self._insert_query(source, columns, live, inside, named)
        row_ids = tuple(self.binder.new_id() for _ in live)
        own = Scope(parent=scope.parent, ctes=scope.ctes)
        own.entries.append(Entry(alias=alias, outputs=self._row(live, row_ids), relation=relation))
        conflict = self._conflict(node.args.get("conflict"), relation, own, live)
        returning, outputs = self._returning(node, own)
        if returning:
            places = dict(zip(row_ids, (c.number for c in live), strict=True))
            read = {places[x.id] for t in returning for x in walk_expressions(t.expr) if isinstance(x, e.ColumnRef) and x.id in places}
            self.binder.need("relation", relation.oid, relation.name, "r", columns=tuple(sorted(read)))
        return Insert(
            outputs=outputs, relation=relation, source=plan, row_ids=row_ids, alias=alias, returning=returning, conflict=conflict, ctes=ctes
        )

    @staticmethod
    def _row(live: Sequence[Column], ids: Sequence[int]) -> tuple[Output, ...]:
        return tuple(Output(id=i, name=c.name, type=c.type, typmod=c.typmod) for c, i in zip(live, ids, strict=True))

    def _default(self, item: Column) -> e.Expr:
        return item.default if item.default is not None else e.Const(type=item.type, value=None)

    def _count(self, given: int, columns: Sequence[Column], at: int, missing: int, named: bool) -> None:
        if given > len(columns):
            raise SqlSyntaxError("INSERT has more expressions than target columns", at=at)
        if given < len(columns) and named:
            raise SqlSyntaxError("INSERT has more target columns than expressions", at=missing)

    def _insert_values(self, source: exp.Values, columns: Sequence[Column], live: Sequence[Column], scope: Scope, named: bool) -> LogicalPlan:
        bound = Expressions(self.binder, scope, self.plan)
        rows: list[list[e.Expr | None]] = []
        overriding = self._overriding(source)
        for item in source.expressions:
            parts = item.expressions if isinstance(item, exp.Tuple) else [item.this if isinstance(item, exp.Paren) else item]
            if rows and len(parts) != len(rows[0]):
                raise SqlSyntaxError("VALUES lists must all be the same length", at=self.leaves.start(item))
            at = self.leaves.start(parts[len(columns)]) if len(parts) > len(columns) else 0
            missing = self._column_at(columns[len(parts)].name) if len(parts) < len(columns) else 0
            self._count(len(parts), columns, at, missing, named)
            row: list[e.Expr | None] = []
            for part, target in zip(parts, columns, strict=False):
                if self.leaves.mark(part)[0] == "d" or (target.identity and overriding == "user"):
                    row.append(None)
                else:
                    self._refuse_identity(target, overriding)
                    value = bound.within(Clause(name="VALUES"), part)
                    row.append(to_column(self.binder, value, target.type, target.typmod, target.name, "column"))
            rows.append(row)
        return self._rows(rows, columns[: len(rows[0])], live)

    def _column_at(self, name: str) -> int:
        return next((t.start for t in self.leaves.source.tokens if t.is_name and t.text == name), 0)

    def _rows(self, rows: Sequence[Sequence[e.Expr | None]], columns: Sequence[Column], live: Sequence[Column]) -> LogicalPlan:
        place = {c.number: i for i, c in enumerate(columns)}
        full = []
        for row in rows:
            values = []
            for c in live:
                value = row[place[c.number]] if c.number in place else None
                values.append(self._default(c) if value is None else value)
            full.append(tuple(values))
        outputs = tuple(Output(id=self.binder.new_id(), name=c.name, type=c.type, typmod=c.typmod) for c in live)
        return Values(outputs=outputs, rows=tuple(full))

    def _insert_query(self, source: exp.Expression, columns: Sequence[Column], live: Sequence[Column], scope: Scope, named: bool) -> LogicalPlan:
        plan = self.unresolved(source, scope)
        more = self.leaves.start(source)
        if len(plan.outputs) > len(columns):
            more = located(output_expr(plan, len(columns))) or more
        missing = self._column_at(columns[len(plan.outputs)].name) if len(plan.outputs) < len(columns) else 0
        self._count(len(plan.outputs), columns, more, missing, named)
        columns = columns[: len(plan.outputs)]
        for target in columns:
            self._refuse_identity(target, self._overriding(source))
        plan = self._typed_literals(plan, columns)
        item_outputs = tuple(replace(o, id=self.binder.new_id()) for o in plan.outputs)
        place = {c.number: i for i, c in enumerate(columns)}
        targets = []
        for c in live:
            if c.number in place:
                i = place[c.number]
                value: e.Expr = column(item_outputs[i], located(output_expr(plan, i)))
                value = to_column(self.binder, value, c.type, c.typmod, c.name, "column")
            else:
                value = self._default(c)
            targets.append(Target(id=self.binder.new_id(), name=c.name, expr=value))
        outputs = tuple(Output(id=t.id, name=t.name, type=t.expr.type, typmod=t.expr.typmod) for t in targets)
        return Query(outputs=outputs, from_items=(SubqueryItem(outputs=item_outputs, alias="*SELECT*", query=plan),), targets=tuple(targets))

    def _typed_literals(self, plan: LogicalPlan, columns: Sequence[Column]) -> LogicalPlan:
        """Literals of no type in a SELECT list, read as the columns they go to."""
        if not isinstance(plan, Query) or all(o.type.oid != UNKNOWN.oid for o in plan.outputs):
            return plan
        types = {t.id: c.type for t, c in zip((t for t in plan.targets if not t.hidden), columns, strict=True)}
        targets = tuple(
            replace(t, expr=self.binder.coercer.coerce(t.expr, types[t.id], -1, "assignment")) if t.expr.type.oid == UNKNOWN.oid else t
            for t in plan.targets
        )
        shown = [t for t in targets if not t.hidden]
        return replace(plan, targets=targets, outputs=tuple(replace(o, type=t.expr.type) for o, t in zip(plan.outputs, shown, strict=True)))

    def _overriding(self, source: exp.Expression) -> str:
        """What OVERRIDING before the source of an INSERT says: "system", "user" or nothing."""
        first = self.leaves.first(source)
        found = [i for i in self.leaves.source.overriding if i < first]
        between = max(found, default=-1)
        tokens = self.leaves.source.tokens
        if between < 0 or any(tokens[i].is_word("insert") for i in range(between, first)):
            return ""
        return self.leaves.source.overriding[between]

    @staticmethod
    def _refuse_identity(column: Column, overriding: str) -> None:
        if column.generated is not None:
            raise GeneratedAlways(
                f'cannot insert a non-DEFAULT value into column "{column.name}"', detail=f'Column "{column.name}" is a generated column.'
            )
        if column.identity == "a" and not overriding:
            raise GeneratedAlways(
                f'cannot insert a non-DEFAULT value into column "{column.name}"',
                detail=f'Column "{column.name}" is an identity column defined as GENERATED ALWAYS.', hint="Use OVERRIDING SYSTEM VALUE to override.",
            )  # fmt: skip

    def _conflict(self, node: exp.Expression | None, relation: Relation, scope: Scope, live: Sequence[Column]) -> Conflict | None:
        if node is None:
            return None
        keys = node.args.get("conflict_keys") or ()
        numbers = []
        if node.args.get("constraint") is not None:
            name = self.leaves.name(node.args["constraint"])
            constraint = next((c for c in relation.constraints if c.name == name), None)
            if constraint is None:
                raise UndefinedObject(f'constraint "{name}" for table "{relation.name}" does not exist')
            if constraint.kind not in "pu":
                raise WrongObjectType("constraint in ON CONFLICT clause has no associated index")
            numbers = list(constraint.columns)
        for key in keys:
            inner = key.this if isinstance(key, exp.Ordered) else key
            inner = inner.this if isinstance(inner, exp.Paren) else inner
            if not isinstance(inner, (exp.Column, exp.Identifier)):
                Expressions(self.binder, scope, self.plan).within(Clause(name="ON CONFLICT"), inner)
                if any(0 in index.columns for index in relation.indexes if index.unique):
                    raise FeatureNotSupported("ON CONFLICT over an expression is not supported", at=self.leaves.start(inner))
                raise InvalidColumnReference("there is no unique or exclusion constraint matching the ON CONFLICT specification")
            name = self.leaves.name(inner.this if isinstance(inner, exp.Column) else inner)
            match = next((c for c in live if c.name == name), None)
            if match is None:
                raise UndefinedColumn(f'column "{name}" does not exist', at=self.leaves.start(key))
            numbers.append(match.number)
        unique = [set(i.columns) for i in relation.indexes if i.unique]
        if numbers and set(numbers) not in unique:
            raise InvalidColumnReference("there is no unique or exclusion constraint matching the ON CONFLICT specification")
        action = str(node.args.get("action") or "").upper()
        if "NOTHING" in action:
            return Conflict(columns=tuple(numbers))
        if not numbers:
            raise SqlSyntaxError(
                "ON CONFLICT DO UPDATE requires inference specification or constraint name", hint="For example, ON CONFLICT (column_name).",
                at=next((a.start for a, b in pairwise(self.leaves.source.tokens) if a.is_word("on") and b.is_word("conflict")), None),
            )  # fmt: skip
        excluded = tuple(self.binder.new_id() for _ in live)
        beside = Entry(alias="excluded", outputs=self._row(live, excluded))
        inside = Scope(entries=[*scope.entries, beside], parent=scope.parent, ctes=scope.ctes)
        scope.siblings.append(beside)  # RETURNING knows of it
        bound = Expressions(self.binder, inside, self.plan)
        assignments = tuple(self._assignments(node.expressions, relation, bound))
        where = node.args.get("where")
        conditions = _conjuncts(bound.condition(where.this, Clause(name="WHERE"))) if where is not None else ()
        self.binder.need("relation", relation.oid, relation.name, "w", columns=tuple(n for n, _ in assignments))
        return Conflict(columns=tuple(numbers), update=True, assignments=assignments, excluded_ids=excluded, where=conditions)

    def _assignments(self, nodes: Sequence[exp.Expression], relation: Relation, bound: Expressions) -> list[tuple[int, e.Expr]]:
        """SET clauses as (attribute number, value)."""
        found: list[tuple[int, e.Expr]] = []
        for node in nodes:
            left, right = node.this, node.expression
            if isinstance(left, (exp.Tuple, exp.Paren)):
                names = left.expressions if isinstance(left, exp.Tuple) else [left.this]
                for target, value in zip([self._set_column(n, relation) for n in names], self._set_row(right, len(names), bound), strict=True):
                    found.append((target.number, self._set_value(target, value, bound)))
            else:
                target = self._set_column(left, relation)
                found.append((target.number, self._set_value(target, right, bound)))
        numbers = [number for number, _ in found]
        for number in numbers:
            if numbers.count(number) > 1:
                name = next(c.name for c in relation.columns if c.number == number)
                raise SqlSyntaxError(f'multiple assignments to same column "{name}"')
        return found

    def _set_column(self, node: exp.Expression, relation: Relation) -> Column:
        if isinstance(node, exp.Bracket):
            column = self._set_column(node.this, relation)
            raise FeatureNotSupported(f'assigning to an element of column "{column.name}" is not supported', at=self.leaves.start(node))
        written = node.args.get("table") if isinstance(node, exp.Column) else None
        name = self.leaves.name(written or (node.this if isinstance(node, exp.Column) else node))
        match = next((c for c in relation.columns if c.name == name and not c.dropped), None)
        if written is not None and match is not None:
            raise FeatureNotSupported("assigning to a field of a column is not supported", at=self.leaves.start(node))
        if match is None:
            raise UndefinedColumn(f'column "{name}" of relation "{relation.name}" does not exist', at=self.leaves.start(node))
        return match

    def _set_row(self, node: exp.Expression, n: int, bound: Expressions) -> list[exp.Expression | e.Expr]:
        inner = node.this if isinstance(node, (exp.Subquery, exp.Paren)) else node
        if isinstance(inner, (exp.Select, exp.SetOperation, exp.Values)) and isinstance(node, (exp.Subquery, exp.Paren)):
            plan = self.plan(inner, bound.scope)
            at = bound.parenthesis(node)
            if len(plan.outputs) != n:
                raise SqlSyntaxError("number of columns does not match number of values", at=at)
            type = record_of([(o.name, o.type, o.typmod) for o in plan.outputs])
            link = e.SubLink(type=type, kind="multi", query=plan, number=self.binder.new_id())
            shown = [t.expr for t in plan.targets if not t.hidden] if isinstance(plan, Query) else []
            places = [located(x) for x in shown] or [at] * n
            return [e.FieldSelect(type=o.type, typmod=o.typmod, arg=link, index=i, name=o.name, at=places[i]) for i, o in enumerate(plan.outputs)]
        row = isinstance(inner, exp.Anonymous) and self.leaves.token(inner.this).is_word("row")
        if not isinstance(node, exp.Tuple) and not row:
            message = "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression"
            raise FeatureNotSupported(message, at=self.leaves.start(inner))
        if len(inner.expressions) != n:
            at = self.leaves.start(node) if row else bound.parenthesis(node)
            raise SqlSyntaxError("number of columns does not match number of values", at=at)
        return list(inner.expressions)

    def _set_value(self, target: Column, value: exp.Expression | e.Expr, bound: Expressions) -> e.Expr:
        if isinstance(value, exp.Expression):
            if self.leaves.mark(value)[0] == "d":
                return self._default(target)
            if target.generated is not None:
                raise GeneratedAlways(
                    f'column "{target.name}" can only be updated to DEFAULT', detail=f'Column "{target.name}" is a generated column.'
                )
            if target.identity == "a":
                raise GeneratedAlways(f'column "{target.name}" can only be updated to DEFAULT',
                                      detail=f'Column "{target.name}" is an identity column defined as GENERATED ALWAYS.')  # fmt: skip
            value = bound.within(SET, value)
        return to_column(self.binder, value, target.type, target.typmod, target.name, "column")

    def _returning(self, node: exp.Expression, scope: Scope) -> tuple[tuple[Target, ...], tuple[Output, ...]]:
        clause = node.args.get("returning")
        if clause is None:
            return (), ()
        bound = Expressions(self.binder, scope, self.plan)
        targets = [replace(t, expr=self.binder.coercer.coerce(t.expr, TEXT)) if t.expr.type.oid == UNKNOWN.oid else t
                   for t in SelectList(self.binder, scope, bound).targets(clause.expressions, RETURNING)]  # fmt: skip
        return tuple(targets), tuple(Output(id=t.id, name=t.name, type=t.expr.type, typmod=t.expr.typmod) for t in targets)

    def _found(
        self, relation: Relation, alias: str, scope: Scope, others: exp.Expression | None, joins: Sequence[exp.Join], where: exp.Expression | None
    ) -> tuple[TableItem, tuple[FromItem, ...], Expressions, tuple[e.Expr, ...]]:
        """The target as the first FROM item, the others, and the conditions."""
        bound = Expressions(self.binder, scope, self.plan)
        clause = FromClause(self.binder, scope, bound, self.plan)
        target = clause.table(relation, None if alias == relation.name else alias, (), 0)
        assert isinstance(target, TableItem)
        items = clause.items(others, joins) if others is not None else ()
        conditions = _conjuncts(bound.condition(where.this, Clause(name="WHERE"))) if where is not None else ()
        return target, items, bound, conditions

    def _update(self, node: exp.Update, scope: Scope, ctes: tuple[Cte, ...]) -> LogicalPlan:
        relation, alias, _ = self._target(node.this, "w")
        from_ = node.args.get("from_")
        target, items, bound, where = self._found(
            relation, alias, scope, from_, (from_.args.get("joins") or ()) if from_ is not None else (), node.args.get("where")
        )
        computed = {c.number for c in relation.columns if c.generated is not None}  # what is set to DEFAULT is computed with each new row
        assignments = [(number, value) for number, value in self._assignments(node.expressions, relation, bound) if number not in computed]
        targets = tuple(Target(id=self.binder.new_id(), name=str(number), expr=value) for number, value in assignments)
        outputs = tuple(Output(id=t.id, name=t.name, type=t.expr.type, typmod=t.expr.typmod) for t in targets)
        rows = {x.number: x for _, value in assignments for x in walk(value) if isinstance(x, e.SubLink) and x.kind == "multi"}
        targets += tuple(Target(id=self.binder.new_id(), name="", expr=link, hidden=True) for link in rows.values())
        read = with_system_columns((target, *items), scope.entries)
        target = read[0]  # type: ignore[assignment] # the same table
        query = Query(outputs=outputs, from_items=read, where=where, targets=targets)
        live = [c for c in relation.columns if not c.dropped]
        row_ids = tuple(self.binder.new_id() for _ in live)
        after = replace(scope, entries=[Entry(alias=alias, outputs=self._row(live, row_ids), relation=relation), *scope.entries[1:]])
        returning, shown = self._returning(node, after)
        self.binder.need("relation", relation.oid, relation.name, "w", columns=tuple(n for n, _ in assignments))
        plan = Update(outputs=shown, relation=relation, target=target, query=query, assigned=tuple(n for n, _ in assignments), row_ids=row_ids,
                      alias=alias, returning=returning, ctes=ctes)  # fmt: skip
        self._need_reads(plan, relation)
        return plan

    def _delete(self, node: exp.Delete, scope: Scope, ctes: tuple[Cte, ...]) -> LogicalPlan:
        relation, alias, _ = self._target(node.this, "d")
        using = node.args.get("using") or []
        first = exp.From(this=using[0]) if using else None
        joins = [exp.Join(this=item) for item in using[1:]]
        target, items, _, where = self._found(relation, alias, scope, first, joins, node.args.get("where"))
        read = with_system_columns((target, *items), scope.entries)
        target = read[0]  # type: ignore[assignment] # the same table
        query = Query(from_items=read, where=where)
        after = replace(scope, entries=[replace(scope.entries[0], system=None), *scope.entries[1:]])
        returning, shown = self._returning(node, after)
        plan = Delete(outputs=shown, relation=relation, target=target, query=query, alias=alias, returning=returning, ctes=ctes)
        self._need_reads(plan, relation)
        return plan

    def _need_reads(self, plan: LogicalPlan, relation: Relation) -> None:
        """SELECT on the target's columns that a statement reads."""
        numbers = uses(plan).columns.get(relation.oid)
        if numbers:
            self.binder.need("relation", relation.oid, relation.name, "r", columns=tuple(sorted(numbers)))


def to_column(binder: Binder, expr: e.Expr, type: PgType, typmod: int, name: str, what: str) -> e.Expr:
    """`expr` assigned to a column; 42804 in PostgreSQL's words."""
    if not binder.coercer.can(expr.type, type, "assignment"):
        raise DatatypeMismatch(
            f'column "{name}" is of type {binder.coercer.name(type)} but expression is of type {binder.coercer.name(expr.type)}',
            hint="You will need to rewrite or cast the expression.", at=located(expr),
        )  # fmt: skip
    return binder.coercer.coerce(expr, type, typmod, "assignment")
