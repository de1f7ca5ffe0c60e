"""SELECT ... INTO: CREATE TABLE AS by another name."""

from __future__ import annotations

from sqlglot import exp

from auroraml.records import replace
from auroraml.sql import statements as st
from auroraml.sql.lexer import Token
from auroraml.sql.rewrite import into_kinds


def into_of(root: exp.Expression) -> exp.Into | None:
    """The INTO of a query, which stands in the first SELECT of its set operations."""
    node = root
    while isinstance(node, exp.SetOperation) or (isinstance(node, exp.Subquery) and not node.args.get("alias")):
        node = node.this
    found = node.args.get("into")
    assert found is None or isinstance(found, exp.Into)
    return found


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
