"""Expressions, by precedence climbing over PostgreSQL's table of operators (gram.y: a_expr, b_expr, c_expr)."""

from __future__ import annotations

from collections.abc import Callable

from auroraml.errors import SyntaxError as SqlSyntaxError
from auroraml.sql.check.windows import Windows
from auroraml.sql.lexer import NUMBER, OPERATOR, PARAMETER, QUOTED, WORD

OR, AND, NOT, IS, COMPARE, LIKE, ESCAPE, OPERATORS, ADD, MULTIPLY, POWER, AT, COLLATE, NEGATE = 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15
_BINARY = {"+": ADD, "-": ADD, "*": MULTIPLY, "/": MULTIPLY, "%": MULTIPLY, "^": POWER, "<": COMPARE, ">": COMPARE, "=": COMPARE, "<=": COMPARE,
           ">=": COMPARE, "<>": COMPARE}  # fmt: skip
_UNCHAINED = frozenset((COMPARE, LIKE))
_VALUES = frozenset(("current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "current_role", "current_user", "session_user",
                     "user", "current_catalog", "current_schema"))  # fmt: skip
_PRECISE = frozenset(("current_time", "current_timestamp", "localtime", "localtimestamp"))
_QUERY_WORDS = ("select", "values", "with", "table")
_FOLLOWING = {"in": ("(",), "is": ("not", "null", "true", "false", "unknown", "distinct", "of", "document", "normalized", "nfc", "nfd", "nfkc", "nfkd"),
              "similar": ("to",), "at": ("time",)}  # fmt: skip
_CLAUSE_WORDS = ("from", "where", "group", "having", "window", "union", "intersect", "except", "order", "limit", "offset", "fetch", "for", "into")
_AFTER_QUERY = ("union", "intersect", "except", "order", "limit", "offset", "fetch", "for")
_TYPE_WORDS = ("int", "integer", "smallint", "bigint", "real", "float", "double", "decimal", "dec", "numeric", "boolean", "bit", "character", "char",
               "varchar", "national", "nchar", "timestamp", "time", "interval")  # fmt: skip
_FIELDS = ("year", "month", "day", "hour", "minute", "second")


class Expressions(Windows):
    """Reads expressions; queries inside them by `query`."""

    target_at = -1  # where the target of a select list begins that is being read

    def query(self) -> None:
        """A query inside an expression."""
        raise NotImplementedError

    def expr(self, floor: int = 0, restricted: bool = False) -> None:
        """An a_expr of operators that bind at least as tightly as `floor`; `restricted` makes it a b_expr."""
        row = self._prefix(restricted)
        last = 0
        while not self.ended:
            level = self._level(restricted, row)
            if level is None or level < floor:
                return
            if level in _UNCHAINED and level == last:
                raise self.fail()
            last = self._rest(level, restricted)
            row = False

    def _level(self, restricted: bool, row: bool) -> int | None:
        """How tightly the next token binds as an operator behind an operand; None where it is none."""
        token = self.token
        if token.kind == OPERATOR:
            return _BINARY.get(token.text, OPERATORS)
        if token.is_op("::"):
            return NEGATE + 2
        if token.kind != WORD:
            return None
        word = token.text
        if not self._goes_on(word):
            return None
        if word == "operator" and self.then(1, "("):
            return OPERATORS
        if word == "is":
            return IS if not restricted or self._distinct_follows() else None
        if restricted:
            return None
        if word in ("and", "or"):
            return AND if word == "and" else OR
        if word == "not":
            return LIKE if self.then(1, "between", "in", "like", "ilike", "similar") else None
        if word in ("isnull", "notnull"):
            return IS
        if word == "similar" and not self.then(1, "to"):
            return None
        if word == "overlaps" and row:
            return OPERATORS
        return {"between": LIKE, "in": LIKE, "like": LIKE, "ilike": LIKE, "similar": LIKE, "at": AT, "collate": COLLATE}.get(word)

    def _goes_on(self, word: str) -> bool:
        """Whether the word is an operator here: where a label may stand, it is one if what follows does not go on from it."""
        following = self.tokens[self.i + 1] if self.i + 1 <= self.stop else self.token
        wanted = _FOLLOWING.get(word)
        if wanted is not None:
            fits = self.then(1, *wanted)
        elif word in ("and", "or", "like", "ilike", "between", "collate"):
            fits = self.i + 1 < self.stop and not following.is_op(",", ")", ";") and not following.is_word(*_CLAUSE_WORDS)
        else:
            return True
        return fits or not self._at_target()

    def _at_target(self) -> bool:
        """Whether a target of a select list is being read, outside any parentheses in it."""
        if self.target_at < 0:
            return False
        inside = [t for t in self.tokens[self.target_at : self.i] if t.is_op("(", "[", ")", "]") or t.is_word("case", "end")]
        return sum(1 if t.is_op("(", "[") or t.is_word("case") else -1 for t in inside) == 0

    def _distinct_follows(self) -> bool:
        return self.then(1, "distinct") or (self.then(1, "not") and self.then(2, "distinct"))

    def _rest(self, level: int, restricted: bool) -> int:
        """The operator and what follows it; returns its level where it cannot be followed by its like."""
        if self.take_mark("::"):
            self.type()
        elif self.token.kind == OPERATOR:
            self.i += 1
            self._right(level, restricted)
            return level
        elif self.take("operator"):
            self._operator_name()
            self._right(level, restricted)
        elif self.take("and", "or"):
            self.expr(level + 1)
        elif self.take("is"):
            self._test(restricted)
        elif self.take("isnull", "notnull"):
            pass
        elif self.take("at"):
            self.need("time")
            self.need("zone")
            self.expr(AT + 1)
        elif self.take("collate"):
            self.qualified()
        elif self.take("overlaps"):
            self.expr(OPERATORS + 1)
        else:
            self.take("not")
            return self._membership()
        return 0

    def _right(self, level: int, restricted: bool) -> None:
        """The right operand, or ANY | SOME | ALL (...)."""
        if not restricted and self.word("any", "some", "all"):
            self._quantifier()
        else:
            self.expr(level + 1, restricted)

    def _quantifier(self) -> None:
        self.need("any", "some", "all")
        self.need_mark("(")
        self._query_or(lambda: self.expr())
        self.need_mark(")")

    def _query_or(self, other: Callable[[], None]) -> None:
        if self.starts_query():
            self.query()
        else:
            other()

    def starts_query(self) -> bool:
        """Whether a query begins here, perhaps in parentheses that hold nothing but queries."""
        level = 0
        while self.then(level, "("):
            level += 1
        if not self.then(level, *_QUERY_WORDS):
            return False
        depth, place = level, self.i + level
        while level and place < self.stop:
            token = self.tokens[place]
            depth += token.is_op("(") - token.is_op(")")
            place += 1
            if depth < level:
                level = depth
                following = self.tokens[place]
                if level and not (following.is_op(")") or following.is_word(*_AFTER_QUERY)):
                    return False
        return True

    def _test(self, restricted: bool) -> None:
        """What may follow IS."""
        self.take("not")
        if self.take("distinct"):
            self.need("from")
            self.expr(COMPARE, restricted)
        elif self.take("of"):
            self.need_mark("(")
            self.listed(self.type)
            self.need_mark(")")
        elif self.take("nfc", "nfd", "nfkc", "nfkd"):
            self.need("normalized")
        else:
            self.need("null", "true", "false", "unknown", "document", "normalized")

    def _membership(self) -> int:
        if self.take("in"):
            self.need_mark("(")
            self._query_or(lambda: self.listed(self.expr))
            self.need_mark(")")
            return 0
        if self.take("between"):
            self.take("symmetric", "asymmetric")
            self.expr(0, restricted=True)
            self.need("and")
            self.expr(LIKE + 1)
            return LIKE
        if self.take("similar"):
            self.need("to")
        else:
            self.need("like", "ilike")
        if self.word("any", "some", "all"):
            self._quantifier()
            return 0
        self.expr(LIKE + 1)
        if self.take("escape"):
            self.expr(ESCAPE + 1)
        return LIKE

    # Operands

    def _prefix(self, restricted: bool) -> bool:
        """An operand with the signs before it; whether it is a row in parentheses."""
        if self.ended:
            raise self.fail()
        token = self.token
        if token.is_op("+", "-"):
            self.i += 1
            self.expr(NEGATE, restricted)
            return False
        if token.kind == OPERATOR and token.text not in _BINARY:
            self.i += 1
            self.expr(OPERATORS, restricted)
            return False
        if self.word("operator") and self.then(1, "("):
            self.i += 1
            self._operator_name()
            self.expr(OPERATORS, restricted)
            return False
        if not restricted and self.take("not"):
            self.expr(NOT)
            return False
        return self._operand()

    def _operand(self) -> bool:
        token = self.token
        if token.kind == NUMBER or self.string():
            self.i += 1
            return False
        if token.kind == PARAMETER:
            self.i += 1
            self._indirection()
            return False
        if token.is_op("("):
            return self._parenthesised()
        if token.kind == WORD:
            found = _WORDS.get(token.text)
            if found is not None and (token.text not in _CALL_WORDS or self.then(1, "(")):
                return found(self)
            if token.text in _VALUES and not (token.text == "current_schema" and self.then(1, "(")):
                return self._value_word()
            if token.text in _TYPE_WORDS:
                return self._typed_literal()
        if token.kind in (WORD, QUOTED):
            return self._named()
        raise self.fail()

    def _indirection(self) -> None:
        while not self.ended:
            if self.take_mark("."):
                if not self.take_mark("*"):
                    self.label()
            elif self.take_mark("["):
                self._subscript()
            else:
                return

    def _subscript(self) -> None:
        if not self.mark(":"):
            if self.mark("]"):
                raise self.fail()
            self.expr()
        if self.take_mark(":") and not self.mark("]"):
            self.expr()
        self.need_mark("]")

    def _parenthesised(self) -> bool:
        if self.starts_query():
            self.need_mark("(")
            self.query()
            self.need_mark(")")
            self._indirection()
            return False
        self.need_mark("(")
        self.expr()
        row = self.mark(",")
        while self.take_mark(","):
            self.expr()
        self.need_mark(")")
        if not row:
            self._indirection()
        return row

    def _constant(self) -> bool:
        self.i += 1
        return False

    def _value_word(self) -> bool:
        word = self.token.text
        self.i += 1
        if word in _PRECISE and self.take_mark("("):
            if self.ended or self.token.kind != NUMBER:
                raise self.fail()
            self.i += 1
            self.need_mark(")")
        return False

    def _typed_literal(self) -> bool:
        """A type's own words: only a literal may follow."""
        interval = self.word("interval")
        start = self.i
        if self.word("int", "integer", "smallint", "bigint", "real", "boolean") and self.then(1, "("):
            self.i += 1
            raise self.fail()
        if self.word("timestamp", "time"):
            self._clock_type()
        elif self.word("numeric", "decimal", "dec") and self.then(1, "("):
            self.i += 2
            self.listed(self.expr)
            self.need_mark(")")
            if not self.string():
                raise self.fail()
        else:
            if self.then(1, "(") and self.tokens[self.i + 2].kind != NUMBER and self.i + 2 < self.stop:
                self.i += 2
                raise self.fail()
            self.type()
        if not self.string():
            if self.i == start + 1 and not self.mark("("):
                self.i = start
                return self._named()
            raise self.fail()
        self.i += 1
        if interval and self.take(*_FIELDS):
            if self.take("to"):
                self.need(*_FIELDS)
            if self.take_mark("("):
                self.i += 1
                self.need_mark(")")
        return False

    def _clock_type(self) -> None:
        self.i += 1
        if self.take_mark("("):
            self.i += 1
            self.need_mark(")")
        if self.word("with", "without") and self.then(1, "time"):
            self.i += 2
            self.need("zone")

    def _named(self) -> bool:
        """A column, a call, or a literal behind a type's name."""
        column, function = self.is_column_name(), self.is_function_name()
        if not column and not function:
            raise self.fail()
        start = self.i
        self.i += 1
        dotted = False
        while self.mark(".") and (column or dotted):
            self.i += 1
            dotted = True
            if self.take_mark("*"):
                return False
            self.label()
        if self.mark("(") and (function or dotted):
            self._call()
            return False
        if self.string() and (function or dotted):
            self.i += 1
            return False
        if not column and not dotted:
            raise self.fail()
        if self.mark("(") and self.i == start + 1:
            raise self.fail()
        self._indirection()
        return False

    # Calls

    def _call(self) -> None:
        self.need_mark("(")
        if self.take_mark("*"):
            self.need_mark(")")
        elif not self.take_mark(")"):
            modifiers, named = not self.take("all", "distinct"), -1
            while True:
                modifiers = not self.take("variadic") and modifiers
                at = self._argument()
                named = at if named < 0 else named
                if not self.take_mark(","):
                    break
            order = self.token.start if self.word("order") else -1
            if order >= 0:
                self.order_by()
            self.need_mark(")")
            if modifiers and self.string():
                self._literal_behind(named, order)
                return
        self._call_clauses()

    def _argument(self) -> int:
        """Read one; where its name stands, if it has one."""
        if self.ended:
            raise self.fail()
        at = -1
        if self.is_function_name() and self.then(1, ":=", "=>"):
            at = self.token.start
            self.i += 2
        self.expr()
        return at

    def _literal_behind(self, named: int, order: int) -> None:
        """What looked like a call was a type's name with its modifiers."""
        if named >= 0:
            raise SqlSyntaxError("type modifier cannot have parameter name", at=named)
        if order >= 0:
            raise SqlSyntaxError("type modifier cannot have ORDER BY", at=order)
        self.i += 1

    def _call_clauses(self) -> None:
        if self.word("within") and self.then(1, "group"):
            self.i += 2
            self.need_mark("(")
            self.order_by()
            self.need_mark(")")
        if self.word("filter") and self.then(1, "("):
            self.i += 2
            self.need("where")
            self.expr()
            self.need_mark(")")
        if self.take("over"):
            if self.mark("("):
                self.window()
            else:
                self.name()

    # Words with a grammar of their own

    def _case(self) -> bool:
        self.need("case")
        if not self.word("when"):
            self.expr()
        while True:
            self.need("when")
            self.expr()
            self.need("then")
            self.expr()
            if not self.word("when"):
                break
        if self.take("else"):
            self.expr()
        self.need("end")
        return False

    def _array(self) -> bool:
        self.need("array")
        if self.take_mark("("):
            self.query()
            self.need_mark(")")
        else:
            self._array_items()
        return False

    def _array_items(self) -> None:
        self.need_mark("[")
        if self.take_mark("]"):
            return
        self.listed(self._array_items if self.mark("[") else self.expr)
        self.need_mark("]")

    def _exists(self) -> bool:
        self.need("exists")
        self.need_mark("(")
        self.query()
        self.need_mark(")")
        return False

    def _row(self) -> bool:
        self.need("row")
        self.need_mark("(")
        if not self.take_mark(")"):
            self.listed(self.expr)
            self.need_mark(")")
        return True

    def _cast(self) -> bool:
        self.i += 1
        self.need_mark("(")
        self.expr()
        self.need("as")
        self.type()
        self.need_mark(")")
        return False

    def _list_call(self) -> bool:
        self.i += 1
        self.need_mark("(")
        self.listed(self.expr)
        self.need_mark(")")
        return False

    def _nullif(self) -> bool:
        self.i += 1
        self.need_mark("(")
        self.expr()
        self.need_mark(",")
        self.expr()
        self.need_mark(")")
        return False

    def _extract(self) -> bool:
        self.i += 1
        self.need_mark("(")
        if not self.take_mark(")"):
            if not self.string() and not self.token.is_name:
                raise self.fail()
            self.i += 1
            self.need("from")
            self.expr()
            self.need_mark(")")
        return False

    def _position(self) -> bool:
        self.i += 1
        self.need_mark("(")
        self.expr(0, restricted=True)
        self.need("in")
        self.expr(0, restricted=True)
        self.need_mark(")")
        return False

    def _trim(self) -> bool:
        self.i += 1
        self.need_mark("(")
        self.take("both", "leading", "trailing")
        if not self.word("from"):
            self.expr()
        if self.take("from"):
            self.expr()
        while self.take_mark(","):
            self.expr()
        self.need_mark(")")
        return False

    def _clauses(self, *words: str) -> bool:
        """A call whose arguments may be parted by words instead of commas."""
        self.i += 1
        self.need_mark("(")
        if not self.take_mark(")"):
            if not self.word(*words):
                self._argument()
            while self.take(*words) or self.take_mark(","):
                self._argument()
            self.need_mark(")")
        self._call_clauses()
        return False

    def _normalize(self) -> bool:
        self.i += 1
        self.need_mark("(")
        self.expr()
        if self.take_mark(","):
            self.need("nfc", "nfd", "nfkc", "nfkd")
        self.need_mark(")")
        return False

    def _collation(self) -> bool:
        self.need("collation")
        self.need("for")
        self.need_mark("(")
        self.expr()
        self.need_mark(")")
        return False


_WORDS: dict[str, Callable[[Expressions], bool]] = {
    "null": Expressions._constant, "true": Expressions._constant, "false": Expressions._constant, "default": Expressions._constant,
    "case": Expressions._case, "array": Expressions._array, "exists": Expressions._exists, "row": Expressions._row, "cast": Expressions._cast,
    "treat": Expressions._cast, "coalesce": Expressions._list_call, "greatest": Expressions._list_call, "least": Expressions._list_call,
    "grouping": Expressions._list_call, "nullif": Expressions._nullif, "extract": Expressions._extract, "position": Expressions._position,
    "trim": Expressions._trim, "substring": lambda self: self._clauses("from", "for", "similar", "escape"),
    "overlay": lambda self: self._clauses("placing", "from", "for"), "normalize": Expressions._normalize, "collation": Expressions._collation,
}  # fmt: skip
_CALL_WORDS = frozenset(("exists", "row", "cast", "treat", "coalesce", "greatest", "least", "grouping", "nullif", "extract", "position", "trim",
                         "substring", "overlay", "normalize"))  # fmt: skip
