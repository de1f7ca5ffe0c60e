"""String functions over Arrow kernels."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from auroraml.errors import InvalidParameterValue, SubstringError
from auroraml.functions.signature import scalar

Text = Any  # pa.Array or pa.Scalar


@scalar("textcat(text,text)", "byteacat(bytea,bytea)", face="arrow", raises=False)
def concatenate(a: Text, b: Text) -> Text:
    """a || b."""
    empty = pa.scalar("", pa.large_string()) if pa.types.is_large_string(a.type) else pa.scalar(b"", pa.large_binary())
    return pc.binary_join_element_wise(a, b, empty)


@scalar("upper(text)", face="arrow", raises=False)
def upper(text: Text) -> Text:
    """In upper case."""
    return pc.utf8_upper(text)


@scalar("lower(text)", face="arrow", raises=False)
def lower(text: Text) -> Text:
    """In lower case."""
    return pc.utf8_lower(text)


@scalar("length(text)", "char_length(text)", "character_length(text)", face="arrow", raises=False)
def length(text: Text) -> Text:
    """Characters."""
    return pc.utf8_length(text).cast(pa.int32())


@scalar("length(bpchar)", face="arrow", raises=False)
def length_blank(text: Text) -> Text:
    """Characters without trailing blanks."""
    return pc.utf8_length(pc.utf8_rtrim(text, " ")).cast(pa.int32())


@scalar("octet_length(text)", "octet_length(bpchar)", "length(bytea)", "octet_length(bytea)", face="arrow", raises=False)
def octets(text: Text) -> Text:
    """Bytes."""
    return pc.binary_length(text).cast(pa.int32())


@scalar("btrim(text)", face="datum", raises=False)
def trim(text: str) -> str:
    """Without blanks at both ends."""
    return text.strip(" ")


@scalar("btrim(text,text)", face="datum", raises=False)
def trim_characters(text: str, characters: str) -> str:
    """Without any of `characters` at both ends."""
    return text.strip(characters) if characters else text


@scalar("ltrim(text)", face="datum", raises=False)
def trim_left(text: str) -> str:
    """Without blanks at the start."""
    return text.lstrip(" ")


@scalar("ltrim(text,text)", face="datum", raises=False)
def trim_left_characters(text: str, characters: str) -> str:
    """Without any of `characters` at the start."""
    return text.lstrip(characters) if characters else text


@scalar("rtrim(text)", face="datum", raises=False)
def trim_right(text: str) -> str:
    """Without blanks at the end."""
    return text.rstrip(" ")


@scalar("rtrim(text,text)", face="datum", raises=False)
def trim_right_characters(text: str, characters: str) -> str:
    """Without any of `characters` at the end."""
    return text.rstrip(characters) if characters else text


@scalar("replace(text,text,text)", face="datum", raises=False)
def replace(text: str, old: str, new: str) -> str:
    """Every `old` replaced."""
    return text.replace(old, new) if old else text


@scalar("repeat(text,int4)", face="datum", raises=False)
def repeat(text: str, times: int) -> str:
    """The text `times` times."""
    return text * max(times, 0)


@scalar("reverse(text)", face="datum", raises=False)
def reverse(text: str) -> str:
    """Backwards."""
    return text[::-1]


@scalar("left(text,int4)", face="datum", raises=False)
def left(text: str, n: int) -> str:
    """The first n characters; all but the last -n when negative."""
    return text[:n] if n >= 0 else text[: max(len(text) + n, 0)]


@scalar("right(text,int4)", face="datum", raises=False)
def right(text: str, n: int) -> str:
    """The last n characters; all but the first -n when negative."""
    return text[max(len(text) - n, 0) :] if n >= 0 else text[-n:]


@scalar("substr(text,int4)", "substring(text,int4)", face="datum", raises=False)
def substring_from(text: str, start: int) -> str:
    """From a position (from 1) on."""
    return text[max(start - 1, 0) :]


@scalar("substr(text,int4,int4)", "substring(text,int4,int4)", face="datum")
def substring(text: str, start: int, count: int) -> str:
    """`count` characters from a position."""
    if count < 0:
        raise SubstringError("negative substring length not allowed")
    return text[max(start - 1, 0) : max(start - 1 + count, 0)]


@scalar("strpos(text,text)", "position(text,text)", face="datum", raises=False)
def position(text: str, part: str) -> int:
    """Where `part` begins, 0 where it does not occur."""
    return text.find(part) + 1


@scalar("split_part(text,text,int4)", face="datum")
def split_part(text: str, delimiter: str, field: int) -> str:
    """Field `field` of a delimited text; counted from the end when negative."""
    if field == 0:
        raise InvalidParameterValue("field position must not be zero")
    parts = text.split(delimiter) if delimiter else [text]
    place = field - 1 if field > 0 else len(parts) + field
    return parts[place] if 0 <= place < len(parts) else ""


@scalar("lpad(text,int4)", face="datum", raises=False)
def pad_left(text: str, size: int) -> str:
    """Blanks in front up to `size`."""
    return text[: max(size, 0)].rjust(size)


@scalar("lpad(text,int4,text)", face="datum", raises=False)
def pad_left_with(text: str, size: int, fill: str) -> str:
    """`fill` in front up to `size`."""
    missing = size - len(text)
    return (fill * missing)[:missing] + text if missing > 0 and fill else text[: max(size, 0)]


@scalar("rpad(text,int4)", face="datum", raises=False)
def pad_right(text: str, size: int) -> str:
    """Blanks behind up to `size`."""
    return text[: max(size, 0)].ljust(size)


@scalar("rpad(text,int4,text)", face="datum", raises=False)
def pad_right_with(text: str, size: int, fill: str) -> str:
    """`fill` behind up to `size`."""
    missing = size - len(text)
    return text + (fill * missing)[:missing] if missing > 0 and fill else text[: max(size, 0)]
