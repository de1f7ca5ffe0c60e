"""Composite types and records: parentheses, quoting, empty for NULL."""

from __future__ import annotations

import re

import pyarrow as pa

from auroraml.batch import Datum, StructVector, Vector
from auroraml.errors import FeatureNotSupported, InvalidTextRepresentation
from auroraml.types.form import REP_FORMS, TextForm, TextStyle, form_of
from auroraml.types.pg_type import PgType, Rep
from auroraml.types.table import RECORD
from auroraml.types.typmod import apply_typmod_datum

_SPACE = " \t\n\r\f\v"
_MUST_QUOTE = re.compile(r'["\\(),\s]', re.ASCII)


class CompositeForm(TextForm):
    """(1,"two words",): fields in order, nothing for NULL."""

    def datum_out(self, type: PgType, datum: Datum, style: TextStyle) -> str:
        assert isinstance(datum, tuple)
        parts = ["" if d is None else quoted_field(form_of(a.type).datum_out(a.type, d, style)) for a, d in zip(type.attributes, datum, strict=True)]
        return "(" + ",".join(parts) + ")"

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        if type.oid == RECORD.oid:
            raise FeatureNotSupported("input of anonymous composite types is not implemented")
        fields = read_record(text, len(type.attributes))
        return tuple(
            None if field is None else apply_typmod_datum(a.type, a.typmod, form_of(a.type).datum_in(a.type, a.typmod, field, style), False)
            for a, field in zip(type.attributes, fields, strict=True)
        )

    def vector_out(self, type: PgType, vector: Vector, style: TextStyle) -> pa.Array:
        assert isinstance(vector, StructVector)
        columns = []
        for attribute, field in zip(type.attributes, vector.fields, strict=True):
            texts = form_of(attribute.type).vector_out(attribute.type, field.flat(), style).to_pylist()
            columns.append([quoted_field(text) if ok else "" for text, ok in zip(texts, field.valid.tolist(), strict=True)])
        if not columns:
            return pa.array(["()"] * vector.n, pa.large_string())
        # per value: each record is assembled on its own
        return pa.array(["(" + ",".join(row) + ")" for row in zip(*columns, strict=True)], pa.large_string())


def quoted_field(text: str) -> str:
    """The text as a record shows it: in double quotes, doubled inside, if empty or holding a special character."""
    if text and _MUST_QUOTE.search(text) is None:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '""') + '"'


def malformed(text: str, detail: str) -> InvalidTextRepresentation:
    """PostgreSQL's error for a text that is no record."""
    return InvalidTextRepresentation(f'malformed record literal: "{text}"', detail=detail)


def read_record(text: str, count: int) -> list[str | None]:
    """The texts of `count` fields, None for NULL; raises 'malformed record literal' with PostgreSQL's DETAIL."""
    at = len(text) - len(text.lstrip(_SPACE))
    if text[at : at + 1] != "(":
        raise malformed(text, "Missing left parenthesis.")
    at += 1
    fields: list[str | None] = []
    for number in range(count):
        if number:
            if text[at : at + 1] != ",":
                raise malformed(text, "Too few columns.")
            at += 1
        if text[at : at + 1] in (",", ")"):
            fields.append(None)
            continue
        field, at = _read_field(text, at)
        fields.append(field)
    if text[at : at + 1] != ")":
        raise malformed(text, "Too many columns.")
    if text[at + 1 :].strip(_SPACE):
        raise malformed(text, "Junk after right parenthesis.")
    return fields


def _read_field(text: str, at: int) -> tuple[str, int]:
    out: list[str] = []
    quoted = False
    while quoted or text[at : at + 1] not in (",", ")"):
        if at >= len(text):
            raise malformed(text, "Unexpected end of input.")
        char = text[at]
        at += 1
        if char == "\\":
            if at >= len(text):
                raise malformed(text, "Unexpected end of input.")
            out.append(text[at])
            at += 1
        elif char == '"':
            if not quoted:
                quoted = True
            elif text[at : at + 1] == '"':
                out.append('"')
                at += 1
            else:
                quoted = False
        else:
            out.append(char)
    return "".join(out), at


REP_FORMS[Rep.STRUCT] = CompositeForm()
