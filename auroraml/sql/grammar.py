"""QueryParser: a cursor that can also read the queries and statements inside utility statements."""

from __future__ import annotations

from collections.abc import Callable

from auroraml.sql.cursor import Cursor
from auroraml.sql.rewrite import Source
from auroraml.sql.statements import Execute, Query, Refused, Statement
from auroraml.sql.types import near

ParseQuery = Callable[[str, Source, int, int], Query]


class QueryParser(Cursor):
    """A cursor over one utility statement."""

    def __init__(
        self, text: str, source: Source, i: int, stop: int, parse_query: ParseQuery, parse_nested: Callable[[QueryParser, int, int], Statement]
    ) -> None:
        super().__init__(text, source, i, stop)
        self._query = parse_query
        self._nested = parse_nested

    def query(self, stop: int | None = None) -> Query:
        """A query up to `stop` (the statement's end)."""
        end = self.stop if stop is None else stop
        if self.i >= end or not (self.token.is_word("select", "values", "with", "table", "insert", "update", "delete") or self.token.is_op("(")):
            raise self.fail()
        found = self._query(self.text, self.source, self.i, end)
        self.i = end
        return found

    def execution(self) -> Execute:
        """EXECUTE name [(arguments)]."""
        self.expect("execute")
        name = self.name()
        return Execute(name=name, arguments=self.parenthesised(self.expression) if self.token.is_op("(") else ())

    def nested(self) -> Statement:
        """A whole statement to the end (EXPLAIN's)."""
        if self.at_end:
            raise near(self.token)
        found = self._nested(self, self.i, self.stop)
        self.i = self.stop
        return found

    def refuse(self, feature: str) -> Refused:
        """Accept the rest unread, to be refused by name when it is run."""
        self.i = self.stop
        return Refused(feature=feature)


Grammar = Callable[[QueryParser], Statement]
