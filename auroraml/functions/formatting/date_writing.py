"""to_char of timestamps and intervals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auroraml.batch import ConstVector, FixedVector, TextVector, Vector
from auroraml.errors import InvalidDatetimeFormat
from auroraml.functions.dates.fields import iso_week
from auroraml.functions.formatting.pictures import ACTION, Node, date_nodes, ordinal_suffix
from auroraml.functions.signature import CallContext, Types, scalar
from auroraml.lazy import compute as pc
from auroraml.records import dataclass
from auroraml.types import julian
from auroraml.types.datetime_forms import session_zone
from auroraml.types.julian import DAY, POSTGRES_DAYS, UNIX_JULIAN
from auroraml.types.pg_type import Interval

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
ROMAN_MONTHS = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
SECOND = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Moment:
    """The parts that keywords show; an interval has no weekday, week or zone."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    micros: int
    year_day: int
    days: int = 0  # from 1970
    east: int | None = None
    zone: str = ""
    interval: bool = False

    @property
    def shown_year(self) -> int:
        """The year, BC counted from 1."""
        return self.year if self.interval or self.year > 0 else 1 - self.year

    @property
    def iso(self) -> tuple[int, int]:
        """ISO year and week."""
        year, week = iso_week(np.array([self.days], np.int64))
        return int(year[0]), int(week[0])

    @property
    def weekday(self) -> int:
        """0 for Sunday."""
        return (self.days + 4) % 7


def _padded(value: int, width: int, node: Node) -> str:
    if node.fill:
        return str(value)
    return f"{value:0{width if value >= 0 else width + 1}d}"


def _half_day(moment: Moment, node: Node, am: str, pm: str) -> str:
    return pm if moment.hour % 24 >= 12 else am


def _meridiem(key: str) -> Callable[[Moment, Node], str]:
    dotted, lower = "." in key, key.islower()
    am, pm = ("A.M.", "P.M.") if dotted else ("AM", "PM")
    return lambda moment, node: _half_day(moment, node, am.lower() if lower else am, pm.lower() if lower else pm)


def _era(key: str) -> Callable[[Moment, Node], str]:
    ad, bc = ("A.D.", "B.C.") if "." in key else ("AD", "BC")

    def run(moment: Moment, node: Node) -> str:
        text = bc if moment.year <= 0 else ad
        return text.lower() if key.islower() else text

    return run


def _hour12(moment: Moment, node: Node) -> str:
    sign, size = (-1, -moment.hour) if moment.hour < 0 else (1, moment.hour)
    shown = 12 if size % 12 == 0 else sign * (size % 12)
    return str(shown) if node.fill else f"{shown:0{2 if moment.hour >= 0 else 3}d}"


def _name(names: tuple[str, ...], key: str, width: int, place: Callable[[Moment], int], short: bool) -> Callable[[Moment, Node], str]:
    def run(moment: Moment, node: Node) -> str:
        number = place(moment)
        if number < 0:
            return ""
        text = names[number][:3] if short else names[number]
        text = text.upper() if key.isupper() else text.lower() if key.islower() else text
        return text if node.fill or short else text.ljust(width)

    return run


def _century(moment: Moment, node: Node) -> str:
    if moment.interval:
        century = int(moment.year / 100)
    else:
        century = (moment.year - 1) // 100 + 1 if moment.year > 0 else int(moment.year / 100) - 1
    return _padded(century, 2, node) if -99 <= century <= 99 else str(century)


def _grouped_year(moment: Moment, node: Node) -> str:
    thousands = int(moment.shown_year / 1000)
    return f"{thousands},{moment.shown_year - thousands * 1000:03d}"


def _iso_shown(moment: Moment) -> int:
    year = moment.iso[0]
    return year if year > 0 else 1 - year


def _rest(value: int, by: int) -> int:
    return value % by if value >= 0 else -(-value % by)


def _offset(moment: Moment, node: Node) -> str:
    east = moment.east or 0
    size = abs(east) // 60
    text = f"{'-' if east < 0 else '+'}{size // 60:0{0 if node.fill else 2}d}"
    return text + (f":{size % 60:02d}" if size % 60 else "")


def _fraction(digits: int) -> Callable[[Moment, Node], str]:
    def run(moment: Moment, node: Node) -> str:
        part = int(moment.micros / 10 ** (6 - digits))
        return f"{part:0{digits}d}"

    return run


def _roman_month(moment: Moment, node: Node, lower: bool) -> str:
    if moment.interval and not moment.month and not moment.year:
        return ""
    place = moment.month - 1 if moment.month > 0 else (moment.month + 11)
    text = ROMAN_MONTHS[place].lower() if lower else ROMAN_MONTHS[place]
    return text if node.fill else text.ljust(4)


def _seconds_of_day(moment: Moment, node: Node) -> str:
    return str(moment.hour * 3600 + moment.minute * 60 + moment.second)


_KEYS: dict[str, Callable[[Moment, Node], str]] = {
    "HH": _hour12, "HH12": _hour12, "HH24": lambda m, n: _padded(m.hour, 2, n), "MI": lambda m, n: _padded(m.minute, 2, n),
    "SS": lambda m, n: _padded(m.second, 2, n), "MS": _fraction(3), "US": _fraction(6), "SSSS": _seconds_of_day, "SSSSS": _seconds_of_day,
    "MM": lambda m, n: _padded(m.month, 2, n), "DDD": lambda m, n: str(m.year_day) if n.fill else f"{m.year_day:03d}", "DD": lambda m, n: str(m.day) if n.fill else f"{m.day:02d}",
    "D": lambda m, n: str(m.weekday + 1), "ID": lambda m, n: str(m.weekday or 7), "WW": lambda m, n: _padded((m.year_day - 1) // 7 + 1, 2, n),
    "IW": lambda m, n: _padded(m.iso[1], 2, n), "Q": lambda m, n: str((m.month - 1) // 3 + 1) if m.month else "", "CC": _century,
    "Y,YYY": _grouped_year, "YYYY": lambda m, n: _padded(m.shown_year, 4, n), "YYY": lambda m, n: _padded(_rest(m.shown_year, 1000), 3, n),
    "YY": lambda m, n: _padded(_rest(m.shown_year, 100), 2, n), "Y": lambda m, n: str(_rest(m.shown_year, 10)),
    "IYYY": lambda m, n: _padded(_iso_shown(m), 4, n), "IYY": lambda m, n: _padded(_iso_shown(m) % 1000, 3, n),
    "IY": lambda m, n: _padded(_iso_shown(m) % 100, 2, n), "I": lambda m, n: str(_iso_shown(m) % 10), "W": lambda m, n: str((m.day - 1) // 7 + 1),
    "J": lambda m, n: str(m.days + UNIX_JULIAN), "RM": lambda m, n: _roman_month(m, n, False), "rm": lambda m, n: _roman_month(m, n, True),
    "TZ": lambda m, n: m.zone.upper(), "tz": lambda m, n: m.zone.lower(), "OF": _offset,
    "TZH": lambda m, n: f"{'-' if (m.east or 0) < 0 else '+'}{abs(m.east or 0) // 3600:02d}", "TZM": lambda m, n: f"{abs(m.east or 0) // 60 % 60:02d}",
    "IDDD": lambda m, n: _padded(_iso_day(m), 3, n), "FX": lambda m, n: "",
}  # fmt: skip


def _iso_day(moment: Moment) -> int:
    return (moment.iso[1] - 1) * 7 + (moment.weekday or 7)


for _key in ("A.M.", "P.M.", "AM", "PM", "a.m.", "p.m.", "am", "pm"):
    _KEYS[_key] = _meridiem(_key)
for _key in ("A.D.", "B.C.", "AD", "BC", "a.d.", "b.c.", "ad", "bc"):
    _KEYS[_key] = _era(_key)
for _key in ("MONTH", "Month", "month", "MON", "Mon", "mon"):
    _KEYS[_key] = _name(MONTHS, _key, 9, lambda m: m.month - 1, len(_key) == 3)
for _key in ("DAY", "Day", "day", "DY", "Dy", "dy"):
    _KEYS[_key] = _name(DAYS, _key, 9, lambda m: m.weekday, len(_key) == 2)
for _digits in range(1, 7):
    _KEYS[f"FF{_digits}"] = _fraction(_digits)

_NOT_OF_INTERVALS = frozenset(("TZ", "tz", "OF", "TZH", "TZM", "A.D.", "B.C.", "AD", "BC", "a.d.", "b.c.", "ad", "bc", "MONTH", "Month", "month", "MON", "Mon",
                               "mon", "DAY", "Day", "day", "DY", "Dy", "dy", "D", "ID", "IDDD", "IW", "IYYY", "IYY", "IY", "I", "WW_"))  # fmt: skip


def written(moment: Moment, picture: str) -> str:
    """The picture filled in."""
    out: list[str] = []
    for node in date_nodes(picture):
        if node.kind != ACTION:
            out.append(node.text)
            continue
        if moment.interval and node.key in _NOT_OF_INTERVALS:
            raise InvalidDatetimeFormat(
                "invalid format specification for an interval value", hint="Intervals are not tied to specific calendar dates."
            )
        out.append(shown(node, moment))
    return "".join(out)


def shown(node: Node, moment: Moment) -> str:
    """A keyword filled in."""
    text = _KEYS[node.key](moment, node)
    return text + ordinal_suffix(text, node.ordinal) if node.ordinal and text[-1:].isdigit() else text


def moment_of(micros: int, east: int | None = None, zone: str = "") -> Moment:
    """The parts of a timestamp."""
    local = micros + (east or 0) * SECOND
    days, clock = local // DAY + POSTGRES_DAYS, local % DAY
    year, month, day = julian.civil_of(days)
    seconds = clock // SECOND
    return Moment(year=year, month=month, day=day, hour=seconds // 3600, minute=seconds // 60 % 60, second=seconds % 60, micros=clock % SECOND,
                  year_day=days - julian.days_of(year, 1, 1) + 1, days=days, east=east, zone=zone)  # fmt: skip


# Many timestamps through one picture: each keyword is written once for every value that the part it shows has.

Parts = npt.NDArray[np.int64]
TEXT = pa.large_string()
MANY = 50_000  # different values of a part, above which nothing is won
_OF = {
    "hour": ("HH", "HH12", "HH24", "A.M.", "P.M.", "AM", "PM", "a.m.", "p.m.", "am", "pm"),
    "minute": ("MI",),
    "second": ("SS",),
    "milli": ("MS", "FF1", "FF2", "FF3"),
    "clock": ("SSSS", "SSSSS"),
    "year": ("Y,YYY", "YYYY", "YYY", "YY", "Y", "CC", "A.D.", "B.C.", "AD", "BC", "a.d.", "b.c.", "ad", "bc"),
    "month": ("MM", "Q", "RM", "rm", "MONTH", "Month", "month", "MON", "Mon", "mon"),
    "day": ("DD", "W"),
    "days": ("D", "ID", "IDDD", "IW", "IYYY", "IYY", "IY", "I", "J", "DDD", "WW", "DAY", "Day", "day", "DY", "Dy", "dy"),
}  # fmt: skip
_PART_OF = {key: part for part, keys in _OF.items() for key in keys}


def _parts(micros: Parts, wanted: set[str]) -> dict[str, Parts]:
    """The parts of local times that a picture shows."""
    days, clock = micros // DAY + POSTGRES_DAYS, micros % DAY
    seconds = clock // SECOND
    found = {
        "days": days,
        "clock": seconds,
        "hour": seconds // 3600,
        "minute": seconds // 60 % 60,
        "second": seconds % 60,
        "milli": clock % SECOND // 1000,
    }
    if wanted & {"year", "month", "day"}:
        found["year"], found["month"], found["day"] = julian.civil_of_array(days)
    return found


def _moment(part: str, value: int) -> Moment:
    """A moment that has that part."""
    if part == "days":
        return moment_of((value - POSTGRES_DAYS) * DAY)
    clock = {"hour": value * 3600, "minute": value * 60, "second": value, "clock": value}.get(part, 0)
    year, month, day = (value if part == name else usual for name, usual in (("year", 2000), ("month", 1), ("day", 1)))
    micros = value * 1000 if part == "milli" else 0
    return Moment(year=year, month=month, day=day, hour=clock // 3600, minute=clock // 60 % 60, second=clock % 60, micros=micros, year_day=1)


def _written(node: Node, part: str, values: Parts) -> pa.Array | None:
    least, most = int(values.min()), int(values.max())
    if most - least > MANY:
        return None
    there = np.flatnonzero(np.bincount(values - least))
    texts = [shown(node, _moment(part, value)) for value in (there + least).tolist()]  # once for each value
    places = np.zeros(most - least + 1, np.int32)
    places[there] = np.arange(len(there))
    return pa.array(texts, TEXT).take(pa.array(places[values - least]))


def _filled(micros: Parts, picture: str) -> pa.Array | None:
    nodes = date_nodes(picture)
    wanted = {_PART_OF.get(node.key, "") for node in nodes if node.kind == ACTION}
    if "" in wanted or not wanted:
        return None
    parts = _parts(micros, wanted)
    pieces: list[object] = []
    constant = ""
    for node in nodes:  # over the picture
        if node.kind != ACTION:
            constant += node.text
            continue
        part = _PART_OF[node.key]
        made = _written(node, part, parts[part])
        if made is None:
            return None
        pieces += [pa.scalar(constant, TEXT), made]
        constant = ""
    return pc.binary_join_element_wise(*pieces, pa.scalar(constant, TEXT), pa.scalar("", TEXT))


def timestamps(moments: Vector, picture: Vector) -> Vector | None:
    """Timestamps through one picture; None where they have to be written one by one."""
    text = picture.one.datum(0) if isinstance(picture, ConstVector) else None
    if not isinstance(moments, FixedVector) or not text or not moments.n:
        return None
    micros = moments.values
    infinite = (micros == julian.TIMESTAMP_MIN) | (micros == julian.TIMESTAMP_MAX)
    made = _filled(np.where(infinite, 0, micros), str(text))
    return None if made is None else TextVector(made, moments.validity if not infinite.any() else moments.valid & ~infinite)


def instants(ctx: CallContext, types: Types, moments: Vector, picture: Vector) -> Vector | None:
    """The same of instants on the session's clock."""
    if not isinstance(moments, FixedVector):
        return None
    micros = moments.values
    finite = (micros != julian.TIMESTAMP_MIN) & (micros != julian.TIMESTAMP_MAX)
    east = session_zone(ctx.style).at_instants(np.where(finite, micros, 0))
    return timestamps(FixedVector(np.where(finite, micros + east * SECOND, micros), moments.validity), picture)


@scalar("to_char(timestamp,text)", face="datum", columns=timestamps)
def timestamp_to_char(micros: int, picture: str) -> str | None:
    """A timestamp through a picture."""
    if not picture or micros in (julian.TIMESTAMP_MIN, julian.TIMESTAMP_MAX):
        return None
    return written(moment_of(micros), picture)


@scalar("to_char(timestamptz,text)", face="datum", context=True, typed=True, columns=instants)
def instant_to_char(ctx: CallContext, types: Types, micros: int, picture: str) -> str | None:
    """An instant on the session's clock through a picture."""
    if not picture or micros in (julian.TIMESTAMP_MIN, julian.TIMESTAMP_MAX):
        return None
    zone = session_zone(ctx.style)
    return written(moment_of(micros, zone.at_instant(micros), zone.abbreviation(micros)), picture)


@scalar("to_char(interval,text)", face="datum")
def interval_to_char(value: Interval, picture: str) -> str | None:
    """An interval through a picture."""
    if not picture:
        return None

    def cut(amount: int, by: int) -> tuple[int, int]:
        sign = -1 if amount < 0 else 1
        return sign * (abs(amount) // by), sign * (abs(amount) % by)

    year, month = cut(value.months, 12)
    hour, rest = cut(value.micros, 3600 * SECOND)
    minute, rest = cut(rest, 60 * SECOND)
    second, micros = cut(rest, SECOND)
    moment = Moment(year=year, month=month, day=value.days, hour=hour, minute=minute, second=second, micros=micros,
                    year_day=(year * 12 + month) * 30 + value.days, interval=True)  # fmt: skip
    return written(moment, picture)
