"""Parameters: the values of $n, those that came as text read as the types that the statement expects."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from auroraml.batch import Datum, TextVector
from auroraml.errors import DatabaseError, ProtocolViolation
from auroraml.ir.bound import BoundStatement
from auroraml.ir.expr import Const, ParamRef
from auroraml.ir.tree import rewrite
from auroraml.records import replace
from auroraml.types.form import TextStyle
from auroraml.types.pg_type import PgType, Rep
from auroraml.types.table import UNKNOWN
from auroraml.types.text import datum_in, text_in

Bound = tuple[PgType, Datum | None]
READ_ALONE = frozenset({Rep.TEXT, Rep.INT2, Rep.INT4, Rep.INT8, Rep.BOOL, Rep.DATE})  # one value of these is read faster than a column of one


def given(wanted: Sequence[PgType], params: tuple[Bound, ...], style: TextStyle) -> tuple[Bound, ...]:
    """The parameters for a statement that expects the types `wanted`; 08P01 when some are missing."""
    if len(params) < len(wanted):
        raise ProtocolViolation(f'bind message supplies {len(params)} parameters, but prepared statement "" requires {len(wanted)}')
    if fit(wanted, params):
        return params
    return tuple(
        (type_, _read(number, type_, value, style)) if given_ is UNKNOWN and type_ is not UNKNOWN else (given_, value)
        for number, ((given_, value), type_) in enumerate(zip(params, wanted, strict=False), 1)
    )


def fit(wanted: Sequence[PgType], params: tuple[Bound, ...]) -> bool:
    """Whether the parameters are as they are expected."""
    if len(params) != len(wanted):
        return False
    for type, _ in params:  # noqa: SIM110 # a generator takes three times as long
        if type is UNKNOWN:
            return False
    return True


def _read(number: int, type: PgType, value: Datum | None, style: TextStyle) -> Datum | None:
    if value is None:
        return None
    try:
        if type.rep in READ_ALONE:
            return datum_in(type, -1, str(value), style)
        return text_in(type, -1, TextVector(pa.array([value], pa.large_string())), style).datum(0)
    except DatabaseError as error:
        error.diag.context = f"unnamed portal parameter ${number} = '...'"
        raise


def with_values(bound: BoundStatement, params: tuple[Bound, ...]) -> BoundStatement:
    """The statement with its parameters' values in their places: what PostgreSQL's custom plans are made of."""
    if not params:
        return bound

    def change(node: object) -> object | None:
        if isinstance(node, ParamRef) and node.kind == "external" and node.number <= len(params):
            return Const(type=node.type, typmod=node.typmod, at=node.at, value=params[node.number - 1][1])
        return None

    return replace(bound, plan=rewrite(bound.plan, change))
