"""Setting: one configuration parameter with its type, unit, range and context; text to value and back."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum
from typing import Generic, TypeVar

from auroraml.errors import FeatureNotSupported, InvalidParameterValue
from auroraml.lazy import pattern
from auroraml.records import dataclass

T = TypeVar("T")
FLOAT8_MAX = 1.7976931348623157e308


class Context(Enum):
    """When a parameter may change, in pg_settings' words."""

    INTERNAL = "internal"
    POSTMASTER = "postmaster"
    SIGHUP = "sighup"
    SUPERUSER_BACKEND = "superuser-backend"
    BACKEND = "backend"
    SUPERUSER = "superuser"
    USER = "user"


class VarType(Enum):
    """The kinds of values, in pg_settings' words."""

    BOOL = "bool"
    INTEGER = "integer"
    REAL = "real"
    STRING = "string"
    ENUM = "enum"


@dataclass(frozen=True, kw_only=True, eq=False)
class Setting(Generic[T]):
    """A parameter; read as `settings[WORK_MEM]`, which is a value of type T in units of `unit`."""

    name: str
    kind: VarType
    default: T
    context: Context = Context.USER
    unit: str = ""
    least: float = 0
    most: float = 0
    choices: tuple[str, ...] = ()
    hidden: tuple[tuple[str, str], ...] = ()  # accepted spellings that are not listed, with what they mean
    category: str = ""
    help: str = ""
    more: str = ""
    listed: bool = True  # whether SHOW ALL and pg_settings show it
    served: tuple[T, ...] = ()  # where not empty: the values that answers follow here; others are refused
    check: Callable[[str, str], str] | None = None  # of a string and the value before: the canonical form; ValueError(detail) refuses it

    def read(self, text: str, before: T | None = None) -> T:
        """The value `text` stands for (`before` is the one it replaces); 22023 in PostgreSQL's words where it stands for none."""
        if self.check is not None:
            return self._checked(text, str(self.default if before is None else before))  # type: ignore[return-value] # checks are for strings
        value = _READERS[self.kind](self, text)  # type: ignore[arg-type] # the reader of the kind makes the kind's values
        if self.served and value not in self.served:
            raise FeatureNotSupported(f"{self.name} = {text} is not supported")
        return value  # type: ignore[return-value]

    def _checked(self, text: str, before: str) -> str:
        assert self.check is not None
        try:
            return self.check(text, before)
        except ValueError as error:
            raise InvalidParameterValue(f'invalid value for parameter "{self.name}": "{text}"', detail=str(error) or None) from None

    def raw(self, value: T) -> str:
        """The value in base units, as pg_settings.setting shows it."""
        return _RAW[self.kind](value)

    def show(self, value: T) -> str:
        """The value as SHOW prints it, in the largest unit that divides it."""
        if self.unit and isinstance(value, int | float) and value > 0:
            return _with_unit(value, self.unit)
        return self.raw(value)


# unit -> (its symbol and how many base units it is), largest first; base of memory is the byte, of time the millisecond
_MEMORY = {"TB": 1024**4, "GB": 1024**3, "MB": 1024**2, "kB": 1024, "B": 1}
_TIME = {"d": 86_400_000.0, "h": 3_600_000.0, "min": 60_000.0, "s": 1000.0, "ms": 1.0, "us": 0.001}
_BASES: dict[str, float] = {"B": 1, "kB": 1024, "8kB": 8192, "MB": 1024**2, "ms": 1.0, "s": 1000.0, "min": 60_000.0}
_MEMORY_HINT = 'Valid units for this parameter are "B", "kB", "MB", "GB", and "TB".'
_TIME_HINT = 'Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".'


def _units(unit: str) -> tuple[dict[str, float], str]:
    return (dict(_MEMORY), _MEMORY_HINT) if unit in ("B", "kB", "8kB", "MB") else (dict(_TIME), _TIME_HINT)


def _with_unit(value: float, unit: str) -> str:
    table, _ = _units(unit)
    total = value * _BASES[unit]
    for symbol, size in table.items():
        quotient = total / size
        if quotient >= 1 and abs(quotient - round(quotient)) < 1e-9:
            return f"{round(quotient)}{symbol}"
    return f"{_real(value)}{unit}"


def _real(value: float) -> str:
    return f"{value:g}"


_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def parse_bool(text: str) -> bool | None:
    """A Boolean as PostgreSQL reads it (any unambiguous prefix), None where it is none."""
    word = text.strip().lower()
    if not word:
        return None
    if word in ("o",):
        return None
    if any(full.startswith(word) for full in _TRUE):
        return True
    if any(full.startswith(word) for full in _FALSE):
        return False
    return None


def _bool(setting: Setting[object], text: str) -> object:
    value = parse_bool(text)
    if value is None:
        raise InvalidParameterValue(f'parameter "{setting.name}" requires a Boolean value')
    return value


_NUMBER = pattern(r"\s*([+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))\s*([A-Za-z]*)\s*$")


def _number(setting: Setting[object], text: str) -> float:
    match = _NUMBER.match(text)
    if match is None:
        raise InvalidParameterValue(f'invalid value for parameter "{setting.name}": "{text}"')
    digits, unit = match.groups()
    number = float(int(digits, 0)) if "x" in digits.lower() else float(digits)
    if not unit:
        return number
    if not setting.unit:
        raise InvalidParameterValue(f'invalid value for parameter "{setting.name}": "{text}"')
    table, hint = _units(setting.unit)
    if unit not in table:
        raise InvalidParameterValue(f'invalid value for parameter "{setting.name}": "{text}"', hint=hint)
    return number * table[unit] / _BASES[setting.unit]


def _outside(setting: Setting[object], shown: str) -> InvalidParameterValue:
    raw = _RAW[setting.kind]
    unit = f" {setting.unit}" if setting.unit else ""
    most = int(setting.most) if setting.kind is VarType.INTEGER else setting.most
    least = int(setting.least) if setting.kind is VarType.INTEGER else setting.least
    return InvalidParameterValue(f'{shown}{unit} is outside the valid range for parameter "{setting.name}" ({raw(least)} .. {raw(most)})')


def _integer(setting: Setting[object], text: str) -> object:
    exact = _number(setting, text)
    value = math.floor(exact + 0.5) if exact % 1 != 0.5 else round(exact)
    if abs(value) > 2**31:
        raise InvalidParameterValue(f'invalid value for parameter "{setting.name}": "{text}"', hint="Value exceeds integer range.")
    if not setting.least <= value <= setting.most:
        raise _outside(setting, str(value))
    return value


def _float(setting: Setting[object], text: str) -> object:
    value = _number(setting, text)
    if not setting.least <= value <= setting.most:
        raise _outside(setting, _real(value))
    return value


def _string(setting: Setting[object], text: str) -> object:
    return text


def _enum(setting: Setting[object], text: str) -> object:
    word = text.lower()
    for choice in setting.choices:
        if choice.lower() == word:
            return choice
    for spelling, meaning in setting.hidden:
        if spelling == word:
            return meaning
    raise InvalidParameterValue(f'invalid value for parameter "{setting.name}": "{text}"', hint=f"Available values: {', '.join(setting.choices)}.")


_READERS: dict[VarType, Callable[[Setting[object], str], object]] = {
    VarType.BOOL: _bool,
    VarType.INTEGER: _integer,
    VarType.REAL: _float,
    VarType.STRING: _string,
    VarType.ENUM: _enum,
}
_RAW: dict[VarType, Callable[[object], str]] = {
    VarType.BOOL: lambda value: "on" if value else "off",
    VarType.INTEGER: str,
    VarType.REAL: lambda value: _real(value),  # type: ignore[arg-type] # a real's value is a float
    VarType.STRING: str,
    VarType.ENUM: str,
}
