"""SELECT ... INTO: CREATE TABLE AS by another name."""

from __future__ import annotations

from sqlglot import exp

from auroraml.records import replace
from auroraml.sql import statements as st
from auroraml.sql.lexer import Token


def select_into(statement: st.Query) -> st.CreateTableAs:
    """The statement that makes a table of the query's rows."""
    root = statement.tree.root.copy()
    into = root.args.pop("into")
    table = into.this
    tokens = statement.tree.source.tokens

    def token(node: exp.Expression) -> Token:
        return tokens[int(node.name[2:])]

    schema = table.args.get("db")
    name = st.Name(name=token(table.this).text, schema=None if schema is None else token(schema).text, at=token(schema or table.this).start)
    return st.CreateTableAs(name=name, query=replace(statement, tree=replace(statement.tree, root=root)), temporary=bool(into.args.get("temporary")), into=True,
                         text=statement.text, start=statement.start, end=statement.end)  # fmt: skip
