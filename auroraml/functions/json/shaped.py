"""Kernels over many documents at once, by their shapes: for functions that move the values of documents about and look at none of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from auroraml.batch import ConstVector, Index, TextVector, Vector
from auroraml.functions.signature import SCALARS, oid_of
from auroraml.lazy import compute as pc
from auroraml.types.json import MANY, read_json, write_jsonb
from auroraml.types.json_shapes import TEXT, changed, expanded

Columns = Callable[..., Vector | None]


def by_columns(signature: str, columns: Columns) -> None:
    """Give the kernel of a function its way over whole columns."""
    oid = oid_of(signature)
    SCALARS[oid] = replace(SCALARS[oid], columns=columns)


def by_shape(function: Callable[..., str | None], *, objects: bool = False) -> Columns:
    """The `columns` of a kernel of a document and constants; `objects`: only where none of the documents is an array."""

    def run(documents: Vector, *others: Vector) -> Vector | None:
        if not isinstance(documents, TextVector) or not all(isinstance(other, ConstVector) for other in others):
            return None
        if objects and pc.any(pc.starts_with(documents.values, "[")).as_py():
            return None
        given = [other.one.datum(0) for other in others]  # type: ignore[attr-defined] # constants
        return TextVector(*changed(documents.values, lambda text: function(text, *given)))

    return run


def _texts(vector: Vector) -> pa.Array | pa.Scalar:
    found = (vector.one if isinstance(vector, ConstVector) else vector).flat()
    assert isinstance(found, TextVector)
    return found.values[0] if isinstance(vector, ConstVector) else found.values


def by_two_shapes(function: Callable[..., str | None], place: int) -> Columns:
    """The same of the first argument and the one at `place`, both jsonb; the others are constants."""

    def run(*args: Vector) -> Vector | None:
        others = [arg for number, arg in enumerate(args) if number not in (0, place)]
        if not all(isinstance(other, ConstVector) for other in others):
            return None
        given = [other.one.datum(0) for other in others]  # type: ignore[attr-defined] # constants
        pairs = pc.binary_join_element_wise(
            pa.scalar("[", TEXT), _texts(args[0]), pa.scalar(", ", TEXT), _texts(args[place]), pa.scalar("]", TEXT), pa.scalar("", TEXT)
        )  # fmt: skip

        def change(text: str) -> str | None:
            first, second = map(write_jsonb, read_json(text))  # type: ignore[arg-type] # a list of two
            values: list[object] = [first, *given]
            values.insert(place, second)
            return function(*values)

        return TextVector(*changed(pairs, change))

    return run


Rows = Callable[[str], Sequence[tuple[str | None, ...]]]


def rows_by_shape(function: Rows, columns: int) -> Callable[[Vector], tuple[list[Vector], Index]]:
    """What makes rows of all documents, of what makes rows of one."""

    def run(documents: Vector) -> tuple[list[Vector], Index]:
        texts = documents.flat()
        assert isinstance(texts, TextVector)
        if texts.n >= MANY:
            made, counts = expanded(texts.values, lambda text: list(function(text)), columns)
            return [TextVector(*column) for column in made], counts
        found = [function(text) for text in texts.values.to_pylist()]  # few
        vectors: list[Vector] = []
        for number in range(columns):
            column = pa.array([row[number] for rows in found for row in rows], TEXT)
            known = column.is_valid().to_numpy(zero_copy_only=False) if column.null_count else None
            vectors.append(TextVector(column.fill_null("") if column.null_count else column, known))
        return vectors, np.array([len(rows) for rows in found], np.int64)

    return run
