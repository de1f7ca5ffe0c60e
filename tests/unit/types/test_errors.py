"""Errors of input, typmods and casts in PostgreSQL's words (recorded from PostgreSQL 15)."""

from __future__ import annotations

import pytest

from auroraml.batch import from_datums
from auroraml.errors import DatabaseError
from auroraml.types import table
from auroraml.types.casts import cast_vector
from auroraml.types.names import read_type_name
from auroraml.types.text import datum_in
from auroraml.types.typmod import format_type, typmod_in

OVERFLOW = "A field with precision 4, scale 2 must round to an absolute value less than 10^2."
ORDER = 'Perhaps you need a different "datestyle" setting.'
INPUTS = [
    ("int4", -1, "x", "22P02", 'invalid input syntax for type integer: "x"', None, None),
    ("int2", -1, "99999", "22003", 'value "99999" is out of range for type smallint', None, None),
    ("float8", -1, "1e400", "22003", '"1e400" is out of range for type double precision', None, None),
    ("bool", -1, "o", "22P02", 'invalid input syntax for type boolean: "o"', None, None),
    ("numeric", (4 << 16 | 2) + 4, "99.995", "22003", "numeric field overflow", OVERFLOW, None),
    ("varchar", 7, "abcd", "22001", "value too long for type character varying(3)", None, None),
    ("bpchar", 7, "abcd", "22001", "value too long for type character(3)", None, None),
    ("date", -1, "18/1/1999", "22008", 'date/time field value out of range: "18/1/1999"', None, ORDER),
    ("date", -1, "2024-02-30", "22008", 'date/time field value out of range: "2024-02-30"', None, None),
    ("timestamptz", -1, "2004-10-19 10:23 Foo/Bar", "22023", 'time zone "foo/bar" not recognized', None, None),
    ("interval", -1, "100000000000 years", "22015", 'interval field value out of range: "100000000000 years"', None, None),
    ("uuid", -1, "x", "22P02", 'invalid input syntax for type uuid: "x"', None, None),
    ("bytea", -1, "\\x0", "22023", "invalid hexadecimal data: odd number of digits", None, None),
    ("_int4", -1, "{1,", "22P02", 'malformed array literal: "{1,"', "Unexpected end of input.", None),
    ("json", -1, '{"a":1,}', "22P02", "invalid input syntax for type json", 'Expected string, but found "}".', None),
    ("jsonb", -1, '"\\u0000"', "22P05", "unsupported Unicode escape sequence", "\\u0000 cannot be converted to text.", None),
]


@pytest.mark.parametrize("case", INPUTS, ids=lambda case: f"{case[0]} {case[2]}")
def test_input_errors(case: tuple[str, int, str, str, str, str | None, str | None]) -> None:
    """The SQLSTATE, message, DETAIL and HINT of texts that are no values."""
    name, typmod, text, *expected = case
    with pytest.raises(DatabaseError) as caught:
        datum_in(table.BY_NAME[name], typmod, text)
    diag = caught.value.diag
    assert [diag.sqlstate, diag.message_primary, diag.message_detail, diag.message_hint] == expected


def test_json_context() -> None:
    """CONTEXT shows the line up to the token."""
    with pytest.raises(DatabaseError) as caught:
        datum_in(table.JSON, -1, "[1,\n2,\nx]")
    assert caught.value.diag.context == "JSON data, line 3: x..."


CASTS = [
    ("float8", 2.5, "int4", 2),
    ("float8", 3.5, "int4", 4),
    ("numeric", "2.5", "int4", 3),
    ("numeric", "-0.5", "int2", -1),
    ("float8", 2147483648.0, "int4", "integer out of range"),
    ("int8", 40000, "int2", "smallint out of range"),
    ("numeric", "NaN", "int8", "cannot convert NaN to bigint"),
    ("float8", 1e300, "float4", "value out of range: overflow"),
    ("jsonb", '"x"', "int4", "cannot cast jsonb string to type integer"),
]


@pytest.mark.parametrize("case", CASTS, ids=str)
def test_number_casts(case: tuple[str, object, str, object]) -> None:
    """Rounding is half to even from floats, half away from zero from numeric; overflow is an error."""
    source, value, target, expected = case
    source_type, target_type = table.BY_NAME[source], table.BY_NAME[target]
    datum = datum_in(source_type, -1, value) if source == "numeric" and isinstance(value, str) else value
    vector = from_datums(source_type, [datum, None])
    if isinstance(expected, str):
        with pytest.raises(DatabaseError, match=expected):
            cast_vector(source_type, target_type, -1, vector)
    else:
        assert cast_vector(source_type, target_type, -1, vector).datums() == [expected, None]


NAMES = {
    "int": "integer", "character varying(20)": "character varying(20)", "double precision": "double precision", "float(24)": "real",
    "timestamp(3) with time zone": "timestamp(3) with time zone", "text[]": "text[]", "dec(10)": "numeric(10,0)", "char": "character(1)",
    "interval day to second(3)": "interval day to second(3)", '"char"': '"char"', "numeric(3,-2)": "numeric(3,-2)", "bpchar": "bpchar",
}  # fmt: skip


@pytest.mark.parametrize("written", NAMES)
def test_type_names(written: str) -> None:
    """A name as SQL writes it, read and printed as format_type() does."""
    read = read_type_name(written)
    base = table.BY_NAME[read.name]
    shown = format_type(table.array_of(base) if read.dims else base, typmod_in(read.name, read.args))
    assert shown == NAMES[written]
