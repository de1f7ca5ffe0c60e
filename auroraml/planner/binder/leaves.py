"""Reading sqlglot's leaves: which token an identifier stands for."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from auroraml.sql.leaf import NO_TOKEN, first_token, mark
from auroraml.sql.lexer import Token
from auroraml.sql.rewrite import CallForm, Source
from auroraml.sql.types import TypeName


class Leaves:
    """The tokens behind one statement's tree."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._shared = source.firsts
        self._firsts: dict[int, tuple[object, int]] = {}  # by id: a node and its first token, asked for at every level of an expression

    @staticmethod
    def mark(node: object) -> tuple[str, int]:
        """The letter and token number of a leaf; ("", -1) for what is none."""
        return mark(node)

    def token(self, node: object) -> Token:
        """The token behind a leaf."""
        return self.source.tokens[self.mark(node)[1]]

    def name(self, node: object) -> str:
        """The identifier as PostgreSQL folds it."""
        letter, index = self.mark(node)
        return self.source.tokens[index].text if letter else str(getattr(node, "this", node))

    def at(self, node: object) -> int:
        """Where a leaf stands in the text."""
        letter, index = self.mark(node)
        return self.source.tokens[index].start if letter else 0

    def type(self, node: object) -> TypeName:
        """The type name behind a `_t` leaf."""
        return self.source.types[self.mark(node)[1]]

    def cast_at(self, node: exp.Cast) -> int:
        """Where a cast stands: its `::`, its CAST, or the type before the literal."""
        target = node.args["to"]
        index = self.mark(target.args.get("kind") or target.this)[1]
        return self.source.tokens[self.source.casts.get(index, index - 1)].start

    def array_at(self, node: exp.Array) -> int:
        """Where ARRAY[...] (or an inner [...]) begins, behind which its first leaf stands."""
        inner, depth = node.expressions[0] if node.expressions else None, 1
        while isinstance(inner, exp.Array) and inner.expressions:
            inner, depth = inner.expressions[0], depth + 1
        i, tokens = self.first(node), self.source.tokens
        while i > 0:
            i -= 1
            if tokens[i].is_op("["):
                depth -= 1
                if depth == 0:
                    return tokens[i - 1].start if tokens[i - 1].is_word("array") else tokens[i].start
        return 0

    def empty_array(self) -> int:
        """Where the first ARRAY[] without a cast stands: it has no leaf of its own."""
        tokens = self.source.tokens
        found = (i for i, t in enumerate(tokens) if t.is_word("array") and tokens[i + 1].is_op("[") and tokens[i + 2].is_op("]"))
        return next((tokens[i].start for i in found if not tokens[i + 3].is_op("::")), 0)

    def form(self, index: int) -> CallForm | None:
        """How a call was written."""
        return self.source.forms.get(index)

    def indexes(self, node: exp.Expression) -> Iterator[int]:
        """The token numbers of all leaves below."""
        for found in node.find_all(exp.Identifier, exp.Anonymous):
            letter, index = self.mark(found.this if isinstance(found, exp.Anonymous) else found)
            if letter:
                yield index

    def first(self, node: exp.Expression) -> int:
        """The number of the first token below (0 where there is none)."""
        found = first_token(node, self._shared, self._firsts)
        return 0 if found == NO_TOKEN else found

    def start(self, node: exp.Expression) -> int:
        """The offset where `node` begins."""
        return self.source.tokens[self.first(node)].start

    def token_at(self, at: int) -> Token:
        """The token at an offset."""
        return next(t for t in self.source.tokens if t.start == at)

    def signed(self, node: exp.Expression) -> tuple[exp.Expression, int, int | None]:
        """A number behind minus signs, which are its own (gram.y: doNegate), its sign, and where the first of them stands; else the node itself."""
        signs, whole = 0, node
        while isinstance(whole, (exp.Paren, exp.Neg)):
            signs += isinstance(whole, exp.Neg)
            whole = whole.this
        letter, place = self.mark(whole) if signs and isinstance(whole, exp.Column) and not whole.args.get("table") else ("", -1)
        if letter != "n":
            return node, 1, None
        tokens = self.source.tokens
        for _ in range(signs):
            place -= 1
            while tokens[place].text == "(":
                place -= 1
            if tokens[place].text != "-":
                return node, 1, None
        return whole, (-1) ** signs, tokens[place].start

    def sign_at(self, node: exp.Neg) -> int:
        """Where a prefix sign stands: signs of the operand's own first operand come between."""
        depth, inner = 1, node.this
        while isinstance(inner, (exp.Paren, exp.Neg, exp.Binary, exp.Cast)):
            depth += isinstance(inner, exp.Neg)
            inner = inner.this
        i = self.first(node)
        while i > 0 and depth:
            i -= 1
            depth -= self.source.tokens[i].is_op("+", "-")
        return self.source.tokens[i].start

    def word_after(self, left: exp.Expression, word: str) -> int:
        """The offset of the first `word` after an expression begins."""
        i = self.first(left)
        while i < len(self.source.tokens) - 1 and not self.source.tokens[i].is_word(word):
            i += 1
        return self.source.tokens[i].start

    def operator_at(self, right: exp.Expression, *symbols: str) -> int:
        """The offset of the operator before its right operand."""
        i = self.first(right) - 1
        while i > 0 and not (self.source.tokens[i].is_op(*symbols) or self.source.tokens[i].is_word(*symbols)):
            i -= 1
        return self.source.tokens[i].start
