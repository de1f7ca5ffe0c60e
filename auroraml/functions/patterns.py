"""LIKE and ILIKE: Arrow's matcher for constant patterns, PostgreSQL's own steps where a pattern ends in an escape."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import regex

from auroraml.errors import InvalidEscapeSequence
from auroraml.functions.signature import SCALARS, Kernel, oid_of, scalar
from auroraml.functions.strings import each
from auroraml.functions.word_search import holding, in_order
from auroraml.lazy import compute as pc

Text = Any
_INNER = re.compile(r"%.*[%_].*", re.DOTALL)  # more than what texts begin or end with, which Arrow finds fast
_WORDS = re.compile(r"%(?:(?:[^%_\\]|\\.)+%)+", re.DOTALL)  # words and what is between them


def _dangling(pattern: str) -> bool:
    return bool(len(pattern) - len(pattern.rstrip("\\")) & 1)


@lru_cache(maxsize=1024)
def _compiled(pattern: str, ignore_case: bool) -> regex.Pattern[str]:
    out, i = [], 0
    while i < len(pattern):
        char = pattern[i]
        if char == "\\" and i + 1 < len(pattern):
            i += 1
            out.append(regex.escape(pattern[i]))
        else:
            out.append({"%": ".*", "_": "."}.get(char) or regex.escape(char))
        i += 1
    return regex.compile("".join(out), regex.DOTALL | regex.ASCII | (regex.IGNORECASE if ignore_case else 0))


def _matches(text: str, pattern: str, ignore_case: bool) -> bool:
    """One text; a pattern that ends in an escape is an error only for texts that reach it."""
    if not _dangling(pattern):
        return _compiled(pattern, ignore_case).fullmatch(text) is not None
    if _compiled(pattern[:-1] + "_%", ignore_case).fullmatch(text) is not None:
        raise InvalidEscapeSequence("LIKE pattern must not end with escape character")
    return False


def _words(pattern: str) -> list[bytes]:
    """What a text must hold to match: the runs between wildcards."""
    runs, i = [""], 0
    while i < len(pattern):
        if pattern[i] in "%_":
            runs.append("")
        else:
            i += pattern[i] == "\\"
            runs[-1] += pattern[i]
        i += 1
    return [run.encode() for run in runs if run]


def _matching(texts: pa.Array, pattern: str) -> Text:
    """Which texts match a pattern (that does not end in an escape), as Arrow or numpy has it: those without its rarest word need no matching."""
    words = _words(pattern) if _INNER.fullmatch(pattern) else []
    held = holding(texts, words)
    if held is None:
        return pc.match_like(texts, pattern)
    rows = held.rows
    if not _WORDS.fullmatch(pattern):
        rows = rows[pc.match_like(texts.take(pa.array(rows)), pattern).to_numpy(zero_copy_only=False)]
    elif len(words) > 1:
        rows = in_order(texts, words, held)
    found = np.zeros(len(texts), np.bool_)
    found[rows] = True
    return found


def _like(text: Text, pattern: Text, ignore_case: bool) -> Text:
    if isinstance(pattern, pa.Scalar) and not _dangling(pattern.as_py()):
        if ignore_case or not isinstance(text, pa.Array):
            return pc.match_like(text, pattern.as_py(), ignore_case=ignore_case)
        return _matching(text, pattern.as_py())
    return each(lambda t, p: _matches(t, p, ignore_case), pa.bool_(), text, pattern)


def _kernel(ignore_case: bool, negated: bool) -> Kernel:
    def run(text: Text, pattern: Text) -> Text:
        found = _like(text, pattern, ignore_case)
        if not negated:
            return found
        return ~found if isinstance(found, np.ndarray) else pc.invert(found)

    def harmless(constants: Sequence[object]) -> bool:
        return isinstance(constants[1], str) and not _dangling(constants[1])

    return Kernel(function=run, face="arrow", harmless=harmless)


def _register() -> None:
    for name in ("text", "bpchar", "name"):
        for infix, ignore_case in (("", False), ("ic", True)):
            SCALARS[oid_of(f"{name}{infix}like({name},text)")] = _kernel(ignore_case, False)
            SCALARS[oid_of(f"{name}{infix}nlike({name},text)")] = _kernel(ignore_case, True)
    for signature in ("like(text,text)", "like(name,text)"):
        SCALARS[oid_of(signature)] = _kernel(False, False)
        SCALARS[oid_of("not" + signature)] = _kernel(False, True)


_register()


def escaped(pattern: str, escape: str) -> str:
    """The pattern with backslash as its escape character."""
    if len(escape) > 1:
        raise InvalidEscapeSequence("invalid escape string", hint="Escape string must be empty or one character.")
    if escape == "\\":
        return pattern
    if not escape:
        return pattern.replace("\\", "\\\\")
    out, after = [], False
    for char in pattern:
        if char == escape and not after:
            out.append("\\")
            after = True
        elif char == "\\":
            out.append("\\" if after else "\\\\")
            after = False
        else:
            out.append(char)
            after = False
    return "".join(out)


@scalar("like_escape(text,text)", face="datum")
def like_escape(pattern: str, escape: str) -> str:
    """LIKE's ESCAPE clause."""
    return escaped(pattern, escape)


@scalar("like_escape(bytea,bytea)", face="datum")
def like_escape_bytes(pattern: bytes, escape: bytes) -> bytes:
    """LIKE's ESCAPE clause for bytea."""
    return escaped(pattern.decode("latin-1"), escape.decode("latin-1")).encode("latin-1")


@scalar("bytealike(bytea,bytea)", "like(bytea,bytea)", face="datum")
def like_bytes(value: bytes, pattern: bytes) -> bool:
    """bytea LIKE bytea."""
    return _matches(value.decode("latin-1"), pattern.decode("latin-1"), False)


@scalar("byteanlike(bytea,bytea)", "notlike(bytea,bytea)", face="datum")
def not_like_bytes(value: bytes, pattern: bytes) -> bool:
    """bytea NOT LIKE bytea."""
    return not like_bytes(value, pattern)
