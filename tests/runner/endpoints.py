"""The endpoints that golden files call."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def first(rows: pa.Table) -> list[object]:
    """The first argument of each row."""
    return [str(value) for value in rows.column(0).to_pylist()]


def length(rows: pa.Table) -> pa.Array:
    """The length of the first argument."""
    return pc.utf8_length(rows.column(0).cast(pa.string())).combine_chunks()


ENDPOINTS: dict[str, object] = {"first-endpoint": first, "length-endpoint": length, "anomaly-endpoint": length, "echo-endpoint": first}
