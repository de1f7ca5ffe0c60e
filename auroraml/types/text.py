"""Text forms: any type's values to text and back, vector at a time or one value at a time."""

from __future__ import annotations

from typing import cast

import pyarrow as pa

from auroraml.batch import ConstVector, Datum, DictVector, RenderedVector, TextVector, Vector, from_datums
from auroraml.errors import DatabaseError
from auroraml.types.form import DEFAULT_STYLE, ObjectNames, Resolver, TextForm, TextStyle, form_of, scatter
from auroraml.types.pg_type import PgType
from auroraml.types.typmod import apply_typmod, apply_typmod_datum

__all__ = ["DEFAULT_STYLE", "ObjectNames", "Resolver", "TextForm", "TextStyle", "datum_in", "datum_out", "text_in", "text_out", "texts"]
_FEW = 16  # values that are written one by one: for so few of them nobody waits until Arrow is loaded


def text_out(type: PgType, vector: Vector, style: TextStyle = DEFAULT_STYLE) -> Vector:
    """The text of each value (NULL stays NULL): a TextVector, or a ConstVector or DictVector of text if `vector` is one."""
    if isinstance(vector, ConstVector):
        return ConstVector(text_out(type, vector.one, style), vector.n)
    form = form_of(type)
    if isinstance(vector, DictVector):
        return DictVector(vector.codes, TextVector(form.vector_out(type, vector.dictionary, style)), vector.validity)
    return TextVector(form.vector_out(type, vector, style), vector.validity)


def texts(type: PgType, vector: Vector, style: TextStyle = DEFAULT_STYLE) -> list[str | None]:
    """The text of each value as Python's own, None for NULL."""
    if vector.n > _FEW or isinstance(vector, TextVector):
        return cast("list[str | None]", text_out(type, vector, style).datums())
    return [None if datum is None else datum_out(type, datum, style) for datum in vector.datums()]


def text_in(type: PgType, typmod: int, texts: Vector, style: TextStyle = DEFAULT_STYLE) -> Vector:
    """The values of `texts` with the typmod applied as on assignment; raises PostgreSQL's error for the first bad one."""
    if isinstance(texts, ConstVector):
        return ConstVector(text_in(type, typmod, texts.one, style), texts.n)
    if isinstance(texts, DictVector) and 0 < texts.dictionary.n < texts.n:
        try:
            read = text_in(type, typmod, texts.dictionary, style)
        except DatabaseError:
            return text_in(type, typmod, texts.flat(), style)  # the bad entry may be one that no row uses
        return read.take(texts.codes.astype("int64")).with_validity(texts.validity)
    flat = texts.flat()
    assert isinstance(flat, TextVector)
    if isinstance(flat, RenderedVector) and flat.type is type and typmod < 0:
        return flat.source.with_validity(flat.validity)
    if flat.validity is None:
        return apply_typmod(type, typmod, form_of(type).vector_in(type, typmod, flat.values, style), False)
    known = flat.values.filter(pa.array(flat.validity))
    if len(known) == 0:
        return from_datums(type, [None] * flat.n, style.resolve(type.element) if type.is_array and type.element else None)
    return scatter(apply_typmod(type, typmod, form_of(type).vector_in(type, typmod, known, style), False), flat.validity)


def datum_out(type: PgType, datum: Datum, style: TextStyle = DEFAULT_STYLE) -> str:
    """The text PostgreSQL prints for one value (not None)."""
    return form_of(type).datum_out(type, datum, style)


def datum_in(type: PgType, typmod: int, text: str, style: TextStyle = DEFAULT_STYLE) -> Datum:
    """The value PostgreSQL reads from `text`, with the typmod applied as on assignment."""
    return apply_typmod_datum(type, typmod, form_of(type).datum_in(type, typmod, text, style), False)
