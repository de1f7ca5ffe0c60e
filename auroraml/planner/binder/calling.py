"""Calls: functions, aggregates, window functions, and the words that look like calls (COALESCE, GREATEST, ROW)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlglot import exp

from auroraml.catalog.builtins import btree_operators, is_function_elsewhere
from auroraml.errors import (
    DatatypeMismatch,
    FeatureNotSupported,
    GroupingError,
    InvalidColumnReference,
    InvalidSchemaName,
    InvalidTextRepresentation,
    TooManyArguments,
    UndefinedFunction,
    UndefinedObject,
    WindowingError,
    WrongObjectType,
)  # fmt: skip
from auroraml.errors import SyntaxError as SqlSyntaxError
from auroraml.extensions.aws_ml.mistakes import advice
from auroraml.functions.signature import implemented
from auroraml.ir import expr as e
from auroraml.ir.logical import Window
from auroraml.ir.objects import Function
from auroraml.ir.tree import children, every, same
from auroraml.planner.binder.binder import Binder
from auroraml.planner.binder.calls import FIRST_OWN_OID, Candidate
from auroraml.planner.binder.coercion import located
from auroraml.records import replace
from auroraml.types.pg_type import Attribute, PgType, Rep
from auroraml.types.table import (
    ANY,
    DATE,
    FLOAT4,
    FLOAT8,
    INT2,
    INT4,
    INT8,
    INTERVAL,
    NUMERIC,
    RECORD,
    TEXT,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    TIMETZ,
    UNKNOWN,
)  # fmt: skip

OFFSETS: Final = {  # what a RANGE frame may add to an order key, the widest first (pg_amproc's in_range functions)
    INT2.oid: (INT8, INT4, INT2), INT4.oid: (INT8, INT4, INT2), INT8.oid: (INT8,), FLOAT4.oid: (FLOAT8,), FLOAT8.oid: (FLOAT8,),
    NUMERIC.oid: (NUMERIC,), **dict.fromkeys((t.oid for t in (DATE, TIME, TIMETZ, TIMESTAMP, TIMESTAMPTZ, INTERVAL)), (INTERVAL,)),
}  # fmt: skip
MOST_GROUPING: Final = 31  # bits of an integer that stay positive
SPECIAL: Final = frozenset(("coalesce", "nullif", "greatest", "least", "row", "grouping"))


class Calls:
    """Binds calls; the expression binder adds everything else."""

    scope: Any
    clause: Any
    aggregates: list[e.Aggregate | e.Grouping]
    windows: list[Window]
    window_names: dict[str, int]
    has_sets: bool

    def __init__(self, binder: Binder) -> None:
        self.binder = binder
        self.leaves = binder.leaves
        self.coercer = binder.coercer

    def bind(self, node: exp.Expression) -> e.Expr:
        """The typed expression; unknown literals stay unknown."""
        raise NotImplementedError

    def elements(self, nodes: Sequence[exp.Expression]) -> list[e.Expr]:
        """The values of a row as written: table.* stands for all of its columns."""
        raise NotImplementedError

    def row(self, args: Sequence[e.Expr], implicit: bool, at: int) -> e.Expr:
        """ROW(...), its fields f1, f2, ...; unknown literals become text."""
        raise NotImplementedError

    def operator(self, symbol: str, args: Sequence[e.Expr], at: int) -> e.Expr:
        """symbol applied to bound operands."""
        raise NotImplementedError

    def call(
        self, node: exp.Expression, schema: str | None = None, filter: exp.Expression | None = None, within: exp.Expression | None = None,
        window: bool = False,
    ) -> e.Expr:  # fmt: skip
        """A call as written: `schema.name(args)` with FILTER, WITHIN GROUP, in a window or not."""
        if isinstance(node, exp.Dot):
            schema, node = self.leaves.name(node.this), node.expression
        if not isinstance(node, exp.Anonymous):
            raise FeatureNotSupported("FILTER is not supported here", at=self.leaves.start(node))
        _, index = self.leaves.mark(node.this)
        token = self.leaves.source.tokens[index]
        form = self.leaves.form(index)
        name, at = (form.name if form is not None else token.text), token.start
        if schema is not None:
            at = self.leaves.source.tokens[index - 2].start
        items, distinct, order = self._arguments(node)
        if schema is None and name in SPECIAL and token.kind == "word":
            return self._special(name, items, at)
        star = len(items) == 1 and isinstance(items[0], exp.Star)
        names: list[str | None] = []
        args: list[e.Expr] = []
        for item in [] if star else items:
            named = isinstance(item, (exp.Kwarg, exp.PropertyEQ))
            names.append(self.leaves.name(item.this) if named else None)
            args.append(self.bind(item.expression if named else item))
        if form is not None and form.order is not None:
            args = [e.Const(type=INT4, value=1) if i < 0 else args[i] for i in form.order]
            names = [None] * len(args)
        own = (form is not None and bool(form.written)) or (schema is None and name == "normalize" and token.kind == "word")
        if own:
            schema = "pg_catalog"  # SQL's own syntax means its functions (SystemFuncName)
        functional = self._cast_call(name, schema, args, at)
        if functional is not None:
            return functional
        variadic = form is not None and form.variadic
        direct = self._direct(within)
        try:
            chosen, shown = self._choose(name, schema, [*args, *direct], [*names, *[None] * len(direct)], variadic, at, star)
            made = self._finish(chosen, shown, args, at, variadic=variadic, distinct=distinct, order=order, filter=filter, star=star, direct=direct,
                                within=within, window=window)  # fmt: skip
        except (UndefinedFunction, InvalidSchemaName, InvalidTextRepresentation) as error:
            found = advice(schema, name, [arg.type for arg in args], unread=isinstance(error, InvalidTextRepresentation))
            error.diag.message_hint = " ".join(hint for hint in (error.diag.message_hint, found) if hint) or None
            raise
        return replace(made, form="sql") if own and isinstance(made, e.Call) else made

    def _arguments(self, node: exp.Anonymous) -> tuple[list[exp.Expression], bool, list[exp.Expression]]:
        items = list(node.expressions)
        distinct, order = False, []
        if items and isinstance(items[-1], exp.Order):
            order = list(items[-1].expressions)
            items[-1] = items[-1].this
        if items and isinstance(items[0], exp.Distinct):
            distinct = True
            items = [*items[0].expressions, *items[1:]]
        return items, distinct, order

    def _direct(self, within: exp.Expression | None) -> list[e.Expr]:
        return [] if within is None else [self.bind(item.this) for item in within.expressions]

    def _choose(
        self, name: str, schema: str | None, args: Sequence[e.Expr], names: Sequence[str | None], variadic: bool, at: int, star: bool
    ) -> tuple[Candidate, str]:
        key = None
        if schema is None and names.count(None) == len(names) and all(arg.type.oid < FIRST_OWN_OID and not arg.type.attributes for arg in args):
            key = (self.binder.names.path, name, variadic, star, *[arg.type.oid for arg in args])
            known = self.binder.catalog.chosen.get(key)
            if isinstance(known, Candidate):
                return known, name
        chosen, shown = self._choose_anew(name, schema, args, names, variadic, at, star)
        if key is not None:
            self.binder.catalog.chosen[key] = chosen
        return chosen, shown

    def _choose_anew(
        self, name: str, schema: str | None, args: Sequence[e.Expr], names: Sequence[str | None], variadic: bool, at: int, star: bool
    ) -> tuple[Candidate, str]:
        found = self.binder.functions(name, schema, at)
        shown = f"{schema}.{name}" if schema else name
        if not found and schema in (None, "pg_catalog") and is_function_elsewhere(name):
            raise FeatureNotSupported(f"function {shown} is not supported", at=at)
        if star:
            found = tuple(f for f in found if not f.inputs)
            if not found:
                raise UndefinedFunction(f"function {shown}() does not exist", at=at)
        chosen = self.binder.chooser.function(found, shown, args, names, variadic, at)
        if not implemented(chosen.function):
            types = ", ".join(self.coercer.name(p.type) for p in chosen.function.inputs)
            raise FeatureNotSupported(f"function {name}({types}) is not supported", at=at)
        return chosen, shown

    def _cast_call(self, name: str, schema: str | None, args: Sequence[e.Expr], at: int) -> e.Expr | None:
        """type(x) as a cast, where there is no function of that name, or x is a bare literal or of that type (chapter 10.3, step 3)."""
        if schema is not None or len(args) != 1:
            return None
        type = self.binder.catalog.find_type(name, "pg_catalog")
        if type is not None and args[0].type.oid not in (UNKNOWN.oid, type.oid) and self.binder.functions(name, None, at):
            return None
        if type is None or type.kind == "p" or not self.coercer.can(args[0].type, type, "explicit"):
            return None
        return self.coercer.coerce(args[0], type, -1, "explicit", at)

    def _finish(
        self, chosen: Candidate, shown: str, args: list[e.Expr], at: int, *, variadic: bool, distinct: bool, order: Sequence[exp.Expression],
        filter: exp.Expression | None, star: bool, direct: Sequence[e.Expr], within: exp.Expression | None, window: bool,
    ) -> e.Expr:  # fmt: skip
        function = chosen.function
        everything = [*args, *direct]
        if variadic and function.variadic == ANY.oid and not everything[-1].type.element:
            raise DatatypeMismatch("VARIADIC argument must be an array", at=located(everything[-1]))
        result, bound = self.binder.chooser.resolve(chosen, everything)
        coerced = self._coerced(chosen, everything, bound)
        if function.result.oid == RECORD.oid and len(function.outputs) > 1:
            result = self.binder.chooser.parameter_type(record_type(function), bound)
        elif len(function.outputs) == 1 and function.outputs[0].type.kind != "p":
            result = function.outputs[0].type
        if function.schema != "pg_catalog" or function.acl is not None:
            self.binder.need("function", function.oid, function.name, "X", at)
        if function.kind == "f":
            self._plain_only(shown, distinct, order, filter, within, window, at)
        if function.kind == "w" and not window:
            raise WrongObjectType(f"window function {function.name} requires an OVER clause", at=at)
        if function.kind == "p":
            raise WrongObjectType(f"{shown}() is a procedure", hint="To call a procedure, use CALL.", at=at)
        if function.kind == "a" and not everything and not star:
            raise WrongObjectType(f"{shown}(*) must be used to call a parameterless aggregate function", at=at)
        condition = None if filter is None else self._filter(filter)
        if function.kind == "a" and not window:
            return self._aggregate(function, result, coerced, at, distinct, within.expressions if within is not None else order, condition, star,
                                   len(direct), variadic)  # fmt: skip
        if function.kind in "aw" and window and distinct:
            raise FeatureNotSupported("DISTINCT is not implemented for window functions", at=at)
        if function.kind == "a" and window and within is not None:
            raise FeatureNotSupported(f"OVER is not supported for ordered-set aggregate {function.name}", at=at)
        if function.kind in "aw" and window and order:
            raise FeatureNotSupported("aggregate ORDER BY is not implemented for window functions", at=at)
        if function.kind == "w" and filter is not None:
            raise FeatureNotSupported("FILTER is not implemented for non-aggregate window functions", at=at)
        if function.kind in "aw" and window:
            return e.WindowCall(type=result, function=function, args=tuple(coerced), window=-1, filter=condition, star=star, at=at)
        if function.returns_set:
            self._set_returning(shown, at)
        gathered = bool(chosen.spread) and function.variadic != ANY.oid  # into an array, which then is the VARIADIC argument
        written = chosen.written() if not chosen.spread else ()
        return e.Call(type=result, function=function, args=tuple(coerced), variadic=variadic or gathered, written=written, at=at)

    def _coerced(self, chosen: Candidate, args: Sequence[e.Expr], bound: dict[str, PgType]) -> list[e.Expr]:
        """All arguments in the parameters' order, defaults filled in, VARIADIC ones gathered."""
        function = chosen.function
        wanted = [self.binder.chooser.parameter_type(t, bound) for t in chosen.types]
        given = [arg if w.oid == 2276 else self.coercer.coerce(arg, w)
                 for arg, w in zip(args, wanted, strict=True)]  # fmt: skip
        out: list[e.Expr] = []
        inputs = function.inputs
        for place, source in enumerate(chosen.order):
            default = inputs[place].default
            if source is not None:
                out.append(given[source])
            else:
                assert default is not None
                out.append(default)
        if chosen.spread:
            rest = given[len(chosen.order) :]
            if function.variadic == ANY.oid:
                return [*out, *rest]
            element = rest[0].type
            array = self.binder.catalog.find_type_oid(element.array)
            assert array is not None
            out.append(e.ArrayExpr(type=array, args=tuple(rest), at=rest[0].at))
        return out

    def _plain_only(
        self, shown: str, distinct: bool, order: object, filter: object, within: object, window: bool, at: int
    ) -> None:  # fmt: skip
        if distinct:
            raise WrongObjectType(f"DISTINCT specified, but {shown} is not an aggregate function", at=at)
        if within is not None:
            raise WrongObjectType(f"WITHIN GROUP specified, but {shown} is not an aggregate function", at=at)
        if order:
            raise WrongObjectType(f"ORDER BY specified, but {shown} is not an aggregate function", at=at)
        if filter is not None:
            raise WrongObjectType(f"FILTER specified, but {shown} is not an aggregate function", at=at)
        if window:
            raise WrongObjectType(f"OVER specified, but {shown} is not a window function nor an aggregate function", at=at)

    def _filter(self, node: exp.Expression) -> e.Expr:
        return self.binder.boolean(self.bind(node), "FILTER", self.leaves.start(node))

    def _belongs(self, parts: Sequence[e.Expr], word: str, at: int) -> bool:
        """Whether a call is of this level: else it is of the innermost one whose columns it reads (check_agglevels_and_constraints)."""
        below = [item for part in parts for item in every(part)]
        level = self._read_level(below) or self.scope
        nested = [item for item in below if isinstance(item, (e.Aggregate, e.Grouping))]
        at_hand = {id(item) for part in parts for item in _walk(part)} if nested else ()
        same_level = [x for x in nested if (self._read_level(every(x)) or (self.scope if id(x) in at_hand else None)) is level]
        if same_level:
            raise GroupingError("aggregate function calls cannot be nested", at=min((x.at for x in same_level if x.at is not None), default=None))
        if level is self.scope:
            if not self.clause.aggregates:
                raise GroupingError(f"{word} are not allowed in {self.clause.name}", at=at)
            return True
        if level.taking is None:
            raise GroupingError(f"{word} are not allowed in FROM clause of their own query level", at=at)
        if not level.taking[1]:
            raise GroupingError(f"{word} are not allowed in {level.taking[0]}", at=at)
        level.aggregated = True
        return False

    def _read_level(self, nodes: Sequence[object]) -> Any:
        """The innermost level in sight of whose columns some are among the nodes; None where there is none."""
        read = {item.id for item in nodes if isinstance(item, e.ColumnRef)}
        return next((level for level in self.scope.levels() if read & level.made()), None) if read else None

    def _aggregate(
        self, function: Function, result: PgType, args: Sequence[e.Expr], at: int, distinct: bool, order: Sequence[exp.Expression],
        filter: e.Expr | None, star: bool, direct: int, variadic: bool,
    ) -> e.Expr:  # fmt: skip
        keys = tuple(self.sort_key(item) for item in order)
        own = self._belongs([*args, *(key.expr for key in keys), *([] if filter is None else [filter])], "aggregate functions", at)
        window = next((inner for arg in args for inner in _walk(arg) if isinstance(inner, e.WindowCall)), None)
        if window is not None:
            raise GroupingError("aggregate function calls cannot contain window function calls", at=window.at)
        self._refuse_sets(args, "aggregate")
        inner_window = next((x for arg in args for x in _walk(arg) if isinstance(x, e.WindowCall)), None)
        if inner_window is not None:
            raise GroupingError("aggregate function calls cannot contain window function calls", at=inner_window.at)
        plain = tuple(args[: len(args) - direct]) if direct else tuple(args)
        if direct:
            keys = tuple(replace(key, expr=arg) for key, arg in zip(keys, args[len(args) - direct :], strict=True))
        elif distinct and (strange := next((k.expr for k in keys if not any(same(k.expr, _as_written(arg)) for arg in plain)), None)) is not None:
            raise InvalidColumnReference("in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list", at=located(strange))
        found = e.Aggregate(type=result, function=function, args=tuple(k.expr for k in keys) if direct else plain, distinct=distinct, order_by=keys,
                            filter=filter, star=star, direct=plain if direct else (), variadic=variadic, outer=not own, at=at)  # fmt: skip
        if own:
            self.aggregates.append(found)
        return found

    @staticmethod
    def _refuse_sets(args: Sequence[e.Expr], kind: str) -> None:
        found = next((x for arg in args for x in _walk(arg) if isinstance(x, e.Call) and x.function.returns_set), None)
        if found is not None:
            hint = "You might be able to move the set-returning function into a LATERAL FROM item."
            raise FeatureNotSupported(f"{kind} function calls cannot contain set-returning function calls", hint=hint, at=found.at)

    def refuse_sets_in(self, word: str, args: Sequence[e.Expr]) -> None:
        """0A000 for the last set-returning call in what CASE or COALESCE may leave out."""
        found = [x for arg in args for x in _walk(arg) if isinstance(x, e.Call) and x.function.returns_set] if self.has_sets else []
        if found:
            hint = "You might be able to move the set-returning function into a LATERAL FROM item."
            raise FeatureNotSupported(f"set-returning functions are not allowed in {word}", hint=hint, at=found[-1].at)

    def sort_key(self, item: exp.Expression) -> e.SortKey:
        """An ORDER BY item with its direction."""
        expr = self.bind(item.this)
        if expr.type.oid == UNKNOWN.oid:
            expr = self.coercer.coerce(expr, TEXT)
        if not btree_operators(expr.type):
            raise UndefinedFunction(f"could not identify an ordering operator for type {self.coercer.name(expr.type)}",
                                    hint="Use an explicit ordering operator or modify the query.", at=located(expr))  # fmt: skip
        descending = bool(item.args.get("desc"))
        nulls = item.args.get("nulls_first")
        return e.SortKey(expr=expr, descending=descending, nulls_first=bool(nulls))

    def _set_returning(self, shown: str, at: int) -> None:
        if not self.clause.sets:
            raise FeatureNotSupported(f"set-returning functions are not allowed in {self.clause.name}", at=at)
        self.has_sets = True

    def _special(self, name: str, items: Sequence[exp.Expression], at: int) -> e.Expr:
        if not items and name != "row":
            raise SqlSyntaxError('syntax error at or near ")"', at=self._closing(at))
        if name == "row":
            return self.row(self.elements(items), False, at)
        args = [self.bind(item) for item in items]
        if name == "grouping":
            return self._grouping(args, at)
        if name == "nullif":
            call = self.operator("=", args, at)
            assert isinstance(call, e.OpCall)
            return e.NullIf(type=call.args[0].type, typmod=call.args[0].typmod, operator=call.operator, function=call.function, args=call.args, at=at)
        type, coerced = self.coercer.to_common(args, name.upper())
        if name == "coalesce":
            self.refuse_sets_in("COALESCE", coerced)
            return e.Coalesce(type=type, args=coerced, at=at)
        operator = btree_operators(type).get(1)
        if operator is None:
            raise UndefinedFunction(f"could not identify a comparison function for type {self.coercer.name(type)}", at=at)
        function = self.binder.catalog.function(operator.function)
        return e.MinMax(type=type, operator=operator, function=function, args=coerced, least=name == "least", at=at)

    def _grouping(self, args: Sequence[e.Expr], at: int) -> e.Expr:
        own = self._belongs(args, "grouping operations", at)
        if len(args) > MOST_GROUPING:
            raise TooManyArguments(f"GROUPING must have fewer than {MOST_GROUPING + 1} arguments", at=at)
        found = e.Grouping(type=INT4, args=tuple(args), at=at)
        if own:
            self.aggregates.append(found)
        return found

    def _opening(self, at: int) -> int:
        """Where the parenthesis around `at` opens."""
        depth = 0
        for token in reversed([t for t in self.leaves.source.tokens if t.start < at]):
            depth += token.is_op(")") - token.is_op("(")
            if depth < 0:
                return token.start
        return at

    def _closing(self, at: int) -> int:
        return next((t.start for t in self.leaves.source.tokens if t.start > at and t.is_op(")")), at)

    def known_call(self, name: str, args: Sequence[e.Expr], at: int, form: str = "sql") -> e.Expr:
        """A call that SQL's grammar makes of another form (AT TIME ZONE, OVERLAPS; form "call": LIKE ... ESCAPE), printed in it."""
        chosen, _ = self._choose(name, "pg_catalog", args, [None] * len(args), False, at, False)
        result, bound = self.binder.chooser.resolve(chosen, args)
        coerced = tuple(self._coerced(chosen, args, bound))
        return e.Call(type=result, function=chosen.function, args=coerced, form=form, written=chosen.written(), at=at)

    def functional(self, name: str, arg: e.Expr, at: int) -> e.Expr | None:
        """x.f as f(x), where a function takes exactly that type."""
        if arg.type.oid == RECORD.oid:
            return None
        found = [f for f in self.binder.functions(name, None, at) if len(f.inputs) == 1 and f.inputs[0].type.oid == arg.type.oid and f.kind == "f"]
        if len(found) != 1:
            return None
        return e.Call(type=found[0].result, function=found[0], args=(arg,), at=at)

    def window_call(self, node: exp.Window) -> e.Expr:
        """f(...) OVER (...) or OVER name."""
        inner, filter, within = node.this, None, None
        if isinstance(inner, exp.Filter):
            inner, filter = inner.this, inner.expression.this
        if isinstance(inner, exp.WithinGroup):
            inner, within = inner.this, inner.expression
        if not self.clause.windows:
            raise WindowingError(f"window functions are not allowed in {self.clause.name}", at=self.leaves.start(node))
        found = self.call(inner, filter=filter, within=within, window=True)
        assert isinstance(found, e.WindowCall)
        nested = next((x for arg in found.args for x in _walk(arg) if isinstance(x, e.WindowCall)), None)
        if nested is not None:
            raise WindowingError("window function calls cannot be nested", at=nested.at)
        named = node.args.get("alias")
        if named is not None and not self._opened(named):
            number = self._named_window(named, self.leaves.at(named))
        else:
            self.windows.append(self.window_definition(node))
            number = len(self.windows) - 1
        return e.WindowCall(type=found.type, typmod=found.typmod, function=found.function, args=found.args, window=number, filter=found.filter,
                            star=found.star, at=found.at)  # fmt: skip

    def _opened(self, name: exp.Expression) -> bool:
        """Whether a window's name stands behind a parenthesis: OVER (name ...)."""
        return self.leaves.source.tokens[self.leaves.mark(name)[1] - 1].is_op("(")

    def _named_window(self, node: exp.Expression, at: int) -> int:
        name = self.leaves.name(node)
        if name not in self.window_names:
            raise UndefinedObject(f'window "{name}" does not exist', at=at)
        return self.window_names[name]

    def window_definition(self, node: exp.Expression) -> Window:
        """PARTITION BY, ORDER BY and the frame, over those of the window it is based on (transformWindowDefinitions)."""
        based = node.args.get("alias")
        if based is None:
            return self._over(node, Window())
        at = self._opening(self.leaves.at(based))
        base = self.windows[self._named_window(based, at)]
        ordered = node.args.get("order") is not None
        if node.args.get("partition_by"):
            raise WindowingError(f'cannot override PARTITION BY clause of window "{base.name}"', at=at)
        if ordered and base.order_by:
            raise WindowingError(f'cannot override ORDER BY clause of window "{base.name}"', at=at)
        if base.frame is not None:
            hint = None if ordered or node.args.get("spec") is not None else "Omit the parentheses in this OVER clause."
            raise WindowingError(f'cannot copy window "{base.name}" because it has a frame clause', hint=hint, at=at)
        return self._over(node, base)

    def _over(self, node: exp.Expression, base: Window) -> Window:
        outer, self.clause = self.clause, replace(self.clause, name="window definitions", windows=False)
        try:
            partition = base.partition_by or tuple(self.bind(item) for item in node.args.get("partition_by") or ())
            order = node.args.get("order")
            keys = tuple(self.sort_key(item) for item in order.expressions) if order is not None else base.order_by
            spec = node.args.get("spec")
            frame = None if spec is None else self._frame(spec, keys)
        finally:
            self.clause = outer
        return Window(partition_by=partition, order_by=keys, frame=frame, base=base.name)

    def _offset(self, node: exp.Expression, kind: str, keys: Sequence[e.SortKey]) -> e.Expr:
        """A frame's offset: bigint, or for RANGE what is added to the order key."""
        value = self.bind(node)
        column = next((x for x in _walk(value) if isinstance(x, e.ColumnRef)), None)
        if column is not None:
            raise InvalidColumnReference(f"argument of {kind} must not contain variables", at=column.at)
        if kind != "RANGE":
            return self.coercer.coerce(value, INT8, -1, "assignment")
        at = located(value) or self.leaves.start(node)
        if len(keys) != 1:
            raise WindowingError("RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column", at=self._opening(at))
        type = keys[0].expr.type
        shown = f"RANGE with offset PRECEDING/FOLLOWING is not supported for column type {self.coercer.name(type)}"
        offsets = OFFSETS.get(type.oid)
        if offsets is None:
            raise FeatureNotSupported(shown, at=at)
        if value.type.oid == UNKNOWN.oid:
            return self.coercer.coerce(value, type if type in offsets else offsets[0])
        if value.type not in offsets and not (fitting := [x for x in offsets if self.coercer.can(value.type, x)]):
            hint = "Cast the offset value to an appropriate type."
            raise FeatureNotSupported(f"{shown} and offset type {self.coercer.name(value.type)}", hint=hint, at=at)
        return value if value.type in offsets else self.coercer.coerce(value, fitting[0])

    def _frame(self, spec: exp.Expression, keys: Sequence[e.SortKey]) -> tuple[object, ...]:
        mode = str(spec.args.get("kind", "RANGE")).upper()

        def bound(value: object, side: object) -> tuple[str, object]:
            if value == "CURRENT ROW":
                return "current row", None
            word = str(side or "PRECEDING").lower()
            return (f"unbounded {word}", None) if value == "UNBOUNDED" else (word, self._offset(value, mode, keys))

        start = bound(spec.args.get("start"), spec.args.get("start_side"))
        end = bound(spec.args["end"], spec.args.get("end_side")) if spec.args.get("end") is not None else ("current row", None)
        return (str(spec.args.get("kind", "RANGE")).lower(), *start, *end, str(spec.args.get("exclude") or "").lower())


def record_type(function: Function) -> PgType:
    """The row type of several OUT parameters."""
    attributes = tuple(Attribute(name=p.name or f"column{i}", type=p.type) for i, p in enumerate(function.outputs, 1))
    return PgType(oid=RECORD.oid, name="record", rep=Rep.STRUCT, length=-1, kind="p", category="P", attributes=attributes)


def _walk(expr: e.Expr) -> list[e.Expr]:
    """The expressions of this level: a subquery's own aggregates, windows and sets are its business."""
    found: list[e.Expr] = []
    pending: list[object] = [expr]
    while pending:
        item = pending.pop()
        if isinstance(item, e.Expr):
            found.append(item)
        below = [item.left, item.test] if isinstance(item, e.SubLink) else [*children(item)]
        pending += [part for part in reversed(below) if part is not None]
    return found


def _as_written(expr: e.Expr) -> e.Expr:
    """`expr` without coercions that nobody wrote (strip_implicit_coercions)."""
    while True:
        if isinstance(expr, (e.Relabel, e.ViaText, e.ArrayCoerce, e.RowCoerce)) and expr.implicit:
            expr = expr.arg
        elif isinstance(expr, e.Call) and expr.form == "implicit":
            expr = expr.args[0]
        else:
            return expr
