"""Functions about the session and the server."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from auroraml.batch import ConstVector, FixedVector, TextVector, Vector
from auroraml.functions.signature import CallContext, Types, scalar
from auroraml.functions.strings import concatenate
from auroraml.types.casts import cast_vector
from auroraml.types.table import TEXT


@scalar("version()", face="datum", context=True, raises=False)
def version(ctx: CallContext) -> str:
    """PostgreSQL's version text, as Aurora prints it."""
    return f"PostgreSQL {ctx.setting('server_version')} on x86_64-pc-linux-gnu, compiled by auroraml, 64-bit"


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
    ctx.host.settings.set(name, value, local=local)
    return ctx.setting(name)


@scalar("pg_stat_reset()", face="datum", context=True)
def pg_stat_reset(ctx: CallContext) -> str:
    """Counters go back to zero."""
    ctx.host.reset_statistics()
    return ""


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
