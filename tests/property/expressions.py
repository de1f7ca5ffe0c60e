"""Random expressions over all types: literals, operators and functions that PostgreSQL's own catalog says fit together."""

from __future__ import annotations

from random import Random

from auroraml.catalog.builtins import builtin_function
from auroraml.catalog.data import OPERATORS, PROCS
from auroraml.functions.signature import SCALARS
from auroraml.types.table import BY_OID

LITERALS: dict[str, tuple[str, ...]] = {
    "bool": ("true", "false", "NULL::bool"),
    "int2": ("0::int2", "7::int2", "'-32768'::int2", "NULL::int2"),
    "int4": ("0", "1", "-3", "42", "2147483647", "NULL::int"),
    "int8": ("0::int8", "9::int8", "-5000000000", "9223372036854775807", "NULL::int8"),
    "float4": ("0::real", "1.5::real", "-2.25::real", "'NaN'::real", "1e30::real"),
    "float8": ("0::float8", "1.5::float8", "-0.1::float8", "'NaN'::float8", "'Infinity'::float8", "1e300::float8", "0.5::float8", "NULL::float8"),
    "numeric": ("0.0", "1.50", "-2.345", "12345678901234567890.5", "'NaN'::numeric", "1e-10", "3", "NULL::numeric", "100.00"),
    "text": ("''::text", "'abc'::text", "'a b,c'::text", "'%a_'::text", "'42'::text", "'Zé'::text", "NULL::text", "'a\\b'::text"),
    "varchar": ("'abc'::varchar", "'x'::varchar(3)"),
    "bpchar": ("'ab'::char(4)", "''::char(2)"),
    "date": ("date '2024-02-29'", "date '1999-12-31'", "date 'infinity'", "date '0044-03-15 BC'", "NULL::date"),
    "time": ("time '00:00'", "time '23:59:59.999999'", "time '12:30'"),
    "timestamp": ("timestamp '2024-02-29 12:34:56.789'", "timestamp '1999-01-01'", "timestamp '-infinity'", "NULL::timestamp"),
    "timestamptz": ("timestamptz '2024-02-29 12:34:56+02'", "timestamptz '1999-07-01 00:00+00'"),
    "interval": ("interval '1 day'", "interval '-2 mons 3 days 04:05:06.7'", "interval '0'", "interval '1 year 2 hours'", "NULL::interval"),
    "bytea": ("'\\x'::bytea", "'\\x00ff41'::bytea", "'abc'::bytea"),
    "uuid": ("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "'00000000-0000-0000-0000-000000000000'::uuid"),
    "json": ("'{\"a\": 1, \"b\": [1, null]}'::json", "'[]'::json", "'\"x\"'::json"),
    "jsonb": ("'{\"a\": 1, \"b\": [1, null]}'::jsonb", "'[1, 2.50, \"x\"]'::jsonb", "'null'::jsonb", "'5'::jsonb", "NULL::jsonb"),
    "point": ("point '(1,2)'", "point '(-0.5,3)'"),
    "_int4": ("ARRAY[1, 2, 3]", "'{}'::int[]", "ARRAY[1, NULL]", "'[0:1]={5,6}'::int[]", "NULL::int[]"),
    "_text": ("ARRAY['a', 'b']", "'{}'::text[]", "ARRAY['x', NULL, '']"),
    "_numeric": ("ARRAY[1.5, 2]",),
    "_float8": ("ARRAY[0.5::float8, 1]",),
}  # fmt: skip
_SKIPPED_NAMES = ("pg_", "has_", "to_reg", "txid", "current_", "inet_", "lo_", "nextval", "setval", "currval", "random", "setseed", "now", "clock_", "version",
                  "obj_desc", "col_desc", "format_type", "regclass", "aws_", "gen_random", "shobj", "timeofday", "repeat", "set_config", "array_fill", "lpad",
                  "rpad", "factorial", "age", "to_ascii", "acldefault", "parse_ident", "cbrt", "dcbrt")  # fmt: skip


class Generator:
    """Expressions of a wanted type, from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.makers: dict[str, list[tuple[str, str, tuple[str, ...]]]] = {}
        for row in OPERATORS:
            arguments = tuple(BY_OID[oid].name for oid in row[2:4] if oid)
            if row[5] in SCALARS and all(a in LITERALS for a in arguments) and row[1] not in ("<<", ">>"):
                self.makers.setdefault(BY_OID[row[4]].name, []).append(("operator", row[1], arguments))
        for row in PROCS:
            function = builtin_function(row[0])
            arguments = tuple(BY_OID[oid].name for oid in row[2])
            fits = row[0] in SCALARS and all(a in LITERALS for a in arguments) and arguments and not row[1].startswith(_SKIPPED_NAMES)
            if fits and function is not None and function.volatility != "v" and row[11] == "f" and not row[4]:
                self.makers.setdefault(BY_OID[row[3]].name, []).append(("function", row[1], arguments))

    def expression(self, type: str, depth: int) -> str:
        """An expression of a type (by its pg_type name)."""
        makers = self.makers.get(type, ())
        if depth <= 0 or not makers or self.random.random() < 0.2:
            return self.random.choice(LITERALS[type])
        kind, name, arguments = self.random.choice(makers)
        parts = [self.expression(argument, depth - 1) for argument in arguments]
        if kind == "function":
            return (
                f'"{name}"({", ".join(parts)})'
                if name in ("overlaps", "position", "substring", "overlay", "extract", "timestamp", "time")
                else f"{name}({', '.join(parts)})"
            )
        return f"({name} {parts[0]})" if len(parts) == 1 else f"({parts[0]} {name} {parts[1]})"

    def statement(self) -> str:
        """SELECT of one expression."""
        return f"SELECT {self.expression(self.random.choice(list(LITERALS)), self.random.choice((1, 1, 2, 2, 3)))}"
