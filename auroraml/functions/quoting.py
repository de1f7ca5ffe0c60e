"""quote_ident, quote_literal, quote_nullable, format, parse_ident."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa

from auroraml.batch import ConstVector, TextVector, Vector, from_datums
from auroraml.catalog.names import quoted
from auroraml.errors import InvalidParameterValue, NullValueNotAllowed
from auroraml.functions.signature import CallContext, Types, scalar
from auroraml.functions.strings import joined_columns
from auroraml.ir.keywords import RESERVED
from auroraml.lazy import compute as pc
from auroraml.types.pg_type import PgArray, PgType
from auroraml.types.table import TEXT
from auroraml.types.text import datum_out, text_out


def literal(text: str) -> str:
    """The text as a string literal; with backslashes, as an E'' one."""
    inner = text.replace("'", "''")
    return "E'" + inner.replace("\\", "\\\\") + "'" if "\\" in inner else f"'{inner}'"


def _one(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())


def _literals(texts: pa.Array) -> pa.Array:
    """Each text as `literal` has it."""
    quote, nothing = _one("'"), _one("")
    if pc.any(pc.match_substring(texts, "'")).as_py():
        texts = pc.replace_substring(texts, "'", "''")
    slashes = pc.match_substring(texts, "\\")
    if not pc.any(slashes).as_py():
        return pc.binary_join_element_wise(quote, texts, quote, nothing)
    before = pc.if_else(slashes, _one("E'"), quote)
    return pc.binary_join_element_wise(before, pc.replace_substring(texts, "\\", "\\\\"), quote, nothing)


def _literal_columns(texts: Vector) -> Vector | None:
    return TextVector(_literals(texts.values), texts.validity) if isinstance(texts, TextVector) else None


def _nullable_columns(texts: Vector) -> Vector | None:
    if not isinstance(texts, TextVector):
        return None
    found = _literals(texts.values)
    return TextVector(found if texts.validity is None else pc.if_else(pa.array(texts.validity), found, _one("NULL")))


def _shown_columns(ctx: CallContext, types: Types, values: Vector) -> Vector | None:
    """The texts of values as `_text` has them."""
    if types.args[0].name == "bool" or isinstance(values, ConstVector):
        return None
    return text_out(types.args[0], values, ctx.style).flat()


def _ident_columns(texts: Vector) -> Vector | None:
    if not isinstance(texts, TextVector):
        return None
    plain = pc.match_substring_regex(texts.values, "^[a-z_][a-z0-9_]*$")
    plain = pc.and_(plain, pc.invert(pc.is_in(texts.values, pa.array(sorted(RESERVED), pa.large_string()))))
    quote = pc.if_else(plain, _one(""), _one('"'))
    inner = pc.replace_substring(texts.values, '"', '""')
    return TextVector(pc.binary_join_element_wise(quote, inner, quote, _one("")), texts.validity)


@scalar("quote_ident(text)", face="datum", raises=False, columns=_ident_columns)
def quote_ident(text: str) -> str:
    """In double quotes where an identifier must be."""
    return quoted(text)


@scalar("quote_literal(text)", face="datum", raises=False, columns=_literal_columns)
def quote_literal(text: str) -> str:
    """As a string literal."""
    return literal(text)


@scalar("quote_nullable(text)", face="datum", raises=False, columns=_nullable_columns)
def quote_nullable(text: str | None) -> str:
    """As a string literal; NULL as the word."""
    return "NULL" if text is None else literal(text)


def _text(ctx: CallContext, types: Types, value: object) -> str:
    """The value cast to text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return datum_out(types.args[0], value, ctx.style)


def _any_columns(ctx: CallContext, types: Types, values: Vector) -> Vector | None:
    texts = _shown_columns(ctx, types, values)
    return None if texts is None else _literal_columns(texts)


def _any_nullable_columns(ctx: CallContext, types: Types, values: Vector) -> Vector | None:
    texts = _shown_columns(ctx, types, values)
    return None if texts is None else _nullable_columns(texts)


@scalar("quote_literal(anyelement)", face="datum", context=True, typed=True, raises=False, columns=_any_columns)
def quote_any(ctx: CallContext, types: Types, value: object) -> str:
    """Any value's text as a string literal."""
    return literal(_text(ctx, types, value))


@scalar("quote_nullable(anyelement)", face="datum", context=True, typed=True, raises=False, columns=_any_nullable_columns)
def quote_any_nullable(ctx: CallContext, types: Types, value: object) -> str:
    """Any value's text as a string literal; NULL as the word."""
    return "NULL" if value is None else literal(_text(ctx, types, value))


_PLAIN = re.compile(r"%%|%(?:([0-9]{1,4})\$)?s")


class _Formatter:
    """One call of format(): specifiers %[position$][flags][width]type."""

    def __init__(self, pattern: str, values: list[str | None]) -> None:
        self.pattern = pattern
        self.values = values
        self.next = 0
        self.i = 0

    def run(self) -> str:
        out: list[str] = []
        while self.i < len(self.pattern):
            char = self.pattern[self.i]
            self.i += 1
            if char != "%":
                out.append(char)
            elif self._peek() == "%":
                out.append("%")
                self.i += 1
            else:
                out.append(self._specifier())
        return "".join(out)

    def _peek(self) -> str:
        if self.i >= len(self.pattern):
            raise InvalidParameterValue("unterminated format() type specifier", hint='For a single "%" use "%%".')
        return self.pattern[self.i]

    def _digits(self) -> int | None:
        start = self.i
        while self._peek().isdigit() and self._peek().isascii():
            self.i += 1
        return int(self.pattern[start : self.i]) if self.i > start else None

    def _specifier(self) -> str:
        number = self._digits()
        place: int | None = None
        left, width = False, None
        if number is not None and self._peek() == "$":
            self.i += 1
            if number == 0:
                raise InvalidParameterValue("format specifies argument 0, but arguments are numbered from 1")
            place, number = number, None
        if number is None:
            while self._peek() == "-":
                left = True
                self.i += 1
            if self._peek() == "*":
                self.i += 1
                width = self._width()
            else:
                width = self._digits()
        else:
            width = number
        if width is not None and width < 0:
            left, width = True, -width
        kind = self._peek()
        self.i += 1
        if kind not in "sIL":
            raise InvalidParameterValue(f'unrecognized format() type specifier "{kind}"', hint='For a single "%" use "%%".')
        shown = self._shown(kind, self._value(place))
        return shown if width is None else shown.ljust(width) if left else shown.rjust(width)

    def _width(self) -> int | None:
        number = self._digits()
        place: int | None = None
        if number is not None:
            if self._peek() != "$":
                raise InvalidParameterValue('width argument position must be ended by "$"')
            self.i += 1
            if number == 0:
                raise InvalidParameterValue("format specifies argument 0, but arguments are numbered from 1")
            place = number
        value = self._value(place)
        return None if value is None else int(value)

    def _value(self, place: int | None) -> str | None:
        self.next = self.next + 1 if place is None else place
        if self.next > len(self.values):
            raise InvalidParameterValue("too few arguments for format()")
        return self.values[self.next - 1]

    @staticmethod
    def _shown(kind: str, value: str | None) -> str:
        if kind == "s":
            return value or ""
        if kind == "L":
            return "NULL" if value is None else literal(value)
        if value is None:
            raise NullValueNotAllowed("null values cannot be formatted as an SQL identifier")
        return quoted(value)


@scalar("format(text)", face="datum")
def format_plain(pattern: str | None) -> str | None:
    """format without arguments."""
    return None if pattern is None else _Formatter(pattern, []).run()


def _format_columns(ctx: CallContext, types: Types, pattern: Vector, args: Sequence[Vector]) -> Vector | None:
    """One pattern with nothing but %s, %1$s and %% in it for many rows: its texts and the arguments' side by side."""
    text = pattern.one.datum(0) if isinstance(pattern, ConstVector) else None
    if not isinstance(text, str):
        return None
    kinds: list[PgType] = []
    pieces: list[Vector] = []
    place = done = 0
    for match in (*_PLAIN.finditer(text), None):
        between = text[done : None if match is None else match.start()] + ("%" if match is not None and match[0] == "%%" else "")
        if "%" in between.removesuffix("%" if match is not None and match[0] == "%%" else ""):
            return None
        if between:
            kinds.append(TEXT)
            pieces.append(ConstVector(TextVector(pa.array([between], pa.large_string())), pattern.n))
        if match is None:
            break
        done = match.end()
        if match[0] == "%%":
            continue
        place = int(match[1]) if match[1] else place + 1
        if not 1 <= place <= len(args):
            return None
        kinds.append(types.args[place])
        pieces.append(args[place - 1])
    return joined_columns(ctx, kinds, pieces, ConstVector(TextVector(pa.array([""], pa.large_string())), pattern.n))


@scalar("format(text,any)", context=True, typed=True)
def format_values(ctx: CallContext, types: Types, pattern: Vector, *args: Vector) -> Vector:
    """The pattern with %s, %I and %L filled in."""
    if (known := _format_columns(ctx, types, pattern, args)) is not None:
        return known
    n = max((pattern.n, *(arg.n for arg in args)))
    patterns, columns = pattern.datums() * (n if pattern.n == 1 else 1), [arg.datums() * (n if arg.n == 1 else 1) for arg in args]
    out: list[object] = []
    for row, text in enumerate(patterns[:n]):  # a small language a row
        values = [None if c[row] is None else datum_out(t, c[row], ctx.style) for t, c in zip(types.args[1:], columns, strict=True)]
        out.append(None if text is None else _Formatter(str(text), values).run())
    return from_datums(TEXT, out)


@scalar("parse_ident(text,bool)", face="datum")
def parse_ident(text: str, strict: bool) -> PgArray:
    """The parts of a qualified identifier."""

    def wrong(detail: str | None = None) -> InvalidParameterValue:
        return InvalidParameterValue(f'string is not a valid identifier: "{text}"', detail=detail)

    parts: list[str] = []
    i, n, after_dot = 0, len(text), False
    while True:
        while i < n and text[i].isspace():
            i += 1
        if i < n and text[i] == '"':
            end = text.find('"', i + 1)
            while end >= 0 and text[end + 1 : end + 2] == '"':
                end = text.find('"', end + 2)
            if end < 0:
                raise wrong("String has unclosed double quotes.")
            part = text[i + 1 : end].replace('""', '"')
            if not part:
                raise wrong("Quoted identifier must not be empty.")
            i = end + 1
        else:
            start = i
            if i < n and (text[i].isalpha() or text[i] == "_" or not text[i].isascii()):
                while i < n and (text[i].isalnum() or text[i] in "_$" or not text[i].isascii()):
                    i += 1
            part = text[start:i].lower()
            if not part:
                if i < n and text[i] == ".":
                    raise wrong('No valid identifier before ".".')
                raise wrong('No valid identifier after ".".' if after_dot else None)
        parts.append(part)
        while i < n and text[i].isspace():
            i += 1
        if i >= n:
            return PgArray.of(tuple(parts))
        if text[i] != ".":
            if strict:
                raise wrong()
            return PgArray.of(tuple(parts))
        after_dot = True
        i += 1
