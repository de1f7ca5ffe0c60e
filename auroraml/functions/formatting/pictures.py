"""Format pictures cut into nodes: keywords with their suffixes, separators, blanks and literal characters (formatting.c: parse_format)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from auroraml.records import dataclass

ACTION, LITERAL, SEPARATOR, SPACE = "action", "literal", "separator", "space"

_DATE_WORDS = """
    A.D. A.M. AD AM B.C. BC CC DAY DDD DD DY Day Dy D FF1 FF2 FF3 FF4 FF5 FF6 FX HH24 HH12 HH IDDD ID IW IYYY IYY IY I J MI MM MONTH MON MS Month Mon
    OF P.M. PM Q RM SSSSS SSSS SS TZH TZM TZ US WW W Y,YYY YYYY YYY YY Y a.d. a.m. ad am b.c. bc cc day ddd dd dy d ff1 ff2 ff3 ff4 ff5 ff6 fx hh24
    hh12 hh iddd id iw iyyy iyy iy i j mi mm month mon ms of p.m. pm q rm sssss ssss ss tzh tzm tz us ww w y,yyy yyyy yyy yy y
"""
_NUMBER_WORDS = ", . 0 9 B C D EEEE FM G L MI PL PR RN SG SP S TH V b c d eeee fm g l mi pl pr rn sg sp s th v"
_DATE, _NUMBER = tuple(_DATE_WORDS.split()), tuple(_NUMBER_WORDS.split())
_KEEP_CASE = frozenset(("MONTH", "Month", "month", "MON", "Mon", "mon", "DAY", "Day", "day", "DY", "Dy", "dy", "RM", "rm", "TZ", "tz", "RN", "rn", "TH", "th",
                        "A.D.", "a.d.", "AD", "ad", "B.C.", "b.c.", "BC", "bc", "A.M.", "a.m.", "AM", "am", "P.M.", "p.m.", "PM", "pm"))  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Node:
    """One piece of a picture: `key` is the keyword in upper case (as written where case counts), `text` a literal's character."""

    kind: str
    key: str = ""
    text: str = ""
    written: str = ""
    fill: bool = False  # FM
    ordinal: str = ""  # TH or th


def _keyword(picture: str, at: int, words: Sequence[str]) -> str | None:
    return next((word for word in words if picture.startswith(word, at)), None)


@lru_cache(maxsize=512)
def date_nodes(picture: str) -> tuple[Node, ...]:
    """The nodes of a date and time picture."""
    nodes: list[Node] = []
    at = 0
    while at < len(picture):
        fill = names = False
        if picture.startswith(("FM", "fm", "TM", "tm"), at):
            fill, names = picture[at] in "Ff", picture[at] in "Tt"
            at += 2
        word = _keyword(picture, at, _DATE)
        fill = fill or (names and word is not None and word.upper() in ("DAY", "MONTH"))  # TM's names are as long as they are
        if word is None:
            at = _literal(picture, at, nodes, True)
            continue
        at += len(word)
        ordinal = picture[at : at + 2] if picture.startswith(("TH", "th"), at) else ""
        at += len(ordinal)
        if picture.startswith("SP", at):
            at += 2
        nodes.append(Node(kind=ACTION, key=word if word in _KEEP_CASE else word.upper(), written=word, fill=fill, ordinal=ordinal))
    return tuple(nodes)


@lru_cache(maxsize=512)
def number_nodes(picture: str) -> tuple[Node, ...]:
    """The nodes of a number picture."""
    nodes: list[Node] = []
    at = 0
    while at < len(picture):
        word = _keyword(picture, at, _NUMBER)
        if word is None:
            at = _literal(picture, at, nodes, False)
            continue
        at += len(word)
        nodes.append(Node(kind=ACTION, key=word if word in _KEEP_CASE else word.upper(), written=word))
    return tuple(nodes)


def _literal(picture: str, at: int, nodes: list[Node], date: bool) -> int:
    if at >= len(picture):
        return at
    if picture[at] == '"':
        at += 1
        while at < len(picture):
            if picture[at] == '"':
                return at + 1
            if picture[at] == "\\" and at + 1 < len(picture):
                at += 1
            nodes.append(Node(kind=LITERAL, text=picture[at]))
            at += 1
        return at
    if picture[at] == "\\" and picture[at + 1 : at + 2] == '"':
        at += 1
    char = picture[at]
    kind = SEPARATOR if date and is_separator(char) else SPACE if char.isspace() else LITERAL
    nodes.append(Node(kind=kind, text=char))
    return at + 1


def is_separator(char: str) -> bool:
    """Whether a character is ASCII punctuation."""
    return " " < char < "\x7f" and not char.isalnum()


def ordinal_suffix(digits: str, how: str) -> str:
    """st, nd, rd or th for a number, in the case of `how`."""
    last = "0" if len(digits) > 1 and digits[-2] == "1" else digits[-1:]
    found = {"1": "st", "2": "nd", "3": "rd"}.get(last, "th")
    return found.upper() if how == "TH" else found
