"""Checks of string parameters: DateStyle, TimeZone, name lists and encodings in their canonical forms."""

from __future__ import annotations

import re

from auroraml.lazy import pattern, zoneinfo

_STYLES = {"iso": "ISO", "sql": "SQL", "postgres": "Postgres", "german": "German"}
_ORDERS = {"ymd": "YMD", "dmy": "DMY", "euro": "DMY", "european": "DMY", "mdy": "MDY", "us": "MDY", "noneuro": "MDY", "noneuropean": "MDY"}
_OFFSET = pattern(r"<[+-]\d\d(:\d\d){0,2}>[+-]\d\d(:\d\d){0,2}")
_HOURS = pattern(r"[+-]?\d{1,2}(\.\d+)?")


def date_style(text: str, before: str) -> str:
    """DateStyle with both its parts; what `text` leaves out stays as `before` has it."""
    style, order = before.split(", ")
    for word in (part.strip().lower() for part in text.split(",")):
        if word in _STYLES:
            style = _STYLES[word]
            order = "DMY" if word == "german" and "," not in text else order
        elif word in _ORDERS:
            order = _ORDERS[word]
        elif word == "default":
            style, order = "ISO", "MDY"
        else:
            raise ValueError(f'Unrecognized key word: "{word}".')
    return f"{style}, {order}"


def tablespace(text: str, before: str) -> str:
    """A tablespace: there is the default one only."""
    if text not in ("", "pg_default"):
        raise ValueError(f'Tablespace "{text}" does not exist.')
    return text


def access_method(text: str, before: str) -> str:
    """A table access method: heap."""
    if not text:
        raise ValueError("default_table_access_method cannot be empty.")
    if text != "heap":
        raise ValueError(f'Table access method "{text}" does not exist.')
    return text


def offset_zone(seconds: int) -> str:
    """The POSIX-style zone name PostgreSQL gives to an offset east of UTC."""
    sign = "+" if seconds >= 0 else "-"
    hours, rest = divmod(abs(seconds), 3600)
    minutes = f":{rest // 60:02d}" if rest else ""
    return f"<{sign}{hours:02d}{minutes}>{'-' if sign == '+' else '+'}{hours:02d}{minutes}"


def time_zone(text: str, before: str) -> str:
    """A zone of the tz database (case does not matter), or an offset in hours east of UTC."""
    if _OFFSET.fullmatch(text):
        return text
    if _HOURS.fullmatch(text.strip()):
        return offset_zone(round(float(text) * 3600))
    if text.upper() in ("UTC", "GMT"):
        return text.upper()
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        names: dict[str, str] = {name.lower(): name for name in zoneinfo.available_timezones()}
        if text.lower() not in names:
            raise ValueError("") from None
        return names[text.lower()]
    return text


def split_names(text: str) -> list[str] | None:
    """The identifiers of a comma-separated list, folded or unquoted as PostgreSQL does; None where it is malformed."""
    if not text.strip():
        return []
    names, rest = [], text
    while True:
        match = re.match(r'\s*(?:"((?:[^"]|"")*)"|([^\s",]+))\s*(,|$)', rest)
        if match is None:
            return None
        quoted, plain, end = match.groups()
        names.append(plain.lower() if quoted is None else quoted.replace('""', '"'))
        rest = rest[match.end() :]
        if not end:
            return names


def name_list(text: str, before: str) -> str:
    """A list of identifiers, kept as it was written."""
    if split_names(text) is None:
        raise ValueError("List syntax is invalid.")
    return text


def encoding(text: str, before: str) -> str:
    """Only UTF8 is served."""
    if text.upper().replace("-", "").replace("_", "") not in ("UTF8", "UNICODE"):
        raise ValueError("")
    return "UTF8"
