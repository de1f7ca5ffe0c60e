"""A reading position in a PL/pgSQL body: tokens, lines, SQL cut out at its terminator."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from auroraml.errors import DatabaseError, FeatureNotSupported
from auroraml.errors import SyntaxError as SqlSyntaxError
from auroraml.plpgsql.tree import Sql
from auroraml.plpgsql.variables import Names, Record, Scalar
from auroraml.sql import parse
from auroraml.sql.cursor import Cursor
from auroraml.sql.lexer import Token, tokenize
from auroraml.sql.rewrite import Source
from auroraml.sql.types import TypeName, near
from auroraml.types.pg_type import PgType

TypeNamed = Callable[[TypeName], tuple[PgType, int]]
LEAD = "SELECT "


class BodyCursor(Cursor):
    """Tokens of a body with the names that are known where it stands; `types` finds the types that are named."""

    def __init__(self, text: str, types: TypeNamed, names: Names) -> None:
        source = Source(tokens=tokenize(text))
        super().__init__(text, source, 0, len(source.tokens) - 1)
        self.types = types
        self.scope = names
        self.variables: list[Scalar | Record] = []
        self._lines = [i for i, c in enumerate(text) if c == "\n"]

    def line(self, token: Token) -> int:
        """The line of a token, from 1."""
        return bisect_right(self._lines, token.start - 1) + 1

    def error(
        self, message: str, token: Token, *, hint: str | None = None, near_it: bool = False, cls: type[DatabaseError] = SqlSyntaxError
    ) -> Exception:
        """An error (42601 unless said) that points at a token."""
        if near_it:
            message += " at end of input" if token.kind == "end" else f' at or near "{token.raw}"'
        return cls(message, at=token.start, hint=hint)

    def refused(self, feature: str, token: Token | None = None) -> Exception:
        """0A000 for what begins at a token."""
        return FeatureNotSupported(f"{feature} is not supported in PL/pgSQL", at=(token or self.token).start)

    def find_end(self) -> int:
        """The number of the semicolon that ends a statement: one outside parentheses."""
        depth, i = 0, self.i
        while i < self.stop:
            mark = self.tokens[i].mark
            if mark == ";" and depth == 0:
                return i
            depth += (mark == "(") - (mark == ")")
            if depth < 0:
                raise self.error("mismatched parentheses", self.tokens[i], near_it=True)
            i += 1
        raise self.error("unexpected end of function definition", self.tokens[self.stop], near_it=True)

    def find_stop(self, marks: Sequence[str], words: Sequence[str]) -> int:
        """The number of the first token outside parentheses that ends a piece of SQL; 42601 where there is none."""
        depth, i = 0, self.i
        while i < self.stop:
            token = self.tokens[i]
            if depth == 0 and (token.mark in marks or token.word in words):
                return i
            if token.mark in ("(", "["):
                depth += 1
            elif token.mark in (")", "]"):
                depth -= 1
                if depth < 0:
                    raise self.error("mismatched parentheses", token, near_it=True)
            elif token.mark == ";":
                break
            i += 1
        end = self.tokens[min(i, self.stop)]
        if depth:
            if end.kind == "end":
                raise self.error("unexpected end of function definition", end, near_it=True)
            raise self.error("mismatched parentheses", end, near_it=True)
        if end.kind == "end" and not words:
            raise self.error("syntax error", end, near_it=True)
        shown = words[0].upper() if words else marks[0]
        raise self.error(f'missing "{shown}" at end of SQL expression', end, near_it=True)

    def cut(self, marks: Sequence[str] = (";",), words: Sequence[str] = (), target: str = "") -> Sql:
        """An expression up to its terminator, which is left; `target` is what it is assigned to, as written."""
        stop = self.find_stop(marks, words)
        if stop == self.i:
            raise self.error("missing expression", self.tokens[stop], near_it=True)
        first, last = self.token, self.tokens[stop - 1]
        self.i = stop
        return read_sql(self.text[first.start : last.end], first.start, self.scope, LEAD, target)

    def sql(self, text: str, at: int, lead: str = "") -> Sql:
        """SQL of the body, read; its syntax errors stand at their places in the body."""
        return read_sql(text, at, self.scope, lead)

    def statement(self, stop: int, holes: Sequence[tuple[int, int]] = (), skip: int = 0, lead: str = "") -> Sql:
        """The SQL from here to token `stop`; token spans `holes` are blanked out, the first `skip` tokens left away."""
        first, last = self.tokens[self.i + skip], self.tokens[stop - 1]
        text = self.text
        for start, end in holes:
            a, b = self.tokens[start].start, self.tokens[end].start
            text = text[:a] + " " * (b - a) + text[b:]
        self.i = stop
        return self.sql(text[first.start : last.end].rstrip(), first.start, lead)

    def semicolon(self) -> None:
        """The end of a statement."""
        if not self.mark(";"):
            raise near(self.token)


def read_sql(text: str, at: int, names: Names, lead: str = "", target: str = "") -> Sql:
    """SQL that begins at offset `at` of a body."""
    try:
        parsed = parse(lead + text)
    except DatabaseError as error:
        if error.diag.statement_position is not None:
            error.diag.statement_position = max(error.diag.statement_position - len(lead), 1) + at
        raise
    if len(parsed) != 1:
        raise SqlSyntaxError("syntax error at end of input", at=at + len(text))
    return Sql(text=text, at=at, names=names, parsed=parsed[0], lead=len(lead), target=target)
