"""When constraints are checked: DEFERRABLE, INITIALLY DEFERRED and NOT VALID behind a constraint, and SET CONSTRAINTS."""

from __future__ import annotations

from auroraml.errors import FeatureNotSupported
from auroraml.errors import SyntaxError as SqlSyntaxError
from auroraml.records import dataclass, replace
from auroraml.sql import statements as st
from auroraml.sql.grammar import Grammar, QueryParser

ATTRIBUTES = (("not", "deferrable"), ("deferrable",), ("initially", "immediate"), ("initially", "deferred"), ("not", "valid"), ("no", "inherit"))
KINDS = {"p": "PRIMARY KEY", "u": "UNIQUE", "c": "CHECK", "f": "FOREIGN KEY"}


@dataclass(frozen=True, kw_only=True)
class SetConstraints(st.Statement):
    """SET CONSTRAINTS; no names: ALL."""

    names: tuple[st.Name, ...]
    deferred: bool


def set_constraints(p: QueryParser) -> st.Statement:
    """What follows SET CONSTRAINTS: ALL or names, DEFERRED or IMMEDIATE."""
    p.expect("constraints")
    names = () if p.take("all") else p.comma_list(p.qualified)
    word = p.one_of("deferred", "immediate")
    if word is None:
        raise p.fail()
    return SetConstraints(names=names, deferred=word == "deferred")


def stands(p: QueryParser) -> bool:
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
    return _supported(found)


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
    return _supported(replace(last, deferrable=last.deferrable or word in ("deferrable", "initially deferred"), deferred=word == "initially deferred" or last.deferred))


def _supported(found: st.ConstraintDefinition) -> st.ConstraintDefinition:
    if found.deferrable and found.kind in "pu":
        raise FeatureNotSupported(f"a DEFERRABLE {KINDS[found.kind]} constraint is not supported", at=found.at)
    return found


GRAMMAR: dict[str, Grammar] = {"constraints": set_constraints}
