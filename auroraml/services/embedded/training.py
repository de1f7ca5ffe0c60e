"""Training data: a pyarrow table or a CSV file as numbers, the label apart."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pacsv

from auroraml.lazy import compute as pc
from auroraml.services.protocols import ModelFailure

Matrix = npt.NDArray[np.float64]
Source: TypeAlias = "pa.Table | str | Path"


def read(source: Source, header: bool = True) -> pa.Table:
    """The table, or the file's; a file without a header has columns f0, f1, ..."""
    if isinstance(source, pa.Table):
        return source
    return pacsv.read_csv(str(source), pacsv.ReadOptions(autogenerate_column_names=not header))


def split(table: pa.Table, label: str | int) -> tuple[Matrix, npt.NDArray[np.object_]]:
    """Features and labels (SageMaker's CSV convention puts the label first: label=0)."""
    name = label if isinstance(label, str) else table.column_names[label]
    values = table.column(name)
    return matrix(table.drop_columns([name])), np.array(values.to_pylist(), object)


def matrix(table: pa.Table) -> Matrix:
    """Columns as float64, list columns as several; NULL and empty text are NaN. ModelFailure for text that is no number."""
    columns: list[Matrix] = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        try:
            columns += _numbers(column)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
            message = f"column {name} does not hold numbers: {error}"
            raise ModelFailure(415, message) from error
    return np.column_stack(columns) if columns else np.zeros((table.num_rows, 0))


def _numbers(column: pa.ChunkedArray) -> list[Matrix]:
    array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        lengths = pc.list_value_length(array)
        width = lengths[0].as_py() if len(array) else 0
        if lengths.null_count or not pc.all(pc.equal(lengths, width)).as_py():
            raise ValueError("arrays of different lengths")
        flat = _plain(array.flatten()).reshape(len(array), width)
        return [flat[:, i] for i in range(width)]
    return [_plain(array)]


def _plain(array: pa.Array) -> Matrix:
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        trimmed = pc.utf8_trim_whitespace(array)
        array = pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, array.type), trimmed)
    if pa.types.is_boolean(array.type) or pa.types.is_date32(array.type):
        array = array.cast(pa.int8() if pa.types.is_boolean(array.type) else pa.int32())
    numbers = array.cast(pa.float64(), safe=False)
    found: Matrix = numbers.to_numpy(zero_copy_only=False)
    return found
