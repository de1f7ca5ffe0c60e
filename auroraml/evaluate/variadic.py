"""VARIADIC array given to a VARIADIC "any" parameter: its elements are the arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from auroraml.batch import ConstVector, Index, ListVector, Vector, concat
from auroraml.evaluate.call import call, kernel_of, null
from auroraml.evaluate.calling import counted
from auroraml.evaluate.frame import Frame
from auroraml.ir import expr as e
from auroraml.services.request import check_dimensions
from auroraml.types.pg_type import PgType

FORMAT = 3539  # format(text, "any") takes a NULL array for an empty one
Evaluator = Callable[[Frame], Vector]
NOT_NULL = frozenset({"format"})  # to which a NULL array is no argument


def spread_call(expr: e.Call, args: Sequence[Evaluator]) -> Evaluator:
    """Rows whose arrays are of one length are computed together; a NULL array gives NULL (or is none, to those of NOT_NULL)."""
    kernel = kernel_of(expr.function)
    none_is_empty = expr.function.oid == FORMAT
    missing = 0 if expr.function.name in NOT_NULL else -1

    def once(frame: Frame, values: Sequence[Vector]) -> Vector:
        lists = values[-1].flat()
        if not isinstance(lists, ListVector):
            return ConstVector(null(expr.type), frame.n)
        if expr.function.batch:
            check_dimensions(lists)
        element = frame.ctx.style.resolve(expr.args[-1].type.element)
        sizes = np.where(lists.valid, np.diff(lists.offsets), missing)
        parts: list[Vector] = []
        rows: list[Index] = []
        for size in np.unique(sizes).tolist():  # distinct lengths, not rows
            index = np.flatnonzero(sizes == size)
            rows.append(index)
            if size < 0 and not none_is_empty:
                parts.append(ConstVector(null(expr.type), len(index)).flat())
                continue
            spread = [lists.child.take(lists.offsets[index] + i) for i in range(max(size, 0))]
            types: tuple[PgType, ...] = (*(a.type for a in expr.args[:-1]), *[element] * max(size, 0))
            given = [value.take(index) for value in values[:-1]]
            parts.append(call(kernel, expr.function, expr.type, [*given, *spread], len(index), frame.ctx, types).flat())
        if not parts:
            return ConstVector(null(expr.type), frame.n)
        place = np.empty(frame.n, np.int64)
        place[np.concatenate(rows)] = np.arange(frame.n)
        return concat(parts).take(place)

    def run(frame: Frame) -> Vector:
        values = [arg(frame) for arg in args]
        return once(frame, values) if expr.function.schema == "pg_catalog" else counted(expr.function, frame, values, once, expr.type)

    return run
