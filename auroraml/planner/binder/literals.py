"""Numbers, anonymous record types and missing parameters: what expressions are made of without a scope."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.errors import UndefinedParameter
from auroraml.ir import expr as e
from auroraml.types.numeric import numeric_in
from auroraml.types.pg_type import Attribute, PgType, Rep
from auroraml.types.table import INT4, INT8, NUMERIC, RECORD


def number(text: str, at: int, sign: int = 1) -> e.Const:
    """A numeric literal with its sign: int4, int8 or numeric by its size and form."""
    if text.isdigit():
        value = sign * int(text)
        if -(2**31) <= value < 2**31:
            return e.Const(type=INT4, value=value, at=at)
        if -(2**63) <= value < 2**63:
            return e.Const(type=INT8, value=value, at=at)
    return e.Const(type=NUMERIC, value=numeric_in(text if sign > 0 else f"-{text}"), at=at)


def record_of(fields: Sequence[tuple[str, PgType, int]]) -> PgType:
    """The anonymous record type of these fields."""
    attributes = tuple(Attribute(name=name, type=type, typmod=typmod) for name, type, typmod in fields)
    return PgType(oid=RECORD.oid, name="record", rep=Rep.STRUCT, length=-1, kind="p", category="P", attributes=attributes)


def missing_parameter(number: int, at: int) -> Exception:
    """42P02."""
    return UndefinedParameter(f"there is no parameter ${number}", at=at)
