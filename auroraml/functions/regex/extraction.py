"""regexp_match, regexp_replace, regexp_split and their kin, substring by pattern: what matched, by Python's `regex`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import regex

from auroraml.batch import ConstVector, FixedVector, Index, ListVector, TextVector, Vector
from auroraml.errors import InvalidParameterValue
from auroraml.functions.regex.matching import similar
from auroraml.functions.regex.syntax import Pattern, compiled, options_of
from auroraml.functions.signature import rows, scalar
from auroraml.lazy import compute as pc
from auroraml.lazy import pattern as pattern_
from auroraml.types.pg_type import PgArray

Match: TypeAlias = "regex.Match[str]"
_NEVER_EMPTY = pattern_(r"(?:(?:\\[sdwSDW.|,;]|\[\^?[^\]\[\\^]+\]|[A-Za-z0-9 ,;:/_-])\+?)+")  # no match has no characters, and nothing is captured


def _matches(pattern: Pattern, text: str, start: int = 0) -> Iterator[Match]:
    """Matches one after another; after an empty one the search goes on one character later."""
    at = start
    while at <= len(text):
        match = pattern.search.search(text, at)
        if match is None:
            return
        yield match
        at = match.end() + 1 if match.end() == match.start() else match.end()


def _flags(flags: str, name: str, hint: str | None = None) -> str:
    if options_of(flags).everywhere:
        raise InvalidParameterValue(f'{name}() does not support the "global" option', hint=hint)
    return flags


def _captured(match: Match, pattern: Pattern) -> PgArray:
    return PgArray.of(match.groups() if pattern.groups else (match[0],))


@scalar("substring(text,text)", face="datum")
def substring(text: str, pattern: str) -> str | None:
    """The first match, or its first parenthesised part."""
    ready = compiled(pattern)
    match = ready.search.search(text)
    return None if match is None else match[1 if ready.groups else 0]


@scalar("substring(text,text,text)", face="datum")
def substring_similar(text: str, pattern: str, escape: str) -> str | None:
    """The part of a SIMILAR TO match between the escape-double-quotes."""
    return substring(text, similar(pattern, escape))


def _perhaps(texts: pa.Array, ready: Pattern) -> Index:
    """The rows that may hold a match: those in which RE2 finds one, where it can say the pattern."""
    if ready.re2 is not None:
        with contextlib.suppress(pa.ArrowInvalid):  # what RE2 bounds more tightly than PostgreSQL: repetitions
            return np.flatnonzero(pc.match_substring_regex(texts, ready.re2).to_numpy(zero_copy_only=False))
    return np.arange(len(texts))


def _arrays(groups: Sequence[Sequence[str | None]], rows: Index, n: int) -> ListVector:
    """Arrays of texts at some of `n` rows, NULL in the others."""
    sizes = np.zeros(n, np.int64)
    sizes[rows] = [len(found) for found in groups]
    valid = np.zeros(n, np.bool_)
    valid[rows] = True
    parts = pa.array([part for found in groups for part in found], pa.large_string())
    known = parts.is_valid().to_numpy(zero_copy_only=False) if parts.null_count else None
    child = TextVector(parts.fill_null("") if parts.null_count else parts, known)
    return ListVector(np.concatenate([[0], np.cumsum(sizes)]), child, None if len(rows) == n else valid)


def _first_matches(texts: Vector, pattern: Vector, flags: Vector | None = None) -> Vector | None:
    """regexp_match of one pattern in many texts."""
    if not isinstance(texts, TextVector) or not isinstance(pattern, ConstVector) or not (flags is None or isinstance(flags, ConstVector)):
        return None
    options = "" if flags is None else str(flags.one.datum(0))
    ready = compiled(str(pattern.one.datum(0)), _flags(options, "regexp_match", "Use the regexp_matches function instead."))
    rows = _perhaps(texts.values, ready)
    search, whole = ready.search.search, not ready.groups
    matches = [search(text) for text in texts.values.take(pa.array(rows)).to_pylist()]  # RE2 does not choose among matches as PostgreSQL does
    groups = [(match[0],) if whole else match.groups() for match in matches if match is not None]
    hit = np.array([match is not None for match in matches], np.bool_)
    return _arrays(groups, rows[hit], texts.n)


@scalar("regexp_match(text,text)", face="datum", columns=_first_matches)
def regexp_match(text: str, pattern: str) -> PgArray | None:
    """The first match's parenthesised parts."""
    return regexp_match_flags(text, pattern, "")


@scalar("regexp_match(text,text,text)", face="datum", columns=_first_matches)
def regexp_match_flags(text: str, pattern: str, flags: str) -> PgArray | None:
    """The first match's parenthesised parts."""
    ready = compiled(pattern, _flags(flags, "regexp_match", "Use the regexp_matches function instead."))
    match = ready.search.search(text)
    return None if match is None else _captured(match, ready)


@rows("regexp_matches(text,text)", "regexp_matches(text,text,text)", face="vector")
def regexp_matches(texts: Vector, patterns: Vector, flags: Vector | None = None) -> tuple[list[Vector], Index]:
    """A row for each match with g, else for the first."""
    assert isinstance(texts, TextVector)
    given = list(zip(patterns.datums(), [""] * texts.n if flags is None else flags.datums(), strict=True))
    one = compiled(*map(str, given[0])) if given and given.count(given[0]) == len(given) else None
    rows = np.arange(texts.n) if one is None else _perhaps(texts.values, one)
    always = one is not None and options_of(str(given[0][1])).everywhere
    counts = np.zeros(texts.n, np.int64)
    groups: list[Sequence[str | None]] = []
    for row, text in zip(rows.tolist(), texts.values.take(pa.array(rows)).to_pylist(), strict=True):  # a match is looked for behind the one before
        ready = compiled(*map(str, given[row])) if one is None else one
        before = len(groups)
        everywhere = always if one is not None else options_of(str(given[row][1])).everywhere
        for match in _matches(ready, text):
            groups.append(match.groups() if ready.groups else (match[0],))
            if not everywhere:
                break
        counts[row] = len(groups) - before
    return [_arrays(groups, np.arange(len(groups)), len(groups))], counts


def _replacement(match: Match, new: str, groups: int) -> str:
    out: list[str] = []
    i = 0
    while i < len(new):
        if new[i] != "\\" or i + 1 >= len(new):
            out.append(new[i])
            i += 1
            continue
        char = new[i + 1]
        if char.isdigit() and char != "0":
            out.append((match[int(char)] or "") if int(char) <= groups else "")
        elif char == "&":
            out.append(match[0])
        elif char == "\\":
            out.append("\\")
        else:
            out.append("\\" + char)
        i += 2
    return "".join(out)


def _replaced(text: str, pattern: str, new: str, flags: str, start: int, which: int) -> str:
    """`which` 0 replaces all matches from character `start` on, else only that one."""
    ready = compiled(pattern, flags)
    out: list[str] = []
    done = 0
    for number, match in enumerate(_matches(ready, text, start - 1), 1):
        if which in (0, number):
            out += [text[done : match.start()], _replacement(match, new, ready.groups)]
            done = match.end()
        if which == number:
            break
    return "".join(out) + text[done:]


def _replaced_columns(texts: Vector, pattern: Vector, new: Vector, flags: Vector | None = None) -> Vector | None:
    """One pattern and one replacement for many texts, by RE2 where it finds the same matches."""
    given = [arg.one.datum(0) if isinstance(arg, ConstVector) else None for arg in (pattern, new, *(() if flags is None else (flags,)))]
    if not isinstance(texts, TextVector) or None in given or "\\" in str(given[1]):
        return None
    options = "" if flags is None else str(given[2])
    if options[:1].isdigit():
        return None
    ready = compiled(str(given[0]), options)
    if ready.re2 is None or not ready.settled:
        return None
    most = None if options_of(options).everywhere else 1
    return TextVector(pc.replace_substring_regex(texts.values, ready.re2, str(given[1]), max_replacements=most), texts.validity)


@scalar("regexp_replace(text,text,text)", face="datum", columns=_replaced_columns)
def regexp_replace(text: str, pattern: str, new: str) -> str:
    """The first match replaced."""
    return _replaced(text, pattern, new, "", 1, 1)


@scalar("regexp_replace(text,text,text,text)", face="datum", columns=_replaced_columns)
def regexp_replace_flags(text: str, pattern: str, new: str, flags: str) -> str:
    """The first match replaced, or with g all."""
    if flags[:1].isdigit():
        raise InvalidParameterValue(
            f'invalid regular expression option: "{flags[0]}"',
            hint="If you meant to use regexp_replace() with a start parameter, cast the fourth argument to integer explicitly.",
        )
    return _replaced(text, pattern, new, flags, 1, 0 if options_of(flags).everywhere else 1)


def _positive(name: str, value: int, least: int = 1) -> int:
    if value < least:
        raise InvalidParameterValue(f'invalid value for parameter "{name}": {value}')
    return value


@scalar("regexp_replace(text,text,text,int4)", face="datum")
def regexp_replace_from(text: str, pattern: str, new: str, start: int) -> str:
    """The first match from `start` replaced."""
    return _replaced(text, pattern, new, "", _positive("start", start), 1)


@scalar("regexp_replace(text,text,text,int4,int4)", face="datum")
def regexp_replace_nth(text: str, pattern: str, new: str, start: int, n: int) -> str:
    """The nth match from `start` replaced; 0 means all."""
    return _replaced(text, pattern, new, "", _positive("start", start), _positive("n", n, 0))


@scalar("regexp_replace(text,text,text,int4,int4,text)", face="datum")
def regexp_replace_nth_flags(text: str, pattern: str, new: str, start: int, n: int, flags: str) -> str:
    """The nth match from `start` replaced; 0 means all."""
    return _replaced(text, pattern, new, flags, _positive("start", start), _positive("n", n, 0))


def _split(text: str, pattern: str, flags: str, name: str) -> list[str]:
    """The parts between matches; empty matches at the ends and next to a match split nothing."""
    ready = compiled(pattern, _flags(flags, name))
    out: list[str] = []
    done = 0
    for match in _matches(ready, text):
        if match.start() >= len(text) or match.end() <= done:
            continue
        out.append(text[done : match.start()])
        done = match.end()
    return [*out, text[done:]]


def _splits(texts: Sequence[str], pattern: str, flags: str, name: str) -> list[list[str]]:
    """The parts of many texts between matches of one pattern."""
    ready = compiled(pattern, _flags(flags, name))
    if flags in ("", "i") and _NEVER_EMPTY.fullmatch(pattern):
        split = ready.search.split
        return [split(text) for text in texts]
    return [_split(text, pattern, flags, name) for text in texts]


def _split_columns(texts: Vector, pattern: Vector, flags: Vector | None = None) -> Vector | None:
    if not isinstance(texts, TextVector) or not isinstance(pattern, ConstVector) or not (flags is None or isinstance(flags, ConstVector)):
        return None
    options = "" if flags is None else str(flags.one.datum(0))
    parts = _splits(texts.values.to_pylist(), str(pattern.one.datum(0)), options, "regexp_split_to_array")
    return _arrays(parts, np.arange(texts.n), texts.n)


@scalar("regexp_split_to_array(text,text)", face="datum", columns=_split_columns)
def regexp_split_to_array(text: str, pattern: str) -> PgArray:
    """The parts between matches."""
    return PgArray.of(tuple(_split(text, pattern, "", "regexp_split_to_array")))


@scalar("regexp_split_to_array(text,text,text)", face="datum", columns=_split_columns)
def regexp_split_to_array_flags(text: str, pattern: str, flags: str) -> PgArray:
    """The parts between matches."""
    return PgArray.of(tuple(_split(text, pattern, flags, "regexp_split_to_array")))


@rows("regexp_split_to_table(text,text)", "regexp_split_to_table(text,text,text)", face="vector")
def regexp_split_to_table(texts: Vector, patterns: Vector, flags: Vector | None = None) -> tuple[list[Vector], Index]:
    """A row for each part between matches."""
    given = list(zip(map(str, patterns.datums()), [""] * texts.n if flags is None else map(str, flags.datums()), strict=True))
    values = [str(text) for text in texts.datums()]
    if given and given.count(given[0]) == len(given):
        found = _splits(values, *given[0], "regexp_split_to_table")
    else:
        found = [_split(text, *pair, "regexp_split_to_table") for text, pair in zip(values, given, strict=True)]
    made = pa.array([part for parts in found for part in parts], pa.large_string())
    return [TextVector(made)], np.array([len(parts) for parts in found], np.int64)


def _counted(texts: Vector, pattern: Vector, *others: Vector) -> Vector | None:
    """Matches of a pattern that never is empty in many texts."""
    text = str(pattern.one.datum(0)) if isinstance(pattern, ConstVector) and not others else ""
    if not isinstance(texts, TextVector) or not _NEVER_EMPTY.fullmatch(text):
        return None
    find = compiled(text, "").search.findall
    return FixedVector(np.array([len(find(one)) for one in texts.values.to_pylist()], np.int32))  # by the regular expressions of one text


@scalar("regexp_count(text,text)", "regexp_count(text,text,int4)", "regexp_count(text,text,int4,text)", face="datum", columns=_counted)
def regexp_count(text: str, pattern: str, start: int = 1, flags: str = "") -> int:
    """How many matches there are from `start` on."""
    _positive("start", start)
    return sum(1 for _ in _matches(compiled(pattern, _flags(flags, "regexp_count")), text, start - 1))


def _nth(text: str, pattern: str, start: int, n: int, flags: str, name: str) -> tuple[Match | None, Pattern]:
    _positive("start", start)
    _positive("n", n)
    ready = compiled(pattern, _flags(flags, name))
    return next((match for number, match in enumerate(_matches(ready, text, start - 1), 1) if number == n), None), ready


@scalar(
    "regexp_instr(text,text)", "regexp_instr(text,text,int4)", "regexp_instr(text,text,int4,int4)", "regexp_instr(text,text,int4,int4,int4)",
    "regexp_instr(text,text,int4,int4,int4,text)", "regexp_instr(text,text,int4,int4,int4,text,int4)", face="datum",
)  # fmt: skip
def regexp_instr(text: str, pattern: str, start: int = 1, n: int = 1, endoption: int = 0, flags: str = "", group: int = 0) -> int:
    """Where the nth match (or one of its parts) begins, or with `endoption` ends; 0 for none."""
    _positive("start", start)
    _positive("n", n)
    if endoption not in (0, 1):
        raise InvalidParameterValue(f'invalid value for parameter "endoption": {endoption}')
    _positive("subexpr", group, 0)
    match, ready = _nth(text, pattern, start, n, flags, "regexp_instr")
    if match is None or group > ready.groups or match.start(group) < 0:
        return 0
    return (match.end(group) if endoption else match.start(group)) + 1  # type: ignore[no-any-return] # numpy gives Any


@scalar(
    "regexp_substr(text,text)", "regexp_substr(text,text,int4)", "regexp_substr(text,text,int4,int4)", "regexp_substr(text,text,int4,int4,text)",
    "regexp_substr(text,text,int4,int4,text,int4)", face="datum",
)  # fmt: skip
def regexp_substr(text: str, pattern: str, start: int = 1, n: int = 1, flags: str = "", group: int = 0) -> str | None:
    """The nth match, or one of its parts."""
    _positive("start", start)
    _positive("n", n)
    _positive("subexpr", group, 0)
    match, ready = _nth(text, pattern, start, n, flags, "regexp_substr")
    return None if match is None or group > ready.groups else match[group]
