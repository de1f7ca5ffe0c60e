"""Aggregates over all rows folded batch by batch: count, sum and avg of exact numbers, min, max; no row is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from auroraml.batch import ConstVector, FixedVector, Index, NumericVector, StructVector, TextVector, Vector, concat
from auroraml.errors import NumericValueOutOfRange
from auroraml.evaluate.call import null
from auroraml.evaluate.keys import rank
from auroraml.functions.aggregates.basic import averages, sum_bigint, sum_numeric
from auroraml.functions.aggregates.group_rows import chosen, group_rows
from auroraml.functions.signature import AGGREGATES
from auroraml.ir import expr as e
from auroraml.lazy import compute as pc
from auroraml.types.pg_type import PgType, Rep

KEPT = 256  # batches' values before they are folded into one
WHOLE = ("int2", "int4", "int8")
SUMMED = (*WHOLE, "numeric")


def extreme(vector: Vector, type: PgType, codes: Index, count: int, largest: bool) -> Vector:
    """min and max of any ordered type: the row of each group that sorts first or last."""
    if isinstance(vector, ConstVector):
        vector = vector.flat()
    if isinstance(vector, FixedVector) and vector.values.dtype.kind in "iu" and vector.validity is None and count == 1 and vector.n:
        row = int(vector.values.argmax() if largest else vector.values.argmin())
        return vector.take(np.array([row]))
    if isinstance(vector, TextVector) and count == 1 and type.rep is Rep.TEXT and type.name not in ("bpchar", "jsonb", "timetz"):
        found = pc.min_max(vector.to_arrow())["max" if largest else "min"]  # equal texts are the same text
        return TextVector(pa.array([found.as_py() or ""], vector.values.type), None if found.is_valid else np.zeros(1, np.bool_))
    rows = None if vector.validity is None else np.flatnonzero(vector.validity)
    if rows is not None:
        codes = chosen(codes, rows, count)
    ranks = rank(vector if rows is None else vector.take(rows), type)
    if ranks.dtype.kind == "f" and np.isnan(ranks).any():
        ranks = np.unique(ranks, return_inverse=True)[1]
    if ranks.dtype == np.bool_:
        ranks = ranks.astype(np.int8)
    ends = np.array([-np.inf, np.inf]) if ranks.dtype.kind == "f" else np.array([np.iinfo(ranks.dtype).min, np.iinfo(ranks.dtype).max])
    best = group_rows(codes, count).reduced(np.maximum if largest else np.minimum, ranks, ends[0] if largest else ends[1])
    hits = np.flatnonzero(ranks == best[codes])
    place = np.full(count, -1, np.int64)
    if type.name == "bpchar":
        hits = hits[::-1]  # of equal values it keeps the first, all others the last
    place[codes[hits]] = hits if rows is None else rows[hits]
    return vector.take(place, True)


class Fold:
    """One aggregate over all rows."""

    def add(self, args: Sequence[Vector], codes: Index) -> None:
        """The arguments' values at a batch's rows, with a group code of 0 for each."""
        raise NotImplementedError

    def value(self) -> Vector:
        """The aggregate's value, a vector of one."""
        raise NotImplementedError

    def state(self) -> Vector:
        """What a partial aggregate hands on."""
        return self.value()


class Count(Fold):
    """count(*) and count(x)."""

    def __init__(self) -> None:
        self.n = 0

    def add(self, args: Sequence[Vector], codes: Index) -> None:
        validity = args[0].flat().validity if args else None
        self.n += len(codes) if validity is None else int(np.count_nonzero(validity))

    def value(self) -> Vector:
        return FixedVector(np.array([self.n], np.int64))


class Merged(Fold):
    """A value of each batch, of which the same operation makes the value of all."""

    def __init__(self, type: PgType, first: Callable[[Vector, Index], Vector], merge: Callable[[Vector, Index], Vector]) -> None:
        self.type = type
        self.first, self.merge = first, merge
        self.parts: list[Vector] = []

    def add(self, args: Sequence[Vector], codes: Index) -> None:
        self.parts.append(self.first(args[0].flat(), codes).flat())
        if len(self.parts) > KEPT:
            self.parts = [self._merged()]

    def _merged(self) -> Vector:
        whole = concat(self.parts)
        return self.merge(whole, np.zeros(whole.n, np.int64))

    def value(self) -> Vector:
        if not self.parts:
            return null(self.type)
        return self.parts[0] if len(self.parts) == 1 else self._merged()


class Sum(Merged):
    """sum of exact numbers; of smaller integers it is a bigint."""

    def value(self) -> Vector:
        total = super().value()
        if self.type.name != "int8":
            return total
        number = total.datum(0)
        if number is None:
            return null(self.type)
        if not -(2**63) <= int(number) < 2**63:  # type: ignore[call-overload] # a Decimal
            raise NumericValueOutOfRange("bigint out of range")
        return FixedVector(np.array([int(number)], np.int64))  # type: ignore[call-overload] # a Decimal


class Average(Fold):
    """avg of exact numbers."""

    def __init__(self, total: Merged) -> None:
        self.total, self.known = total, Count()

    def add(self, args: Sequence[Vector], codes: Index) -> None:
        self.total.add(args, codes)
        self.known.add(args, codes)

    def value(self) -> Vector:
        if not self.known.n:
            return null(self.total.type)
        total = self.total.value()
        assert isinstance(total, NumericVector)
        return averages(total, np.array([self.known.n]), None)

    def state(self) -> Vector:
        total = self.total.value() if self.known.n else null(self.total.type)
        return average_state(total, np.array([self.known.n]))


def average_state(total: Vector, counts: np.ndarray) -> StructVector:
    """What a partial avg hands on: sums, and the numbers of values."""
    return StructVector([total.flat(), FixedVector(counts.astype(np.int64))], len(counts))


def fold_of(call: e.Aggregate) -> Fold | None:
    """How a call is folded; None where its rows have to be seen together."""
    if call.distinct or call.order_by or call.direct or call.phase == "final":
        return None
    name = call.function.name
    known = call.function.oid in AGGREGATES
    if name == "count" and known:
        return Count()
    if len(call.args) != 1:
        return None
    type = call.args[0].type
    if name in ("min", "max"):

        def furthest(vector: Vector, codes: Index) -> Vector:
            return extreme(vector, type, codes, 1, name == "max")

        return Merged(call.type, furthest, furthest)
    if not known or name not in ("sum", "avg") or type.name not in SUMMED:
        return None  # the sum of floats depends on how it is split

    def total(vector: Vector, codes: Index) -> Vector:
        return (sum_bigint if type.name in WHOLE else sum_numeric)([vector], codes, 1)

    def of_totals(vector: Vector, codes: Index) -> Vector:
        return sum_numeric([vector], codes, 1)

    made = (Sum if name == "sum" else Merged)(call.type, total, of_totals)
    return made if name == "sum" else Average(made)
