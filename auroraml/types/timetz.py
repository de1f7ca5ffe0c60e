"""timetz values, kept as text: their parts, and texts made of parts."""

from __future__ import annotations

from auroraml.types.datetime_forms import clock_text
from auroraml.types.datetime_read import read_clock, read_offset
from auroraml.types.zones import offset_text


def timetz_split(text: str) -> tuple[int, int]:
    """Microseconds from midnight, and seconds east of UTC."""
    at = max(text.rfind("+"), text.rfind("-"))
    hour, minute, second, micros = read_clock(text[:at])
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + micros, read_offset(text[at:])


def timetz_parts(text: str) -> tuple[int, int]:
    """What timetz compares by: the time in UTC, then the zone (west of UTC)."""
    clock, east = timetz_split(text)
    return clock - east * 1_000_000, -east


def timetz_text(clock: int, east: int) -> str:
    """The value of a time of day and an offset."""
    return clock_text(clock) + offset_text(east)
