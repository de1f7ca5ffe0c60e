"""Coercion: which casts may be put in silently, and the expressions that do them (chapter 10)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from auroraml.catalog.catalog import Catalog
from auroraml.errors import CannotCoerce, DatabaseError, DatatypeMismatch, FeatureNotSupported
from auroraml.ir import expr as e
from auroraml.records import replace
from auroraml.types.casts import find_cast
from auroraml.types.form import TextStyle
from auroraml.types.pg_type import PgArray, PgType, Rep
from auroraml.types.table import BPCHAR, BY_OID, NUMERIC, POLYMORPHIC, RECORD, TEXT, UNKNOWN, VARCHAR
from auroraml.types.text import datum_in
from auroraml.types.typmod import apply_typmod_datum, format_type

LENGTHS: Final = frozenset((VARCHAR.oid, BPCHAR.oid, NUMERIC.oid, 1114, 1184, 1083, 1266, 1186))
_RANK: Final = {"i": 0, "a": 1, "e": 2}
CONTEXTS: Final = {"implicit": 0, "assignment": 1, "explicit": 2}


def located(expr: e.Expr) -> int | None:
    """Where an expression begins: the smallest position in it."""
    own = [] if expr.at is None else [expr.at]
    for name in ("args", "arg", "left", "operand"):
        below = getattr(expr, name, None)
        for child in below if isinstance(below, tuple) else (below,):
            if isinstance(child, e.Expr) and (at := located(child)) is not None:
                own.append(at)
    return min(own, default=None)


def _hidden(expr: e.Expr) -> e.Expr:
    """A coercion that the one to a length above it covers: not printed (hide_coercion_node)."""
    if isinstance(expr, (e.Relabel, e.ViaText, e.ArrayCoerce, e.RowCoerce)):
        return replace(expr, implicit=True)
    return replace(expr, form="implicit") if isinstance(expr, e.Call) and expr.form == "cast" else expr


class Coercer:
    """Puts casts into expressions; `style` reads literals; `parameters` are the types of $n as far as they are known."""

    def __init__(self, catalog: Catalog, style: TextStyle, parameters: dict[int, PgType]) -> None:
        self.catalog = catalog
        self.style = style
        self.parameters = parameters

    def type(self, oid: int) -> PgType:
        """A type by OID."""
        return self.catalog.type(oid)

    def can(self, source: PgType, target: PgType, context: str = "implicit") -> bool:
        """Whether a value of `source` may become `target` in a context."""
        if source == target or source.oid == target.oid or target.oid == 2276:
            return True
        if source.oid == UNKNOWN.oid:
            return True
        if target.oid in POLYMORPHIC:
            return fits(source, target)
        row = find_cast(source, target)
        if row is not None:
            return _RANK[row.context] <= CONTEXTS[context]
        if target.oid == RECORD.oid and source.rep is Rep.STRUCT:
            return True
        if source.rep is Rep.STRUCT and target.rep is Rep.STRUCT:
            return source.oid == RECORD.oid
        if source.is_array and target.is_array and source.element and target.element and target.name not in ("oidvector", "int2vector"):
            return self.can(self.type(source.element), self.type(target.element), context)
        if target.category == "S":
            return CONTEXTS[context] >= 1
        return source.category == "S" and CONTEXTS[context] >= 2

    def coerce(self, expr: e.Expr, target: PgType, typmod: int = -1, context: str = "implicit", at: int | None = None) -> e.Expr:
        """`expr` as `target`; 42846 where there is no such cast."""
        source = expr.type
        if source.oid == target.oid and (source.oid != RECORD.oid or not target.attributes):
            return self._length(expr, target, typmod, context)
        if isinstance(expr, e.Relabel) and expr.collation and target.category == "S":  # the cast goes below COLLATE
            below = self.coerce(expr.arg, target, typmod, context, at)
            return replace(expr, type=below.type, typmod=below.typmod, arg=below)
        if isinstance(expr, e.Const) and source.oid == UNKNOWN.oid:
            return self._literal(expr, target, typmod, context)
        if isinstance(expr, e.ParamRef) and source.oid == UNKNOWN.oid:
            self.parameters[expr.number] = target
            return self._length(replace(expr, type=target), target, typmod, context)
        if target.oid == 2276 or target.oid in POLYMORPHIC or (target.oid == RECORD.oid and source.rep is Rep.STRUCT):
            return expr
        if source.oid == UNKNOWN.oid:
            return self._length(e.ViaText(type=target, arg=expr, implicit=context != "explicit", at=at), target, typmod, context)
        if not self.can(source, target, context):
            self._refuse(expr, target, at)
        made = self._cast(expr, target, context, at)
        sized = self._length(made, target, typmod, context)
        return sized if sized is made else self._length(_hidden(made), target, typmod, context)

    def _refuse(self, expr: e.Expr, target: PgType, at: int | None) -> None:
        where = located(expr) if at is None else at
        detail = None
        if expr.type.oid == RECORD.oid and target.rep is Rep.STRUCT:
            detail = "Input has too many columns."
        raise CannotCoerce(f"cannot cast type {self.name(expr.type)} to {self.name(target)}", detail=detail, at=where)

    def name(self, type: PgType) -> str:
        """The type's name as messages print it."""
        return format_type(type, None, self.style.resolve)

    def _cast(self, expr: e.Expr, target: PgType, context: str, at: int | None) -> e.Expr:
        implicit = context != "explicit"
        row = find_cast(expr.type, target)
        if row is not None and row.method == "b":
            return e.Relabel(type=target, arg=expr, implicit=implicit, at=at)
        if row is not None and row.method == "f":
            function = self.catalog.function(row.function)
            return e.Call(type=target, function=function, args=(expr,), form="implicit" if implicit else "cast", at=at)
        if expr.type.rep is Rep.STRUCT and target.rep is Rep.STRUCT:
            return self._row(expr, target, context, at)
        if expr.type.is_array and target.is_array:
            inner = e.ElementRef(type=self.type(expr.type.element))
            element = self.coerce(inner, self.type(target.element), -1, context, at)
            return e.ArrayCoerce(type=target, arg=expr, element=element, implicit=implicit, at=at)
        model = isinstance(expr, e.Call) and expr.function.batch
        return e.ViaText(type=target, arg=expr, implicit=implicit, at=at, model_output=model)

    def _row(self, expr: e.Expr, target: PgType, context: str, at: int | None) -> e.Expr:
        sources = expr.type.attributes
        if isinstance(expr, e.RowExpr):
            if len(expr.args) != len(target.attributes):
                detail = "Input has too many columns." if len(expr.args) > len(target.attributes) else "Input has too few columns."
                where = located(expr) if at is None else at
                raise CannotCoerce(f"cannot cast type {self.name(expr.type)} to {self.name(target)}", detail=detail, at=where)
            args = tuple(self.coerce(a, t.type, t.typmod, context) for a, t in zip(expr.args, target.attributes, strict=True))
            return e.RowExpr(type=target, args=args, implicit=expr.implicit, cast=context == "explicit", at=expr.at)
        fields = tuple(
            self.coerce(e.FieldSelect(type=s.type, typmod=s.typmod, arg=expr, index=i, name=s.name), t.type, t.typmod, context)
            for i, (s, t) in enumerate(zip(sources, target.attributes, strict=True))
        )
        return e.RowCoerce(type=target, arg=expr, fields=fields, implicit=context != "explicit", at=at)

    def _literal(self, expr: e.Const, target: PgType, typmod: int, context: str) -> e.Expr:
        if target.oid == UNKNOWN.oid:
            return expr
        if expr.value is None:
            return self._length(e.Const(type=target, value=None, at=expr.at), target, typmod, context)
        read = typmod if target.name == "interval" else -1
        try:
            value = datum_in(target, read, str(expr.value), self.style)
        except DatabaseError as error:
            if expr.at is not None and error.diag.statement_position is None:
                error.diag.statement_position = expr.at + 1
            raise
        if typmod >= 0 and target.oid in LENGTHS:
            value = apply_typmod_datum(target, typmod, value, context == "explicit")
        sized = target.is_array and typmod >= 0 and target.element in LENGTHS
        if sized and isinstance(value, PgArray):
            element = self.type(target.element)
            items = tuple(None if d is None else apply_typmod_datum(element, typmod, d, context == "explicit") for d in value.elements)
            value = PgArray(items, value.dims, value.lower)
        return e.Const(type=target, typmod=typmod if sized or target.oid in LENGTHS else -1, value=value, at=expr.at)

    def _length(self, expr: e.Expr, target: PgType, typmod: int, context: str) -> e.Expr:
        if typmod < 0 or expr.typmod == typmod:
            return expr
        if target.oid not in LENGTHS and not (target.is_array and target.element in LENGTHS):
            return expr
        if target.is_array:
            inner = e.ElementRef(type=self.type(target.element))
            element = self._length(inner, self.type(target.element), typmod, context)
            return e.ArrayCoerce(type=target, typmod=typmod, arg=expr, element=element, implicit=context != "explicit")
        return e.Relabel(type=target, typmod=typmod, arg=expr, implicit=context != "explicit", at=expr.at)

    def common(self, exprs: Sequence[e.Expr], construct: str) -> PgType:
        """The type that UNION, CASE, ARRAY and their kin give their branches (chapter 10.5); 42804 where they do not match."""
        known = [expr for expr in exprs if expr.type.oid != UNKNOWN.oid]
        if not known:
            return TEXT
        chosen = known[0].type
        for expr in known[1:]:
            type = expr.type
            if type.oid == chosen.oid:
                continue
            if type.category != chosen.category:
                at = located(expr)
                raise DatatypeMismatch(f"{construct} types {self.name(chosen)} and {self.name(type)} cannot be matched", at=at)
            if not chosen.preferred and self.can(chosen, type) and not self.can(type, chosen):
                chosen = type
        return chosen

    def unify(self, types: Sequence[PgType]) -> PgType | None:
        """The common type of known types; None where they have none or one cannot become it."""
        chosen = types[0]
        for type in types[1:]:
            if type.oid == chosen.oid:
                continue
            if type.category != chosen.category:
                return None
            if not chosen.preferred and self.can(chosen, type) and not self.can(type, chosen):
                chosen = type
        return chosen if all(self.can(type, chosen) for type in types) else None

    def to_common(self, exprs: Sequence[e.Expr], construct: str) -> tuple[PgType, tuple[e.Expr, ...]]:
        """The common type, and the branches coerced to it; 42846 where one cannot be."""
        type = self.common(exprs, construct)
        out = []
        for expr in exprs:
            if not self.can(expr.type, type):
                raise CannotCoerce(f"{construct} could not convert type {self.name(expr.type)} to {self.name(type)}", at=located(expr))
            out.append(self.coerce(expr, type))
        return type, tuple(out)


def fits(source: PgType, target: PgType) -> bool:
    """Whether a polymorphic type may stand for `source`."""
    if target.rep in (Rep.LIST, Rep.RANGE, Rep.MULTIRANGE):
        return source.rep is target.rep
    return not ("nonarray" in target.name and source.is_array)


def array_type(catalog: Catalog, element: PgType) -> PgType | None:
    """The array type over `element`."""
    if element.oid == RECORD.oid:
        raise FeatureNotSupported("arrays of records are not supported")
    return BY_OID.get(element.array) or (catalog.find_type_oid(element.array) if element.array else None)
