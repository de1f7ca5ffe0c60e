"""uuid: sixteen bytes as 8-4-4-4-12 hexadecimal digits."""

from __future__ import annotations

import re

from auroraml.batch import Datum
from auroraml.errors import InvalidTextRepresentation
from auroraml.types.form import TextForm, TextStyle, register
from auroraml.types.pg_type import PgType
from auroraml.types.table import UUID

_FORM = re.compile(r"[0-9a-fA-F]{4}(?:-?[0-9a-fA-F]{4}){7}")


class UuidForm(TextForm):
    """Lower-case digits with four hyphens; reads capitals, braces, and hyphens after any group of four digits."""

    def datum_out(self, type: PgType, datum: Datum, style: TextStyle) -> str:
        assert isinstance(datum, bytes)
        digits = datum.hex()
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        inner = text[1:-1] if text[:1] == "{" and text[-1:] == "}" else text
        if _FORM.fullmatch(inner) is None:
            raise InvalidTextRepresentation(f'invalid input syntax for type uuid: "{text}"')
        return bytes.fromhex(inner.replace("-", ""))


register(UuidForm(), UUID)
