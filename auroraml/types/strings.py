"""text, varchar, bpchar, name, "char", cstring and unknown: the text itself, cut or padded to its length."""

from __future__ import annotations

import pyarrow as pa

from auroraml.batch import Datum, TextVector, Vector
from auroraml.lazy import compute as pc
from auroraml.types.form import REP_FORMS, TextForm, TextStyle, register
from auroraml.types.pg_type import PgType, Rep
from auroraml.types.table import CHAR, NAME


class StringForm(TextForm):
    """The text is the value."""

    def datum_out(self, type: PgType, datum: Datum, style: TextStyle) -> str:
        assert isinstance(datum, str)
        return datum

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        return text

    def vector_out(self, type: PgType, vector: Vector, style: TextStyle) -> pa.Array:
        assert isinstance(vector, TextVector)
        return vector.values

    def vector_in(self, type: PgType, typmod: int, texts: pa.Array, style: TextStyle) -> Vector:
        return TextVector(texts)


class NameForm(StringForm):
    """At most 63 bytes; the rest is cut off at a character."""

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        return cut_name(text)

    def vector_in(self, type: PgType, typmod: int, texts: pa.Array, style: TextStyle) -> Vector:
        if (pc.max(pc.binary_length(texts)).as_py() or 0) <= 63:
            return TextVector(texts)
        return TextForm.vector_in(self, type, typmod, texts, style)


class CharForm(StringForm):
    """The first byte of the text."""

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        return text[:1]

    def vector_in(self, type: PgType, typmod: int, texts: pa.Array, style: TextStyle) -> Vector:
        return TextVector(pc.utf8_slice_codeunits(texts, 0, 1))


class VoidForm(StringForm):
    """The empty text."""

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        return ""


def cut_name(text: str) -> str:
    """The text cut to the 63 bytes a name can hold, at a character."""
    return text if len(text) <= 15 else text.encode()[:63].decode(errors="ignore")


REP_FORMS[Rep.TEXT] = StringForm()
REP_FORMS[Rep.VOID] = VoidForm()
register(NameForm(), NAME)
register(CharForm(), CHAR)
