"""A field of many jsonb documents: found in their bytes, all documents at once, as jsonb's text has one form only."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auroraml.batch import ConstVector, FixedVector, Index, Mask, TextVector, Vector, layout_of
from auroraml.types.json import quote_json, read_json
from auroraml.types.json_shapes import quotes_of

Bytes = npt.NDArray[np.uint8]
QUOTE, COMMA, COLON, BACKSLASH, OPEN = b'",:\\{'
NULL = np.frombuffer(b"null", np.uint8)


class Documents:
    """The structure of some documents: where strings begin and end, and how deep brackets outside them are."""

    def __init__(self, data: Bytes) -> None:
        self.data = data
        self.quotes = quotes_of(data)
        open_, close = data == 123, data == 125  # braces; brackets are 0x20 below
        open_ |= data == 91
        close |= data == 93
        brackets = self._outside(np.flatnonzero(open_ | close))
        self.brackets = brackets
        self.deep = np.cumsum(np.where(open_[brackets], 1, -1))

    def _outside(self, places: Index) -> Index:
        """Those that are in no string."""
        outside: Index = places[self.quotes.searchsorted(places) % 2 == 0]
        return outside

    def depth(self, places: Index) -> Index:
        """How many brackets are open at each place; documents close all of theirs."""
        deep: Index = np.concatenate([[0], self.deep])[self.brackets.searchsorted(places)]
        return deep

    def keys(self, key: bytes) -> Index:
        """Where the values of the outermost objects' fields of that name begin."""
        starts, ends = self.quotes[0::2], self.quotes[1::2]
        some = np.flatnonzero(ends - starts == len(key) + 1)
        last = len(self.data) - 1
        some = some[self.data[np.minimum(ends[some] + 1, last)] == COLON]
        for place, byte in enumerate(key):  # over the key, not over rows
            some = some[self.data[starts[some] + 1 + place] == byte]
        begins: Index = ends[some[self.depth(starts[some]) == 1]] + 3  # a colon and a space follow
        return begins

    def ends(self, starts: Index) -> Index:
        """Where the values that begin at `starts`, in outermost objects, end."""
        commas = self._outside(np.flatnonzero(self.data == COMMA))
        commas = commas[self.depth(commas) == 1]
        stops = np.sort(np.concatenate([commas, self.brackets[self.deep == 0]]))
        ends: Index = stops[stops.searchsorted(starts)]
        return ends


class Fields(NamedTuple):
    """Where a field's values begin, and in which rows they are; the documents' bytes, and where each one begins."""

    documents: Documents
    offsets: Index
    data: Bytes
    starts: Index
    rows: Index


def _looked_for(documents: Vector, key: Vector) -> Fields | None:
    if not isinstance(documents, TextVector) or not isinstance(key, ConstVector):
        return None
    offsets, data = layout_of(documents.values)
    found = Documents(data)
    starts = found.keys(quote_json(str(key.one.datum(0)))[1:-1].encode())
    return Fields(found, offsets, data, starts, offsets[1:].searchsorted(starts, "right"))


def has_field(documents: Vector, key: Vector) -> Vector | None:
    """Whether each document has a field of that name; None where they are not all objects, or have to be looked at one by one."""
    found = _looked_for(documents, key)
    if found is None or not (found.data[found.offsets[:-1]] == OPEN).all():
        return None
    mask = np.zeros(documents.n, np.bool_)
    mask[found.rows] = True
    return FixedVector(mask)


def field_of(documents: Vector, key: Vector, *, shown: bool) -> Vector | None:
    """The field of each document that is an object and has it, NULL elsewhere; `shown`: as text. None where that has to be found one by one."""
    found = _looked_for(documents, key)
    if found is None:
        return None
    data, starts, rows = found.data, found.starts, found.rows
    ends = found.documents.ends(starts)
    valid = np.zeros(documents.n, np.bool_)
    valid[rows] = True
    if not shown:
        return _cut(data, starts, ends, rows, valid)
    quoted = data[starts] == QUOTE
    null = ends - starts == 4
    for place, byte in enumerate(NULL):
        null &= data[np.minimum(starts + place, len(data) - 1)] == byte
    valid[rows[null]] = False
    made = _cut(data, starts + quoted, ends - quoted, rows, valid, null)
    slashes = np.flatnonzero(data == BACKSLASH)
    odd = quoted & (slashes.searchsorted(starts) != slashes.searchsorted(ends))
    return _unescaped(made, rows[odd]) if odd.any() else made


def _cut(data: Bytes, starts: Index, ends: Index, rows: Index, valid: Mask, left_out: Mask | None = None) -> TextVector:
    lengths = np.zeros(len(valid), np.int64)
    lengths[rows] = ends - starts
    if left_out is not None:
        lengths[rows[left_out]] = 0
        starts, rows = starts[~left_out], rows[~left_out]
    offsets = np.zeros(len(valid) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    from_ = np.zeros(len(valid), np.int64)
    from_[rows] = starts - offsets[rows]
    text = data[np.repeat(from_, lengths) + np.arange(offsets[-1])]
    values = pa.Array.from_buffers(pa.large_string(), len(valid), [None, pa.py_buffer(offsets), pa.py_buffer(text)])
    return TextVector(values, None if valid.all() else valid)


def _unescaped(made: TextVector, rows: Index) -> TextVector:
    texts = made.values.to_pylist()
    for row in rows.tolist():  # strings with escapes
        texts[row] = read_json(f'"{texts[row]}"')
    return TextVector(pa.array(texts, pa.large_string()), made.validity)
