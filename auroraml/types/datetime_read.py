"""Reading dates and times: PostgreSQL's tokens, field by field, with its guesses and its errors."""

from __future__ import annotations

import re

from auroraml.errors import (
    DatabaseError,
    DatetimeFieldOverflow,
    IntervalFieldOverflow,
    InvalidDatetimeFormat,
    InvalidParameterValue,
    InvalidTimeZoneDisplacementValue,
)
from auroraml.records import dataclass
from auroraml.types.julian import DAY as DAY_MICROS
from auroraml.types.julian import UNIX_JULIAN, civil_of, days_in_month, days_of
from auroraml.types.zones import FixedZone, Zone, find_abbreviation, find_zone

YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, TZ, DOY, DOW, ADBC, AMPM, DTZMOD = (1 << n for n in range(12))
DATE, TIME = YEAR | MONTH | DAY, HOUR | MINUTE | SECOND

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")
MONTH_NAMES = {name: n for n, full in enumerate(_MONTHS, 1) for name in (full[:3], full)} | {"sept": 9}
_DAY_NAMES = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
DOW_NAMES = {name: n for n, full in enumerate(_DAY_NAMES) for name in (full[:3], full)} | {"tues": 2, "wednes": 3, "weds": 3, "thur": 4, "thurs": 4}
RESERVED = frozenset({"now", "today", "tomorrow", "yesterday", "epoch", "infinity", "-infinity", "allballs"})
_IGNORED = frozenset({"at", "on", "@"})
_UNITS = {"j": "julian", "jd": "julian", "julian": "julian", "t": "time"}


@dataclass(frozen=True, kw_only=True)
class Token:
    """A field of the text: date, time, number, string, zone or special (a signed word)."""

    kind: str
    text: str


class Malformed(Exception):
    """The text is no date or time; the caller words it for its type."""


class FieldOverflow(Exception):
    """A field has an impossible value; `order` if another DateStyle might help."""

    def __init__(self, order: bool = False) -> None:
        super().__init__()
        self.order = order


class ZoneOverflow(Exception):
    """A zone offset is too large."""


def describe(error: Exception, text: str, type_name: str) -> DatabaseError:
    """PostgreSQL's error for a text that `read_fields` refused."""
    if isinstance(error, FieldOverflow):
        if type_name == "interval":
            return IntervalFieldOverflow(f'interval field value out of range: "{text}"')
        hint = 'Perhaps you need a different "datestyle" setting.' if error.order else None
        return DatetimeFieldOverflow(f'date/time field value out of range: "{text}"', hint=hint)
    if isinstance(error, ZoneOverflow):
        return InvalidTimeZoneDisplacementValue(f'time zone displacement out of range: "{text}"')
    return InvalidDatetimeFormat(f'invalid input syntax for type {type_name}: "{text}"')


_DIGITS = re.compile(r"[0-9]*")
_TIME_REST = re.compile(r"[0-9:.]*")
_ALPHA = re.compile(r"[A-Za-z]*")
_ZONE_REST = re.compile(r"[-+/_.:A-Za-z0-9]*")
_OFFSET_REST = re.compile(r"[-0-9:.]*")
_OTHER_WORDS = frozenset({"ad", "bc", "am", "pm", "dst", "d", "h", "m", "s", "y"})
_CORE_WORDS = _OTHER_WORDS.union(MONTH_NAMES, DOW_NAMES, RESERVED, _IGNORED, _UNITS)


def tokens_of(text: str) -> list[Token]:
    """Split the text as ParseDateTime does; raises Malformed."""
    out: list[Token] = []
    at, end = 0, len(text)
    while at < end:
        char = text[at]
        if char in " \t\n\r\f\v":
            at += 1
            continue
        if char.isascii() and char.isdigit():
            kind, stop = _number_token(text, at)
        elif char == ".":
            kind, stop = "number", _end(_DIGITS, text, at + 1)
        elif char.isascii() and char.isalpha():
            kind, stop = _word_token(text, at)
        elif char in "+-":
            token, at = _signed_token(text, at)
            out.append(token)
            continue
        elif char.isascii() and char.isprintable():
            at += 1
            continue
        else:
            raise Malformed
        out.append(Token(kind=kind, text=text[at:stop].lower()))
        at = stop
        if len(out) >= 25:
            raise Malformed
    return out


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    assert match is not None
    return match.end()


def _number_token(text: str, at: int) -> tuple[str, int]:
    stop = _end(_DIGITS, text, at)
    delimiter = text[stop : stop + 1]
    if delimiter == ":":
        return "time", _end(_TIME_REST, text, stop)
    if delimiter and delimiter in "-/.":
        stop += 1
        if text[stop : stop + 1].isdigit():
            kind = "number" if delimiter == "." else "date"
            stop = _end(_DIGITS, text, stop)
            if text[stop : stop + 1] == delimiter:
                return "date", _end(re.compile(rf"[0-9{re.escape(delimiter)}]*"), text, stop)
            return kind, stop
        if delimiter == "." and not text[stop : stop + 1].isalpha():
            return "number", stop
        return "date", _end(re.compile(rf"[0-9A-Za-z{re.escape(delimiter)}]*"), text, stop)
    return "number", stop


def _word_token(text: str, at: int) -> tuple[str, int]:
    stop = _end(_ALPHA, text, at)
    after = text[stop : stop + 1]
    if after and (after in "-/." or ((after == "+" or after.isdigit()) and text[at:stop].lower() not in _CORE_WORDS)):
        return "date", _end(_ZONE_REST, text, stop)
    return "string", stop


def _signed_token(text: str, at: int) -> tuple[Token, int]:
    sign, at = text[at], at + 1
    while at < len(text) and text[at].isspace():
        at += 1
    after = text[at : at + 1]
    if after.isascii() and after.isdigit():
        stop = _end(_OFFSET_REST, text, at)
        return Token(kind="zone", text=sign + text[at:stop]), stop
    if after.isascii() and after.isalpha():
        stop = _end(_ALPHA, text, at)
        return Token(kind="special", text=sign + text[at:stop].lower()), stop
    raise Malformed


def read_offset(text: str) -> int:
    """Seconds east of UTC of '+5', '-0330', '+05:30:15'."""
    match = re.match(r"([+-])(\d+)(?::(\d+))?(?::(\d+))?", text)
    if match is None:
        raise Malformed
    hours, minutes, seconds = int(match[2]), int(match[3] or 0), int(match[4] or 0)
    whole = match.end() == len(text)
    if whole and match[3] is None and len(text) > 3:
        hours, minutes = divmod(hours, 100)
    if hours > 15 or minutes >= 60 or seconds >= 60:  # found before what follows is looked at
        raise ZoneOverflow
    if not whole:
        raise Malformed
    total = hours * 3600 + minutes * 60 + seconds
    return total if match[1] == "+" else -total


def micros_of_fraction(digits: str) -> int:
    """Microseconds, rounded, of the digits after a decimal point."""
    return round(float("0." + digits) * 1e6) if digits else 0


def read_clock(text: str, wide: bool = False) -> tuple[int, int, int, int]:
    """Hours, minutes, seconds, microseconds of hh:mm, hh:mm:ss.ffffff (`wide`, for intervals: mm:ss.fff too)."""
    match = re.fullmatch(r"(\d+):(\d+)(?::(\d+))?(?:\.(\d*))?", text)
    if match is None:
        raise Malformed
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    micros = micros_of_fraction(match[4] or "")
    if match[3] is None and match[4] is not None:  # mm:ss.fff
        if hour > 2**31 - 1 or minute > 2**31 - 1:
            raise FieldOverflow
        hour, minute, second = 0, hour, minute
    if minute > 59 or second > 60 or hour > (2**63 - 1 if wide else 2**31 - 1):
        raise FieldOverflow
    return hour, minute, second, micros


class Fields:
    """What the tokens of one text say: PostgreSQL's struct pg_tm, its field mask and zone."""

    def __init__(self, order: str, time_only: bool) -> None:
        self.order = order  # MDY, DMY, YMD
        self.time_only = time_only
        self.mask = 0
        self.year = self.month = self.day = self.doy = 0
        self.hour = self.minute = self.second = self.micros = 0
        self.zone: Zone | None = None
        self.special = ""  # a word that is the whole value
        self.meridian = ""
        self.bc = False
        self.text_month = False
        self.short_year = False
        self.julian = False
        self.prefix = ""  # 'julian' or 'time', waiting for its number
        self.dst = False

    def read(self, tokens: list[Token]) -> None:
        """Take all tokens and check the whole."""
        for number, token in enumerate(tokens):
            mask = _READERS[token.kind](self, token.text, number, tokens)
            if mask & self.mask:
                raise Malformed
            self.mask |= mask
        if self.prefix:
            raise Malformed
        if self.special and self.special != "now" and self.time_only:
            raise Malformed
        if self.special in ("epoch", "infinity", "-infinity", "now"):
            return
        if not self.special:
            self.validate()
        if self.meridian and self.hour > 12:
            raise FieldOverflow
        if self.meridian == "am" and self.hour == 12:
            self.hour = 0
        elif self.meridian == "pm" and self.hour != 12:
            self.hour += 12
        if self.minute > 59 or self.second > 60 or self.clock > DAY_MICROS:
            raise FieldOverflow
        if self.time_only and self.mask & TIME != TIME:
            raise Malformed

    def validate(self) -> None:
        """Resolve two-digit and BC years and days of the year; check month and day."""
        mask = self.mask
        if mask & YEAR and not self.julian:
            if self.bc:
                if self.year <= 0:
                    raise FieldOverflow
                self.year = 1 - self.year
            elif self.short_year:
                self.year += 2000 if self.year < 70 else 1900 if self.year < 100 else 0
            elif self.year <= 0:
                raise FieldOverflow
        if mask & DOY:
            self.year, self.month, self.day = civil_of(days_of(self.year, 1, 1) + self.doy - 1)
        if mask & MONTH and not 1 <= self.month <= 12:
            raise FieldOverflow(order=True)
        if mask & DAY and not 1 <= self.day <= 31:
            raise FieldOverflow(order=True)
        if mask & DATE == DATE and self.day > days_in_month(self.year, self.month):
            raise FieldOverflow

    @property
    def date(self) -> int:
        """Days from 1970-01-01."""
        return days_of(self.year, self.month, self.day)

    @property
    def clock(self) -> int:
        """Microseconds from midnight."""
        return ((self.hour * 60 + self.minute) * 60 + self.second) * 1_000_000 + self.micros

    def _date(self, text: str, number: int, tokens: list[Token]) -> int:
        """A token with punctuation: a date, a zone's name, or hhmmss-zz after a date."""
        if self.prefix == "julian":
            match = re.fullmatch(r"(\d+)([+-].*)", text)
            if match is None:
                raise Malformed
            self.prefix = ""
            self._set_julian(int(match[1]))
            self.zone = FixedZone("", read_offset(match[2]))
            return DATE | TIME | TZ
        wants_date = self.mask & (MONTH | DAY) != MONTH | DAY and not self.prefix
        if self.time_only:
            wants_date = number == 0 and len(tokens) >= 2 and (tokens[-1].kind == "date" or tokens[1].kind == "time")
        if wants_date:
            return self._read_date(text)
        if text[:1].isdigit() or self.prefix:
            self.prefix = ""
            head, dash, tail = text.partition("-")
            if self.mask & TIME == TIME or not dash:
                raise Malformed
            self.zone = FixedZone("", read_offset("-" + tail))
            return self._number_field(head, self.mask | (DATE if self.time_only else 0)) | TZ
        return self._named_zone(text, True)

    def _named_zone(self, text: str, must: bool) -> int:
        zone = find_zone(text)
        if zone is None:
            if must:
                raise InvalidParameterValue(f'time zone "{text}" not recognized')
            raise Malformed
        self.zone = zone
        return TZ

    def _read_date(self, text: str) -> int:
        parts = re.findall(r"[0-9]+|[A-Za-z]+", text)
        if len(parts) > 3:
            raise Malformed
        found = 0
        for part in parts:
            if part.isalpha():
                month = MONTH_NAMES.get(part)
                if month is None or found & MONTH:
                    raise Malformed
                self.month, self.text_month = month, True
                found |= MONTH
        for part in parts:
            if not part.isalpha():
                mask = self._number_in_date(part, (self.mask | found) & DATE)
                if mask & found:
                    raise Malformed
                found |= mask
        if (self.mask | found) & ~(DOY | TZ) != DATE and not self.time_only:
            raise Malformed
        if found & DATE != DATE:
            raise Malformed
        return found

    def _number_in_date(self, text: str, mask: int) -> int:
        """DecodeNumber: which part of the date a number is, by what is known already and DateStyle's order."""
        value, width = int(text), len(text)
        if value > 2**31 - 1:
            raise FieldOverflow
        have = mask & DATE
        if width == 3 and have == YEAR and 1 <= value <= 366:
            self.doy = value
            return DOY | MONTH | DAY
        if have == YEAR | MONTH and self.text_month and width >= 3 and self.short_year:
            self.day, self.year, self.short_year = self.year, value, False
            return DAY
        wide = width >= 3 or self.order == "YMD"
        if have == 0:
            part = YEAR if wide else DAY if self.order == "DMY" else MONTH
        elif have == MONTH and self.text_month:
            part = YEAR if wide else DAY
        else:
            part = {YEAR: MONTH, MONTH: DAY, YEAR | MONTH: DAY, DAY: MONTH, MONTH | DAY: YEAR}.get(have, 0)
        if part == YEAR:
            self.year, self.short_year = value, width <= 2
        elif part == MONTH:
            self.month = value
        elif part == DAY:
            self.day = value
        else:
            return self._number_field(text, mask)
        return part

    def _number_field(self, text: str, mask: int) -> int:
        """DecodeNumberField: yyyymmdd, yymmdd, hhmmss.fff or hhmm."""
        digits, point, fraction = text.partition(".")
        if not digits.isdigit():
            raise Malformed
        if point:
            self.micros = micros_of_fraction(fraction)
        elif mask & DATE != DATE and len(digits) >= 6:
            self.day, self.month, self.year = int(digits[-2:]), int(digits[-4:-2]), int(digits[:-4])
            if self.year > 2**31 - 1:
                raise FieldOverflow
            self.short_year = len(digits) == 6
            return DATE
        if mask & TIME == TIME or len(digits) not in (4, 6):
            raise Malformed
        self.hour, self.minute, self.second = int(digits[:2]), int(digits[2:4]), int(digits[4:] or 0)
        return TIME

    def _time(self, text: str, number: int, tokens: list[Token]) -> int:
        if self.prefix not in ("", "time"):
            raise Malformed
        self.prefix = ""
        self.hour, self.minute, self.second, self.micros = read_clock(text)
        if self.clock > DAY_MICROS:
            raise FieldOverflow
        return TIME

    def _zone(self, text: str, number: int, tokens: list[Token]) -> int:
        offset = read_offset(text)
        if self.zone is not None and self.mask & TZ and not isinstance(self.zone, FixedZone):
            raise Malformed
        self.zone = FixedZone("", offset)
        return TZ

    def _number(self, text: str, number: int, tokens: list[Token]) -> int:
        if self.prefix == "julian":
            self.prefix = ""
            whole, point, fraction = text.partition(".")
            self._set_julian(int(whole))
            if point:
                self.set_clock(int(float("0." + (fraction or "0")) * 86_400_000_000))
                return DATE | TIME
            return DATE
        if self.prefix == "time":
            self.prefix = ""
            mask = self._number_field(text, self.mask | DATE)
            if mask != TIME:
                raise Malformed
            return mask
        whole, point, _ = text.partition(".")
        if self.time_only:
            if point and number == 0 and len(tokens) >= 2 and tokens[-1].kind == "date":
                return self._read_date(text)
            if point and len(whole) <= 2:
                raise Malformed
            return self._number_field(text, self.mask | DATE)
        if point and not self.mask & DATE:
            return self._read_date(text)
        if (point and len(whole) > 2) or (len(text) >= 6 and (not self.mask & DATE or not self.mask & TIME)):
            return self._number_field(text, self.mask)
        if point:
            raise Malformed
        return self._number_in_date(text, self.mask)

    def _set_julian(self, day: int) -> None:
        self.julian = True
        self.year, self.month, self.day = civil_of(day - UNIX_JULIAN)

    def set_clock(self, micros: int) -> None:
        """Take the time of day from microseconds after midnight."""
        seconds, self.micros = divmod(micros, 1_000_000)
        self.hour, self.minute, self.second = seconds // 3600, seconds // 60 % 60, seconds % 60

    def _word(self, text: str, number: int, tokens: list[Token]) -> int:
        if self.prefix and self.prefix != "julian":
            raise Malformed
        if text in ("am", "pm"):
            self.meridian = text
            return AMPM
        if text in ("ad", "bc"):
            self.bc = text == "bc"
            return ADBC
        offset = find_abbreviation(text)
        if offset is not None:
            self.zone = FixedZone(text.upper(), offset)
            return TZ
        key = text[:10]
        if key in MONTH_NAMES:
            return self._month_word(MONTH_NAMES[key])
        if key in DOW_NAMES:
            return DOW
        if text in RESERVED:
            return self._reserved(text)
        if text in _IGNORED:
            return 0
        if text == "dst":
            if self.zone is not None:
                self.zone = FixedZone("", self.zone.at_instant(0) + 3600)
            return DTZMOD
        if text in _UNITS:
            return self._prefix(_UNITS[text], number, tokens)
        return self._named_zone(text, False)

    def _prefix(self, unit: str, number: int, tokens: list[Token]) -> int:
        following = tokens[number + 1].kind if number + 1 < len(tokens) else ""
        if following not in ("number", "time", "date"):
            raise Malformed
        if unit == "time" and not self.time_only and self.mask & DATE != DATE:
            raise Malformed
        self.prefix = unit
        return 0

    def _month_word(self, month: int) -> int:
        mask = MONTH
        if self.mask & MONTH and not self.text_month and not self.mask & DAY and 1 <= self.month <= 31:
            self.day, mask = self.month, DAY
        self.text_month, self.month = True, month
        return mask

    def _reserved(self, text: str) -> int:
        if text == "allballs":
            self.hour = self.minute = self.second = self.micros = 0
            self.zone = FixedZone("", 0)
            return TIME | TZ
        if self.special:
            raise Malformed
        self.special = text
        return {"now": DATE | TIME | TZ, "epoch": 0, "infinity": 0, "-infinity": 0}.get(text, DATE)


_READERS = {
    "date": Fields._date, "time": Fields._time, "zone": Fields._zone, "number": Fields._number, "string": Fields._word, "special": Fields._word,
}  # fmt: skip
