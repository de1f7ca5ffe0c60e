"""Type names as SQL writes them: 'int', 'character varying(20)', 'timestamp(3) with time zone', 'text[]'."""

from __future__ import annotations

import re

from auroraml.errors import InvalidParameterValue, SyntaxError
from auroraml.records import dataclass
from auroraml.types.typmod import INTERVAL_FULL_PRECISION, interval_typmod

_TOKEN = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^\W\d][\w$]*)|([-+]?\d+)|(\[\s*\d*\s*\])|([(),.%]))')
_SPELLINGS = {
    "bool": "bool", "boolean": "bool", "int": "int4", "integer": "int4", "smallint": "int2", "bigint": "int8", "real": "float4",
    "decimal": "numeric", "dec": "numeric", "numeric": "numeric", "varchar": "varchar", "character": "bpchar", "char": "bpchar",
    "nchar": "bpchar", "national": "bpchar",
}  # fmt: skip
_FIELDS = ("year", "month", "day", "hour", "minute", "second")


@dataclass(frozen=True, kw_only=True)
class TypeName:
    """A type name read: `name` is pg_type's for PostgreSQL's own spellings ('int' gives int4), `dims` counts []."""

    name: str
    schema: str | None = None
    args: tuple[int, ...] = ()
    dims: int = 0

    @property
    def builtin(self) -> bool:
        """Whether the name must be of pg_catalog (or is without schema and may be)."""
        return self.schema in (None, "pg_catalog")


def read_type_name(text: str) -> TypeName:
    """Read a whole type name; raises PostgreSQL's syntax error at the first token that does not belong."""
    return _Reader(text).read()


def split_type_name(text: str) -> tuple[str, tuple[int, ...]]:
    """The pg_type name ('_int4' for arrays) and typmod arguments of a type name without a schema."""
    read = read_type_name(text)
    return ("_" if read.dims else "") + read.name, read.args


class _Reader:
    """A token at a time over the text of one type name."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        at = 0
        text = text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise SyntaxError(f'syntax error at or near "{text[at:].split()[0]}"')
            kind = ("quoted", "word", "number", "bounds", "sign")[match.lastindex - 1 if match.lastindex else 0]
            value = match[match.lastindex or 0]
            self.tokens.append((kind, value.replace('""', '"') if kind == "quoted" else value.lower() if kind == "word" else value))
            at = match.end()
        self.at = 0

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def next(self) -> tuple[str, str]:
        token = self.peek()
        self.at += 1
        return token

    def accept(self, *words: str) -> bool:
        """Whether the next tokens are these words; takes them if so."""
        found = self.tokens[self.at : self.at + len(words)]
        if [value for kind, value in found if kind != "quoted"] != list(words):
            return False
        self.at += len(words)
        return True

    def fail(self) -> SyntaxError:
        kind, value = self.peek()
        return SyntaxError("syntax error at end of input" if kind == "end" else f'syntax error at or near "{value}"')

    def numbers(self) -> tuple[int, ...]:
        """The numbers in parentheses, if parentheses follow."""
        if not self.accept("("):
            return ()
        values = []
        while True:
            kind, value = self.next()
            if kind != "number":
                self.at -= 1
                raise self.fail()
            values.append(int(value))
            if self.accept(")"):
                return tuple(values)
            if not self.accept(","):
                raise self.fail()

    def read(self) -> TypeName:
        self.accept("setof")
        schema, name, args = self.name()
        dims = 0
        if self.accept("array"):
            dims = 1
            if self.peek()[0] == "bounds":
                self.next()
        while self.peek()[0] == "bounds":
            self.next()
            dims += 1
        if self.peek()[0] != "end":
            raise self.fail()
        return TypeName(name=name, schema=schema, args=args, dims=dims)

    def name(self) -> tuple[str | None, str, tuple[int, ...]]:
        kind, word = self.next()
        if kind not in ("word", "quoted"):
            self.at -= 1
            raise self.fail()
        if self.accept("."):
            kind, name = self.next()
            if kind not in ("word", "quoted"):
                self.at -= 1
                raise self.fail()
            return word, name, self.numbers()
        if kind == "quoted":
            return None, word, self.numbers()
        return None, *self.builtin(word)

    def builtin(self, word: str) -> tuple[str, tuple[int, ...]]:
        if word == "double":
            if not self.accept("precision"):
                raise self.fail()
            return "float8", ()
        if word == "float":
            return _float(self.numbers()), ()
        if word == "bit":
            varying = self.accept("varying")
            return "varbit" if varying else "bit", self.numbers() or (() if varying else (1,))
        if word in ("time", "timestamp"):
            args = self.numbers()
            if self.accept("with", "time", "zone"):
                return f"{word}tz", args
            self.accept("without", "time", "zone")
            return word, args
        if word == "interval":
            return "interval", self.interval_fields()
        if word == "national" and not (self.accept("character") or self.accept("char")):
            raise self.fail()
        name = _SPELLINGS.get(word, word)
        if name == "bpchar" and word != "bpchar":
            if self.accept("varying"):
                return "varchar", self.numbers()
            return name, self.numbers() or (1,)
        return name, self.numbers()

    def interval_fields(self) -> tuple[int, ...]:
        """The interval typmod's arguments: (fields mask, precision), (precision) alone, or nothing."""
        fields = None
        if self.peek()[1] in _FIELDS and self.peek()[0] == "word":
            fields = self.next()[1]
            if self.accept("to"):
                fields += f" to {self.next()[1]}"
        args = self.numbers()
        if fields is None:
            return args
        try:
            typmod = interval_typmod(fields, args[0] if args else None)
        except KeyError:
            raise SyntaxError("syntax error in interval fields") from None
        return typmod >> 16, args[0] if args else INTERVAL_FULL_PRECISION


def _float(args: tuple[int, ...]) -> str:
    if not args:
        return "float8"
    if args[0] < 1:
        raise InvalidParameterValue("precision for type float must be at least 1 bit")
    if args[0] > 53:
        raise InvalidParameterValue("precision for type float must be less than 54 bits")
    return "float4" if args[0] <= 24 else "float8"
