"""COPY's two formats: options, columns of text, and how they are written."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from auroraml.errors import BadCopyFileFormat
from auroraml.lazy import compute as pc
from auroraml.records import dataclass


@dataclass(frozen=True, kw_only=True)
class Format:
    """COPY's options, defaults filled in; `force_*` are column positions."""

    csv: bool = False
    delimiter: str = "\t"
    null: str = "\\N"
    header: bool = False
    match: bool = False  # HEADER MATCH
    quote: str = '"'
    escape: str = '"'
    force_quote: frozenset[int] = frozenset()
    force_not_null: frozenset[int] = frozenset()
    force_null: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Texts:
    """Fields by column: `values` are large_string arrays with NULLs where the file has them; `lines` numbers each row's line."""

    values: tuple[pa.Array, ...]
    lines: np.ndarray
    n: int
    raw: Sequence[str] = ()  # the lines, for error contexts
    failure: BadCopyFileFormat | None = None  # of the row that ends it, whose fields may be read first


def write(columns: Sequence[pa.Array], n: int, format: Format) -> str:
    """The rows as COPY TO writes them; columns are large_string arrays with NULLs."""
    if n == 0:
        return ""
    if not columns:
        return "\n" * n
    quote = _quote_csv if format.csv else _escape_text
    texts = [pc.fill_null(quote(column, i, len(columns), format), format.null) for i, column in enumerate(columns)]
    joined = pc.binary_join_element_wise(*texts, pa.scalar(format.delimiter, pa.large_string()))
    return "\n".join(joined.to_pylist()) + "\n"


def header(names: Sequence[str], format: Format) -> str:
    """The header line."""
    return write([pa.array([name], pa.large_string()) for name in names], 1, format)


def _escape_text(column: pa.Array, i: int, width: int, format: Format) -> pa.Array:
    column = pc.replace_substring(column, "\\", "\\\\")
    for letter, code in (("b", "\b"), ("f", "\f"), ("n", "\n"), ("r", "\r"), ("t", "\t"), ("v", "\v")):
        column = pc.replace_substring(column, code, "\\" + letter)
    return column if format.delimiter == "\t" else pc.replace_substring(column, format.delimiter, "\\" + format.delimiter)


def _quote_csv(column: pa.Array, i: int, width: int, format: Format) -> pa.Array:
    special = f"[{re.escape(format.delimiter)}{re.escape(format.quote)}\r\n]"
    needs = pc.or_(pc.match_substring_regex(column, special), pc.equal(column, format.null))
    if width == 1:
        needs = pc.or_(needs, pc.equal(column, "\\."))
    if i in format.force_quote:
        needs = pc.is_valid(column)
    doubled = column
    if format.escape != format.quote:
        doubled = pc.replace_substring(doubled, format.escape, format.escape * 2)
    doubled = pc.replace_substring(doubled, format.quote, format.escape + format.quote)
    empty = pa.scalar("", pa.large_string())
    quote = pa.scalar(format.quote, pa.large_string())
    return pc.if_else(needs, pc.binary_join_element_wise(quote, doubled, quote, empty), column)
