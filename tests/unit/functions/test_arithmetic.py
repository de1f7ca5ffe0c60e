"""Whole numbers by bounds and by checks: the same results, and PostgreSQL's errors at the borders of types."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from auroraml.batch import ConstVector, FixedVector, Vector, from_datums
from auroraml.catalog.builtins import builtin_function
from auroraml.errors import NumericValueOutOfRange
from auroraml.evaluate.call import call
from auroraml.functions import arithmetic
from auroraml.functions.comparison import FLIPPED
from auroraml.functions.signature import SCALARS, oid_of
from auroraml.storage.columns import column_of
from auroraml.types.table import BY_NAME

BITS = {"int2": 16, "int4": 32, "int8": 64}
COMPUTE: dict[str, Callable[[int, int], int]] = {"pl": operator.add, "mi": operator.sub, "mul": operator.mul}


def _stored(name: str, values: list[int]) -> Vector:
    column = column_of(BY_NAME[name], None)
    column.append(from_datums(BY_NAME[name], list(values)))
    return column.vector


@pytest.mark.parametrize("type", sorted(BITS))
@pytest.mark.parametrize("name", sorted(COMPUTE))
@pytest.mark.parametrize("bounded", [True, False])
def test_borders(type: str, name: str, bounded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pair of numbers near the borders of every width, as columns and against a constant."""
    if not bounded:
        monkeypatch.setattr(arithmetic, "_within", lambda symbol, x, y, rep: None)
    bits = BITS[type]
    least, most = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    near = sorted(
        {n for edge in (0, 127, -128, 32_767, least, most, least // 2, most // 2) for n in (edge - 1, edge, edge + 1) if least <= n <= most}
    )
    kernel = SCALARS[oid_of(f"{type}{name}({type},{type})")]
    for a in near:
        for b in near:
            wanted = COMPUTE[name](a, b)
            for right in (_stored(type, [b]), ConstVector(from_datums(BY_NAME[type], [b]), 1)):
                if least <= wanted <= most:
                    found = kernel.function(_stored(type, [a]), right)
                    assert found.datums() == [wanted]
                    assert found.flat().values.dtype == np.dtype(f"int{bits}")
                else:
                    with pytest.raises(NumericValueOutOfRange):
                        kernel.function(_stored(type, [a]), right)


def test_overflow_only_where_a_row_has_it() -> None:
    """Bounds that allow an overflow which no row has: the rows decide."""
    kernel = SCALARS[oid_of("int4mul(int4,int4)")]
    found = kernel.function(_stored("int4", [2**31 - 1, 1]), _stored("int4", [1, 2**31 - 1]))
    assert found.datums() == [2**31 - 1, 2**31 - 1]


def test_nulls_are_no_rows() -> None:
    """What lies under a NULL neither fails nor shows, whether bounds prove it or not."""
    for values, other in (([5, None, -7], 3), ([2**31 - 1, None, 1], 0), ([2**31 - 2, None, 1], 1)):
        column = from_datums(BY_NAME["int4"], values)
        assert isinstance(column, FixedVector)
        function = builtin_function(oid_of("int4pl(int4,int4)"))
        assert function is not None
        ctx: Any = None  # the kernel asks for none
        found = call(SCALARS[function.oid], function, BY_NAME["int4"], [column, ConstVector(from_datums(BY_NAME["int4"], [other]), 3)], 3, ctx)
        assert found.datums() == [None if v is None else v + other for v in values]


@pytest.mark.parametrize("name", sorted(FLIPPED))
def test_floats_against_one(name: str) -> None:
    """NaN equals NaN and is above everything, infinity too; either way round."""
    values = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.5])
    run = SCALARS[oid_of(f"float8{name}(float8,float8)")].function
    for one in values:
        many = np.full(len(values), one)
        assert run(values, many[:1]).tolist() == run(values, many).tolist()
        assert run(many[:1], values).tolist() == run(many, values).tolist()
