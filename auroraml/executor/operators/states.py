"""States of aggregates: what a partial aggregate hands on for each group, and how the final one makes the value of them.

Sums, counts and extremes are their own states, averages keep a sum and a count. The rest keep their rows: PostgreSQL's states of variances
and regressions combine to values that depend on who saw which rows; over all rows together they come out as without workers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auroraml.batch import FixedVector, Index, ListVector, NumericVector, StructVector, Vector
from auroraml.errors import FeatureNotSupported, NumericValueOutOfRange
from auroraml.evaluate.call import null
from auroraml.executor.operators.folding import WHOLE, average_state, extreme
from auroraml.functions.aggregates.basic import averages, sum_bigint, sum_numeric, valid_rows
from auroraml.functions.aggregates.floats import sum_float
from auroraml.functions.aggregates.group_rows import group_rows
from auroraml.functions.signature import AGGREGATES, CallContext, Types
from auroraml.ir import expr as e
from auroraml.types.pg_type import PgType
from auroraml.types.typmod import format_type

SELF_COMBINING = frozenset({"min", "max", "bool_and", "bool_or", "every", "bit_and", "bit_or", "bit_xor"})
EXACT, FLOATS = (*WHOLE, "numeric"), ("float4", "float8")


def aggregate_kernel(call: e.Aggregate, types: Sequence[PgType], args: Sequence[Vector], codes: Index, count: int, ctx: CallContext) -> Vector:
    """An aggregate's value for each group from its arguments, which are of `types`."""
    if call.function.name in ("min", "max") and len(args) == 1:
        return extreme(args[0], types[0], codes, count, call.function.name == "max")
    kernel = AGGREGATES.get(call.function.oid)
    if kernel is None:
        shown = ", ".join(format_type(x.type) for x in call.function.inputs)
        raise FeatureNotSupported(f"function {call.function.name}({shown}) is not supported")
    extra: tuple[object, ...] = (ctx,) if kernel.context else ()
    if kernel.typed:
        extra = (*extra, Types(args=tuple(types), result=call.type))
    return kernel.function(*extra, [a.flat() for a in args], codes, count)  # type: ignore[no-any-return] # aggregates return vectors


def _input(call: e.Aggregate) -> str:
    """The type of the function's first argument."""
    return call.function.inputs[0].type.name if call.function.inputs else ""


def _is_average(call: e.Aggregate) -> bool:
    return call.function.name == "avg" and _input(call) in EXACT + FLOATS


def sums_exactly(call: e.Aggregate) -> bool:
    """Whether a call adds up exact numbers."""
    return call.function.name in ("sum", "avg") and _input(call) in EXACT and call.function.oid in AGGREGATES


def keeps_rows(call: e.Aggregate) -> bool:
    """Whether the state of a call is the rows it has seen."""
    return not (call.function.name in ("count", "sum") or call.function.name in SELF_COMBINING or _is_average(call))


def is_mergeable(call: e.Aggregate) -> bool:
    """Whether states of parts of the rows make the state of all; sums of floats depend on how they are split."""
    return not keeps_rows(call) and not (call.function.name in ("sum", "avg") and _input(call) in FLOATS)


def state_of(call: e.Aggregate, args: Sequence[Vector], codes: Index, count: int, ctx: CallContext) -> Vector:
    """The state of each group."""
    if _is_average(call):
        kind = _input(call)
        counts = group_rows(codes, count).counts if args[0].validity is None else np.bincount(codes[args[0].valid], minlength=count)
        if kind in FLOATS:
            wide = args[0].flat()
            assert isinstance(wide, FixedVector)
            total = sum_float([FixedVector(wide.values.astype(np.float64), wide.validity)], codes, count)
        else:
            total = (sum_bigint if kind in WHOLE else sum_numeric)([args[0].flat()], codes, count)
        return average_state(total, counts)
    if keeps_rows(call):
        order = np.argsort(codes, kind="stable")
        offsets = np.zeros(count + 1, np.int64)
        np.cumsum(np.bincount(codes, minlength=count), out=offsets[1:])
        return StructVector([ListVector(offsets, arg.flat().take(order)) for arg in args], count)
    return aggregate_kernel(call, [a.type for a in call.args], args, codes, count, ctx)


def combined(call: e.Aggregate, states: Vector, codes: Index, count: int, ctx: CallContext) -> Vector:
    """The value of each group from the states of its parts (`call` is the final one, over states)."""
    flat = states.flat()
    if not flat.n:
        return _of_nothing(call, count, ctx)
    name = call.function.name
    if name == "count":
        assert isinstance(flat, FixedVector)
        return FixedVector(_sums(flat.values, codes, count))
    if _is_average(call):
        assert isinstance(flat, StructVector)
        return _average(call, flat, codes, count)
    if keeps_rows(call):
        assert isinstance(flat, StructVector)
        return _over_rows(call, flat, codes, count, ctx)
    if name == "sum" and call.type.name == "int8":
        return _whole(sum_bigint([flat], codes, count))
    if name == "sum" and call.type.name == "numeric":
        return sum_numeric([flat], codes, count)
    return aggregate_kernel(call, [call.type], [flat], codes, count, ctx)


def merged(call: e.Aggregate, states: Vector, codes: Index, count: int, ctx: CallContext) -> Vector:
    """The state of each group from the states of its parts (`call` is no final one, and mergeable)."""
    flat = states.flat()
    if not _is_average(call):
        return combined(call, flat, codes, count, ctx)
    assert isinstance(flat, StructVector)
    total, numbers = flat.fields
    assert isinstance(numbers, FixedVector)
    return average_state(sum_numeric([total.flat()], codes, count), _sums(numbers.values, codes, count))


def _of_nothing(call: e.Aggregate, count: int, ctx: CallContext) -> Vector:
    """The value over no rows at all."""
    nothing = [null(x.type).take(np.zeros(0, np.int64)) for x in call.function.inputs]
    return aggregate_kernel(call, [x.type for x in call.function.inputs], nothing, np.zeros(0, np.int64), count, ctx)


def _sums(values: np.ndarray, codes: Index, count: int) -> np.ndarray:
    out = np.zeros(count, np.int64)
    np.add.at(out, codes, values)
    return out


def _average(call: e.Aggregate, states: StructVector, codes: Index, count: int) -> Vector:
    total, numbers = states.fields
    assert isinstance(numbers, FixedVector)
    counts = _sums(numbers.values, codes, count)
    known = None if (counts > 0).all() else counts > 0
    if _input(call) in FLOATS:
        rows, some = valid_rows(total, codes, count)
        sums = sum_float([rows], some, count)
        assert isinstance(sums, FixedVector)
        return FixedVector(sums.values / np.maximum(counts, 1), known)
    found = sum_numeric([total.flat()], codes, count)
    assert isinstance(found, NumericVector)
    return averages(found, counts, known)


def _over_rows(call: e.Aggregate, states: StructVector, codes: Index, count: int, ctx: CallContext) -> Vector:
    args: list[Vector] = []
    owners = codes
    for field in states.fields:
        assert isinstance(field, ListVector)
        owners = np.repeat(codes, np.diff(field.offsets))
        args.append(field.child.slice(int(field.offsets[0]), int(field.offsets[-1])))
    return aggregate_kernel(call, [x.type for x in call.function.inputs], args, owners, count, ctx)


def _whole(total: Vector) -> Vector:
    """A numeric sum as a bigint."""
    assert isinstance(total, NumericVector)
    if total.scale == 0:
        return FixedVector(total.values, total.validity)
    numbers = total.as_objects().values
    if any(not -(2**63) <= int(number) < 2**63 for number in numbers):  # one value a group
        raise NumericValueOutOfRange("bigint out of range")
    return FixedVector(np.array([int(number) for number in numbers], np.int64), total.validity)
