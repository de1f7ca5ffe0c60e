"""typmods: what the number after a type name means, read, printed and applied to values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import numpy as np
import pyarrow as pa

from auroraml.batch import ConstVector, Datum, DictVector, FixedVector, ListVector, NumericVector, TextVector, Vector
from auroraml.errors import InvalidParameterValue, StringDataRightTruncation, SyntaxError
from auroraml.lazy import compute as pc
from auroraml.lazy import pattern
from auroraml.types import table
from auroraml.types.numeric import apply_numeric_typmod, apply_numeric_typmod_vector, precision_scale
from auroraml.types.pg_type import Interval, PgArray, PgType

INTERVAL_FIELDS: dict[int, str] = {  # the mask of INTERVAL_MASK bits and the words that stand for it
    1 << 2: "year", 1 << 1: "month", 1 << 3: "day", 1 << 10: "hour", 1 << 11: "minute", 1 << 12: "second",
    6: "year to month", 1 << 3 | 1 << 10: "day to hour", 1 << 3 | 1 << 10 | 1 << 11: "day to minute",
    1 << 3 | 7 << 10: "day to second", 3 << 10: "hour to minute", 7 << 10: "hour to second", 6 << 10: "minute to second",
}  # fmt: skip
MOST_DIGITS = 6
INTERVAL_FULL_RANGE = 0x7FFF
INTERVAL_FULL_PRECISION = 0xFFFF
_FIELD_MASKS = {words: mask for mask, words in INTERVAL_FIELDS.items()}
_TIME_WORDS = {"time": "time", "timestamp": "timestamp", "timetz": "time", "timestamptz": "timestamp"}
_ZONE_WORDS = {"time": " without time zone", "timestamp": " without time zone", "timetz": " with time zone", "timestamptz": " with time zone"}
_SQL_NAMES = {
    "bool": "boolean", "int2": "smallint", "int4": "integer", "int8": "bigint", "float4": "real", "float8": "double precision",
    "varchar": "character varying", "bpchar": "character", "char": '"char"', "any": '"any"',
}  # fmt: skip


def interval_typmod(fields: str | None, precision: int | None) -> int:
    """The typmod of `interval <fields>(precision)`, fields in lower case; -1 for plain interval."""
    if fields is None and precision is None:
        return -1
    mask = INTERVAL_FULL_RANGE if fields is None else _FIELD_MASKS[fields]
    return mask << 16 | (INTERVAL_FULL_PRECISION if precision is None else min(precision, MOST_DIGITS))


def typmod_in(type_name: str, args: Sequence[int]) -> int:
    """The typmod for `type_name` (pg_type.typname) written with `args`; -1 without args; raises PostgreSQL's errors."""
    if not args:
        return -1
    name = type_name.removeprefix("_")
    reader = _READERS.get(name)
    if reader is None:
        raise SyntaxError(f'type modifier is not allowed for type "{name}"')
    return reader(name, args)


def _length_in(name: str, args: Sequence[int]) -> int:
    word = {"varchar": "varchar", "bpchar": "char"}[name]
    if len(args) != 1:
        raise InvalidParameterValue("invalid type modifier")
    if args[0] < 1:
        raise InvalidParameterValue(f"length for type {word} must be at least 1")
    if args[0] > 10_485_760:
        raise InvalidParameterValue(f"length for type {word} cannot exceed 10485760")
    return args[0] + 4


def _numeric_in(name: str, args: Sequence[int]) -> int:
    if len(args) > 2:
        raise InvalidParameterValue("invalid NUMERIC type modifier")
    precision, scale = args[0], args[1] if len(args) == 2 else 0
    if not 1 <= precision <= 1000:
        raise InvalidParameterValue(f"NUMERIC precision {precision} must be between 1 and 1000")
    if not -1000 <= scale <= 1000:
        raise InvalidParameterValue(f"NUMERIC scale {scale} must be between -1000 and 1000")
    return (precision << 16 | scale & 0x7FF) + 4


def _time_in(name: str, args: Sequence[int]) -> int:
    if len(args) != 1:
        raise InvalidParameterValue("invalid type modifier")
    if args[0] < 0:
        words = f"{_TIME_WORDS[name].upper()}({args[0]}){' WITH TIME ZONE' if name.endswith('tz') else ''}"
        raise InvalidParameterValue(f"{words} precision must not be negative")
    return min(args[0], MOST_DIGITS)


def reduced(type_name: str, args: Sequence[int]) -> str | None:
    """The warning about a precision of more than six digits, of which six are kept; None where there is none to give."""
    name = type_name.removeprefix("_")
    digits = args[-1] if args and name in (*_TIME_WORDS, "interval") else 0
    if digits <= MOST_DIGITS or (name == "interval" and digits == INTERVAL_FULL_PRECISION):
        return None
    zone = " WITH TIME ZONE" if name.endswith("tz") else ""
    return f"{_TIME_WORDS.get(name, name).upper()}({digits}){zone} precision reduced to maximum allowed, {MOST_DIGITS}"


def _interval_in(name: str, args: Sequence[int]) -> int:
    if len(args) == 1:
        return interval_typmod(None, args[0])
    return args[0] << 16 | (args[1] if args[1] == INTERVAL_FULL_PRECISION else min(args[1], MOST_DIGITS))


_READERS: dict[str, Callable[[str, Sequence[int]], int]] = {
    "varchar": _length_in, "bpchar": _length_in, "numeric": _numeric_in, "time": _time_in, "timetz": _time_in,
    "timestamp": _time_in, "timestamptz": _time_in, "interval": _interval_in,
}  # fmt: skip


def format_type(type: PgType, typmod: int | None = None, resolve: Callable[[int], PgType] = table.BY_OID.__getitem__) -> str:
    """The type as format_type(oid, typmod) prints it: 'character varying(20)', 'integer[]'.

    As in PostgreSQL, char without a length is 'character' when no typmod is given (None) and 'bpchar' when it is -1.
    """
    if type.is_array and type.element and type.name not in ("int2vector", "oidvector"):
        return format_type(resolve(type.element), typmod, resolve) + "[]"
    name = type.name
    if type.schema != "pg_catalog":
        return quote_identifier(name)
    known = -1 if typmod is None else typmod
    if name in _TIME_WORDS:
        return f"{_TIME_WORDS[name]}{'' if known < 0 else f'({known})'}{_ZONE_WORDS[name]}"
    if name == "interval":
        return "interval" + _interval_suffix(known)
    if name == "bpchar" and typmod is not None and typmod < 0:
        return "bpchar"
    shown = _SQL_NAMES.get(name, name)
    if known < 0:
        return shown
    if name == "numeric":
        return "numeric({},{})".format(*precision_scale(known))
    return f"{shown}({known - 4})" if name in ("varchar", "bpchar") else shown


def _interval_suffix(typmod: int) -> str:
    if typmod < 0:
        return ""
    mask, precision = typmod >> 16 & INTERVAL_FULL_RANGE, typmod & 0xFFFF
    fields = "" if mask == INTERVAL_FULL_RANGE else " " + INTERVAL_FIELDS[mask]
    return fields + ("" if precision == INTERVAL_FULL_PRECISION else f"({precision})")


def quote_identifier(name: str) -> str:
    """The name in double quotes unless lower-case letters, digits and underscores make it a plain identifier."""
    plain = name.isascii() and name.replace("_", "a").isalnum() and not name[:1].isdigit() and name == name.lower() and name
    return name if plain else '"' + name.replace('"', '""') + '"'


def apply_typmod(type: PgType, typmod: int, vector: Vector, explicit: bool) -> Vector:
    """The values cut, padded or rounded to the typmod; too long text raises unless the cast is `explicit`."""
    if typmod < 0:
        return vector
    if isinstance(vector, ConstVector):
        return ConstVector(apply_typmod(type, typmod, vector.one, explicit), vector.n)
    if isinstance(vector, ListVector):
        element = table.BY_OID.get(type.element)
        if element is None:
            return vector
        return ListVector(vector.offsets, apply_typmod(element, typmod, vector.child, explicit), vector.validity, vector.shapes)
    apply = _VECTOR_APPLIERS.get(type.name)
    return vector if apply is None else apply(vector, typmod, explicit)


def apply_typmod_datum(type: PgType, typmod: int, datum: Datum, explicit: bool) -> Datum:
    """`apply_typmod` for one value (not None)."""
    if typmod < 0:
        return datum
    if isinstance(datum, PgArray):
        element = table.BY_OID.get(type.element)
        if element is None:
            return datum
        elements = tuple(None if d is None else apply_typmod_datum(element, typmod, d, explicit) for d in datum.elements)
        return PgArray(elements, datum.dims, datum.lower)
    apply = _DATUM_APPLIERS.get(type.name)
    return datum if apply is None else apply(datum, typmod, explicit)


def _varchar(datum: Datum, typmod: int, explicit: bool) -> Datum:
    assert isinstance(datum, str)
    length = typmod - 4
    if len(datum) <= length:
        return datum
    if not explicit and datum[length:].strip(" "):
        raise StringDataRightTruncation(f"value too long for type character varying({length})")
    return datum[:length]


def _bpchar(datum: Datum, typmod: int, explicit: bool) -> Datum:
    assert isinstance(datum, str)
    length = typmod - 4
    if not explicit and datum[length:].strip(" "):
        raise StringDataRightTruncation(f"value too long for type character({length})")
    return datum[:length].ljust(length)


def _varchar_vector(vector: Vector, typmod: int, explicit: bool) -> Vector:
    return _text_vector(vector, typmod, explicit, "character varying", False)


def _bpchar_vector(vector: Vector, typmod: int, explicit: bool) -> Vector:
    return _text_vector(vector, typmod, explicit, "character", True)


def _text_vector(vector: Vector, typmod: int, explicit: bool, name: str, pad: bool) -> Vector:
    length = typmod - 4
    if isinstance(vector, DictVector) and (explicit or (pc.max(pc.utf8_length(vector.dictionary.values)).as_py() or 0) <= length):
        dictionary = _text_vector(vector.dictionary, typmod, explicit, name, pad)
        assert isinstance(dictionary, TextVector)
        return DictVector(vector.codes, dictionary, vector.validity)
    flat = vector.flat()
    assert isinstance(flat, TextVector)
    values = flat.values
    lengths = pc.utf8_length(values).to_numpy(zero_copy_only=False)
    long = lengths > length
    if long.any():
        if not explicit:
            tails = pc.utf8_slice_codeunits(values.filter(pa.array(long)), length)
            if pc.any(pc.not_equal(pc.utf8_ltrim(tails, " "), "")).as_py():
                raise StringDataRightTruncation(f"value too long for type {name}({length})")
        values = pc.utf8_slice_codeunits(values, 0, length)
    if pad and (lengths < length).any():
        values = pc.utf8_rpad(values, length, " ")
    return flat if values is flat.values else TextVector(values, flat.validity)


def _numeric(datum: Datum, typmod: int, explicit: bool) -> Datum:
    assert isinstance(datum, Decimal)
    return apply_numeric_typmod(datum, typmod)


def _numeric_vector(vector: Vector, typmod: int, explicit: bool) -> Vector:
    assert isinstance(vector, NumericVector)
    return apply_numeric_typmod_vector(vector, typmod)


def round_micros(micros: int, precision: int) -> int:
    """Microseconds rounded half away from zero to `precision` decimals of a second."""
    unit = 10 ** (6 - precision)
    rounded = (abs(micros) + unit // 2) // unit * unit
    return rounded if micros >= 0 else -rounded  # type: ignore[no-any-return]  # numpy's stubs


def _time(datum: Datum, typmod: int, explicit: bool) -> Datum:
    assert isinstance(datum, int)
    return datum if typmod >= 6 or datum in (-(2**63), 2**63 - 1) else round_micros(datum, typmod)


def _time_vector(vector: Vector, typmod: int, explicit: bool) -> Vector:
    assert isinstance(vector, FixedVector)
    if typmod >= 6:
        return vector
    finite = (vector.values != np.iinfo(np.int64).min) & (vector.values != np.iinfo(np.int64).max)
    return FixedVector(np.where(finite, _round_micros_array(vector.values, typmod), vector.values), vector.validity)


def _round_micros_array(values: np.ndarray, precision: int) -> np.ndarray:
    unit = 10 ** (6 - precision)
    rounded = (np.abs(values) + unit // 2) // unit * unit
    return np.where(values >= 0, rounded, -rounded)  # type: ignore[no-any-return]  # numpy's stubs


_CLOCK = pattern(r"(\d+):(\d+):(\d+)(?:\.(\d+))?(.*)")


def _timetz(datum: Datum, typmod: int, explicit: bool) -> Datum:
    match = _CLOCK.fullmatch(str(datum))
    assert match is not None
    hour, minute, second = (int(match[n]) for n in (1, 2, 3))
    micros = round_micros(((hour * 60 + minute) * 60 + second) * 1_000_000 + int((match[4] or "").ljust(6, "0")), typmod)
    seconds, fraction = divmod(micros, 1_000_000)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return (f"{text}.{fraction:06d}".rstrip("0") if fraction else text) + match[5]


def _timetz_vector(vector: Vector, typmod: int, explicit: bool) -> Vector:
    # per value: timetz is kept as text
    texts = [None if d is None else str(_timetz(d, typmod, explicit)) for d in vector.datums()]
    return TextVector(pa.array([text or "" for text in texts], pa.large_string()), vector.validity)


def _interval(datum: Datum, typmod: int, explicit: bool) -> Datum:
    assert isinstance(datum, Interval)
    values = np.array([tuple(datum)], [("months", np.int64), ("days", np.int64), ("micros", np.int64)])
    return Interval(*(int(part) for part in _interval_cut(values, typmod)[0]))


def _interval_vector(vector: Vector, typmod: int, explicit: bool) -> Vector:
    assert isinstance(vector, FixedVector)
    return FixedVector(_interval_cut(vector.values, typmod), vector.validity)


_UNITS = {1 << 10: 3_600_000_000, 3 << 10: 60_000_000, 2 << 10: 60_000_000, 1 << 3 | 1 << 10: 3_600_000_000, 1 << 3 | 3 << 10: 60_000_000}


def _interval_cut(values: np.ndarray, typmod: int) -> np.ndarray:
    """Fields below the last one that the typmod names are cut off; the seconds are rounded to its precision."""
    mask, precision = typmod >> 16 & INTERVAL_FULL_RANGE, typmod & 0xFFFF
    out = values.copy()
    if mask == 1 << 2:
        out["months"] = np.fix(out["months"] / 12) * 12
    if mask in (1 << 2, 1 << 1, 6):
        out["days"] = 0
    if mask in (1 << 2, 1 << 1, 6, 1 << 3):
        out["micros"] = 0
    unit = _UNITS.get(mask)
    if unit is not None:
        out["micros"] = np.sign(out["micros"]) * (np.abs(out["micros"]) // unit * unit)
    if precision < 6:
        out["micros"] = _round_micros_array(out["micros"], precision)
    return out


_VECTOR_APPLIERS: dict[str, Callable[[Vector, int, bool], Vector]] = {
    "varchar": _varchar_vector, "bpchar": _bpchar_vector, "numeric": _numeric_vector, "time": _time_vector, "timetz": _timetz_vector,
    "timestamp": _time_vector,
    "timestamptz": _time_vector, "interval": _interval_vector,
}  # fmt: skip
_DATUM_APPLIERS: dict[str, Callable[[Datum, int, bool], Datum]] = {
    "varchar": _varchar, "bpchar": _bpchar, "numeric": _numeric, "time": _time, "timetz": _timetz, "timestamp": _time, "timestamptz": _time,
    "interval": _interval,
}  # fmt: skip
