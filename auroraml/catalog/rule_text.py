"""Expressions inside stored queries as ruleutils writes them: CASE over several lines, subqueries, and pretty-printing without needless parentheses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from auroraml.dispatch import by_class
from auroraml.ir import expr as e
from auroraml.ir.deparse import Deparser, Names, direction, quote_identifier
from auroraml.ir.logical import LogicalPlan, Window
from auroraml.types.form import ObjectNames
from auroraml.types.pg_type import PgType

STEP, VARIABLE, LIMIT = 8, 4, 40  # PRETTYINDENT_STD, PRETTYINDENT_VAR, PRETTYINDENT_LIMIT
_LOW, _HIGH = "+-", "*/%"
_ENCLOSING = (e.ArrayExpr, e.RowExpr, e.Coalesce, e.MinMax, e.NullIf, e.Aggregate, e.WindowCall, e.Case, e.Subscript, e.And, e.Or, e.Not)
_ATOMS = (
    e.ColumnRef, e.Const, e.ParamRef, e.WholeRow, e.ElementRef, e.InputRef, e.Subscript, e.ArrayExpr, e.RowExpr, e.Coalesce, e.MinMax, e.SqlValue,
    e.NullIf, e.Aggregate, e.WindowCall, e.Case,
)  # fmt: skip
QueryText = Callable[[LogicalPlan, int], str]


class RuleDeparser(Deparser):
    """Writes expressions at an indentation `level`; `query` writes a subquery that begins at a level."""

    def __init__(
        self,
        names: Names | None,
        resolve: Callable[[int], PgType],
        *,
        pretty: bool = False,
        query: QueryText | None = None,
        objects: ObjectNames | None = None,
    ) -> None:
        super().__init__(names, resolve)
        self.style = replace(self.style, objects=objects)  # regclass constants are written as names
        self.pretty = pretty
        self.query = query
        self.level = 0
        self.windows: Sequence[Window] = ()

    def line(self, word: str, before: int = 0, after: int = 0, plus: int = 0) -> str:
        """A new line with `word`, indented (appendContextKeyword); the space in front of it is the caller's to strip."""
        self.level = max(self.level + before, 0)
        if self.level < LIMIT:
            amount = self.level + plus
        else:
            amount = LIMIT + (self.level - LIMIT) // (STEP // 2)
            amount = amount % LIMIT + plus
        self.level = max(self.level + after, 0)
        return "\n" + " " * amount + word

    def constant(self, const: e.Const, show_type: int = 0) -> str:
        """A literal; PostgreSQL keeps length and precision apart from stored constants, so they are not shown."""
        return super().constant(const if const.typmod < 0 else replace(const, typmod=-1), show_type)

    def as_written(self, call: e.Call) -> e.Call:
        """Without the arguments that have their defaults."""
        return replace(call, args=tuple(call.args[place] for place, _ in call.written)) if call.written else call

    def arguments(self, call: e.Call) -> list[str]:
        """Arguments as they were written: by name where they were, without those that have their defaults."""
        if not call.written:
            return super().arguments(call)
        return [(f"{quote_identifier(name)} => " if name else "") + self.text(call.args[place], True) for place, name in call.written]

    # Clauses

    def key(self, expr: e.Expr) -> str:
        """A GROUP BY, DISTINCT ON, PARTITION BY or ORDER BY expression."""
        if isinstance(expr, e.Const):
            return self.constant(expr, 1)
        text = self.text(expr, True)
        if isinstance(expr, e.ColumnRef):
            return text
        enclosed = self.pretty or isinstance(expr, (e.Call, e.Aggregate, e.WindowCall))
        return f"({text})" if enclosed else text

    def window(self, window: Window, copied: bool = False) -> str:
        """(PARTITION BY ... ORDER BY ... frame), `copied` from another window or not."""
        parts = [quote_identifier(window.base)] if window.base else []
        if window.partition_by and not window.base:
            parts.append("PARTITION BY " + ", ".join(self.key(x) for x in window.partition_by))
        if window.order_by and not copied:
            parts.append("ORDER BY " + ", ".join(self.key(k.expr) + direction(k.descending, k.nulls_first) for k in window.order_by))
        if window.frame is not None:
            parts.append(self._frame(window.frame))
        return f"({' '.join(parts)})"

    def defined(self, window: Window, windows: Sequence[Window]) -> str:
        """The window as it was written: what it has from another one of `windows` is that one's name."""
        return self.window(window, any(w.name == window.base and w.order_by for w in windows) if window.base else False)

    def _frame(self, frame: tuple[object, ...]) -> str:
        mode, start, start_offset, end, end_offset, exclusion = frame

        def bound(kind: object, offset: object) -> str:
            shown = str(kind).upper().replace("_", " ")
            return f"{self.text(offset)} {shown}" if isinstance(offset, e.Expr) else shown

        text = f"{str(mode).upper()} BETWEEN {bound(start, start_offset)} AND {bound(end, end_offset)}"
        return text + (f" EXCLUDE {str(exclusion).upper()}" if exclusion else "")

    # Parentheses

    def operand(self, expr: e.Expr, parent: e.Expr, show_implicit: bool = False) -> str:
        """An operand, in parentheses where pretty-printing needs them (elsewhere operators bring their own)."""
        text = self.text(expr, show_implicit)
        return f"({text})" if self.pretty and not self._simple(expr, parent) else text

    def _enclosed(self, text: str) -> str:
        return text if self.pretty else f"({text})"

    def _simple(self, expr: e.Expr, parent: e.Expr) -> bool:
        """isSimpleNode: whether `expr` needs no parentheses below `parent`."""
        if isinstance(expr, _ATOMS):
            return True
        if isinstance(expr, e.FieldSelect):
            return not isinstance(parent, e.FieldSelect)
        if isinstance(expr, e.Relabel) and expr.collation:
            return self._within_call(parent)
        if isinstance(expr, (e.Relabel, e.ViaText, e.ArrayCoerce, e.RowCoerce)):
            return self._simple(expr.arg, expr)
        if isinstance(expr, e.Call):
            return expr.form == "call" or self._simple(expr.args[0], expr)
        if isinstance(expr, e.OpCall) and isinstance(parent, e.OpCall):
            return self._binds(expr, parent)
        if isinstance(expr, (e.OpCall, e.SubLink, e.NullTest, e.BooleanTest, e.Distinct)) and isinstance(parent, (e.And, e.Or, e.Not)):
            return True
        if isinstance(expr, (e.ArrayOp, e.RowCompare)):
            return False
        if isinstance(expr, (e.And, e.Or, e.Not)) and isinstance(parent, (e.And, e.Or, e.Not)):
            return isinstance(parent, e.Or) or (isinstance(parent, e.And) and not isinstance(expr, e.Or))
        return self._within_call(parent)

    @staticmethod
    def _binds(expr: e.OpCall, parent: e.OpCall) -> bool:
        op, above = expr.operator.name, parent.operator.name
        if len(expr.args) != 2 or len(parent.args) != 2 or op not in _LOW + _HIGH or above not in _LOW + _HIGH:
            return False
        if op in _HIGH and above in _LOW:
            return True
        if op in _LOW and above in _HIGH:
            return False
        return expr is parent.args[0]

    @staticmethod
    def _within_call(parent: e.Expr) -> bool:
        return (isinstance(parent, e.Call) and parent.form == "call") or isinstance(parent, _ENCLOSING)

    def _coercion(self, arg: e.Expr, expr: e.Expr, shown: bool) -> str:
        if not shown or not self.pretty or (isinstance(arg, e.Const) and arg.type == expr.type):
            return super()._coercion(arg, expr, shown)
        return f"{self.operand(arg, expr)}::{self.type_name(expr)}"

    def collated(self, expr: e.Relabel) -> str:
        """COLLATE, in parentheses unless pretty-printing leaves them out."""
        return self._enclosed(f"{self.operand(expr.arg, expr, True)} COLLATE {quote_identifier(expr.collation)}")

    # What is written otherwise than in EXPLAIN

    @by_class
    def _write(self, expr: e.Expr) -> str:
        return super()._write(expr)

    @_write.register
    def _(self, expr: e.OpCall) -> str:
        if len(expr.args) == 1:
            return self._enclosed(f"{expr.operator.name} {self.operand(expr.args[0], expr, True)}")
        left, right = (self.operand(arg, expr, True) for arg in expr.args)
        return self._enclosed(f"{left} {expr.operator.name} {right}")

    @_write.register
    def _(self, expr: e.ArrayOp) -> str:
        left, right = (self.operand(arg, expr, True) for arg in expr.args)
        return self._enclosed(f"{left} {expr.operator.name} {'ALL' if expr.all else 'ANY'} ({right})")

    @_write.register
    def _(self, expr: e.And) -> str:
        return self._enclosed(" AND ".join(self.operand(arg, expr) for arg in expr.args))

    @_write.register
    def _(self, expr: e.Or) -> str:
        return self._enclosed(" OR ".join(self.operand(arg, expr) for arg in expr.args))

    @_write.register
    def _(self, expr: e.Not) -> str:
        return self._enclosed(f"NOT {self.operand(expr.arg, expr)}")

    @_write.register
    def _(self, expr: e.NullTest) -> str:
        return self._enclosed(f"{self.operand(expr.arg, expr, True)} IS {'NOT ' if expr.negated else ''}NULL")

    @_write.register
    def _(self, expr: e.BooleanTest) -> str:
        return self._enclosed(f"{self.operand(expr.arg, expr)} IS {'NOT ' if expr.negated else ''}{expr.test.upper()}")

    @_write.register
    def _(self, expr: e.Distinct) -> str:
        left, right = (self.operand(arg, expr, True) for arg in expr.args)
        return self._enclosed(f"{left} IS DISTINCT FROM {right}")

    @_write.register
    def _(self, expr: e.Case) -> str:
        parts = [self.line("CASE", 0, VARIABLE)]
        if expr.operand is not None:
            parts.append(" " + self.text(expr.operand, True))
        for when in expr.whens:
            condition = when.condition
            if expr.operand is not None and isinstance(condition, e.OpCall):
                condition = condition.args[1]
            parts.append(self.line("WHEN ") + self.text(condition) + " THEN " + self.text(when.result, True))
        parts.append(self.line("ELSE ") + self.text(expr.default, True))
        parts.append(self.line("END", -VARIABLE))
        return "".join(parts)

    @_write.register
    def _(self, expr: e.WindowCall) -> str:
        text = super()._write(expr).removesuffix("(?)")
        window = self.windows[expr.window]
        return text + (quote_identifier(window.name) if window.name else self.defined(window, self.windows))

    @_write.register
    def _(self, expr: e.WholeRow) -> str:
        return f"{quote_identifier(expr.alias)}.*"

    @_write.register
    def _(self, expr: e.SubLink) -> str:
        assert self.query is not None
        inner = f"({self.query(expr.query, self.level)})"
        if expr.kind == "array":
            return f"ARRAY{inner}"
        if expr.kind == "scalar":
            return inner
        if expr.kind == "exists":
            return f"(EXISTS {inner})"
        assert expr.left is not None
        left = f"({self.inner(expr.left.args)})" if isinstance(expr.left, e.RowExpr) else self.text(expr.left, True)
        if expr.kind == "any":
            return f"({left} IN {inner})" if expr.symbol == "=" else f"({left} {expr.symbol} ANY {inner})"
        return f"({left} {expr.symbol} {inner})" if expr.kind == "row" else f"({left} {expr.symbol} ALL {inner})"
