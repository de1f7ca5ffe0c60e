"""Selectivity of LIKE and regular expressions: fixed prefixes, histogram matches, common values (like_support.c: patternsel)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from auroraml.planner.estimate.equality import equals_key
from auroraml.planner.estimate.estimator import Estimator, Variable, clamp
from auroraml.planner.estimate.inequality import Bound, histogram_share
from auroraml.planner.estimate.order import order_key
from auroraml.types.table import TEXT

DEFAULT_MATCH = 0.005
FIXED_CHARACTER, CHARACTER_RANGE, ANY_CHARACTER, FULL_WILDCARD, PARTIAL_WILDCARD = 0.20, 0.25, 0.9, 5.0, 2.0
ENOUGH_BOUNDS, LEAST_BOUNDS = 100, 10

Matcher = Callable[[tuple[object, ...]], list[bool]]


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
        if any_case and (not character.isascii() or character.isalpha()):
            break
        fixed.append(character)
        place += 1
    return Prefix(text="".join(fixed), exact=place == len(pattern), rest=_like_rest(pattern[place:]))


def _like_rest(pattern: str) -> float:
    rest = pattern.lstrip("%_")
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


SPECIAL = set("^$.[]|()?*+{}\\")


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
    if pattern.endswith("$") and not pattern.endswith("\\$"):
        selectivity = _regex_part(pattern[:-1])
    else:
        selectivity = _regex_part(pattern) * FULL_WILDCARD
    if fixed > 0:
        selectivity /= FIXED_CHARACTER**fixed
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


def pattern_selectivity(estimator: Estimator, variable: Variable, prefix: Prefix, matches: Matcher, *, negate: bool = False) -> float:
    """The fraction of rows that match (or, `negate`, do not match) a constant pattern."""
    if prefix.exact:
        selectivity = equals_key(estimator, variable, order_key(prefix.text, variable.type))
    else:
        selectivity = _inexact(estimator, variable, prefix, matches)
    return clamp(1.0 - selectivity - variable.null_fraction if negate else selectivity)


def _inexact(estimator: Estimator, variable: Variable, prefix: Prefix, matches: Matcher) -> float:
    statistics = variable.statistics
    bounds = () if statistics is None or variable.values is None else statistics.histogram
    selectivity = -1.0
    if len(bounds) >= LEAST_BOUNDS:
        selectivity = sum(matches(bounds[1:-1])) / (len(bounds) - 2)
    if len(bounds) < ENOUGH_BOUNDS:
        guess = (_prefix_range(estimator, variable, prefix.text) if prefix.text else 1.0) * prefix.rest
        if selectivity < 0:
            selectivity = guess
        else:
            weight = len(bounds) / 100.0
            selectivity = selectivity * weight + guess * (1.0 - weight)
    selectivity = min(max(selectivity, 0.0001), 0.9999)
    matching = common = 0.0
    if statistics is not None and statistics.common_values and variable.values is not None:
        for found, frequency in zip(matches(statistics.common_values), statistics.common_frequencies, strict=True):
            if found:
                matching += frequency
            common += frequency
    selectivity *= 1.0 - variable.null_fraction - common
    return selectivity + matching


def _prefix_range(estimator: Estimator, variable: Variable, text: str) -> float:
    """The share of the histogram from a prefix to its successor, at least what equality with the prefix has (prefix_selectivity)."""
    selectivity = histogram_share(estimator, variable, Bound.of(">=", text, TEXT))
    if selectivity < 0.0:
        return DEFAULT_MATCH
    greater = greater_string(text)
    if greater is not None:
        top = histogram_share(estimator, variable, Bound.of("<", greater, TEXT))
        selectivity = top + selectivity - 1.0
    return max(selectivity, equals_key(estimator, variable, order_key(text, variable.type)))


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
