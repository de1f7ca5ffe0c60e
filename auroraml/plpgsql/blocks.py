"""Blocks: DECLARE, BEGIN, EXCEPTION, END, and the whole body."""

from __future__ import annotations

from auroraml.errors import NullValueNotAllowed, UndefinedColumn, UndefinedObject
from auroraml.plpgsql import tree
from auroraml.plpgsql.conditions import OTHERS, is_state, states_of
from auroraml.plpgsql.parser import READERS, Parser, reads
from auroraml.plpgsql.variables import Names, Record, Scalar, Variable
from auroraml.sql import statements as st
from auroraml.sql.types import near
from auroraml.types.pg_type import PgType
from auroraml.types.table import TEXT


def whole(p: Parser) -> tree.Block:
    """A body: one block."""
    if p.token.is_op("#"):
        raise p.refused("#option")
    label = _label(p)
    if not p.token.is_word("declare", "begin"):
        raise near(p.token)
    p.i += 1
    found = block(p, label)
    p.mark(";")
    if not p.at_end:
        raise near(p.token)
    return found


def _label(p: Parser) -> str | None:
    if not p.mark("<<"):
        return None
    name = p.name()
    p.need(">>")
    return name


@reads("<<")
def labelled(p: Parser) -> tree.Node:
    """<<label>> before a block or loop."""
    label = _label(p)
    if not p.token.is_word("declare", "begin", "loop", "while", "for", "foreach"):
        raise near(p.token)
    p.label = label
    word = p.token.word
    p.i += 1
    return READERS[word](p)


def end_label(p: Parser, label: str | None) -> None:
    """The name behind END [LOOP], which has to be the block's."""
    if p.token.is_op(";") or p.at_end:
        return
    token = p.token
    name = p.name()
    if label is None:
        raise p.error(f'end label "{name}" specified for unlabeled block', token)
    if name != label:
        raise p.error(f'end label "{name}" differs from block\'s label "{label}"', token)


@reads("declare", "begin")
def block_statement(p: Parser) -> tree.Node:
    """A block among other statements."""
    found = block(p, p.taken_label())
    p.semicolon()
    return found


def block(p: Parser, label: str | None) -> tree.Block:
    """A block behind its first word (DECLARE or BEGIN)."""
    first = p.tokens[p.i - 1]
    p.scope = Names(outer=p.scope, label=label)
    try:
        declared: list[Variable] = []
        line = p.line(first)
        if first.is_word("declare"):
            while not p.token.is_word("begin"):
                if not p.take("declare"):
                    declared += _declaration(p)
            line = p.line(p.token)
            p.i += 1
        body = p.body("exception", "end")
        handlers: tuple[tree.Handler, ...] = ()
        state = message = None
        if p.take("exception"):
            handlers, state, message = _handlers(p)
        p.expect("end")
        end_label(p, label)
        return tree.Block(line=line, name=label, variables=tuple(declared), body=body, handlers=handlers, state=state, message=message)
    finally:
        assert p.scope.outer is not None
        p.scope = p.scope.outer


def _handlers(p: Parser) -> tuple[tuple[tree.Handler, ...], Scalar, Scalar]:
    """WHEN ... THEN ..., with SQLSTATE and SQLERRM, which are variables there."""
    p.scope = Names(outer=p.scope)
    try:
        state, message = p.declare("sqlstate", TEXT), p.declare("sqlerrm", TEXT)
        assert isinstance(state, Scalar) and isinstance(message, Scalar)
        found = []
        while p.take("when"):
            states = list(_condition(p))
            while p.take("or"):
                states += _condition(p)
            p.expect("then")
            found.append(tree.Handler(states=tuple(states), body=p.body("when", "end")))
        if not found:
            raise near(p.token)
        return tuple(found), state, message
    finally:
        assert p.scope.outer is not None
        p.scope = p.scope.outer


def _condition(p: Parser) -> tuple[str, ...]:
    token = p.token
    name = p.name()
    if name == "sqlstate":
        token = p.token
        text = p.string()
        if not is_state(text):
            raise p.error("invalid SQLSTATE code", token, near_it=True)
        return (text,)
    if name == "others":
        return (OTHERS,)
    found = states_of(name)
    if not found:
        raise UndefinedObject(f'unrecognized exception condition "{name}"')
    return found


def _declaration(p: Parser) -> list[Variable]:
    token = p.token
    if not token.is_name or p.at_end:
        raise near(token)
    name = p.name()
    if name in p.scope.variables:
        raise p.error("duplicate declaration", token, near_it=True)
    line = p.line(token)
    if p.take("alias", "for"):
        return _alias(p, name)
    if p.token.is_word("cursor", "scroll") or (p.token.is_word("no") and p.peek().is_word("scroll")):
        raise p.refused("a cursor", token)
    constant = p.take("constant")
    type, typmod = declared_type(p)
    if p.token.is_word("collate"):
        raise p.refused("COLLATE of a variable")
    at = p.token
    not_null = p.take("not", "null")
    default = None
    if p.take("default") or p.mark(":=") or p.mark("="):
        default = p.cut()
    p.semicolon()
    if not_null and default is None:
        raise p.error(f'variable "{name}" must have a default value, since it\'s declared NOT NULL', at, cls=NullValueNotAllowed)
    made = p.declare(name, type, typmod, line=line)
    made.constant, made.not_null, made.default = constant, not_null, default
    return [made]


def _alias(p: Parser, name: str) -> list[Variable]:
    token = p.token
    found = p.scope.argument(int(token.text)) if token.kind == "parameter" else p.scope.find(token.text)
    if found is None:
        raise p.error(f'variable "{token.raw}" does not exist', token)
    p.i += 1
    p.semicolon()
    p.scope.variables[name] = found
    return []


def declared_type(p: Parser) -> tuple[PgType | None, int]:
    """The type of a declaration; None is record."""
    token = p.token
    if not token.is_name:
        raise p.error("missing data type declaration", token, near_it=True)
    if token.is_word("record"):
        p.i += 1
        return None, -1
    parts, length = p.dotted()
    if p.peek(length).is_op("%") and p.peek(length + 1).is_word("type", "rowtype"):
        whole_row = p.peek(length + 1).is_word("rowtype")
        p.i += length + 2
        return _row_type(p, parts, token.start) if whole_row else _same_type(p, parts, token.start)
    if token.is_word("setof"):
        raise near(token)
    return p.types(p.type())


def _row_type(p: Parser, parts: tuple[str, ...], at: int) -> tuple[PgType | None, int]:
    relation = p.host.relation(st.Name(name=parts[-1], schema=parts[-2] if len(parts) > 1 else None, at=at))
    return p.host.row_type(relation), -1


def _same_type(p: Parser, parts: tuple[str, ...], at: int) -> tuple[PgType | None, int]:
    resolved = p.scope.resolve(parts)
    if resolved is not None and not resolved[1]:
        variable = resolved[0]
        return (variable.type, -1) if isinstance(variable, Record) else (variable.type, variable.typmod)
    if len(parts) == 1:
        raise p.error(f'variable "{parts[0]}" does not exist', p.tokens[p.i - 3])
    relation = p.host.relation(st.Name(name=parts[-2], schema=parts[-3] if len(parts) > 2 else None, at=at))
    column = next((c for c in relation.columns if c.name == parts[-1] and not c.dropped), None)
    if column is None:
        raise UndefinedColumn(f'column "{parts[-1]}" of relation "{relation.name}" does not exist')
    return column.type, column.typmod
