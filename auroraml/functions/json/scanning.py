"""Parts of many jsonb documents: found in their bytes, all documents at once, as jsonb's text has one form only."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from auroraml.batch import ConstVector, DictVector, FixedVector, Index, ListVector, Mask, TextVector, Vector
from auroraml.lazy import compute as pc
from auroraml.types.json import quote_json
from auroraml.types.json_bits import Bytes, Structure, structure_of
from auroraml.types.pg_type import PgArray

TEXT = pa.large_string()
QUOTE, COMMA, COLON, OBJECT, ARRAY, END, NULL = b'",:{[]n'
FURTHEST = 32  # elements of arrays that are gone past one after another
KINDS = ("object", "array", "string", "boolean", "null", "number")
_KIND_OF = np.full(256, 5, np.int8)
_KIND_OF[list(b'{["tfn')] = 0, 1, 2, 3, 3, 4
_PLACE = re.compile(r"[ \t\n\v\f\r]*[+-]?[0-9]+")  # as strtol reads one


class Parts:
    """At most one value of each document: in which rows there is one, and where it begins and ends there."""

    def __init__(self, documents: Structure, rows: Index, starts: Index, ends: Index, read: Callable[[str], object] = json.loads) -> None:
        self.documents = documents
        self.read = read
        self.rows = rows
        self.starts = starts
        self.ends = ends

    def texts(self, n: int, *, shown: bool) -> TextVector:
        """The values of `n` documents, NULL for those that have none; `shown`: as text."""
        from_ = self.documents.offsets[:n].copy()
        to = from_.copy()
        from_[self.rows], to[self.rows] = self.starts, self.ends
        found = values_at(self.documents, from_, to, shown=shown, read=self.read)
        if len(self.rows) == n:
            return found
        valid = np.zeros(n, np.bool_)
        valid[self.rows] = True
        return TextVector(found.values, valid & found.valid)


def values_at(documents: Structure, starts: Index, ends: Index, *, shown: bool, read: Callable[[str], object] = json.loads) -> TextVector:
    """The values, or nothing, between places, in ascending order; `shown`: as text, where null is NULL; `read`: what reads strings with escapes."""
    data = documents.data
    if not shown or not len(data):
        return TextVector(cut(data, starts, ends))
    some = starts < ends
    first = data[np.minimum(starts, len(data) - 1)]
    null, quoted = some & (first == NULL), some & (first == QUOTE)
    odd = np.flatnonzero(quoted & documents.escaped(starts, ends))
    starts, ends = starts + quoted, ends - quoted
    ends[null] = starts[null]
    made = cut(data, starts, ends)
    return TextVector(_unescaped(made, odd, read) if len(odd) else made, ~null if null.any() else None)


def cut(data: np.ndarray, starts: Index, ends: Index) -> pa.Array:
    """The texts between places, in ascending order."""
    bounds = np.empty(2 * len(starts) + 1, np.int64)
    bounds[0:-1:2], bounds[1::2], bounds[-1] = starts, ends, len(data)
    all_ = pa.Array.from_buffers(TEXT, 2 * len(starts), [None, pa.py_buffer(bounds), pa.py_buffer(data)])  # and what is between them
    return all_.take(pa.array(np.arange(0, 2 * len(starts), 2)))


def _unescaped(texts: pa.Array, rows: Index, read: Callable[[str], object]) -> pa.Array:
    some = texts.take(pa.array(rows)).to_pylist()
    mask = np.zeros(len(texts), np.bool_)
    mask[rows] = True
    return pc.replace_with_mask(texts, pa.array(mask), pa.array([read(f'"{text}"') for text in some], TEXT))  # strings with escapes


def _documents(vector: Vector) -> Structure | None:
    return structure_of(vector.values) if isinstance(vector, TextVector) and vector.n else None


def _first(documents: Structure) -> Bytes:
    """The first byte of each document, none of which may be empty."""
    return documents.data[documents.offsets[:-1]]


class Form:
    """How documents are laid out: as jsonb writes them."""

    def first(self, documents: Structure) -> Bytes:
        """The first byte of each document."""
        return _first(documents)

    def fields(self, documents: Structure, key: str) -> Parts | None:
        """The fields of a name; None where they have to be found one by one."""
        text = quote_json(key).encode() + b": "
        places = documents.found(text)
        places = places[documents.depth(places) == 1]
        starts = places + len(text)
        return Parts(documents, documents.rows(places), starts, documents.ends(starts))

    def begin(self, documents: Structure, places: Index) -> Index:
        """Where what stands behind a bracket or a comma and spaces begins."""
        found: Index = places + (documents.data[places - 1] == COMMA)
        return found

    def ends(self, documents: Structure, starts: Index) -> tuple[Index, Index]:
        """Where values end, and where the comma or bracket behind each is."""
        ends = documents.ends(starts)
        return ends, ends

    def elements(self, documents: Structure, place: int, *, lone: bool) -> Parts | None:
        """The elements of arrays at a place; `lone`: documents that are scalars are arrays of one. None where they have to be found one by one."""
        if not -1 <= place <= FURTHEST or not (np.diff(documents.offsets) > 0).all():
            return None
        first = self.first(documents)
        arrays = np.flatnonzero(first == ARRAY)
        if place < 0 and len(arrays):
            return None
        rows, starts = arrays, self.begin(documents, self.begin(documents, documents.offsets[arrays]) + 1) if len(arrays) else arrays
        some = documents.data[starts] != END
        rows, starts = rows[some], starts[some]
        for _ in range(place):  # over elements
            stops = self.ends(documents, starts)[1]
            some = documents.data[stops] == COMMA
            rows, starts = rows[some], self.begin(documents, stops[some] + 1)
        ends = self.ends(documents, starts)[0] if len(starts) else starts
        if lone and place <= 0:
            alone = np.flatnonzero((first != ARRAY) & (first != OBJECT))
            rows = np.concatenate([rows, alone])
            starts = np.concatenate([starts, documents.offsets[alone]])
            ends = np.concatenate([ends, documents.offsets[alone + 1]])
        return self.parts(documents, rows, starts, ends)

    def parts(self, documents: Structure, rows: Index, starts: Index, ends: Index) -> Parts:
        """Values of documents laid out so."""
        return Parts(documents, rows, starts, ends)


JSONB = Form()


def fields(documents: Structure, key: str) -> Parts:
    """The fields of a name of jsonb documents."""
    found = JSONB.fields(documents, key)
    assert found is not None
    return found


def spread(vector: TextVector) -> tuple[Structure, Index, Index, Index] | None:
    """Where the elements of arrays begin and end, and how many each has; None where a document is no array."""
    documents = _documents(vector)
    if documents is None or not _all_are(documents, ARRAY):
        return None
    firsts, lasts = documents.offsets[:-1] + 1, documents.offsets[1:] - 1
    full = firsts < lasts
    commas = documents.commas.places(len(documents.data))
    commas = commas[documents.depth(commas) == 1]
    counts = np.diff(commas.searchsorted(documents.offsets)) + full
    starts = np.sort(np.concatenate([firsts[full], commas + 2]))
    ends = np.sort(np.concatenate([commas, lasts[full]]))
    return documents, starts, ends, counts


def field_of(vector: Vector, key: Vector, *, shown: bool, form: Form = JSONB) -> TextVector | None:
    """The field of each document that is an object and has it, NULL elsewhere; `shown`: as text. None where that has to be found one by one."""
    documents = _documents(vector)
    if documents is None or not isinstance(key, ConstVector):
        return None
    found = form.fields(documents, str(key.one.datum(0)))
    return None if found is None else found.texts(vector.n, shown=shown)


def element_of(vector: Vector, place: Vector, *, shown: bool, form: Form = JSONB) -> TextVector | None:
    """The same of an element of arrays."""
    documents = _documents(vector)
    if documents is None or not isinstance(place, ConstVector):
        return None
    found = form.elements(documents, int(place.one.datum(0)), lone=form is JSONB)  # type: ignore[call-overload] # an int
    return None if found is None else found.texts(vector.n, shown=shown)


def path_place(key: str) -> int | None:
    """The place that a step of a path means in an array."""
    place = int(key) if _PLACE.fullmatch(key) else None
    return place if place is not None and -(2**31) <= place < 2**31 else None


def at_path(vector: Vector, path: Vector, *, shown: bool, form: Form = JSONB) -> TextVector | None:
    """What each document has at a path, NULL for none; `shown`: as text. None where that has to be found one by one."""
    if not isinstance(vector, TextVector) or not vector.n or not isinstance(path, ConstVector) or not isinstance(path.one, ListVector):
        return None
    array = path.one.datum(0)
    if not isinstance(array, PgArray) or not array.elements or None in array.elements:
        return None
    texts, rows = vector.values, np.arange(vector.n)
    for number, key in enumerate(array.elements):  # over one path
        parts = _step(structure_of(texts), str(key), form)
        if parts is None:
            return None
        last = number == len(array.elements) - 1
        if last and len(rows) == vector.n:
            return parts.texts(vector.n, shown=shown)
        if last:
            made = parts.texts(len(texts), shown=shown) if len(texts) else TextVector(texts)
            places = np.full(vector.n, -1, np.int64)
            places[rows] = np.arange(len(rows))
            return made.take(places, nullable=True)
        order = parts.rows.argsort(kind="stable")
        texts = cut(parts.documents.data, parts.starts[order], parts.ends[order])
        rows = rows[parts.rows[order]]
    return None


def _step(documents: Structure, key: str, form: Form) -> Parts | None:
    found = form.fields(documents, key)
    place = path_place(key)
    if found is None or place is None or not len(documents.offsets[1:]) or not (form.first(documents) == ARRAY).any():
        return found
    more = form.elements(documents, place, lone=False)
    if more is None:
        return None
    pairs = zip((found.rows, found.starts, found.ends), (more.rows, more.starts, more.ends), strict=True)
    return form.parts(documents, *[np.concatenate(pair) for pair in pairs])


def having(vector: Vector, keys: Sequence[str], every: bool) -> Mask | None:
    """Which documents are objects with fields, arrays with strings, or strings of those names; None where that has to be found one by one."""
    documents = _documents(vector)
    if documents is None:
        return None
    found = np.full(vector.n, every)
    for key in keys:  # of one constant
        mask = np.zeros(vector.n, np.bool_)
        mask[_named(documents, key)] = True
        (np.logical_and if every else np.logical_or)(found, mask, out=found)
    return found


def _named(documents: Structure, key: str) -> Index:
    text = quote_json(key).encode()
    places = documents.found(text)
    places = places[documents.depth(places) <= 1]
    rows = documents.rows(places)
    after = documents.data[np.minimum(places + len(text), len(documents.data) - 1)]
    is_key = after == COLON
    first = documents.data[documents.offsets[rows]]
    found: Index = rows[np.where(first == OBJECT, is_key, (first == ARRAY) | (first == QUOTE))]
    return found


def has_field(vector: Vector, key: Vector) -> Vector | None:
    """Whether each document has a field or an element of that name; None where that has to be found one by one."""
    found = having(vector, [str(key.one.datum(0))], True) if isinstance(key, ConstVector) else None
    return None if found is None else FixedVector(found)


def kinds_of(vector: Vector) -> Vector | None:
    """What kind of value each document is; None where that has to be found one by one."""
    if not isinstance(vector, TextVector):
        return None
    texts = vector.values
    starts = np.frombuffer(texts.buffers()[1], np.int64, len(texts) + 1, texts.offset * 8)
    if (np.diff(starts) == 0).any():
        return None
    first = np.frombuffer(texts.buffers()[2], np.uint8)[starts[:-1]]
    if (first <= 32).any():  # json's own spaces
        return None
    return DictVector(_KIND_OF[first], TextVector(pa.array(KINDS, TEXT)))


def lengths_of(vector: Vector) -> Vector | None:
    """How many elements each array has; None where a document is none."""
    documents = _documents(vector)
    if documents is None or not isinstance(vector, TextVector) or not _all_are(documents, ARRAY):
        return None
    offsets = documents.offsets
    if (np.diff(documents.opens.before(offsets)) == 1).all():  # no commas but between elements
        counts = np.diff(documents.commas.before(offsets)) + (documents.data[offsets[:-1] + 1] != END)
    else:
        found = spread(vector)
        assert found is not None
        counts = found[3]
    return FixedVector(counts.astype(np.int32))


def _all_are(documents: Structure, kind: int) -> bool:
    return bool((np.diff(documents.offsets) > 0).all()) and bool((_first(documents) == kind).all())


class Members(NamedTuple):
    """The fields of objects: where each one's key begins and its value begins and ends, and how many each object has."""

    documents: Structure
    keys: Index
    starts: Index
    ends: Index
    counts: Index

    def key_texts(self) -> TextVector:
        """The keys as text."""
        return values_at(self.documents, self.keys, self.starts - 2, shown=True)

    def value_texts(self, *, shown: bool) -> TextVector:
        """The values; `shown`: as text."""
        return values_at(self.documents, self.starts, self.ends, shown=shown)


def members_of(vector: TextVector) -> Members | None:
    """All fields of objects; None where a document is none."""
    documents = _documents(vector)
    if documents is None or not _all_are(documents, OBJECT):
        return None
    size = len(documents.data)
    strings = documents.strings.places(size)
    strings = strings[documents.depth(strings) == 1]
    behind = documents.quotes.next(strings + 1) + 1
    some = documents.data[np.minimum(behind, size - 1)] == COLON
    keys, starts = strings[some], behind[some] + 2
    counts = np.diff(keys.searchsorted(documents.offsets))
    return Members(documents, keys, starts, documents.ends(starts) if len(starts) else starts, counts)


def without_fields(vector: TextVector, keys: Sequence[str]) -> TextVector | None:
    """Objects without fields of some names; None where a document is no object."""
    for key in keys:  # of one constant
        documents = _documents(vector)
        if documents is None or not _all_are(documents, OBJECT):
            return None
        found = fields(documents, key)
        if not len(found.rows):
            continue
        starts, ends = found.starts - len(quote_json(key).encode()) - 2, found.ends.copy()
        last = documents.data[ends] != COMMA
        ends[~last] += 2
        starts[last & (documents.data[starts - 1] != OBJECT)] -= 2
        vector = TextVector(spliced(documents, found.rows, starts, ends, None), vector.validity)
    return vector


def replaced_field(vector: TextVector, key: str, new: pa.Array | pa.Scalar, create: bool) -> TextVector | None:
    """Objects with another value in a field; None where a document is no object, or the field had to be added."""
    documents = _documents(vector)
    if documents is None or not _all_are(documents, OBJECT):
        return None
    found = fields(documents, key)
    if create and len(found.rows) < vector.n:
        return None
    texts = new if isinstance(new, pa.Scalar) or len(found.rows) == vector.n else new.take(pa.array(found.rows))
    return TextVector(spliced(documents, found.rows, found.starts, found.ends, texts), vector.validity) if len(found.rows) else vector


def spliced(documents: Structure, rows: Index, starts: Index, ends: Index, new: pa.Array | pa.Scalar | None) -> pa.Array:
    """Documents with what is between places in some of them left out, or replaced by others' texts, one for each of these rows."""
    offsets = documents.offsets
    from_, to = offsets[1:].copy(), offsets[1:].copy()
    from_[rows], to[rows] = starts, ends
    before, behind = cut(documents.data, offsets[:-1], from_), cut(documents.data, to, offsets[1:])
    empty = pa.scalar("", TEXT)
    if new is None:
        return pc.binary_join_element_wise(before, behind, empty)
    if isinstance(new, pa.Scalar) or len(rows) == len(before):
        middle = new if len(rows) == len(before) else pc.if_else(pa.array(np.isin(np.arange(len(before)), rows)), new, empty)
    else:
        places = np.full(len(before), -1, np.int64)
        places[rows] = np.arange(len(rows))
        middle = pc.fill_null(new.take(pa.array(places, mask=places < 0)), "")
    return pc.binary_join_element_wise(before, middle, behind, empty)
