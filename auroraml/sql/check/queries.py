"""SELECT, VALUES, WITH, set operations, FROM, and INSERT, UPDATE and DELETE (gram.y: SelectStmt and its kin)."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.errors import SyntaxError as SqlSyntaxError
from auroraml.sql.check.expression import Expressions
from auroraml.sql.check.keywords import RESERVED, TYPE_FUNCTION
from auroraml.sql.lexer import NUMBER, PARAMETER, QUOTED, WORD, Token

_NO_NAME = RESERVED | TYPE_FUNCTION
_AFTER_TARGETS = ("from", "where", "group", "having", "window", "union", "intersect", "except", "order", "limit", "offset", "fetch", "for", "into")
_FUNCTION_WORDS = ("coalesce", "greatest", "least", "nullif", "cast", "extract", "substring", "overlay", "position", "trim", "normalize", "treat")


def unsupported_limit(at: int) -> Exception:
    """LIMIT a, b of other databases."""
    return SqlSyntaxError("LIMIT #,# syntax is not supported", hint="Use separate LIMIT and OFFSET clauses.", at=at)


def into_kinds(tokens: Sequence[Token], i: int) -> list[str]:
    """[LOCAL | GLOBAL] TEMPORARY | TEMP | UNLOGGED [TABLE] behind the INTO at `i`; each is a name itself where no name follows it (OptTempTableName)."""
    if tokens[i + 1].is_word("local", "global") and tokens[i + 2].is_word("temporary", "temp"):
        found = [tokens[i + 1].text, tokens[i + 2].text]
    else:
        found = [tokens[i + 1].text] if _before_name(tokens, i + 1) else []
    if tokens[i + 1 + len(found)].is_word("table"):
        found.append("table")
    return found


def _before_name(tokens: Sequence[Token], i: int) -> bool:
    """Whether a kind of table stands at `i`: TABLE or what may name one follows."""
    if not tokens[i].is_word("temporary", "temp", "unlogged"):
        return False
    following = tokens[i + 1]
    return following.is_word("table") or following.kind == QUOTED or (following.kind == WORD and following.text not in _NO_NAME)


class Queries(Expressions):
    """Reads queries and the statements that change rows."""

    def __init__(self, tokens: Sequence[Token], at: int, stop: int) -> None:
        super().__init__(tokens, at, stop)
        self.labels: set[int] = set()

    def statement(self) -> None:
        """One whole query or DML statement, to the last token."""
        self._statement()
        if not self.ended:
            raise self.fail()

    def _statement(self) -> None:
        if self.word("with"):
            self._with()
        if self.word("insert"):
            self._insert()
        elif self.word("update"):
            self._update()
        elif self.word("delete"):
            self._delete()
        elif self.word("merge"):
            self.i = self.stop
        else:
            self._select(False)

    def query(self) -> None:
        """A query with its own WITH, ORDER BY and LIMIT."""
        if self.word("with"):
            self._with()
        self._select(True)

    def _with(self) -> None:
        self.need("with")
        self.take("recursive")
        self.listed(self._common_table)

    def _common_table(self) -> None:
        self.name()
        if self.mark("("):
            self.names()
        self.need("as")
        if self.take("not"):
            self.need("materialized")
        else:
            self.take("materialized")
        self.need_mark("(")
        self._statement()
        self.need_mark(")")
        if self.word("search", "cycle"):
            while not self.ended and not self.mark(",") and not self.word("select", "insert", "update", "delete", "values", "with", "table"):
                self.i += 1

    def _select(self, nested: bool) -> None:
        self._set_operand()
        while self.take("union", "intersect", "except"):
            self.take("all", "distinct")
            self._set_operand()
        if self.word("order"):
            self.order_by()
        seen: set[str] = set()
        while self.word("limit", "offset", "fetch", "for"):
            kind = {"fetch": "limit"}.get(self.token.text, self.token.text)
            if kind in seen and kind != "for":
                return
            seen.add(kind)
            self._limits()

    def _set_operand(self) -> None:
        if self.take_mark("("):
            self.query()
            self.need_mark(")")
        elif self.take("values"):
            self.listed(self._values_row)
        elif self.take("table"):
            self._relation()
        else:
            self.need("select")
            self._simple_select()

    def _values_row(self) -> None:
        self.need_mark("(")
        self.listed(self.expr)
        self.need_mark(")")

    def _simple_select(self) -> None:
        if self.take("distinct"):
            if self.take("on"):
                self.need_mark("(")
                self.listed(self.expr)
                self.need_mark(")")
        else:
            self.take("all")
        if not (self.ended or self.mark(")") or self.word(*_AFTER_TARGETS)):
            self.listed(self._target)
        if self.take("into"):
            self._into()
        if self.take("from"):
            self.listed(self._table)
        if self.take("where"):
            self.expr()
        if self.take("group"):
            self.need("by")
            self.take("all", "distinct")
            self.listed(self._group)
        if self.take("having"):
            self.expr()
        if self.take("window"):
            self.listed(self._window_definition)

    def _into(self) -> None:
        self.i += len(into_kinds(self.tokens, self.i - 1))
        self.qualified()

    def _target(self) -> None:
        if self.take_mark("*"):
            return
        outer, self.target_at = self.target_at, self.i
        self.expr()
        self.target_at = outer
        if self.take("as"):
            self.labels.add(self.i)
            self.label()
        elif self.is_bare_label():
            self.labels.add(self.i)
            self.i += 1

    def _window_definition(self) -> None:
        self.name()
        self.need("as")
        self.window()

    def _group(self) -> None:
        if self.mark("(") and self.then(1, ")"):
            self.i += 2
        elif self.word("cube", "rollup") and self.then(1, "("):
            self.i += 1
            self._values_row()
        elif self.word("grouping") and self.then(1, "sets"):
            self.i += 2
            self.need_mark("(")
            self.listed(self._group)
            self.need_mark(")")
        else:
            self.expr()

    def _limits(self) -> None:
        if self.word("limit"):
            at = self.token.start
            self.i += 1
            if not self.take("all"):
                self.expr()
            if self.mark(","):
                raise unsupported_limit(at)
        elif self.take("offset"):
            self.expr()
            self.take("row", "rows")
        elif self.take("fetch"):
            self.need("first", "next")
            if not self.word("row", "rows"):
                self._fetch_count()
            self.need("row", "rows")
            if self.take("with"):
                self.need("ties")
            else:
                self.need("only")
        else:
            self._locking()

    def _fetch_count(self) -> None:
        self.take_mark("+", "-")
        if not self.ended and self.token.kind in (NUMBER, PARAMETER):
            self.i += 1
        else:
            self._operand()

    def _locking(self) -> None:
        self.need("for")
        if self.take("no"):
            self.need("key")
            self.need("update")
        elif self.take("key"):
            self.need("share")
        elif not self.take("read"):
            self.need("update", "share")
        else:
            self.need("only")
        if self.take("of"):
            self.listed(self.qualified)
        if self.take("skip"):
            self.need("locked")
        else:
            self.take("nowait")

    # FROM

    def _table(self) -> None:
        self._table_item()
        while self._join():
            pass

    def _join(self) -> bool:
        if self.take("cross"):
            self.need("join")
            self._table_item()
            return True
        natural = self.take("natural")
        if self.word("left", "right", "full"):
            self.i += 1
            self.take("outer")
            self.need("join")
        elif self.take("inner") or natural:
            self.need("join")
        elif not self.take("join"):
            return False
        self._joined(natural)
        return True

    def _joined(self, natural: bool) -> None:
        """The right side of a join, with joins of its own before its condition."""
        self._table_item()
        if natural:
            return
        while not self.word("on", "using"):
            if not self._join():
                raise self.fail()
        if self.take("on"):
            self.expr()
        else:
            self.need("using")
            self.names()
            if self.take("as"):
                self.name()

    def _table_item(self) -> None:
        if self.take("lateral"):
            if self.mark("("):
                self._subquery()
            else:
                self._function_table()
            return
        if self.mark("("):
            if self.starts_query():
                self._subquery()
                return
            self.need_mark("(")
            self._table()
            self.need_mark(")")
            self._alias()
            return
        if self.word("rows") and self.then(1, "from"):
            self.i += 2
            self.need_mark("(")
            self.listed(self._rows_from)
            self.need_mark(")")
            self._function_alias()
            return
        if self.word("only"):
            self._relation()
            self._alias()
            self._sample()
            return
        self._named_table()

    def _rows_from(self) -> None:
        self._operand()
        if self.take("as"):
            self._definitions()

    def _named_table(self) -> None:
        ahead = 1
        while self.then(ahead, "."):
            ahead += 2
        calls = self.then(ahead, "(") and (self.is_function_name() or ahead > 1 or self.word(*_FUNCTION_WORDS))
        if calls or (not self.is_column_name() and self.word("current_date", "current_timestamp", "current_user", "localtime", "session_user")):
            self._function_table()
            return
        self._relation()
        self._alias()
        self._sample()

    def _sample(self) -> None:
        """TABLESAMPLE method (arguments) REPEATABLE (seed)."""
        if not self.take("tablesample"):
            return
        self.qualified()
        self.need_mark("(")
        self.listed(self.expr)
        self.need_mark(")")
        if self.take("repeatable"):
            self.need_mark("(")
            self.expr()
            self.need_mark(")")

    def _relation(self) -> None:
        if self.take("only"):
            if self.take_mark("("):
                self.qualified()
                self.need_mark(")")
                return
            self.qualified()
            return
        self.qualified()
        self.take_mark("*")

    def _subquery(self) -> None:
        self.need_mark("(")
        self.query()
        self.need_mark(")")
        self._alias()

    def _function_table(self) -> None:
        self._operand()
        self._function_alias()

    def _alias(self) -> None:
        if self.take("as"):
            self.name()
        elif self.is_column_name():
            self.i += 1
        else:
            return
        if self.mark("("):
            self.names()

    def _function_alias(self) -> None:
        if self.take("with"):
            self.need("ordinality")
        if self.take("as"):
            if self.mark("("):
                self._definitions()
                return
            self.name()
        elif self.is_column_name():
            self.i += 1
        else:
            return
        if self.mark("("):
            self._definitions()

    def _definitions(self) -> None:
        """(name [type], ...)."""
        self.need_mark("(")
        self.listed(self._definition)
        self.need_mark(")")

    def _definition(self) -> None:
        self.name()
        if not self.mark(",", ")"):
            self.type()
            if self.take("collate"):
                self.qualified()

    # Changes

    def _returning(self) -> None:
        if self.take("returning"):
            self.listed(self._target)

    def _insert(self) -> None:
        self.need("insert")
        self.need("into")
        self.qualified()
        if self.take("as"):
            self.name()
        if self.take("default"):
            self.need("values")
        else:
            if self.mark("(") and not self.starts_query():
                self.need_mark("(")
                self.listed(self._assignee)
                self.need_mark(")")
            if self.take("overriding"):
                self.need("system", "user")
                self.need("value")
            self.query()
        if self.word("on") and self.then(1, "conflict"):
            self._conflict()
        self._returning()

    def _assignee(self) -> None:
        self.name()
        self._indirection()

    def _conflict(self) -> None:
        self.i += 2
        if self.take_mark("("):
            self.listed(self._index_item)
            self.need_mark(")")
            if self.take("where"):
                self.expr()
        elif self.take("on"):
            self.need("constraint")
            self.name()
        self.need("do")
        if not self.take("nothing"):
            self.need("update")
            self.need("set")
            self.listed(self._assignment)
            if self.take("where"):
                self.expr()

    def _index_item(self) -> None:
        self.expr()
        if self.is_column_name() and not self.word("asc", "desc"):
            self.qualified()
        self.take("asc", "desc")

    def _assignment(self) -> None:
        if self.take_mark("("):
            self.listed(self._assignee)
            self.need_mark(")")
        else:
            self._assignee()
        self.need_mark("=")
        self.expr()

    def _condition(self) -> None:
        if self.take("where"):
            if self.word("current") and self.then(1, "of"):
                self.i += 2
                self.name()
            else:
                self.expr()

    def _update(self) -> None:
        self.need("update")
        self._relation()
        if self.take("as"):
            self.name()
        elif self.is_column_name() and not self.word("set"):
            self.i += 1
        self.need("set")
        self.listed(self._assignment)
        if self.take("from"):
            self.listed(self._table)
        self._condition()
        self._returning()

    def _delete(self) -> None:
        self.need("delete")
        self.need("from")
        self._relation()
        if self.take("as"):
            self.name()
        elif self.is_column_name():
            self.i += 1
        if self.take("using"):
            self.listed(self._table)
        self._condition()
        self._returning()


def check_query(tokens: Sequence[Token], start: int, stop: int) -> frozenset[int]:
    """Raise PostgreSQL's syntax error unless the tokens from `start` to before `stop` are a query or DML statement.

    Gives the numbers of the tokens that are labels of columns: any word may be one.
    """
    reader = Queries(tokens, start, stop)
    reader.statement()
    return frozenset(reader.labels)


def check_expression(tokens: Sequence[Token], start: int, stop: int) -> None:
    """Raise PostgreSQL's syntax error unless the tokens are one expression."""
    reader = Queries(tokens, start, stop)
    reader.expr()
    if not reader.ended:
        raise reader.fail()
