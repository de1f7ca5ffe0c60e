"""Source, Rows, Column, Batch: what storage makes, evaluate computes over, operators pass and services take."""

from auroraml.batch.batch import Batch, Column, Rows, concat_batches
from auroraml.batch.vector import (
    DTYPES,
    EMPTY_RANGE,
    INTERVAL_DTYPE,
    LOWER_INC,
    LOWER_INF,
    POINT_DTYPE,
    UPPER_INC,
    UPPER_INF,
    ConstVector,
    Datum,
    DictVector,
    FixedVector,
    Index,
    ListVector,
    Mask,
    NumericVector,
    RangeVector,
    RenderedVector,
    StructVector,
    TextVector,
    Vector,
    concat,
    from_datums,
    range_flags,
)

__all__ = [
    "DTYPES", "EMPTY_RANGE", "INTERVAL_DTYPE", "LOWER_INC", "LOWER_INF", "POINT_DTYPE", "UPPER_INC", "UPPER_INF", "Batch", "Column",
    "ConstVector", "Datum", "DictVector", "FixedVector", "Index", "ListVector", "Mask", "NumericVector", "RangeVector", "RenderedVector", "Rows",
    "StructVector", "TextVector", "Vector", "concat", "concat_batches", "from_datums", "range_flags",
]  # fmt: skip
