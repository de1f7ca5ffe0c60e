"""COPY, EXPLAIN, ANALYZE, VACUUM, PREPARE, cursors: statements around queries."""

from __future__ import annotations

from auroraml.errors import InvalidCursorDefinition
from auroraml.sql import statements as st
from auroraml.sql.grammar import Grammar, QueryParser
from auroraml.sql.into import select_into
from auroraml.sql.trees import into_of
from auroraml.sql.types import near

EXPLAINABLE = ("select", "values", "with", "insert", "update", "delete", "table", "declare", "execute", "create", "refresh")


def copy(p: QueryParser) -> st.Statement:
    """COPY table [(columns)] | (query) FROM | TO ..."""
    p.expect("copy")
    p.take("binary")
    table: st.Name | None = None
    columns: tuple[st.Name, ...] = ()
    query: st.Query | None = None
    if p.mark("("):
        stop = p.until(commas=False)
        query = p.query(stop)
        p.need(")")
    else:
        table = p.qualified()
        if p.token.is_op("("):

            def read() -> st.Name:
                at = p.token.start
                return st.Name(name=p.name(), at=at)

            columns = p.parenthesised(read)
    incoming = bool(query is None and p.take("from"))
    if not incoming:
        p.expect("to")
    program = p.take("program")
    file = None if p.one_of("stdin", "stdout") else p.string()
    p.take("with")
    options = p.parenthesised(lambda: _copy_option(p)) if p.token.is_op("(") else _old_options(p)
    where = p.expression(commas=False) if incoming and p.take("where") else None
    return st.Copy(table=table, columns=columns, query=query, incoming=incoming, file=file, program=program, options=options, where=where)


def _copy_option(p: QueryParser) -> st.Option:
    at = p.token.start
    name = p.name()
    if p.mark("*"):
        return st.Option(name=name, value="*", at=at)
    value = p.names() if p.token.is_op("(") else p.option_value()
    return st.Option(name=name, value=value, at=at)


def _old_options(p: QueryParser) -> tuple[st.Option, ...]:
    options = []
    while not p.at_end and not p.token.is_word("where"):
        at = p.token.start
        if word := p.one_of("csv", "binary"):
            options.append(st.Option(name="format", value=word, at=at))
        elif word := p.one_of("header", "freeze"):
            options.append(st.Option(name=word, at=at))
        elif word := p.one_of("delimiter", "null", "quote", "escape", "encoding"):
            p.take("as")
            options.append(st.Option(name=word, value=p.string(), at=at))
        elif p.take("force"):
            kind = "force_quote" if p.take("quote") else "force_not_null" if p.take("not", "null") else "force_null"
            if kind == "force_null":
                p.expect("null")
            options.append(st.Option(name=kind, value="*" if p.mark("*") else p.comma_list(p.name), at=at))
        else:
            raise p.fail()
    return tuple(options)


def explain(p: QueryParser) -> st.Statement:
    """EXPLAIN [ANALYZE] [VERBOSE] | (option [value], ...) statement."""
    p.expect("explain")
    options: tuple[st.Option, ...] = ()
    if p.token.is_op("(") and not p.peek().is_word("select", "values", "with") and not p.peek().is_op("("):
        options = p.parenthesised(p.option)
    else:
        at = p.token.start
        if p.one_of("analyze", "analyse"):
            options += (st.Option(name="analyze", at=at),)
        at = p.token.start
        if p.take("verbose"):
            options += (st.Option(name="verbose", at=at),)
    return st.Explain(statement=_explainable(p), options=options)


def _explainable(p: QueryParser) -> st.Statement:
    """The statement to explain: a query, DML, EXECUTE, DECLARE, CREATE TABLE AS or a materialized view."""
    first, start = p.token, p.i
    if first.is_word("merge"):
        raise p.unsupported("MERGE")
    if not first.is_op("(") and not first.is_word(*EXPLAINABLE):
        raise p.fail()
    if first.is_word("create"):
        second = p.peek(2) if p.peek().is_word("or") else p.peek()
        if not second.is_word("table", "materialized", "temp", "temporary", "unlogged", "local", "global"):
            raise near(p.peek())
        where = next((i for i in range(start, p.stop) if p.source.tokens[i].is_op("(") or p.source.tokens[i].is_word("as")), p.stop)
        statement = p.nested()
        if not isinstance(statement, st.CreateTableAs):  # its grammar ends after a column's name
            raise near(p.source.tokens[min(where + 2, p.stop)])
        return statement
    statement = p.nested()
    return select_into(statement) if isinstance(statement, st.Query) and into_of(statement.tree.root) is not None else statement


def analyze(p: QueryParser) -> st.Statement:
    """ANALYZE [VERBOSE] [table [(columns)], ...]."""
    p.i += 1
    options = p.parenthesised(p.option) if p.token.is_op("(") else ()
    if p.take("verbose"):
        options = (st.Option(name="verbose"),)
    names, columns = _targets(p)
    return st.Analyze(names=names, columns=columns, options=options)


def _targets(p: QueryParser) -> tuple[tuple[st.Name, ...], tuple[tuple[str, ...], ...]]:
    names: list[st.Name] = []
    columns: list[tuple[str, ...]] = []
    while not p.at_end:
        if names:
            p.need(",")
        names.append(p.qualified())
        columns.append(p.names() if p.token.is_op("(") else ())
    return tuple(names), tuple(columns)


def vacuum(p: QueryParser) -> st.Statement:
    """VACUUM."""
    p.expect("vacuum")
    options: list[st.Option] = []
    if p.token.is_op("("):
        options += p.parenthesised(p.option)
    else:
        for word in ("full", "freeze", "verbose", "analyze"):
            if p.take(word) or (word == "analyze" and p.take("analyse")):
                options.append(st.Option(name=word))
    names, columns = _targets(p)
    return st.Vacuum(names=names, columns=columns, options=tuple(options))


def prepare(p: QueryParser) -> st.Statement:
    """PREPARE name [(types)] AS statement."""
    p.expect("prepare")
    if p.take("transaction"):
        return p.refuse("PREPARE TRANSACTION")
    name = p.name()
    types = p.parenthesised(p.type) if p.token.is_op("(") else ()
    p.expect("as")
    if p.token.is_word("merge"):
        raise p.unsupported("MERGE")
    statement = p.query()
    return st.Prepare(name=name, types=types, statement=statement if into_of(statement.tree.root) is None else select_into(statement))


def execute(p: QueryParser) -> st.Statement:
    """EXECUTE name [(arguments)]."""
    return p.execution()


def deallocate(p: QueryParser) -> st.Statement:
    """DEALLOCATE [PREPARE] name | ALL."""
    p.expect("deallocate")
    p.take("prepare")
    return st.Deallocate(name=None if p.take("all") else p.name())


def declare(p: QueryParser) -> st.Statement:
    """DECLARE name ... CURSOR ... FOR query."""
    p.expect("declare")
    name = p.name()
    scroll = None
    written: set[str] = set()
    while word := p.one_of("binary", "asensitive", "insensitive", "no", "scroll"):
        if word == "no":
            p.expect("scroll")
            scroll = False
        elif word == "scroll":
            scroll = True
        written.add(word)
    for one, other in (("scroll", "no"), ("asensitive", "insensitive")):
        if {one, other} <= written:
            raise InvalidCursorDefinition(f"cannot specify both {one.upper()} and {'NO SCROLL' if other == 'no' else other.upper()}")
    p.expect("cursor")
    hold = p.take("with", "hold")
    p.take("without", "hold")
    p.expect("for")
    return st.Declare(name=name, query=p.query(), hold=hold, scroll=scroll, insensitive="insensitive" in written)


def _fetch(move: bool) -> Grammar:
    def read(p: QueryParser) -> st.Statement:
        p.i += 1
        direction, count = "forward", 1
        if word := p.one_of("next", "prior", "first", "last"):
            direction = word
        elif word := p.one_of("absolute", "relative"):
            direction, count = word, int(p.number())
        elif word := p.one_of("forward", "backward"):
            direction = word
            counted: int | None = None if p.take("all") else int(p.number()) if p.token.kind == "number" or p.token.is_op("-") else 1
            p.one_of("from", "in")
            return st.Fetch(name=p.name(), direction=direction, count=counted, move=move)
        elif p.take("all"):
            p.one_of("from", "in")
            return st.Fetch(name=p.name(), direction="forward", count=None, move=move)
        elif p.token.kind == "number" or p.token.is_op("-"):
            count = int(p.number())
        p.one_of("from", "in")
        return st.Fetch(name=p.name(), direction=direction, count=count, move=move)

    return read


def close(p: QueryParser) -> st.Statement:
    """CLOSE name | ALL."""
    p.expect("close")
    return st.Close(name=None if p.take("all") else p.name())


GRAMMAR: dict[str, Grammar] = {
    "copy": copy, "explain": explain, "analyze": analyze, "analyse": analyze, "vacuum": vacuum, "prepare": prepare, "execute": execute,
    "deallocate": deallocate, "declare": declare, "fetch": _fetch(False), "move": _fetch(True), "close": close,
}  # fmt: skip
