"""Request: an endpoint request's typed rows, as an Arrow table (arg0, arg1, ...) or rendered as text/csv when first used."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import cast

import numpy as np
import pyarrow as pa

from auroraml.batch import ListVector, NumericVector, TextVector, Vector, offsets_of
from auroraml.errors import DataException
from auroraml.lazy import compute as pc
from auroraml.records import dataclass
from auroraml.settings import Settings
from auroraml.settings.batches import AURORAML_REQUEST_QUOTING, AURORAML_REQUEST_TEXT
from auroraml.types.arrow import to_arrow
from auroraml.types.form import DEFAULT_STYLE, TextStyle
from auroraml.types.pg_type import PgType, Rep
from auroraml.types.table import BPCHAR
from auroraml.types.text import text_out

MAY_NEED_QUOTES = frozenset({Rep.TEXT, Rep.BYTES, Rep.STRUCT, Rep.POINT, Rep.INTERVAL, Rep.TIMESTAMP, Rep.DATE})
_WIDEST = {
    Rep.BOOL: 6, Rep.INT2: 7, Rep.INT4: 12, Rep.INT8: 21, Rep.OID: 11, Rep.FLOAT4: 16, Rep.FLOAT8: 26, Rep.DATE: 20,
    Rep.TIME: 16, Rep.TIMESTAMP: 40,
}  # fmt: skip
NUMERIC_DIGITS = 24  # of an int64, its sign, its point, a zero before it
BYTES_A_BYTE = {Rep.BYTES: 5}  # bytea as \\ooo, or uuid; a text's bytes are at most doubled


@dataclass(frozen=True, kw_only=True)
class Argument:
    """One model input: its type and its values."""

    type: PgType
    vector: Vector


_NEWLINE = 10
SEGMENT = 1_048_576  # bytes of text/csv rendered ahead, about


@dataclass(frozen=True, kw_only=True)
class Form:
    """How values become fields: quoted as COPY does where that is needed, or never; as COPY writes them, or as a cast to text does."""

    quoting: bool = True
    as_cast: bool = False

    @staticmethod
    def of(settings: Settings) -> Form:
        """As the session's settings have it."""
        quoting, text = settings[AURORAML_REQUEST_QUOTING], settings[AURORAML_REQUEST_TEXT]
        return FORMS[quoting == "minimal", text == "cast"]


FORMS = {(quoting, as_cast): Form(quoting=quoting, as_cast=as_cast) for quoting in (False, True) for as_cast in (False, True)}
DEFAULT_FORM = FORMS[True, False]


class Request:
    """`n` rows of model inputs. NULL is sent as an empty field, an empty string as "" (unless `form` quotes nothing).

    A slice leaves the conversion to the request it was cut from, which converts many slices' rows at once.
    """

    _whole: Request | None = None  # of a slice
    _start = 0
    _segment: tuple[int, pa.Array] | None = None  # rendered ahead: the lines from this row on

    def __init__(self, arguments: Sequence[Argument], n: int, style: TextStyle = DEFAULT_STYLE, form: Form = DEFAULT_FORM) -> None:
        self._arguments = arguments
        self.n = n
        self.style = style
        self.form = form

    @property
    def arguments(self) -> Sequence[Argument]:
        """The inputs, one by one."""
        if self._whole is None:
            return self._arguments
        stop = self._start + self.n
        return [Argument(type=a.type, vector=a.vector.slice(self._start, stop)) for a in self._whole.arguments]

    @property
    def table(self) -> pa.Table:
        """The rows as Arrow columns arg0, arg1, ...; fixed-width and text columns are not copied."""
        whole = self._whole
        return self._table if whole is None or not whole.even else whole._table.slice(self._start, self.n)

    @cached_property
    def _table(self) -> pa.Table:
        arguments = self.arguments
        for argument in arguments:
            if isinstance(argument.vector.flat(), ListVector):
                check_dimensions(cast(ListVector, argument.vector.flat()))
        columns = [to_arrow(a.type, -1, a.vector.flat(), self.style.resolve) for a in arguments]
        return pa.Table.from_arrays(columns, names=[f"arg{i}" for i in range(len(columns))])

    @cached_property
    def lines(self) -> pa.Array:
        """The rows' text/csv lines, newline included."""
        if self._whole is not None and self._whole.even:
            return self._whole.lines_of(self._start, self._start + self.n)
        fields = [fields_of(a, self.style, self.form) for a in self.arguments]
        if not fields:  # an empty array after VARIADIC: rows without fields
            return pa.array(["\n"], pa.large_string()).take(pa.array(np.zeros(self.n, np.int64)))
        return ended(pc.binary_join_element_wise(*fields, pa.scalar("", pa.large_string()), pa.scalar(",", pa.large_string())))

    def lines_of(self, start: int, stop: int) -> pa.Array:
        """The lines from row `start` to before `stop`; those of the rows after them are rendered with them, as far as a megabyte goes."""
        segment = self._segment
        if segment is None or not segment[0] <= start <= stop <= segment[0] + len(segment[1]):
            ahead = min(self.n, start + max(stop - start, SEGMENT // self._row_bytes))
            lines = Request(
                [Argument(type=a.type, vector=a.vector.slice(start, ahead)) for a in self.arguments], ahead - start, self.style, self.form
            ).lines
            segment = self._segment = start, lines
        first, lines = segment
        return lines.slice(start - first, stop - start)

    @cached_property
    def body(self) -> bytes:
        """The whole request as text/csv, rows separated by newlines, none after the last."""
        return body_of(self.lines)

    @cached_property
    def even(self) -> bool:
        """Whether all rows may be converted together: no row is an array of a shape of its own, which has to be looked at when it is sent."""
        return not any(isinstance(flat := a.vector.flat(), ListVector) and flat.shapes is not None for a in self.arguments)

    @cached_property
    def _row_bytes(self) -> int:
        """About how many bytes a line has."""
        known = sum(_WIDEST.get(a.type.rep, 16) for a in self.arguments)
        texts = [flat for a in self.arguments if isinstance(flat := a.vector.flat(), TextVector)]
        return max(1, known + sum(int(flat.values.nbytes) for flat in texts) // max(self.n, 1))

    @cached_property
    def widest_row(self) -> int | None:
        """A bound on a line's bytes that costs little to know; None where only the line itself tells."""
        if self._whole is not None:
            return self._whole.widest_row
        widths = [widest_field(a.type, a.vector, self.style) for a in self.arguments]
        known = [w for w in widths if w is not None]
        return sum(known) if len(known) == len(widths) else None

    @property
    def widest(self) -> int | None:
        """A bound on the body's bytes, or None."""
        row = self.widest_row
        return None if row is None else row * self.n

    def slice(self, start: int, stop: int) -> Request:
        """The rows from `start` to before `stop`, without a copy."""
        part = Request((), stop - start, self.style, self.form)
        part._whole = self if self._whole is None else self._whole
        part._start = self._start + start
        return part


def body_of(lines: pa.Array) -> bytes:
    """Lines that end in a newline as one text, without the last newline."""
    if not len(lines):
        return b""
    offsets = offsets_of(lines)
    return bytes(memoryview(lines.buffers()[2])[int(offsets[0]) : int(offsets[-1]) - 1])


def ended(lines: pa.Array) -> pa.Array:
    """Lines that end in a comma, ending in a newline instead."""
    offsets = offsets_of(lines)
    data = np.array(np.frombuffer(lines.buffers()[2], np.uint8, int(offsets[-1])))
    data[offsets[1:] - 1] = _NEWLINE
    return pa.LargeStringArray.from_buffers(len(lines), lines.buffers()[1], pa.py_buffer(data), None, 0, lines.offset)


def widest_field(type: PgType, vector: Vector, style: TextStyle) -> int | None:
    """A bound on the bytes of one field and its comma: by type, by the longest text with all of it quoted, by the longest array."""
    flat = vector.flat()
    if type.rep in _WIDEST:
        return _WIDEST[type.rep]
    if isinstance(flat, NumericVector):
        return None if flat.scale is None else NUMERIC_DIGITS + flat.scale
    if isinstance(flat, TextVector):
        longest = int(np.diff(offsets_of(flat.values)).max(initial=0))
        return longest * BYTES_A_BYTE.get(type.rep, 2) + 3
    if isinstance(flat, ListVector):
        element = widest_field(style.resolve(type.element), flat.child, style)
        return None if element is None else max(1, int(np.diff(flat.offsets).max(initial=0)) * element)
    return None


def fields_of(argument: Argument, style: TextStyle, form: Form = DEFAULT_FORM) -> pa.Array:
    """One argument's fields as text: PostgreSQL's output text, quoted as COPY does where needed; arrays flattened to several fields."""
    vector = argument.vector.flat()
    if isinstance(vector, ListVector):
        return _array_fields(argument.type, vector, style, form)
    texts = text_out(argument.type, vector, style).flat()
    assert isinstance(texts, TextVector)
    values = as_cast(argument.type, texts.values) if form.as_cast else texts.values
    return quoted(values, texts.validity, argument.type.rep in MAY_NEED_QUOTES, form.quoting)


def as_cast(type: PgType, texts: pa.Array) -> pa.Array:
    """What a cast to text would give, where that is not the output: true and false, char(n) without its padding."""
    if type.rep is Rep.BOOL:
        return pc.if_else(pc.equal(texts, pa.scalar("t", texts.type)), pa.scalar("true", texts.type), pa.scalar("false", texts.type))
    return pc.utf8_rtrim(texts, " ") if type.oid == BPCHAR.oid else texts


def quoted(texts: pa.Array, validity: np.ndarray | None, may_need: bool, quoting: bool) -> pa.Array:
    """Texts as text/csv fields, NULL as an empty one."""
    if may_need and quoting:
        needs = pc.or_(pc.match_substring_regex(texts, '[",\r\n]'), pc.equal(texts, pa.scalar("", texts.type)))
        if pc.any(needs).as_py():
            doubled = pc.replace_substring(texts, '"', '""')
            mark = pa.scalar('"', texts.type)
            texts = pc.if_else(needs, pc.binary_join_element_wise(mark, doubled, mark, pa.scalar("", texts.type)), texts)
    if validity is None:
        return texts
    return pc.if_else(pa.array(validity), texts, pa.scalar("", texts.type))


def _array_fields(type: PgType, vector: ListVector, style: TextStyle, form: Form) -> pa.Array:
    check_dimensions(vector)
    element = style.resolve(type.element)
    start, stop = int(vector.offsets[0]), int(vector.offsets[-1])
    child = fields_of(Argument(type=element, vector=vector.child.slice(start, stop)), style, form)
    lists = pa.LargeListArray.from_arrays(pa.array(vector.offsets - start), child)
    joined = pc.binary_join(lists, pa.scalar(",", pa.large_string()))
    return joined if vector.validity is None else pc.if_else(pa.array(vector.validity), joined, pa.scalar("", pa.large_string()))


def check_dimensions(vector: ListVector) -> None:
    """Refuse arrays of several dimensions (22000)."""
    if vector.shapes is None:
        return
    bad = next((s for s, ok in zip(vector.shapes, vector.valid, strict=True) if ok and s is not None and len(s[0]) > 1), None)
    if bad is not None:
        shape = " by ".join(str(d) for d in bad[0])
        raise DataException("array arguments of invoke_endpoint must be one-dimensional", detail=f"An array of {shape} elements was passed.")
