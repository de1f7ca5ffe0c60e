"""The words behind SELECT's INTO that say what kind of table it makes."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.sql.check.keywords import RESERVED, TYPE_FUNCTION
from auroraml.sql.lexer import QUOTED, WORD, Token

_NO_NAME = RESERVED | TYPE_FUNCTION


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
