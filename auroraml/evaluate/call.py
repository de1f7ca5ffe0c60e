"""Calling a kernel on vectors: strictness, NULLs, constants and dictionaries, in one place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from auroraml.batch import DTYPES, ConstVector, DictVector, FixedVector, NumericVector, RenderedVector, TextVector, Vector, from_datums, stored
from auroraml.catalog.own_objects import NAME
from auroraml.errors import DatabaseError, FeatureNotSupported, OperationalError
from auroraml.evaluate.distinct import MANY, distinct_rows
from auroraml.evaluate.frame import Runtime, scatter
from auroraml.functions.signature import SCALARS, Kernel, Types
from auroraml.ir.objects import Function
from auroraml.lazy import compute as pc
from auroraml.lazy import load
from auroraml.types.pg_type import PgType, Rep
from auroraml.types.table import BY_OID
from auroraml.types.typmod import format_type

REPEATABLE = frozenset({*DTYPES, Rep.NUMERIC, Rep.TEXT})  # whose vectors are taken from
FEW_CODES = 8  # of a dictionary, compared with one by one


def kernel_of(function: Function) -> Kernel:
    """The kernel behind a function; FeatureNotSupported (0A000) where it has none here."""
    kernel = SCALARS.get(function.oid)
    if kernel is None and function.schema == NAME:
        load("auroraml.system_views.families")  # functions about the emulator's views stand beside them
        kernel = SCALARS.get(function.oid)
    if kernel is None:
        types = ", ".join(format_type(p.type) for p in function.inputs)
        raise FeatureNotSupported(f"function {function.name}({types}) is not supported")
    return kernel


def call(
    kernel: Kernel, function: Function, result: PgType, args: Sequence[Vector], n: int, ctx: Runtime, types: tuple[PgType, ...] = ()
) -> Vector:  # fmt: skip
    """The function's value for each of `n` rows."""
    if args and n and function.volatility != "v" and all(isinstance(arg, ConstVector) for arg in args):
        one = call(kernel, function, result, [arg.one for arg in args], 1, ctx, types)  # type: ignore[attr-defined]
        return ConstVector(one, n)
    if not n and kernel.raises:
        return null(result).take(np.zeros(0, np.int64))  # constants may be there of which nobody wants the value
    validity = None
    if function.strict:
        for arg in args:
            if isinstance(arg, ConstVector) and not arg.one.valid[0]:
                return ConstVector(null(result), n)
            if arg.validity is not None:
                validity = arg.validity if validity is None else validity & arg.validity
        if validity is not None:
            if validity.all():
                validity = None
            elif not validity.any():
                return ConstVector(null(result), n)
            elif kernel.sure is not None and (known := kernel.sure(*args)) is not None:
                return (known if known.n == n else known.take(np.zeros(n, np.int64))).with_validity(validity)
            elif kernel.raises or kernel.face == "datum":
                index = np.flatnonzero(validity)
                return scatter(_by_dictionary(kernel, function, result, [arg.take(index) for arg in args], len(index), ctx, types), index, n)
    found = _by_dictionary(kernel, function, result, args, n, ctx, types)
    return found if validity is None else found.with_validity(validity if found.validity is None else validity & found.validity)


def null(type: PgType) -> Vector:
    """One NULL of `type`."""
    element = BY_OID.get(type.element) if type.is_array else None
    return from_datums(type, [None], element or (BY_OID[25] if type.is_array else None))


def _by_dictionary(
    kernel: Kernel, function: Function, result: PgType, args: Sequence[Vector], n: int, ctx: Runtime, types: tuple[PgType, ...]
) -> Vector:
    """Where one argument is a dictionary and the rest are constants, compute over the dictionary only."""
    varying = [i for i, arg in enumerate(args) if not isinstance(arg, ConstVector)]
    if len(varying) == 1 and isinstance(args[varying[0]], DictVector) and function.volatility == "i" and function.strict:
        column = args[varying[0]]
        assert isinstance(column, DictVector)
        if 0 < column.dictionary.n < n:
            size = column.dictionary.n
            small = [column.dictionary if i == varying[0] else ConstVector(arg.one, size) for i, arg in enumerate(args)]  # type: ignore[attr-defined]
            try:
                return looked_up(_apply(kernel, function, result, small, size, ctx, types), column.codes)
            except OperationalError:
                raise
            except (DatabaseError, LookupError, ValueError):
                pass  # perhaps of a value that no row has, or a text in the place of NULL: the rows themselves decide
    return _apply(kernel, function, result, args, n, ctx, types)


def looked_up(table: Vector, codes: np.ndarray) -> Vector:
    """What `table` has for each code: where it says true or false, by comparing with the codes that differ from the rest, if they are few."""
    if isinstance(table, FixedVector) and table.validity is None and table.values.dtype == np.bool_:
        hits = np.flatnonzero(table.values)
        rest = len(table.values) - len(hits)
        if min(len(hits), rest) <= FEW_CODES:
            few = hits if len(hits) <= rest else np.flatnonzero(~table.values)
            found = np.zeros(len(codes), np.bool_)
            for code in few.tolist():
                found |= codes == code
            return FixedVector(found if len(hits) <= rest else ~found)
    if isinstance(table, TextVector) and table.validity is None and not isinstance(table, RenderedVector):
        encoded = pc.dictionary_encode(table.values)
        places = encoded.indices.to_numpy(zero_copy_only=False)
        return DictVector(places.take(codes, mode="clip"), TextVector(encoded.dictionary))
    return table.take(codes)


def _apply(kernel: Kernel, function: Function, result: PgType, args: Sequence[Vector], n: int, ctx: Runtime, types: tuple[PgType, ...]) -> Vector:
    extra: tuple[object, ...] = (ctx,) if kernel.context else ()
    if kernel.typed:
        extra = (*extra, Types(args=types, result=result))
    if kernel.face in ("numpy", "stored"):
        values = kernel.function(*extra, *[_numpy(arg, kernel.face == "stored") for arg in args])
        if isinstance(values, Vector):
            return values if values.n == n else ConstVector(values, n)
        array = np.asarray(values)
        return FixedVector(array if array.shape == (n,) else np.broadcast_to(array, (n,)))
    if kernel.face == "arrow":
        answer = kernel.function(*extra, *[_arrow(arg) for arg in args])
        return FixedVector(answer) if isinstance(answer, np.ndarray) else from_arrow(result, answer, n)
    if kernel.face == "datum":
        if n >= MANY and kernel.columns is not None:
            known = kernel.columns(*(extra if kernel.typed else ()), *args) if args else kernel.columns(ctx, n)
            if known is not None:
                return known if known.n == n else ConstVector(known, n)
        alike = distinct_rows(args, n) if n >= MANY and function.volatility != "v" and result.rep in REPEATABLE else None
        if alike is not None:
            numbers, first = alike
            asked = [arg if isinstance(arg, ConstVector) else arg.take(first) for arg in args]
            asked = [ConstVector(arg.one, len(first)) if isinstance(arg, ConstVector) else arg for arg in asked]
            made = _apply(kernel, function, result, asked, len(first), ctx, types)
            return made.repeated(numbers) if isinstance(made, TextVector) else made.take(numbers)
        columns = [arg.datums() if not isinstance(arg, ConstVector) else [arg.one.datum(0)] * n for arg in args]
        # A function of Python values: the long tail of functions for which no array library has a kernel.
        values = [kernel.function(*extra, *row) for row in zip(*columns, strict=True)] if columns else [kernel.function(*extra) for _ in range(n)]
        return from_datums(result, values, ctx.style.resolve(result.element) if result.is_array and result.element else None)
    found = kernel.function(*extra, *args)
    if found.n != n:
        return ConstVector(found, n)
    return found  # type: ignore[no-any-return] # kernels of this face return vectors


def _numpy(arg: Vector, narrow: bool) -> np.ndarray:
    if isinstance(arg, ConstVector):
        arg = arg.one
    flat = arg.flat()
    assert isinstance(flat, FixedVector | NumericVector)
    return stored(flat) if narrow else flat.values


def _arrow(arg: Vector) -> pa.Array | pa.Scalar:
    if isinstance(arg, ConstVector):
        one = arg.one.flat()
        return one.values[0] if isinstance(one, TextVector) else pa.scalar(one.datum(0))
    flat = arg.flat()
    if isinstance(flat, TextVector):
        return flat.values
    assert isinstance(flat, FixedVector)
    return pa.array(flat.values)


def from_arrow(result: PgType, array: pa.Array | pa.Scalar, n: int) -> Vector:
    """A kernel's Arrow answer as a vector of the result's representation."""
    if isinstance(array, pa.Scalar):
        array = pa.array([array.as_py()] * 1, array.type)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    validity = None if array.null_count == 0 else np.asarray(array.is_valid())
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        array = array.cast(pa.large_string())
        vector: Vector = TextVector(array if validity is None else array.fill_null(""), validity)
    elif pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type):
        array = array.cast(pa.large_binary())
        vector = TextVector(array if validity is None else array.fill_null(b""), validity)
    else:
        filled = array if validity is None else array.fill_null(False if pa.types.is_boolean(array.type) else 0)
        vector = FixedVector(filled.to_numpy(zero_copy_only=False), validity)
    return vector if vector.n == n else ConstVector(vector, n)
