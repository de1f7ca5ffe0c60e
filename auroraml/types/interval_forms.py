"""interval: months, days and microseconds in words, clock form and ISO 8601."""

from __future__ import annotations

import re
from collections.abc import Callable

import pyarrow as pa

from auroraml.batch import Datum, FixedVector, Vector
from auroraml.errors import DatetimeFieldOverflow
from auroraml.types.datetime_read import FieldOverflow, Malformed, Token, describe, read_clock, tokens_of
from auroraml.types.form import REP_FORMS, TextForm, TextStyle
from auroraml.types.pg_type import Interval, PgType, Rep
from auroraml.types.typmod import INTERVAL_FIELDS, INTERVAL_FULL_RANGE

SECOND, MINUTE, HOUR, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000

# unit: (months, days, microseconds) of one; a fraction of a month-like unit goes to months, of others downwards
_UNITS: dict[str, tuple[int, int, int]] = {
    "microsecond": (0, 0, 1), "millisecond": (0, 0, 1000), "second": (0, 0, SECOND), "minute": (0, 0, MINUTE), "hour": (0, 0, HOUR),
    "day": (0, 1, 0), "week": (0, 7, 0), "month": (1, 0, 0), "year": (12, 0, 0), "decade": (120, 0, 0),
    "century": (1200, 0, 0), "millennium": (12_000, 0, 0),
}  # fmt: skip
_SPELLINGS: dict[str, str] = {
    spelling: unit
    for unit, words in {
        "microsecond": "microsecon us usec usecs useconds usecond", "millisecond": "millisecon ms msec msecs mseconds msecond",
        "second": "s sec second seconds secs", "minute": "m min mins minute minutes", "hour": "h hour hours hr hrs", "day": "d day days",
        "week": "w week weeks", "month": "mon mons month months", "year": "y year years yr yrs",
        "decade": "dec decade decades decs", "century": "c cent centuries century", "millennium": "mil millennia millennium mils",
    }.items()
    for spelling in words.split()
}  # fmt: skip


class IntervalForm(TextForm):
    """Written in the IntervalStyle ('1 year 2 mons -3 days +04:05:06' in postgres); reads every style."""

    def datum_out(self, type: PgType, datum: Datum, style: TextStyle) -> str:
        assert isinstance(datum, Interval)
        return _STYLES[style.interval_style](datum)

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        try:
            return read_interval(text, typmod, style.interval_style == "sql_standard")
        except (Malformed, FieldOverflow) as error:
            raise describe(error, text, "interval") from None

    def vector_out(self, type: PgType, vector: Vector, style: TextStyle) -> pa.Array:
        assert isinstance(vector, FixedVector)
        # per value: a form of optional words
        return pa.array([self.datum_out(type, Interval(*value), style) for value in vector.values.tolist()], pa.large_string())


def interval_text(value: Interval) -> str:
    """The interval in IntervalStyle postgres."""
    parts: list[str] = []
    before = False
    sign = -1 if value.months < 0 else 1
    years, months = sign * (abs(value.months) // 12), sign * (abs(value.months) % 12)
    for amount, unit in ((years, "year"), (months, "mon"), (value.days, "day")):
        if amount:
            parts.append(f"{'+' if before and amount > 0 else ''}{amount} {unit}{'' if amount == 1 else 's'}")
            before = amount < 0
    if value.micros or not parts:
        seconds, fraction = divmod(abs(value.micros), SECOND)
        clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        clock = f"{clock}.{fraction:06d}".rstrip("0") if fraction else clock
        parts.append(("-" if value.micros < 0 else "+" if before else "") + clock)
    return " ".join(parts)


def _parts(value: Interval) -> tuple[int, int, int, int, int, int, int]:
    """Years, months, days, hours, minutes, seconds and microseconds, each with its own sign."""
    months_sign, micros_sign = (-1 if value.months < 0 else 1), (-1 if value.micros < 0 else 1)
    years, months = divmod(abs(value.months), 12)
    seconds, fraction = divmod(abs(value.micros), SECOND)
    clock = (seconds // 3600, seconds // 60 % 60, seconds % 60, fraction)
    hour, minute, second, micros = (micros_sign * part for part in clock)
    return months_sign * years, months_sign * months, value.days, hour, minute, second, micros


def _seconds_text(second: int, micros: int, width: int) -> str:
    text = f"{abs(second):0{width}d}"
    return f"{text}.{abs(micros):06d}".rstrip("0") if micros else text


def _iso_text(value: Interval) -> str:
    """P1Y2M3DT4H5M6S."""
    years, months, days, hour, minute, second, micros = _parts(value)
    date = "".join(f"{amount}{unit}" for amount, unit in ((years, "Y"), (months, "M"), (days, "D")) if amount)
    clock = "".join(f"{amount}{unit}" for amount, unit in ((hour, "H"), (minute, "M")) if amount)
    if second or micros:
        clock += f"{'-' if second < 0 or micros < 0 else ''}{_seconds_text(second, micros, 1)}S"
    return f"P{date}{'T' + clock if clock else ''}" if date or clock else "PT0S"


def _sql_text(value: Interval) -> str:
    """1-2, 3 4:05:06, or with all parts signed where one sign or one kind of field does not do."""
    signs = {part > 0 for part in value if part}
    if not signs:
        return "0"
    standard = len(signs) == 1 and not (value.months and (value.days or value.micros))
    years, months, days, hour, minute, second, micros = (abs(part) for part in _parts(value))
    clock = f"{hour}:{minute:02d}:{_seconds_text(second, micros, 2)}"
    if not standard:
        year_sign, day_sign, clock_sign = ("-" if part < 0 else "+" for part in value)
        return f"{year_sign}{years}-{months} {day_sign}{days} {clock_sign}{clock}"
    sign = "" if True in signs else "-"
    if value.months:
        return f"{sign}{years}-{months}"
    return f"{sign}{days} {clock}" if value.days else f"{sign}{clock}"


def _verbose_text(value: Interval) -> str:
    """@ 1 year 2 mons 3 days 4 hours 5 mins 6 secs ago."""
    *whole, second, micros = _parts(value)
    out = ["@"]
    before: bool | None = None
    for amount, unit in zip(whole, ("year", "mon", "day", "hour", "min"), strict=True):
        if amount:
            before = amount < 0 if before is None else before
            shown = -amount if before else amount
            out.append(f"{shown} {unit}{'' if shown == 1 else 's'}")
    if second or micros:
        negative = second < 0 or micros < 0
        before = negative if before is None else before
        sign = "-" if negative != before else ""
        out.append(f"{sign}{_seconds_text(second, micros, 1)} sec{'' if abs(second) == 1 and not micros else 's'}")
    if before is None:
        out.append("0")
    return " ".join(out) + (" ago" if before else "")


_STYLES: dict[str, Callable[[Interval], str]] = {
    "postgres": interval_text, "iso_8601": _iso_text, "sql_standard": _sql_text, "postgres_verbose": _verbose_text,
}  # fmt: skip


def read_interval(text: str, typmod: int = -1, one_sign: bool = False) -> Interval:
    """The interval a text means; a bare number takes the last field of the typmod. Raises Malformed or FieldOverflow.

    `one_sign`: a minus in front that is the only sign is that of all fields, as the SQL standard has it (IntervalStyle sql_standard).
    """
    try:
        tokens = tokens_of(text)
        if one_sign and tokens and tokens[0].text[:1] == "-" and not any(token.text[:1] in ("+", "-") for token in tokens[1:]):
            found = _Reader(typmod).read([Token(kind=tokens[0].kind, text="+" + tokens[0].text[1:]), *tokens[1:]])
            return checked(-found.months, -found.days, -found.micros)
        return _Reader(typmod).read(tokens)
    except Malformed:
        if text.strip(" \t\n\r\f\v")[:1] != "P":
            raise
        return _read_iso(text.strip(" \t\n\r\f\v"))


class _Reader:
    """Tokens from last to first: a unit, then the number before it."""

    def __init__(self, typmod: int) -> None:
        self.months = self.days = self.micros = 0
        self.unit = ""
        self.seen: set[str] = set()
        self.fields = INTERVAL_FIELDS.get(typmod >> 16 & INTERVAL_FULL_RANGE, "second") if typmod >= 0 else "second"
        self.last_field = self.fields.rpartition(" ")[2]

    def read(self, tokens: list[Token]) -> Interval:
        ago = False
        for number in range(len(tokens) - 1, -1, -1):
            token = tokens[number]
            if token.kind == "time":
                self.clock(token.text, 1)
            elif token.kind == "zone" and ":" in token.text and re.fullmatch(r"[0-9:.]+", token.text[1:]):
                self.clock(token.text[1:], -1 if token.text[0] == "-" else 1)
            elif token.kind in ("zone", "number", "date"):
                self.number(token.text)
            elif token.text == "ago":
                ago = True
            else:
                unit = _SPELLINGS.get(token.text[:10])
                if unit is None:
                    raise Malformed
                self.unit = unit
        if not self.seen:
            raise Malformed
        return checked(-self.months, -self.days, -self.micros) if ago else checked(self.months, self.days, self.micros)

    def see(self, *fields: str) -> None:
        if self.seen.intersection(fields):
            raise Malformed
        self.seen.update(fields)

    def clock(self, text: str, sign: int) -> None:
        """A token with colons; of two parts, minutes and seconds if the typmod says so."""
        self.see("hour", "minute", "second")
        if self.fields == "minute to second" and text.count(":") == 1 and "." not in text:
            text = f"0:{text}"
        hour, minute, second, micros = read_clock(text, wide=True)
        self.micros += sign * (((hour * 60 + minute) * 60 + second) * SECOND + micros)
        self.unit = "day"

    def number(self, text: str) -> None:
        match = re.match(r"([+-]?)(\d+)-(\d+)", text)
        unit = self.unit or self.last_field
        if match is not None:  # years-months
            if int(match[3]) >= 12:
                raise FieldOverflow
            if match.end() != len(text):
                raise Malformed
            sign = -1 if match[1] == "-" else 1
            self.see("month")
            self.months += sign * (int(match[2]) * 12 + int(match[3]))
            self.unit = "month"
            return
        if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text) is None:
            raise Malformed
        self.see(unit, *(("microsecond", "millisecond") if unit == "second" and "." in text and text.rpartition(".")[2].strip("0") else ()))
        self.add(text, unit)
        self.unit = "day" if unit == "hour" else unit

    def add(self, text: str, unit: str) -> None:
        """Add a number of units, its fraction carried to smaller ones."""
        whole_text, _, digits = text.partition(".")
        negative = text.startswith("-")
        whole = int(whole_text) if whole_text.strip("+-") else 0
        fraction = float("0." + digits) * (-1 if negative else 1) if digits else 0.0
        months, days, micros = _UNITS[unit]
        self.months += whole * months
        self.days += whole * days
        self.micros += whole * micros
        if not fraction:
            return
        if months == 1:
            self.add_days(fraction * 30)
        elif months:
            self.months += round(fraction * months)
        elif days == 1:
            self.micros += _rounded(fraction * DAY)
        elif days:
            self.add_days(fraction * days)
        else:
            self.micros += _rounded(fraction * micros)

    def add_days(self, amount: float) -> None:
        whole = int(amount)
        self.days += whole
        self.micros += _rounded((amount - whole) * DAY)


def _rounded(amount: float) -> int:
    """The nearest integer, halves towards zero, as interval fractions are rounded."""
    whole = int(amount)
    rest = amount - whole
    return whole + (1 if rest > 0.5 else -1 if rest < -0.5 else 0)


def checked(months: int, days: int, micros: int) -> Interval:
    """The interval, or FieldOverflow where a part does not fit."""
    if not (-(2**31) <= months < 2**31 and -(2**31) <= days < 2**31 and -(2**63) <= micros < 2**63):
        raise FieldOverflow
    return Interval(months, days, micros)


_ISO_PART = re.compile(r"([+-]?\d*(?:\.\d*)?)([A-Za-z])")
_ISO_DATE_UNITS = {"Y": "year", "M": "month", "W": "week", "D": "day"}
_ISO_TIME_UNITS = {"H": "hour", "M": "minute", "S": "second"}


def _read_iso(text: str) -> Interval:
    """P1Y2M3W4DT5H6M7.8S, and P0001-02-03T04:05:06."""
    date, has_time, clock = text[1:].partition("T")
    if not date and not has_time:
        raise Malformed
    reader = _Reader(-1)
    for part, units in ((date, _ISO_DATE_UNITS), (clock, _ISO_TIME_UNITS)):
        alternative = re.fullmatch(r"([+-]?\d+)-([+-]?\d+)-([+-]?\d+)|([+-]?\d+):([+-]?\d+):([+-]?\d+(?:\.\d*)?)", part)
        if alternative is not None:
            found = [group for group in alternative.groups() if group is not None]
            for number, unit in zip(found, ("year", "month", "day") if units is _ISO_DATE_UNITS else ("hour", "minute", "second"), strict=True):
                reader.add(number, unit)
            continue
        at = 0
        while at < len(part):
            match = _ISO_PART.match(part, at)
            if match is None or match[2] not in units or not match[1].strip("+-."):
                raise Malformed
            reader.add(match[1], units[match[2]])
            at = match.end()
    return checked(reader.months, reader.days, reader.micros)


def interval_out_of_range() -> DatetimeFieldOverflow:
    """The error of interval arithmetic."""
    return DatetimeFieldOverflow("interval out of range")


REP_FORMS[Rep.INTERVAL] = IntervalForm()
