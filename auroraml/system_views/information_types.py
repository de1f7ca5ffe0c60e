"""How information_schema describes a type: its words, lengths, precisions and collation."""

from __future__ import annotations

from auroraml.catalog.catalog import Catalog
from auroraml.catalog.collations import collation, collation_name
from auroraml.system_views.registry import Row
from auroraml.types.numeric import precision_scale
from auroraml.types.pg_type import PgType
from auroraml.types.typmod import format_type

_PRECISIONS = {"int2": 16, "int4": 32, "int8": 64, "float4": 24, "float8": 53}
_TIMES = ("time", "timetz", "timestamp", "timestamptz")


def data_type(type: PgType, catalog: Catalog) -> str:
    """The words of data_type: ARRAY and USER-DEFINED for what the standard does not know."""
    if type.is_array and type.element:
        return "ARRAY"
    return format_type(type, None, catalog.type) if type.schema == "pg_catalog" else "USER-DEFINED"


def described(type: PgType, typmod: int, catalog: Catalog, dbname: str, written: int = 0) -> Row:
    """The columns that information_schema.columns and attributes share."""
    name = type.name
    row: Row = {"data_type": data_type(type, catalog), "udt_catalog": dbname, "udt_schema": type.schema, "udt_name": name}
    if name in ("varchar", "bpchar"):
        row["character_maximum_length"] = typmod - 4 if typmod >= 0 else None
    if name in ("text", "varchar", "bpchar"):
        row["character_octet_length"] = min(4 * (typmod - 4), 2**30) if typmod >= 0 else 2**30
    if name in _PRECISIONS:
        row |= {"numeric_precision": _PRECISIONS[name], "numeric_precision_radix": 2}
        if name.startswith("int"):
            row["numeric_scale"] = 0
    elif name == "numeric":
        row["numeric_precision_radix"] = 10
        if typmod >= 0:
            row["numeric_precision"], row["numeric_scale"] = precision_scale(typmod)
    elif name == "date":
        row["datetime_precision"] = 0
    elif name in _TIMES:
        row["datetime_precision"] = 6 if typmod < 0 else typmod
    elif name == "interval":
        row["datetime_precision"] = 6 if typmod < 0 or typmod & 0xFFFF == 0xFFFF else typmod & 0xFFFF
        words = format_type(type, typmod).removeprefix("interval").partition("(")[0].strip()
        row["interval_type"] = words.upper() or None
    found = collation_name(written or collation(type))
    if found not in ("", "default"):
        row |= {"collation_catalog": dbname, "collation_schema": "pg_catalog", "collation_name": found}
    return row
