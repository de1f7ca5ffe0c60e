"""RAISE as it is written: a level, a format with its arguments or a condition, USING's options."""

from __future__ import annotations

from auroraml.errors import SyntaxError as SqlSyntaxError
from auroraml.errors import UndefinedObject
from auroraml.plpgsql import tree
from auroraml.plpgsql.conditions import is_state, states_of
from auroraml.plpgsql.parser import Parser, reads
from auroraml.sql.lexer import STRING
from auroraml.sql.types import near

LEVELS = ("exception", "warning", "notice", "info", "log", "debug")
OPTIONS = ("errcode", "message", "detail", "hint", "column", "constraint", "datatype", "table", "schema")


@reads("raise")
def read_raise(p: Parser) -> tree.Node:
    """RAISE."""
    line = p.line(p.tokens[p.i - 1])
    if p.mark(";"):
        return tree.Raise(line=line, level="exception", format=None, arguments=(), condition=None, options=(), again=True)
    level = p.one_of(*LEVELS) or "exception"
    format = condition = None
    arguments: list[tree.Sql] = []
    if p.token.kind == STRING:
        format = p.string()
        while p.mark(","):
            arguments.append(p.cut((",", ";"), ("using",)))
    elif not p.token.is_word("using") and not p.token.is_op(";"):
        condition = _condition(p)
    options: list[tuple[str, tree.Sql]] = []
    if p.take("using"):
        options.append(_option(p))
        while p.mark(","):
            options.append(_option(p))
    p.semicolon()
    if format is not None:
        _check_count(format, len(arguments))
    return tree.Raise(line=line, level=level, format=format, arguments=tuple(arguments), condition=condition, options=tuple(options))


def _condition(p: Parser) -> str:
    token = p.token
    name = p.name()
    if name == "sqlstate":
        token = p.token
        if token.kind != STRING:
            raise near(token)
        if not is_state(p.string()):
            raise p.error("invalid SQLSTATE code", token, near_it=True)
        return token.text
    if not states_of(name):
        raise UndefinedObject(f'unrecognized exception condition "{name}"')
    return name


def _option(p: Parser) -> tuple[str, tree.Sql]:
    token = p.token
    word = p.one_of(*OPTIONS)
    if word is None:
        raise p.error("unrecognized RAISE statement option", token, near_it=True)
    if not p.mark(":="):
        if not p.token.is_op("="):
            raise p.error('syntax error, expected "="', p.token, near_it=True)
        p.need("=")
    return word, p.cut((",", ";"))


def _check_count(format: str, given: int) -> None:
    """As many arguments as the format has places."""
    wanted = format.replace("%%", "").count("%")
    if wanted > given:
        raise SqlSyntaxError("too few parameters specified for RAISE")
    if wanted < given:
        raise SqlSyntaxError("too many parameters specified for RAISE")
