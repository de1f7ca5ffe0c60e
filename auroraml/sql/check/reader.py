"""A reading position that fails where PostgreSQL's parser would: at the first token that cannot go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from auroraml.sql.check.keywords import BARE_REFUSED, COLUMN_NAME, RESERVED, TYPE_FUNCTION
from auroraml.sql.lexer import QUOTED, STRING, WORD, Token
from auroraml.sql.types import TypeReader, near


class Reader:
    """Tokens from `at` to before `stop`; the token at `stop` ends the statement."""

    def __init__(self, tokens: Sequence[Token], at: int, stop: int) -> None:
        self.tokens = tokens
        self.i = at
        self.stop = stop

    @property
    def token(self) -> Token:
        """The next token."""
        return self.tokens[self.i]

    @property
    def ended(self) -> bool:
        """Whether all tokens are read."""
        return self.i >= self.stop

    def fail(self) -> Exception:
        """The syntax error at the next token."""
        return near(self.token)

    def word(self, *words: str) -> bool:
        """Whether the next token is one of these words."""
        return self.i < self.stop and self.tokens[self.i].word in words

    def mark(self, *marks: str) -> bool:
        """Whether the next token is one of these operators or marks."""
        return self.i < self.stop and self.tokens[self.i].mark in marks

    def then(self, ahead: int, *words: str) -> bool:
        """Whether the token `ahead` of the next is one of these words or marks."""
        place = self.i + ahead
        if place >= self.stop:
            return False
        token = self.tokens[place]
        return token.word in words or token.mark in words

    def take(self, *words: str) -> bool:
        """Read one of these words, if it is there."""
        if self.i < self.stop and self.tokens[self.i].word in words:
            self.i += 1
            return True
        return False

    def take_mark(self, *marks: str) -> bool:
        """Read one of these marks, if it is there."""
        if self.i < self.stop and self.tokens[self.i].mark in marks:
            self.i += 1
            return True
        return False

    def need(self, *words: str) -> None:
        """Read one of these words or fail."""
        if not self.take(*words):
            raise self.fail()

    def need_mark(self, *marks: str) -> None:
        """Read one of these marks or fail."""
        if not self.take_mark(*marks):
            raise self.fail()

    def string(self) -> bool:
        """Whether the next token is a string."""
        return self.i < self.stop and self.token.kind == STRING

    def _identifier(self, refused: frozenset[str]) -> bool:
        if self.i >= self.stop:
            return False
        token = self.token
        return token.kind == QUOTED or (token.kind == WORD and token.text not in refused)

    def is_column_name(self) -> bool:
        """Whether the next token can be a ColId."""
        return self._identifier(_NOT_COLUMN)

    def is_function_name(self) -> bool:
        """Whether the next token can be a type_function_name."""
        return self._identifier(_NOT_FUNCTION)

    def name(self) -> None:
        """Read a ColId or fail."""
        if not self.is_column_name():
            raise self.fail()
        self.i += 1

    def label(self) -> None:
        """Read a ColLabel (any word) or fail."""
        if self.i >= self.stop or not self.token.is_name:
            raise self.fail()
        self.i += 1

    def is_bare_label(self) -> bool:
        """Whether the next token can name a column without AS."""
        return self._identifier(BARE_REFUSED)

    def qualified(self) -> None:
        """Read a name with any number of dotted parts."""
        self.name()
        while self.take_mark("."):
            self.label()

    def type(self) -> None:
        """Read a type name."""
        if self.i >= self.stop or not self.token.is_name or (self.token.kind == WORD and self.token.text in RESERVED):
            raise self.fail()
        reader = TypeReader(self.tokens, self.i)
        reader.read()
        self.i = reader.i

    def listed(self, item: Callable[[], None]) -> None:
        """One or more items with commas between."""
        item()
        while self.take_mark(","):
            item()

    def names(self) -> None:
        """(name, name, ...)."""
        self.need_mark("(")
        self.listed(self.name)
        self.need_mark(")")


_NOT_COLUMN = RESERVED | TYPE_FUNCTION
_NOT_FUNCTION = RESERVED | COLUMN_NAME
