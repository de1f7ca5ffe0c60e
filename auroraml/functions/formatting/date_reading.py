"""to_timestamp and to_date: texts read through a picture (formatting.c: DCH_from_char, do_to_timestamp)."""

from __future__ import annotations

import re
from dataclasses import field

from auroraml.errors import DatabaseError, DatetimeFieldOverflow, FeatureNotSupported, InvalidDatetimeFormat
from auroraml.functions.formatting.date_writing import DAYS, MONTHS, ROMAN_MONTHS
from auroraml.functions.formatting.pictures import ACTION, SEPARATOR, SPACE, Node, date_nodes, is_separator
from auroraml.functions.signature import CallContext, scalar
from auroraml.records import dataclass
from auroraml.types import julian
from auroraml.types.datetime_forms import session_zone
from auroraml.types.julian import DAY, POSTGRES_DAYS, UNIX_JULIAN

SECOND = 1_000_000
_FM_HINT = 'If your source string is not fixed-width, try using the "FM" modifier.'
_DIGIT_WORDS = """
    CC DDD DD D FF1 FF2 FF3 FF4 FF5 FF6 HH24 HH12 HH IDDD ID IW IYYY IYY IY I J MI MM MS Q SSSSS SSSS SS US WW W Y,YYY YYYY YYY YY Y
"""
_DIGITS = frozenset(_DIGIT_WORDS.split())
_ISO = frozenset(("IDDD", "ID", "IW", "IYYY", "IYY", "IY", "I"))
_GREGORIAN_WORDS = "DDD DD D MM MONTH MON Month Mon month mon Q RM rm WW W Y,YYY YYYY YYY YY Y DAY Day day DY Dy dy"
_GREGORIAN = frozenset(_GREGORIAN_WORDS.split())
_LENGTHS = {"HH": 2, "HH12": 2, "HH24": 2, "MI": 2, "SS": 2, "MM": 2, "DD": 2, "DDD": 3, "IDDD": 3, "D": 1, "ID": 1, "WW": 2, "IW": 2, "CC": 2, "Q": 1, "W": 1,
            "J": 1, "SSSSS": 5, "SSSS": 4, "TZH": 2, "TZM": 2}  # fmt: skip


@dataclass(kw_only=True)
class _Fields:
    """What was read; zero is what was not."""

    values: dict[str, int] = field(default_factory=dict)
    twelve: bool = False
    year_digits: int = 0
    mode: str = ""

    def get(self, name: str) -> int:
        return self.values.get(name, 0)


def _bad(text: str, node: Node, detail: str, hint: str | None = None) -> DatabaseError:
    return InvalidDatetimeFormat(f'invalid value "{text}" for "{node.written}"', detail=detail, hint=hint)


class _Reader:
    """Reads a text by the nodes of a picture."""

    def __init__(self, text: str, picture: str) -> None:
        self.text = text
        self.at = 0
        self.nodes = date_nodes(picture)
        self.fields = _Fields()
        self.fixed = False  # FX
        self.extra = 0

    def _skip_spaces(self, count: bool) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
            self.extra += count

    def run(self) -> _Fields:
        """All fields."""
        for place, node in enumerate(self.nodes):
            if self.at >= len(self.text):
                break
            if not self.fixed and node.key != "FX" and (node.kind == ACTION or place == 0):
                self._skip_spaces(True)
            if node.kind in (SPACE, SEPARATOR):
                self._separator()
            elif node.kind != ACTION:
                if not self.fixed and self.extra > 0:
                    self.extra -= 1
                else:
                    self.at += 1
            elif node.key == "FX":
                self.fixed = True
            elif self.at < len(self.text):
                self._field(place, node)
                if not self.fixed:
                    self.extra = 0
                    self._skip_spaces(True)
        return self.fields

    def _separator(self) -> None:
        if self.fixed:
            self.at += 1
            return
        self.extra -= 1
        char = self.text[self.at]
        if char.isspace() or is_separator(char):
            self.at += 1
            self.extra += 1

    def _set(self, name: str, value: int, node: Node) -> None:
        old = self.fields.get(name)
        if old not in (0, value):
            detail = "This value contradicts a previous setting for the same field type."
            raise InvalidDatetimeFormat(f'conflicting values for "{node.written}" field in formatting string', detail=detail)
        self.fields.values[name] = value

    def _next_is_separator(self, place: int, node: Node) -> bool:
        if node.ordinal or place + 1 >= len(self.nodes):
            return True
        following = self.nodes[place + 1]
        if following.kind == ACTION:
            return following.key not in _DIGITS
        return not following.text.isdigit()

    def _integer(self, place: int, node: Node, length: int) -> tuple[int, int]:
        """An integer and how many characters it took."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        start = self.at
        copy = self.text[start : start + length]
        if node.fill or self._next_is_separator(place, node):
            match = re.match(r"\s*[+-]?\d+", self.text[start:], re.ASCII)
        else:
            if len(copy) < length:
                detail = f"Field requires {length} characters, but only {len(copy)} remain."
                raise InvalidDatetimeFormat(f'source string too short for "{node.written}" formatting field', detail=detail, hint=_FM_HINT)
            match = re.match(r"\s*[+-]?\d+", copy, re.ASCII)
            if match is not None and match.end() < length:
                raise _bad(copy, node, f"Field requires {length} characters, but only {match.end()} could be parsed.", _FM_HINT)
        if match is None:
            raise _bad(copy, node, "Value must be an integer.")
        value = int(match[0])
        if not -(2**31) <= value < 2**31:
            detail = "Value must be in the range -2147483648 to 2147483647."
            raise DatetimeFieldOverflow(f'value for "{node.written}" in source string is out of range', detail=detail)
        self.at = start + match.end()
        return value, match.end()

    def _word(self, node: Node, words: tuple[str, ...]) -> int:
        rest = self.text[self.at :]
        lowered = rest.lower()
        for place, word in enumerate(words):
            if lowered.startswith(word.lower()):
                self.at += len(word)
                return place
        shown = re.match(r"\S*", rest)
        raise _bad(shown[0] if shown else "", node, "The given value did not match any of the allowed values for this field.")

    def _field(self, place: int, node: Node) -> None:
        key = node.key
        self._mode(key)
        if key in ("TZ", "tz", "OF"):
            raise FeatureNotSupported(f'formatting field "{node.written}" is only supported in to_char')
        if key.upper() in ("AM", "PM", "A.M.", "P.M."):
            self._set("pm", self._word(node, ("a.m.", "p.m.") if "." in key else ("am", "pm")), node)
            self.fields.twelve = True
        elif key.upper() in ("AD", "BC", "A.D.", "B.C."):
            self._set("bc", self._word(node, ("a.d.", "b.c.") if "." in key else ("ad", "bc")), node)
        elif key.upper() in ("MONTH", "MON"):
            self._set("mm", self._word(node, MONTHS if len(key) > 3 else tuple(m[:3] for m in MONTHS)) + 1, node)
        elif key.upper() in ("DAY", "DY"):
            self._set("d", self._word(node, DAYS if key.upper() == "DAY" else tuple(d[:3] for d in DAYS)) + 1, node)
        elif key in ("RM", "rm"):
            order = sorted(range(12), key=lambda i: -len(ROMAN_MONTHS[i]))
            self._set("mm", order[self._word(node, tuple(ROMAN_MONTHS[i] for i in order))] + 1, node)
        elif key in ("MS", "US") or key.startswith("FF"):
            self._fraction(place, node)
        elif "Y" in key or key in ("IYYY", "IYY", "IY", "I"):
            self._year(place, node)
        elif key == "TZH":
            self._zone_hour(place, node)
        else:
            self._number(place, node)
        if node.ordinal and self.at < len(self.text):
            self.at += 2

    def _mode(self, key: str) -> None:
        mode = "iso" if key in _ISO else "gregorian" if key in _GREGORIAN else ""
        if mode and self.fields.mode and mode != self.fields.mode:
            raise InvalidDatetimeFormat("invalid combination of date conventions",
                                        hint="Do not mix Gregorian and ISO week date conventions in a formatting template.")  # fmt: skip
        self.fields.mode = mode or self.fields.mode

    def _number(self, place: int, node: Node) -> None:
        key = node.key
        length = _LENGTHS[key]
        value, _ = self._integer(place, node, length)
        if key in ("HH", "HH12", "HH24"):
            self._set("hh", value, node)
            self.fields.twelve = self.fields.twelve or key != "HH24"
        elif key == "ID":
            self._set("d", value + 1 if value < 7 else 1, node)
        elif key != "Q":
            names = {"SSSSS": "ssss", "SSSS": "ssss", "IDDD": "ddd", "IW": "ww", "TZM": "tzm"}
            self._set(names.get(key, key.lower()), value, node)

    def _fraction(self, place: int, node: Node) -> None:
        digits = {"MS": 3, "US": 6}.get(node.key) or int(node.key[2:])
        value, used = self._integer(place, node, digits)
        name, wide = ("ms", 3) if node.key == "MS" else ("us", 6)
        self._set(name, value * 10 ** max(wide - used, 0), node)

    def _year(self, place: int, node: Node) -> None:
        key = node.key
        if key == "Y,YYY":
            match = re.match(r"\s*([+-]?\d+),(\d{1,3})", self.text[self.at :], re.ASCII)
            if match is None:
                raise InvalidDatetimeFormat('invalid input string for "Y,YYY"')
            self._set("year", int(match[1]) * 1000 + int(match[2]), node)
            self.at += match.end()
            self.fields.year_digits = 4
            return
        digits = len(key) if not key.startswith("I") else {"IYYY": 4, "IYY": 3, "IY": 2, "I": 1}[key]
        value, used = self._integer(place, node, digits)
        if digits < 4 and used < 4:
            value += 2000 if value < 70 else 1900 if value < 100 else 2000 if value < 520 else 1000 if value < 1000 else 0
        self._set("year", value, node)
        self.fields.year_digits = digits

    def _zone_hour(self, place: int, node: Node) -> None:
        char = self.text[self.at]
        if char in "+- ":
            self.fields.values["sign"] = -1 if char == "-" else 1
            self.at += 1
        else:
            self.fields.values["sign"] = -1 if self.extra > 0 and self.text[self.at - 1] == "-" else 1
        value, _ = self._integer(place, node, 2)
        self._set("tzh", value, node)


def _out_of_range(text: str) -> DatabaseError:
    return DatetimeFieldOverflow(f'date/time field value out of range: "{text}"')


def _clock(f: _Fields) -> int:
    """Hour, minute and second as seconds."""
    hour, minute, second = f.get("ssss") // 3600, f.get("ssss") // 60 % 60, f.get("ssss") % 60
    hour, minute, second = f.get("hh") or hour, f.get("mi") or minute, f.get("ss") or second
    if f.twelve:
        if not 1 <= hour <= 12:
            raise InvalidDatetimeFormat(f'hour "{hour}" is invalid for the 12-hour clock',
                                        hint="Use the 24-hour clock, or give an hour between 1 and 12.")  # fmt: skip
        if f.get("pm") and hour < 12:
            hour += 12
        elif not f.get("pm") and hour == 12:
            hour = 0
    return -1 if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60) else hour * 3600 + minute * 60 + second


def _year(f: _Fields) -> int:
    century = -f.get("cc") if f.get("bc") else f.get("cc")
    if f.get("year"):
        if f.get("cc") and f.year_digits <= 2:
            year = f.get("year") % 100
            if year:
                return year + (century - 1) * 100 if century >= 0 else (century + 1) * 100 - year + 1
            return century * 100 + (0 if century >= 0 else 1)
        year = -f.get("year") if f.get("bc") else f.get("year")
        return year + 1 if year < 0 else year
    if f.get("cc"):
        return (century - 1) * 100 + 1 if century >= 0 else century * 100 + 1
    return 0


def _monday(year: int) -> int:
    """The Monday of ISO week 1."""
    fourth = julian.days_of(year, 1, 4)
    return fourth - (fourth + 3) % 7


def _date(f: _Fields, text: str) -> int:
    """Days from 1970."""
    year, month, day = _year(f), 1, 1
    if f.get("j"):
        year, month, day = julian.civil_of(f.get("j") - UNIX_JULIAN)
    of_year = f.get("ddd")
    if f.get("ww"):
        if f.mode == "iso":
            weekday = f.get("d")
            offset = 0 if not weekday else 6 if weekday == 1 else weekday - 2
            year, month, day = julian.civil_of(_monday(year) + (f.get("ww") - 1) * 7 + offset)
        else:
            of_year = (f.get("ww") - 1) * 7 + 1
    of_month = (f.get("w") - 1) * 7 + 1 if f.get("w") else f.get("dd")
    day = of_month or day
    month = f.get("mm") or month
    if of_year and (month <= 1 or day <= 1):
        if not year and not f.get("bc"):
            raise InvalidDatetimeFormat("cannot calculate day of year without year information")
        if f.mode == "iso":
            year, month, day = julian.civil_of(_monday(year) + of_year - 1)
        else:
            if not 1 <= of_year <= 366:
                raise _out_of_range(text)
            return julian.days_of(year, 1, 1) + of_year - 1
    if not (1 <= month <= 12 and 1 <= day <= julian.days_in_month(year, month)):
        raise _out_of_range(text)
    return julian.days_of(year, month, day)


def _read(text: str, picture: str) -> tuple[_Fields, int, int]:
    """Fields, days from 1970 and microseconds of the day."""
    fields = _Reader(text, picture).run() if picture else _Fields()
    days = _date(fields, text)
    seconds = _clock(fields)
    micros = fields.get("ms") * 1000 + fields.get("us")
    if seconds < 0 or not 0 <= micros < SECOND:
        raise _out_of_range(text)
    return fields, days, seconds * SECOND + micros


@scalar("to_timestamp(text,text)", face="datum", context=True)
def to_timestamp(ctx: CallContext, text: str, picture: str) -> int:
    """An instant read through a picture, on the session's clock."""
    fields, days, clock = _read(text, picture)
    local = (days - POSTGRES_DAYS) * DAY + clock
    if "sign" in fields.values or "tzm" in fields.values:
        hours, minutes = fields.get("tzh"), fields.get("tzm")
        if not (0 <= hours <= 15 and 0 <= minutes < 60):
            raise _out_of_range(text)
        found = local - (fields.values.get("sign") or 1) * (hours * 60 + minutes) * 60 * SECOND
    else:
        found = local - session_zone(ctx.style).at_local(local) * SECOND
    if not julian.TIMESTAMP_FIRST <= found < julian.TIMESTAMP_END:
        raise DatetimeFieldOverflow("timestamp out of range")
    return found


@scalar("to_date(text,text)", face="datum")
def to_date(text: str, picture: str) -> int:
    """A date read through a picture."""
    _, days, _ = _read(text, picture)
    if not julian.FIRST_DAY <= days < julian.DATE_END:
        raise DatetimeFieldOverflow(f'date out of range: "{text}"')
    return days
