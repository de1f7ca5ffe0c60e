"""PgType: one row of pg_type with the representation its values have in memory."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from auroraml.records import dataclass


class Rep(Enum):
    """How values of a type are held in a `Vector` (see batch/vector.py) and as a single Python `Datum`.

    | Rep | Vector | Datum |
    |---|---|---|
    | BOOL | FixedVector bool | bool |
    | INT2, INT4, INT8 | FixedVector int16, int32, int64 | int |
    | OID (oid, xid, reg*) | FixedVector int64 | int |
    | FLOAT4, FLOAT8 | FixedVector float32, float64 | float (float4: already rounded to float32) |
    | NUMERIC | NumericVector | decimal.Decimal (exponent kept; NaN and Infinity allowed) |
    | TEXT (strings, "char", json, jsonb, timetz, unknown, cstring) | TextVector or DictVector | str (bpchar padded; jsonb and timetz canonical) |
    | BYTES (bytea, uuid: 16 bytes) | TextVector over large_binary | bytes |
    | DATE | FixedVector int32, days from 1970-01-01 | int |
    | TIME | FixedVector int64, microseconds from midnight | int |
    | TIMESTAMP (timestamp, timestamptz) | FixedVector int64, microseconds from 2000-01-01 (UTC) | int |
    | INTERVAL | FixedVector of INTERVAL_DTYPE | Interval |
    | TID | FixedVector int64, the page shifted by 16 bits and the line | int |
    | POINT | FixedVector of POINT_DTYPE | Point |
    | LIST (arrays) | ListVector | PgArray |
    | STRUCT (composite types, record) | StructVector | tuple of Datums |
    | RANGE | RangeVector | Range |
    | MULTIRANGE (no values yet) | TextVector | |
    | VOID | TextVector of empty strings | "" |

    -infinity and infinity of dates and timestamps are the smallest and largest value of the integer type.
    """

    __hash__ = object.__hash__  # members are compared by identity: no need to hash their names each time a table is asked by one

    BOOL = "bool"
    INT2 = "int2"
    INT4 = "int4"
    INT8 = "int8"
    OID = "oid"
    FLOAT4 = "float4"
    FLOAT8 = "float8"
    NUMERIC = "numeric"
    TEXT = "text"
    BYTES = "bytes"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp"
    INTERVAL = "interval"
    TID = "tid"
    POINT = "point"
    LIST = "list"
    STRUCT = "struct"
    RANGE = "range"
    MULTIRANGE = "multirange"
    VOID = "void"


class Interval(NamedTuple):
    """An interval: months, days and microseconds, as PostgreSQL keeps it."""

    months: int
    days: int
    micros: int


class Point(NamedTuple):
    """A point of two float8."""

    x: float
    y: float


class Range(NamedTuple):
    """A range in its canonical form: bounds (None where infinite, and both where it is empty), and whether each is one of its values."""

    lower: object | None
    upper: object | None
    lower_inc: bool
    upper_inc: bool
    empty: bool = False

    @property
    def bounds(self) -> str:
        """The brackets: [), [], (] or ()."""
        return ("[" if self.lower_inc else "(") + ("]" if self.upper_inc else ")")


EMPTY = Range(None, None, False, False, True)


@dataclass(frozen=True)
class PgArray:
    """An array value: flat elements in row-major order, dimensions and lower bounds (both empty for '{}')."""

    elements: tuple[object, ...]
    dims: tuple[int, ...]
    lower: tuple[int, ...]

    @staticmethod
    def of(elements: tuple[object, ...]) -> PgArray:
        """A one-dimensional array with lower bound 1 (empty: no dimensions)."""
        return PgArray(elements, (len(elements),), (1,)) if elements else PgArray((), (), ())


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """A field of a composite type or record."""

    name: str
    type: PgType
    typmod: int = -1


@dataclass(frozen=True, kw_only=True, eq=False)
class PgType:
    """A row of pg_type. Two types are the same when their OIDs are; a `record` of known shape carries `attributes`."""

    oid: int
    name: str  # pg_type.typname: int4, bpchar, _int4
    schema: str = "pg_catalog"
    rep: Rep
    length: int = -1  # typlen
    kind: str = "b"  # typtype: b, c, d, e, p, r
    category: str = "U"
    preferred: bool = False
    element: int = 0  # typelem
    array: int = 0  # typarray
    subtype: int = 0  # rngsubtype of a range, the range of a multirange
    align: str = "i"
    storage: str = "p"
    attributes: tuple[Attribute, ...] = ()  # composites and anonymous records
    relation: int = 0  # typrelid
    owner: int = 10

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, PgType) and self.oid == other.oid and self.attributes == other.attributes)

    def __hash__(self) -> int:
        return self.oid

    @property
    def is_array(self) -> bool:
        """Whether this is a true array type ("_int4"), not merely subscriptable."""
        return self.rep is Rep.LIST
