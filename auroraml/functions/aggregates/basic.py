"""count, sum, avg, bool_and/or, bit_*, stddev and variance of exact numbers: grouped, vectorised.

An aggregate takes its argument vectors (rows already filtered, made distinct and ordered), the rows' group codes and the number of groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

import numpy as np

from auroraml.batch import FixedVector, ManyScales, NumericVector, Vector, WideNumeric, from_datums, limbs, limbs_of, of_limbs, shown, stored
from auroraml.batch.limbs import Limbs
from auroraml.errors import NumericValueOutOfRange
from auroraml.functions.aggregates.group_rows import chosen, group_rows, known_sums
from auroraml.functions.division import FEW, divide_decimals, quotients
from auroraml.functions.numerics import context_of, magnitude
from auroraml.functions.signature import aggregate
from auroraml.types.numeric import CONTEXT, round_to
from auroraml.types.table import NUMERIC

Args = Sequence[Vector]
SQUARE_ROOTS = Context(prec=1100, rounding=ROUND_HALF_UP)


def valid_rows(vector: Vector, codes: np.ndarray, groups: int) -> tuple[Vector, np.ndarray]:
    """The rows that are not NULL, and their groups."""
    vector = vector.flat()
    if vector.validity is None:
        return vector, codes
    index = np.flatnonzero(vector.validity)
    return vector.take(index).with_validity(None), chosen(codes, index, groups)


def present(codes: np.ndarray, groups: int) -> np.ndarray | None:
    """Which groups have a row; None for all."""
    rows = group_rows(codes, groups)
    return None if rows.filled is None else rows.counts > 0


def sum_whole(vector: FixedVector | NumericVector, codes: np.ndarray, groups: int) -> np.ndarray:
    """Exact sums of whole numbers as int64, or as an object array of ints where int64 could overflow."""
    values = stored(vector)
    known = known_sums(values, codes, groups)
    if "sums" not in known:
        known["sums"] = _sum_whole(values, magnitude(vector), codes, groups)
    return known["sums"]


def _sum_whole(values: np.ndarray, most: int, codes: np.ndarray, groups: int) -> np.ndarray:
    """No value is further from zero than `most`."""
    if most * len(values) >= 2**63:
        high, low = values.astype(np.int64) >> 32, values.astype(np.int64) & 0xFFFFFFFF
        tops, bottoms = _sum_whole(high, (most >> 32) + 1, codes, groups), _sum_whole(low, 0xFFFFFFFF, codes, groups)
        return tops.astype(object) * 2**32 + bottoms.astype(object)  # type: ignore[no-any-return] # numpy gives Any
    if groups == 1:
        return np.array([values.sum(dtype=np.int64)])
    return group_rows(codes, groups).sums(values)


@aggregate("count()")
def count_star(args: Args, codes: np.ndarray, groups: int) -> Vector:
    """count(*)."""
    return FixedVector(group_rows(codes, groups).counts.copy())


@aggregate("count(any)")
def count(args: Args, codes: np.ndarray, groups: int) -> Vector:
    """count(x): values that are not NULL."""
    vector = args[0]
    if vector.validity is None:
        return FixedVector(group_rows(codes, groups).counts.copy())
    return FixedVector(np.bincount(codes[vector.validity], minlength=groups).astype(np.int64))


def _objects(values: Sequence[object]) -> np.ndarray:
    out = np.empty(len(values), object)
    out[:] = list(values)
    return out


@aggregate("sum(int2)", "sum(int4)")
def sum_int(args: Args, codes: np.ndarray, groups: int) -> Vector:
    """sum of smaller integers: bigint."""
    vector, codes = valid_rows(args[0], codes, groups)
    assert isinstance(vector, FixedVector)
    totals = sum_whole(vector, codes, groups)
    if totals.dtype == object:
        if any(not -(2**63) <= int(total) < 2**63 for total in totals):
            raise NumericValueOutOfRange("bigint out of range")
        totals = totals.astype(np.int64)
    return FixedVector(totals, present(codes, groups))


def _whole_numeric(totals: np.ndarray, scale: int, validity: np.ndarray | None) -> NumericVector:
    if totals.dtype != object:
        return NumericVector(totals, scale, validity)
    return NumericVector(_objects([Decimal(int(total)).scaleb(-scale, CONTEXT) for total in totals]), None, validity)  # one value a group


@aggregate("sum(int8)")
def sum_bigint(args: Args, codes: np.ndarray, groups: int) -> Vector:
    """sum(bigint): numeric."""
    vector, codes = valid_rows(args[0], codes, groups)
    assert isinstance(vector, FixedVector)
    return _whole_numeric(sum_whole(vector, codes, groups), 0, present(codes, groups))


def numeric_sums(vector: NumericVector, codes: np.ndarray, groups: int) -> NumericVector:
    """Exact sums of numerics, at the largest scale in the group."""
    if vector.scale is not None:
        return _whole_numeric(sum_whole(vector, codes, groups), vector.scale, None)
    if isinstance(vector, ManyScales):
        return _of_many_scales(vector, codes, groups)
    if isinstance(vector, WideNumeric):
        return _of_limbs(vector, codes, groups)
    if all(map(Decimal.is_finite, vector.values.tolist())):
        sums = _objects([Decimal(0)] * groups)
        with localcontext(CONTEXT):
            np.add.at(sums, codes, vector.values)
        return NumericVector(sums, None)
    totals: list[Decimal] = [Decimal(0)] * groups
    for code, value in zip(codes.tolist(), vector.values, strict=True):  # NaN and infinity have rules of their own
        totals[code] = context_of(totals[code], value).add(totals[code], value)
    return NumericVector(_objects(totals), None)


def _of_many_scales(vector: ManyScales, codes: np.ndarray, groups: int) -> NumericVector:
    """Sums of whole numbers, each at the largest scale of its group."""
    scales = np.zeros(groups, np.int16)
    np.maximum.at(scales, codes, vector.scales)
    totals = _whole_numeric(sum_whole(vector.at_most(), codes, groups), vector.most, None)
    if (scales == vector.most).all():
        return totals
    if totals.scale is not None:
        return ManyScales(totals.values, vector.most, scales)
    return NumericVector(_objects([round_to(total, scale) for total, scale in zip(totals.values, scales.tolist(), strict=True)]), None)  # a group


def _of_limbs(vector: WideNumeric, codes: np.ndarray, groups: int) -> NumericVector:
    """Sums limb by limb, each shown at the largest scale of its group."""
    sums = limb_sums(vector.limbs, codes, groups)
    if vector.scales is None:
        return of_limbs(sums, vector.most, vector.most)
    if groups == 1:
        return of_limbs(sums, vector.most, np.array([vector.scales.max(initial=0)]))
    return of_limbs(sums, vector.most, group_rows(codes, groups).reduced(np.maximum, vector.scales, 0))


def limb_sums(numbers: Limbs, codes: np.ndarray, groups: int) -> Limbs:
    """Sums of whole numbers in limbs."""
    return limbs.carried([_sum_whole(limb, limbs.BASE, codes, groups) for limb in numbers])  # nine thousand million rows fit


@aggregate("sum(numeric)")
def sum_numeric(args: Args, codes: np.ndarray, groups: int) -> Vector:
    """sum(numeric)."""
    vector, codes = valid_rows(args[0], codes, groups)
    assert isinstance(vector, NumericVector)
    return numeric_sums(vector, codes, groups).with_validity(present(codes, groups))


@aggregate("avg(int2)", "avg(int4)", "avg(int8)", "avg(numeric)")
def average(args: Args, codes: np.ndarray, groups: int) -> Vector:
    """avg: numeric, at the scale division selects."""
    vector, codes = valid_rows(args[0], codes, groups)
    if isinstance(vector, NumericVector):
        sums = numeric_sums(vector, codes, groups)
    else:
        assert isinstance(vector, FixedVector)
        sums = _whole_numeric(sum_whole(vector, codes, groups), 0, None)
    return averages(sums, group_rows(codes, groups).counts, present(codes, groups))


def averages(sums: NumericVector, counts: np.ndarray, validity: np.ndarray | None) -> NumericVector:
    """Sums divided by counts, at the scale division selects."""
    if len(counts) > FEW and (found := quotients(sums, NumericVector(np.maximum(counts, 1).astype(np.int64), 0))) is not None:
        return found.with_validity(validity)
    values = [
        divide_decimals(total, Decimal(int(n))) if n else Decimal(0) for total, n in zip(sums.as_objects().values, counts, strict=True)
    ]  # a group
    return NumericVector(_objects(values), None, validity)


def _moments(args: Args, codes: np.ndarray, groups: int) -> tuple[list[Decimal], list[Decimal], np.ndarray]:
    """Sums and sums of squares as decimals, and counts."""
    vector, codes = valid_rows(args[0], codes, groups)
    counts = np.bincount(codes, minlength=groups)
    if isinstance(vector, FixedVector):
        vector = NumericVector(vector.values.astype(np.int64), 0)
    assert isinstance(vector, NumericVector)
    found = limbs_of(vector)
    squared = None if found is None else limbs.multiplied(found[0], found[0])
    if found is not None and squared is not None:
        scales = shown(vector)
        square = of_limbs(squared, 2 * found[1], scales + scales)
        return (
            numeric_sums(vector, codes, groups).as_objects().values.tolist(),
            numeric_sums(square, codes, groups).as_objects().values.tolist(),
            counts,
        )
    totals, squares = [Decimal(0)] * groups, [Decimal(0)] * groups
    for code, value in zip(codes.tolist(), vector.as_objects().values, strict=True):  # NaN, and what has too many digits
        totals[code] = context_of(totals[code], value).add(totals[code], value)
        squares[code] = context_of(value, squares[code]).add(squares[code], CONTEXT.multiply(value, value))
    return totals, squares, counts


def _variances(args: Args, codes: np.ndarray, groups: int, sample: bool, root: bool) -> Vector:
    totals, squares, counts = _moments(args, codes, groups)
    out: list[object] = []
    for total, square, n in zip(totals, squares, counts.tolist(), strict=True):
        if n == 0 or (sample and n == 1):
            out.append(None)
            continue
        if not total.is_finite() or not square.is_finite():
            out.append(Decimal("NaN"))
            continue
        spread = CONTEXT.subtract(CONTEXT.multiply(Decimal(n), square), CONTEXT.multiply(total, total))
        value = Decimal(0) if spread <= 0 else divide_decimals(spread, Decimal(n * (n - 1) if sample else n * n))
        if root and value:
            exponent = value.as_tuple().exponent
            assert isinstance(exponent, int)
            value = round_to(SQUARE_ROOTS.sqrt(value), -exponent)  # at the variance's own scale
        out.append(value)
    return from_datums(NUMERIC, out)


@aggregate("stddev(int2)", "stddev(int4)", "stddev(int8)", "stddev(numeric)", "stddev_samp(int2)", "stddev_samp(int4)", "stddev_samp(int8)", "stddev_samp(numeric)")  # fmt: skip
def stddev(args: Args, codes: np.ndarray, groups: int) -> Vector:
    """stddev_samp of exact numbers."""
    return _variances(args, codes, groups, True, True)


@aggregate("variance(int2)", "variance(int4)", "variance(int8)", "variance(numeric)", "var_samp(int2)", "var_samp(int4)", "var_samp(int8)", "var_samp(numeric)")  # fmt: skip
def variance(args: Args, codes: np.ndarray, groups: int) -> Vector:
    """var_samp of exact numbers."""
    return _variances(args, codes, groups, True, False)


@aggregate("stddev_pop(int2)", "stddev_pop(int4)", "stddev_pop(int8)", "stddev_pop(numeric)")
def stddev_pop(args: Args, codes: np.ndarray, groups: int) -> Vector:
    """stddev_pop of exact numbers."""
    return _variances(args, codes, groups, False, True)


@aggregate("var_pop(int2)", "var_pop(int4)", "var_pop(int8)", "var_pop(numeric)")
def var_pop(args: Args, codes: np.ndarray, groups: int) -> Vector:
    """var_pop of exact numbers."""
    return _variances(args, codes, groups, False, False)


@aggregate("bool_and(bool)", "every(bool)")
def bool_and(args: Args, codes: np.ndarray, groups: int) -> Vector:
    """Whether all are true."""
    vector, codes = valid_rows(args[0], codes, groups)
    assert isinstance(vector, FixedVector)
    return FixedVector(np.bincount(codes[~vector.values], minlength=groups) == 0, present(codes, groups))


@aggregate("bool_or(bool)")
def bool_or(args: Args, codes: np.ndarray, groups: int) -> Vector:
    """Whether any is true."""
    vector, codes = valid_rows(args[0], codes, groups)
    assert isinstance(vector, FixedVector)
    return FixedVector(np.bincount(codes[vector.values], minlength=groups) > 0, present(codes, groups))


def _bits(args: Args, codes: np.ndarray, groups: int, ufunc: np.ufunc, start: int) -> Vector:
    vector, codes = valid_rows(args[0], codes, groups)
    assert isinstance(vector, FixedVector)
    return FixedVector(group_rows(codes, groups).reduced(ufunc, vector.values, start), present(codes, groups))


@aggregate("bit_or(int2)", "bit_or(int4)", "bit_or(int8)")
def bit_or(args: Args, codes: np.ndarray, groups: int) -> Vector:
    """Bitwise or."""
    return _bits(args, codes, groups, np.bitwise_or, 0)


@aggregate("bit_and(int2)", "bit_and(int4)", "bit_and(int8)")
def bit_and(args: Args, codes: np.ndarray, groups: int) -> Vector:
    """Bitwise and."""
    return _bits(args, codes, groups, np.bitwise_and, -1)


@aggregate("bit_xor(int2)", "bit_xor(int4)", "bit_xor(int8)")
def bit_xor(args: Args, codes: np.ndarray, groups: int) -> Vector:
    """Bitwise exclusive or."""
    return _bits(args, codes, groups, np.bitwise_xor, 0)
