"""IF, CASE, RETURN, NULL and ASSERT as they are written."""

from __future__ import annotations

from auroraml.errors import DatatypeMismatch
from auroraml.plpgsql import tree
from auroraml.plpgsql.parser import Parser, reads
from auroraml.plpgsql.reader import LEAD
from auroraml.plpgsql.variables import Names, Record, Scalar
from auroraml.types.table import UNKNOWN


@reads("if")
def read_if(p: Parser) -> tree.Node:
    """IF condition THEN ... [ELSIF condition THEN ...] [ELSE ...] END IF."""
    line = p.line(p.tokens[p.i - 1])
    branches = []
    otherwise: tree.Body = ()
    while True:
        condition = p.cut((), ("then",))
        p.expect("then")
        branches.append((condition, p.body("elsif", "elseif", "else", "end")))
        if p.one_of("elsif", "elseif") is None:
            break
    if p.take("else"):
        otherwise = p.body("end")
    p.expect("end", "if")
    p.semicolon()
    return tree.If(line=line, branches=tuple(branches), otherwise=otherwise)


@reads("case")
def read_case(p: Parser) -> tree.Node:
    """CASE [operand] WHEN ... THEN ... [ELSE ...] END CASE."""
    line = p.line(p.tokens[p.i - 1])
    operand = variable = None
    p.scope = Names(outer=p.scope)
    try:
        if not p.token.is_word("when"):
            operand = p.cut((), ("when",))
            made = p.declare(f"__case__variable_{len(p.variables) + 1}__", UNKNOWN)
            assert isinstance(made, Scalar)
            variable = made
        branches = []
        while p.take("when"):
            condition = p.cut((), ("then",))
            if variable is not None:
                lead = f'{LEAD}"{variable.name}" IN ('
                condition = p.sql(condition.text + ")", condition.at, lead)
            p.expect("then")
            branches.append((condition, p.body("when", "else", "end")))
        if not branches:
            raise p.fail()
        otherwise = p.body("end") if p.take("else") else None
        p.expect("end", "case")
        p.semicolon()
    finally:
        assert p.scope.outer is not None
        p.scope = p.scope.outer
    return tree.Choose(line=line, operand=operand, variable=variable, branches=tuple(branches), otherwise=otherwise)


@reads("null")
def read_null(p: Parser) -> tree.Node:
    """NULL;"""
    line = p.line(p.tokens[p.i - 1])
    p.semicolon()
    return tree.Nothing(line=line)


@reads("return")
def read_return(p: Parser) -> tree.Node:
    """RETURN, as the function's result has it."""
    line = p.line(p.tokens[p.i - 1])
    token = p.token
    if token.is_word("next", "query"):
        if not p.returns_set:
            raise p.error(f"cannot use RETURN {token.word.upper()} in a non-SETOF function", p.tokens[p.i - 1], cls=DatatypeMismatch)
        p.i += 1
        return _next(p, line) if token.is_word("next") else _query(p, line)
    if p.returns_set:
        if not p.mark(";"):
            hint = "Use RETURN NEXT or RETURN QUERY."
            raise p.error("RETURN cannot have a parameter in function returning set", token, cls=DatatypeMismatch, hint=hint)
        return tree.Return(line=line, value=None)
    if p.returns in ("void", "out"):
        if not p.mark(";"):
            what = "returning void" if p.returns == "void" else "with OUT parameters"
            raise p.error(f"RETURN cannot have a parameter in function {what}", token, cls=DatatypeMismatch)
        return tree.Return(line=line, value=None)
    record = _record(p)
    if record is not None:
        return tree.Return(line=line, value=None, variable=record)
    value = p.cut()
    p.semicolon()
    return tree.Return(line=line, value=value)


def _record(p: Parser) -> Record | None:
    """A record variable by itself and the end of the statement, read if they stand here."""
    if p.token.is_name:
        parts, length = p.dotted()
        resolved = p.scope.resolve(parts)
        if resolved is not None and not resolved[1] and isinstance(resolved[0], Record) and p.peek(length).is_op(";"):
            p.i += length + 1
            return resolved[0]
    return None


def _next(p: Parser, line: int) -> tree.Node:
    token = p.token
    if p.returns == "out":
        if not p.mark(";"):
            raise p.error("RETURN NEXT cannot have a parameter in function with OUT parameters", token, cls=DatatypeMismatch)
        return tree.ReturnNext(line=line, value=None)
    record = _record(p)
    if record is not None:
        return tree.ReturnNext(line=line, value=None, variable=record)
    value = p.cut()
    p.semicolon()
    return tree.ReturnNext(line=line, value=value)


def _query(p: Parser, line: int) -> tree.Node:
    if not p.take("execute"):
        stop = p.find_end()
        query = p.statement(stop)
        p.semicolon()
        return tree.ReturnQuery(line=line, query=query)
    text = p.cut((";",), ("using",))
    using = []
    if p.take("using"):
        using.append(p.cut((",", ";")))
        while p.mark(","):
            using.append(p.cut((",", ";")))
    p.semicolon()
    return tree.ReturnQuery(line=line, query=text, dynamic=True, using=tuple(using))


@reads("assert")
def read_assert(p: Parser) -> tree.Node:
    """ASSERT condition [, message]."""
    line = p.line(p.tokens[p.i - 1])
    condition = p.cut((",", ";"))
    message = p.cut() if p.mark(",") else None
    p.semicolon()
    return tree.Assert(line=line, condition=condition, message=message)
