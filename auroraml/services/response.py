"""Responses: text/csv answers split into one text a row, and a model's values turned into such texts."""

from __future__ import annotations

from functools import partial

import numpy as np
import pyarrow as pa

from auroraml.batch import FixedVector, RenderedVector, TextVector, Vector
from auroraml.dispatch import singledispatch
from auroraml.errors import CharacterNotInRepertoire
from auroraml.lazy import compute as pc
from auroraml.services.protocols import ModelFailure
from auroraml.services.request import body_of
from auroraml.types.arrow import from_arrow
from auroraml.types.pg_type import PgType
from auroraml.types.table import BOOL, FLOAT4, FLOAT8, INT2, INT4, INT8
from auroraml.types.text import text_out

_COMMA = pa.scalar(",", pa.large_string())
_EMPTY = pa.scalar("", pa.large_string())
_LINE_END = pa.scalar("\n", pa.large_string())
_NEWLINE = 10
FEW = 100  # rows: for less than that Python's own strings are quicker than arrays


def split_rows(body: bytes, n: int, *, items: bool = True) -> pa.Array:
    """N lines, one a row; or, where `items` are taken too, one line of N comma-separated items; whatever else comes back as it is, for the caller to count.

    A line that is one quoted field loses its quotes; other lines stay as they are, commas included. Line ends and commas within quotes divide
    nothing. A text cannot hold the byte zero (22021).
    """
    if b"\0" in body:
        body.decode("utf-8")  # what is no text at all is told as that
        raise CharacterNotInRepertoire('invalid byte sequence for encoding "UTF8": 0x00')
    plain = _plain_lines(body, n) if n > FEW else None
    if plain is not None:
        return plain
    text = body.decode("utf-8").removesuffix("\n")
    lines = divided(text, "\n", n)
    if "\r" in text:
        lines = [line.removesuffix("\r") for line in lines]
    if len(lines) == 1 and n > 1 and items:
        lines = divided(lines[0], ",", n)
    return pa.array([_unquoted(line) for line in lines], pa.large_string()) if '"' in text else pa.array(lines, pa.large_string())


def divided(text: str, mark: str, n: int) -> list[str]:
    """The parts between the marks; where they are not `n`, between those that do not stand within quotes."""
    parts = text.split(mark)
    if len(parts) == n or '"' not in text:
        return parts
    pieces = text.split('"')
    pieces[::2] = [piece.replace(mark, "\0") for piece in pieces[::2]]  # every other piece is outside of quotes
    return '"'.join(pieces).split("\0")


def _plain_lines(body: bytes, n: int) -> pa.Array | None:
    """The lines of an ASCII text that needs nothing but cutting at its newlines: their places give the offsets of an Arrow array."""
    if not body.isascii() or b'"' in body or b"\r" in body:
        return None
    data = np.frombuffer(body, np.uint8)
    lines = data == _NEWLINE
    ends = np.flatnonzero(lines)
    count = len(ends) + (not body.endswith(b"\n"))
    if not body or (count == 1 and n > 1):
        return None
    offsets = np.zeros(count + 1, np.int64)
    offsets[1 : len(ends) + 1] = ends
    offsets[-1] = len(body) if count > len(ends) else ends[-1]
    offsets[1:] -= np.arange(count)
    return pa.LargeStringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(data[~lines]))


def joined_lines(texts: pa.Array) -> bytes:
    """One text a line, without a newline after the last."""
    if len(texts) <= FEW:
        return "\n".join(texts.to_pylist()).encode()
    return body_of(pc.binary_join_element_wise(texts, _EMPTY, _LINE_END))


def _unquoted(line: str) -> str:
    if len(line) > 1 and line[0] == line[-1] == '"':
        inner = line[1:-1].replace('""', "\0")
        if '"' not in inner:
            return inner.replace("\0", '"')
    return line


def one_a_row(values: object, n: int) -> TextVector:
    """A model's answer as texts: an Arrow array, a numpy array (a row of several values: comma-joined) or any sequence of n values."""
    rows = _numbers(values) or TextVector(texts_of(values))
    if rows.n != n:
        raise ModelFailure(500, f"the model returned {rows.n} values for {n} rows")
    return rows


LOSSLESS = {  # by type id, which is quicker to look up than a type: their text says all of them
    pa.int16().id: INT2, pa.int32().id: INT4, pa.int64().id: INT8, pa.float32().id: FLOAT4, pa.float64().id: FLOAT8, pa.bool_().id: BOOL,
}  # fmt: skip


def _numbers(values: object) -> RenderedVector | None:
    """Numbers without NULL, to be written as text only when somebody reads it: most queries cast them back."""
    if isinstance(values, pa.Array):
        array = values
    elif isinstance(values, np.ndarray) and values.ndim == 1 and values.dtype.kind in "bif":
        array = pa.array(values)
    elif isinstance(values, pa.ChunkedArray) and values.num_chunks == 1:
        array = values.chunk(0)
    else:
        return None
    type = LOSSLESS.get(array.type.id)
    if type is None or array.null_count:
        return None
    return RenderedVector(FixedVector(array.to_numpy(zero_copy_only=False) if type is BOOL else np.from_dlpack(array)), type, _TEXTS[type.oid])


def _texts(type: PgType, vector: Vector) -> pa.Array:
    found = text_out(type, vector).flat()
    assert isinstance(found, TextVector)
    return found.values


_TEXTS = {type.oid: partial(_texts, type) for type in LOSSLESS.values()}


@singledispatch
def texts_of(values: object) -> pa.Array:
    """The texts of a model's values, as PostgreSQL would write them; NULL (None) is an empty text."""
    try:
        items = list(values)  # type: ignore[call-overload] # any sequence a model may return
    except TypeError as error:
        raise ModelFailure(500, f"the model returned {type(values).__name__}, which is not a sequence of values") from error
    if any(isinstance(item, list | tuple | np.ndarray) for item in items):  # several outputs a row
        return pa.array(
            [",".join(texts_of(item).to_pylist()) if isinstance(item, list | tuple | np.ndarray) else str(item) for item in items], pa.large_string()
        )
    try:
        return texts_of(pa.array(items))
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array(["" if item is None else str(item) for item in items], pa.large_string())


@texts_of.register
def _(values: pa.Array) -> pa.Array:
    if pa.types.is_large_string(values.type) or pa.types.is_string(values.type):
        texts = values.cast(pa.large_string())
    elif pa.types.is_struct(values.type):
        return _joined(values, [texts_of(field) for field in values.flatten()])
    elif pa.types.is_list(values.type) or pa.types.is_large_list(values.type) or pa.types.is_fixed_size_list(values.type):
        lists = values.cast(pa.large_list(values.type.value_type))
        offsets = pa.array(np.append(0, np.cumsum(pc.list_value_length(lists).fill_null(0).to_numpy())))
        return pc.binary_join(pa.LargeListArray.from_arrays(offsets, texts_of(lists.flatten())), _COMMA)
    else:
        type, _, vector = from_arrow(values)
        found = text_out(type, vector).flat()
        assert isinstance(found, TextVector)
        texts = found.to_arrow()
    return pc.coalesce(texts, _EMPTY) if texts.null_count else texts


def _joined(values: pa.Array, columns: list[pa.Array]) -> pa.Array:
    """Several outputs a row as one text, an empty one for NULL."""
    texts = pc.binary_join_element_wise(*columns, _COMMA)
    return pc.if_else(values.is_valid(), texts, _EMPTY) if values.null_count else texts


@texts_of.register
def _(values: pa.ChunkedArray) -> pa.Array:
    return texts_of(values.combine_chunks() if values.num_chunks != 1 else values.chunk(0))


@texts_of.register
def _(values: np.ndarray) -> pa.Array:
    if values.ndim == 1:
        return texts_of(pa.array(values)) if values.dtype != object else texts_of(values.tolist())
    if values.ndim == 2 and values.shape[1] == 1:
        return texts_of(np.ascontiguousarray(values[:, 0]))
    if values.ndim != 2:
        raise ModelFailure(500, f"the model returned an array of {values.ndim} dimensions")
    columns = [texts_of(np.ascontiguousarray(values[:, i])) for i in range(values.shape[1])]
    return pc.binary_join_element_wise(*columns, _COMMA)
