"""Many JSON documents at once: those of one shape differ in strings and numbers only, so that what moves values about is done once a shape."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auroraml.batch import Index, Mask, layout_of
from auroraml.errors import DatabaseError
from auroraml.lazy import compute as pc
from auroraml.lazy import pattern

T = TypeVar("T")
Change = Callable[[str], str | None]  # of a document; a string that it leaves as it is may lose its quotes
Expand = Callable[[str], list[tuple[str | None, ...]]]  # a document to rows
Bytes = npt.NDArray[np.uint8]

TEXT = pa.large_string()
QUOTE, COLON, BACKSLASH, DOT, E = b'":\\.e'
STRING, NUMBER = 1, 2  # the bytes that stand for values in shapes
ROWS = 16_384  # that are looked at together
FEW = 16  # rows of one shape that are not worth a look at it
MOST = 200  # values of a document
LONGEST = 1_000  # digits
_NUMERIC, _BLANK, _ODD, _SUSPECT, _ESCAPED = np.zeros((5, 256), np.bool_)
_NUMERIC[list(b"0123456789-.")] = True
_BLANK[list(b" \t\n\r")] = True
_ODD[list(b"+E")] = True
_SUSPECT[[*range(32), *b"+E"]] = True
_ESCAPED[list(b'"\\bfnrt')] = True  # what jsonb writes with a backslash, too
_PLAIN = r"^(-?[1-9][0-9]*(\.[0-9]+)?|0(\.[0-9]+)?|-0\.[0-9]*[1-9][0-9]*)$"  # numbers that jsonb writes as they are
_BEGIN, _END, _DIGITS = "\ue000", "\ue001", "90817263540"
_MARK = pattern('("?)\ue000([0-9]{3})\ue001"?|90817263540([0-9]{3})9')


def quotes_of(data: Bytes) -> Index:
    """Where the strings of documents begin and end."""
    quotes = np.flatnonzero(data == QUOTE)
    suspects = np.flatnonzero(data[quotes - 1] == BACKSLASH)
    if not len(suspects):
        return quotes
    slashes = np.flatnonzero(data == BACKSLASH)
    apart = np.diff(slashes) != 1
    begins, ends = slashes[np.concatenate([[True], apart])], slashes[np.concatenate([apart, [True]])]  # of stretches of backslashes
    place = np.maximum(ends.searchsorted(quotes[suspects]) - 1, 0)
    odd = (ends[place] == quotes[suspects] - 1) & ((ends[place] - begins[place]) % 2 == 0)
    return np.delete(quotes, suspects[odd])


class Shape:
    """Documents that are alike: their text with marks where values are, which rows they are in, and the values by mark."""

    def __init__(self, text: str, rows: Index, values: Sequence[pa.Array]) -> None:
        self.text = text
        self.rows = rows
        self.values = values

    def filled(self, text: str) -> pa.Array:
        """A text with marks, with each row's values."""
        pieces: list[object] = []
        at = 0
        for found in _MARK.finditer(text):
            pieces.append(pa.scalar(text[at : found.start()], TEXT))
            value = self.values[int(found[2] or found[3])]
            pieces.append(value if found[3] or found[1] else _bare(value))
            at = found.end()
        if not pieces:
            return pa.repeat(pa.scalar(text, TEXT), len(self.rows))
        return pc.binary_join_element_wise(*pieces, pa.scalar(text[at:], TEXT), pa.scalar("", TEXT))


def _bare(strings: pa.Array) -> pa.Array:
    """JSON strings as what they stand for."""
    slashes = pc.match_substring(strings, "\\")
    made = pc.utf8_slice_codeunits(strings, 1, -1)
    if not pc.any(slashes).as_py():
        return made
    some = [json.loads(text, strict=False) for text in strings.filter(slashes).to_pylist()]  # strings with escapes
    return pc.replace_with_mask(made, slashes, pa.array(some, TEXT))


class _Tokens:
    """The strings that are values and the numbers of documents: where they begin and end; rows that have to be looked at alone."""

    def __init__(self, offsets: Index, data: Bytes, quotes: Index) -> None:
        self.offsets = offsets
        starts, ends = quotes[0::2], quotes[1::2]
        change = np.zeros(len(data), np.int8)
        change[starts], change[ends] = 1, -1
        inside = change.cumsum(dtype=np.int8).view(np.bool_)
        values = ~_before_colon(data, ends)
        numeric = np.flatnonzero(_NUMERIC[data] & ~inside)
        first = np.zeros(len(data) + 1, np.bool_)
        first[offsets] = True
        begins = np.ones(len(numeric), np.bool_)
        begins[1:] = (np.diff(numeric) != 1) | first[numeric[1:]]
        stops = np.append(begins[1:], True)[: len(numeric)]
        self.starts = np.concatenate([starts[values], numeric[begins]])
        self.ends = np.concatenate([ends[values] + 1, numeric[stops] + 1])
        numbers = np.arange(len(self.starts)) >= np.count_nonzero(values)
        order = self.starts.argsort(kind="stable")
        self.starts, self.ends, self.numbers = self.starts[order], self.ends[order], numbers[order]
        exponents = np.flatnonzero(data == E)
        exponents = exponents[_NUMERIC[data[exponents - 1]]]
        exponents = exponents[~inside[exponents]]
        odd = np.flatnonzero(_SUSPECT[data])
        odd = odd[np.where(_ODD[data[odd]], ~inside[odd], inside[odd] | ~_BLANK[data[odd]])]
        slashes = np.flatnonzero(data == BACKSLASH)
        slashes = slashes[~_ESCAPED[data[np.minimum(slashes + 1, len(data) - 1)]]]  # some that escape nothing among them
        self.alone = np.zeros(len(offsets) - 1, np.bool_)
        self.alone[self.rows(np.concatenate([exponents, odd, slashes]))] = True
        self.texts = _gathered(data, self.starts, self.ends)
        plain = pc.match_substring_regex(self.texts.filter(pa.array(self.numbers)), _PLAIN).to_numpy(zero_copy_only=False)
        long = self.ends - self.starts > LONGEST
        unusual = self.numbers & long
        unusual[self.numbers] |= ~plain
        self.alone[self.rows(self.starts[unusual])] = True

    def rows(self, places: Index) -> Index:
        """The rows that bytes belong to."""
        found: Index = self.offsets[1:].searchsorted(places, "right")
        return found

    def shapes(self, data: Bytes) -> pa.Array:
        """Each document with one byte for each value."""
        depth = np.zeros(len(data) + 1, np.int8)
        depth[self.starts + 1] = 1
        depth[self.ends] -= 1
        kept = depth[:-1].cumsum(dtype=np.int8) == 0
        marked = data.copy()
        marked[self.starts] = np.where(self.numbers, NUMBER, STRING)
        left_out = np.concatenate([[0], np.cumsum(self.ends - self.starts - 1)])
        offsets = self.offsets - left_out[self.starts.searchsorted(self.offsets)]
        return pa.Array.from_buffers(TEXT, len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(marked[kept])])


def _gathered(data: Bytes, starts: Index, ends: Index) -> pa.Array:
    lengths = ends - starts
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    bytes_ = data[np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])]
    return pa.Array.from_buffers(TEXT, len(starts), [None, pa.py_buffer(offsets), pa.py_buffer(bytes_)])


def _before_colon(data: Bytes, ends: Index) -> Mask:
    """Which strings are keys."""
    last = len(data) - 1
    after = np.minimum(ends + 1, last)
    while len(blank := np.flatnonzero(_BLANK[data[after]] & (after < last))):
        after[blank] += 1
    found: Mask = data[after] == COLON
    return found


def _marked(text: str) -> tuple[str, int]:
    """A shape with a mark of its own for each value, and how many there are; too many where it cannot be marked."""
    if _BEGIN in text or _DIGITS in text:
        return text, MOST + 1
    pieces = re.split("([\x01\x02])", text)
    for number, at in enumerate(range(1, len(pieces), 2)):
        pieces[at] = f'"{_BEGIN}{number:03d}{_END}"' if pieces[at] == "\x01" else f"{_DIGITS}{number:03d}9"
    return "".join(pieces), len(pieces) // 2


def shapes_of(texts: pa.Array) -> tuple[list[Shape], Index]:
    """Documents by their shape, and the rows that have to be looked at one by one."""
    everything = np.arange(len(texts))
    offsets, data = layout_of(texts)
    quotes = quotes_of(data)
    if not len(data) or (np.diff(quotes.searchsorted(offsets)) & 1).any():
        return [], everything
    tokens = _Tokens(offsets, data, quotes)
    encoded = tokens.shapes(data).dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    codes[tokens.alone] = len(encoded.dictionary)
    order = codes.argsort(kind="stable")
    bounds = codes[order].searchsorted(np.arange(len(encoded.dictionary) + 2))
    firsts = tokens.starts.searchsorted(offsets[:-1])
    found, rest = [], [order[bounds[-2] :]]
    for code, text in enumerate(encoded.dictionary.to_pylist()):  # over shapes
        rows = order[bounds[code] : bounds[code + 1]]
        marked, count = _marked(text) if len(rows) >= FEW else ("", MOST + 1)
        if count > MOST:
            rest.append(rows)
            continue
        found.append(Shape(marked, rows, [tokens.texts.take(pa.array(firsts[rows] + number)) for number in range(count)]))
    return found, np.sort(np.concatenate(rest))


def check(texts: pa.Array, check_one: Callable[[str], None]) -> None:
    """Raise what `check_one` raises for the first document that it refuses."""
    for start in range(0, len(texts), ROWS):
        part = texts.slice(start, ROWS)
        shapes, rest = shapes_of(part)
        for shape in shapes:
            try:
                check_one(shape.text)
            except DatabaseError:
                rest = np.sort(np.concatenate([rest, shape.rows]))
        for text in part.take(pa.array(rest)).to_pylist():  # documents unlike most others
            check_one(text)


def changed(texts: pa.Array, change: Change) -> tuple[pa.Array, Mask | None]:
    """What `change` makes of each document, and which of that is not NULL. It must leave strings and numbers as they are, wherever it moves them."""
    found = [_changed(texts.slice(start, ROWS), change) for start in range(0, len(texts), ROWS)]
    made = pa.concat_arrays(found) if found else pa.array([], TEXT)
    if not made.null_count:
        return made, None
    return made.fill_null(""), made.is_valid().to_numpy(zero_copy_only=False)


def _changed(texts: pa.Array, change: Change) -> pa.Array:
    known, rest = _for_shapes(texts, change)
    made = [_filled(shape, text) for shape, text in known]
    places = [shape.rows for shape, _ in known]
    if len(rest):
        made.append(pa.array([change(text) for text in texts.take(pa.array(rest)).to_pylist()], TEXT))  # documents unlike most others
        places.append(rest)
    return _in_order(made, places, len(texts))


def _for_shapes(texts: pa.Array, make: Callable[[str], T]) -> tuple[list[tuple[Shape, T]], Index]:
    """What `make` gives for each shape, and the documents it is to be asked for one by one: those unlike most others, or whose shape it fails for."""
    shapes, rest = shapes_of(texts)
    known = []
    for shape in shapes:
        try:
            known.append((shape, make(shape.text)))
        except DatabaseError:
            rest = np.sort(np.concatenate([rest, shape.rows]))
    return known, rest


def _in_order(parts: list[pa.Array], places: list[Index], n: int) -> pa.Array:
    order = np.empty(n, np.int64)
    order[np.concatenate(places)] = np.arange(n)
    return pa.concat_arrays(parts).take(pa.array(order))


def expanded(texts: pa.Array, expand: Expand, columns: int) -> tuple[list[tuple[pa.Array, Mask | None]], Index]:
    """The rows that `expand` makes of each document, by columns, and how many they are; it must leave strings and numbers as they are, too."""
    parts = [_expanded(texts.slice(start, ROWS), expand, columns) for start in range(0, len(texts), ROWS)]
    counts = np.concatenate([part[1] for part in parts]) if parts else np.zeros(0, np.int64)
    made = []
    for number in range(columns):
        column = pa.concat_arrays([part[0][number] for part in parts]) if parts else pa.array([], TEXT)
        made.append((column.fill_null(""), column.is_valid().to_numpy(zero_copy_only=False)) if column.null_count else (column, None))
    return made, counts


def _expanded(texts: pa.Array, expand: Expand, columns: int) -> tuple[list[pa.Array], Index]:
    known, rest = _for_shapes(texts, expand)
    counts = np.zeros(len(texts), np.int64)
    for shape, rows in known:
        counts[shape.rows] = len(rows)
    alone = [expand(text) for text in texts.take(pa.array(rest)).to_pylist()]  # documents unlike most others
    counts[rest] = [len(rows) for rows in alone]
    firsts = np.cumsum(counts) - counts
    places = [firsts[shape.rows] + number for shape, rows in known for number in range(len(rows))]
    places.append(np.repeat(firsts[rest], counts[rest]) + _numbered(counts[rest]))
    made = []
    for number in range(columns):
        parts = [_filled(shape, row[number]) for shape, rows in known for row in rows]
        parts.append(pa.array([row[number] for rows in alone for row in rows], TEXT))
        made.append(_in_order(parts, places, int(counts.sum())))
    return made, counts


def _filled(shape: Shape, text: str | None) -> pa.Array:
    return pa.nulls(len(shape.rows), TEXT) if text is None else shape.filled(text)


def _numbered(counts: Index) -> Index:
    """The numbers from 0 to before each count."""
    found: Index = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return found
