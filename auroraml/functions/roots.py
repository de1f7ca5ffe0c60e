"""Square roots and small whole powers of columns of exact numerics, in limbs, at the scales PostgreSQL selects."""

from __future__ import annotations

import numpy as np

from auroraml.batch import NumericVector, limbs, limbs_of, of_limbs, shown
from auroraml.batch.limbs import BASE, DIGITS, Limbs
from auroraml.batch.wide import SCALES
from auroraml.functions.division import LARGEST, SIGNIFICANT, leading

LARGE_ROOT = 30  # digits of roots up to which a double's estimate is mended at once
POWERS = range(2, 9)  # exponents that are multiplied out


def square_roots(vector: NumericVector) -> NumericVector | None:
    """The roots of exact numbers; None where some are not exact, below zero, or too large."""
    found = limbs_of(vector)
    if found is None or not vector.n or int(found[0][-1].min()) < 0:
        return None
    numbers, scale = found
    weights, _ = leading(numbers, scale)
    scales = np.clip(SIGNIFICANT - (2 * weights + 1), np.maximum(shown(vector), 0), LARGEST)
    most = int(scales.max()) + 1  # one digit more decides how the last one is rounded
    up = 2 * most - scale
    if up < 0 or (moved := limbs.shifted(numbers, up)) is None or int(limbs.lengths(moved).max()) > 2 * LARGE_ROOT:
        return None
    return at_scales(whole_roots(moved), most, scales)


def whole_roots(numbers: Limbs) -> Limbs:
    """The whole part of square roots: a double's, mended by one step of Newton's, and by one if need be."""
    root = _of_doubles(np.floor(np.sqrt(_doubles(numbers))))
    error = _minus_square(numbers, root)
    step = _doubles(error) / np.maximum(2 * _doubles(root), 1)
    root = limbs.added(root, limbs.of_whole(np.floor(step).astype(np.int64)))
    error = _minus_square(numbers, root)
    low = error[-1] < 0
    high = limbs.compared(error, limbs.added(root, root)) > 0
    return limbs.added(root, ((high & ~low).astype(np.int64) - low,)) if (low | high).any() else root


def _minus_square(numbers: Limbs, root: Limbs) -> Limbs:
    square = limbs.multiplied(root, root)
    assert square is not None  # of no more limbs than the numbers have, or one
    return limbs.added(numbers, limbs.negated(square))


def _doubles(numbers: Limbs) -> np.ndarray:
    found = np.zeros(len(numbers[0]))
    for limb in reversed(numbers):
        found = found * BASE + limb
    return found


def _of_doubles(values: np.ndarray) -> Limbs:
    """Doubles of at most `LARGE_ROOT` digits as whole numbers close to them."""
    made = []
    for place in range(LARGE_ROOT // DIGITS, 0, -1):
        unit = float(BASE**place)
        part = np.floor(values / unit)
        values = values - part * unit
        made.append(part.astype(np.int64))
    return limbs.carried([values.astype(np.int64), *reversed(made)])


def at_scales(numbers: Limbs, most: int, scales: np.ndarray) -> NumericVector:
    """Magnitudes at a scale, each rounded at a smaller one of its own."""
    counts = np.bincount(scales)
    if int(counts.max()) == len(scales):
        scale = int(scales[0])
        return of_limbs(limbs.rounded(numbers, most - scale, True), scale, scale)
    parts, rows = [], []
    for scale in np.flatnonzero(counts).tolist():
        some = np.flatnonzero(scales == scale)
        parts.append(limbs.settled(limbs.taken(numbers, some), most - scale))
        rows.append(some)
    made = tuple(np.empty(len(scales), np.int64) for _ in limbs.same_count(parts)[0])
    for part, some in zip(limbs.same_count(parts), rows, strict=True):
        for limb, values in zip(made, part, strict=True):
            limb[some] = values
    return of_limbs(limbs.carried(made), most, scales.astype(np.int16))


def whole_powers(vector: NumericVector, exponent: int) -> NumericVector | None:
    """Powers of exact numbers that are multiplied out; None for other exponents, and where numbers become too large."""
    found = limbs_of(vector)
    if found is None or not vector.n or exponent not in POWERS:
        return None
    numbers, negative = limbs.magnitudes(found[0])
    product: Limbs | None = numbers
    for _ in range(exponent - 1):
        product = None if product is None else limbs.multiplied(product, numbers)
    if product is None:
        return None
    scales = np.broadcast_to(np.clip(shown(vector), SIGNIFICANT, LARGEST), (vector.n,))
    exact = exponent * found[1]
    most = max(int(scales.max()), exact)
    moved = None if most > SCALES else limbs.shifted(product, most - exact)
    return None if moved is None else _signed(at_scales(moved, most, scales), negative if exponent % 2 else np.zeros(1, np.bool_))


def _signed(vector: NumericVector, negative: np.ndarray) -> NumericVector:
    found = limbs_of(vector)
    assert found is not None
    return of_limbs(limbs.signed(found[0], negative), found[1], shown(vector))
