"""Constraints in a table's definition: keys, CHECK, foreign keys with what they do when the key they refer to changes, when they are checked."""

from __future__ import annotations

from auroraml.errors import FeatureNotSupported
from auroraml.errors import SyntaxError as SqlSyntaxError
from auroraml.records import replace
from auroraml.sql import statements as st
from auroraml.sql.grammar import QueryParser

ATTRIBUTES = (("not", "deferrable"), ("deferrable",), ("initially", "immediate"), ("initially", "deferred"), ("not", "valid"), ("no", "inherit"))
KINDS = {"p": "PRIMARY KEY", "u": "UNIQUE", "c": "CHECK", "f": "FOREIGN KEY"}


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


def attribute_stands(p: QueryParser) -> bool:
    """Whether a word about when a constraint is checked stands here."""
    return p.token.is_word("deferrable", "initially") or (p.token.is_word("not") and p.peek().is_word("deferrable"))


def _attribute(p: QueryParser, known: tuple[tuple[str, ...], ...]) -> str:
    """The next attribute, in words."""
    found = next((words for words in known if p.take(*words)), None)
    if found is None:
        if p.token.is_word("not", "initially", "no"):
            p.i += 1
        raise p.fail()
    return " ".join(found)


def table_attributes(p: QueryParser, definition: st.ConstraintDefinition) -> st.ConstraintDefinition:
    """A table constraint's attributes, in any order (ConstraintAttributeSpec, processCASbits)."""
    known: set[str] = set()
    at = p.token.start
    while p.token.is_word("deferrable", "initially", "not", "no"):
        place = p.token.start
        known.add(_attribute(p, ATTRIBUTES))
        if {"not deferrable", "initially deferred"} <= known:
            raise SqlSyntaxError("constraint declared INITIALLY DEFERRED must be DEFERRABLE", at=place)
        if {"deferrable", "not deferrable"} <= known or {"initially immediate", "initially deferred"} <= known:
            raise SqlSyntaxError("conflicting constraint properties", at=place)
    kind = definition.kind
    deferred = "initially deferred" in known
    for word, told, kinds in (("deferrable", "DEFERRABLE", "puf"), ("not valid", "NOT VALID", "cf"), ("no inherit", "NO INHERIT", "c")):
        if (word in known or (word == "deferrable" and deferred)) and kind not in kinds:
            raise FeatureNotSupported(f"{KINDS[kind]} constraints cannot be marked {told}")
    found = replace(
        definition, deferrable=deferred or "deferrable" in known, deferred=deferred, valid="not valid" not in known,
        no_inherit=definition.no_inherit or "no inherit" in known,
    )  # fmt: skip
    return _supported(found, at)


def column_attribute(p: QueryParser, last: st.ConstraintDefinition | None, seen: set[str]) -> st.ConstraintDefinition:
    """One attribute of the constraint written last at a column; `seen` are those it has (transformConstraintAttrs)."""
    place = p.token.start
    word = _attribute(p, ATTRIBUTES[:4])
    if last is None or last.kind == "c":
        raise SqlSyntaxError(f"misplaced {word.upper()} clause", at=place)
    group = "DEFERRABLE/NOT DEFERRABLE" if "deferrable" in word else "INITIALLY IMMEDIATE/DEFERRED"
    if group in seen:
        raise SqlSyntaxError(f"multiple {group} clauses not allowed", at=place)
    if (word == "not deferrable" and last.deferred) or (word == "initially deferred" and "DEFERRABLE/NOT DEFERRABLE" in seen and not last.deferrable):
        raise SqlSyntaxError("constraint declared INITIALLY DEFERRED must be DEFERRABLE", at=place)
    seen.add(group)
    deferred = word == "initially deferred"
    return _supported(replace(last, deferrable=last.deferrable or deferred or word == "deferrable", deferred=deferred or last.deferred), place)


def _supported(found: st.ConstraintDefinition, at: int) -> st.ConstraintDefinition:
    if found.deferrable and found.kind in "pu":
        raise FeatureNotSupported(f"a DEFERRABLE {KINDS[found.kind]} constraint is not supported", at=at)
    return found
