"""~, ~*, !~, !~*, SIMILAR TO and regexp_like: whether a text matches, by RE2 over whole columns where it can say the pattern."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from auroraml.errors import InvalidEscapeSequence, InvalidParameterValue, InvalidUseOfEscapeCharacter
from auroraml.functions.regex.syntax import compiled, options_of
from auroraml.functions.signature import SCALARS, Kernel, oid_of, scalar
from auroraml.functions.strings import each
from auroraml.lazy import compute as pc

Text = Any  # pa.Array or pa.Scalar


def found(text: Text, pattern: Text, flags: str) -> Text:
    """Whether each text holds a match."""
    if isinstance(pattern, pa.Scalar):
        ready = compiled(pattern.as_py(), flags)
        if ready.re2 is not None:
            try:
                return pc.match_substring_regex(text, ready.re2)
            except pa.ArrowInvalid:  # what RE2 bounds more tightly than PostgreSQL: repetitions
                pass
        return each(lambda t: ready.search.search(t) is not None, pa.bool_(), text)
    return each(lambda t, p: compiled(p, flags).search.search(t) is not None, pa.bool_(), text, pattern)


def _operator(flags: str, negated: bool, trim: bool) -> Kernel:
    def run(text: Text, pattern: Text) -> Text:
        matches = found(pc.utf8_rtrim(text, " ") if trim else text, pattern, flags)
        return pc.invert(matches) if negated else matches

    return Kernel(function=run, face="arrow")


def _register() -> None:
    for prefix, argument in (("text", "text"), ("name", "name"), ("bpchar", "bpchar")):
        for infix, flags in (("", ""), ("ic", "i")):
            for suffix, negated in (("eq", False), ("ne", True)):
                SCALARS[oid_of(f"{prefix}{infix}regex{suffix}({argument},text)")] = _operator(flags, negated, False)


_register()


@scalar("regexp_like(text,text)", face="arrow")
def regexp_like(text: Text, pattern: Text) -> Text:
    """Whether a match is found."""
    return found(text, pattern, "")


@scalar("regexp_like(text,text,text)", face="arrow")
def regexp_like_flags(text: Text, pattern: Text, flags: Text) -> Text:
    """Whether a match is found, with flags."""

    def check(one: str) -> str:
        if options_of(one).everywhere:
            raise InvalidParameterValue('regexp_like() does not support the "global" option')
        return one

    if isinstance(flags, pa.Scalar):
        return found(text, pattern, check(flags.as_py()))
    return each(lambda t, p, f: compiled(p, check(f)).search.search(t) is not None, pa.bool_(), text, pattern, flags)


def similar(pattern: str, escape: str | None) -> str:
    """A SIMILAR TO pattern as a regular expression (similar_escape_internal)."""
    mark = "\\" if escape is None else escape
    if len(mark) > 1:
        raise InvalidEscapeSequence("invalid escape string", hint="Escape string must be empty or one character.")
    out = ["^(?:"]
    escaped, bracket, quotes = False, False, 0
    for char in pattern:
        if escaped:
            if char == '"' and not bracket:
                if quotes == 0:
                    out.append("){1,1}?(")
                elif quotes == 1:
                    out.append("){1,1}(?:")
                else:
                    raise InvalidUseOfEscapeCharacter("SQL regular expression may not contain more than two escape-double-quote separators")
                quotes += 1
            else:
                out.append("\\" + char)
            escaped = False
        elif char == mark:
            escaped = True
        elif bracket:
            out.append("\\\\" if char == "\\" else char)
            bracket = char != "]"
        elif char == "[":
            out.append(char)
            bracket = True
        else:
            out.append({"%": ".*", "_": ".", "(": "(?:"}.get(char, "\\" + char if char in "\\.^$" else char))
    return "".join(out) + ")$"


@scalar("similar_to_escape(text)", face="datum")
def similar_to(pattern: str) -> str:
    """The regular expression of a SIMILAR TO pattern."""
    return similar(pattern, None)


@scalar("similar_to_escape(text,text)", face="datum")
def similar_to_escape(pattern: str, escape: str) -> str:
    """The regular expression of a SIMILAR TO pattern with an escape character."""
    return similar(pattern, escape)


@scalar("similar_escape(text,text)", face="datum")
def similar_escape(pattern: str | None, escape: str | None) -> str | None:
    """The older form, not strict."""
    return None if pattern is None else similar(pattern, escape)
