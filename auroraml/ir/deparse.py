"""Expr to SQL, as PostgreSQL's ruleutils writes it (all parentheses, casts shown where it shows them)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from auroraml.dispatch import by_class
from auroraml.ir import expr as e
from auroraml.ir.keywords import RESERVED
from auroraml.ir.sql_syntax import sql_syntax
from auroraml.lazy import pattern
from auroraml.types.pg_type import PgArray, PgType
from auroraml.types.table import BOOL, INT4, NUMERIC, TEXT, UNKNOWN
from auroraml.types.text import DEFAULT_STYLE, datum_out
from auroraml.types.typmod import format_type

_PLAIN = pattern(r"[a-z_][a-z0-9_$]*\Z")
MODE = 3984  # the one ordered-set aggregate without direct arguments
_NUMBER = pattern(r"[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?\Z")


def quote_identifier(name: str) -> str:
    """`name` in double quotes where PostgreSQL's quote_ident would put them."""
    return name if _PLAIN.match(name) and name not in RESERVED else '"' + name.replace('"', '""') + '"'


def quote_literal(text: str) -> str:
    """`text` as a string literal, E'' where a backslash needs it."""
    quoted = "'" + text.replace("'", "''").replace("\\", "\\\\") + "'"
    return "E" + quoted if "\\" in text else quoted


class Names(Protocol):
    """What the text of a column reference is where the expression stands."""

    def column(self, ref: e.ColumnRef) -> str:
        """The text of a logical column."""

    def input(self, ref: e.InputRef) -> str:
        """The text of a physical column, in parentheses unless it is a plain column."""

    def parameter(self, ref: e.ParamRef) -> str:
        """The text of a parameter: what it carries, or $n."""

    def subplan(self, plan: e.SubPlan) -> str:
        """The text of a planned subquery in an expression."""

    def function(self, name: str, schema: str) -> str:
        """A function's name, with its schema unless the search path finds it."""


class BareNames:
    """Names for expressions that stand alone (defaults, CHECK): columns by name, parameters by number."""

    def column(self, ref: e.ColumnRef) -> str:
        """The column's own name."""
        return quote_identifier(ref.name)

    def input(self, ref: e.InputRef) -> str:
        """The column's own name."""
        return quote_identifier(ref.name)

    def parameter(self, ref: e.ParamRef) -> str:
        """$n, or the parameter's name."""
        return quote_identifier(ref.name) if ref.name else f"${ref.number}"

    def subplan(self, plan: e.SubPlan) -> str:
        """The name EXPLAIN gives it."""
        return f"(SubPlan {plan.index})"

    def function(self, name: str, schema: str) -> str:
        """The name, qualified outside pg_catalog and public."""
        return quote_identifier(name) if schema in ("pg_catalog", "public") else f"{quote_identifier(schema)}.{quote_identifier(name)}"


class Deparser:
    """Writes expressions against `names`. `resolve` turns a type OID into its row, for arrays and composites of user types."""

    planned = False  # expressions of plans, not of stored queries

    def __init__(self, names: Names | None = None, resolve: Callable[[int], PgType] | None = None) -> None:
        self.names: Names = names or BareNames()
        self.style = DEFAULT_STYLE if resolve is None else replace(DEFAULT_STYLE, resolve=resolve)

    def text(self, expr: e.Expr, show_implicit: bool = False) -> str:
        """The SQL of `expr`; `show_implicit` prints coercions that nobody wrote (inside calls and operators)."""
        if isinstance(expr, e.Relabel) and expr.collation and not self.planned:
            return self.collated(expr)
        if isinstance(expr, (e.Relabel, e.ViaText, e.ArrayCoerce, e.RowCoerce)):
            return self._coercion(expr.arg, expr, show_implicit or not expr.implicit)
        if isinstance(expr, e.Call) and expr.form in ("cast", "implicit"):
            return self._coercion(expr.args[0], expr, show_implicit or expr.form == "cast")
        return self._write(expr)

    def collated(self, expr: e.Relabel) -> str:
        """COLLATE as it was written; the planner makes a cast of it."""
        return f"({self.text(expr.arg, True)} COLLATE {quote_identifier(expr.collation)})"

    def inner(self, exprs: Sequence[e.Expr]) -> str:
        """Arguments separated by commas, implicit coercions shown."""
        return ", ".join(self.text(expr, True) for expr in exprs)

    def type_name(self, expr: e.Expr) -> str:
        """The type as a cast names it."""
        return format_type(expr.type, expr.typmod)

    def _coercion(self, arg: e.Expr, expr: e.Expr, shown: bool) -> str:
        if not shown:
            return self.text(arg)
        if isinstance(arg, e.Const) and arg.type == expr.type and arg.typmod == -1:
            return f"{self.constant(arg, -1)}::{self.type_name(expr)}"
        return f"({self.text(arg)})::{self.type_name(expr)}"

    def constant(self, const: e.Const, show_type: int = 0) -> str:
        """A literal; `show_type` -1 never labels it, 0 where its type would be lost, 1 always."""
        label = f"::{self.type_name(const)}"
        if const.value is None:
            return "NULL" if show_type < 0 else f"NULL{label}"
        if const.type == BOOL:
            return ("true" if const.value else "false") + (label if show_type > 0 else "")
        text = datum_out(const.type, const.value, self.style)
        needed = const.type != UNKNOWN
        if const.type == INT4:
            needed = text.startswith("-")
            text = f"'{text}'" if needed else text
        elif const.type == NUMERIC:
            plain = _NUMBER.match(text) is not None and any(c in text for c in ".eE")
            needed = not plain or const.typmod >= 0
            text = text if plain else f"'{text}'"
        else:
            text = "'" + text.replace("'", "''") + "'"  # never E'': backslashes stand for themselves
        return text if show_type < 0 or not (needed or show_type > 0) else text + label

    @by_class
    def _write(self, expr: e.Expr) -> str:
        raise TypeError(f"no SQL form for {type(expr).__name__}")

    @_write.register
    def _(self, expr: e.Const) -> str:
        return self.constant(expr)

    @_write.register
    def _(self, expr: e.MigratedRef) -> str:
        return self.text(expr.original)

    @_write.register
    def _(self, expr: e.NamedColumn) -> str:
        return f"{quote_identifier(expr.alias)}.{quote_identifier(expr.name)}" if expr.alias else quote_identifier(expr.name)

    @_write.register
    def _(self, expr: e.ColumnRef) -> str:
        return self.names.column(expr)

    @_write.register
    def _(self, expr: e.InputRef) -> str:
        return self.names.input(expr)

    @_write.register
    def _(self, expr: e.ParamRef) -> str:
        return self.names.parameter(expr)

    @_write.register
    def _(self, expr: e.WholeRow) -> str:
        return f"{quote_identifier(expr.alias)}.*"

    @_write.register
    def _(self, expr: e.Call) -> str:
        if expr.form == "sql":
            shown = self.as_written(expr)
            if (special := sql_syntax(shown, [self.text(arg) for arg in shown.args])) is not None:
                return special
        if expr.form == "subscript":
            return self._keyed(expr)
        args = self.arguments(expr)
        if expr.variadic:
            args[-1] = "VARIADIC " + args[-1]
        return f"{self.names.function(expr.function.name, expr.function.schema)}({', '.join(args)})"

    def as_written(self, call: e.Call) -> e.Call:
        """The call in SQL's own syntax with the arguments that are shown."""
        return call

    def arguments(self, call: e.Call) -> list[str]:
        """The arguments of a call."""
        return [self.text(arg, True) for arg in call.args]

    def _keyed(self, expr: e.Call) -> str:
        """jsonb[key]."""
        base, path = expr.args
        text = self.text(base)
        bare = isinstance(base, (e.ColumnRef, e.InputRef, e.ParamRef, e.FieldSelect)) or (isinstance(base, e.Call) and base.form == "subscript")
        keys: list[str] = []
        if isinstance(path, e.ArrayExpr):
            keys = [self.text(key) for key in path.args]
        elif isinstance(path, e.Const) and isinstance(path.value, PgArray):
            keys = [self.constant(e.Const(type=TEXT, value=key)) for key in path.value.elements]
        return (text if bare else f"({text})") + "".join(f"[{key}]" for key in keys)

    @_write.register
    def _(self, expr: e.OpCall) -> str:
        if len(expr.args) == 1:
            return f"({expr.operator.name} {self.text(expr.args[0], True)})"
        return f"({self.text(expr.args[0], True)} {expr.operator.name} {self.text(expr.args[1], True)})"

    @_write.register
    def _(self, expr: e.ArrayOp) -> str:
        left, right = expr.args
        return f"({self.text(left, True)} {expr.operator.name} {'ALL' if expr.all else 'ANY'} ({self.text(right, True)}))"

    @_write.register
    def _(self, expr: e.And) -> str:
        return "(" + " AND ".join(self.text(arg) for arg in expr.args) + ")"

    @_write.register
    def _(self, expr: e.Or) -> str:
        return "(" + " OR ".join(self.text(arg) for arg in expr.args) + ")"

    @_write.register
    def _(self, expr: e.Not) -> str:
        return f"(NOT {self.text(expr.arg)})"

    @_write.register
    def _(self, expr: e.NullTest) -> str:
        return f"({self.text(expr.arg, True)} IS {'NOT ' if expr.negated else ''}NULL)"

    @_write.register
    def _(self, expr: e.BooleanTest) -> str:
        return f"({self.text(expr.arg)} IS {'NOT ' if expr.negated else ''}{expr.test.upper()})"

    @_write.register
    def _(self, expr: e.Distinct) -> str:
        return f"({self.text(expr.args[0], True)} IS DISTINCT FROM {self.text(expr.args[1], True)})"

    @_write.register
    def _(self, expr: e.NullIf) -> str:
        return f"NULLIF({self.inner(expr.args)})"

    @_write.register
    def _(self, expr: e.Case) -> str:
        parts = ["CASE"]
        if expr.operand is not None:
            parts.append(self.text(expr.operand, True))
        for when in expr.whens:
            condition = when.condition
            if expr.operand is not None and isinstance(condition, e.OpCall):
                condition = condition.args[1]
            parts.append(f"WHEN {self.text(condition)} THEN {self.text(when.result, True)}")
        parts.append(f"ELSE {self.text(expr.default, True)} END")
        return " ".join(parts)

    @_write.register
    def _(self, expr: e.Coalesce) -> str:
        return f"COALESCE({self.inner(expr.args)})"

    @_write.register
    def _(self, expr: e.MinMax) -> str:
        return f"{'LEAST' if expr.least else 'GREATEST'}({self.inner(expr.args)})"

    @_write.register
    def _(self, expr: e.ArrayExpr) -> str:
        return f"ARRAY[{self.inner(expr.args)}]" + ("" if expr.args else f"::{self.type_name(expr)}")

    @_write.register
    def _(self, expr: e.RowExpr) -> str:
        if expr.whole:
            return f"{self._owner(expr)}.*"
        first = expr.args[0] if expr.migrated else None
        if isinstance(first, (e.MigratedRef, e.InputRef)) and isinstance(first.original, e.FieldSelect):
            return self.text(first.original.arg)
        return f"ROW({self.inner(expr.args)})" + (f"::{self.type_name(expr)}" if expr.cast else "")

    def _owner(self, expr: e.RowExpr) -> str:
        """The name by which a whole row's columns are qualified here, or the one it was written with."""
        first = self.text(expr.args[0]) if expr.args else ""
        name = "." + quote_identifier(expr.type.attributes[0].name) if expr.args else ""
        return first.removesuffix(name) if name and first.endswith(name) else quote_identifier(expr.whole)

    @_write.register
    def _(self, expr: e.RowCompare) -> str:
        return f"(ROW({self.inner(expr.left)}) {expr.symbol} ROW({self.inner(expr.right)}))"

    @_write.register
    def _(self, expr: e.FieldSelect) -> str:
        if isinstance(expr.arg, e.SubPlan):
            return f"${expr.arg.outputs[expr.index]}"
        text = self.text(expr.arg)
        return (
            f"{text}.{quote_identifier(expr.name)}"
            if isinstance(expr.arg, (e.FieldSelect, e.Subscript))
            else f"({text}).{quote_identifier(expr.name)}"
        )

    @_write.register
    def _(self, expr: e.Subscript) -> str:
        text = self.text(expr.arg)
        if not isinstance(expr.arg, (e.ColumnRef, e.InputRef, e.ParamRef, e.FieldSelect)):
            text = f"({text})"
        for lower, upper in expr.bounds:
            low = "" if lower is None else self.text(lower)
            high = "" if upper is None else self.text(upper)
            text += f"[{low}:{high}]" if expr.slice else f"[{high}]"
        return text

    @_write.register
    def _(self, expr: e.SqlValue) -> str:
        precision = f"({expr.typmod})" if expr.typmod >= 0 else ""
        return expr.name.upper() + precision

    @_write.register
    def _(self, expr: e.ElementRef) -> str:
        return "CASE_TEST_EXPR"

    @_write.register
    def _(self, expr: e.Aggregate) -> str:
        if expr.phase == "final":  # shown as the partial call whose states it combines
            text = self.text(expr.args[0])
            return (text[1:-1] if text.startswith("(") else text).removeprefix("PARTIAL ")
        name = self.names.function(expr.function.name, expr.function.schema)
        args = "*" if expr.star else ("DISTINCT " if expr.distinct else "") + self.inner(expr.args)
        if expr.direct or expr.function.oid == MODE:
            text = f"{name}({self.inner(expr.direct)}) WITHIN GROUP (ORDER BY {self.sort_keys(expr.order_by)})"
        else:
            text = f"{name}({args}" + (f" ORDER BY {self.sort_keys(expr.order_by)}" if expr.order_by else "") + ")"
        if expr.filter is not None:
            text += f" FILTER (WHERE {self.text(expr.filter)})"
        return f"PARTIAL {text}" if expr.phase == "partial" else text

    @_write.register
    def _(self, expr: e.Grouping) -> str:
        return f"GROUPING({self.inner(expr.args)})"

    @_write.register
    def _(self, expr: e.WindowCall) -> str:
        args = "*" if expr.star else self.inner(expr.args)
        text = f"{self.names.function(expr.function.name, expr.function.schema)}({args})"
        return text + (f" FILTER (WHERE {self.text(expr.filter)})" if expr.filter is not None else "") + " OVER (?)"

    @_write.register
    def _(self, expr: e.SubPlan) -> str:
        return self.names.subplan(expr)

    def sort_keys(self, keys: Sequence[e.SortKey]) -> str:
        """ORDER BY's list."""
        return ", ".join(self.key(key.expr) + direction(key.descending, key.nulls_first) for key in keys).replace(", \n", ",\n")

    def key(self, expr: e.Expr) -> str:
        """What to sort by."""
        text = self.text(expr, True)
        return f"({text})" if isinstance(expr, e.Call) else text  # get_rule_sortgroupclause


def direction(descending: bool, nulls_first: bool) -> str:
    """What follows a sort key: nothing for ascending with NULLs last."""
    return (" DESC" if descending else "") + ("" if descending == nulls_first else " NULLS FIRST" if nulls_first else " NULLS LAST")
