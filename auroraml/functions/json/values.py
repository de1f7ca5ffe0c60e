"""SQL values as JSON: text for json, parsed values for jsonb."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from auroraml.errors import InvalidParameterValue
from auroraml.types import julian
from auroraml.types.datetime_forms import clock_text, date_text, session_zone
from auroraml.types.form import TextStyle
from auroraml.types.json import JsonValue, quote_json, read_json
from auroraml.types.julian import DAY, POSTGRES_DAYS
from auroraml.types.numeric import numeric_in
from auroraml.types.pg_type import PgArray, PgType, Rep
from auroraml.types.text import datum_out

NUMBERS = frozenset((Rep.INT2, Rep.INT4, Rep.INT8, Rep.FLOAT4, Rep.FLOAT8, Rep.NUMERIC))
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


@lru_cache(maxsize=8192)
def parsed(text: str) -> JsonValue:
    """A document's value, shared: never changed in place."""
    return read_json(text)


def _timestamp(micros: int, zoned: bool, style: TextStyle) -> str:
    if micros in (julian.TIMESTAMP_MIN, julian.TIMESTAMP_MAX):
        return "infinity" if micros > 0 else "-infinity"
    east = session_zone(style).at_instant(micros) if zoned else 0
    local = micros + east * 1_000_000
    days = local // DAY + POSTGRES_DAYS
    text = f"{date_text(days, False)}T{clock_text(local % DAY)}"
    if zoned:
        minutes, rest = divmod(abs(east), 60)
        text += f"{'-' if east < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}" + (f":{rest:02d}" if rest else "")
    return text + (" BC" if julian.civil_of(days)[0] <= 0 else "")


def plain_text(type: PgType, value: object, style: TextStyle) -> str:
    """A value's text inside a JSON string: dates and times in ISO 8601 whatever the settings."""
    if type.name in ("timestamp", "timestamptz") and isinstance(value, int):
        return _timestamp(value, type.name == "timestamptz", style)
    if type.name == "date" and isinstance(value, int):
        return {julian.DATE_MIN: "-infinity", julian.DATE_MAX: "infinity"}.get(value) or date_text(value)
    return datum_out(type, value, style)


def is_structured(type: PgType) -> bool:
    """Whether a type's values become JSON arrays or objects."""
    return type.rep in (Rep.LIST, Rep.STRUCT) and type.name not in ("int2vector", "oidvector")


def json_of(type: PgType, value: object, style: TextStyle, feeds: bool = False) -> str:
    """A value as json text; `feeds` puts line feeds between parts."""
    if value is None:
        return "null"
    if type.rep is Rep.BOOL:
        return "true" if value else "false"
    if type.rep in NUMBERS:
        text = datum_out(type, value, style)
        return text if _NUMBER.fullmatch(text) else quote_json(text)
    if type.name in ("json", "jsonb"):
        return str(value)
    if isinstance(value, PgArray) and type.element:
        return _array(style.resolve(type.element), value, style, feeds)
    if isinstance(value, tuple) and type.rep is Rep.STRUCT:
        fields = [f"{quote_json(a.name)}:{json_of(a.type, item, style)}" for a, item in zip(type.attributes, value, strict=True)]
        return "{" + (",\n " if feeds else ",").join(fields) + "}"
    return quote_json(plain_text(type, value, style))


def _array(element: PgType, array: PgArray, style: TextStyle, feeds: bool) -> str:
    def level(depth: int, start: int, size: int) -> str:
        if depth == len(array.dims) - 1:
            items = [json_of(element, array.elements[start + i], style) for i in range(array.dims[depth])]
        else:
            step = size // array.dims[depth]
            items = [level(depth + 1, start + i * step, step) for i in range(array.dims[depth])]
        return "[" + (",\n " if feeds and depth == 0 else ",").join(items) + "]"

    return level(0, 0, len(array.elements)) if array.dims else "[]"


def jsonb_of(type: PgType, value: object, style: TextStyle) -> JsonValue:
    """A value as a jsonb value."""
    if value is None or type.rep is Rep.BOOL:
        return value  # type: ignore[return-value] # None or bool
    if type.rep in NUMBERS:
        number = value if isinstance(value, Decimal) else numeric_in(datum_out(type, value, style))
        return number if number.is_finite() else datum_out(type, value, style)
    if type.name in ("json", "jsonb"):
        return parsed(str(value))
    if isinstance(value, PgArray) and type.element:
        return _jsonb_array(style.resolve(type.element), value, style)
    if isinstance(value, tuple) and type.rep is Rep.STRUCT:
        return {a.name: jsonb_of(a.type, item, style) for a, item in zip(type.attributes, value, strict=True)}
    return plain_text(type, value, style)


def _jsonb_array(element: PgType, array: PgArray, style: TextStyle) -> JsonValue:
    def level(depth: int, start: int, size: int) -> list[JsonValue]:
        if depth == len(array.dims) - 1:
            return [jsonb_of(element, array.elements[start + i], style) for i in range(array.dims[depth])]
        step = size // array.dims[depth]
        return [level(depth + 1, start + i * step, step) for i in range(array.dims[depth])]

    return level(0, 0, len(array.elements)) if array.dims else []


def key_of(type: PgType, value: object, style: TextStyle) -> str:
    """A value as an object's key; 22023 where it cannot be one."""
    if is_structured(type) or type.name in ("json", "jsonb"):
        raise InvalidParameterValue("key value must be scalar, not array, composite, or json")
    return ("true" if value else "false") if type.rep is Rep.BOOL else plain_text(type, value, style)
