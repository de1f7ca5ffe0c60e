"""Arrays: braces, quoting, NULL, dimensions and bounds; int2vector and oidvector with spaces."""

from __future__ import annotations

import re
from dataclasses import field

import numpy as np
import pyarrow as pa

from auroraml.batch import Datum, ListVector, Vector, from_datums
from auroraml.errors import ArraySubscriptError, InvalidTextRepresentation, ProgramLimitExceeded
from auroraml.lazy import compute as pc
from auroraml.records import dataclass
from auroraml.types.form import REP_FORMS, TextForm, TextStyle, form_of, register, scatter
from auroraml.types.pg_type import PgArray, PgType, Rep
from auroraml.types.table import BY_NAME, TEXT

MAX_DIMENSIONS = 6
_SPACE = " \t\n\r\f\v"
_MUST_QUOTE = re.compile(r'["\\{},\s]', re.ASCII)
_PLAIN = r'^\{[^{}"\\\s\x0b]*\}$'
_BOUNDS = re.compile(r"\s*\[\s*([+-]?\d+)?(\s*:\s*([+-]?\d+))?\s*\]", re.ASCII)


def element_of(type: PgType, style: TextStyle) -> PgType:
    """The element type; text for the pseudo-type anyarray, whose values carry none."""
    return style.resolve(type.element) if type.element else TEXT


class ArrayForm(TextForm):
    """{1,2,NULL}, {{1,2},{3,4}}, [0:1]={1,2}; elements quoted where they must be."""

    def datum_out(self, type: PgType, datum: Datum, style: TextStyle) -> str:
        assert isinstance(datum, PgArray)
        element = element_of(type, style)
        form = form_of(element)
        texts = ["NULL" if d is None else quoted_element(form.datum_out(element, d, style)) for d in datum.elements]
        return braced(texts, datum.dims, datum.lower)

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        element = element_of(type, style)
        form = form_of(element)
        read = read_array(text)
        elements = tuple(None if item is None else form.datum_in(element, typmod, item, style) for item in read.items)
        return PgArray(elements, tuple(read.dims), tuple(read.lower))

    def vector_out(self, type: PgType, vector: Vector, style: TextStyle) -> pa.Array:
        assert isinstance(vector, ListVector)
        element = element_of(type, style)
        start, stop = int(vector.offsets[0]), int(vector.offsets[-1])
        child = vector.child.slice(start, stop)
        known = child.valid.tolist()
        texts = [
            quoted_element(text) if ok else "NULL"
            for text, ok in zip(form_of(element).vector_out(element, child.flat(), style).to_pylist(), known, strict=True)
        ]
        offsets = (vector.offsets - start).tolist()
        out = []
        # per value: each array is assembled on its own
        for row in range(vector.n):
            items = texts[offsets[row] : offsets[row + 1]]
            shape = None if vector.shapes is None else vector.shapes[row]
            out.append("{" + ",".join(items) + "}" if shape is None else braced(items, *shape))
        return pa.array(out, pa.large_string())

    def vector_in(self, type: PgType, typmod: int, texts: pa.Array, style: TextStyle) -> Vector:
        element = element_of(type, style)
        plain = _plain_in(element, typmod, texts, style)
        if plain is not None:
            return plain
        # per value: a grammar with nesting; the elements of all arrays are then read as one vector
        reads = [read_array(text) for text in texts.to_pylist()]
        items = [item for read in reads for item in read.items]
        valid = np.fromiter((item is not None for item in items), np.bool_, len(items))
        known = pa.array([item for item in items if item is not None], pa.large_string())
        if len(known):
            child = scatter(form_of(element).vector_in(element, typmod, known, style), None if valid.all() else valid)
        else:
            inner = element_of(element, style) if element.rep is Rep.LIST else None
            child = from_datums(element, [None] * len(items), inner)
        offsets = np.zeros(len(reads) + 1, np.int64)
        np.cumsum([len(read.items) for read in reads], out=offsets[1:])
        shapes = None
        if any(read.dims and read.lower != [1] for read in reads):
            shapes = np.empty(len(reads), object)
            shapes[:] = [None if read.lower == [1] else (tuple(read.dims), tuple(read.lower)) for read in reads]
        return ListVector(offsets, child, None, shapes)


def _plain_in(element: PgType, typmod: int, texts: pa.Array, style: TextStyle) -> ListVector | None:
    """One-dimensional arrays without quotes or spaces, split columnwise; None where a text has more to it."""
    if len(texts) == 0 or not pc.all(pc.match_substring_regex(texts, _PLAIN)).as_py():
        return None
    inner = pc.utf8_slice_codeunits(texts, 1, stop=-1)
    empty = pc.equal(inner, "").to_numpy(zero_copy_only=False)
    lists = pc.split_pattern(inner.filter(pa.array(~empty)), ",")
    items = lists.flatten()
    null = pc.equal(pc.utf8_upper(items), "NULL").to_numpy(zero_copy_only=False)
    known = items.filter(pa.array(~null)) if null.any() else items
    if len(known) == 0 or pc.any(pc.equal(known, "")).as_py():
        return None
    child = scatter(form_of(element).vector_in(element, typmod, known, style), ~null if null.any() else None)
    lengths = np.zeros(len(texts), np.int64)
    lengths[~empty] = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
    offsets = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return ListVector(offsets, child)


class NumberListForm(TextForm):
    """int2vector and oidvector: numbers between spaces, counted from 0."""

    def datum_out(self, type: PgType, datum: Datum, style: TextStyle) -> str:
        assert isinstance(datum, PgArray)
        return " ".join(str(element) for element in datum.elements)

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        element = element_of(type, style)
        elements = tuple(form_of(element).datum_in(element, -1, part, style) for part in text.split())
        return PgArray(elements, (len(elements),), (0,))


def quoted_element(text: str) -> str:
    """The text as an array shows it: in double quotes if empty, NULL, or holding a special character."""
    if text and text.upper() != "NULL" and _MUST_QUOTE.search(text) is None:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def braced(texts: list[str], dims: tuple[int, ...], lower: tuple[int, ...]) -> str:
    """The element texts nested in braces, with bounds before them where a lower bound is not 1."""
    if not dims:
        return "{}"
    bounds = ""
    if any(low != 1 for low in lower):
        bounds = "".join(f"[{low}:{low + dim - 1}]" for dim, low in zip(dims, lower, strict=True)) + "="
    parts = texts
    for dim in reversed(dims):
        parts = ["{" + ",".join(parts[i : i + dim]) + "}" for i in range(0, len(parts), dim)]
    return bounds + parts[0]


@dataclass(kw_only=True)
class _Read:
    """An array literal read: element texts (None is NULL) in row-major order."""

    items: list[str | None] = field(default_factory=list)
    dims: list[int] = field(default_factory=list)
    lower: list[int] = field(default_factory=list)


def read_array(text: str) -> _Read:
    """Split an array literal; raises 'malformed array literal' with PostgreSQL's DETAIL."""
    rest, dims, lower = _read_bounds(text)
    if not rest.startswith("{"):
        raise malformed(text, 'Array value must start with "{" or dimension information.')
    reader = _Reader(text, rest)
    reader.read()
    found = reader.shape()
    if dims and found != dims:
        raise malformed(text, "Specified array dimensions do not match array contents.")
    if not reader.items:
        return _Read()
    return _Read(items=reader.items, dims=found, lower=lower or [1] * len(found))


def malformed(text: str, detail: str) -> InvalidTextRepresentation:
    """PostgreSQL's error for a text that is no array."""
    return InvalidTextRepresentation(f'malformed array literal: "{text.lstrip(_SPACE)}"', detail=detail)


def _read_bounds(text: str) -> tuple[str, list[int], list[int]]:
    dims: list[int] = []
    lower: list[int] = []
    rest = text.lstrip(_SPACE)
    while rest.startswith("["):
        match = _BOUNDS.match(rest)
        if match is None or match[1] is None:
            raise malformed(text, _bad_bounds(rest))
        if len(dims) >= MAX_DIMENSIONS:
            raise ProgramLimitExceeded(f"number of array dimensions ({len(dims) + 1}) exceeds the maximum allowed ({MAX_DIMENSIONS})")
        low, high = (int(match[1]), int(match[3])) if match[3] is not None else (1, int(match[1]))
        if high < low:
            raise ArraySubscriptError("upper bound cannot be less than lower bound")
        dims.append(high - low + 1)
        lower.append(low)
        rest = rest[match.end() :].lstrip(_SPACE)
    if dims:
        if not rest.startswith("="):
            raise malformed(text, 'Missing "=" after array dimensions.')
        rest = rest[1:].lstrip(_SPACE)
        if not rest.startswith("{"):
            raise malformed(text, 'Array contents must start with "{".')
    return rest, dims, lower


def _bad_bounds(rest: str) -> str:
    if re.match(r"\[\s*[+-]?\d+\s*:\s*(?![+-]?\d)", rest):
        return "Missing array dimension value."
    if re.match(r"\[\s*[+-]?\d", rest):
        return 'Missing "]" after array dimensions.'
    return '"[" must introduce explicitly-specified array dimensions.'


class _Reader:
    """Reads braces, delimiters and elements, and the count of members at each depth."""

    def __init__(self, text: str, rest: str) -> None:
        self.text = text
        self.rest = rest
        self.at = 0
        self.items: list[str | None] = []
        self.sizes: list[int] = []  # members at each depth, -1 not yet known
        self.leaf_depth = 0

    def fail(self, detail: str) -> InvalidTextRepresentation:
        return malformed(self.text, detail)

    def space(self) -> str:
        """Skip spaces; the character then at hand, or an error at the end."""
        while self.at < len(self.rest) and self.rest[self.at] in _SPACE:
            self.at += 1
        if self.at >= len(self.rest):
            raise self.fail("Unexpected end of input.")
        return self.rest[self.at]

    def read(self) -> None:
        """Read the whole literal."""
        self.group(0)
        if self.rest[self.at :].strip(_SPACE):
            raise self.fail("Junk after closing right brace.")

    def group(self, depth: int) -> None:
        """A braced list: of elements, or of groups."""
        if depth >= MAX_DIMENSIONS:
            raise ProgramLimitExceeded(f"number of array dimensions ({depth + 1}) exceeds the maximum allowed ({MAX_DIMENSIONS})")
        if len(self.sizes) == depth:
            self.sizes.append(-1)
        self.at += 1
        count = 0
        groups = False
        if self.space() == "}":
            if depth:
                raise self.fail('Unexpected "}" character.')
            self.at += 1
        else:
            while True:
                groups = self.member(depth, count > 0, groups)
                count += 1
                char = self.space()
                self.at += 1
                if char == "}":
                    break
                if char != ",":
                    raise self.fail('Unexpected "{" character.' if char == "{" else "Unexpected array element.")
        if self.sizes[depth] not in (-1, count):
            raise self.fail("Multidimensional arrays must have sub-arrays with matching dimensions.")
        self.sizes[depth] = count

    def member(self, depth: int, later: bool, groups: bool) -> bool:
        """Read one member; whether it is a group. `groups` says what the members before it (if `later`) were."""
        char = self.space()
        if char == "{":
            if later and not groups:
                raise self.fail('Unexpected "{" character.')
            self.group(depth + 1)
            return True
        if char in ",}":
            raise self.fail(f'Unexpected "{char}" character.')
        if later and groups:
            raise self.fail("Unexpected array element.")
        item = self.element()
        if self.leaf_depth not in (0, depth + 1):
            raise self.fail("Multidimensional arrays must have sub-arrays with matching dimensions.")
        self.leaf_depth = depth + 1
        self.items.append(item)
        return False

    def element(self) -> str | None:
        """An element's text, None for an unquoted NULL; stops before the delimiter."""
        out: list[str] = []
        quoted, kept, closed, rest = False, 0, False, self.rest  # kept: trailing spaces up to here were quoted or escaped
        while True:
            if self.at >= len(rest):
                raise self.fail("Unexpected end of input.")
            char = rest[self.at]
            if char == "\\":
                if self.at + 1 >= len(rest):
                    raise self.fail("Unexpected end of input.")
                out.append(rest[self.at + 1])
                self.at += 2
                quoted, kept = True, len(out)
            elif char == '"':
                if out and not quoted:
                    raise self.fail("Unexpected array element.")
                self.at += 1
                self.quoted_part(out)
                quoted, kept, closed = True, len(out), True
            elif char in ",}":
                break
            elif char == "{":
                raise self.fail('Unexpected "{" character.')
            else:
                if closed and char not in _SPACE:
                    raise self.fail("Unexpected array element.")
                out.append(char)
                self.at += 1
        while len(out) > kept and out[-1] in _SPACE:
            out.pop()
        text = "".join(out)
        return None if not quoted and text.upper() == "NULL" else text

    def quoted_part(self, out: list[str]) -> None:
        """The characters up to the closing quote, onto `out`."""
        rest = self.rest
        while self.at < len(rest) and rest[self.at] != '"':
            if rest[self.at] == "\\":
                self.at += 1
                if self.at >= len(rest):
                    break
            out.append(rest[self.at])
            self.at += 1
        if self.at >= len(rest):
            raise self.fail("Unexpected end of input.")
        self.at += 1

    def shape(self) -> list[int]:
        """The dimensions found; none if any is empty."""
        return [] if not self.items else [size for size in self.sizes if size >= 0]


REP_FORMS[Rep.LIST] = ArrayForm()
register(NumberListForm(), BY_NAME["int2vector"], BY_NAME["oidvector"])
