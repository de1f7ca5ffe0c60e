"""Type names as SQL writes them: words, modifiers and array brackets, read from the token list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auroraml.errors import SyntaxError as SqlSyntaxError
from auroraml.sql.lexer import Token


@dataclass(frozen=True, kw_only=True)
class TypeName:
    """A type as written: `name` is PostgreSQL's internal name for SQL's own spellings (int4, bpchar, timestamptz)."""

    name: str
    schema: str | None = None
    modifiers: tuple[str | None, ...] = ()  # None: neither a constant nor a name
    dimensions: int = 0
    set_of: bool = False
    at: int = 0
    grammatical: bool = False  # SQL's grammar has a rule for the type: it means pg_catalog's

    @property
    def written(self) -> str:
        """The name as notices print it, with the schema that the grammar adds."""
        schema = "pg_catalog" if self.grammatical else self.schema
        return (f"{schema}." if schema else "") + self.name + ("[]" if self.dimensions else "")


def near(token: Token) -> SqlSyntaxError:
    """PostgreSQL's error for a token that does not fit."""
    if token.kind == "end":
        return SqlSyntaxError("syntax error at end of input", at=token.start)
    return SqlSyntaxError(f'syntax error at or near "{token.raw}"', at=token.start)


_SIMPLE = {"int": "int4", "integer": "int4", "smallint": "int2", "bigint": "int8", "real": "float4", "boolean": "bool", "decimal": "numeric",
           "dec": "numeric", "varchar": "varchar", "character": "bpchar", "char": "bpchar", "nchar": "bpchar"}  # fmt: skip
_GRAMMATICAL = frozenset((*_SIMPLE, "numeric", "float", "double", "national", "timestamp", "time", "interval"))
_VALUES = frozenset(("true", "false", "null", "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "current_role",
                     "current_user", "session_user", "user", "current_catalog", "current_schema"))  # fmt: skip
"""Words that are expressions and neither constants nor names to a type."""
_FIELDS = ("year", "month", "day", "hour", "minute", "second")
_FIELD_BITS = {"year": 4, "month": 2, "day": 8, "hour": 1024, "minute": 2048, "second": 4096}


class TypeReader:
    """Reads one type name from `tokens` at `i`; `i` then stands behind it."""

    def __init__(self, tokens: Sequence[Token], i: int) -> None:
        self.tokens = tokens
        self.i = i

    def _take(self, *words: str) -> bool:
        if self.tokens[self.i].is_word(*words):
            self.i += 1
            return True
        return False

    def _modifiers(self) -> tuple[str | None, ...]:
        """Expressions of which only constants and names mean something; None for others."""
        if not self.tokens[self.i].is_op("("):
            return ()
        self.i += 1
        found = [self._modifier()]
        while self._punctuation(","):
            found.append(self._modifier())
        if not self._punctuation(")"):
            raise near(self.tokens[self.i])
        return tuple(found)

    def _modifier(self) -> str | None:
        start, depth = self.i, 0
        while depth or not self.tokens[self.i].is_op(",", ")"):
            token = self.tokens[self.i]
            if token.kind == "end" or token.is_op(";"):
                raise near(token)
            depth += token.is_op("(", "[") - token.is_op(")", "]")
            self.i += 1
        stop = self.i
        while self.tokens[start].is_op("(") and self.tokens[stop - 1].is_op(")"):
            start, stop = start + 1, stop - 1
        first, length = self.tokens[start], stop - start
        if length <= 0:
            raise near(first)
        sign = "-" if first.is_op("-") and length == 2 and self.tokens[start + 1].kind == "number" else ""
        last = self.tokens[stop - 1]
        simple = last.kind in ("number", "string", "quoted") or (last.kind == "word" and last.text not in _VALUES)
        return sign + last.text if simple and length == 1 + len(sign) else None

    def _size(self) -> tuple[str, ...]:
        """One whole number in parentheses, where the grammar has Iconst."""
        if not self.tokens[self.i].is_op("("):
            return ()
        token, closing = self.tokens[self.i + 1], self.tokens[self.i + 2]
        if token.kind != "number" or not token.text.isdigit() or int(token.text) >= 2**31:
            raise near(token)
        if not closing.is_op(")"):
            raise near(closing)
        self.i += 3
        return (token.text,)

    def _punctuation(self, mark: str) -> bool:
        if self.tokens[self.i].is_op(mark):
            self.i += 1
            return True
        return False

    def read(self) -> TypeName:
        """The type name; raises SyntaxError where none begins."""
        first = self.tokens[self.i]
        set_of = self._take("setof")
        token = self.tokens[self.i]
        if not token.is_name:
            raise near(token)
        self.i += 1
        schema: str | None = None
        name = token.text
        modifiers: tuple[str | None, ...] = ()
        grammatical = token.kind == "word" and name in _GRAMMATICAL and not self.tokens[self.i].is_op(".")
        if token.kind == "word" and not self.tokens[self.i].is_op("."):
            name, modifiers = self._sql_name(name)
        elif self.tokens[self.i].is_op("."):
            self.i += 1
            schema, name = name, self.tokens[self.i].text
            self.i += 1
            modifiers = self._modifiers()
        else:
            modifiers = self._modifiers()
        return TypeName(name=name, schema=schema, modifiers=modifiers, dimensions=self._dimensions(), set_of=set_of, at=first.start,
                        grammatical=grammatical)  # fmt: skip

    def _sql_name(self, word: str) -> tuple[str, tuple[str | None, ...]]:
        if word == "double" and self._take("precision"):
            return "float8", ()
        if word == "float":
            digits = self._size()
            return ("float4" if digits and int(digits[0]) < 25 else "float8"), ()
        if word == "national":
            self._take("character", "char")
            word = "char"
        if word in ("character", "char", "nchar"):
            varying = self._take("varying")
            modifiers = self._size()
            return ("varchar", modifiers) if varying else ("bpchar", modifiers or ("1",))
        if word == "bit":
            return ("varbit" if self._take("varying") else "bit"), self._modifiers()
        if word == "varchar":
            return word, self._size()
        if word in ("timestamp", "time"):
            modifiers = self._size()
            zoned = self.tokens[self.i].is_word("with", "without") and self.tokens[self.i + 1].is_word("time")
            with_zone = zoned and self.tokens[self.i].text == "with"
            self.i += 3 if zoned else 0
            return word + ("tz" if with_zone else ""), modifiers
        if word == "interval":
            return "interval", self._interval()
        return _SIMPLE.get(word, word), self._modifiers()

    def _interval(self) -> tuple[str, ...]:
        """Fields as PostgreSQL's mask, then the precision."""
        if self.tokens[self.i].is_op("("):
            return ("32767", *self._size())
        return self.fields()

    def fields(self) -> tuple[str, ...]:
        """`year to month` and its kin as a modifier mask; () where none is written."""
        token = self.tokens[self.i]
        if not token.is_word(*_FIELDS):
            return ()
        self.i += 1
        last = token.text
        if self.tokens[self.i].is_word("to") and self.tokens[self.i + 1].is_word(*_FIELDS):
            last = self.tokens[self.i + 1].text
            self.i += 2
        start, stop = _FIELDS.index(token.text), _FIELDS.index(last)
        mask = sum(_FIELD_BITS[field] for field in _FIELDS[start : stop + 1])
        precision = self._size() if last == "second" else ()
        return (str(mask), *(precision or ("65535",)))

    def _dimensions(self) -> int:
        count = 0
        if self.tokens[self.i].is_word("array"):
            self.i += 1
            if not self.tokens[self.i].is_op("["):
                return 1
        while self.tokens[self.i].is_op("[") and (self.tokens[self.i + 1].is_op("]") or self.tokens[self.i + 2].is_op("]")):
            self.i += 2 if self.tokens[self.i + 1].is_op("]") else 3
            count += 1
        return count


def read_type(tokens: Sequence[Token], i: int) -> tuple[TypeName, int]:
    """The type name at `i`, and the position behind it."""
    reader = TypeReader(tokens, i)
    return reader.read(), reader.i
