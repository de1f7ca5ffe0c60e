"""A reading position in the token list: what the hand-written parser for utility statements is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from auroraml.errors import FeatureNotSupported
from auroraml.sql.lexer import NUMBER, STRING, Token
from auroraml.sql.rewrite import Source
from auroraml.sql.statements import Name, Option, Tree
from auroraml.sql.trees import parse_tree
from auroraml.sql.types import TypeName, near, read_type

T = TypeVar("T")


class Cursor:
    """Tokens of one statement (`stop` is its end), read from left to right."""

    def __init__(self, text: str, source: Source, i: int, stop: int) -> None:
        self.text = text
        self.source = source
        self.tokens = source.tokens
        self.i = i
        self.stop = stop
        self.start = i

    @property
    def token(self) -> Token:
        """The token at hand (END behind the last one)."""
        return self.tokens[min(self.i, self.stop)]

    @property
    def at_end(self) -> bool:
        """Whether everything was read."""
        return self.i >= self.stop

    def peek(self, ahead: int = 1) -> Token:
        """A later token."""
        return self.tokens[min(self.i + ahead, len(self.tokens) - 1)]

    def fail(self) -> Exception:
        """The syntax error at the token at hand."""
        return near(self.token)

    def unsupported(self, feature: str) -> Exception:
        """The refusal of what begins at the token at hand."""
        return FeatureNotSupported(f"{feature} is not supported", at=self.token.start)

    def take(self, *words: str) -> bool:
        """Read `words` in a row, if they stand here."""
        for ahead, word in enumerate(words):
            if self.i + ahead >= self.stop or not self.tokens[self.i + ahead].is_word(word):
                return False
        self.i += len(words)
        return True

    def one_of(self, *words: str) -> str | None:
        """Read one of `words`, if it stands here."""
        if not self.at_end and self.token.is_word(*words):
            self.i += 1
            return self.tokens[self.i - 1].text
        return None

    def expect(self, *words: str) -> None:
        """Read `words` or fail."""
        for word in words:
            if not self.take(word):
                raise self.fail()

    def mark(self, mark: str) -> bool:
        """Read a punctuation mark or operator, if it stands here."""
        if not self.at_end and self.token.is_op(mark):
            self.i += 1
            return True
        return False

    def need(self, mark: str) -> None:
        """Read `mark` or fail."""
        if not self.mark(mark):
            raise self.fail()

    def name(self) -> str:
        """An identifier."""
        if self.at_end or not self.token.is_name:
            raise self.fail()
        self.i += 1
        return self.tokens[self.i - 1].text

    def qualified(self) -> Name:
        """A name with up to two qualifiers."""
        at = self.token.start
        parts = [self.name()]
        while self.mark("."):
            parts.append(self.name())
        if len(parts) > 3:
            raise near(self.tokens[self.i - 1])
        return Name(name=parts[-1], schema=parts[-2] if len(parts) > 1 else None, database=parts[0] if len(parts) == 3 else None, at=at)

    def string(self) -> str:
        """A string literal."""
        if self.at_end or self.token.kind != STRING:
            raise self.fail()
        self.i += 1
        return self.tokens[self.i - 1].text

    def number(self) -> str:
        """A number, perhaps signed."""
        sign = "-" if self.mark("-") else ""
        self.mark("+")
        if self.at_end or self.token.kind != NUMBER:
            raise self.fail()
        self.i += 1
        return sign + self.tokens[self.i - 1].text

    def type(self) -> TypeName:
        """A type name."""
        name, self.i = read_type(self.tokens, self.i)
        return name

    def comma_list(self, read: Callable[[], T]) -> tuple[T, ...]:
        """One or more items between commas."""
        items = [read()]
        while self.mark(","):
            items.append(read())
        return tuple(items)

    def parenthesised(self, read: Callable[[], T]) -> tuple[T, ...]:
        """A comma list in parentheses."""
        self.need("(")
        items = self.comma_list(read)
        self.need(")")
        return items

    def names(self) -> tuple[str, ...]:
        """(name, ...)."""
        return self.parenthesised(self.name)

    def until(self, *words: str, commas: bool = True) -> int:
        """The position of the first of `words`, a comma or closing parenthesis at this depth, or the end."""
        depth = 0
        for i in range(self.i, self.stop):
            token = self.tokens[i]
            if depth == 0 and (token.is_word(*words) or (commas and token.is_op(",")) or token.is_op(")", "]")):
                return i
            depth += token.is_op("(", "[") - token.is_op(")", "]")
        return self.stop

    def expression(self, *stops: str, commas: bool = True) -> Tree:
        """An expression up to a comma, a closing parenthesis or one of the words `stops`."""
        return self.piece(self.until(*stops, commas=commas))

    def closing(self) -> int:
        """The position after the first parenthesis that is closed at this depth: the end of a call, or of an expression in parentheses."""
        depth = 0
        for i in range(self.i, self.stop):
            token = self.tokens[i]
            depth += token.is_op("(") - token.is_op(")")
            if depth < 0 or (depth == 0 and token.is_op(",")):
                return i
            if depth == 0 and token.is_op(")"):
                return i + 1
        return self.stop

    def piece(self, stop: int) -> Tree:
        """An expression up to a position."""
        if stop == self.i:
            raise self.fail()
        tree = parse_tree(self.text, self.source, self.i, stop, expression=True)
        self.i = stop
        return tree

    def option_value(self) -> str | None:
        """A bare option value: word, string, number, possibly signed; None where none stands."""
        if self.at_end or self.token.is_op(",", ")"):
            return None
        if self.token.kind == NUMBER or self.token.is_op("-", "+"):
            return self.number()
        self.i += 1
        return self.tokens[self.i - 1].text

    def option(self) -> Option:
        """name [=] value."""
        at = self.token.start
        name = self.name()
        while self.mark("."):
            name += "." + self.name()
        self.mark("=")
        return Option(name=name, value=self.option_value(), at=at)
