"""point: two float8 as (x,y)."""

from __future__ import annotations

import re

from auroraml.batch import Datum
from auroraml.errors import InvalidTextRepresentation
from auroraml.types.floats import float_in, float_out
from auroraml.types.form import REP_FORMS, TextForm, TextStyle
from auroraml.types.pg_type import PgType, Point, Rep

_NUMBER = r"\s*([-+]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|inf(?:inity)?|nan))\s*"
_POINT = re.compile(rf"\s*(?:\({_NUMBER},{_NUMBER}\)|{_NUMBER},{_NUMBER})\s*", re.IGNORECASE)


class PointForm(TextForm):
    """(x,y); reads it without parentheses too."""

    def datum_out(self, type: PgType, datum: Datum, style: TextStyle) -> str:
        assert isinstance(datum, Point)
        x, y = (float_out(part, Rep.FLOAT8, style.extra_float_digits) for part in datum)
        return f"({x},{y})"

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        match = _POINT.fullmatch(text)
        if match is None:
            raise InvalidTextRepresentation(f'invalid input syntax for type point: "{text}"')
        x, y = (float_in(part, Rep.FLOAT8, "double precision") for part in match.groups() if part is not None)
        return Point(x, y)


REP_FORMS[Rep.POINT] = PointForm()
