"""bytea: hex and escape forms."""

from __future__ import annotations

import re

from auroraml.batch import Datum
from auroraml.errors import InvalidParameterValue, InvalidTextRepresentation
from auroraml.types.form import REP_FORMS, TextForm, TextStyle
from auroraml.types.pg_type import PgType, Rep

_ESCAPE = re.compile(rb"\\(\\|[0-3][0-7][0-7])?")
_ODD = re.compile(rb"[\x00\x80-\xff]|\\")
_UNPRINTABLE = re.compile(rb"[^\x20-\x7e]|\\")


class ByteaForm(TextForm):
    r"""\x and hexadecimal digits, or characters with \ooo for what cannot be printed (bytea_output = escape)."""

    def datum_out(self, type: PgType, datum: Datum, style: TextStyle) -> str:
        assert isinstance(datum, bytes)
        if style.bytea_output == "escape":
            return _UNPRINTABLE.sub(_escape, datum).decode("ascii")
        return "\\x" + datum.hex()

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        if text.startswith("\\x"):
            return from_hex(text[2:])
        return from_escape(text)


def from_escape(text: str) -> bytes:
    r"""The bytes of characters, \\ooo and doubled backslashes."""
    return _ESCAPE.sub(_unescape, text.encode())


def to_escape(value: bytes) -> str:
    r"""Bytes as encode(..., 'escape') writes them: zero and bytes beyond ASCII as \ooo, backslashes doubled."""
    return _ODD.sub(_escape, value).decode("ascii")


def _escape(match: re.Match[bytes]) -> bytes:
    return b"\\\\" if match[0] == b"\\" else b"\\%03o" % match[0][0]


def _unescape(match: re.Match[bytes]) -> bytes:
    if match[1] is None:
        raise InvalidTextRepresentation("invalid input syntax for type bytea")
    return b"\\" if match[1] == b"\\" else bytes([int(match[1], 8)])


def from_hex(digits: str) -> bytes:
    """The bytes of hexadecimal digits."""
    try:
        return bytes.fromhex(digits)  # allows spaces between bytes, as PostgreSQL does
    except ValueError:
        pass
    compact = re.sub(r"((?:^|\s)(?:[0-9a-fA-F]{2})*)[ \t\n\r]+", r"\1", digits)
    for digit in compact:
        if digit not in "0123456789abcdefABCDEF":
            raise InvalidParameterValue(f'invalid hexadecimal digit: "{digit}"')
    raise InvalidParameterValue("invalid hexadecimal data: odd number of digits")


REP_FORMS[Rep.BYTES] = ByteaForm()
