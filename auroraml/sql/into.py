"""SELECT ... INTO: CREATE TABLE AS by another name."""

from __future__ import annotations

from sqlglot import exp

from auroraml.records import replace
from auroraml.sql import statements as st
from auroraml.sql.check.queries import into_kinds
from auroraml.sql.lexer import Token
from auroraml.sql.trees import into_of


def select_into(statement: st.Query) -> st.CreateTableAs:
    """The statement that makes a table of the query's rows."""
    root = statement.tree.root.copy()
    into = into_of(root)
    assert into is not None
    table = into.this
    into.pop()
    tokens = statement.tree.source.tokens

    def token(node: exp.Expression) -> Token:
        return tokens[int(node.name[2:])]

    schema = table.args.get("db")
    first = int((schema or table.this).name[2:])
    kinds = into_kinds(tokens, max(i for i in range(first) if tokens[i].is_word("into")))
    name = st.Name(name=token(table.this).text, schema=None if schema is None else token(schema).text)
    return st.CreateTableAs(name=name, query=replace(statement, tree=replace(statement.tree, root=root)), into=True, unlogged="unlogged" in kinds,
                         temporary=not {"temporary", "temp"}.isdisjoint(kinds), text=statement.text, start=statement.start, end=statement.end)  # fmt: skip
