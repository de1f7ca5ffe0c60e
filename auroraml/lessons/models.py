"""The models behind the lessons' endpoints: small functions that give every row an answer of its own."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def anomaly(rows: pa.Table) -> pa.Array:
    """How unusual a description is, from 0 to 1: the share of its characters that are upper case, digits or marks."""
    texts = rows.column(0).combine_chunks()
    plain = pc.utf8_length(pc.replace_substring_regex(texts, "[^a-z ]", ""))
    length = pc.max_element_wise(pc.utf8_length(texts), 1)
    return pc.round(pc.subtract(1.0, pc.divide(pc.cast(plain, pa.float64()), length)), 3)


def churn(rows: pa.Table) -> pa.Array:
    """The chance that a customer leaves, from months as a customer and calls to support."""
    months, calls = (pc.cast(column, pa.float64()) for column in rows.columns[:2])
    odds = pc.exp(pc.subtract(pc.multiply(0.6, calls), pc.multiply(0.08, months)))
    return pc.round(pc.divide(odds, pc.add(odds, 1.0)), 3).combine_chunks()
