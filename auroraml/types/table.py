"""The table of built-in types: PostgreSQL's pg_type rows with their representations."""

from __future__ import annotations

from auroraml.types.data import RANGES, TYPES
from auroraml.types.pg_type import PgType, Rep

_REPS = {
    "bool": Rep.BOOL, "int2": Rep.INT2, "int4": Rep.INT4, "int8": Rep.INT8, "float4": Rep.FLOAT4, "float8": Rep.FLOAT8,
    "numeric": Rep.NUMERIC, "bytea": Rep.BYTES, "uuid": Rep.BYTES, "date": Rep.DATE, "time": Rep.TIME, "timestamp": Rep.TIMESTAMP,
    "timestamptz": Rep.TIMESTAMP, "interval": Rep.INTERVAL, "point": Rep.POINT, "tid": Rep.TID, "record": Rep.STRUCT, "void": Rep.VOID,
    "oid": Rep.OID, "xid": Rep.OID, "regclass": Rep.OID, "regtype": Rep.OID, "regproc": Rep.OID, "regprocedure": Rep.OID,
    "regrole": Rep.OID, "regnamespace": Rep.OID, "int2vector": Rep.LIST, "oidvector": Rep.LIST, "anyarray": Rep.LIST,
    "anycompatiblearray": Rep.LIST, "anyrange": Rep.RANGE, "anycompatiblerange": Rep.RANGE, "anymultirange": Rep.MULTIRANGE,
    "anycompatiblemultirange": Rep.MULTIRANGE,
}  # fmt: skip
_KINDS = {"r": Rep.RANGE, "m": Rep.MULTIRANGE}
_SUBTYPES = {row[0]: row[1] for row in RANGES} | {row[2]: row[0] for row in RANGES}


def _row(row: tuple) -> PgType:  # type: ignore[type-arg]
    oid, name, length, kind, category, preferred, element, array, align, storage = row
    rep = Rep.LIST if category == "A" and kind == "b" else _REPS.get(name) or _KINDS.get(kind, Rep.TEXT)
    return PgType(
        oid=oid, name=name, rep=rep, length=length, kind=kind, category=category, preferred=preferred,
        element=element, array=array, align=align, storage=storage, subtype=_SUBTYPES.get(oid, 0),
    )  # fmt: skip


BY_OID: dict[int, PgType] = {row[0]: _row(row) for row in TYPES}
BY_NAME: dict[str, PgType] = {type.name: type for type in BY_OID.values()}

BOOL = BY_NAME["bool"]
TID = BY_NAME["tid"]
BYTEA = BY_NAME["bytea"]
CHAR = BY_NAME["char"]  # the one-byte type "char"
NAME = BY_NAME["name"]
INT8 = BY_NAME["int8"]
INT2 = BY_NAME["int2"]
INT4 = BY_NAME["int4"]
TEXT = BY_NAME["text"]
OID = BY_NAME["oid"]
JSON = BY_NAME["json"]
XML = PgType(oid=142, name="xml", rep=Rep.TEXT, array=143, storage="x")  # what EXPLAIN (FORMAT XML) answers; no columns of it
POINT = BY_NAME["point"]
FLOAT4 = BY_NAME["float4"]
FLOAT8 = BY_NAME["float8"]
UNKNOWN = BY_NAME["unknown"]
BPCHAR = BY_NAME["bpchar"]
VARCHAR = BY_NAME["varchar"]
DATE = BY_NAME["date"]
TIME = BY_NAME["time"]
TIMESTAMP = BY_NAME["timestamp"]
TIMESTAMPTZ = BY_NAME["timestamptz"]
INTERVAL = BY_NAME["interval"]
TIMETZ = BY_NAME["timetz"]
NUMERIC = BY_NAME["numeric"]
UUID = BY_NAME["uuid"]
JSONB = BY_NAME["jsonb"]
RECORD = BY_NAME["record"]
VOID = BY_NAME["void"]
ANY = BY_NAME["any"]
REGCLASS = BY_NAME["regclass"]

POLYMORPHIC = frozenset(
    BY_NAME[name].oid
    for name in (
        "anyelement",
        "anyarray",
        "anynonarray",
        "anyrange",
        "anymultirange",
        "anycompatible",
        "anycompatiblearray",
        "anycompatiblenonarray",
        "anycompatiblerange",
        "anycompatiblemultirange",
    )
)


def array_of(type: PgType) -> PgType:
    """The array type over a built-in `type`; KeyError where it has none."""
    return BY_OID[type.array]
