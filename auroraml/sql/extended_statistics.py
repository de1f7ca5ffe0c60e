"""CREATE, ALTER and DROP STATISTICS."""

from __future__ import annotations

from auroraml.sql import statements as st
from auroraml.sql.grammar import QueryParser
from auroraml.sql.lexer import WORD


def create_statistics(p: QueryParser) -> st.Statement:
    """CREATE STATISTICS [IF NOT EXISTS] name [(kind, ...)] ON column or (expression), ... FROM table."""
    exists = p.take("if", "not", "exists")
    name = p.qualified()
    kinds = p.names() if p.token.is_op("(") else ()
    p.expect("on")
    keys = p.comma_list(lambda: _key(p))
    p.expect("from")
    table = _relation(p)
    more = False
    if p.mark(","):
        more = True
        p.i = p.stop
    elif p.token.is_word("join", "cross", "inner", "left", "right", "full", "natural"):
        table = None
        p.i = p.stop
    return st.CreateStatistics(name=name, kinds=kinds, keys=keys, table=table, several=more, if_not_exists=exists)


def _key(p: QueryParser) -> st.Name | st.Tree:
    at = p.token.start
    if p.mark("("):
        found = p.expression(commas=False)
        p.need(")")
        return found
    if p.token.is_name and (p.peek().is_op(",") or p.peek().is_word("from") or p.i + 1 >= p.stop):
        return st.Name(name=p.name(), at=at)
    if p.token.is_name:
        start, end = p.i, p.i + 1  # a call: names with dots, then its parentheses and nothing else
        while p.tokens[end].is_op(".") and p.tokens[end + 1].is_name:
            end += 2
        p.i = end
        if not p.token.is_op("("):
            raise p.fail()
        p.i = start
        return p.expression("from")
    raise p.fail()


def _relation(p: QueryParser) -> st.Name | None:
    """The name of a table; None for anything else that may stand in FROM."""
    if p.token.is_op("(") or p.token.is_word("lateral"):
        p.i = p.stop
        return None
    only = p.take("only")
    bracket = only and p.mark("(")
    name = p.qualified()
    if bracket:
        p.need(")")
    p.mark("*")
    if p.token.is_op("("):
        p.i = p.stop
        return None
    if p.take("as") or (
        p.token.is_name and p.token.kind == WORD and not p.token.is_word("join", "cross", "inner", "left", "right", "full", "natural")
    ):
        p.name()
    return name


def alter_statistics(p: QueryParser) -> st.Statement:
    """ALTER STATISTICS name RENAME TO, OWNER TO, SET SCHEMA; [IF EXISTS] name SET STATISTICS n."""
    exists = p.take("if", "exists")
    name = p.qualified()
    at = p.token.start
    if p.take("set", "statistics"):
        action = st.AlterAction(kind="set statistics", new_name=p.number(), at=at)
    elif exists:
        raise p.fail()
    elif p.take("rename", "to"):
        action = st.AlterAction(kind="rename", new_name=p.name(), at=at)
    elif p.take("owner", "to"):
        action = st.AlterAction(kind="owner", new_name=p.name(), at=at)
    elif p.take("set", "schema"):
        action = st.AlterAction(kind="set schema", new_name=p.name(), at=at)
    else:
        raise p.fail()
    return st.AlterTable(object="statistics", name=name, actions=(action,), if_exists=exists)
