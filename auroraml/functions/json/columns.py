"""Whole columns as JSON texts: what values.json_of and jsonb_of say of one value, of many at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from auroraml.batch import ConstVector, DictVector, FixedVector, Index, ListVector, Mask, NumericVector, StructVector, TextVector, Vector
from auroraml.functions.json.values import NUMBERS, json_of, jsonb_of
from auroraml.lazy import compute as pc
from auroraml.records import replace
from auroraml.types.form import TextStyle
from auroraml.types.json import key_order, quote_json, write_jsonb
from auroraml.types.pg_type import PgType, Rep
from auroraml.types.table import NUMERIC
from auroraml.types.text import text_in, text_out

TEXT = pa.large_string()
SPECIAL, CONTROL = '["\\\\\\x00-\\x1f]', "[\\x00-\\x1f]"
MOMENTS = frozenset(("timestamp", "timestamptz", "date"))


class Texts:
    """Columns of one session as texts inside json documents, or jsonb ones (`binary`). No text is NULL: NULL is `null`."""

    def __init__(self, style: TextStyle, binary: bool) -> None:
        self.style = style
        self.binary = binary
        self.iso = replace(style, date_style="ISO, MDY")

    def of(self, type: PgType, vector: Vector) -> pa.Array | pa.Scalar:
        """The text of each value; of a constant the one text of all."""
        if isinstance(vector, ConstVector):
            return pa.scalar(self._one(type, vector.one.datum(0)), TEXT)
        if isinstance(vector, DictVector):
            return _or_null(pc.take(self._values(type, vector.dictionary), pa.array(vector.codes)), vector.validity)
        return _or_null(self._values(type, vector), vector.validity)

    def _one(self, type: PgType, value: object) -> str:
        return write_jsonb(jsonb_of(type, value, self.style)) if self.binary else json_of(type, value, self.style)

    def _values(self, type: PgType, vector: Vector) -> pa.Array:
        if isinstance(vector, FixedVector) and type.rep is Rep.BOOL:
            return pc.take(pa.array(["false", "true"], TEXT), pa.array(vector.values.astype(np.int8)))
        if type.rep in NUMBERS:
            return self._numbers(type, vector)
        if type.name in ("json", "jsonb"):
            assert isinstance(vector, TextVector)
            return self._each(type, vector) if self.binary and type.name == "json" else vector.values
        if isinstance(vector, ListVector) and type.element and type.name not in ("int2vector", "oidvector"):
            return self._arrays(type, vector)
        if isinstance(vector, StructVector):
            return self.object(
                [(a.name, self.of(a.type, field)) for a, field in zip(type.attributes, vector.fields, strict=True)], vector.n, row=True
            )
        return quoted(self.plain(type, vector))

    def _each(self, type: PgType, vector: Vector) -> pa.Array:
        """Value by value: documents with a grammar of their own, arrays of other shapes."""
        return pa.array([self._one(type, value) for value in vector.datums()], TEXT)

    def _numbers(self, type: PgType, vector: Vector) -> pa.Array:
        texts = _written(type, vector, self.style)
        if type.rep in (Rep.INT2, Rep.INT4, Rep.INT8) or (isinstance(vector, NumericVector) and vector.scale is not None):
            return texts
        if self.binary and type.rep is not Rep.NUMERIC:
            texts = _replaced(texts, "e|^-0$", lambda some: _written(NUMERIC, text_in(NUMERIC, -1, TextVector(some)), self.style))
        return _replaced(texts, "[NI]", quoted)  # NaN, Infinity

    def plain(self, type: PgType, vector: Vector) -> pa.Array:
        """Texts as they stand between quotes: dates and times in ISO 8601 whatever the settings."""
        texts = _written(type, vector, self.iso if type.name in MOMENTS else self.style)
        if type.name in ("timestamp", "timestamptz"):
            texts = pc.replace_substring_regex(texts, "^([0-9]+-[0-9]+-[0-9]+) ([0-9])", "\\1T\\2")
        return pc.replace_substring_regex(texts, "([+-][0-9][0-9])( BC)?$", "\\1:00\\2") if type.name == "timestamptz" else texts

    def _arrays(self, type: PgType, vector: ListVector) -> pa.Array:
        if vector.shapes is not None:
            return self._each(type, vector)
        first, last = int(vector.offsets[0]), int(vector.offsets[-1])
        items = self.of(self.style.resolve(type.element), vector.child.slice(first, last))
        if isinstance(items, pa.Scalar):
            items = pa.repeat(items, last - first)
        return joined(vector.offsets - first, items, ", " if self.binary else ",", "[", "]")

    def object(self, fields: Sequence[tuple[str, pa.Array | pa.Scalar]], n: int, *, row: bool = False) -> pa.Array:
        """Objects of the same keys in each of `n` rows; `row`: as a row becomes one."""
        between, colon = (", ", ": ") if self.binary else (",", ":") if row else (", ", " : ")
        if self.binary:
            fields = sorted(dict(fields).items(), key=key_order)
        return self.concatenated([(quote_json(key) + colon, text) for key, text in fields], between, "{", "}", n)

    def concatenated(self, parts: Sequence[tuple[str, pa.Array | pa.Scalar]], between: str, start: str, end: str, n: int) -> pa.Array:
        """In each of `n` rows: `start`, the parts, each a constant before a column's text, `between` them, and `end`."""
        pieces: list[object] = []
        before = start
        for number, (constant, text) in enumerate(parts):
            before += (between if number else "") + constant
            if isinstance(text, pa.Scalar):
                before += text.as_py()
            else:
                pieces += [pa.scalar(before, TEXT), text]
                before = ""
        if not pieces:
            return pa.repeat(pa.scalar(before + end, TEXT), n)
        return pc.binary_join_element_wise(*pieces, pa.scalar(before + end, TEXT), pa.scalar("", TEXT))


def _written(type: PgType, vector: Vector, style: TextStyle) -> pa.Array:
    texts = text_out(type, vector, style).flat()
    assert isinstance(texts, TextVector)
    return texts.values


def _replaced(texts: pa.Array, pattern: str, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """The texts, those among them that a pattern is found in changed."""
    found = pc.match_substring_regex(texts, pattern)
    return pc.replace_with_mask(texts, found, change(texts.filter(found))) if pc.any(found).as_py() else texts


def _or_null(texts: pa.Array, validity: Mask | None) -> pa.Array:
    return texts if validity is None else pc.if_else(pa.array(validity), texts, pa.scalar("null", TEXT))


def _escaped(texts: pa.Array) -> pa.Array:
    for char in ("\\", '"', *(map(chr, range(32)) if pc.any(pc.match_substring_regex(texts, CONTROL)).as_py() else ())):
        texts = pc.replace_substring(texts, char, quote_json(char)[1:-1])
    return texts


def quoted(texts: pa.Array) -> pa.Array:
    """Each text as a JSON string."""
    texts = _replaced(texts, SPECIAL, _escaped)
    quote = pa.scalar('"', TEXT)
    return pc.binary_join_element_wise(quote, texts, quote, pa.scalar("", TEXT))


def joined(offsets: Index, items: pa.Array, between: str, start: str, end: str) -> pa.Array:
    """The items from each offset to before the next one, between `start` and `end`."""
    inner = pc.binary_join(pa.LargeListArray.from_arrays(pa.array(offsets), items), pa.scalar(between, TEXT))
    return pc.binary_join_element_wise(pa.scalar(start, TEXT), inner, pa.scalar(end, TEXT), pa.scalar("", TEXT))
