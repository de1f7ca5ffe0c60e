"""Logarithms, powers and exponentials of columns of exact numerics in extended floats, wherever these say all digits for sure; the rest one by one."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from auroraml.batch import Index, Mask, NumericVector, concat, from_datums, limbs, limbs_of, of_limbs, shown
from auroraml.functions.division import LARGEST, SIGNIFICANT
from auroraml.types.table import NUMERIC

Extended = npt.NDArray[Any]  # of np.longdouble

PRECISE = np.finfo(np.longdouble).nmant >= 63  # else it is a double under another name
UNIT = np.longdouble(2) ** -63  # how far a result may be off, relative to it
FARTHEST = 27  # powers of ten that are exact
SPREAD = 9  # digits that numbers can be moved by without leaving int64 in two limbs
HOLDS = 2.0**62
LOG10_E = 0.434294481903252
NEAR = 1e-9  # to a whole number, where it is not sure how an estimate is cut
TENS = np.array([np.longdouble(10**power) for power in range(FARTHEST + 1)]) if PRECISE else np.ones(FARTHEST + 1, np.longdouble)
_BORDERS = np.array([10.0, 100.0, 1000.0])
TRUNCATED = 2e-4  # by how much PostgreSQL's estimate of a logarithm may differ from it


def extended_of(vector: NumericVector) -> tuple[npt.NDArray[np.int64], int, Extended] | None:
    """Exact numbers as whole ones, at which scale, and as extended floats; None where int64 does not hold them."""
    found = limbs_of(vector) if PRECISE and vector.n else None
    whole = None if found is None or found[1] > FARTHEST else limbs.whole_of(found[0])
    return None if found is None or whole is None else (whole, found[1], whole.astype(np.longdouble) / TENS[found[1]])


def _clamped(scales: Index, *least: int | npt.NDArray[np.int16]) -> Index:
    for one in (0, *least):
        scales = np.maximum(scales, one)
    return np.minimum(scales, LARGEST)


def _cut(estimates: npt.NDArray[np.float64]) -> tuple[Index, Mask]:
    """Estimates cut to whole numbers, and where that is not sure."""
    found = np.clip(estimates, -1e6, 1e6).astype(np.int64)
    return found, np.abs(estimates - np.rint(estimates)) < NEAR


def settled(values: Extended, margins: Extended, scales: Index, doubtful: Mask, one: Callable[[int], Decimal]) -> NumericVector | None:
    """Values rounded at scales of their own; `one` gives those that are off by at most their margins from a number between two roundings, or doubtful."""
    doubtful = doubtful | (scales > FARTHEST) | ~np.isfinite(values)
    units = TENS[np.minimum(scales, FARTHEST)]
    scaled = np.where(doubtful, 0, values) * units
    near = np.rint(scaled)
    doubtful |= 0.5 - np.abs(scaled - near) <= np.where(doubtful, 0, margins) * units + np.abs(scaled) * UNIT
    doubtful |= np.abs(scaled) >= HOLDS
    rows, rest = np.flatnonzero(~doubtful), np.flatnonzero(doubtful)
    parts: list[NumericVector] = []
    if len(rows):
        made = _at_scales(near[rows].astype(np.int64), scales[rows])
        if made is None:
            return None
        parts.append(made)
    if len(rest):
        last = from_datums(NUMERIC, [one(row) for row in rest.tolist()])  # digit by digit: a float cannot tell how they are rounded
        assert isinstance(last, NumericVector)
        parts.append(last)
    found = concat(parts)
    assert isinstance(found, NumericVector)
    if not len(rows) or not len(rest):
        return found
    order = np.empty(len(values), np.int64)
    order[np.concatenate([rows, rest])] = np.arange(len(values))
    return found.take(order)


def _at_scales(whole: npt.NDArray[np.int64], scales: Index) -> NumericVector | None:
    most, least = int(scales.max()), int(scales.min())
    if most - least > SPREAD:
        return None
    if most == least:
        return of_limbs(limbs.of_whole(whole), most, most)
    above = whole // limbs.BASE
    units = 10 ** (most - scales)
    return of_limbs(limbs.carried([(whole - above * limbs.BASE) * units, above * units]), most, scales.astype(np.int16))


def _weights(whole: npt.NDArray[np.int64], scale: int, logarithms: Extended) -> tuple[Index, Mask]:
    """The decimal weights of natural logarithms by PostgreSQL's estimate, and where they are not sure."""
    sizes = np.abs(logarithms).astype(np.float64)
    weights = np.searchsorted(_BORDERS, sizes, "right") - (sizes < 0.1)
    doubtful = np.abs(sizes - 0.1) < TRUNCATED
    for border in _BORDERS.tolist():
        doubtful |= np.abs(sizes - border) < TRUNCATED
    unit = 10**scale
    close = np.flatnonzero(sizes < 0.11)
    if len(close) and unit < 2**62:
        off = np.abs(whole[close] - unit)
        inside = 10 * off <= unit  # from 0.9 to 1.1
        weights[close[inside]] = np.where(off == 0, 0, np.searchsorted(limbs.POWERS, off, "right") - 1 - scale)[inside]
        doubtful[close[inside]] = False
    elif len(close):
        doubtful[close] = True
    return weights, doubtful


def logarithms(vector: NumericVector, base: Decimal | None, weight: int, scale: int, one: Callable[[Decimal], Decimal]) -> NumericVector | None:
    """The natural logarithms of numbers above zero, or those to a base above zero with a weight and scale; None where that is for Decimals."""
    found = extended_of(vector)
    if found is None or int(found[0].min()) <= 0:
        return None
    whole, at, values = found
    natural = np.log(values)
    weights, doubtful = _weights(whole, at, natural)
    scales = _clamped(SIGNIFICANT - (weights - weight), scale, shown(vector))
    if base is None:
        made, margins = natural, UNIT * (1 + 1.5 * np.abs(natural))
    else:
        by = np.log(np.longdouble(str(base)))
        if not by:
            return None
        made = np.log10(values) if base == 10 else natural / by
        of_base = 0.0 if base == 10 else (1.5 + np.abs(1.5 / by))
        margins = UNIT * (np.abs(1 / by) + (1.5 + of_base) * np.abs(made))
    return settled(made, margins, scales, doubtful, _asked(vector, one))


def _asked(vector: NumericVector, one: Callable[[Decimal], Decimal]) -> Callable[[int], Decimal]:
    """`one` of a row's value, once for equal ones."""
    known: dict[str, Decimal] = {}

    def ask(row: int) -> Decimal:
        value = vector.datum(row)
        assert isinstance(value, Decimal)
        key = str(value)  # with its display scale
        found = known.get(key)
        if found is None:
            found = known[key] = one(value)
        return found

    return ask


def powers(vector: NumericVector, exponent: Decimal, scale: int, one: Callable[[Decimal], Decimal]) -> NumericVector | None:
    """Numbers above zero to the power of one that is not whole; None where that is for Decimals."""
    found = extended_of(vector)
    if found is None or int(found[0].min()) <= 0 or abs(exponent) > 1000:
        return None
    by = np.longdouble(str(exponent))
    logarithm = np.log(found[2]) * by
    estimates, doubtful = _cut(logarithm.astype(np.float64) * LOG10_E)
    doubtful |= np.abs(estimates) > SIGNIFICANT
    scales = _clamped(SIGNIFICANT - estimates, scale, shown(vector))
    made = np.power(found[2], by, where=~doubtful, out=np.ones_like(logarithm))
    rounded = 0 if Decimal(float(exponent)) == exponent else 1
    margins = made * UNIT * (1.5 + np.abs(by) + rounded * np.abs(logarithm))
    return settled(made, margins, scales, doubtful, _asked(vector, one))


def exponentials(vector: NumericVector, one: Callable[[Decimal], Decimal]) -> NumericVector | None:
    """e to the powers of numbers; None where that is for Decimals."""
    found = extended_of(vector)
    if found is None:
        return None
    values = found[2]
    estimates, doubtful = _cut(values.astype(np.float64) * LOG10_E)
    doubtful |= np.abs(estimates) > SIGNIFICANT
    scales = _clamped(SIGNIFICANT - estimates, shown(vector))
    made = np.exp(values, where=~doubtful, out=np.ones_like(values))
    margins = made * UNIT * (1.5 + np.abs(values))
    return settled(made, margins, scales, doubtful, _asked(vector, one))
