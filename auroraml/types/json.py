"""json: text checked and kept as written; PostgreSQL's own words for what is wrong with it."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import lru_cache
from typing import NoReturn

import pyarrow as pa

from auroraml.batch import Datum, TextVector, Vector
from auroraml.errors import InvalidTextRepresentation, StatementTooComplex, UntranslatableCharacter
from auroraml.lazy import load, pattern
from auroraml.types.form import TextForm, TextStyle, register
from auroraml.types.numeric import numeric_in, numeric_out
from auroraml.types.pg_type import PgType
from auroraml.types.strings import StringForm
from auroraml.types.table import JSON, JSONB


class Number:
    """A number of a document, by the text that jsonb writes: most are only passed on."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    @property
    def value(self) -> Decimal:
        """The number, with its display scale."""
        return numeric_in(self.text)


def _number(text: str) -> Number:
    plain = text[0] != "-" and len(text) < 1_000 and "e" not in text and "E" not in text
    return Number(text if plain else numeric_out(numeric_in(text)))


JsonValue = None | bool | str | Number | Decimal | list["JsonValue"] | dict[str, "JsonValue"]  # Decimal: where it comes from SQL

MANY = 256  # documents that are looked at together
_SPACE = " \t\n\r"
_NUMBER = pattern(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD = pattern(r"[^\x00-/:-@\[-^`{-\x7f]+")  # letters, digits, _ and all beyond ASCII
_ODD_NUMBER = pattern(r"-?[0-9]*(?:\.[0-9]*)?(?:[eE][+-]?[0-9]*)?[^\x00-/:-@\[-^`{-\x7f]*")
_SUSPECT = pattern(r"\\u(?:0000|[dD][89a-fA-F])")  # escapes that json keeps as text but jsonb cannot hold
_CONTROL = pattern(r'["\\\x00-\x1f]')
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)


_CHECK = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_refuse)
_READ = json.JSONDecoder(parse_float=_number, parse_int=_number, parse_constant=_refuse)


def _decode(text: str, decoder: json.JSONDecoder, escapes: bool) -> JsonValue:
    try:
        value: JsonValue = decoder.decode(text)
    except ValueError:
        JsonReader(text, escapes).check()
        raise
    except RecursionError:
        raise StatementTooComplex("stack depth limit exceeded") from None
    return value


def check_json(text: str) -> None:
    """Raise PostgreSQL's error, with DETAIL and CONTEXT, unless `text` is JSON."""
    _decode(text, _CHECK, False)


def read_json(text: str) -> JsonValue:
    """The value of a JSON text, the last of equal keys kept; raises as jsonb's input does."""
    if _SUSPECT.search(text) is not None:
        JsonReader(text, True).check()
    return _decode(text, _READ, True)


def quote_json(text: str) -> str:
    """The text as a JSON string, escaped as PostgreSQL does."""
    return '"' + _CONTROL.sub(_escape, text) + '"'


def _escape(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[0]) or f"\\u{ord(match[0]):04x}"


def key_order(item: tuple[str, object]) -> tuple[int, bytes]:
    """What jsonb's objects are sorted by: their keys' lengths in bytes, then these."""
    key = item[0].encode()
    return len(key), key


def write_jsonb(value: JsonValue) -> str:
    """The canonical text of jsonb: keys by length then bytes, one space after colons and commas."""
    kind = type(value)
    if kind is str:
        return quote_json(value)  # type: ignore[arg-type] # mypy does not know it from `kind`
    if kind is Number:
        return value.text  # type: ignore[union-attr] # the same
    if kind is dict:
        fields = [(_field(key), write_jsonb(item)) for key, item in value.items()]  # type: ignore[union-attr] # the same
        if len(fields) > 1:
            fields.sort()
        return "{" + ", ".join([field[2] + text for field, text in fields]) + "}"
    if kind is list:
        return "[" + ", ".join([write_jsonb(item) for item in value]) + "]"  # type: ignore[union-attr] # the same
    return numeric_out(value) if isinstance(value, Decimal) else "null" if value is None else str(value).lower()


@lru_cache(maxsize=4096)
def _field(key: str) -> tuple[int, bytes, str]:
    """What a field is sorted by, and its beginning."""
    return (*key_order((key, None)), quote_json(key) + ": ")


def jsonb_key(value: JsonValue) -> tuple[object, ...]:
    """What jsonb compares by: object above array above scalar; an empty array is below everything (compareJsonbContainers)."""
    if isinstance(value, dict):
        return 1, _nested_key(value)
    if isinstance(value, list):
        return 0, len(value), 1, tuple(_nested_key(item) for item in value)
    return 0, 1, 0, (_nested_key(value),)


def _nested_key(value: JsonValue) -> tuple[object, ...]:
    if value is None:
        return (0,)
    if isinstance(value, bool):
        return 3, value
    if isinstance(value, str):
        return 1, value.encode()
    if isinstance(value, list):
        return 4, len(value), tuple(_nested_key(item) for item in value)
    if isinstance(value, dict):
        return 5, len(value), tuple((key.encode(), _nested_key(item)) for key, item in sorted(value.items(), key=key_order))
    return 2, value.value if isinstance(value, Number) else value


class JsonForm(StringForm):
    """The text itself, once it is known to be JSON."""

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        check_json(text)
        return text

    def vector_in(self, type: PgType, typmod: int, texts: pa.Array, style: TextStyle) -> Vector:
        if len(texts) >= MANY:
            load("auroraml.types.json_shapes").check(texts, check_json)
            return TextVector(texts)
        for text in texts.to_pylist():  # per value: a grammar with nesting
            check_json(text)
        return TextVector(texts)


class JsonbForm(StringForm):
    """Canonical text."""

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        return write_jsonb(read_json(text))

    def vector_in(self, type: PgType, typmod: int, texts: pa.Array, style: TextStyle) -> Vector:
        if len(texts) < MANY:
            return TextForm.vector_in(self, type, typmod, texts, style)
        return TextVector(load("auroraml.types.json_shapes").changed(texts, lambda text: write_jsonb(read_json(text)))[0])


class JsonReader:
    """A JSON recogniser that exists for its errors; `escapes` refuses \\u escapes that no text can hold."""

    def __init__(self, text: str, escapes: bool) -> None:
        self.text = text
        self.escapes = escapes
        self.start = 0  # of the token at hand
        self.end = 0
        self.kind = ""  # one of { } [ ] , : string, value, end

    def check(self) -> None:
        """Read it all; raise the first error."""
        self.next()
        self.value()
        if self.kind != "end":
            self.expected("end of input")

    def fail(self, detail: str) -> InvalidTextRepresentation:
        return InvalidTextRepresentation("invalid input syntax for type json", detail=detail, context=self.context())

    def context(self) -> str:
        """PostgreSQL's CONTEXT line: the text of the line up to the token, at most about 50 bytes of it."""
        before = self.text[: self.end]
        line_start = max(before.rfind("\n", 0, self.start), before.rfind("\r", 0, self.start)) + 1
        line = before.count("\n", 0, self.start) + 1
        start = line_start
        while len(self.text[start : self.end].encode()) >= 50:
            start += 1
        if len(self.text[line_start:start].encode()) <= 3:
            start = line_start
        more = self.kind != "end" and self.end < len(self.text) and self.text[self.end] not in "\n\r"
        prefix = "..." if start > line_start else ""
        return f"JSON data, line {line}: {prefix}{self.text[start : self.end]}{'...' if more else ''}"

    def expected(self, what: str) -> NoReturn:
        if self.kind == "end":
            raise self.fail("The input string ended unexpectedly.")
        raise self.fail(f'Expected {what}, but found "{self.text[self.start : self.end]}".')

    def next(self) -> None:
        """Take the next token."""
        text, at = self.text, self.end
        while at < len(text) and text[at] in _SPACE:
            at += 1
        self.start = self.end = at
        if at >= len(text):
            self.kind = "end"
            return
        char = text[at]
        self.kind = char
        self.end = at + 1
        if char in "{}[],:":
            return
        if char == '"':
            self.string()
        elif char == "-" or char in "0123456789":
            self.number()
        else:
            word = _WORD.match(text, at)
            self.end = at + 1 if word is None else word.end()
            if text[at : self.end] not in ("true", "false", "null"):
                raise self.fail(f'Token "{text[at : self.end]}" is invalid.')
            self.kind = "value"

    def number(self) -> None:
        self.kind = "value"
        plain, odd = _NUMBER.match(self.text, self.start), _ODD_NUMBER.match(self.text, self.start)
        assert odd is not None
        self.end = odd.end()
        if plain is None or plain.end() != odd.end():
            raise self.fail(f'Token "{self.text[self.start : self.end]}" is invalid.')

    def string(self) -> None:
        self.kind = "string"
        text, at = self.text, self.start + 1
        high = False  # a high surrogate waits for its low one
        while True:
            if at >= len(text):
                self.end = at
                raise self.fail(f'Token "{text[self.start :]}" is invalid.')
            char = text[at]
            if char < " ":
                self.end = at
                raise self.fail(f"Character with value 0x{ord(char):02x} must be escaped.")
            if char == "\\" and text[at + 1 : at + 2] == "u":
                high = self.unicode(at, high)
                at += 6
                continue
            if high:
                self.end = at + 1
                raise self.fail("Unicode low surrogate must follow a high surrogate.")
            if char == '"':
                self.end = at + 1
                return
            if char == "\\":
                at += 1
                if text[at : at + 1] and text[at] not in '"\\/bfnrt':
                    self.end = at + 1
                    raise self.fail(f'Escape sequence "\\{text[at]}" is invalid.')
            at += 1

    def unicode(self, at: int, high: bool) -> bool:
        """Check the \\u escape at `at`; whether a high surrogate now waits."""
        code = 0
        for i in range(at + 2, at + 6):
            digit = self.text[i : i + 1]
            if not digit:
                self.end = i
                raise self.fail(f'Token "{self.text[self.start :]}" is invalid.')
            if digit not in "0123456789abcdefABCDEF":
                self.end = i + 1
                raise self.fail('"\\u" must be followed by four hexadecimal digits.')
            code = code * 16 + int(digit, 16)
        if not self.escapes:
            return False
        self.end = at + 6
        if 0xD800 <= code <= 0xDBFF:
            if high:
                raise self.fail("Unicode high surrogate must not follow a high surrogate.")
            return True
        if high != (0xDC00 <= code <= 0xDFFF):
            raise self.fail("Unicode low surrogate must follow a high surrogate.")
        if code == 0:
            detail = "\\u0000 cannot be converted to text."
            raise UntranslatableCharacter("unsupported Unicode escape sequence", detail=detail, context=self.context())
        return False

    def value(self) -> None:
        if self.kind == "{":
            self.object()
        elif self.kind == "[":
            self.array()
        elif self.kind in ("string", "value"):
            self.next()
        else:
            self.expected("JSON value")

    def object(self) -> None:
        self.next()
        if self.kind == "}":
            self.next()
            return
        if self.kind != "string":
            self.expected('string or "}"')
        while True:
            if self.kind != "string":
                self.expected("string")
            self.next()
            if self.kind != ":":
                self.expected('":"')
            self.next()
            self.value()
            if self.kind == "}":
                self.next()
                return
            if self.kind != ",":
                self.expected('"," or "}"')
            self.next()

    def array(self) -> None:
        self.next()
        if self.kind == "]":
            self.next()
            return
        while True:
            self.value()
            if self.kind == "]":
                self.next()
                return
            if self.kind != ",":
                self.expected('"," or "]"')
            self.next()


register(JsonForm(), JSON)
register(JsonbForm(), JSONB)
