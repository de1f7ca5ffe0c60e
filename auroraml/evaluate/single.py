"""Expressions over one row of Python values: for steps of so few rows that arrays cost more than what is computed in them."""

from __future__ import annotations

import operator
from calendar import monthrange
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from math import isfinite, isnan
from typing import Any

from auroraml.dispatch import singledispatch
from auroraml.ir import expr as e
from auroraml.ir.objects import Function
from auroraml.types.numeric import CONTEXT
from auroraml.types.pg_type import Rep

Row = tuple[Any, ...]  # a Datum for each column of the input
Single = Callable[[Row], Any]
EPOCH_DAYS = 10_957  # from 1970-01-01, where dates begin, to 2000-01-01, where timestamps do
DAY = 86_400_000_000
_ZERO = Decimal(0)  # added, it makes a zero of -0
DIGITS = 1_000  # of numerics
_FARTHEST_DAY = 700_000  # from 1970-01-01: within the years that `date` knows
_ORDINAL = date(1970, 1, 1).toordinal()
_WHOLE = {"2": 2**15, "4": 2**31, "8": 2**63}


class Unfit(Exception):
    """A value that takes more care than is taken here: the arrays decide."""


def _within(bound: int, compute: Callable[..., int]) -> Callable[..., int]:
    def run(*args: int) -> int:
        found = compute(*args)
        if -bound <= found < bound:
            return found
        raise Unfit

    return run


def _divide(a: int, b: int) -> int:
    if not b:
        raise Unfit
    found = abs(a) // abs(b)
    return found if (a < 0) == (b < 0) else -found


def _modulo(a: int, b: int) -> int:
    if not b:
        raise Unfit
    found = abs(a) % abs(b)
    return found if a >= 0 else -found


def _decimals(compute: Callable[[Decimal, Decimal], Any]) -> Callable[[Decimal, Decimal], Any]:
    def run(a: Decimal, b: Decimal) -> Any:
        if a.is_finite() and b.is_finite() and len(a.as_tuple().digits) < DIGITS and len(b.as_tuple().digits) < DIGITS:
            return compute(a, b)
        raise Unfit

    return run


def _floats(compute: Callable[[float, float], float]) -> Callable[[float, float], float]:
    def run(a: float, b: float) -> float:
        found = compute(a, b)
        if isfinite(found) and (found or compute is not operator.mul or not a or not b):
            return found
        raise Unfit

    return run


def _compared_floats(compare: Callable[[float, float], bool]) -> Callable[[float, float], bool]:
    def run(a: float, b: float) -> bool:
        if isnan(a) or isnan(b):
            raise Unfit
        return compare(a, b)

    return run


def _day(days: int) -> int:
    if -_FARTHEST_DAY < days < _FARTHEST_DAY:
        return days
    raise Unfit  # infinity among them


def _moment(micros: int) -> int:
    _day(micros // DAY)
    return micros


def _later(moment: int, span: tuple[int, int, int]) -> int:
    """A timestamp some interval later."""
    months, days, micros = span
    if months:
        day, rest = divmod(_moment(moment), DAY)
        old = date.fromordinal(day + EPOCH_DAYS + _ORDINAL)
        year, month = divmod(old.year * 12 + old.month - 1 + months, 12)
        if not 1 <= year <= 9999:
            raise Unfit
        new = date(year, month + 1, min(old.day, monthrange(year, month + 1)[1]))
        moment = (new.toordinal() - _ORDINAL - EPOCH_DAYS) * DAY + rest
    return _moment(_moment(moment) + days * DAY + micros)


def _from_day(days: int) -> int:
    return (_day(days) - EPOCH_DAYS) * DAY


def _part(text: str, start: int, count: int) -> str:
    if count < 0:
        raise Unfit
    return text[max(start - 1, 0) : max(start - 1 + count, 0)]


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
}  # fmt: skip
_FUNCTIONS: dict[str, Callable[..., Any]] = {  # by prosrc: strict and immutable all of them
    "texteq": operator.eq, "textne": operator.ne, "textcat": operator.add, "textlen": len, "textpos": lambda text, part: text.find(part) + 1,
    "text_substr": _part, "text_substr_no_len": lambda text, start: text[max(start - 1, 0) :], "booleq": operator.eq, "boolne": operator.ne,
    "date_pli": lambda day, n: _day(_day(day) + n), "date_mii": lambda day, n: _day(_day(day) - n), "date_mi": lambda a, b: _day(a) - _day(b),
    "timestamp_pl_interval": _later, "date_pl_interval": lambda day, span: _later(_from_day(day), span), "date_timestamp": _from_day,
    "timestamp_mi_interval": lambda moment, span: _later(moment, (-span[0], -span[1], -span[2])),
    "timestamp_date": lambda moment: _moment(moment) // DAY + EPOCH_DAYS,
    "numeric_add": _decimals(CONTEXT.add), "numeric_sub": _decimals(CONTEXT.subtract), "numeric_mul": _decimals(lambda a, b: CONTEXT.add(CONTEXT.multiply(a, b), _ZERO)),
    "int2_numeric": Decimal, "int4_numeric": Decimal, "int8_numeric": Decimal, "i2tod": float, "i4tod": float, "i8tod": float,
    "float8pl": _floats(operator.add), "float8mi": _floats(operator.sub), "float8mul": _floats(operator.mul),
    "int48": int, "i2toi4": int, "int28": int, "int84": _within(2**31, int), "i4toi2": _within(2**15, int), "int82": _within(2**15, int),
}  # fmt: skip
for _name, _compare in _COMPARE.items():
    _FUNCTIONS |= {f"date_{_name}": _compare, f"timestamp_{_name}": _compare, f"numeric_{_name}": _decimals(_compare)}
    _FUNCTIONS[f"float8{_name}"] = _compared_floats(_compare)
    _FUNCTIONS |= {f"int{pair}{_name}": _compare for pair in ("2", "4", "8", "24", "42", "28", "82", "48", "84")}
for _pair in ("2", "4", "8", "24", "42", "28", "82", "48", "84"):
    _bound = _WHOLE[max(_pair)]
    _FUNCTIONS |= {
        f"int{_pair}pl": _within(_bound, operator.add), f"int{_pair}mi": _within(_bound, operator.sub), f"int{_pair}mul": _within(_bound, operator.mul),
        f"int{_pair}div": _within(_bound, _divide),
    }  # fmt: skip
for _kind, _bound in _WHOLE.items():
    _FUNCTIONS |= {f"int{_kind}mod": _modulo, f"int{_kind}um": _within(_bound, operator.neg), f"int{_kind}abs": _within(_bound, abs)}


@singledispatch
def single(expr: e.Expr) -> Single | None:
    """A function that computes `expr` for a row; None where it needs what is not known here. It raises Unfit rather than any other error."""
    return None


def _all(exprs: Sequence[e.Expr]) -> list[Single] | None:
    found = [made for expr in exprs if (made := single(expr)) is not None]
    return found if len(found) == len(exprs) else None


@single.register
def _(expr: e.Const) -> Single | None:
    value = expr.value
    return lambda row: value


@single.register
def _(expr: e.InputRef) -> Single | None:
    return operator.itemgetter(expr.index) if expr.side == 0 else None


@single.register
def _(expr: e.Relabel) -> Single | None:
    return single(expr.arg) if expr.typmod < 0 or expr.typmod == expr.arg.typmod else None


@single.register
def _(expr: e.ViaText) -> Single | None:
    arg = single(expr.arg)
    if arg is None or expr.typmod >= 0 or expr.type.name != "text" or expr.arg.type.rep not in (Rep.INT2, Rep.INT4, Rep.INT8):
        return None

    def run(row: Row) -> Any:
        value = arg(row)
        return None if value is None else str(value)

    return run


def _strict(function: Function, args: Sequence[e.Expr]) -> Single | None:
    known = _FUNCTIONS.get(function.source) if function.schema == "pg_catalog" and function.language == "internal" else None
    parts = None if known is None else _all(args)
    if known is None or parts is None or not args:
        return None
    compute, first = known, parts[0]
    if len(parts) == 1:

        def of_one(row: Row) -> Any:
            value = first(row)
            return None if value is None else compute(value)

        return of_one
    if len(parts) > 2:

        def of_more(row: Row) -> Any:
            values = [part(row) for part in parts]
            return None if None in values else compute(*values)

        return of_more
    second = parts[1]
    constant = args[1].value if isinstance(args[1], e.Const) else None
    if constant is not None:

        def with_constant(row: Row) -> Any:
            value = first(row)
            return None if value is None else compute(value, constant)

        return with_constant

    def of_two(row: Row) -> Any:
        left, right = first(row), second(row)
        return None if left is None or right is None else compute(left, right)

    return of_two


@single.register
def _(expr: e.Call) -> Single | None:
    return None if expr.variadic else _strict(expr.function, expr.args)


@single.register
def _(expr: e.OpCall) -> Single | None:
    return _strict(expr.function, expr.args)


def _junction(args: Sequence[e.Expr], stop: bool) -> Single | None:
    parts = _all(args)
    if parts is None:
        return None
    conditions = parts

    def run(row: Row) -> Any:
        found: bool | None = not stop
        for condition in conditions:
            value = condition(row)
            if value is stop:
                return stop
            if value is None:
                found = None
        return found

    return run


@single.register
def _(expr: e.And) -> Single | None:
    return _junction(expr.args, False)


@single.register
def _(expr: e.Or) -> Single | None:
    return _junction(expr.args, True)


@single.register
def _(expr: e.Not) -> Single | None:
    arg = single(expr.arg)
    if arg is None:
        return None

    def run(row: Row) -> Any:
        value = arg(row)
        return None if value is None else not value

    return run


@single.register
def _(expr: e.NullTest) -> Single | None:
    arg, negated = single(expr.arg), expr.negated
    if arg is None or expr.arg.type.rep is Rep.STRUCT:
        return None
    return lambda row: (arg(row) is None) is not negated


@single.register
def _(expr: e.Coalesce) -> Single | None:
    parts = _all(expr.args)
    if parts is None:
        return None
    values = parts

    def run(row: Row) -> Any:
        for value in values:
            found = value(row)
            if found is not None:
                return found
        return None

    return run


@single.register
def _(expr: e.Case) -> Single | None:
    tests, results = _all([when.condition for when in expr.whens]), _all([when.result for when in expr.whens])
    default = single(expr.default)
    if expr.operand is not None or tests is None or results is None or default is None:
        return None
    arms, otherwise = list(zip(tests, results, strict=True)), default

    def run(row: Row) -> Any:
        for test, result in arms:
            if test(row):
                return result(row)
        return otherwise(row)

    return run
