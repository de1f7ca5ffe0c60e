"""LIKE and regular expressions: Arrow's matchers for yes or no."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from auroraml.errors import InvalidEscapeSequence, InvalidRegularExpression
from auroraml.functions.signature import scalar

Text = Any


def _checked(pattern: str) -> str:
    if len(pattern) - len(pattern.rstrip("\\")) & 1:
        raise InvalidEscapeSequence("LIKE pattern must not end with escape character")
    return pattern


def _like(text: Text, pattern: Text, ignore_case: bool) -> Text:
    if isinstance(pattern, pa.Scalar):
        return pc.match_like(text, _checked(pattern.as_py()), ignore_case=ignore_case)
    pairs = zip(text.to_pylist() if isinstance(text, pa.Array) else [text.as_py()] * len(pattern), pattern.to_pylist(), strict=True)
    found = [pc.match_like(pa.scalar(t, pa.large_string()), _checked(p), ignore_case=ignore_case).as_py() for t, p in pairs]  # a pattern a row
    return pa.array(found, pa.bool_())


@scalar("textlike(text,text)", "bpcharlike(bpchar,text)", "namelike(name,text)", face="arrow")
def like(text: Text, pattern: Text) -> Text:
    """text LIKE pattern."""
    return _like(text, pattern, False)


@scalar("textnlike(text,text)", "bpcharnlike(bpchar,text)", "namenlike(name,text)", face="arrow")
def not_like(text: Text, pattern: Text) -> Text:
    """text NOT LIKE pattern."""
    return pc.invert(_like(text, pattern, False))


@scalar("texticlike(text,text)", "bpchariclike(bpchar,text)", "nameiclike(name,text)", face="arrow")
def ilike(text: Text, pattern: Text) -> Text:
    """text ILIKE pattern."""
    return _like(text, pattern, True)


@scalar("texticnlike(text,text)", "bpcharicnlike(bpchar,text)", "nameicnlike(name,text)", face="arrow")
def not_ilike(text: Text, pattern: Text) -> Text:
    """text NOT ILIKE pattern."""
    return pc.invert(_like(text, pattern, True))


def _regex(text: Text, pattern: Text, ignore_case: bool) -> Text:
    def match(value: Text, one: str) -> Text:
        try:
            return pc.match_substring_regex(value, one, ignore_case=ignore_case)
        except pa.ArrowInvalid as error:
            reason = "parentheses () not balanced" if "paren" in str(error) else str(error).splitlines()[0]
            raise InvalidRegularExpression(f"invalid regular expression: {reason}") from error

    if isinstance(pattern, pa.Scalar):
        return match(text, pattern.as_py())
    values = text.to_pylist() if isinstance(text, pa.Array) else [text.as_py()] * len(pattern)
    found = [match(pa.scalar(v, pa.large_string()), p).as_py() for v, p in zip(values, pattern.to_pylist(), strict=True)]  # a pattern a row
    return pa.array(found, pa.bool_())


@scalar("textregexeq(text,text)", "nameregexeq(name,text)", face="arrow")
def matches(text: Text, pattern: Text) -> Text:
    """text ~ pattern."""
    return _regex(text, pattern, False)


@scalar("textregexne(text,text)", "nameregexne(name,text)", face="arrow")
def matches_not(text: Text, pattern: Text) -> Text:
    """text !~ pattern."""
    return pc.invert(_regex(text, pattern, False))


@scalar("texticregexeq(text,text)", "nameicregexeq(name,text)", face="arrow")
def matches_any_case(text: Text, pattern: Text) -> Text:
    """text ~* pattern."""
    return _regex(text, pattern, True)


@scalar("texticregexne(text,text)", "nameicregexne(name,text)", face="arrow")
def matches_not_any_case(text: Text, pattern: Text) -> Text:
    """text !~* pattern."""
    return pc.invert(_regex(text, pattern, True))
