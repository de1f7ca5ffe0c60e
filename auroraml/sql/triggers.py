"""CREATE, ALTER and DROP TRIGGER, and DO, as they are written."""

from __future__ import annotations

from auroraml.errors import SyntaxError as SqlSyntaxError
from auroraml.sql import statements as st
from auroraml.sql.grammar import Grammar, QueryParser
from auroraml.sql.lexer import NUMBER, STRING
from auroraml.sql.procedural import CreateTrigger, Do, DropTrigger, RenameTrigger

EVENTS = ("insert", "update", "delete", "truncate")


def create_trigger(p: QueryParser, replace: bool) -> st.Statement:
    """CREATE [OR REPLACE] TRIGGER, behind that word."""
    name = p.name()
    if p.take("instead", "of"):
        p.i -= 2
        raise p.unsupported("an INSTEAD OF trigger")
    timing = p.one_of("before", "after")
    if timing is None:
        raise p.fail()
    events, columns = _events(p)
    p.expect("on")
    table = p.qualified()
    if p.token.is_word("from"):
        raise p.unsupported("a constraint trigger")
    if p.token.is_word("deferrable", "initially") or (p.token.is_word("not") and p.peek().is_word("deferrable")):
        raise p.unsupported("a DEFERRABLE trigger")
    if p.token.is_word("referencing"):
        raise p.unsupported("REFERENCING (transition tables of a trigger)")
    row = False
    if p.take("for"):
        p.take("each")
        word = p.one_of("row", "statement")
        if word is None:
            raise p.fail()
        row = word == "row"
    condition = None
    if p.take("when"):
        p.need("(")
        condition = p.expression(commas=False)
        p.need(")")
    p.expect("execute")
    if p.one_of("function", "procedure") is None:
        raise p.fail()
    function = p.qualified()
    p.need("(")
    arguments = () if p.token.is_op(")") else p.comma_list(lambda: _argument(p))
    p.need(")")
    return CreateTrigger(name=name, table=table, function=function, replace=replace, before=timing == "before", row=row, events=events, columns=columns,
                         condition=condition, arguments=arguments)  # fmt: skip


def _events(p: QueryParser) -> tuple[tuple[str, ...], tuple[st.Name, ...]]:
    """INSERT OR UPDATE OF a, b OR ...; each at most once."""
    events: list[str] = []
    columns: tuple[st.Name, ...] = ()
    while True:
        token = p.token
        word = p.one_of(*EVENTS)
        if word is None:
            raise p.fail()
        if word in events:
            raise SqlSyntaxError(f'duplicate trigger events specified at or near "{token.raw}"', at=token.start)
        events.append(word)
        if word == "update" and p.take("of"):
            columns = p.comma_list(lambda: st.Name(at=p.token.start, name=p.name()))
        if not p.take("or"):
            return tuple(events), columns


def _argument(p: QueryParser) -> str:
    """A trigger's argument: a literal, or a word that stands for itself."""
    token = p.token
    if token.kind in (STRING, NUMBER) or token.is_name:
        p.i += 1
        return token.text
    raise p.fail()


def drop_trigger(p: QueryParser) -> st.Statement:
    """DROP TRIGGER, behind that word."""
    exists = p.take("if", "exists")
    name = p.name()
    p.expect("on")
    table = p.qualified()
    return DropTrigger(name=name, table=table, if_exists=exists, cascade=p.one_of("cascade", "restrict") == "cascade")


def alter_trigger(p: QueryParser) -> st.Statement:
    """ALTER TRIGGER, behind that word."""
    name = p.name()
    p.expect("on")
    table = p.qualified()
    if p.token.is_word("depends", "no"):
        raise p.unsupported("ALTER TRIGGER ... DEPENDS ON EXTENSION")
    p.expect("rename", "to")
    return RenameTrigger(name=name, table=table, new_name=p.name())


def switch_trigger(p: QueryParser) -> st.AlterAction | None:
    """ENABLE and DISABLE TRIGGER name, ALL or USER of ALTER TABLE; None where something else stands here."""
    at, word = p.token.start, p.token.word
    if word not in ("enable", "disable"):
        return None
    following = p.peek()
    state = {"enable": "O", "disable": "D"}[word]
    p.i += 1
    if word == "enable" and following.is_word("replica", "always") and p.peek().is_word("trigger"):
        state = {"replica": "R", "always": "A"}[following.word]
        p.i += 1
    if not p.take("trigger"):
        p.i -= 1
        return None
    every = p.token.is_word("all", "user")
    name = p.name()
    return st.AlterAction(kind="switch triggers" if every else "switch trigger", name=name, new_name=state, at=at)


def do(p: QueryParser) -> st.Statement:
    """DO [LANGUAGE name] 'body', in either order."""
    p.expect("do")
    body: str | None = None
    language: str | None = None
    at = 0
    while not p.at_end:
        token = p.token
        if p.take("language"):
            if language is not None:
                raise SqlSyntaxError("conflicting or redundant options", at=token.start)
            language = p.option_value()
        elif token.kind == STRING:
            if body is not None:
                raise SqlSyntaxError("conflicting or redundant options", at=token.start)
            at = token.start + (token.raw.find("$", 1) + 1 if token.raw.startswith("$") else 1)
            body = p.string()
        else:
            raise p.fail()
    if body is None:
        raise SqlSyntaxError("no inline code specified") if language is not None else p.fail()
    return Do(body=body, body_at=at, language=(language or "plpgsql").lower())


GRAMMAR: dict[str, Grammar] = {"do": do}
