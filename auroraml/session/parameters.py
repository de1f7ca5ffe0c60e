"""Parameters: the values of $n, those that came as text read as the types that the statement expects."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from auroraml.batch import Datum, TextVector
from auroraml.commands.context import Bound
from auroraml.errors import DatabaseError, ProtocolViolation
from auroraml.types.form import TextStyle
from auroraml.types.pg_type import PgType
from auroraml.types.table import UNKNOWN
from auroraml.types.text import text_in


def given(wanted: Sequence[PgType], params: tuple[Bound, ...], style: TextStyle) -> tuple[Bound, ...]:
    """The parameters for a statement that expects the types `wanted`; 08P01 when some are missing."""
    if len(params) < len(wanted):
        raise ProtocolViolation(f'bind message supplies {len(params)} parameters, but prepared statement "" requires {len(wanted)}')
    return tuple(
        (type_, _read(number, type_, value, style)) if given_ is UNKNOWN and type_ is not UNKNOWN else (given_, value)
        for number, ((given_, value), type_) in enumerate(zip(params, wanted, strict=False), 1)
    )


def _read(number: int, type: PgType, value: Datum | None, style: TextStyle) -> Datum | None:
    if value is None:
        return None
    try:
        return text_in(type, -1, TextVector(pa.array([value], pa.large_string())), style).datum(0)
    except DatabaseError as error:
        error.diag.context = f"unnamed portal parameter ${number} = '...'"
        raise
