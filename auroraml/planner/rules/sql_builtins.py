"""Built-in functions that PostgreSQL has written in SQL: the one expression that each is."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from auroraml.catalog.builtins import builtin_function, builtin_functions_named, builtin_operator, builtin_operators_named
from auroraml.ir import expr as e
from auroraml.types.casts import find_cast
from auroraml.types.pg_type import PgType
from auroraml.types.table import DATE, FLOAT8, INT4, NUMERIC, TEXT, TIMESTAMP, TIMESTAMPTZ

Body = Callable[..., e.Expr]

TEN: Final = e.Const(type=NUMERIC, value=Decimal(10))
ZERO: Final = e.Const(type=INT4, value=0)
TODAY: Final = e.SqlValue(type=DATE, name="current_date")


def _call(name: str, *args: e.Expr, form: str = "call") -> e.Expr:
    wanted = [arg.type.oid for arg in args]
    function = next(f for f in builtin_functions_named(name) if [p.type.oid for p in f.inputs] == wanted)
    return e.Call(type=function.result, function=function, args=args, form=form)


def _operator(name: str, left: e.Expr, right: e.Expr) -> e.OpCall:
    operands = (left.type.oid, right.type.oid)
    operator = next(o for o in builtin_operators_named(name) if o.left is not None and (o.left.oid, o.right.oid) == operands)
    function = builtin_function(operator.function)
    assert function is not None
    return e.OpCall(type=operator.result, operator=operator, function=function, args=(left, right))


def _cast(expr: e.Expr, type: PgType) -> e.Expr:
    cast = find_cast(expr.type, type)
    if expr.type.oid == type.oid:
        return expr
    if cast is not None and cast.method == "b":
        return e.Relabel(type=type, arg=expr, implicit=False)
    function = builtin_function(cast.function) if cast is not None and cast.method == "f" else None
    if function is not None:
        return e.Call(type=type, function=function, args=(expr,), form="cast")
    return e.ViaText(type=type, arg=expr)


def _swapped(left: e.Expr, right: e.Expr) -> e.Expr:
    return _operator("+", right, left)


def _text(value: str) -> e.Const:
    return e.Const(type=TEXT, value=value)


def _overlaps(*ends: e.Expr) -> e.Expr:
    args: list[e.Expr] = []
    for start, end in (ends[:2], ends[2:]):
        args += [start, end if end.type.oid == start.type.oid else _operator("+", start, end)]
    return _call("overlaps", *args, form="sql")


def _concatenation(left: e.Expr, right: e.Expr) -> e.Expr:
    operator, function = builtin_operator(654), builtin_function(1258)
    assert operator is not None and function is not None
    return e.OpCall(type=TEXT, operator=operator, function=function, args=(left, right))


def _epoch(moment: e.Expr) -> e.Expr:
    return _call("extract", _text("epoch"), moment, form="sql")


def _sleep(until: e.Expr) -> e.Expr:
    return _call("pg_sleep", _cast(_operator("-", _epoch(until), _epoch(_call("clock_timestamp"))), FLOAT8))


OVERLAPS: Final = frozenset((1305, 1306, 1307, 1309, 1310, 1311, 2042, 2043, 2044))
BODIES: Final[dict[int, Body]] = {
    879: lambda text, width: _call("lpad", text, width, _text(" ")), 880: lambda text, width: _call("rpad", text, width, _text(" ")),
    1176: lambda day, time: _cast(_operator("+", day, time), TIMESTAMPTZ),
    1285: lambda value: _call("quote_literal", _cast(value, TEXT)), 1290: lambda value: _call("quote_nullable", _cast(value, TEXT)),
    1384: lambda unit, day: _call("date_part", unit, _cast(day, TIMESTAMP)),
    1386: lambda moment: _call("age", _cast(TODAY, TIMESTAMPTZ), moment), 2059: lambda moment: _call("age", _cast(TODAY, TIMESTAMP), moment),
    1481: lambda value: _call("log", TEN, value), 1741: lambda value: _call("log", TEN, value),
    1708: lambda value: _call("round", value, ZERO), 1710: lambda value: _call("trunc", value, ZERO),
    1810: lambda value: _operator("*", _call("octet_length", value), e.Const(type=INT4, value=8)),
    1811: lambda value: _operator("*", _call("octet_length", value), e.Const(type=INT4, value=8)),
    2003: lambda left, right: _concatenation(left, _cast(right, TEXT)), 2004: lambda left, right: _concatenation(_cast(left, TEXT), right),
    2074: lambda text, pattern, escape: _call("substring", text, _call("similar_to_escape", pattern, escape)),
    2325: lambda relation: _call("pg_relation_size", relation, _text("main")),
    3935: lambda time: _sleep(_operator("+", _call("clock_timestamp"), time)), 3936: _sleep,
    **dict.fromkeys((1296, 1298, 1848, 2546, 2547, 2548, 2549, 2550), _swapped), **dict.fromkeys(OVERLAPS, _overlaps),
}  # fmt: skip
