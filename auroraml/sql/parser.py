"""Text to statements: cut at semicolons, then by first word to sqlglot or to the utility parser."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from auroraml.errors import FeatureNotSupported
from auroraml.errors import SyntaxError as SqlSyntaxError
from auroraml.records import replace
from auroraml.sql.check import check_query
from auroraml.sql.into import select_into
from auroraml.sql.lexer import Token, tokenize
from auroraml.sql.rewrite import Source
from auroraml.sql.statements import Query, Statement
from auroraml.sql.trees import into_of, parse_tree
from auroraml.sql.types import near
from auroraml.sql.utility import UTILITY, utility

QUERY_WORDS = ("select", "values", "with", "insert", "update", "delete", "table")


def parse(text: str) -> tuple[Statement, ...]:
    """The statements of `text`; raises SyntaxError (42601) in PostgreSQL's words, positions counted in the whole text."""
    source = Source(tokens=tokenize(text))
    statements = []
    for start, stop in _spans(source.tokens):
        statements.append(_statement(text, source, start, stop))
    return tuple(statements)


def split(text: str) -> tuple[str, ...]:
    """The texts of the statements in `text`, without their semicolons; what cannot be cut into tokens is one statement, to be refused as a whole."""
    try:
        tokens = tokenize(text)
    except SqlSyntaxError:
        return (text,)
    return tuple(text[tokens[start].start : tokens[stop - 1].end] for start, stop in _spans(tokens))


def parse_expression(text: str) -> Query:
    """A lone expression, as SELECT's only target."""
    statement = parse(f"SELECT {text}")[0]
    assert isinstance(statement, Query)
    return statement


def _spans(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    spans, start, depth, atomic = [], 0, 0, 0
    for i, token in enumerate(tokens):
        mark = token.mark
        if mark == "(":
            depth += 1
        elif mark == ")":
            depth -= 1
        elif not mark:
            word = token.word
            if (word == "atomic" and tokens[i - 1].word == "begin") or (atomic and word == "case"):
                atomic += 1
            elif atomic and word == "end":
                atomic -= 1
        if token.kind == "end" or (mark == ";" and depth <= 0 and not atomic):
            if i > start:
                spans.append((start, i))
            start = i + 1
    return spans


def is_query(token: Token) -> bool:
    """Whether a statement that begins with `token` is one for sqlglot."""
    return token.is_word(*QUERY_WORDS) or token.is_op("(")


def _statement(text: str, source: Source, start: int, stop: int) -> Statement:
    first = source.tokens[start]
    begin, end = first.start, source.tokens[stop - 1].end
    if is_query(first):
        found = query(text, source, start, stop)
        return found if into_of(found.tree.root) is None else select_into(found)
    if first.kind == "word" and first.text in UTILITY:
        return replace(utility(text, source, start, stop, query), text=text, start=begin, end=end)
    raise near(first)


def query(text: str, source: Source, start: int, stop: int) -> Query:
    """A query or DML statement."""
    tokens = source.tokens
    labels = check_query(tokens, start, stop)
    if tokens[start].is_word("table"):
        source = Source(tokens=tokenize("SELECT * FROM" + " " * max(0, tokens[start].end - 13) + text[tokens[start].end : tokens[stop - 1].end]))
        return replace(query(text, source, 0, len(source.tokens) - 1), start=tokens[start].start)
    source.labels |= labels
    try:
        tree = parse_tree(text, source, start, stop)
    except SqlSyntaxError as error:  # PostgreSQL's grammar has it: what fails is this engine's
        raise FeatureNotSupported("this syntax is not supported", at=(error.diag.statement_position or 1) - 1) from error
    if isinstance(tree.root, (exp.Alias, exp.Column, exp.Identifier)):
        raise near(tokens[min(start + 1, stop)])
    return Query(tree=tree, text=text, start=tree.at, end=tokens[stop - 1].end)
