"""Source, Rows, Column, Batch: what storage makes, evaluate computes over, operators pass and services take."""

from auroraml.batch.batch import Batch, Column, Rows, concat_batches
from auroraml.batch.vector import (
    ConstVector,
    Datum,
    DictVector,
    FixedVector,
    Index,
    ListVector,
    Mask,
    NumericVector,
    StructVector,
    TextVector,
    Vector,
    concat,
    from_datums,
)

__all__ = [
    "Batch", "Column", "ConstVector", "Datum", "DictVector", "FixedVector", "Index", "ListVector", "Mask", "NumericVector",
    "Rows", "StructVector", "TextVector", "Vector", "concat", "concat_batches", "from_datums",
]  # fmt: skip
