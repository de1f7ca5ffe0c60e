"""Functions about the session and the server."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pyarrow as pa

from auroraml.batch import ConstVector, FixedVector, TextVector, Vector
from auroraml.catalog.bootstrap import AURORA_VERSION
from auroraml.errors import (
    AmbiguousFunction,
    InvalidParameterValue,
    InvalidSchemaName,
    NumericValueOutOfRange,
    ReadOnlySqlTransaction,
    UndefinedFunction,
    UndefinedObject,
    UndefinedTable,
)
from auroraml.functions.signature import SCALARS, CallContext, Kernel, Types, rows, scalar
from auroraml.functions.strings import concatenate
from auroraml.settings.core import SERVER_VERSION
from auroraml.settings.instances import AURORAML_ENGINE_VERSION, AURORAML_INSTANCE_CLASS, compiled_on, full_version
from auroraml.storage.sizes import datum_size
from auroraml.types.casts import cast_vector
from auroraml.types.numeric import numeric_out
from auroraml.types.pg_type import PgArray, Range
from auroraml.types.table import TEXT
from auroraml.types.text import datum_out


@scalar("version()", face="datum", context=True, raises=False)
def version(ctx: CallContext) -> str:
    """PostgreSQL's version text, as Aurora prints it for the release and the instance class."""
    platform = compiled_on(ctx.settings[AURORAML_INSTANCE_CLASS])
    return f"PostgreSQL {ctx.settings[SERVER_VERSION]} on {platform}, compiled by {platform}-gcc (GCC) 9.5.0, 64-bit"


def aurora_version(ctx: CallContext) -> str:
    """Aurora's own version: major.minor.patch."""
    return full_version(ctx.settings[AURORAML_ENGINE_VERSION])


SCALARS[AURORA_VERSION.oid] = Kernel(function=aurora_version, face="datum", context=True, raises=False)


@scalar("current_database()", face="datum", context=True, raises=False)
def current_database(ctx: CallContext) -> str:
    """The database's name."""
    return ctx.dbname


@scalar("current_schema()", face="datum", context=True, raises=False)
def current_schema(ctx: CallContext) -> str | None:
    """The schema new objects go to."""
    return ctx.host.current_schema()  # type: ignore[no-any-return] # the session


@scalar("current_setting(text)", face="datum", context=True)
def current_setting(ctx: CallContext, name: str) -> str:
    """A setting as SHOW prints it."""
    return ctx.setting(name)


@scalar("set_config(text,text,bool)", face="datum", context=True)
def set_config(ctx: CallContext, name: str, value: str, local: bool) -> str:
    """SET as a function; the new value."""
    ctx.host.settings.set(name, value, local=local, superuser=ctx.host.may_set(name))
    return ctx.setting(name)


@scalar("pg_get_userbyid(oid)", face="datum", context=True, raises=False)
def pg_get_userbyid(ctx: CallContext, oid: int) -> str:
    """A role's name."""
    role = ctx.catalog.role_by_oid(oid)
    return f"unknown (OID={oid})" if role is None else str(role.name)


@scalar("textanycat(text,anynonarray)", "anytextcat(anynonarray,text)", context=True, typed=True, raises=False)
def any_concatenate(ctx: CallContext, types: Types, first: Vector, second: Vector) -> Vector:
    """Text and any other value, in its text form."""
    n = max(first.n, second.n)
    texts = [cast_vector(type, TEXT, -1, vector, ctx.style) for type, vector in zip(types.args, (first, second), strict=True)]
    a, b = (t.one.flat() if isinstance(t, ConstVector) else t.flat() for t in texts)
    assert isinstance(a, TextVector)
    assert isinstance(b, TextVector)
    joined = concatenate(a.values[0] if a.n != n else a.values, b.values[0] if b.n != n else b.values)
    return TextVector(joined if isinstance(joined, pa.Array) else pa.array([joined.as_py()], pa.large_string()))


@scalar("pg_typeof(any)", context=True, typed=True, raises=False)
def pg_typeof(ctx: CallContext, types: Types, value: Vector) -> Vector:
    """The type of the argument."""
    return ConstVector(FixedVector(np.array([types.args[0].oid])), value.n)


@scalar("current_setting(text,bool)", face="datum", context=True)
def current_setting_lax(ctx: CallContext, name: str, missing: bool) -> str | None:
    """A setting as SHOW prints it; with `missing`, NULL for an unknown one."""
    try:
        return ctx.setting(name)
    except UndefinedObject:
        if missing:
            return None
        raise


@scalar("current_schemas(bool)", face="datum", context=True, raises=False)
def current_schemas(ctx: CallContext, implicit: bool) -> PgArray:
    """The search path's schemas that exist; those before the one that new objects go to are implicit."""
    found = [name for name in ctx.host.names.path if ctx.catalog.find_schema(name) is not None]
    first = ctx.host.current_schema()
    return PgArray.of(tuple(found if implicit else found[found.index(first) :] if first in found else ()))


@scalar("current_query()", face="datum", context=True, raises=False)
def current_query(ctx: CallContext) -> str:
    """The text that the client sent."""
    return str(ctx.host.activity[0])


@scalar("current_user()", "getpgusername()", face="datum", context=True, raises=False)
def current_user(ctx: CallContext) -> str:
    """The current user."""
    return ctx.user


@scalar("session_user()", face="datum", context=True, raises=False)
def session_user(ctx: CallContext) -> str:
    """The session user."""
    return ctx.session_user


@scalar("pg_backend_pid()", face="datum", context=True, raises=False)
def pg_backend_pid(ctx: CallContext) -> int:
    """The session's number, which stands for the process that a server would have for it."""
    return ctx.host.pid  # type: ignore[no-any-return] # the session


@scalar("txid_current()", face="datum", context=True)
def txid_current(ctx: CallContext) -> int:
    """The transaction's id, given one if it has none; a standby gives out none."""
    if ctx.host.reader:
        raise ReadOnlySqlTransaction("cannot execute pg_current_xact_id() during recovery")
    return ctx.host.transaction_id()  # type: ignore[no-any-return] # the session


@scalar("pg_sleep(float8)", face="datum", context=True)
def pg_sleep(ctx: CallContext, seconds: float) -> str:
    """Wait, in steps short enough to be cancelled."""
    clock = ctx.clock
    end = clock.now() + seconds
    while (left := end - clock.now()) > 0:
        ctx.check_cancel()
        clock.sleep(min(left, clock.look))
    return ""


@scalar("num_nulls(any)", typed=True, raises=False)
def num_nulls(types: Types, *args: Vector) -> Vector:
    """How many arguments are NULL."""
    return FixedVector(_nulls(args))


@scalar("num_nonnulls(any)", typed=True, raises=False)
def num_nonnulls(types: Types, *args: Vector) -> Vector:
    """How many arguments are not NULL."""
    return FixedVector((len(args) - _nulls(args)).astype(np.int32))


def _nulls(args: tuple[Vector, ...]) -> np.ndarray:
    return np.sum([~arg.valid for arg in args], axis=0).astype(np.int32)  # type: ignore[no-any-return] # numpy gives Any


@scalar("pg_column_size(any)", face="datum", context=True, typed=True)
def pg_column_size(ctx: CallContext, types: Types, value: object) -> int:
    """The bytes a value takes as PostgreSQL would keep it."""
    type = types.args[0]
    if type.length > 0:
        return type.length
    if isinstance(value, Decimal):
        return numeric_size(value)
    if isinstance(value, PgArray | Range):
        return datum_size(value, type)
    size = len(value) if isinstance(value, bytes) else len(datum_out(type, value, ctx.style).encode())
    return size + (1 if type.length == -2 else 4)


def numeric_size(value: Decimal) -> int:
    """The bytes of a numeric: header, then base-10000 digits."""
    if not value.is_finite():
        return 6
    text = format(value.copy_abs(), "f")
    whole, _, fraction = text.partition(".")
    whole = whole.lstrip("0")
    scale = len(fraction)
    groups = ["0" * (-len(whole) % 4) + whole, fraction + "0" * (-len(fraction) % 4)]
    digits = [part[i : i + 4] for part in groups for i in range(0, len(part), 4)]
    while digits and digits[-1] == "0000":
        digits.pop()
    leading = 0
    while not whole and leading < len(digits) and digits[leading] == "0000":
        leading += 1
    weight = (len(groups[0]) // 4 - 1) if whole else -1 - leading
    short = scale <= 63 and -64 <= weight <= 63
    return 4 + (2 if short else 4) + 2 * (len(digits) - leading)


_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


@scalar("pg_size_pretty(int8)", face="datum", raises=False)
def pg_size_pretty(size: int) -> str:
    """A number of bytes in the unit that fits, halves away from zero."""
    negative, whole = size < 0, abs(size)
    for place, unit in enumerate(_UNITS):
        limit = 10 * 1024 if place == 0 else 20 * 1024 - 1
        if whole < limit or unit == _UNITS[-1]:
            if place:
                whole = (whole + 1) // 2
            return f"{'-' if negative else ''}{whole} {unit}"
        whole >>= 9 if place == 0 else 10
    raise AssertionError


@scalar("pg_size_pretty(numeric)", face="datum", raises=False)
def pg_size_pretty_numeric(size: Decimal) -> str:
    """A number of bytes in the unit that fits."""
    if not size.is_finite():
        return f"{size} bytes"
    if abs(size) < 10 * 1024:
        return f"{numeric_out(size)} bytes"
    return pg_size_pretty(int(size))


@scalar("pg_size_bytes(text)", face="datum")
def pg_size_bytes(text: str) -> int:
    """The bytes a size with a unit means."""
    match = re.fullmatch(r"\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-z]*)\s*", text)
    if match is None:
        raise InvalidParameterValue(f'invalid size: "{text}"')
    places = {"bytes": 0, "": 0, "kb": 1, "mb": 2, "gb": 3, "tb": 4, "pb": 5}
    if match[2].lower() not in places:
        hint = 'Valid units are "bytes", "kB", "MB", "GB", "TB", and "PB".'
        raise InvalidParameterValue(f'invalid size: "{text}"', detail=f'Invalid size unit: "{match[2]}".', hint=hint)
    found = Decimal(match[1]) * 1024 ** places[match[2].lower()]
    if abs(found) >= 2**63:
        raise NumericValueOutOfRange("bigint out of range")
    return int(found.to_integral_value(ROUND_HALF_UP))


def _found(ctx: CallContext, kind: str, name: str) -> int | None:
    try:
        return ctx.style.objects.oid_of(kind, name)  # type: ignore[no-any-return] # ObjectNames
    except (UndefinedTable, UndefinedObject, UndefinedFunction, AmbiguousFunction, InvalidSchemaName):
        return None


def _to_reg(kind: str) -> None:
    scalar(f"to_{kind}(text)", face="datum", context=True)(lambda ctx, name: _found(ctx, kind, name))


for _kind in ("regclass", "regtype", "regproc", "regprocedure", "regrole", "regnamespace"):
    _to_reg(_kind)


@scalar("regclass(text)", face="datum", context=True)
def regclass(ctx: CallContext, name: str) -> int:
    """The relation of a name."""
    return ctx.style.objects.oid_of("regclass", name)  # type: ignore[no-any-return] # ObjectNames


@rows("pg_extension_update_paths(name)", context=True)
def pg_extension_update_paths(ctx: CallContext, name: str) -> list[tuple[str, str, str | None]]:
    """Every pair of an extension's versions, and the way from the first to the second where there is one."""
    found = next((x for x in ctx.host.available_extensions() if x.name == name), None)
    versions = () if found is None else found.versions
    return [(old, new, "--".join(versions[i : j + 1]) or None) for i, old in enumerate(versions) for j, new in enumerate(versions) if i != j]


@scalar("pg_is_in_recovery()", face="datum", context=True, raises=False)
def pg_is_in_recovery(ctx: CallContext) -> bool:
    """Whether this is a standby: a reader."""
    return bool(ctx.host.reader)
