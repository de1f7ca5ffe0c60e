"""SET CONSTRAINTS, as it is written."""

from __future__ import annotations

from auroraml.records import dataclass
from auroraml.sql import statements as st
from auroraml.sql.grammar import Grammar, QueryParser


@dataclass(frozen=True, kw_only=True)
class SetConstraints(st.Detached):
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


GRAMMAR: dict[str, Grammar] = {"constraints": set_constraints}
