"""Loops and what leaves them: LOOP, WHILE, FOR, FOREACH, EXIT, CONTINUE."""

from __future__ import annotations

from auroraml.plpgsql import tree
from auroraml.plpgsql.blocks import end_label
from auroraml.plpgsql.parser import Parser, reads
from auroraml.plpgsql.variables import Names, Scalar
from auroraml.sql.lexer import Token
from auroraml.types.table import INT4


def _body(p: Parser, label: str | None) -> tree.Body:
    """LOOP ... END LOOP [label];"""
    p.expect("loop")
    found = p.body("end")
    p.expect("end", "loop")
    end_label(p, label)
    p.semicolon()
    return found


def _enter(p: Parser) -> str | None:
    label = p.taken_label()
    p.scope = Names(outer=p.scope, label=label, loop=True)
    return label


def _leave(p: Parser) -> None:
    assert p.scope.outer is not None
    p.scope = p.scope.outer


@reads("loop")
def read_loop(p: Parser) -> tree.Node:
    """LOOP ... END LOOP."""
    p.i -= 1
    line, label = p.line(p.token), _enter(p)
    body = _body(p, label)
    _leave(p)
    return tree.Loop(line=line, name=label, body=body)


@reads("while")
def read_while(p: Parser) -> tree.Node:
    """WHILE condition LOOP ... END LOOP."""
    line, label = p.line(p.tokens[p.i - 1]), _enter(p)
    condition = p.cut((), ("loop",))
    body = _body(p, label)
    _leave(p)
    return tree.While(line=line, name=label, condition=condition, body=body)


@reads("for")
def read_for(p: Parser) -> tree.Node:
    """FOR over whole numbers or rows."""
    line, label = p.line(p.tokens[p.i - 1]), _enter(p)
    found = _for(p, line, label)
    _leave(p)
    return found


def _for(p: Parser, line: int, label: str | None) -> tree.Node:
    first = p.token
    name = first.text
    parts, length = p.dotted()
    known = p.scope.resolve(parts) is not None
    targets = p.targets() if known or p.peek(length).is_op(",") else None
    if targets is None:
        p.name()
    p.expect("in")
    if p.take("execute"):
        return _dynamic(p, line, label, _rows_targets(p, targets, first))
    reverse = p.take("reverse")
    start = p.i
    stop = p.find_stop(("..",), ("loop",))
    if p.tokens[stop].is_op(".."):
        return _count(p, line, label, name, reverse)
    p.i = start
    if p.token.is_name and p.i + 1 == stop:
        raise p.refused("a loop over a cursor")
    targets = _rows_targets(p, targets, first)
    query = p.statement(stop)
    return tree.Rows(line=line, name=label, targets=targets, query=query, body=_body(p, label))


def _rows_targets(p: Parser, targets: tree.Targets | None, first: Token) -> tree.Targets:
    if targets is None:
        raise p.error("loop variable of loop over rows must be a record variable or list of scalar variables", first)
    return targets


def _count(p: Parser, line: int, label: str | None, name: str, reverse: bool) -> tree.Node:
    low = p.cut(("..",))
    p.need("..")
    high = p.cut((), ("by", "loop"))
    step = p.cut((), ("loop",)) if p.take("by") else None
    variable = p.declare(name, INT4)
    assert isinstance(variable, Scalar)
    body = _body(p, label)
    return tree.Count(line=line, name=label, variable=variable, first=low, last=high, step=step, reverse=reverse, body=body)


def _dynamic(p: Parser, line: int, label: str | None, targets: tree.Targets) -> tree.Node:
    text = p.cut((), ("using", "loop"))
    using = []
    if p.take("using"):
        using.append(p.cut((",",), ("loop",)))
        while p.mark(","):
            using.append(p.cut((",",), ("loop",)))
    return tree.DynamicRows(line=line, name=label, targets=targets, text=text, using=tuple(using), body=_body(p, label))


@reads("foreach")
def read_foreach(p: Parser) -> tree.Node:
    """FOREACH target IN ARRAY expression LOOP."""
    line, label = p.line(p.tokens[p.i - 1]), _enter(p)
    target = p.target()
    if p.token.is_word("slice"):
        raise p.refused("FOREACH ... SLICE")
    p.expect("in", "array")
    array = p.cut((), ("loop",))
    body = _body(p, label)
    _leave(p)
    return tree.Elements(line=line, name=label, target=target, array=array, body=body)


@reads("exit", "continue")
def read_leave(p: Parser) -> tree.Node:
    """EXIT and CONTINUE [label] [WHEN condition]."""
    word = p.tokens[p.i - 1]
    again = word.is_word("continue")
    name = None
    if not p.token.is_op(";") and not p.token.is_word("when"):
        token = p.token
        name = p.name()
        found = p.scope.labelled(name)
        if found is None:
            raise p.error(f'there is no label "{name}" attached to any block or loop enclosing this statement', token)
        if again and not found.loop:
            raise p.error(f'block label "{name}" cannot be used in CONTINUE', token)
    elif not any(level.loop for level in p.scope.levels()):
        raise p.error("CONTINUE cannot be used outside a loop" if again else "EXIT cannot be used outside a loop, unless it has a label", word)
    condition = p.cut() if p.take("when") else None
    p.semicolon()
    return tree.Leave(line=p.line(word), name=name, condition=condition, again=again)
