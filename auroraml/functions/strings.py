"""String functions: Arrow kernels where the other arguments are constants, Python strings row by row where they vary."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from itertools import repeat as forever
from typing import Any

import numpy as np
import pyarrow as pa

from auroraml.batch import ConstVector, FixedVector, TextVector, Vector, layout_of
from auroraml.errors import (
    FeatureNotSupported,
    InvalidParameterValue,
    NumericValueOutOfRange,
    ProgramLimitExceeded,
    SubstringError,
)
from auroraml.errors import (
    SyntaxError as SqlSyntaxError,
)
from auroraml.functions.signature import CallContext, Types, scalar
from auroraml.lazy import compute as pc
from auroraml.types.pg_type import PgType
from auroraml.types.text import text_out

Text = Any  # pa.Array or pa.Scalar
LARGE = pa.large_string()
LONGEST_PADDED = (0x3FFFFFFF - 4) // 4  # characters of up to four bytes each
LONGEST_REPEATED = 1_073_741_819
MANY, NARROW, LONG = 1_024, 8, 64  # texts of which parts up to so wide are made a byte at a time, unless they are longer than this on average


def values_of(*args: Text) -> list[list[Any]] | None:
    """The arguments as columns of Python values, constants repeated; None where all are constants."""
    lengths = [len(arg) for arg in args if not isinstance(arg, pa.Scalar)]
    if not lengths:
        return None
    return [list(forever(arg.as_py(), lengths[0])) if isinstance(arg, pa.Scalar) else arg.to_pylist() for arg in args]


def each(compute: Callable[..., Any], type: pa.DataType, *args: Text) -> Text:
    """`compute` row by row: for functions that no array library has, or arguments that vary."""
    columns = values_of(*args)
    if columns is None:
        return pa.array([compute(*[arg.as_py() for arg in args])], type)
    return pa.array([compute(*row) for row in zip(*columns, strict=True)], type)


def constant(*args: Text) -> bool:
    """Whether all of `args` are constants."""
    return all(isinstance(arg, pa.Scalar) for arg in args)


@scalar("textcat(text,text)", "byteacat(bytea,bytea)", face="arrow", raises=False)
def concatenate(a: Text, b: Text) -> Text:
    """a || b."""
    empty = pa.scalar("", LARGE) if pa.types.is_large_string(a.type) else pa.scalar(b"", pa.large_binary())
    return pc.binary_join_element_wise(a, b, empty)


@scalar("upper(text)", face="arrow", raises=False)
def upper(text: Text) -> Text:
    """In upper case, letters of ASCII only, as in the C locale."""
    return pc.ascii_upper(text)


@scalar("lower(text)", face="arrow", raises=False)
def lower(text: Text) -> Text:
    """In lower case, letters of ASCII only, as in the C locale."""
    return pc.ascii_lower(text)


def _initcap(text: str) -> str:
    out, inside = [], False
    for char in text:
        out.append(char.lower() if inside and char.isascii() else char.upper() if char.isascii() else char)
        inside = char.isascii() and char.isalnum()
    return "".join(out)


def _words_capitalized(texts: pa.Array) -> pa.Array:
    """Bytes are enough: letters beyond ASCII stay as they are, and end words."""
    offsets, data = layout_of(texts)
    lower, upper = (data >= 97) & (data <= 122), (data >= 65) & (data <= 90)
    word = lower | upper | ((data >= 48) & (data <= 57))
    first = np.ones(len(data) + 1, np.bool_)
    first[1:-1] = ~word[:-1]
    first[offsets] = True
    first = first[:-1]
    made = data - ((lower & first) * np.uint8(32)) + ((upper & ~first) * np.uint8(32))
    found = pa.Array.from_buffers(LARGE, len(texts), [None, pa.py_buffer(offsets.astype(np.int64)), pa.py_buffer(made)])
    return pc.if_else(texts.is_valid(), found, None) if texts.null_count else found


@scalar("initcap(text)", face="arrow", raises=False)
def initcap(text: Text) -> Text:
    """The first letter of each word in upper case, the others in lower."""
    return each(_initcap, LARGE, text) if constant(text) else _words_capitalized(text)


@scalar("length(text)", "char_length(text)", "character_length(text)", "textlen(text)", face="arrow", raises=False)
def length(text: Text) -> Text:
    """Characters."""
    return pc.utf8_length(text).cast(pa.int32())


@scalar("length(bpchar)", "char_length(bpchar)", "character_length(bpchar)", face="arrow", raises=False)
def length_blank(text: Text) -> Text:
    """Characters without trailing blanks."""
    return pc.utf8_length(pc.utf8_rtrim(text, " ")).cast(pa.int32())


@scalar("octet_length(text)", "octet_length(bpchar)", "length(bytea)", "octet_length(bytea)", face="arrow", raises=False)
def octets(text: Text) -> Text:
    """Bytes."""
    return pc.binary_length(text).cast(pa.int32())


@scalar("bit_length(text)", "bit_length(bytea)", face="arrow", raises=False)
def bits(text: Text) -> Text:
    """Bits."""
    return pc.multiply(pc.binary_length(text).cast(pa.int32()), pa.scalar(8, pa.int32()))


def _trimmed(kernel: Callable[..., Text], strip: Callable[[str, str], str], text: Text, characters: Text) -> Text:
    if constant(characters):
        return kernel(text, characters.as_py()) if characters.as_py() else text
    return each(lambda t, c: strip(t, c) if c else t, LARGE, text, characters)


_BLANK = pa.scalar(" ", LARGE)


@scalar("btrim(text)", face="arrow", raises=False)
def trim(text: Text) -> Text:
    """Without blanks at both ends."""
    return pc.utf8_trim(text, " ")


@scalar("btrim(text,text)", face="arrow", raises=False)
def trim_characters(text: Text, characters: Text) -> Text:
    """Without any of `characters` at both ends."""
    return _trimmed(pc.utf8_trim, str.strip, text, characters)


@scalar("ltrim(text)", face="arrow", raises=False)
def trim_left(text: Text) -> Text:
    """Without blanks at the start."""
    return pc.utf8_ltrim(text, " ")


@scalar("ltrim(text,text)", face="arrow", raises=False)
def trim_left_characters(text: Text, characters: Text) -> Text:
    """Without any of `characters` at the start."""
    return _trimmed(pc.utf8_ltrim, str.lstrip, text, characters)


@scalar("rtrim(text)", face="arrow", raises=False)
def trim_right(text: Text) -> Text:
    """Without blanks at the end."""
    return pc.utf8_rtrim(text, " ")


@scalar("rtrim(text,text)", face="arrow", raises=False)
def trim_right_characters(text: Text, characters: Text) -> Text:
    """Without any of `characters` at the end."""
    return _trimmed(pc.utf8_rtrim, str.rstrip, text, characters)


@scalar("replace(text,text,text)", face="arrow", raises=False)
def replace(text: Text, old: Text, new: Text) -> Text:
    """Every `old` replaced."""
    if constant(old, new):
        return pc.replace_substring(text, old.as_py(), new.as_py()) if old.as_py() else text
    return each(lambda t, o, n: t.replace(o, n) if o else t, LARGE, text, old, new)


def _translated(text: str, source: str, target: str) -> str:
    table: dict[int, str | None] = {}
    for place, char in enumerate(source):
        table.setdefault(ord(char), target[place] if place < len(target) else None)
    return text.translate(table)


@scalar("translate(text,text,text)", face="arrow", raises=False)
def translate(text: Text, source: Text, target: Text) -> Text:
    """Characters of `source` replaced by those of `target` at the same places, or removed."""
    return each(_translated, LARGE, text, source, target)


def _repeated(text: str, times: int) -> str:
    if times > 0 and len(text.encode()) * times > LONGEST_REPEATED:
        raise ProgramLimitExceeded("requested length too large")
    return text * max(times, 0)


@scalar("repeat(text,int4)", face="arrow")
def repeat(text: Text, times: Text) -> Text:
    """The text `times` times."""
    if not constant(text, times):
        most = pc.max(times).as_py() if isinstance(times, pa.Array) else times.as_py()
        longest = pc.max(pc.binary_length(text)).as_py() if isinstance(text, pa.Array) else len(text.as_py().encode())
        if (most or 0) * (longest or 0) <= LONGEST_REPEATED:
            return pc.binary_repeat(text, pc.max_element_wise(times, pa.scalar(0, pa.int32())))
    return each(_repeated, LARGE, text, times)


@scalar("reverse(text)", face="arrow", raises=False)
def reverse(text: Text) -> Text:
    """Backwards."""
    return pc.utf8_reverse(text)


def _part(text: Text, start: int, stop: int | None) -> Text:
    if stop is not None and start < stop <= start + NARROW and isinstance(text, pa.Array) and len(text) >= MANY:
        part = _even_part(text, start, stop)
        if part is not None:
            return part
    return pc.utf8_slice_codeunits(text, start, stop)


def _even_part(texts: pa.Array, start: int, stop: int) -> pa.Array | None:
    """The same characters of many texts, a column of bytes at a time; None where a text has fewer, or a character of several bytes."""
    n, width = len(texts), stop - start
    offsets, data = layout_of(texts)
    shortest = int((offsets[1:] - offsets[:-1]).min())
    if shortest < stop or len(data) > n * LONG or texts.null_count or int(data.max()) > 127:
        return None
    found = np.empty((n, width), np.uint8)
    rows = data.reshape(n, shortest) if shortest * n == len(data) else None  # all are as long
    for i in range(start, stop):
        found[:, i - start] = data.take(offsets[:-1] + i, mode="clip") if rows is None else rows[:, i]
    return pa.Array.from_buffers(LARGE, n, [None, pa.py_buffer(np.arange(0, n * width + 1, width)), pa.py_buffer(found)])


@scalar("left(text,int4)", face="arrow", raises=False)
def left(text: Text, n: Text) -> Text:
    """The first n characters; all but the last -n when negative."""
    if constant(n):
        return _part(text, 0, n.as_py())
    return each(lambda t, k: t[:k] if k >= 0 else t[: max(len(t) + k, 0)], LARGE, text, n)


@scalar("right(text,int4)", face="arrow", raises=False)
def right(text: Text, n: Text) -> Text:
    """The last n characters; all but the first -n when negative."""
    if constant(n) and n.as_py():
        return _part(text, -n.as_py(), None)
    return each(lambda t, k: t[max(len(t) - k, 0) :] if k >= 0 else t[-k:], LARGE, text, n)


@scalar("substr(text,int4)", "substring(text,int4)", face="arrow", raises=False)
def substring_from(text: Text, start: Text) -> Text:
    """From a position (from 1) on."""
    if constant(start):
        return _part(text, max(start.as_py() - 1, 0), None)
    return each(lambda t, s: t[max(s - 1, 0) :], LARGE, text, start)


def _span(start: int, count: int) -> tuple[int, int]:
    if count < 0:
        raise SubstringError("negative substring length not allowed")
    return max(start - 1, 0), max(start - 1 + count, 0)


@scalar("substr(text,int4,int4)", "substring(text,int4,int4)", face="arrow")
def substring(text: Text, start: Text, count: Text) -> Text:
    """`count` characters from a position."""
    if constant(start, count):
        return _part(text, *_span(start.as_py(), count.as_py()))
    return each(lambda t, s, c: t[slice(*_span(s, c))], LARGE, text, start, count)


def _places(texts: pa.Array, part: str) -> pa.Array:
    found = pc.find_substring(texts, part).to_numpy(zero_copy_only=False)
    offsets, data = layout_of(texts)
    if len(data) and int(data.max()) > 127:  # Arrow counts bytes, PostgreSQL characters
        before = np.concatenate(([0], np.cumsum((data & 0xC0) != 0x80)))
        starts = offsets[:-1]
        found = np.where(found > 0, before[starts + np.maximum(found, 0)] - before[starts], found)
    return pa.array((found + 1).astype(np.int32))


@scalar("strpos(text,text)", "position(text,text)", face="arrow", raises=False)
def position(text: Text, part: Text) -> Text:
    """Where `part` begins, 0 where it does not occur."""
    if constant(part) and not constant(text) and part.as_py() and not text.null_count:
        return _places(text, part.as_py())
    return each(lambda t, p: t.find(p) + 1, pa.int32(), text, part)


@scalar("starts_with(text,text)", face="arrow", raises=False)
def starts_with(text: Text, prefix: Text) -> Text:
    """Whether the text begins with the prefix."""
    return pc.starts_with(text, prefix.as_py()) if constant(prefix) else each(str.startswith, pa.bool_(), text, prefix)


def _field(text: str, delimiter: str, field: int) -> str:
    if field == 0:
        raise InvalidParameterValue("field position must not be zero")
    parts = text.split(delimiter) if delimiter else [text]
    place = field - 1 if field > 0 else len(parts) + field
    return parts[place] if 0 <= place < len(parts) else ""


def _field_of_all(text: Text, delimiter: str, field: int) -> Text:
    parts = pc.split_pattern(text, delimiter)
    offsets = parts.offsets.to_numpy()
    place = offsets[:-1] + field - 1 if field > 0 else offsets[1:] + field
    there = (place >= offsets[:-1]) & (place < offsets[1:])
    found = parts.values.take(pa.array(place, mask=~there))
    return pc.if_else(text.is_valid(), found.fill_null(""), None) if text.null_count else found.fill_null("")


@scalar("split_part(text,text,int4)", face="arrow")
def split_part(text: Text, delimiter: Text, field: Text) -> Text:
    """Field `field` of a delimited text; counted from the end when negative."""
    if constant(delimiter, field) and not constant(text) and delimiter.as_py() and field.as_py():
        return _field_of_all(text, delimiter.as_py(), field.as_py())
    return each(_field, LARGE, text, delimiter, field)


def _pad(text: str, size: int, fill: str, before: bool) -> str:
    missing = max(size, 0) - len(text)
    if size > LONGEST_PADDED and fill:
        raise ProgramLimitExceeded("requested length too large")
    if missing <= 0 or not fill:
        return text[: max(size, 0)]
    padding = (fill * (missing // len(fill) + 1))[:missing]
    return padding + text if before else text + padding


def _padded(kernel: Callable[..., Text], before: bool, text: Text, size: Text, fill: Text) -> Text:
    if constant(size, fill) and not constant(text) and len(fill.as_py()) == 1 and size.as_py() <= LONGEST_PADDED:
        width = max(size.as_py(), 0)
        return _part(kernel(text, width, fill.as_py()), 0, width)
    return each(lambda t, s, f: _pad(t, s, f, before), LARGE, text, size, fill)


@scalar("lpad(text,int4)", face="arrow")
def pad_left(text: Text, size: Text) -> Text:
    """Blanks in front up to `size`."""
    return _padded(pc.utf8_lpad, True, text, size, _BLANK)


@scalar("lpad(text,int4,text)", face="arrow")
def pad_left_with(text: Text, size: Text, fill: Text) -> Text:
    """`fill` in front up to `size`."""
    return _padded(pc.utf8_lpad, True, text, size, fill)


@scalar("rpad(text,int4)", face="arrow")
def pad_right(text: Text, size: Text) -> Text:
    """Blanks behind up to `size`."""
    return _padded(pc.utf8_rpad, False, text, size, _BLANK)


@scalar("rpad(text,int4,text)", face="arrow")
def pad_right_with(text: Text, size: Text, fill: Text) -> Text:
    """`fill` behind up to `size`."""
    return _padded(pc.utf8_rpad, False, text, size, fill)


def _code_points(texts: Vector) -> Vector | None:
    """The first characters' code points, out of their bytes."""
    if not isinstance(texts, TextVector):
        return None
    offsets, data = layout_of(texts.values)
    data = np.append(data, np.zeros(4, np.uint8)).astype(np.int32)
    starts = offsets[:-1]
    first = data[starts]
    found = np.where(np.diff(offsets) == 0, 0, first)
    some = np.flatnonzero(found >= 0xC0)
    for least, bits, more in ((0xC0, 0x1F, 1), (0xE0, 0x0F, 2), (0xF0, 0x07, 3)):  # characters of more bytes
        some = some[first[some] >= least]
        code = first[some] & bits
        for place in range(1, more + 1):
            code = code << 6 | data[starts[some] + place] & 0x3F
        found[some] = code
    return FixedVector(found.astype(np.int32), texts.validity)


@scalar("ascii(text)", face="datum", raises=False, columns=_code_points)
def code_point(text: str) -> int:
    """The first character's code point, 0 for an empty text."""
    return ord(text[0]) if text else 0


@scalar("chr(int4)", face="datum")
def character(code: int) -> str:
    """The character of a code point."""
    if code < 0:
        raise InvalidParameterValue("character number must be positive")
    if code == 0:
        raise ProgramLimitExceeded("null character not permitted")
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        what = "requested character too large for encoding" if code > 0x10FFFF else "requested character not valid for encoding"
        raise ProgramLimitExceeded(f"{what}: {code}")
    return chr(code)


@scalar("overlay(text,text,int4)", face="datum")
def overlay(text: str, new: str, start: int) -> str:
    """`new` in the place of as many characters."""
    return overlay_length(text, new, start, len(new))


@scalar("overlay(text,text,int4,int4)", face="datum")
def overlay_length(text: str, new: str, start: int, count: int) -> str:
    """`new` in the place of `count` characters from `start`."""
    if start <= 0:
        raise SubstringError("negative substring length not allowed")
    if start + count > 2**31 - 1:
        raise NumericValueOutOfRange("integer out of range")
    return text[: start - 1] + new + text[max(start - 1 + count, 0) :]


def _hexadecimal(values: Vector) -> Vector | None:
    if not isinstance(values, FixedVector) or values.values.dtype.kind != "i":
        return None
    numbers = values.values
    wide = numbers.dtype.itemsize * 2
    unsigned = numbers.view(np.uint64 if wide == 16 else np.uint32) if numbers.flags.c_contiguous else None
    if unsigned is None or wide not in (8, 16):
        return None
    places = (unsigned[:, None] >> (np.arange(wide - 1, -1, -1) * 4).astype(unsigned.dtype)).astype(np.uint8) & 15
    shown = np.maximum.accumulate(places > 0, axis=1)
    shown[:, -1] = True
    offsets = np.concatenate([[0], np.cumsum(np.count_nonzero(shown, axis=1))]).astype(np.int64)
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)[places[shown]]
    return TextVector(pa.Array.from_buffers(LARGE, values.n, [None, pa.py_buffer(offsets), pa.py_buffer(digits)]))


@scalar("to_hex(int4)", face="datum", raises=False, columns=_hexadecimal)
def hexadecimal(value: int) -> str:
    """Hexadecimal digits of the two's complement."""
    return f"{value & 0xFFFFFFFF:x}"


@scalar("to_hex(int8)", face="datum", raises=False, columns=_hexadecimal)
def hexadecimal_wide(value: int) -> str:
    """Hexadecimal digits of the two's complement."""
    return f"{value & 0xFFFFFFFFFFFFFFFF:x}"


@scalar("text_pattern_lt(text,text)", face="arrow", raises=False)
def pattern_less(a: Text, b: Text) -> Text:
    """a ~<~ b."""
    return pc.less(a, b)


@scalar("text_pattern_le(text,text)", face="arrow", raises=False)
def pattern_at_most(a: Text, b: Text) -> Text:
    """a ~<=~ b."""
    return pc.less_equal(a, b)


@scalar("text_pattern_gt(text,text)", face="arrow", raises=False)
def pattern_greater(a: Text, b: Text) -> Text:
    """a ~>~ b."""
    return pc.greater(a, b)


@scalar("text_pattern_ge(text,text)", face="arrow", raises=False)
def pattern_at_least(a: Text, b: Text) -> Text:
    """a ~>=~ b."""
    return pc.greater_equal(a, b)


_FORMS = ("NFC", "NFD", "NFKC", "NFKD")


def _form(name: str) -> Any:
    if name.upper() not in _FORMS:
        raise InvalidParameterValue(f"invalid normalization form: {name}")
    return name.upper()


@scalar("normalize(text,text)", face="datum")
def normalize(text: str, form: str) -> str:
    """In a Unicode normalization form."""
    return unicodedata.normalize(_form(form), text)


@scalar("is_normalized(text,text)", face="datum")
def is_normalized(text: str, form: str) -> bool:
    """Whether the text is in a Unicode normalization form."""
    return unicodedata.is_normalized(_form(form), text)


@scalar("to_ascii(text)", "to_ascii(text,name)", "to_ascii(text,int4)", face="datum")
def to_ascii(text: str, encoding: object = None) -> str:
    """Only for single-byte encodings, which a UTF-8 database has none of."""
    raise FeatureNotSupported("encoding conversion from UTF8 to ASCII not supported")


@scalar("unistr(text)", face="datum")
def unescape(text: str) -> str:
    r"""\XXXX, \+XXXXXX, \uXXXX and \UXXXXXXXX as characters."""
    out, i = [], 0
    while i < len(text):
        if text[i] != "\\":
            out.append(text[i])
            i += 1
            continue
        if text[i + 1 : i + 2] == "\\":
            out.append("\\")
            i += 2
            continue
        size = {"+": 6, "u": 4, "U": 8}.get(text[i + 1 : i + 2])
        start = i + 1 if size is None else i + 2
        digits = text[start : start + (size or 4)]
        if len(digits) != (size or 4) or any(c not in "0123456789abcdefABCDEF" for c in digits):
            raise SqlSyntaxError("invalid Unicode escape", hint="Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.")
        out.append(chr(int(digits, 16)))
        i = start + len(digits)
    return "".join(out)


def _texts(ctx: CallContext, types: Types, args: tuple[Vector, ...], n: int, skip: int = 0) -> list[list[str | None]]:
    columns: list[list[str | None]] = []
    for type, arg in zip(types.args[skip:], args, strict=True):
        shown = text_out(type, arg, ctx.style)
        columns.append([shown.datum(0)] * n if isinstance(shown, ConstVector) else shown.datums())  # type: ignore[list-item, arg-type] # texts
    return columns


def _empty_where_null(texts: Sequence[Text], n: int) -> pa.Array:
    """An empty text where all are NULL, else NULL."""
    given = np.zeros(n, np.bool_)
    for text in texts:
        given |= text.is_valid if isinstance(text, pa.Scalar) else text.is_valid().to_numpy(zero_copy_only=False)
    return pc.if_else(pa.array(given), pa.scalar(None, LARGE), pa.scalar("", LARGE))


_NOTHING = ConstVector(TextVector(pa.array([""], LARGE)), 1)


def joined_columns(ctx: CallContext, types: Sequence[PgType], args: Sequence[Vector], separator: Vector) -> Vector | None:
    """The texts of columns joined row by row, NULLs left out; None where nothing varies."""
    varying = [arg.n for arg in (*args, separator) if not isinstance(arg, ConstVector)]
    if not varying or min(varying) != max(varying):
        return None
    shown: list[Text] = []
    for vector in (*(text_out(type, arg, ctx.style) for type, arg in zip(types, args, strict=True)), separator):
        text = (vector.one if isinstance(vector, ConstVector) else vector).flat()
        if not isinstance(text, TextVector):
            return None
        shown.append(text.to_arrow()[0] if isinstance(vector, ConstVector) else text.to_arrow())
    if not any(text.is_valid if isinstance(text, pa.Scalar) else not text.null_count for text in shown[:-1]):
        shown.insert(0, _empty_where_null(shown[:-1], varying[0]))  # Arrow leaves rows out that have nothing to join
    made = pc.binary_join_element_wise(*shown, null_handling="skip")
    if not made.null_count:
        return TextVector(made)
    return TextVector(made.fill_null(""), made.is_valid().to_numpy(zero_copy_only=False))


def _joined(columns: list[list[str | None]], separators: list[str | None]) -> Vector:
    out: list[str | None] = [None] * len(separators)
    for row, separator in enumerate(separators):  # NULLs drop out row by row
        if separator is not None:
            out[row] = separator.join([value for column in columns if (value := column[row]) is not None])
    valid = np.array([value is not None for value in out], np.bool_)
    return TextVector(pa.array([value or "" for value in out], LARGE), None if valid.all() else valid)


@scalar("concat(any)", context=True, typed=True, raises=False)
def concat(ctx: CallContext, types: Types, *args: Vector) -> Vector:
    """All arguments' texts one after another; NULLs are nothing."""
    if (known := joined_columns(ctx, types.args, args, _NOTHING)) is not None:
        return known
    n = max((arg.n for arg in args), default=1)
    return _joined(_texts(ctx, types, args, n), [""] * n)


@scalar("concat_ws(text,any)", context=True, typed=True, raises=False)
def concat_with(ctx: CallContext, types: Types, separator: Vector, *args: Vector) -> Vector:
    """The arguments' texts that are not NULL, a separator between them."""
    if (known := joined_columns(ctx, types.args[1:], args, separator)) is not None:
        return known
    n = max(separator.n, *(arg.n for arg in args)) if args else separator.n
    separators = [None if d is None else str(d) for d in separator.datums()]
    return _joined(_texts(ctx, types, args, n, 1), separators if len(separators) == n else separators * n)
