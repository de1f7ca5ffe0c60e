"""Time zones: names, abbreviations and offsets to seconds east of UTC, at an instant or at a local time."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC as UTC_INFO
from datetime import datetime, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import numpy.typing as npt

from auroraml.records import dataclass
from auroraml.types.julian import DAY

Micros = npt.NDArray[np.int64]
_EPOCH = datetime(2000, 1, 1)
_CYCLE = 146_097 * DAY  # 400 years: the calendar and, beyond the tables, every zone's rules repeat
_FIRST, _LAST = -1999 * 365 * DAY, 7900 * 365 * DAY  # inside what datetime can hold
_POSIX = re.compile(r"(<[^>]+>|[A-Za-z]+)([+-]?)(\d{1,3})(?::(\d\d))?(?::(\d\d))?([A-Za-z]*)")  # a summer name is not followed
_NUMBER = re.compile(r"([+-]?)(\d{1,3})(?::(\d\d))?(?::(\d\d))?|([+-]?)(\d+\.\d+)")

# PostgreSQL's Default set of abbreviations (pg_timezone_abbrevs), in seconds east
_ABBREVIATIONS = """
    acdt:37800 acsst:37800 acst:34200 act:-18000 acwst:31500 adt:-10800 aedt:39600 aesst:39600 aest:36000 aft:16200 akdt:-28800 akst:-32400
    almst:25200 almt:21600 amst:14400 amt:-14400 anast:43200 anat:43200 arst:-10800 art:-10800 ast:-14400 awsst:32400 awst:28800 azost:0
    azot:-3600 azst:14400 azt:14400 bdst:7200 bdt:21600 bnt:28800 bort:28800 bot:-14400 bra:-10800 brst:-7200 brt:-10800 bst:3600 btt:21600
    cadt:37800 cast:34200 cct:28800 cdt:-18000 cest:7200 cet:3600 cetdst:7200 chadt:49500 chast:45900 chut:36000 ckt:-36000 clst:-10800
    clt:-10800 cot:-18000 cst:-21600 cxt:25200 davt:25200 ddut:36000 easst:-18000 east:-18000 eat:10800 edt:-14400 eest:10800 eet:7200
    eetdst:10800 egst:0 egt:-3600 est:-18000 fet:10800 fjst:46800 fjt:43200 fkst:-10800 fkt:-10800 fnst:-3600 fnt:-7200 galt:-21600
    gamt:-32400 gest:14400 get:14400 gft:-10800 gilt:43200 gmt:0 gyt:-14400 hkt:28800 hst:-36000 ict:25200 idt:10800 iot:21600 irkst:28800
    irkt:28800 irt:12600 ist:7200 jayt:32400 jst:32400 kdt:36000 kgst:21600 kgt:21600 kost:39600 krast:25200 krat:25200 kst:32400 lhdt:39600
    lhst:37800 ligt:36000 lint:50400 lkt:19800 magst:39600 magt:39600 mart:-34200 mawt:18000 mdt:-21600 mest:7200 mesz:7200 met:3600
    metdst:7200 mez:3600 mht:43200 mmt:23400 mpt:36000 msd:14400 msk:10800 mst:-25200 must:18000 mut:14400 mvt:18000 myt:28800 ndt:-9000
    nft:-12600 novst:25200 novt:25200 npt:20700 nst:-12600 nut:-39600 nzdt:46800 nzst:43200 nzt:43200 omsst:21600 omst:21600 pdt:-25200
    pet:-18000 petst:43200 pett:43200 pgt:36000 pht:28800 pkst:21600 pkt:18000 pmdt:-7200 pmst:-10800 pont:39600 pst:-28800 pwt:32400
    pyst:-10800 pyt:-10800 ret:14400 sadt:37800 sast:7200 sct:14400 sgt:28800 taht:-36000 tft:18000 tjt:18000 tkt:46800 tmt:18000 tot:46800
    trut:36000 tvt:43200 uct:0 ulast:32400 ulat:28800 ut:0 utc:0 uyst:-7200 uyt:-10800 uzst:21600 uzt:18000 vet:-14400 vlast:36000 vlat:36000
    volt:10800 vut:39600 wadt:28800 wakt:43200 wast:25200 wat:3600 wdt:32400 wet:0 wetdst:3600 wft:43200 wgst:-7200 wgt:-10800 xjt:21600
    yakst:32400 yakt:32400 yapt:36000 yekst:21600 yekt:18000 z:0 zulu:0
"""
ABBREVIATIONS: dict[str, int] = {name: int(seconds) for name, seconds in (item.split(":") for item in _ABBREVIATIONS.split())}


class Zone(ABC):
    """A time zone. Micros are microseconds from 2000-01-01; offsets are seconds east of UTC."""

    name: str

    @abstractmethod
    def at_instant(self, micros: int) -> int:
        """The offset in force at an instant given in UTC."""

    @abstractmethod
    def at_local(self, micros: int) -> int:
        """The offset PostgreSQL takes for a local time: before a gap's change, after an overlap's."""

    @abstractmethod
    def abbreviation(self, micros: int) -> str:
        """The zone's abbreviation at an instant."""

    def at_instants(self, micros: Micros) -> Micros:
        """`at_instant` over an array."""
        return _by_day(micros, self.at_instant)

    def at_locals(self, micros: Micros) -> Micros:
        """`at_local` over an array."""
        return _by_day(micros, self.at_local)


def _by_day(micros: Micros, offset: Callable[[int], int]) -> Micros:
    """Offsets looked up once a day where the day begins and ends with the same one, else value by value."""
    days, codes = np.unique(micros // DAY, return_inverse=True)
    bounds = [(offset(day * DAY), offset(day * DAY + DAY - 1)) for day in days.tolist()]  # a loop over days, not rows
    same = np.array([first == last for first, last in bounds], np.bool_)
    out = np.array([first for first, _ in bounds], np.int64)[codes] if len(days) else np.zeros(0, np.int64)
    odd = np.flatnonzero(~same[codes]) if len(days) else np.zeros(0, np.int64)
    out[odd] = [offset(value) for value in micros[odd].tolist()]  # per value: only on days when the clocks change
    return out


@dataclass(frozen=True)
class FixedZone(Zone):
    """A constant offset."""

    name: str
    offset: int
    shown: str = ""

    def at_instant(self, micros: int) -> int:
        return self.offset

    def at_local(self, micros: int) -> int:
        return self.offset

    def abbreviation(self, micros: int) -> str:
        return self.shown or self.name

    def at_instants(self, micros: Micros) -> Micros:
        return np.full(len(micros), self.offset, np.int64)

    def at_locals(self, micros: Micros) -> Micros:
        return np.full(len(micros), self.offset, np.int64)


@dataclass(frozen=True)
class RegionZone(Zone):
    """A zone of the IANA database."""

    name: str
    info: tzinfo

    def at_instant(self, micros: int) -> int:
        moment = (_EPOCH + timedelta(microseconds=_within(micros))).replace(tzinfo=UTC_INFO)
        return _seconds(moment.astimezone(self.info).utcoffset())

    def at_local(self, micros: int) -> int:
        moment = (_EPOCH + timedelta(microseconds=_within(micros))).replace(tzinfo=self.info)
        return min(_seconds(moment.utcoffset()), _seconds(moment.replace(fold=1).utcoffset()))

    def abbreviation(self, micros: int) -> str:
        moment = (_EPOCH + timedelta(microseconds=_within(micros))).replace(tzinfo=UTC_INFO)
        return moment.astimezone(self.info).tzname() or self.name


def _within(micros: int) -> int:
    """An instant with the same offset that datetime can hold."""
    if micros > _LAST:
        return micros - ((micros - _LAST) // _CYCLE + 1) * _CYCLE
    return max(micros, _FIRST)


def _seconds(offset: timedelta | None) -> int:
    return 0 if offset is None else offset.days * 86_400 + offset.seconds


UTC = FixedZone("UTC", 0)


@cache
def _names() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


@cache
def find_zone(name: str) -> Zone | None:
    """The zone of a name as SET TimeZone and AT TIME ZONE take it: IANA (any case), POSIX, offset; None if unknown."""
    if name.lower() in ("utc", "etc/utc", "zulu", "uct"):
        return FixedZone("UTC" if name.lower() == "utc" else name, 0, "UTC")
    try:
        return RegionZone(name, ZoneInfo(name))  # as the database spells it: no need of the list of all names
    except (KeyError, OSError, ValueError):
        known = _names().get(name.lower())
    if known is not None:
        return RegionZone(known, ZoneInfo(known))
    posix = _POSIX.fullmatch(name)
    if posix is not None:  # POSIX counts west as positive
        seconds = int(posix[3]) * 3600 + int(posix[4] or 0) * 60 + int(posix[5] or 0)
        return FixedZone(name, seconds if posix[2] == "-" else -seconds, posix[1].strip("<>"))
    return None


@cache
def zone_of_setting(name: str) -> Zone | None:
    """The zone of SET TimeZone: as `find_zone`, and a bare number is hours east."""
    number = _NUMBER.fullmatch(name.strip())
    if number is None:
        return find_zone(name)
    if number[6] is not None:
        seconds = int(float(number[6]) * 3600)
    else:
        seconds = int(number[2]) * 3600 + int(number[3] or 0) * 60 + int(number[4] or 0)
    seconds = -seconds if "-" in (number[1], number[5]) else seconds
    return FixedZone(_posix_name(seconds), seconds, offset_text(seconds))


def _posix_name(seconds: int) -> str:
    text = offset_text(seconds)
    reverse = offset_text(-seconds)
    return f"<{text}>{reverse}"


def offset_text(seconds: int) -> str:
    """+HH, +HH:MM or +HH:MM:SS."""
    minutes, rest = divmod(abs(seconds), 60)
    text = f"{'-' if seconds < 0 else '+'}{minutes // 60:02d}"
    if minutes % 60 or rest:
        text += f":{minutes % 60:02d}"
    return text + f":{rest:02d}" if rest else text


def find_abbreviation(name: str) -> int | None:
    """Seconds east for an abbreviation such as 'EST', None if unknown."""
    return ABBREVIATIONS.get(name.lower())
