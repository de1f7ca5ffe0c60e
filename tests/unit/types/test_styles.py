"""Forms that depend on settings and zones (recorded from PostgreSQL 15)."""

from __future__ import annotations

import pytest

from auroraml.batch import TextVector, from_datums
from auroraml.types import table
from auroraml.types.casts import cast_vector
from auroraml.types.text import TextStyle, datum_in, datum_out, text_in, text_out

INTERVALS = {
    "postgres": "1 year 2 mons -3 days +04:05:06.7",
    "iso_8601": "P1Y2M-3DT4H5M6.7S",
    "sql_standard": "+1-2 -3 +4:05:06.7",
    "postgres_verbose": "@ 1 year 2 mons -3 days 4 hours 5 mins 6.7 secs",
}


@pytest.mark.parametrize("name", INTERVALS)
def test_interval_styles(name: str) -> None:
    """Each style writes the same interval its own way, and all are read."""
    style = TextStyle(interval_style=name)
    value = datum_in(table.INTERVAL, -1, "1 year 2 mons -3 days +04:05:06.7", style)
    assert datum_out(table.INTERVAL, value, style) == INTERVALS[name]
    assert datum_in(table.INTERVAL, -1, INTERVALS[name], style) == value


STYLES = {
    "ISO, MDY": "2024-03-05 01:02:03.5-05",
    "SQL, MDY": "03/05/2024 01:02:03.5 EST",
    "SQL, DMY": "05/03/2024 01:02:03.5 EST",
    "Postgres, MDY": "Tue Mar 05 01:02:03.5 2024 EST",
    "German, DMY": "05.03.2024 01:02:03.5 EST",
}


@pytest.mark.parametrize("name", STYLES)
def test_date_styles(name: str) -> None:
    """Each DateStyle writes a timestamptz its own way, and reads it back."""
    style = TextStyle(date_style=name, time_zone="America/New_York")
    value = datum_in(table.TIMESTAMPTZ, -1, "2024-03-05 06:02:03.5+00", style)
    assert datum_out(table.TIMESTAMPTZ, value, style) == STYLES[name]
    assert datum_in(table.TIMESTAMPTZ, -1, STYLES[name], style) == value


def test_gap_and_overlap() -> None:
    """A local time in a gap is moved on; one that happens twice is the second; before 1883 local mean time holds."""
    style = TextStyle(time_zone="America/New_York")
    local = ["2024-03-10 02:30:00", "2024-11-03 01:30:00", "1800-01-01 12:00:00", "12000-07-01 10:00:00", None]
    shown = ["2024-03-10 03:30:00-04", "2024-11-03 01:30:00-05", "1800-01-01 12:00:00-04:56:02", "12000-07-01 10:00:00-04", None]
    stamps = text_in(table.TIMESTAMP, -1, from_datums(table.TEXT, local), style)
    instants = cast_vector(table.TIMESTAMP, table.TIMESTAMPTZ, -1, stamps, style)
    assert text_out(table.TIMESTAMPTZ, instants, style).datums() == shown
    assert text_in(table.TIMESTAMPTZ, -1, from_datums(table.TEXT, local), style).datums() == instants.datums()


def test_words_follow_the_clock_given() -> None:
    """'now', 'today' and 'tomorrow' count from style.now in the session's zone."""
    now = datum_in(table.TIMESTAMPTZ, -1, "2024-01-01 03:00:00+00", TextStyle())
    assert isinstance(now, int)
    style = TextStyle(now=now, time_zone="America/New_York")
    assert datum_out(table.DATE, datum_in(table.DATE, -1, "tomorrow", style), style) == "2024-01-01"
    assert datum_out(table.TIMESTAMP, datum_in(table.TIMESTAMP, -1, "now", style), style) == "2023-12-31 22:00:00"
    assert datum_out(table.TIMESTAMP, datum_in(table.TIMESTAMP, -1, "today", style), style) == "2023-12-31 00:00:00"


def test_floats_and_bytes_by_setting() -> None:
    """extra_float_digits and bytea_output."""
    floats = from_datums(table.FLOAT8, [0.1, 1e20, 123456789.123456789])
    assert text_out(table.FLOAT8, floats).datums() == ["0.1", "1e+20", "123456789.12345679"]
    assert text_out(table.FLOAT8, floats, TextStyle(extra_float_digits=0)).datums() == ["0.1", "1e+20", "123456789.123457"]
    escaped = text_out(table.BYTEA, from_datums(table.BYTEA, [b"a\\\n"]), TextStyle(bytea_output="escape"))
    assert isinstance(escaped, TextVector)
    assert escaped.datums() == ["a\\\\\\012"]
