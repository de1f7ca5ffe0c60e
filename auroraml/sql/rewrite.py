"""Tokens to text that sqlglot reads without losing anything: every leaf becomes an identifier that carries its token's number.

Leaves: `_i` identifier, `_s` string, `_n` number, `_p` parameter, `_k` word that is a value (current_date), `_f` the name of a call, `_t` a type,
`_d` DEFAULT, `_o` an operator, `_u` a slice's bound left out. An operator that SQL's grammar does not know by itself is written between bars, since sqlglot parses | at the
precedence PostgreSQL gives every such operator: `a ->> b` is `a | _o7 | b`, prefix `@ b` is `_o7 | b`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from auroraml.sql.check.queries import into_kinds
from auroraml.sql.lexer import NUMBER, PARAMETER, QUOTED, STRING, WORD, Token
from auroraml.sql.types import TypeName, TypeReader, near, read_type

STRUCTURE = frozenset(
    [
        "all",
        "and",
        "any",
        "array",
        "as",
        "asc",
        "between",
        "both",
        "by",
        "case",
        "cross",
        "delete",
        "desc",
        "distinct",
        "else",
        "end",
        "except",
        "exists",
        "false",
        "from",
        "full",
        "group",
        "having",
        "in",
        "inner",
        "insert",
        "intersect",
        "into",
        "is",
        "join",
        "lateral",
        "left",
        "like",
        "ilike",
        "limit",
        "natural",
        "not",
        "null",
        "offset",
        "on",
        "or",
        "order",
        "outer",
        "overlaps",
        "returning",
        "right",
        "select",
        "set",
        "similar",
        "some",
        "symmetric",
        "then",
        "to",
        "true",
        "collate",
        "union",
        "update",
        "using",
        "values",
        "when",
        "where",
        "window",
        "with",
        "isnull",
        "notnull",
        "fetch",
        "for",
    ]
)
VALUES = frozenset(
    [
        "current_date",
        "current_time",
        "current_timestamp",
        "localtime",
        "localtimestamp",
        "current_user",
        "session_user",
        "user",
        "current_role",
        "current_catalog",
        "current_schema",
    ]
)
CONSTANTS = frozenset(("null", "true", "false"))
PLAIN_OPERATORS = frozenset(("+", "-", "*", "/", "%", "^", "<", ">", "=", "<=", ">=", "<>"))
SPECIAL_CALLS = frozenset(("extract", "position", "substring", "overlay", "trim"))
_AFTER = {  # words that structure a query only behind, or before, certain others
    "first": ("nulls", "fetch"), "last": ("nulls",), "next": ("fetch",), "row": ("current", "#", "first", "next"), "ties": ("with", "exclude"),
    "time": ("at",), "zone": ("time",), "of": ("update", "share"), "unknown": ("is", "not"), "recursive": ("with",), "conflict": ("on",),
    "nothing": ("do",), "key": ("no", "for"), "share": ("for", "key"), "locked": ("skip",), "ordinality": ("with",), "constraint": ("on",),
    "update": ("for", "do", "key"), "others": ("no",),
}  # fmt: skip
_BEFORE = {
    "nulls": ("first", "last"), "partition": ("by",), "within": ("group",), "grouping": ("sets",), "do": ("nothing", "update"), "at": ("time",),
    "skip": ("locked",), "over": ("(",), "filter": ("(",), "rollup": ("(",), "cube": ("(",), "sets": ("(",), "escape": ("'",), "no": ("key", "others"),
    "materialized": ("(",), "current": ("row",), "preceding": (")", "and", "exclude"), "following": (")", "and", "exclude"),
    "unbounded": ("preceding", "following"), "range": ("between", "unbounded", "current", "#"), "rows": ("between", "unbounded", "current", "#", "only", "with"),
    "groups": ("between", "unbounded", "current", "#"), "exclude": ("current", "group", "ties", "no"), "only": (";", ")"), "nowait": (";",),
}  # fmt: skip

_HANDLED = STRUCTURE.union(  # the words that may be more than names
    VALUES, CONSTANTS, SPECIAL_CALLS, _AFTER, _BEFORE, ("cast", "default", "normalized", "nfc", "nfd", "nfkc", "nfkd", "operator", "overriding", "tablesample", "treat", "variadic")
)  # fmt: skip
_TYPES = frozenset(
    ("double", "character", "national", "timestamp", "time", "bit", "interval", "char", "float", "numeric", "decimal", "dec", "varchar")
)


@dataclass(frozen=True, kw_only=True)
class CallForm:
    """How a call was written in SQL's own grammar: the function's name, and the order of the arguments."""

    name: str
    order: tuple[int, ...] | None = None
    variadic: bool = False
    written: str = ""


@dataclass(kw_only=True)
class Source:
    """The tokens behind a tree, the types and call forms read on the way."""

    tokens: Sequence[Token]
    types: dict[int, TypeName] = field(default_factory=dict)
    forms: dict[int, CallForm] = field(default_factory=dict)
    labels: frozenset[int] = frozenset()  # words that name columns of the result, AS before them or not
    using_aliases: dict[int, int] = field(default_factory=dict)  # by the first column of USING (...): the alias behind it
    only: set[int] = field(default_factory=set)  # where tables stand behind ONLY
    overriding: dict[int, str] = field(default_factory=dict)  # by the token of OVERRIDING in an INSERT: "system" or "user"
    firsts: dict[int, int] = field(default_factory=dict)  # by the ids of a known tree's nodes: their first tokens
    known: Any = None  # that tree, so that its nodes live as long as this
    casts: dict[int, int] = field(default_factory=dict)  # the type of a CAST(...) or typed literal: the token it begins with


@dataclass(kw_only=True)
class _Frame:
    kind: str
    call: int = -1
    words: list[str] = field(default_factory=list)
    commas: int = 0


class Rewriter:
    """Writes the tokens from `start` to before `stop`; `text` is for sqlglot, `origins` the token behind each piece of it."""

    def __init__(self, source: Source, start: int, stop: int) -> None:
        self.source = source
        self.tokens = source.tokens
        self.stop = stop
        self.pieces: list[str] = []
        self.origins: list[tuple[int, int]] = []  # (offset in text, token)
        self.length = 0
        self.frames: list[_Frame] = []
        self.dropped: set[int] = set()  # parentheses that close what was written without them
        self.operand = False  # whether what was written last ends an operand
        self.closed = any(self.tokens[i].kind == STRING and self.tokens[i - 1].is_op(")") for i in range(start + 1, stop))
        i = start
        while i < stop:
            i = self._next(i)
        self.text = " ".join(self.pieces)

    def _put(self, piece: str, i: int, operand: bool) -> None:
        self.origins.append((self.length, i))
        self.pieces.append(piece)
        self.length += len(piece) + 1
        self.operand = operand

    def _next(self, i: int) -> int:
        token = self.tokens[i]
        if i in self.dropped:
            return i + 1
        if i in self.source.labels:
            if not self.tokens[i - 1].is_word("as"):
                self._put("AS", i, False)
            self._put(f"_i{i}", i, True)
            return i + 1
        if token.kind == WORD:
            return self._word(i, token)
        if token.kind == QUOTED:
            return self._typed_literal(i) or self._identifier(i)
        if token.kind == STRING:
            previous = self.tokens[i - 1] if i else token
            clause = previous.is_word("escape") and not (self.frames and self.frames[-1].kind == "substring")
            self._put(f"'{i}'" if clause else f"_s{i}", i, True)
            return i + 1
        if token.kind in (NUMBER, PARAMETER):
            self._put(f"_{'n' if token.kind == NUMBER else 'p'}{i}", i, True)
            return i + 1
        return self._symbol(i, token)

    def _symbol(self, i: int, token: Token) -> int:
        text = token.text
        if text == "::":
            self._put("::", i, False)
            return self._type(i + 1)
        if text == ":=":
            self._put("=>", i, False)
            return i + 1
        if text == "(":
            self._open(i, "")
        elif text in ")]":
            if self.frames:
                self._close(self.frames.pop())
            self._put(text, i, True)
        elif text == "[":
            self.frames.append(_Frame(kind="["))
            self._put(text, i, False)
        elif text == ":":  # a slice; a bound left out is a leaf of its own
            if not self.operand:
                self._put(f"_u{i}", i, True)
            self._put(":", i, False)
            if self.tokens[i + 1].is_op("]"):
                self._put(f"_u{i}", i, True)
        elif token.kind == "operator" and text not in PLAIN_OPERATORS:
            self._operator(i)
        else:
            if text == "+" and not self.operand:
                text = "-"  # sqlglot drops a prefix +: the binder looks at the token
            if text == "," and self.frames:
                self.frames[-1].commas += 1
            self._put(text, i, text == "*" and not self.operand)
        return i + 1

    def _operator(self, i: int) -> None:
        if self.operand:
            self._put("|", i, False)
        self._put(f"_o{i}", i, True)
        self._put("|", i, False)

    def _using_before(self, i: int) -> int:
        """The first column of the USING (...) that ends before `i`, 0 where none does."""
        depth = 0
        for j in range(i - 1, 0, -1):
            depth += self.tokens[j].is_op(")") - self.tokens[j].is_op("(")
            if depth == 0:
                return j + 1 if self.tokens[j - 1].is_word("using") else 0
        return 0

    def _qualified_operator(self, i: int) -> int:
        """The closing parenthesis of OPERATOR(pg_catalog.+), 0 where this is none."""
        at = i + 2
        if self.tokens[at].is_name and self.tokens[at].text == "pg_catalog" and self.tokens[at + 1].is_op("."):
            at += 2
        return at + 1 if self.tokens[at].kind == "operator" and self.tokens[at + 1].is_op(")") else 0

    def _open(self, i: int, kind: str, call: int = -1) -> None:
        self.frames.append(_Frame(kind=kind, call=call))
        self._put("(", i, False)
        a, b = self.tokens[i + 1], self.tokens[i + 2] if i + 2 < len(self.tokens) else self.tokens[-1]
        definitions = (
            not kind and a.is_name and not _structural(a) and b.is_name and b.text not in ("as", "in", "is", "at", "collate", "over", "filter")
        )
        if not definitions or _structural(b) or self.tokens[i + 2].is_word("escape", "ordinality") or not self._alias_before(i):
            return
        if not b.is_word("partition") and not (b.is_word("range", "rows", "groups") and self._bounded(i + 2)):  # a window based on another
            self.frames[-1].kind = "columns"

    def _alias_before(self, i: int) -> bool:
        """Whether a `(` at `i` follows AS or an alias behind a call in FROM."""
        previous = self.tokens[i - 1]
        return previous.is_word("as") or (
            previous.is_name and not _structural(previous) and (self.tokens[i - 2].is_word("as") or self.tokens[i - 2].is_op(")"))
        )

    def _close(self, frame: _Frame) -> None:
        if frame.kind in SPECIAL_CALLS:
            self.source.forms[frame.call] = _form(frame)

    def _type(self, i: int) -> int:
        self.source.types[i], after = read_type(self.tokens, i)
        self._put(f"_t{i}", i, True)
        return after

    def _identifier(self, i: int) -> int:
        following = self.tokens[i + 1]
        if following.is_op("(") and not self._is_alias(i):
            self._put(f"_f{i}", i, False)
            self._open(i + 1, "normalize" if self.tokens[i].is_word("normalize") else "call", i)
            return i + 2
        self._put(f"_i{i}", i, True)
        frame = self.frames[-1] if self.frames else None
        if frame is not None and frame.kind == "columns" and following.is_name:
            return self._type(i + 1)
        return i + 1

    def _is_alias(self, i: int) -> bool:
        """Whether the name before a `(` is an alias with columns, an INSERT target or a WITH name rather than a call."""
        previous = self.tokens[i - 1] if i else None
        if previous is None:
            return False
        if previous.is_word("into", "with", "recursive"):
            return True
        start = i
        while self.tokens[start - 1].is_op(".") and start >= 2:
            start -= 2
        before = self.tokens[start - 1] if start else previous
        if before.is_word("into"):
            return True
        if previous.is_word("as"):
            return not (self.frames and self.frames[-1].kind == "cast")
        if previous.is_word("ordinality") and self.tokens[i - 2].is_word("with"):
            return True
        return (self.operand and (previous.is_op(")") or previous.is_name)) or self._cte_name(i)

    def _cte_name(self, i: int) -> bool:
        """A name with columns after a comma that is followed by `) AS (`."""
        depth = 0
        for j in range(i + 1, self.stop):
            token = self.tokens[j]
            depth += token.is_op("(") - token.is_op(")")
            if depth == 0:
                return self.tokens[j + 1].is_word("as") and (self.tokens[j + 2].is_op("(") or self.tokens[j + 2].is_word("materialized", "not"))
        return False

    def _word(self, i: int, token: Token) -> int:
        word, following = token.text, self.tokens[i + 1]
        frame = self.frames[-1] if self.frames else None
        if i and self.tokens[i - 1].mark == ".":
            return self._identifier(i)
        if frame is not None and frame.kind in SPECIAL_CALLS and (handled := self._special(i, token, frame)):
            return handled
        if word not in _HANDLED:
            return self._typed_literal(i) or self._identifier(i)
        if word == "as" and self.tokens[i - 1].is_op(")") and (first := self._using_before(i)):
            self.source.using_aliases[first] = i + 1
            return i + 2
        if word == "as" and frame is not None and frame.kind == "cast":
            self._put("AS", i, False)
            self.source.casts[i + 1] = frame.call
            return self._type(i + 1)
        if word == "into" and not self.tokens[i - 1].is_word("insert"):
            self._put("INTO", i, False)
            return i + 1 + len(into_kinds(self.tokens, i))
        if word == "only" and i and (self.tokens[i - 1].is_word("update", "from", "join", "using") or self.tokens[i - 1].is_op(",")):
            return self._only(i + 1)
        if word in ("row", "rows") and i > 1 and self.tokens[i - 2].is_word("offset"):
            return i + 1  # OFFSET n ROWS
        if word == "default" and following.is_word("values"):
            self._put(f"VALUES (_d{i})", i, True)
            return i + 2
        if word == "overriding" and following.is_word("system", "user") and self.tokens[i + 2].is_word("value"):
            self.source.overriding[i] = following.text
            return i + 3
        if word == "tablesample" and self.operand and following.is_name:
            return self._sample(i)
        if word == "rows" and following.is_word("from") and self.tokens[i + 2].is_op("("):
            self._put(f"_f{i}", i, False)
            self._open(i + 2, "call", i)
            return i + 3
        if word in ("normalized", "nfc", "nfd", "nfkc", "nfkd") and i and self._tested(i):  # IS [form] NORMALIZED: the form, or the word
            self._put(f"_i{i}", i, True)
            return i + (1 if word == "normalized" else 2)
        if frame is not None and frame.kind == "normalize" and frame.commas and word in ("nfc", "nfd", "nfkc", "nfkd"):
            self._put(f"_s{i}", i, True)
            return i + 1
        if word == "default":
            self._put(f"_d{i}", i, True)
            return i + 1
        if word == "operator" and following.is_op("(") and (closing := self._qualified_operator(i)):
            self._operator(closing - 1)
            return closing + 1
        if word == "variadic" and frame is not None and frame.kind == "call":
            self.source.forms[frame.call] = CallForm(name=self.tokens[frame.call].text, variadic=True)
            return i + 1
        if word in CONSTANTS and not self.operand and not self._tested(i):
            self._put(f"_k{i}", i, True)
            return i + 1
        if word in VALUES and not following.is_op("("):
            self._put(f"_k{i}", i, True)
            return i + 1
        if word in ("current_timestamp", "current_time", "localtime", "localtimestamp"):
            self._put(f"_k{i}", i, True)
            return i + 4 if self.tokens[i + 3].is_op(")") else i + 1
        return self._grammar(i, word, following)

    def _only(self, i: int) -> int:
        """A table behind ONLY, perhaps in parentheses; no table has children, so that it takes nothing away."""
        if self.tokens[i].is_op("("):
            i += 1
            self.dropped.add(next(j for j in range(i, self.stop) if self.tokens[j].is_op(")")))
        self.source.only.add(self.tokens[i].start)
        return i

    def _sample(self, i: int) -> int:
        """TABLESAMPLE method (arguments) REPEATABLE (seed), as calls behind WITH, where another dialect has hints about a table."""
        self._put("WITH (", i, False)
        i += 1
        while self.tokens[i + 1].is_op("."):
            i += 2
        after = self._written_call(i)
        if self.tokens[after].is_word("repeatable"):
            self._put(",", after, False)
            after = self._written_call(after)
        self._put(")", after - 1, True)
        return after

    def _written_call(self, i: int) -> int:
        """A name and its arguments in parentheses; the token behind them."""
        depth = len(self.frames)
        i = self._identifier(i)
        while len(self.frames) > depth and i < self.stop:
            i = self._next(i)
        return i

    def _tested(self, i: int) -> bool:
        """Whether the word at `i` belongs to an IS [NOT] test."""
        before = self.tokens[i - 1]
        return before.is_word("is") or (before.is_word("not") and self.tokens[i - 2].is_word("is"))

    def _grammar(self, i: int, word: str, following: Token) -> int:
        if word in ("cast", "treat") and following.is_op("("):
            self._put("CAST", i, False)
            self._open(i + 1, "cast", i)
            return i + 2
        if word == "using" and following.kind == "operator":
            self._put("DESC" if following.text in (">", "~>~") else "ASC", i, False)
            return i + 2
        if word in SPECIAL_CALLS and following.is_op("("):
            self._put(f"_f{i}", i, False)
            self._open(i + 1, word, i)
            return i + 2
        if word in STRUCTURE or self._contextual(i, word, following):
            array = word == "array" and not following.is_op("[", "(")
            called = word in ("left", "right") or (word in ("like", "ilike", "overlaps") and self._begins(i))
            if not array and not (called and following.is_op("(")):
                self._put("ANY" if word == "some" else word.upper(), i, word in ("null", "true", "false", "end", "preceding", "following", "row"))
                return i + 1
        return self._typed_literal(i) or self._identifier(i)

    def _begins(self, i: int) -> bool:
        """Whether an operand, not an infix operator, must stand at token `i`."""
        before = self.tokens[i - 1]
        return i > 0 and (before.is_op("(", ",") or before.is_word("select", "where", "and", "or", "when", "then", "else", "having", "on", "by"))

    def _contextual(self, i: int, word: str, following: Token) -> bool:
        previous = self.tokens[i - 1].text if i else ""
        kind = self.tokens[i - 1].kind if i else ""
        mark = "#" if kind in (NUMBER, PARAMETER) else previous
        if word in _AFTER and kind != QUOTED and mark in _AFTER[word]:
            return True
        if word in _BEFORE and following.kind != QUOTED:
            behind = {NUMBER: "#", PARAMETER: "#", STRING: "'", "end": ";"}.get(following.kind, following.text)
            fits = behind in _BEFORE[word]
            if word in ("over", "filter"):
                return (fits or (word == "over" and following.is_name)) and previous == ")"
            if word in ("rollup", "cube"):
                return fits and (previous in ("by", ",", "(", "distinct", "all"))
            if word == "materialized":
                return fits and previous in ("as", "not")
            return fits or (word in ("range", "rows", "groups") and (self.operand or previous == "(") and self._bounded(i))
        return word in ("row", "rows") and previous.isdigit()

    def _bounded(self, i: int) -> bool:
        """Whether a window's frame follows: a bound before the parenthesis closes."""
        depth = 0
        for token in self.tokens[i + 1 :]:
            depth += token.is_op("(", "[") - token.is_op(")", "]")
            if depth < 0:
                return False
            if depth == 0 and token.is_word("preceding", "following"):
                return True
        return False

    def _typed_literal(self, i: int) -> int:
        """type 'literal': CAST of the string; 0 where this is none."""
        token = self.tokens[i]
        previous = self.tokens[i - 1] if i else None
        end = i
        while self.tokens[end + 1].is_op(".") and self.tokens[end + 2].is_name:
            end += 2
        if (token.kind == QUOTED or token.text not in _TYPES) and self.tokens[end + 1].kind != STRING and not self._modified(end + 1):
            return 0
        if previous is not None and (previous.is_word("as") or (self.operand and not previous.is_word("select"))):
            return 0
        try:
            reader = TypeReader(self.tokens, i)
            name = reader.read()
        except type(near(token)):
            return 0
        literal = reader.i
        if self.tokens[literal].kind != STRING or name.dimensions:
            return 0
        if name.name == "interval" and not name.modifiers:
            reader.i += 1
            name = TypeName(name="interval", modifiers=reader.fields(), at=name.at)
        else:
            reader.i += 1
        self.source.types[i] = name
        self.source.casts[i] = i
        self._put(f"CAST ( _s{literal} AS _t{i} )", i, True)
        return reader.i

    def _modified(self, i: int) -> bool:
        """Whether the modifiers of a type and a string follow: (3) 'literal'."""
        if not self.tokens[i].is_op("(") or not self.closed:
            return False
        depth = 1
        while depth and i + 1 < self.stop:
            i += 1
            depth += self.tokens[i].is_op("(") - self.tokens[i].is_op(")")
        return not depth and self.tokens[i + 1].kind == STRING

    def _special(self, i: int, token: Token, frame: _Frame) -> int:
        """The words inside EXTRACT(...), POSITION(... IN ...) and their kin; 0 where the token is an ordinary one."""
        word = token.text
        if frame.kind == "extract" and not frame.words and self.tokens[i + 1].is_word("from"):
            self._put(f"_s{i}", i, True)
            return i + 1
        if frame.kind == "trim" and word in ("both", "leading", "trailing"):
            frame.words.append(word)
            return i + 1
        keyword = word in ("from", "for", "placing", "similar", "escape") or (word == "in" and frame.kind == "position")
        if not keyword:
            return 0
        first = frame.kind == "trim" and not self.operand
        frame.words.append(word + ("!" if first else ""))
        if not first:
            self._put(",", i, False)
        return i + 1


def _form(frame: _Frame) -> CallForm:
    words = frame.words
    if frame.kind == "position" and "in" in words:
        return CallForm(name="position", order=(1, 0), written="position")
    if frame.kind == "trim":
        name = {"leading": "ltrim", "trailing": "rtrim"}.get(words[0] if words else "", "btrim")
        return CallForm(name=name, order=(1, 0) if "from" in words else None, written="trim")
    if frame.kind == "substring" and words and words[0] == "for":
        return CallForm(name="substring", order=(0, 2, 1) if len(words) > 1 else (0, -1, 1), written="substring")
    if frame.kind == "substring" and "similar" in words:
        return CallForm(name="substring", written="similar")
    return CallForm(name=frame.kind, written=frame.kind if words else "")


def _structural(token: Token) -> bool:
    return token.kind == WORD and (token.text in STRUCTURE or token.text in VALUES)
