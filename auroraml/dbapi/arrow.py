"""Results as Arrow: schemas, record batches and tables whose types follow the PostgreSQL types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import pyarrow as pa

from auroraml.batch import Batch
from auroraml.ir.logical import Output
from auroraml.types.arrow import arrow_type, to_arrow

Schema: TypeAlias = pa.Schema


def schema_of(columns: Sequence[Output]) -> pa.Schema:
    """The schema of a result, known before its first batch."""
    return pa.schema([arrow_field(output) for output in columns])


def arrow_field(output: Output) -> pa.Field:
    """The field of one column; `auroraml.type` in its metadata names the PostgreSQL type."""
    return pa.field(output.name, arrow_type(output.type, output.typmod), metadata={"auroraml.type": output.type.name})


def batch_of(columns: Sequence[Output], batch: Batch) -> pa.RecordBatch:
    """A batch as a record batch of `columns`' schema."""
    schema = schema_of(columns)
    arrays = [to_arrow(output.type, output.typmod, batch.vector(i)) for i, output in enumerate(columns)]
    if not arrays:
        return pa.RecordBatch.from_struct_array(pa.array([{}] * batch.n, pa.struct([])))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def table_of(columns: Sequence[Output], batches: Sequence[Batch]) -> pa.Table:
    """Batches as one table."""
    return pa.Table.from_batches([batch_of(columns, batch) for batch in batches], schema=schema_of(columns))
