"""REINDEX, as it is written."""

from __future__ import annotations

from auroraml.records import dataclass
from auroraml.sql import statements as st
from auroraml.sql.grammar import Grammar, QueryParser


@dataclass(frozen=True, kw_only=True)
class Reindex(st.Statement):
    """REINDEX of an index, a table, or all of a schema, database or system (`object`); `concurrently` as a word, its option among `options`."""

    object: str
    name: st.Name
    concurrently: bool = False
    options: tuple[st.Option, ...] = ()


def reindex(p: QueryParser) -> st.Statement:
    """REINDEX [(options)] object [CONCURRENTLY] name."""
    p.expect("reindex")
    options = p.parenthesised(p.option) if p.token.is_op("(") else ()
    word = p.one_of("index", "table", "schema", "system", "database")
    if word is None:
        raise p.fail()
    concurrently = p.take("concurrently")
    at = p.token.start
    name = p.qualified() if word in ("index", "table") else st.Name(name=p.name(), at=at)
    return Reindex(object=word, name=name, concurrently=concurrently, options=options)


GRAMMAR: dict[str, Grammar] = {"reindex": reindex}
