"""The parser for utility statements: one table of first words, the grammar in the modules it names."""

from __future__ import annotations

from auroraml.records import replace
from auroraml.sql import access, creation, definition, movement, sessions, triggers
from auroraml.sql.grammar import Grammar, ParseQuery, QueryParser
from auroraml.sql.rewrite import Source
from auroraml.sql.statements import Statement

UTILITY: dict[str, Grammar] = {**creation.GRAMMAR, **definition.GRAMMAR, **movement.GRAMMAR, **access.GRAMMAR, **sessions.GRAMMAR, **triggers.GRAMMAR}


def utility(text: str, source: Source, start: int, stop: int, parse_query: ParseQuery) -> Statement:
    """The utility statement in the tokens from `start` to before `stop`."""

    def nested(parser: QueryParser, i: int, end: int) -> Statement:
        first = source.tokens[i]
        if first.kind == "word" and first.text in UTILITY:
            return replace(utility(text, source, i, end, parse_query), text=text, start=first.start, end=source.tokens[end - 1].end)
        return parse_query(text, source, i, end)

    parser = QueryParser(text, source, start, stop, parse_query, nested)
    statement = UTILITY[source.tokens[start].text](parser)
    if not parser.at_end:
        raise parser.fail()
    return statement
