"""Source, Rows, Column, Batch: what storage makes, evaluate computes over, operators pass and services take."""

from auroraml.batch.batch import Batch, Column, Rows, concat_batches
from auroraml.batch.vector import (
    DTYPES,
    INTERVAL_DTYPE,
    POINT_DTYPE,
    ConstVector,
    Datum,
    DictVector,
    FixedVector,
    Index,
    ListVector,
    Mask,
    NumericVector,
    RenderedVector,
    StructVector,
    TextVector,
    Vector,
    concat,
    from_datums,
)

__all__ = [
    "DTYPES", "INTERVAL_DTYPE", "POINT_DTYPE", "Batch", "Column", "ConstVector", "Datum", "DictVector", "FixedVector", "Index",
    "ListVector", "Mask", "NumericVector", "RenderedVector", "Rows", "StructVector", "TextVector", "Vector", "concat", "concat_batches", "from_datums",
]  # fmt: skip
