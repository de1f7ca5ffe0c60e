"""Results as Arrow: schemas, record batches and tables whose types follow the PostgreSQL types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import pyarrow as pa

from auroraml.batch import Batch
from auroraml.ir.logical import Output
from auroraml.types.arrow import arrow_field, to_arrow
from auroraml.types.form import TextStyle

Schema: TypeAlias = pa.Schema
DataType: TypeAlias = pa.DataType


def schema_of(columns: Sequence[Output], style: TextStyle, numeric: DataType | None = None) -> pa.Schema:
    """The schema of a result, known before its first batch; `numeric` replaces the text of numerics without a scale."""
    fields = [arrow_field(output.name, output.type, output.typmod, style.resolve) for output in columns]
    if numeric is not None:
        fields = [
            f.with_type(numeric) if c.type.name == "numeric" and pa.types.is_large_string(f.type) else f for f, c in zip(fields, columns, strict=True)
        ]
    return pa.schema(fields)


def batch_of(columns: Sequence[Output], batch: Batch, style: TextStyle, schema: Schema) -> pa.RecordBatch:
    """A batch as a record batch of `schema`."""
    if not columns:
        return pa.RecordBatch.from_struct_array(pa.array([{}] * batch.n, pa.struct([])))
    arrays = [to_arrow(output.type, output.typmod, batch.vector(i), style.resolve) for i, output in enumerate(columns)]
    return pa.RecordBatch.from_arrays([a if a.type == f.type else a.cast(f.type) for a, f in zip(arrays, schema, strict=True)], schema=schema)
