"""tid: a row's page and its line there, as (page,line); one integer of 48 bits in memory."""

from __future__ import annotations

import re

from auroraml.batch import Datum
from auroraml.errors import InvalidTextRepresentation
from auroraml.lazy import pattern
from auroraml.types.form import REP_FORMS, TextForm, TextStyle
from auroraml.types.pg_type import PgType, Rep

LINE_BITS, PAGES = 16, 1 << 32
_NUMBER = r"((?:[ \t\n\v\f\r]*[-+]?[0-9]+)?)"
_TID = pattern(rf"[^(,)]*\({_NUMBER},{_NUMBER}\)", re.DOTALL)


class TidForm(TextForm):
    """(page,line); what stands before and behind the parentheses is not looked at."""

    def datum_out(self, type: PgType, datum: Datum, style: TextStyle) -> str:
        assert isinstance(datum, int)
        return f"({datum >> LINE_BITS},{datum & (1 << LINE_BITS) - 1})"

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        match = _TID.match(text)
        if match is not None:
            page, line = (int(part or 0) for part in match.groups())
            if -(1 << 31) <= page < PAGES and 0 <= line < 1 << LINE_BITS:
                return (page % PAGES) << LINE_BITS | line
        raise InvalidTextRepresentation(f'invalid input syntax for type tid: "{text}"')


REP_FORMS[Rep.TID] = TidForm()
