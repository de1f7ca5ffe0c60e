"""Registering data: what Python offers as tables becomes named columns of vectors."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa

from auroraml import lazy
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
        return _file(Path(data))
    if isinstance(data, dict):
        return pa.table(data)
    if callable(getattr(data, "__arrow_c_stream__", None)):
        return pa.RecordBatchReader.from_stream(data).read_all()
    if callable(getattr(data, "__arrow_c_array__", None)):
        return pa.Table.from_batches([pa.record_batch(data)])
    if type(data).__module__.split(".")[0] == "pandas":  # before 2.2
        return pa.Table.from_pandas(data, preserve_index=False)
    raise ProgrammingError(f"cannot make a table of a {type(data).__name__}")


def _file(path: Path) -> pa.Table:
    """A Parquet file unless the name says CSV or Arrow; each reader is loaded when it is needed."""
    name = path.name.removesuffix(".gz")
    if name.endswith(".csv"):
        return lazy.load("pyarrow.csv").read_csv(path)
    if name.endswith((".arrow", ".feather")):
        return lazy.load("pyarrow.feather").read_table(path)
    return lazy.load("pyarrow.parquet").read_table(path)


def columns_of(data: object) -> tuple[tuple[Output, ...], Batch]:
    """The columns (ids are attribute numbers) and rows of `data`."""
    table = table_from(data)
    outputs, vectors = [], []
    for number, (field, column) in enumerate(zip(table.schema, table.columns, strict=True), 1):
        type, typmod, vector = from_arrow(column)
        outputs.append(Output(id=number, name=field.name, type=type, typmod=typmod))
        vectors.append(vector)
    return tuple(outputs), Batch.of(vectors, table.num_rows)
