"""bytea: encodings, hashes, substrings, bits, conversions; string_agg's and LIKE's bytes live with their kin."""

from __future__ import annotations

import base64
import binascii
import hashlib
import uuid
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from auroraml.batch import ConstVector, Index, TextVector, Vector, layout_of
from auroraml.errors import (
    ArraySubscriptError,
    CharacterNotInRepertoire,
    InvalidParameterValue,
    NumericValueOutOfRange,
    SubstringError,
    UntranslatableCharacter,
)
from auroraml.functions.signature import scalar
from auroraml.types.bytea import from_escape, from_hex, to_escape

LINE = 57  # bytes that make a line of base64


def _base64_out(value: bytes) -> str:
    text = base64.b64encode(value).decode()
    lines = [text[i : i + 76] for i in range(0, len(text), 76)]
    return "\n".join([*lines, ""] if value and len(value) % LINE == 0 else lines)  # a full line is always ended


def _base64_in(text: str) -> bytes:
    kept: list[str] = []
    for char in text:
        if char in " \t\n\r":
            continue
        if not (char.isascii() and (char.isalnum() or char in "+/=")):
            raise InvalidParameterValue(f'invalid symbol "{char}" found while decoding base64 sequence')
        kept.append(char)
    try:
        return base64.b64decode("".join(kept), validate=True)
    except binascii.Error:
        if "=" in "".join(kept).rstrip("="):
            raise InvalidParameterValue('unexpected "=" while decoding base64 sequence') from None
        raise InvalidParameterValue(
            "invalid base64 end sequence", hint="Input data is missing padding, is truncated, or is otherwise corrupted."
        ) from None


_ENCODERS: dict[str, tuple[Callable[[bytes], str], Callable[[str], bytes]]] = {
    "hex": (bytes.hex, from_hex), "base64": (_base64_out, _base64_in), "escape": (to_escape, from_escape),
}  # fmt: skip


def _encoder(name: str) -> tuple[Callable[[bytes], str], Callable[[str], bytes]]:
    found = _ENCODERS.get(name.lower())
    if found is None:
        raise InvalidParameterValue(f'unrecognized encoding: "{name}"')
    return found


_HEX = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), np.uint16)
_SPACES = np.frombuffer(b" \t\n\r", np.uint8)
_BASE64 = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", np.uint8)


def _base64_columns(offsets: Index, data: np.ndarray) -> tuple[Index, np.ndarray]:
    """Values of less than a line each: their digits, and where those of each begin."""
    lengths = np.diff(offsets)
    threes = np.concatenate(([0], np.cumsum((lengths + 2) // 3)))
    padded = np.zeros(int(threes[-1]) * 3, np.uint8)
    padded[np.arange(len(data)) + np.repeat(threes[:-1] * 3 - offsets[:-1], lengths)] = data
    a, b, c = padded.reshape(-1, 3).T
    digits = _BASE64[np.stack((a >> 2, (a & 3) << 4 | b >> 4, (b & 15) << 2 | c >> 6, c & 63), axis=1)].reshape(-1)
    ends = threes[1:] * 4
    digits[ends[lengths % 3 > 0] - 1] = ord("=")
    digits[ends[lengths % 3 == 1] - 2] = ord("=")
    return threes * 4, digits


def _encoded_columns(values: Vector, form: Vector) -> Vector | None:
    """Many values in hex or, where they are short, base64."""
    if not isinstance(values, TextVector) or not isinstance(form, ConstVector):
        return None
    name = str(form.one.datum(0)).lower()
    offsets, data = layout_of(values.values)
    if name == "hex":
        places, digits = offsets * 2, _HEX[data]
    elif name == "base64" and int(np.diff(offsets).max()) < LINE:
        places, digits = _base64_columns(offsets, data)
    else:
        return None
    made = pa.Array.from_buffers(pa.large_string(), values.n, [None, pa.py_buffer(places), pa.py_buffer(digits)])
    return TextVector(made, values.validity)


@scalar("encode(bytea,text)", face="datum", columns=_encoded_columns)
def encode(value: bytes, form: str) -> str:
    """As hex, base64 or escape text."""
    return _encoder(form)[0](value)


_SIX = np.full(256, 255, np.uint8)  # what a digit of base64 stands for; 64 is padding
_SIX[_BASE64], _SIX[ord("=")] = np.arange(64), 64


def _decoded_columns(texts: Vector, form: Vector) -> Vector | None:
    """Many values from base64; None where something is wrong with one of them."""
    if not isinstance(texts, TextVector) or not isinstance(form, ConstVector) or str(form.one.datum(0)).lower() != "base64":
        return None
    offsets, data = layout_of(texts.values)
    digits = _SIX[data]
    if (digits == 255).any():  # spaces between digits
        kept = ~np.isin(data, _SPACES)
        digits = digits[kept]
        if (digits == 255).any():
            return None
        offsets = np.concatenate(([0], np.cumsum(kept)))[offsets]
    lengths = np.diff(offsets)
    paddings = np.flatnonzero(digits == 64)
    rows = offsets[1:].searchsorted(paddings, "right")
    padded = np.bincount(rows, minlength=texts.n)
    if (lengths % 4).any() or (padded > 2).any() or (paddings < offsets[rows + 1] - padded[rows]).any():
        return None
    digits[paddings] = 0
    a, b, c, d = digits.reshape(-1, 4).T
    made = np.stack((a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d), axis=1).reshape(-1)
    full = offsets // 4 * 3
    if len(paddings):
        made = np.delete(made, np.concatenate([full[1:][padded >= 1] - 1, full[1:][padded == 2] - 2]))
    places = np.concatenate(([0], np.cumsum(np.diff(full) - padded)))
    return TextVector(pa.Array.from_buffers(pa.large_binary(), texts.n, [None, pa.py_buffer(places), pa.py_buffer(made)]), texts.validity)


@scalar("decode(text,text)", face="datum", columns=_decoded_columns)
def decode(text: str, form: str) -> bytes:
    """From hex, base64 or escape text."""
    return _encoder(form)[1](text)


@scalar("md5(text)", face="datum", raises=False)
def md5_text(text: str) -> str:
    """The MD5 hash in hex."""
    return hashlib.md5(text.encode()).hexdigest()


@scalar("md5(bytea)", face="datum", raises=False)
def md5(value: bytes) -> str:
    """The MD5 hash in hex."""
    return hashlib.md5(value).hexdigest()


@scalar("sha224(bytea)", face="datum", raises=False)
def sha224(value: bytes) -> bytes:
    """The SHA-224 hash."""
    return hashlib.sha224(value).digest()


@scalar("sha256(bytea)", face="datum", raises=False)
def sha256(value: bytes) -> bytes:
    """The SHA-256 hash."""
    return hashlib.sha256(value).digest()


@scalar("sha384(bytea)", face="datum", raises=False)
def sha384(value: bytes) -> bytes:
    """The SHA-384 hash."""
    return hashlib.sha384(value).digest()


@scalar("sha512(bytea)", face="datum", raises=False)
def sha512(value: bytes) -> bytes:
    """The SHA-512 hash."""
    return hashlib.sha512(value).digest()


def _codec(name: str, direction: str) -> str:
    known = {"utf8": "utf-8", "utf-8": "utf-8", "unicode": "utf-8", "latin1": "latin-1", "iso88591": "latin-1", "sql_ascii": "ascii", "win1252": "cp1252",
             "latin9": "iso8859-15", "win1251": "cp1251", "koi8r": "koi8-r", "euc_jp": "euc_jp", "sjis": "shift_jis", "gbk": "gbk", "big5": "big5"}  # fmt: skip
    found = known.get(name.lower())
    if found is None:
        raise InvalidParameterValue(f'invalid {direction} encoding name "{name}"')
    return found


@scalar("convert_from(bytea,name)", face="datum")
def convert_from(value: bytes, encoding: str) -> str:
    """Bytes of an encoding as text."""
    codec = _codec(encoding, "source")
    try:
        return value.decode(codec)
    except UnicodeDecodeError as error:
        bad = " ".join(f"0x{byte:02x}" for byte in value[error.start : max(error.end, error.start + 1)])
        raise CharacterNotInRepertoire(f'invalid byte sequence for encoding "{encoding.upper()}": {bad}') from None


@scalar("convert_to(text,name)", face="datum")
def convert_to(text: str, encoding: str) -> bytes:
    """Text in an encoding."""
    try:
        return text.encode(_codec(encoding, "destination"))
    except UnicodeEncodeError as error:
        shown = " ".join(f"0x{byte:02x}" for byte in text[error.start].encode())
        raise UntranslatableCharacter(
            f'character with byte sequence {shown} in encoding "UTF8" has no equivalent in encoding "{encoding.upper()}"'
        ) from None


@scalar("convert(bytea,name,name)", face="datum")
def convert(value: bytes, source: str, target: str) -> bytes:
    """Bytes of one encoding in another."""
    return convert_to(convert_from(value, source), target)


@scalar("length(bytea,name)", face="datum")
def characters(value: bytes, encoding: str) -> int:
    """Characters of bytes in an encoding."""
    return len(convert_from(value, encoding))


@scalar("substr(bytea,int4)", "substring(bytea,int4)", face="datum", raises=False)
def part_from(value: bytes, start: int) -> bytes:
    """From a byte (from 1) on."""
    return value[max(start - 1, 0) :]


@scalar("substr(bytea,int4,int4)", "substring(bytea,int4,int4)", face="datum")
def part(value: bytes, start: int, count: int) -> bytes:
    """`count` bytes from a position."""
    if count < 0:
        raise SubstringError("negative substring length not allowed")
    return value[max(start - 1, 0) : max(start - 1 + count, 0)]


@scalar("overlay(bytea,bytea,int4)", face="datum")
def overlay(value: bytes, new: bytes, start: int) -> bytes:
    """`new` in the place of as many bytes."""
    return overlay_length(value, new, start, len(new))


@scalar("overlay(bytea,bytea,int4,int4)", face="datum")
def overlay_length(value: bytes, new: bytes, start: int, count: int) -> bytes:
    """`new` in the place of `count` bytes."""
    if start <= 0:
        raise SubstringError("negative substring length not allowed")
    if start + count > 2**31 - 1:
        raise NumericValueOutOfRange("integer out of range")
    return value[: start - 1] + new + value[max(start - 1 + count, 0) :]


@scalar("position(bytea,bytea)", face="datum", raises=False)
def position(value: bytes, part: bytes) -> int:
    """Where `part` begins, 0 where it does not occur."""
    return value.find(part) + 1


@scalar("btrim(bytea,bytea)", face="datum", raises=False)
def trim(value: bytes, what: bytes) -> bytes:
    """Without any of the bytes at both ends."""
    return value.strip(what) if what else value


@scalar("ltrim(bytea,bytea)", face="datum", raises=False)
def trim_left(value: bytes, what: bytes) -> bytes:
    """Without any of the bytes at the start."""
    return value.lstrip(what) if what else value


@scalar("rtrim(bytea,bytea)", face="datum", raises=False)
def trim_right(value: bytes, what: bytes) -> bytes:
    """Without any of the bytes at the end."""
    return value.rstrip(what) if what else value


def _index(value: bytes, place: int, size: int) -> int:
    if not 0 <= place < size:
        raise ArraySubscriptError(f"index {place} out of valid range, 0..{size - 1}")
    return place


@scalar("get_byte(bytea,int4)", face="datum")
def get_byte(value: bytes, place: int) -> int:
    """A byte as a number."""
    return value[_index(value, place, len(value))]


@scalar("set_byte(bytea,int4,int4)", face="datum")
def set_byte(value: bytes, place: int, new: int) -> bytes:
    """The value with a byte changed."""
    at = _index(value, place, len(value))
    return value[:at] + bytes((new & 0xFF,)) + value[at + 1 :]


@scalar("get_bit(bytea,int8)", face="datum")
def get_bit(value: bytes, place: int) -> int:
    """A bit."""
    at = _index(value, place, len(value) * 8)
    return value[at // 8] >> at % 8 & 1


@scalar("set_bit(bytea,int8,int4)", face="datum")
def set_bit(value: bytes, place: int, new: int) -> bytes:
    """The value with a bit changed."""
    at = _index(value, place, len(value) * 8)
    if new not in (0, 1):
        raise InvalidParameterValue("new bit must be 0 or 1")
    byte = value[at // 8] & ~(1 << at % 8) | new << at % 8
    return value[: at // 8] + bytes((byte,)) + value[at // 8 + 1 :]


@scalar("bit_count(bytea)", face="datum", raises=False)
def bit_count(value: bytes) -> int:
    """How many bits are set."""
    return sum(byte.bit_count() for byte in value)


@scalar("gen_random_uuid()", face="datum", raises=False)
def random_uuid() -> bytes:
    """A version 4 UUID."""
    return uuid.uuid4().bytes
