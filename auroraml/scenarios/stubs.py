"""Stubs: models for scenarios, whose answers matter less than how long their hosting makes them take."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def score(batch: pa.Table) -> pa.Array:
    """One number a row, from 0 to below 1, told from the row's first value."""
    if not batch.num_columns:
        return pa.array(np.zeros(batch.num_rows, np.float32))
    first = batch.column(0).combine_chunks()
    if pa.types.is_string(first.type) or pa.types.is_large_string(first.type):
        first = pc.utf8_length(first)
    values = np.nan_to_num(np.asarray(pc.cast(first, pa.float64(), safe=False).fill_null(0)))
    return pa.array(((values * 0.6180339887) % 1.0).astype(np.float32))
