"""sqlglot, fenced in: tokens to a tree whose leaves name their tokens; its errors become PostgreSQL's."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokens import Token, TokenType

from auroraml.sql.leaf import first_tokens
from auroraml.sql.rewrite import Rewriter, Source
from auroraml.sql.statements import Tree
from auroraml.sql.types import near

_DIALECT = Postgres()
_MOST_RUNS = 4096
_MOST_SHAPES, _LONGEST_SHAPE = 256, 4000


class _Shape:
    """A tree that sqlglot made: its leaves stand for any names and values at their places. It is never changed."""

    def __init__(self, root: exp.Expression | None) -> None:
        self.root = root
        self._firsts: dict[int, int] | None = None

    @property
    def firsts(self) -> dict[int, int]:
        """The first token below each node."""
        if self._firsts is None:
            self._firsts = {} if self.root is None else first_tokens(self.root)
        return self._firsts


_shapes: dict[str, _Shape] = {}


def forget_shapes() -> None:
    """Let go of all trees that are kept: the next statement of any shape is parsed anew."""
    _shapes.clear()


_CONTEXT = 1_000_000  # so that an error's start context is everything before its token


def parse_tree(text: str, source: Source, start: int, stop: int, *, expression: bool = False) -> Tree:
    """The tree of the tokens from `start` to before `stop`: one statement, or one `expression`."""
    rewriter = Rewriter(source, start, stop)
    written = f"SELECT {rewriter.text}" if expression else rewriter.text
    shape = _shapes.get(written)
    if shape is None:
        shift = len("SELECT ") if expression else 0
        try:
            tokens = _tokens(["SELECT", *rewriter.pieces] if expression else rewriter.pieces)
            found = _DIALECT.parser(error_message_context=_CONTEXT).parse(tokens, written)
        except (ParseError, TokenError) as error:
            raise _translate(error, rewriter, source, stop, shift) from None
        root = found[0] if found else None
        if len(written) <= _LONGEST_SHAPE:
            if len(_shapes) >= _MOST_SHAPES:
                _shapes.clear()
            _shapes[written] = _Shape(root)
    else:
        root = shape.root
        source.firsts, source.known = shape.firsts, shape
    if root is None or isinstance(root, exp.Command):
        raise near(source.tokens[start])
    at, end = source.tokens[start].start, source.tokens[stop - 1].end
    if expression:
        expressions = root.args.get("expressions") or []
        if len(expressions) != 1 or any(
            value for key, value in root.args.items() if key not in ("expressions", "kind", "hint", "operation_modifiers")
        ):
            raise near(source.tokens[stop])
        root = expressions[0]
        if isinstance(root, exp.Alias):
            raise near(source.tokens[stop - 1])
    return Tree(root=root, source=source, at=at, sql=text[at:end])


def _tokens(pieces: Sequence[str]) -> list[Token]:
    """The tokens of `pieces` with a space after each, as sqlglot's tokenizer makes them; it is asked about what stands between leaves, once."""
    tokens: list[Token] = []
    run: list[str] = []
    at = begun = 0
    for piece in pieces:
        end = at + len(piece)
        if piece[0] == "_":
            if run:
                _between(" ".join(run), begun, tokens)
                run = []
            tokens.append(Token(TokenType.VAR, piece, 1, end, at, end - 1))
        else:
            if not run:
                begun = at
            run.append(piece)
        at = end + 1
    if run:
        _between(" ".join(run), begun, tokens)
    return tokens


_runs: dict[str, tuple[tuple[TokenType, str, int, int], ...]] = {}


def _between(text: str, at: int, tokens: list[Token]) -> None:
    """Add the tokens of keywords and marks that stand at offset `at`."""
    found = _runs.get(text)
    if found is None:
        if len(_runs) >= _MOST_RUNS:
            _runs.clear()
        leaf = "_i0 "  # nothing here begins a statement
        read = _DIALECT.tokenize(leaf + text)[1:]
        found = _runs[text] = tuple((t.token_type, t.text, t.start - len(leaf), t.end - len(leaf)) for t in read)
    for kind, word, start, end in found:
        tokens.append(Token(kind, word, 1, at + end + 1, at + start, at + end))


def _translate(error: Exception, rewriter: Rewriter, source: Source, stop: int, shift: int) -> Exception:
    """The syntax error at the token sqlglot stopped at."""
    details = getattr(error, "errors", None)
    if not details:
        return near(source.tokens[stop])
    first = details[0]
    offset = len(first.get("start_context") or "") - shift
    offsets = [place for place, _ in rewriter.origins]
    position = bisect.bisect_right(offsets, offset) - 1
    if position < 0 or not rewriter.origins:
        return near(source.tokens[stop])
    token = rewriter.origins[position][1]
    expected = str(first.get("description") or "")
    if token == rewriter.origins[-1][1] and ("Expected" in expected or "Required" in expected or "expected" in expected):
        return near(source.tokens[stop])
    return near(source.tokens[token])


def into_of(root: exp.Expression) -> exp.Into | None:
    """The INTO of a query, which stands in the first SELECT of its set operations."""
    node = root
    while isinstance(node, exp.SetOperation) or (isinstance(node, exp.Subquery) and not node.args.get("alias")):
        node = node.this
    found = node.args.get("into")
    assert found is None or isinstance(found, exp.Into)
    return found
