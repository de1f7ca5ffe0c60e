"""The statistics of one column or expression from a sample of its values: which of ANALYZE's three ways its type allows (std_typanalyze), and arrays' elements."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

import numpy as np

from auroraml.batch import Index, ListVector, RangeVector, Vector
from auroraml.catalog.builtins import btree_operators
from auroraml.catalog.statistics import ColumnStatistics
from auroraml.commands.elements import count_elements
from auroraml.commands.ranges import range_statistics
from auroraml.commands.sample import Measured, measure, measure_distinct
from auroraml.evaluate.keys import codes_of, rank
from auroraml.storage.sizes import Sizes, payload_sizes
from auroraml.types.pg_type import PgType
from auroraml.types.table import BY_OID

LENGTH_HEADER = 4
TOO_WIDE = 1024  # values of more bytes are counted but not compared
TOO_WIDE_ARRAY = 0x10000  # the elements of larger arrays are not looked at
ONLY_EQUAL = ("xid", "cid", "aclitem")  # types with a hash operator class and no B-tree one


class Comparison(Enum):
    """What values of a type can be compared for."""

    ORDER = "order"
    EQUALITY = "equality"
    NOTHING = "nothing"


def comparison(type: PgType) -> Comparison:
    """What a type's default operator classes offer; arrays and composite types offer what all their parts do."""
    if type.is_array and type.element:
        element = BY_OID.get(type.element)
        return Comparison.ORDER if element is None else comparison(element)
    if type.attributes:
        parts = [comparison(attribute.type) for attribute in type.attributes]
        return next((one for one in (Comparison.NOTHING, Comparison.EQUALITY) if one in parts), Comparison.ORDER)
    if type.name in ONLY_EQUAL:
        return Comparison.EQUALITY
    return Comparison.ORDER if btree_operators(type) or type.kind == "e" else Comparison.NOTHING


def column_statistics(vector: Vector, type: PgType, total: float, target: int, stored: Sizes | None = None) -> ColumnStatistics:
    """The statistics of a sample `vector` of a column of `total` rows; `target` is at least 1.

    `stored` are the bytes of its values in the table; values that are not stored there have full headers.
    """
    known = np.flatnonzero(vector.valid)
    sizes = full_sizes(vector, type) if stored is None and type.length < 0 else stored
    width = type.length if type.length > 0 else int(sizes[known].sum() / len(known)) if sizes is not None and len(known) else 0
    if isinstance(flat := vector.flat(), RangeVector):
        return range_statistics(flat, type, width, target)
    way = comparison(type)
    if way is Comparison.NOTHING:
        null_fraction = float(np.float32((vector.n - len(known)) / vector.n)) if vector.n else 0.0
        return ColumnStatistics(null_fraction=null_fraction, width=width)
    wide = too_wide(vector, type)
    compared = known if wide is None else known[~wide[known]]
    count = len(known) - len(compared)
    part = vector if len(compared) == vector.n else vector.take(compared)
    if way is Comparison.EQUALITY:
        codes = codes_of(part, type)[0]
        found = _with_values(part, measure_distinct(codes, vector.n, width, total, target, count))
    else:
        order = np.argsort(ranks := rank(part, type), kind="stable")
        found = _with_values(part, measure(order, stepped(ranks[order]), vector.n, width, total, target, count))
    return _with_elements(found, vector, type, target)


def too_wide(vector: Vector, type: PgType) -> np.ndarray | None:
    """Which values take over 1 kB; None where the type's never do."""
    return None if type.length > 0 else full_sizes(vector, type) > TOO_WIDE


def full_sizes(vector: Vector, type: PgType) -> Sizes:
    """The bytes of each value with a full length header (toast_raw_datum_size)."""
    return payload_sizes(vector, type) + LENGTH_HEADER


def stepped(ranks: np.ndarray) -> Index:
    """Whole numbers that step where sorted `ranks` do (NaN equals NaN)."""
    if not len(ranks):
        return np.zeros(0, np.int64)
    steps = ranks[1:] != ranks[:-1]
    if ranks.dtype.kind == "f":
        steps &= ~(np.isnan(ranks[1:]) & np.isnan(ranks[:-1]))
    return np.concatenate([[0], np.cumsum(steps)])


def dense_codes(vector: Vector, type: PgType) -> Index:
    """The rank of each value among the distinct ones from 0, NULL above them all."""
    known = np.flatnonzero(vector.valid)
    part = vector if len(known) == vector.n else vector.take(known)
    if comparison(type) is Comparison.ORDER:
        order = np.argsort(ranks := rank(part, type), kind="stable")
        codes = np.empty(len(known), np.int64)
        codes[order] = stepped(ranks[order])
    else:
        codes = np.unique(codes_of(part, type)[0], return_inverse=True)[1]
    found = np.full(vector.n, int(codes.max(initial=-1)) + 1, np.int64)
    found[known] = codes
    return found


def _with_values(vector: Vector, measured: Measured) -> ColumnStatistics:
    return ColumnStatistics(
        null_fraction=measured.null_fraction,
        width=measured.width,
        distinct=measured.distinct,
        common_values=tuple(vector.datum(row) for row in measured.common),
        common_frequencies=measured.frequencies,
        histogram=tuple(vector.datum(row) for row in measured.bounds),
        correlation=measured.correlation,
    )


def _with_elements(found: ColumnStatistics, vector: Vector, type: PgType, target: int) -> ColumnStatistics:
    """Statistics of the elements too, where the type is an array of something with an order (array_typanalyze)."""
    element = BY_OID.get(type.element) if type.is_array else None
    flat = vector.flat()
    if element is None or comparison(element) is not Comparison.ORDER or not isinstance(flat, ListVector) or type.name in ("int2vector", "oidvector"):
        return found
    keep = np.flatnonzero(flat.valid & (full_sizes(flat, type) <= TOO_WIDE_ARRAY))
    part = flat.take(keep)
    child = part.child
    arrays = np.repeat(np.arange(part.n), np.diff(part.offsets))
    present = np.flatnonzero(child.valid)
    with_null = len(np.unique(arrays[~child.valid]))
    values = child.take(present)
    codes = dense_codes(values, element)
    counted = count_elements(arrays[present], codes, part.n, with_null, target)
    if counted is None:
        return found
    first = np.full(int(codes.max(initial=-1)) + 1, -1, np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return replace(
        found, element_values=tuple(values.datum(int(first[code])) for code in counted.common), element_frequencies=counted.frequencies,
        element_counts=counted.counts,
    )  # fmt: skip
