"""Constraints in a table's definition: keys, CHECK, foreign keys with what they do when the key they refer to changes."""

from __future__ import annotations

from auroraml.errors import FeatureNotSupported
from auroraml.sql import statements as st
from auroraml.sql.deferring import table_attributes
from auroraml.sql.grammar import QueryParser


def table_constraint(p: QueryParser) -> st.ConstraintDefinition:
    """[CONSTRAINT name] PRIMARY KEY (...), UNIQUE, CHECK, FOREIGN KEY."""
    at = p.token.start
    label = p.name() if p.take("constraint") else None
    return constraint(p, label, at, None)


def _key_columns(p: QueryParser) -> tuple[st.Name, ...]:
    def read() -> st.Name:
        at = p.token.start
        return st.Name(name=p.name(), at=at)

    return p.parenthesised(read)


def constraint(p: QueryParser, label: str | None, at: int, own: tuple[st.Name, ...] | None) -> st.ConstraintDefinition:
    """A constraint behind CONSTRAINT and its label; `own`: the column it is written at."""
    if p.take("primary", "key"):
        found = _key(p, "p", label, at, own)
    elif p.take("unique"):
        found = _key(p, "u", label, at, own)
    elif p.take("check"):
        p.need("(")
        check = p.expression()
        p.need(")")
        found = st.ConstraintDefinition(kind="c", name=label, check=check, columns=own or (), no_inherit=p.take("no", "inherit"), at=at)
    elif own is None and p.take("foreign", "key"):
        found = _foreign(p, label, at, _key_columns(p))
    elif own is not None and p.token.is_word("references"):
        found = _foreign(p, label, at, own)
    elif p.token.is_word("exclude"):
        raise p.unsupported("EXCLUDE")
    else:
        if own is not None and p.token.is_word("not"):
            p.i += 1
        raise p.fail()
    return found if own is not None else table_attributes(p, found)


def _key(p: QueryParser, kind: str, label: str | None, at: int, own: tuple[st.Name, ...] | None) -> st.ConstraintDefinition:
    """What follows PRIMARY KEY and UNIQUE."""
    if p.token.is_word("nulls") and not p.take("nulls", "distinct"):
        raise p.unsupported("NULLS NOT DISTINCT")
    if p.token.is_word("using"):
        raise p.unsupported("a constraint USING INDEX")
    columns = own if own is not None else _key_columns(p)
    if p.token.is_word("include", "with", "using"):
        raise p.unsupported(f"{p.token.raw.upper()} of a constraint")
    return st.ConstraintDefinition(kind=kind, name=label, columns=columns, at=at)


def _foreign(p: QueryParser, label: str | None, at: int, columns: tuple[st.Name, ...]) -> st.ConstraintDefinition:
    p.expect("references")
    target = p.qualified()
    foreign = _key_columns(p) if p.token.is_op("(") else ()
    if p.take("match") and not p.take("simple"):
        raise FeatureNotSupported("MATCH FULL and MATCH PARTIAL are not supported", at=p.token.start)
    on_delete, on_update, columns_set = "a", "a", list[st.Name]()
    known: list[str] = []
    while p.token.is_word("on") and len(known) < 2:
        place = p.token.start
        p.expect("on")
        event = None if p.token.is_word(*known) else p.one_of("delete", "update")
        if event is None:
            raise p.fail()
        known.append(event)
        action, words = _action(p)
        if action in "nd" and p.token.is_op("("):
            if event == "update":
                raise FeatureNotSupported(f"a column list with {words} is only supported for ON DELETE actions", at=place)
            columns_set += _key_columns(p)
        if event == "delete":
            on_delete = action
        else:
            on_update = action
    return st.ConstraintDefinition(kind="f", name=label, columns=columns, foreign=target, foreign_columns=foreign, on_delete=on_delete,
                                   on_update=on_update, columns_set=tuple(columns_set), at=at)  # fmt: skip


def _action(p: QueryParser) -> tuple[str, str]:
    """A foreign key's action, as pg_constraint's letter and in words."""
    for action, words in st.ACTIONS.items():
        if p.take(*words.lower().split()):
            return action, words
    p.one_of("set", "no")
    raise p.fail()
