"""sqlglot, fenced in: tokens to a tree whose leaves name their tokens; its errors become PostgreSQL's."""

from __future__ import annotations

import bisect

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import ParseError, TokenError

from auroraml.sql.rewrite import Rewriter, Source
from auroraml.sql.statements import Tree
from auroraml.sql.types import near

_DIALECT = Postgres()
_CONTEXT = 1_000_000  # so that an error's start context is everything before its token


def parse_tree(text: str, source: Source, start: int, stop: int, *, expression: bool = False) -> Tree:
    """The tree of the tokens from `start` to before `stop`: one statement, or one `expression`."""
    rewriter = Rewriter(source, start, stop)
    written = f"SELECT {rewriter.text}" if expression else rewriter.text
    shift = len("SELECT ") if expression else 0
    try:
        tokens = _DIALECT.tokenize(written)
        found = _DIALECT.parser(error_message_context=_CONTEXT).parse(tokens, written)
    except (ParseError, TokenError) as error:
        raise _translate(error, rewriter, source, stop, shift) from None
    root = found[0] if found else None
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
