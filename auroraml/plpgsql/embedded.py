"""SQL among a body's statements as it is written: statements with INTO, PERFORM, EXECUTE, GET DIAGNOSTICS, and what is refused by name."""

from __future__ import annotations

from dataclasses import replace

from auroraml.plpgsql import tree
from auroraml.plpgsql.parser import Parser, reads
from auroraml.plpgsql.reader import LEAD
from auroraml.sql.types import near

ITEMS = ("row_count",)
STACKED = ("returned_sqlstate", "message_text", "pg_exception_detail", "pg_exception_hint", "pg_exception_context", "schema_name", "table_name",
           "column_name", "constraint_name", "pg_datatype_name")  # fmt: skip


def _into(p: Parser) -> tuple[tree.Targets, bool]:
    """[STRICT] targets, behind INTO."""
    strict = p.take("strict")
    return p.targets(), strict


@reads("sql")
def read_sql_statement(p: Parser) -> tree.Node:
    """A SQL statement; INTO is taken out of it, so that other places stay as they are."""
    start, first = p.i, p.token
    stop = p.find_end()
    into: tree.Targets | None = None
    strict = False
    holes: list[tuple[int, int]] = []
    i = start + 1
    while i < stop:
        if p.tokens[i].is_word("into") and not p.tokens[i - 1].is_word("insert", "merge"):
            if into is not None:
                raise p.error("INTO specified more than once", p.tokens[i])
            p.i = i + 1
            into, strict = _into(p)
            holes.append((i, p.i))
            i = p.i
        else:
            i += 1
    p.i = start
    sql = p.statement(stop, holes)
    p.semicolon()
    return tree.Execute(line=p.line(first), sql=sql, into=into, strict=strict)


@reads("perform")
def read_perform(p: Parser) -> tree.Node:
    """PERFORM query: SELECT whose rows nobody wants."""
    word = p.tokens[p.i - 1]
    stop = p.find_stop((";",), ())
    if stop == p.i:
        sql = p.sql("", p.token.start, LEAD)
    else:
        between = p.text[word.end : p.token.start]
        sql = replace(p.statement(stop, lead=LEAD), select=f"SELECT{between}")
    p.semicolon()
    return tree.Perform(line=p.line(word), sql=sql)


@reads("execute")
def read_execute(p: Parser) -> tree.Node:
    """EXECUTE text [INTO [STRICT] targets] [USING expressions], in either order."""
    line = p.line(p.tokens[p.i - 1])
    text = p.cut((";",), ("into", "using"))
    into: tree.Targets | None = None
    strict, using = False, list[tree.Sql]()
    while not p.token.is_op(";"):
        token = p.token
        if p.take("into"):
            if into is not None:
                raise near(token)
            into, strict = _into(p)
        elif p.take("using"):
            if using:
                raise near(token)
            using.append(p.cut((",", ";"), ("into",)))
            while p.mark(","):
                using.append(p.cut((",", ";"), ("into",)))
        else:
            raise near(token)
    p.semicolon()
    return tree.Dynamic(line=line, text=text, into=into, strict=strict, using=tuple(using))


@reads("get")
def read_diagnostics(p: Parser) -> tree.Node:
    """GET [CURRENT | STACKED] DIAGNOSTICS target = item, ..."""
    line = p.line(p.tokens[p.i - 1])
    stacked = p.one_of("current", "stacked") == "stacked"
    p.expect("diagnostics")
    items = [_item(p, stacked)]
    while p.mark(","):
        items.append(_item(p, stacked))
    p.semicolon()
    return tree.Diagnostics(line=line, stacked=stacked, items=tuple(items))


def _item(p: Parser, stacked: bool) -> tuple[tree.Target, str]:
    target = p.target()
    if not p.mark(":="):
        p.need("=")
    token = p.token
    word = p.name()
    if word == "pg_context":
        raise p.refused("PG_CONTEXT of GET DIAGNOSTICS", token)
    if word not in (*ITEMS, *STACKED):
        raise p.error("unrecognized GET DIAGNOSTICS item", token, near_it=True)
    if word not in (STACKED if stacked else ITEMS):
        kind = "STACKED" if stacked else "CURRENT"
        raise p.error(f"diagnostics item {word.upper()} is not allowed in GET {kind} DIAGNOSTICS", token)
    return target, word


@reads("open", "fetch", "move", "close")
def refuse_cursors(p: Parser) -> tree.Node:
    """Cursors are not supported."""
    token = p.tokens[p.i - 1]
    raise p.refused(token.word.upper(), token)


@reads("call", "commit", "rollback", "do")
def refuse_others(p: Parser) -> tree.Node:
    """What procedures do, and blocks inside blocks as text."""
    token = p.tokens[p.i - 1]
    raise p.refused(token.word.upper(), token)
