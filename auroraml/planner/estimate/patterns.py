"""Selectivity of LIKE and regular expressions: fixed prefixes, histogram matches, common values (like_support.c: patternsel)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from auroraml.ir import expr as e
from auroraml.planner.estimate.context import Restriction
from auroraml.planner.estimate.equality import equals_key
from auroraml.planner.estimate.estimator import Estimator, Variable, clamp
from auroraml.planner.estimate.inequality import Bound, histogram_share
from auroraml.planner.estimate.matching import ENOUGH_BOUNDS, LEAST_MATCH, MOST_MATCH, Matcher, common_matches, histogram_matches
from auroraml.planner.estimate.order import order_key
from auroraml.types.pg_type import PgType
from auroraml.types.table import BPCHAR, BYTEA, TEXT

DEFAULT_MATCH: Final = 0.005
FIXED_CHARACTER: Final = 0.20
CHARACTER_RANGE: Final = 0.25
ANY_CHARACTER: Final = 0.9
FULL_WILDCARD: Final = 5.0
PARTIAL_WILDCARD: Final = 2.0


@dataclass(frozen=True, kw_only=True)
class Prefix:
    """What a pattern fixes at the start of its matches; `exact`: it is all of it. `rest` is the selectivity of what follows."""

    text: str
    exact: bool
    rest: float


def like_prefix(pattern: str, any_case: bool) -> Prefix:
    """The fixed prefix of a LIKE pattern."""
    fixed: list[str] = []
    place = 0
    while place < len(pattern):
        character = pattern[place]
        if character in "%_":
            break
        if character == "\\":
            place += 1
            if place >= len(pattern):
                break
            character = pattern[place]
        if any_case and character.isascii() and character.isalpha():
            break
        fixed.append(character)
        place += 1
    return Prefix(text="".join(fixed), exact=place >= len(pattern), rest=_like_rest(pattern[place:]))


def _bytes_of(pattern: str) -> str:
    """A character for each of a pattern's bytes: they are what estimates count."""
    return pattern.encode().decode("latin-1")


def _like_rest(pattern: str) -> float:
    rest = _bytes_of(pattern).lstrip("%_")
    selectivity = 1.0
    place = 0
    while place < len(rest):
        character = rest[place]
        if character == "%":
            selectivity *= FULL_WILDCARD
        elif character == "_":
            selectivity *= ANY_CHARACTER
        else:
            place += character == "\\"
            if place >= len(rest):
                break
            selectivity *= FIXED_CHARACTER
        place += 1
    return min(selectivity, 1.0)


SPECIAL: Final = set("^$.[]|()?*+{}\\")


def regex_prefix(pattern: str, any_case: bool) -> Prefix:
    """The fixed prefix of a regular expression: literal characters after ^, the last one left out where it may repeat or be absent."""
    if not pattern.startswith("^") or any_case or "|" in pattern:
        return Prefix(text="", exact=False, rest=_regex_rest(pattern, 0))
    fixed: list[str] = []
    place = 1
    while place < len(pattern):
        character = pattern[place]
        if character == "\\" and place + 1 < len(pattern) and not pattern[place + 1].isalnum():
            character, place = pattern[place + 1], place + 1
        elif character in SPECIAL:
            break
        fixed.append(character)
        place += 1
    if fixed and place < len(pattern) and pattern[place] in "?*{":
        fixed.pop()
    text = "".join(fixed)
    if pattern[place:] == "$":
        return Prefix(text=text, exact=True, rest=1.0)
    return Prefix(text=text, exact=False, rest=_regex_rest(pattern, len(text.encode())))


def _regex_rest(pattern: str, fixed: int) -> float:
    pattern = _bytes_of(pattern)
    if pattern.endswith("$") and not pattern.endswith("\\$"):
        selectivity = _regex_part(pattern[:-1])
    else:
        selectivity = _regex_part(pattern) * FULL_WILDCARD
    share = FIXED_CHARACTER**fixed
    if fixed > 0 and share > 0.0:
        selectivity /= share
    return clamp(selectivity)


def _regex_part(pattern: str) -> float:
    """The product over the pattern's atoms at depth 0 (regex_selectivity_sub)."""
    selectivity = 1.0
    depth = start = place = 0
    while place < len(pattern):
        character = pattern[place]
        factor = 1.0
        if character == "(":
            start = place if depth == 0 else start
            depth += 1
        elif character == ")" and depth > 0:
            depth -= 1
            if depth == 0:
                selectivity *= _regex_part(pattern[start + 1 : place])
        elif character == "|" and depth == 0:
            selectivity += _regex_part(pattern[place + 1 :])
            break
        elif character == "[":
            place, factor = _bracket(pattern, place)
        elif character == ".":
            factor = ANY_CHARACTER
        elif character in "*?+":
            factor = PARTIAL_WILDCARD
        elif character == "{":
            end = pattern.find("}", place)
            place = len(pattern) if end < 0 else end
            factor = PARTIAL_WILDCARD
        else:
            place += character == "\\"
            if place >= len(pattern):
                break
            factor = FIXED_CHARACTER
        if depth == 0:
            selectivity *= factor
        place += 1
    return min(selectivity, 1.0)


def _bracket(pattern: str, place: int) -> tuple[int, float]:
    place += 1
    negated = pattern[place : place + 1] == "^"
    place += negated
    place += pattern[place : place + 1] == "]"
    end = pattern.find("]", place)
    return (len(pattern) if end < 0 else end), (1.0 - CHARACTER_RANGE if negated else CHARACTER_RANGE)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A pattern operator's kind: LIKE, a regular expression, or (neither) a prefix; in any case; negated."""

    like: bool = False
    regex: bool = False
    any_case: bool = False
    negate: bool = False

    def prefix(self, pattern: str) -> Prefix:
        """What a pattern fixes (pattern_fixed_prefix)."""
        if self.regex:
            return regex_prefix(pattern, self.any_case)
        return like_prefix(pattern, self.any_case) if self.like else Prefix(text=pattern, exact=False, rest=1.0)


def pattern_selectivity(kind: Kind, restriction: Restriction | None, matches: Matcher, estimator: Estimator) -> float:
    """The fraction of rows that match (or, negated, do not match) a pattern (patternsel_common)."""
    default = 1.0 - DEFAULT_MATCH if kind.negate else DEFAULT_MATCH
    if restriction is None or not restriction.on_left or not isinstance(restriction.other, e.Const):
        return default
    pattern, variable = restriction.other.value, restriction.variable
    if pattern is None:
        return 0.0
    compared = COMPARED.get(variable.type.name)
    if compared is None or restriction.other.type.name not in ("text", "bytea"):
        return default
    if isinstance(pattern, bytes):  # each byte stands as a character of its own
        found = kind.prefix(pattern.decode("latin-1"))
        start: object = found.text.encode("latin-1")
    else:
        found = kind.prefix(str(pattern))
        start = found.text
    prefix = _Fixed(value=start, type=compared)
    if found.exact:
        selectivity = equals_key(estimator, variable, order_key(start, compared))
    else:
        selectivity = _inexact(estimator, variable, prefix if found.text else None, found.rest, matches)
    return clamp(1.0 - selectivity - variable.null_fraction if kind.negate else selectivity)


COMPARED: Final = {"text": TEXT, "name": TEXT, "bpchar": BPCHAR, "bytea": BYTEA}  # by the variable's type, what its prefix is compared as


@dataclass(frozen=True, kw_only=True)
class _Fixed:
    """A fixed prefix as a value."""

    value: Any  # not object: mypyc cannot compile a field of that type
    type: PgType


def _inexact(estimator: Estimator, variable: Variable, prefix: _Fixed | None, rest: float, matches: Matcher) -> float:
    selectivity, bounds = histogram_matches(variable, matches)
    if bounds < ENOUGH_BOUNDS:
        guess = (1.0 if prefix is None else _prefix_range(estimator, variable, prefix)) * rest
        if selectivity < 0:
            selectivity = guess
        else:
            weight = bounds / 100.0
            selectivity = selectivity * weight + guess * (1.0 - weight)
    selectivity = min(max(selectivity, LEAST_MATCH), MOST_MATCH)
    matching, common = common_matches(variable, matches)
    selectivity *= 1.0 - variable.null_fraction - common
    return selectivity + matching


def _prefix_range(estimator: Estimator, variable: Variable, prefix: _Fixed) -> float:
    """The share of the histogram from a prefix to its successor, at least what equality with the prefix has (prefix_selectivity)."""
    selectivity = histogram_share(estimator, variable, Bound.of(">=", prefix.value, prefix.type))
    if selectivity < 0.0:
        return DEFAULT_MATCH
    greater = greater_bytes(prefix.value) if isinstance(prefix.value, bytes) else greater_string(str(prefix.value))
    if greater is not None:
        top = histogram_share(estimator, variable, Bound.of("<", greater, prefix.type))
        selectivity = top + selectivity - 1.0
    return max(selectivity, equals_key(estimator, variable, order_key(prefix.value, prefix.type)))


def greater_bytes(text: bytes) -> bytes | None:
    """The least byte string of at most this length above all that start with `text`."""
    bare = text.rstrip(b"\xff")
    return bare[:-1] + bytes((bare[-1] + 1,)) if bare else None


def greater_string(text: str) -> str | None:
    """The least string of at most this length above all that start with `text`: its last character stepped up (make_greater_string)."""
    while text:
        last = ord(text[-1])
        if last != 0x7F and last < 0x10FFFF:
            following = last + 1
            if 0xD800 <= following <= 0xDFFF:
                following = 0xE000
            if len(chr(following).encode()) == len(text[-1].encode()):
                return text[:-1] + chr(following)
        text = text[:-1]
    return None
