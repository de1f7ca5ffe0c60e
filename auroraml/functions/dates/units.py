"""The words for parts of dates and times that extract, date_part and date_trunc know (datetime.c: DecodeUnits, DecodeSpecial)."""

from __future__ import annotations

from auroraml.errors import DatabaseError, FeatureNotSupported, InvalidParameterValue

_WORDS = {
    "microseconds": "microsecon us usec usecs useconds", "milliseconds": "millisecon ms msec msecs mseconds", "second": "s sec second seconds secs",
    "minute": "m min mins minute minutes", "hour": "h hour hours hr hrs", "day": "d day days", "week": "w week weeks",
    "month": "mon mons month months", "quarter": "qtr quarter", "year": "y year years yr yrs", "decade": "dec decade decades decs",
    "century": "c cent centuries century", "millennium": "mil millennia millennium mils", "timezone": "timezone", "timezone_hour": "timezone_h",
    "timezone_minute": "timezone_m",
}  # fmt: skip
UNITS: dict[str, str] = {word: unit for unit, words in _WORDS.items() for word in words.split()}
SPECIAL: dict[str, str] = {"dow": "dow", "isodow": "isodow", "doy": "doy", "isoyear": "isoyear", "julian": "julian", "jd": "julian", "j": "julian",
                           "epoch": "epoch"}  # fmt: skip


def unit_of(text: str, special: bool) -> str | None:
    """The unit a word means (`special`: dow, epoch and their kin too); None for none."""
    word = text.lower()[:10]
    found = UNITS.get(word)
    return found if found is not None or not special else SPECIAL.get(word)


def not_recognized(text: str, type_name: str) -> DatabaseError:
    """22023."""
    return InvalidParameterValue(f'unit "{text}" not recognized for type {type_name}')


def not_supported(text: str, type_name: str, detail: str | None = None) -> DatabaseError:
    """0A000."""
    return FeatureNotSupported(f'unit "{text}" not supported for type {type_name}', detail=detail)
