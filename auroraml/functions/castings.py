"""The functions behind casts: types.casts under the OIDs of pg_cast."""

from __future__ import annotations

from collections.abc import Callable

from auroraml.batch import ConstVector, Vector
from auroraml.functions.signature import SCALARS, CallContext, Kernel
from auroraml.types.casts import KERNELS, cast_vector, find_cast
from auroraml.types.data import CASTS
from auroraml.types.pg_type import PgType
from auroraml.types.table import BY_OID


def _kernel(source: PgType, target: PgType) -> Callable[..., Vector]:
    plain = KERNELS[source.oid, target.oid]

    def run(ctx: CallContext, vector: Vector, *_: Vector) -> Vector:
        if vector.n == 1:
            return plain(vector.flat(), ctx.style)
        if isinstance(vector, ConstVector):
            return ConstVector(cast_vector(source, target, -1, vector.one, ctx.style), vector.n)
        return cast_vector(source, target, -1, vector, ctx.style)

    return run


def _register() -> None:
    for source, target, function, _, _ in CASTS:
        if function and (source, target) in KERNELS and find_cast(BY_OID[source], BY_OID[target]) is not None:
            SCALARS.setdefault(function, Kernel(function=_kernel(BY_OID[source], BY_OID[target]), context=True))


_register()
