"""Registering data: what Python offers as tables becomes named columns of vectors."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from auroraml.batch import Batch
from auroraml.errors.base import ProgrammingError
from auroraml.ir.logical import Output
from auroraml.types.arrow import from_arrow


def table_from(data: object) -> pa.Table:
    """`data` as a pa.Table, without a copy where its owner allows it."""
    if isinstance(data, pa.Table):
        return data
    if isinstance(data, pa.RecordBatch):
        return pa.Table.from_batches([data])
    if isinstance(data, pa.RecordBatchReader):
        return data.read_all()
    if isinstance(data, str | os.PathLike):
        path = Path(data)
        return pacsv.read_csv(path) if path.suffix in (".csv", ".gz") else pq.read_table(path)
    if isinstance(data, dict):
        return pa.table(data)
    if callable(getattr(data, "__arrow_c_stream__", None)):
        return pa.RecordBatchReader.from_stream(data).read_all()
    if type(data).__module__.split(".")[0] == "pandas":
        return pa.Table.from_pandas(data, preserve_index=False)
    raise ProgrammingError(f"cannot make a table of a {type(data).__name__}")


def columns_of(data: object) -> tuple[tuple[Output, ...], Batch]:
    """The columns (ids are attribute numbers) and rows of `data`."""
    table = table_from(data)
    outputs, vectors = [], []
    for number, (field, column) in enumerate(zip(table.schema, table.columns, strict=True), 1):
        type, typmod, vector = from_arrow(column)
        outputs.append(Output(id=number, name=field.name, type=type, typmod=typmod))
        vectors.append(vector)
    return tuple(outputs), Batch.of(vectors, table.num_rows)
