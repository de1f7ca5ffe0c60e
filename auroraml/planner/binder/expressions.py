"""Expressions: sqlglot nodes to typed Exprs, dispatched on the node's class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from auroraml.catalog.collations import collation_oid
from auroraml.dispatch import Choices
from auroraml.errors import (
    DatatypeMismatch,
    FeatureNotSupported,
    IndeterminateDatatype,
    UndefinedColumn,
    WrongObjectType,
)
from auroraml.errors import (
    SyntaxError as SqlSyntaxError,
)
from auroraml.ir import expr as e
from auroraml.ir.logical import LogicalPlan, Window
from auroraml.ir.objects import Operator
from auroraml.planner.binder.binder import Binder
from auroraml.planner.binder.coercion import array_type, located
from auroraml.planner.binder.literals import missing_parameter, number, record_of
from auroraml.planner.binder.predicates import Predicates, bare, is_quantifier
from auroraml.planner.binder.scope import Scope, ambiguous_variable, column, missing_column, missing_qualified, missing_table, system_column
from auroraml.sql.rewrite import CONSTANTS
from auroraml.types.pg_type import PgType, Rep
from auroraml.types.table import (
    BOOL,
    DATE,
    FLOAT8,
    INT4,
    JSONB,
    NAME,
    POINT,
    RECORD,
    TEXT,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    TIMETZ,
    UNKNOWN,
)
from auroraml.types.typmod import reduced, typmod_in

_VALUE_TYPES: Final = {
    "current_date": DATE, "current_time": TIMETZ, "current_timestamp": TIMESTAMPTZ, "localtime": TIME, "localtimestamp": TIMESTAMP,
    "current_user": NAME, "session_user": NAME, "user": NAME, "current_role": NAME, "current_catalog": NAME, "current_schema": NAME,
}  # fmt: skip
_BINARY: Final[dict[type[exp.Expression], str]] = {
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%", exp.Pow: "^", exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.GT: ">",
    exp.LTE: "<=", exp.GTE: ">=",
}  # fmt: skip
_COMPARISONS: Final = (exp.EQ, exp.NEQ, exp.LT, exp.GT, exp.LTE, exp.GTE)
_NEGATED: Final = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


@dataclass(kw_only=True)
class Clause:
    """Where an expression stands: its name in messages, and what may occur in it."""

    name: str
    aggregates: bool = False
    windows: bool = False
    sets: bool = False


FUNCTION_CLAUSE: Final = Clause(name="functions in FROM", sets=True)


class Expressions(Predicates):
    """Binds the expressions of one query level."""

    def __init__(self, binder: Binder, scope: Scope, subquery: Callable[[exp.Expression, Scope], LogicalPlan]) -> None:
        super().__init__(binder)
        self.scope = scope
        self.subquery = subquery
        self.clause = Clause(name="")
        self.aggregates: list[e.Aggregate | e.Grouping] = []
        self.windows: list[Window] = []
        self.window_names: dict[str, int] = {}
        self.has_sets = False

    def bind(self, node: exp.Expression) -> e.Expr:
        """The typed expression; unknown literals stay unknown."""
        return self._bind(node)

    def query_of(self, node: exp.Expression, at: int) -> LogicalPlan:
        """The plan of a subquery; a lone expression (CHECK, DEFAULT, an index's) may have none."""
        if self.binder.lone:
            raise FeatureNotSupported(f"cannot use subquery in {self.clause.name.removesuffix('s')}", at=at)
        scope = self.scope
        before, scope.taking = scope.taking, (self.clause.name, self.clause.aggregates)
        try:
            return self.subquery(bare(node), scope)
        finally:
            scope.taking = before

    def within(self, clause: Clause, node: exp.Expression) -> e.Expr:
        """`node` bound as part of a clause."""
        outer, self.clause = self.clause, clause
        try:
            return self._bind(node)
        finally:
            self.clause = outer

    def condition(self, node: exp.Expression, clause: Clause) -> e.Expr:
        """`node` as a boolean condition of a clause."""
        expr = self.within(clause, node)
        return self.binder.boolean(expr, clause.name, self.leaves.start(node))

    def _bind(self, node: exp.Expression) -> e.Expr:
        return _BINDERS[node.__class__](self, node)

    def _bind_other(self, node: exp.Expression) -> e.Expr:
        raise FeatureNotSupported(f"{type(node).__name__} is not supported", at=self.leaves.start(node))

    def _bind_paren(self, node: exp.Paren) -> e.Expr:
        return self._bind(node.this)

    def _bind_null(self, node: exp.Null) -> e.Expr:
        return e.Const(type=UNKNOWN, value=None)

    def _bind_boolean(self, node: exp.Boolean) -> e.Expr:
        return e.Const(type=BOOL, value=bool(node.this))

    def _bind_identifier(self, node: exp.Identifier) -> e.Expr:
        return self._leaf(node)

    def _bind_column(self, node: exp.Column) -> e.Expr:
        parts = [part for part in (node.args.get("catalog"), node.args.get("db"), node.args.get("table"), node.this) if part is not None]
        if isinstance(node.this, exp.Star):
            return self._row_of(node)
        if len(parts) == 1:
            return self._leaf(parts[0])
        return self.dotted(parts)

    def _leaf(self, node: exp.Expression) -> e.Expr:
        letter, index = self.leaves.mark(node)
        if not letter:
            raise SqlSyntaxError(f'syntax error at or near "{node.name}"', at=0)
        token = self.leaves.source.tokens[index]
        if letter == "i":
            return self.name(token.text, token.start)
        if letter == "s":
            if token.style in ("b", "x"):
                raise FeatureNotSupported("bit string literals are not supported", at=token.start)
            return e.Const(type=UNKNOWN, value=token.text, at=token.start)
        if letter == "n":
            return number(token.text, token.start)
        if letter == "p":
            return self.parameter(int(token.text), token.start)
        if letter == "k":
            return self._value_word(index)
        if letter == "d":
            raise SqlSyntaxError("DEFAULT is not allowed in this context", at=token.start)
        raise SqlSyntaxError(f'syntax error at or near "{token.raw}"', at=token.start)

    def _value_word(self, index: int) -> e.Expr:
        token = self.leaves.source.tokens[index]
        if token.text in CONSTANTS:
            value = None if token.text == "null" else token.text == "true"
            return e.Const(type=UNKNOWN if value is None else BOOL, value=value, at=token.start)
        following = self.leaves.source.tokens[index + 1]
        type = _VALUE_TYPES[token.text]
        digits = (int(self.leaves.source.tokens[index + 2].text),) if following.is_op("(") else ()
        self.binder.names.warn_of(reduced(type.name, digits))
        return e.SqlValue(type=type, typmod=typmod_in(type.name, digits), name=token.text, at=token.start)

    def parameter(self, number: int, at: int) -> e.Expr:
        """$n: a function's argument, or a statement's parameter."""
        arguments = self.binder.arguments
        if arguments:
            if number > len(arguments):
                raise missing_parameter(number, at)
            return e.ParamRef(type=arguments[number - 1][1], number=number, at=at)
        variables = self.binder.variables
        if variables is not None:
            found = variables.argument(number, at)
            if found is None:
                raise missing_parameter(number, at)
            return found
        type = self.binder.parameters.setdefault(number, UNKNOWN)
        return e.ParamRef(type=type, number=number, at=at)

    def name(self, name: str, at: int) -> e.Expr:
        """A bare name: a column of the nearest level that has it, a function's argument, or a whole row."""
        for level in self.scope.levels():
            found = level.find_column(name, at)
            if found is not None:
                if self._variable((name,), at) is not None:
                    raise ambiguous_variable(name, at)
                return found  # type: ignore[no-any-return] # numpy gives Any
        variable = self._variable((name,), at)
        if variable is not None:
            return variable
        for column_ in self.binder.columns:
            if column_.name == name and not column_.dropped:
                return e.ColumnRef(type=column_.type, typmod=column_.typmod, id=column_.number, name=name, at=at)
        for i, (argument, type) in enumerate(self.binder.arguments, 1):
            if argument == name:
                return e.ParamRef(type=type, number=i, name=name, at=at)
        for level in self.scope.levels():
            for entry in level.entries:
                system = system_column(entry, name, at, self.binder.new_id)
                if system is not None:
                    return system
        for level in self.scope.levels():
            entry = level.find_entry(name, at)
            if entry is not None:
                return self.whole_row(entry, at)
        raise missing_column(self.scope, name, at)

    def _variable(self, names: tuple[str, ...], at: int) -> e.Expr | None:
        """The PL/pgSQL variable of that name."""
        variables = self.binder.variables
        return None if variables is None else variables.find(names, at)

    def whole_row(self, entry: object, at: int) -> e.Expr:
        """A FROM item as a composite value (a function's single column as itself)."""
        outputs = entry.outputs  # type: ignore[attr-defined] # an Entry
        if not entry.composite and len(outputs) == 1:  # type: ignore[attr-defined]
            return column(outputs[0], at)
        relation = entry.relation  # type: ignore[attr-defined]
        type = self.binder.catalog.find_type_oid(relation.row_type) if relation is not None and relation.row_type else None
        if type is None:
            type = record_of([(o.name, o.type, o.typmod) for o in outputs])
        args = tuple(column(o, at) for o in outputs)
        return e.RowExpr(type=type, args=args, implicit=True, at=at, whole=entry.alias)  # type: ignore[attr-defined]

    def _row_of(self, node: exp.Column) -> e.Expr:
        """table.* where one value is wanted: the whole row."""
        qualifier, schema = node.args["table"], node.args.get("db")
        name, at = self.leaves.name(qualifier), self.leaves.at(qualifier)
        for level in self.scope.levels():
            entry = level.find_entry(name, at, None if schema is None else self.leaves.name(schema))
            if entry is not None:
                return self.whole_row(entry, at)
        raise missing_table(self.scope, name, at)

    def elements(self, nodes: Sequence[exp.Expression]) -> list[e.Expr]:
        """The values of a row as written: table.* stands for all of its columns."""
        found: list[e.Expr] = []
        for node in nodes:
            value = self.bind(node)
            star = isinstance(node, exp.Column) and isinstance(node.this, exp.Star)
            found += value.args if star and isinstance(value, e.RowExpr) else [value]
        return found

    def dotted(self, parts: Sequence[exp.Expression]) -> e.Expr:
        """a.b, a.b.c: a qualified column, or a field of a composite column."""
        names = [self.leaves.name(part) for part in parts]
        at = self.leaves.at(parts[0])
        if len(names) > 4:
            raise SqlSyntaxError(f"improper qualified name (too many dotted names): {'.'.join(names)}", at=at)
        for level in self.scope.levels():
            entry = level.find_entry(names[-2], at, names[-3] if len(names) > 2 else None)
            if entry is not None:
                for output in entry.outputs:
                    if output.name == names[-1]:
                        if self._variable(tuple(names), at) is not None:
                            raise ambiguous_variable(".".join(names), at)
                        return column(output, at)
                system = system_column(entry, names[-1], at, self.binder.new_id)
                if system is not None:
                    return system
                functional = self.functional(names[-1], self.whole_row(entry, at), at)
                if functional is not None:
                    return functional
                raise missing_qualified(entry, self.scope, names[-1], at)
        variable = self._variable(tuple(names), at)
        if variable is not None:
            return variable
        if len(names) == 2 and names[0] in (self.binder.function_name, self.binder.table):
            return self.name(names[1], at)
        for i, (argument, type) in enumerate(self.binder.arguments, 1):
            if argument == names[0] and len(names) == 2 and type.attributes:
                return self.field(e.ParamRef(type=type, number=i, name=argument, at=at), names[1], at)
        if len(names) == 4:
            raise FeatureNotSupported(f"cross-database references are not implemented: {'.'.join(names)}", at=at)
        raise missing_table(self.scope, names[-2], at)

    def field(self, expr: e.Expr, name: str, at: int) -> e.Expr:
        """(expr).name."""
        for i, attribute in enumerate(expr.type.attributes):
            if attribute.name == name:
                return e.FieldSelect(type=attribute.type, typmod=attribute.typmod, arg=expr, index=i, name=name, at=at)
        found = self.functional(name, expr, at)
        if found is not None:
            return found
        shown = self.coercer.name(expr.type)
        if expr.type.oid == RECORD.oid:
            raise UndefinedColumn(f'could not identify column "{name}" in record data type', at=at)
        if expr.type.rep is Rep.STRUCT:
            if isinstance(expr, e.RowExpr) and expr.whole:
                raise UndefinedColumn(f"column {expr.whole}.{name} does not exist", at=at)
            raise UndefinedColumn(f'column "{name}" not found in data type {shown}', at=at)
        raise WrongObjectType(f"column notation .{name} applied to type {shown}, which is not a composite type", at=at)

    def _bind_dot(self, node: exp.Dot) -> e.Expr:
        if isinstance(node.expression, exp.Anonymous):
            return self.call(node.expression, schema=self.leaves.name(node.this))
        chain: exp.Expression = node
        while isinstance(chain, exp.Dot):
            chain = chain.this
        if isinstance(chain, exp.Column) and chain.args.get("catalog") is not None:
            names = [self.leaves.source.tokens[i].text for i in sorted(self.leaves.indexes(node))]
            raise SqlSyntaxError(f"improper qualified name (too many dotted names): {'.'.join(names)}", at=self.leaves.start(node))
        inner = self._bind(node.this)
        at = located(inner)
        return self.field(inner, self.leaves.name(node.expression), self.leaves.start(node.this) if at is None else at)

    def _bind_anonymous(self, node: exp.Anonymous) -> e.Expr:
        return self.call(node)

    def _bind_cast(self, node: exp.Cast) -> e.Expr:
        type, typmod = self.binder.type(self.leaves.type(node.args["to"].args.get("kind") or node.args["to"].this))
        operand = bare(node.this)
        if isinstance(operand, exp.Array) and not operand.expressions and type.is_array:
            return e.ArrayExpr(type=type, args=(), at=self.leaves.cast_at(node))
        inner = self._array_as(operand, type, typmod) if isinstance(operand, exp.Array) and type.is_array else None
        if inner is None:
            inner = self._bind(node.this)
        return self.coercer.coerce(inner, type, typmod, "explicit", self.leaves.cast_at(node))

    def _array_as(self, node: exp.Array, type: PgType, typmod: int) -> e.Expr | None:
        """ARRAY[...]::type: each element is cast (transformArrayExpr); None for ARRAY(subquery)."""
        if not node.expressions:
            return e.ArrayExpr(type=type, args=())
        if _is_array_query(node):
            return None
        bound = [self._array_as(item, type, typmod) if isinstance(item, exp.Array) else None for item in node.expressions]
        args = [self._bind(item) if made is None else made for item, made in zip(node.expressions, bound, strict=True)]
        nested = any(arg.type.is_array for arg in args)
        element = type if nested else self.coercer.type(type.element)
        cast = tuple(self.coercer.coerce(arg, element, typmod, "explicit", located(arg)) for arg in args)
        return e.ArrayExpr(type=type, typmod=typmod, args=cast, multi=nested, at=self.leaves.array_at(node))

    def operator(self, symbol: str, args: Sequence[e.Expr], at: int) -> e.Expr:
        """symbol applied to bound operands."""
        found = self.binder.chooser.operator(self.binder.catalog.operators_named(symbol), symbol, args, at)
        return self.apply(found, args, at)

    def apply(self, operator: Operator, args: Sequence[e.Expr], at: int | None) -> e.Expr:
        """An operator already chosen, operands coerced."""
        declared = [operator.right] if operator.left is None else [operator.left, operator.right]
        chooser = self.binder.chooser
        bound = chooser.bind(declared, [a.type for a in args])
        coerced = tuple(self.coercer.coerce(arg, self._wanted(type, arg, bound)) for arg, type in zip(args, declared, strict=True))
        function = self.binder.catalog.function(operator.function)
        return e.OpCall(type=chooser.parameter_type(operator.result, bound), operator=operator, function=function, args=coerced, at=at)

    def _wanted(self, declared: PgType, arg: e.Expr, bound: dict[str, PgType]) -> PgType:
        """What an operand must become; a literal beside an unknown record stays text."""
        if declared.oid == RECORD.oid:
            return arg.type
        return self.binder.chooser.parameter_type(declared, bound)

    def _binary(self, node: exp.Binary) -> e.Expr:
        symbol = _BINARY[type(node)]
        if isinstance(node, _COMPARISONS) and isinstance(node.this, _COMPARISONS):
            at = self.leaves.operator_at(node.expression, symbol)
            raise SqlSyntaxError(f'syntax error at or near "{symbol}"', at=at)
        right = node.expression
        if is_quantifier(right) and isinstance(node, _COMPARISONS):
            return self.quantified(symbol, node.this, right)
        if isinstance(node, _COMPARISONS) and (pair := self._rows(node.this, right)) is not None:
            return self.row_comparison(symbol, *pair, self.leaves.operator_at(right, symbol))
        if isinstance(node, _COMPARISONS) and isinstance(bare(right), (exp.Select, exp.SetOperation, exp.Subquery)):
            items = self.row_items(node.this)
            if items is not None:
                return self.row_sublink(symbol, items, right, self.leaves.operator_at(right, symbol))
        left, other = self._bind(node.this), self._bind(right)
        return self.operator(symbol, [left, other], self.leaves.operator_at(right, symbol))

    def _bind_operator(self, node: exp.Binary) -> e.Expr:
        return self._binary(node)

    def _bind_bitwise_or(self, node: exp.BitwiseOr) -> e.Expr:
        """Operators between bars (see sql.rewrite)."""
        left = node.this
        letter, index = self.leaves.mark(left)
        if letter == "o":
            token = self.leaves.source.tokens[index]
            return self.operator(token.text, [self._bind(node.expression)], token.start)
        if isinstance(left, exp.BitwiseOr):
            letter, index = self.leaves.mark(left.expression)
            if letter == "o":
                token = self.leaves.source.tokens[index]
                if is_quantifier(node.expression):
                    return self.quantified(token.text, left.this, node.expression)
                return self.operator(token.text, [self._bind(left.this), self._bind(node.expression)], token.start)
        raise SqlSyntaxError('syntax error at or near "|"', at=self.leaves.start(node))

    def _bind_neg(self, node: exp.Neg) -> e.Expr:
        constant, sign, place = self.leaves.signed(node)
        if place is not None:
            return number(self.leaves.token(constant).text, place, sign)
        inner, at = self._bind(node.this), self.leaves.sign_at(node)
        return self.operator(self.leaves.token_at(at).text, [inner], at)

    def _bind_subquery(self, node: exp.Expression) -> e.Expr:
        plan = self.query_of(node, self.parenthesis(node))
        if len(plan.outputs) != 1:
            raise SqlSyntaxError("subquery must return only one column", at=self.parenthesis(node))
        output = plan.outputs[0]
        return e.SubLink(type=output.type, typmod=output.typmod, kind="scalar", query=plan, at=self.parenthesis(node))

    def parenthesis(self, node: exp.Expression) -> int:
        i = self.leaves.first(node)
        while i > 0 and not self.leaves.source.tokens[i].is_op("("):
            i -= 1
        return self.leaves.source.tokens[i].start

    def _bind_tuple(self, node: exp.Tuple) -> e.Expr:
        return self.row(self.elements(node.expressions), True, self.leaves.start(node))

    def row(self, args: Sequence[e.Expr], implicit: bool, at: int) -> e.Expr:
        """ROW(...), its fields f1, f2, ...; unknown literals become text."""
        fields = tuple(self.coercer.coerce(a, TEXT) if a.type.oid == UNKNOWN.oid else a for a in args)
        type = record_of([(f"f{i}", a.type if a.type.oid != UNKNOWN.oid else TEXT, a.typmod) for i, a in enumerate(fields, 1)])
        return e.RowExpr(type=type, args=fields, implicit=implicit, at=at)

    def _bind_array(self, node: exp.Array) -> e.Expr:
        items = node.expressions
        if _is_array_query(node):
            plan = self.query_of(items[0], self.leaves.start(items[0]))
            if len(plan.outputs) != 1:
                raise SqlSyntaxError("subquery must return only one column", at=self.parenthesis(items[0]))
            element = plan.outputs[0].type if plan.outputs[0].type.oid != UNKNOWN.oid else TEXT
            type = element if element.is_array else array_type(self.binder.catalog, element)
            assert type is not None
            return e.SubLink(type=type, kind="array", query=plan, at=self.leaves.start(items[0]))
        if not items:
            raise IndeterminateDatatype("cannot determine type of empty array", at=self.leaves.empty_array(),
                                        hint="Explicitly cast to the desired type, for example ARRAY[]::integer[].")  # fmt: skip
        bound = [self._bind(item) for item in items]
        nested = any(b.type.is_array for b in bound)
        element, coerced = self.coercer.to_common(bound, "ARRAY")
        type = element if nested else array_type(self.binder.catalog, element)
        if type is None:
            raise DatatypeMismatch(f"could not find array type for data type {self.coercer.name(element)}", at=located(bound[0]))
        return e.ArrayExpr(type=type, args=coerced, multi=nested, at=self.leaves.array_at(node))

    def _bind_bracket(self, node: exp.Bracket) -> e.Expr:
        arg = self._bind(node.this)
        items = node.expressions
        bounds: list[tuple[e.Expr | None, e.Expr | None]] = []
        slicing = any(isinstance(item, exp.Slice) for item in items)
        if arg.type.oid == JSONB.oid and not slicing:
            return self._json_path(arg, items)
        first = e.Const(type=INT4, value=1)  # where one of the subscripts is a slice, single numbers are slices from here
        if isinstance(node.this, exp.Bracket) and isinstance(arg, e.Subscript):
            bounds = [(first, high) for _, high in arg.bounds] if slicing and not arg.slice else list(arg.bounds)
            slicing, arg = slicing or arg.slice, arg.arg
        if arg.type.oid != POINT.oid and (not arg.type.element or (arg.type.rep is not Rep.LIST and arg.type.oid != NAME.oid)):
            raise DatatypeMismatch(f"cannot subscript type {self.coercer.name(arg.type)} because it does not support subscripting", at=located(arg))
        for item in items:
            if isinstance(item, exp.Slice):
                bounds.append((self._bound(item.this), self._bound(item.expression)))
            else:
                bounds.append((first if slicing else None, self._index(item)))
        if arg.type.oid == POINT.oid:
            return e.Subscript(type=FLOAT8, arg=arg, bounds=tuple(bounds), at=arg.at)
        type = arg.type if slicing else self.coercer.type(arg.type.element)
        return e.Subscript(type=type, typmod=arg.typmod, arg=arg, bounds=tuple(bounds), slice=slicing, at=arg.at)

    def _json_path(self, arg: e.Expr, items: Sequence[exp.Expression]) -> e.Expr:
        """jsonb[...]: keys and places as a path."""
        keys = tuple(self.coercer.coerce(self._bind(item), TEXT, -1, "assignment") for item in items)
        path = array_type(self.binder.catalog, TEXT)
        assert path is not None
        chosen = next(f for f in self.binder.catalog.functions_named("jsonb_extract_path", "pg_catalog"))
        return e.Call(type=JSONB, function=chosen, args=(arg, e.ArrayExpr(type=path, args=keys)), variadic=True, form="subscript", at=arg.at)

    def _bound(self, node: exp.Expression | None) -> e.Expr | None:
        return None if node is None or self.leaves.mark(node)[0] == "u" else self._index(node)

    def _index(self, node: exp.Expression) -> e.Expr:
        return self.coercer.coerce(self._bind(node), INT4, -1, "assignment")

    def _bind_case(self, node: exp.Case) -> e.Expr:
        operand = None
        if node.this is not None:
            operand = self._bind(node.this)
            if operand.type.oid == UNKNOWN.oid:
                operand = self.coercer.coerce(operand, TEXT)
        conditions, results = [], []
        for arm in node.args["ifs"]:
            if operand is not None:
                value = self._bind(arm.this)
                conditions.append(self.operator("=", [e.ElementRef(type=operand.type, typmod=operand.typmod), value], self.leaves.start(arm.this)))
            else:
                conditions.append(self.binder.boolean(self._bind(arm.this), "CASE/WHEN", self.leaves.start(arm.this)))
            results.append(self._bind(arm.args["true"]))
        default = node.args.get("default")
        otherwise = e.Const(type=UNKNOWN, value=None) if default is None else self._bind(default)
        self.refuse_sets_in("CASE", [*([] if operand is None else [operand]), *conditions, *results, otherwise])
        type, coerced = self.coercer.to_common([otherwise, *results], "CASE")
        whens = tuple(e.When(condition=c, result=r) for c, r in zip(conditions, coerced[1:], strict=True))
        return e.Case(type=type, operand=operand, whens=whens, default=coerced[0], at=self.leaves.start(node))

    def _bind_at_time_zone(self, node: exp.AtTimeZone) -> e.Expr:
        value, zone = self._bind(node.this), self._bind(node.args["zone"])
        return self.known_call("timezone", [zone, value], self.leaves.word_after(node.this, "at"))

    def _bind_collate(self, node: exp.Collate) -> e.Expr:
        name = self.leaves.name(node.expression)
        collation_oid(name, at=self.leaves.word_after(node.this, "collate"))
        inner = self._bind(node.this)
        inner = self.coercer.coerce(inner, TEXT) if inner.type.oid == UNKNOWN.oid else inner
        element = self.coercer.type(inner.type.element) if inner.type.is_array and inner.type.element else inner.type
        if element.category != "S" and element.oid != NAME.oid:
            shown = self.coercer.name(inner.type)
            raise DatatypeMismatch(f"collations are not supported by type {shown}", at=self.leaves.word_after(node.this, "collate"))
        return e.Relabel(type=inner.type, typmod=inner.typmod, arg=inner, collation=name, at=inner.at)

    def _bind_filter(self, node: exp.Filter) -> e.Expr:
        if isinstance(node.this, exp.WithinGroup):
            return self.call(node.this.this, filter=node.expression.this, within=node.this.expression)
        return self.call(node.this, filter=node.expression.this)

    def _bind_within_group(self, node: exp.WithinGroup) -> e.Expr:
        return self.call(node.this, within=node.expression)

    def _bind_window(self, node: exp.Window) -> e.Expr:
        return self.window_call(node)


def _is_array_query(node: exp.Array) -> bool:
    """Whether it is ARRAY(subquery)."""
    return len(node.expressions) == 1 and isinstance(node.expressions[0], (exp.Select, exp.SetOperation, exp.Subquery, exp.Values))


_BINDERS: Final[Choices[Callable[..., e.Expr]]] = Choices({
    object: Expressions._bind_other, exp.Paren: Expressions._bind_paren, exp.Null: Expressions._bind_null, exp.Boolean: Expressions._bind_boolean,
    exp.Identifier: Expressions._bind_identifier, exp.Column: Expressions._bind_column, exp.Dot: Expressions._bind_dot,
    exp.Anonymous: Expressions._bind_anonymous, exp.Cast: Expressions._bind_cast, exp.Add: Expressions._bind_operator, exp.Sub: Expressions._bind_operator,
    exp.Mul: Expressions._bind_operator, exp.Div: Expressions._bind_operator, exp.Mod: Expressions._bind_operator, exp.Pow: Expressions._bind_operator,
    exp.EQ: Expressions._bind_operator, exp.NEQ: Expressions._bind_operator, exp.LT: Expressions._bind_operator, exp.GT: Expressions._bind_operator,
    exp.LTE: Expressions._bind_operator, exp.GTE: Expressions._bind_operator, exp.BitwiseOr: Expressions._bind_bitwise_or, exp.Neg: Expressions._bind_neg,
    exp.And: Expressions._bind_and, exp.Or: Expressions._bind_or, exp.Not: Expressions._bind_not, exp.Is: Expressions._bind_is,
    exp.NullSafeNEQ: Expressions._bind_null_safe_neq, exp.NullSafeEQ: Expressions._bind_null_safe_eq, exp.Between: Expressions._bind_between,
    exp.In: Expressions._bind_in, exp.Exists: Expressions._bind_exists, exp.Subquery: Expressions._bind_subquery,
    exp.Select: Expressions._bind_subquery, exp.SetOperation: Expressions._bind_subquery, exp.Tuple: Expressions._bind_tuple,
    exp.Array: Expressions._bind_array, exp.Bracket: Expressions._bind_bracket, exp.Case: Expressions._bind_case, exp.Like: Expressions._bind_like,
    exp.ILike: Expressions._bind_like, exp.SimilarTo: Expressions._bind_like, exp.Escape: Expressions._bind_like,
    exp.AtTimeZone: Expressions._bind_at_time_zone, exp.Overlaps: Expressions._bind_overlaps, exp.Collate: Expressions._bind_collate,
    exp.Filter: Expressions._bind_filter, exp.WithinGroup: Expressions._bind_within_group, exp.Window: Expressions._bind_window,
})  # fmt: skip
