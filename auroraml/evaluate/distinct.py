"""Rows whose arguments are the same to the last bit: a function that takes long is asked once for all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auroraml.batch import ConstVector, DictVector, FixedVector, Index, NumericVector, TextVector, Vector, limbs_of, shown
from auroraml.evaluate.keys import Codes, combine, numbered, plain_codes

MANY = 256  # rows from which looking for equal ones is worth while
SHARE = 0.8  # of the rows: more distinct ones are asked one by one


def distinct_rows(args: Sequence[Vector], n: int) -> tuple[Index, Index] | None:
    """Which of the distinct rows each row is, and the first row of each, in the order of their appearance; None where most rows differ, or nobody can tell."""
    parts: list[tuple[Codes, int]] = []
    for arg in args:
        if not isinstance(arg, ConstVector):
            found = _identity(arg)
            if found is None:
                return None
            parts += found
    numbers, count, first = numbered(*combine(parts, n))
    return (numbers, first) if count <= SHARE * n else None


def _identity(vector: Vector) -> list[tuple[Codes, int]] | None:
    """Codes that are equal where values are the same and look the same: 1.0 is not 1.00, nor 0 -0."""
    if vector.validity is not None:
        return None
    if isinstance(vector, DictVector):
        return [(vector.codes.astype(np.int64), max(vector.dictionary.n, 1))]
    if isinstance(vector, TextVector):
        return [plain_codes(vector.values)]
    if isinstance(vector, FixedVector):
        values = vector.values
        fields = [values] if values.dtype.names is None else [np.ascontiguousarray(values[name]) for name in values.dtype.names]
        return [plain_codes(_bits(field)) for field in fields]
    exact = limbs_of(vector) if isinstance(vector, NumericVector) else None
    if exact is None:
        return None
    assert isinstance(vector, NumericVector)
    scales = shown(vector)
    return [plain_codes(limb) for limb in exact[0]] + ([] if isinstance(scales, int) else [plain_codes(scales)])


def _bits(values: np.ndarray) -> np.ndarray:
    """Floats as the whole numbers that have their bits."""
    return values.view(np.int64 if values.dtype.itemsize == 8 else np.int32) if values.dtype.kind == "f" else values
