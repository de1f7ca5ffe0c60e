"""Expressions simplified at plan time: constants computed, AND/OR/NOT/CASE/COALESCE shortened (eval_const_expressions)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from auroraml.batch import Batch, Datum
from auroraml.catalog.builtins import WRITTEN_IN_SQL, builtin_function, builtin_operator
from auroraml.dispatch import Choices
from auroraml.errors import DatabaseError
from auroraml.evaluate import Frame, Runtime, compile
from auroraml.ir import expr as e
from auroraml.ir.tree import map_children
from auroraml.planner.level.questions import cuts, equal
from auroraml.planner.rules.inline_functions import from_within, meaning
from auroraml.planner.rules.placeholder import RowHolder
from auroraml.records import replace
from auroraml.types.pg_type import Interval, PgArray, Rep
from auroraml.types.table import BOOL

TRUE: Final = e.Const(type=BOOL, value=True)
FALSE: Final = e.Const(type=BOOL, value=False)
FIRST_OWN_OID: Final = 16384
_REMEMBERED: Final = (int, float, str, Decimal, Interval)


MOST_VALUES, LONGEST_TEXT = 1024, 200
_values: dict[tuple[object, ...], tuple[Datum | None]] = {}  # by function, types and arguments


def _key(expr: e.Expr) -> tuple[object, ...] | None:
    """What the value of a built-in immutable function's call depends on; None where it may depend on more."""
    if not isinstance(expr, (e.Call, e.OpCall)) or expr.function.volatility != "i" or expr.function.schema != "pg_catalog":
        return None
    parts: list[object] = [expr.function.oid, expr.type.oid, expr.typmod]
    for arg in expr.args:
        if not isinstance(arg, e.Const) or not isinstance(arg.value, _REMEMBERED) or arg.type.oid >= FIRST_OWN_OID:
            return None
        if isinstance(arg.value, str) and len(arg.value) > LONGEST_TEXT:
            return None
        parts += (arg.type.oid, arg.typmod, repr(arg.value))
    return tuple(parts)


class Folder:
    """Folds expressions; `stable`: also functions that are merely stable, for estimates only."""

    def __init__(self, runtime: Runtime, stable: bool = False) -> None:
        self.runtime = runtime
        self.stable = stable

    def __call__(self, expr: e.Expr) -> e.Expr:
        """The simplified expression."""
        made: e.Expr = self._fold(expr)
        return made

    def value(self, expr: e.Expr) -> e.Const:
        """The value of an expression without columns; what immutable built-in functions make of constants is remembered."""
        key = _key(expr)
        known = _values.get(key) if key is not None else None
        if known is None:
            known = (self._computed(expr),)
            if key is not None:
                if len(_values) >= MOST_VALUES:
                    _values.clear()
                _values[key] = known
        return e.Const(type=expr.type, typmod=expr.typmod, at=expr.at, value=known[0])

    def _computed(self, expr: e.Expr) -> Datum | None:
        vector = compile(expr)(Frame(n=1, sides=(Batch([], 1),), params=self.runtime.params, ctx=self.runtime))  # type: ignore[attr-defined] # an ExecutionContext
        return vector.datum(0)

    def _foldable(self, volatility: str) -> bool:
        return volatility == "i" or (volatility == "s" and self._now())

    def _now(self) -> bool:
        """Whether what is merely stable is computed too; that it was is noted."""
        self.runtime.moment = self.runtime.moment or self.stable
        return self.stable

    def _fold(self, expr: Any) -> Any:
        return _FOLDS[expr.__class__](self, expr)

    def _fold_other(self, expr: Any) -> Any:
        return map_children(expr, self._fold)

    def _fold_leaf(self, expr: e.Expr) -> e.Expr:
        if isinstance(expr, e.SubLink):
            left = None if expr.left is None else self._fold(expr.left)
            test = None if expr.test is None else self._fold(expr.test)
            return expr if left is expr.left and test is expr.test else replace(expr, left=left, test=test)
        return expr

    def _fold_param_ref(self, expr: e.ParamRef) -> e.Expr:
        if self.stable and expr.kind == "external" and ("external", expr.number) in self.runtime.params:  # type: ignore[attr-defined]
            return self.value(expr)
        return expr

    def _fold_call(self, expr: e.Call | e.OpCall | e.ArrayOp) -> e.Expr:
        made = map_children(expr, self._fold)
        function = expr.function
        if function.returns_set or function.batch:
            return made
        constant = all(isinstance(a, e.Const) for a in made.args)
        null = any(isinstance(a, e.Const) and a.value is None for a in made.args)
        if null and function.strict and function.volatility != "v" and not isinstance(made, e.ArrayOp):
            return e.Const(type=expr.type, typmod=expr.typmod, value=None)
        if constant and self._foldable(function.volatility) and function.language in ("internal", "c") and expr.type.rep is not Rep.STRUCT:
            return self._whole(made) if function.oid in WRITTEN_IN_SQL and not isinstance(made, e.ArrayOp) else self.value(made)
        if function.oid in WRITTEN_IN_SQL and not isinstance(made, e.ArrayOp):
            meant = meaning(made)
            return made if meant is made else self._fold(meant)
        return self._boolean_equality(made) if isinstance(made, e.OpCall) else made

    def _whole(self, call: e.Call | e.OpCall) -> e.Const:
        """A call of a function in SQL computed before it is inlined: its errors say where they come from."""
        try:
            return self.value(call)
        except DatabaseError as error:
            raise from_within(error, call) from None

    def _boolean_equality(self, expr: e.OpCall) -> e.Expr:
        """x = true is x; x = false is NOT x (simplify_boolean_equality)."""
        if len(expr.args) != 2 or expr.operator.oid not in (91, 85):
            return expr
        equals = expr.operator.oid == 91
        for constant, other in (expr.args, expr.args[::-1]):
            if isinstance(constant, e.Const) and constant.value is not None:
                return other if bool(constant.value) == equals else negate(other)
        return expr

    def _fold_sql_value(self, expr: e.SqlValue) -> e.Expr:
        return self.value(expr) if self._now() else expr

    def _fold_relabel(self, expr: e.Relabel) -> e.Expr:
        arg: e.Expr = self._fold(expr.arg)
        if isinstance(arg, e.Const):
            return self.value(replace(expr, arg=arg)) if cuts(expr) else replace(arg, type=expr.type, typmod=expr.typmod)
        if expr.collation == "default" and not (isinstance(arg, e.Relabel) and arg.collation):
            return arg
        if isinstance(arg, e.Relabel) and not cuts(arg) and not cuts(expr):
            return replace(expr, arg=arg.arg, collation=expr.collation or arg.collation)
        return expr if arg is expr.arg else replace(expr, arg=arg)

    def _fold_via_text(self, expr: e.ViaText) -> e.Expr:
        made = map_children(expr, self._fold)
        if isinstance(made.arg, e.Const) and ((_immutable_form(made.arg.type.name) and _immutable_form(made.type.name)) or self._now()):
            return self.value(made)
        return made

    def _fold_array_expr(self, expr: e.ArrayExpr | e.MinMax | e.ArrayCoerce) -> e.Expr:
        made = map_children(expr, self._fold) if not isinstance(expr, e.ArrayCoerce) else replace(expr, arg=self._fold(expr.arg))
        args = (made.arg,) if isinstance(made, e.ArrayCoerce) else made.args
        if (args or isinstance(made, e.ArrayExpr)) and all(isinstance(a, e.Const) for a in args):
            if isinstance(made, e.ArrayCoerce) and any(
                isinstance(x, e.Call) and x.function.volatility != "i" for x in (made.element,)
            ):  # fmt: skip
                return made
            if isinstance(made, e.ArrayExpr) and not made.multi and made.type.rep is Rep.LIST:
                return e.Const(
                    type=made.type, typmod=made.typmod, at=made.at, value=PgArray.of(tuple(a.value for a in args if isinstance(a, e.Const)))
                )
            return self.value(made)
        return made

    def _fold_and(self, expr: e.And) -> e.Expr:
        return self._logic(expr, False)

    def _fold_or(self, expr: e.Or) -> e.Expr:
        return self._logic(expr, True)

    def _logic(self, expr: e.And | e.Or, decisive: bool) -> e.Expr:
        """AND (OR): a FALSE (TRUE) decides, TRUE (FALSE) drops out, nested ones are flattened."""
        kind = type(expr)
        args: list[e.Expr] = []
        null = False
        pending = list(expr.args)
        while pending:
            arg = pending.pop(0)
            if isinstance(arg, kind):
                pending[:0] = arg.args
                continue
            arg = self._fold(arg)
            if isinstance(arg, kind):
                pending[:0] = arg.args
                continue
            if isinstance(arg, e.Const):
                if arg.value is None:
                    null = True
                elif bool(arg.value) == decisive:
                    return TRUE if decisive else FALSE
                continue
            args.append(arg)
        if null:
            args.append(e.Const(type=BOOL, value=None))
        if not args:
            return FALSE if decisive else TRUE
        return args[0] if len(args) == 1 else kind(type=BOOL, args=tuple(args))

    def _fold_not(self, expr: e.Not) -> e.Expr:
        arg = self._fold(expr.arg)
        made = negate(arg)
        return made if not isinstance(made, (e.And, e.Or)) else self._fold(made)

    def _fold_null_test(self, expr: e.NullTest) -> e.Expr:
        made = map_children(expr, self._fold)
        if isinstance(made.arg, e.Const) and not made.per_field:
            return FALSE if (made.arg.value is None) == made.negated else TRUE
        if made.per_field and isinstance(made.arg, e.RowExpr) and not made.arg.whole:
            fields = made.arg.args
            if any(isinstance(field, e.Const) and (field.value is None) == made.negated for field in fields):
                return FALSE
            tests = tuple(replace(made, arg=field, per_field=False) for field in fields if not isinstance(field, e.Const))
            return TRUE if not tests else tests[0] if len(tests) == 1 else e.And(type=BOOL, args=tests)
        return made

    def _fold_row_expr(self, expr: e.RowExpr) -> e.Expr:
        made = map_children(expr, self._fold)
        return self.value(made) if made.args and not made.whole and all(isinstance(a, e.Const) for a in made.args) else made

    def _fold_boolean_test(self, expr: e.BooleanTest) -> e.Expr:
        made = map_children(expr, self._fold)
        return self.value(made) if isinstance(made.arg, e.Const) else made

    def _fold_distinct(self, expr: e.Distinct | e.NullIf) -> e.Expr:
        made = map_children(expr, self._fold)
        if all(isinstance(a, e.Const) for a in made.args) and self._foldable(made.function.volatility):
            return self.value(made)
        return made

    def _fold_case(self, expr: e.Case) -> e.Expr:
        operand = None if expr.operand is None else self._fold(expr.operand)
        constant = operand if isinstance(operand, e.Const) else None
        whens: list[e.When] = []
        for when in expr.whens:
            condition = when.condition if constant is None else _with_element(when.condition, constant)
            condition = self._fold(condition)
            if isinstance(condition, e.Const):
                if not condition.value:
                    continue
                result: e.Expr = self._fold(when.result)
                if not whens:
                    return result
                return replace(expr, operand=None if constant is not None else operand, whens=tuple(whens), default=result)
            whens.append(e.When(condition=condition, result=self._fold(when.result)))
        default: e.Expr = self._fold(expr.default)
        if not whens:
            return default
        return replace(expr, operand=None if constant is not None else operand, whens=tuple(whens), default=default)

    def _fold_coalesce(self, expr: e.Coalesce) -> e.Expr:
        args: list[e.Expr] = []
        for arg in expr.args:
            arg = self._fold(arg)
            if isinstance(arg, e.Const):
                if arg.value is None:
                    continue
                if not args:
                    return arg
                args.append(arg)
                break
            args.append(arg)
        if not args:
            return e.Const(type=expr.type, typmod=expr.typmod, value=None)
        return replace(expr, args=tuple(args))

    def _fold_field_select(self, expr: e.FieldSelect) -> e.Expr:
        made = map_children(expr, self._fold)
        row = made.arg.expr if isinstance(made.arg, RowHolder) else made.arg
        if isinstance(row, e.RowExpr) and made.index < len(row.args) and row.args[made.index].type.oid == made.type.oid:
            return row.args[made.index]
        return made

    def _fold_aggregate(self, expr: e.Aggregate) -> e.Expr:
        return map_children(expr, self._fold)


_MUTABLE_FORMS: Final = frozenset(
    ("date", "time", "timetz", "timestamp", "timestamptz", "interval", "float4", "float8", "bytea", "json", "jsonb", "xml", "money")
)


def _immutable_form(name: str) -> bool:
    """Whether a type's text forms depend on no setting."""
    return name not in _MUTABLE_FORMS and not name.startswith("_") and not name.startswith("reg")


def _with_element(condition: e.Expr, constant: e.Const) -> e.Expr:
    if isinstance(condition, e.ElementRef):
        return constant
    return map_children(condition, lambda part: _with_element(part, constant) if isinstance(part, e.Expr) else part)


def negate(expr: e.Expr) -> e.Expr:
    """NOT expr, pushed as far down as it goes (negate_clause)."""
    if isinstance(expr, e.Const):
        return expr if expr.value is None else FALSE if expr.value else TRUE
    if isinstance(expr, (e.OpCall, e.ArrayOp)) and expr.operator.negator:
        operator = builtin_operator(expr.operator.negator)
        function = None if operator is None else builtin_function(operator.function)
        if operator is not None and function is not None:
            if isinstance(expr, e.ArrayOp):
                return replace(expr, operator=operator, function=function, all=not expr.all)
            return replace(expr, operator=operator, function=function)
    if isinstance(expr, e.And):
        return e.Or(type=BOOL, args=tuple(negate(a) for a in expr.args))
    if isinstance(expr, e.Or):
        return e.And(type=BOOL, args=tuple(negate(a) for a in expr.args))
    if isinstance(expr, e.Not):
        return expr.arg
    if isinstance(expr, e.NullTest) and not expr.per_field:
        return replace(expr, negated=not expr.negated)
    if isinstance(expr, e.BooleanTest):
        return replace(expr, negated=not expr.negated)
    return e.Not(type=BOOL, arg=expr)


def canonical(expr: e.Expr, *, check: bool = False) -> e.Expr:
    """What all arms of an OR share, in front of it; a NULL under AND and OR is like false, or of a CHECK like true (canonicalize_qual)."""
    if isinstance(expr, e.And):
        args: list[e.Expr] = []
        for arg in expr.args:
            made = canonical(arg, check=check)
            if isinstance(made, e.Const):
                if not made.value and not (check and made.value is None):
                    return e.Const(type=BOOL, value=False)
                continue
            args += made.args if isinstance(made, e.And) else [made]
        return args[0] if len(args) == 1 else e.And(type=BOOL, args=tuple(args)) if args else e.Const(type=BOOL, value=True)
    if isinstance(expr, e.Or):
        arms: list[e.Expr] = []
        for arg in expr.args:
            made = canonical(arg, check=check)
            if isinstance(made, e.Const):
                if made.value or (check and made.value is None):
                    return e.Const(type=BOOL, value=True)
                continue
            arms += made.args if isinstance(made, e.Or) else [made]
        return _shared(arms) if arms else e.Const(type=BOOL, value=False)
    return expr


def _shared(flat: Sequence[e.Expr]) -> e.Expr:
    if len(flat) == 1:
        return flat[0]
    parts = [list(arm.args) if isinstance(arm, e.And) else [arm] for arm in flat]
    shortest = min(parts, key=len)
    winners: list[e.Expr] = []
    for candidate in shortest:
        if any(equal(candidate, w) for w in winners):
            continue
        if all(any(equal(candidate, other) for other in part) for part in parts):
            winners.append(candidate)
    if not winners:
        return e.Or(type=BOOL, args=tuple(flat))
    rest: list[e.Expr] = []
    for part in parts:
        left = [x for x in part if not any(equal(x, w) for w in winners)]
        if not left:
            rest = []
            break
        rest.append(left[0] if len(left) == 1 else e.And(type=BOOL, args=tuple(left)))
    if rest:
        winners.append(rest[0] if len(rest) == 1 else e.Or(type=BOOL, args=tuple(rest)))
    return winners[0] if len(winners) == 1 else e.And(type=BOOL, args=tuple(winners))


Fold = Callable[[e.Expr], e.Expr]


_FOLDS: Final[Choices[Callable[..., Any]]] = Choices({
    object: Folder._fold_other, e.Const: Folder._fold_leaf, e.ColumnRef: Folder._fold_leaf, e.SubLink: Folder._fold_leaf,
    e.SubPlan: Folder._fold_leaf, e.ParamRef: Folder._fold_param_ref, e.Call: Folder._fold_call, e.OpCall: Folder._fold_call,
    e.ArrayOp: Folder._fold_call, e.SqlValue: Folder._fold_sql_value, e.Relabel: Folder._fold_relabel, e.ViaText: Folder._fold_via_text,
    e.ArrayExpr: Folder._fold_array_expr, e.MinMax: Folder._fold_array_expr, e.ArrayCoerce: Folder._fold_array_expr, e.And: Folder._fold_and,
    e.Or: Folder._fold_or, e.Not: Folder._fold_not, e.NullTest: Folder._fold_null_test, e.RowExpr: Folder._fold_row_expr,
    e.BooleanTest: Folder._fold_boolean_test, e.Distinct: Folder._fold_distinct, e.NullIf: Folder._fold_distinct, e.Case: Folder._fold_case,
    e.Coalesce: Folder._fold_coalesce, e.FieldSelect: Folder._fold_field_select, e.Aggregate: Folder._fold_aggregate,
})  # fmt: skip
