"""date, time, timetz, timestamp, timestamptz: ISO output, and input in all of PostgreSQL's spellings."""

from __future__ import annotations

import time

import numpy as np
import pyarrow as pa

from auroraml.batch import Datum, FixedVector, Vector
from auroraml.errors import DatetimeFieldOverflow, InvalidParameterValue
from auroraml.lazy import compute as pc
from auroraml.types import interval_forms, julian
from auroraml.types.datetime_read import DATE, FieldOverflow, Fields, Malformed, ZoneOverflow, describe, read_offset, tokens_of
from auroraml.types.form import REP_FORMS, TextForm, TextStyle, register
from auroraml.types.julian import DAY, POSTGRES_DAYS
from auroraml.types.pg_type import PgType, Rep
from auroraml.types.table import TIMESTAMPTZ, TIMETZ
from auroraml.types.zones import Zone, offset_text, zone_of_setting

__all__ = ["clock_text", "date_text", "interval_forms", "now_micros", "session_zone", "timestamp_text"]

_UNIX_MICROS = POSTGRES_DAYS * DAY
_ISO_DATE = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?"
_ISO_TIME = f"^{_CLOCK}$"
_ISO_TIMESTAMP = rf"^[0-9]{{4}}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[ T]{_CLOCK}$"
_ISO_TIMESTAMPTZ = _ISO_TIMESTAMP[:-1] + r"([-+][0-9]{2}(:[0-9]{2})?)?$"
_OFFSET = r"^(?P<stamp>.{19}(?:\.[0-9]+)?)(?P<offset>.*)$"


def session_zone(style: TextStyle) -> Zone:
    """The zone that the TimeZone setting names."""
    zone = zone_of_setting(style.time_zone)
    if zone is None:
        raise InvalidParameterValue(f'invalid value for parameter "TimeZone": "{style.time_zone}"')
    return zone


def now_micros(style: TextStyle) -> int:
    """The transaction's start, or the clock, in microseconds from 2000-01-01 UTC."""
    if style.clock_read is not None:
        style.clock_read()
    return time.time_ns() // 1000 - _UNIX_MICROS if style.now is None else style.now


def is_iso(style: TextStyle) -> bool:
    """Whether DateStyle asks for ISO output."""
    return style.date_style.upper().startswith("ISO")


def order_of(style: TextStyle) -> str:
    """MDY, DMY or YMD."""
    for order in ("YMD", "DMY"):
        if order in style.date_style.upper():
            return order
    return "MDY"


def read_fields(text: str, type_name: str, style: TextStyle, time_only: bool = False) -> Fields:
    """The fields of a text, 'today' and its kin resolved to a date; raises PostgreSQL's errors."""
    fields = Fields(order_of(style), time_only)
    try:
        fields.read(tokens_of(text))
    except (Malformed, FieldOverflow, ZoneOverflow) as error:
        raise describe(error, text, type_name) from None
    if fields.special in ("today", "tomorrow", "yesterday", "now"):
        now = now_micros(style)
        local = now + session_zone(style).at_instant(now) * 1_000_000
        shift = {"tomorrow": 1, "yesterday": -1}.get(fields.special, 0)
        fields.year, fields.month, fields.day = julian.civil_of(local // DAY + POSTGRES_DAYS + shift)
        if fields.special == "now":
            fields.set_clock(local % DAY)
            fields.zone = session_zone(style)
    return fields


def clock_text(micros: int) -> str:
    """hh:mm:ss with as many decimals as needed."""
    seconds, fraction = divmod(micros, 1_000_000)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{text}.{fraction:06d}".rstrip("0") if fraction else text


def date_text(days: int, suffix: bool = True) -> str:
    """yyyy-mm-dd, with BC if `suffix`."""
    year, month, day = julian.civil_of(days)
    return f"{year if year > 0 else 1 - year:04d}-{month:02d}-{day:02d}{' BC' if suffix and year <= 0 else ''}"


def timestamp_text(micros: int, zone: Zone | None) -> str:
    """A timestamp, in `zone` and with its offset if one is given."""
    if micros == julian.TIMESTAMP_MIN:
        return "-infinity"
    if micros == julian.TIMESTAMP_MAX:
        return "infinity"
    offset = 0 if zone is None else zone.at_instant(micros)
    local = micros + offset * 1_000_000
    days = local // DAY + POSTGRES_DAYS
    text = f"{date_text(days, False)} {clock_text(local % DAY)}{'' if zone is None else offset_text(offset)}"
    return text + " BC" if julian.civil_of(days)[0] <= 0 else text


def _styled_date(days: int, style: TextStyle) -> str:
    """A date in DateStyle SQL, German or Postgres, without BC."""
    year, month, day = julian.civil_of(days)
    shown = f"{year if year > 0 else 1 - year:04d}"
    if style.date_style.upper().startswith("GERMAN"):
        return f"{day:02d}.{month:02d}.{shown}"
    separator = "/" if style.date_style.upper().startswith("SQL") else "-"
    first, second = (day, month) if order_of(style) == "DMY" else (month, day)
    return separator.join((f"{first:02d}", f"{second:02d}", shown))


def styled_date_text(days: int, style: TextStyle) -> str:
    """A date in any DateStyle."""
    if is_iso(style):
        return date_text(days)
    return _styled_date(days, style) + (" BC" if julian.civil_of(days)[0] <= 0 else "")


def styled_timestamp_text(micros: int, zone: Zone | None, style: TextStyle) -> str:
    """A timestamp in any DateStyle; all but ISO name the zone by its abbreviation."""
    if is_iso(style) or micros in (julian.TIMESTAMP_MIN, julian.TIMESTAMP_MAX):
        return timestamp_text(micros, zone)
    local = micros + (0 if zone is None else zone.at_instant(micros) * 1_000_000)
    days, clock = local // DAY + POSTGRES_DAYS, clock_text(local % DAY)
    year, month, day = julian.civil_of(days)
    if style.date_style.upper().startswith("POSTGRES"):
        name = _MONTH_NAMES[month - 1]
        date = f"{day:02d} {name}" if order_of(style) == "DMY" else f"{name} {day:02d}"
        text = f"{_DAY_NAMES[(days + 4) % 7]} {date} {clock} {year if year > 0 else 1 - year:04d}"
    else:
        text = f"{_styled_date(days, style)} {clock}"
    return text + ("" if zone is None else f" {zone.abbreviation(micros)}") + (" BC" if year <= 0 else "")


_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY_NAMES = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")


def _two(values: np.ndarray, width: int = 2) -> pa.Array:
    return pc.utf8_lpad(pc.cast(pa.array(values), pa.large_string()), width, "0")


def _join(parts: list[pa.Array], separator: str) -> pa.Array:
    return pc.binary_join_element_wise(*parts, pa.scalar(separator, pa.large_string()))


def _date_texts(days: np.ndarray) -> pa.Array:
    """ISO dates of days from 1970-01-01 of the years 1 to 9999, each distinct day written once."""
    distinct, codes = np.unique(days, return_inverse=True)
    year, month, day = julian.civil_of_array(distinct)
    return _join([_two(year, 4), _two(month), _two(day)], "-").take(pa.array(codes))


_PLAIN_DAYS = (julian.days_of(1, 1, 1), julian.days_of(10_000, 1, 1))


class DateForm(TextForm):
    """yyyy-mm-dd."""

    def datum_out(self, type: PgType, datum: Datum, style: TextStyle) -> str:
        assert isinstance(datum, int)
        return {julian.DATE_MIN: "-infinity", julian.DATE_MAX: "infinity"}.get(datum) or styled_date_text(datum, style)

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        fields = read_fields(text, "date", style)
        if fields.special in ("infinity", "-infinity"):
            return julian.DATE_MAX if fields.special == "infinity" else julian.DATE_MIN
        if fields.special == "epoch":
            return 0
        if fields.mask & DATE != DATE:
            raise describe(Malformed(), text, "date")
        if not julian.FIRST_DAY <= fields.date < julian.DATE_END or fields.year > 5_874_897:
            raise DatetimeFieldOverflow(f'date out of range: "{text}"')
        return fields.date

    def vector_out(self, type: PgType, vector: Vector, style: TextStyle) -> pa.Array:
        assert isinstance(vector, FixedVector)
        values = vector.values
        if not is_iso(style) or len(values) == 0 or int(values.min()) < _PLAIN_DAYS[0] or int(values.max()) >= _PLAIN_DAYS[1]:
            return super().vector_out(type, vector, style)
        return _date_texts(values)

    def vector_in(self, type: PgType, typmod: int, texts: pa.Array, style: TextStyle) -> Vector:
        if len(texts) and pc.all(pc.match_substring_regex(texts, _ISO_DATE)).as_py():
            days = _iso_days(texts)
            if days is not None:
                return FixedVector(days.astype(np.int32))
        return super().vector_in(type, typmod, texts, style)


def _iso_days(texts: pa.Array) -> np.ndarray | None:
    """Days of texts that begin yyyy-mm-dd; None where one is no real date (or of the year 0)."""
    parts = [pc.cast(pc.utf8_slice_codeunits(texts, a, b), pa.int64()).to_numpy() for a, b in ((0, 4), (5, 7), (8, 10))]
    days = julian.days_of_array(*parts)
    back = julian.civil_of_array(days)
    same = (back[1] == parts[1]) & (back[2] == parts[2]) & (parts[0] > 0)
    return days if same.all() else None


class TimestampForm(TextForm):
    """timestamp and timestamptz: yyyy-mm-dd hh:mm:ss.ffffff, with the offset of the session's zone for the latter."""

    def datum_out(self, type: PgType, datum: Datum, style: TextStyle) -> str:
        assert isinstance(datum, int)
        return styled_timestamp_text(datum, session_zone(style) if type.oid == TIMESTAMPTZ.oid else None, style)

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        zoned = type.oid == TIMESTAMPTZ.oid
        fields = read_fields(text, "timestamp with time zone" if zoned else "timestamp", style)
        if fields.special in ("infinity", "-infinity"):
            return julian.TIMESTAMP_MAX if fields.special == "infinity" else julian.TIMESTAMP_MIN
        if fields.special == "epoch":
            return -_UNIX_MICROS
        if fields.mask & DATE != DATE:
            raise describe(Malformed(), text, "timestamp with time zone" if zoned else "timestamp")
        micros = (fields.date - POSTGRES_DAYS) * DAY + fields.clock
        if zoned:
            zone = session_zone(style) if fields.zone is None else fields.zone
            micros -= zone.at_local(micros) * 1_000_000
        if not julian.TIMESTAMP_FIRST <= micros < julian.TIMESTAMP_END:
            raise DatetimeFieldOverflow(f'timestamp out of range: "{text}"')
        return micros

    def vector_out(self, type: PgType, vector: Vector, style: TextStyle) -> pa.Array:
        assert isinstance(vector, FixedVector)
        low, high = ((day - POSTGRES_DAYS + side) * DAY for day, side in zip(_PLAIN_DAYS, (2, -2), strict=True))
        values = vector.values
        if not is_iso(style) or len(values) == 0 or int(values.min()) < low or int(values.max()) >= high:
            return super().vector_out(type, vector, style)
        offsets = None
        if type.oid == TIMESTAMPTZ.oid:
            offsets = session_zone(style).at_instants(values)
            values = values + offsets * 1_000_000
        parts = [_date_texts(values // DAY + POSTGRES_DAYS), _clock_texts(values % DAY)]
        texts = _join(parts, " ")
        if offsets is None:
            return texts
        distinct, codes = np.unique(offsets, return_inverse=True)
        names = pa.array([offset_text(offset) for offset in distinct.tolist()], pa.large_string())
        return _join([texts, names.take(pa.array(codes))], "")

    def vector_in(self, type: PgType, typmod: int, texts: pa.Array, style: TextStyle) -> Vector:
        zoned = type.oid == TIMESTAMPTZ.oid
        if len(texts) and pc.all(pc.match_substring_regex(texts, _ISO_TIMESTAMPTZ if zoned else _ISO_TIMESTAMP)).as_py():
            days = _iso_days(texts)
            if days is not None and not zoned:
                return FixedVector((days - POSTGRES_DAYS) * DAY + _iso_clock(texts, 11))
            if days is not None:
                parts = pc.extract_regex(texts, _OFFSET)
                local = (days - POSTGRES_DAYS) * DAY + _iso_clock(parts.field("stamp"), 11)
                return FixedVector(local - _offsets(parts.field("offset"), local, style) * 1_000_000)
        return super().vector_in(type, typmod, texts, style)


def _offsets(texts: pa.Array, local: np.ndarray, style: TextStyle) -> np.ndarray:
    """Seconds east of UTC: as written, or the session zone's where nothing is."""
    encoded = texts.dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    written = encoded.dictionary.to_pylist()
    offsets = np.array([read_offset(text) if text else 0 for text in written], np.int64)[codes]
    bare = np.array([not text for text in written])[codes]
    if bare.any():
        offsets[bare] = session_zone(style).at_locals(local[bare])
    return offsets  # type: ignore[no-any-return]  # numpy's stubs


def _iso_clock(texts: pa.Array, at: int) -> np.ndarray:
    """Microseconds of the hh:mm:ss[.ffffff] that begins at character `at`."""
    hour, minute, second = (pc.cast(pc.utf8_slice_codeunits(texts, a, a + 2), pa.int64()).to_numpy() for a in (at, at + 3, at + 6))
    fraction = pc.utf8_rpad(pc.utf8_slice_codeunits(texts, at + 9, at + 15), 6, "0")
    micros = pc.cast(fraction, pa.int64()).to_numpy()
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + micros  # type: ignore[no-any-return]


def _clock_texts(micros: np.ndarray) -> pa.Array:
    seconds, fraction = micros // 1_000_000, micros % 1_000_000
    distinct, codes = np.unique(seconds, return_inverse=True)
    texts = _join([_two(distinct // 3600), _two(distinct // 60 % 60), _two(distinct % 60)], ":").take(pa.array(codes))
    if not fraction.any():
        return texts
    decimals = pc.utf8_rtrim(_join([pa.array([""] * len(micros), pa.large_string()), _two(fraction, 6)], "."), "0")
    decimals = pc.if_else(pa.array(fraction == 0), pa.scalar("", pa.large_string()), decimals)
    return _join([texts, decimals], "")


class TimeForm(TextForm):
    """hh:mm:ss.ffffff."""

    def datum_out(self, type: PgType, datum: Datum, style: TextStyle) -> str:
        assert isinstance(datum, int)
        return clock_text(datum)

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        return read_fields(text, "time", style, time_only=True).clock

    def vector_out(self, type: PgType, vector: Vector, style: TextStyle) -> pa.Array:
        assert isinstance(vector, FixedVector)
        return _clock_texts(vector.values)

    def vector_in(self, type: PgType, typmod: int, texts: pa.Array, style: TextStyle) -> Vector:
        if len(texts) and pc.all(pc.match_substring_regex(texts, _ISO_TIME)).as_py():
            return FixedVector(_iso_clock(texts, 0))
        return super().vector_in(type, typmod, texts, style)


class TimetzForm(TextForm):
    """hh:mm:ss.ffffff+zz; a value is this text."""

    def datum_out(self, type: PgType, datum: Datum, style: TextStyle) -> str:
        assert isinstance(datum, str)
        return datum

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        fields = read_fields(text, "time with time zone", style, time_only=True)
        zone = session_zone(style) if fields.zone is None else fields.zone
        days = fields.date if fields.mask & DATE == DATE else now_micros(style) // DAY + POSTGRES_DAYS
        return clock_text(fields.clock) + offset_text(zone.at_local((days - POSTGRES_DAYS) * DAY + fields.clock))


REP_FORMS[Rep.DATE] = DateForm()
REP_FORMS[Rep.TIMESTAMP] = TimestampForm()
REP_FORMS[Rep.TIME] = TimeForm()
register(TimetzForm(), TIMETZ)
