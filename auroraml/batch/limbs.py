"""Limbs: whole numbers that int64 need not hold, nine decimal digits to an array, the last one signed; their arithmetic in numpy passes.

Limb i counts 10^(9 i); all but the last are from 0 to before 10^9, so the last one rounds downwards. Arrays of length 1 are constants.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Limb: TypeAlias = npt.NDArray[np.int64]
Limbs: TypeAlias = tuple[Limb, ...]

DIGITS = 9
BASE = 10**DIGITS
MOST = 8  # limbs from which numbers are for Python's integers; of nine products of limbs int64 still holds the sum
SMALL = (2**63 - 1) // BASE - 1  # divisors up to this divide a remainder and a limb at once
POWERS = 10 ** np.arange(19, dtype=np.int64)


def span(values: Limb) -> int:
    """No value is further from zero."""
    return max(int(values.max()), -int(values.min())) if len(values) else 0


def of_whole(values: np.ndarray) -> Limbs:
    """Whole numbers of any width as limbs."""
    values = values.astype(np.int64, copy=False)
    return (values,) if span(values) < BASE else carried([values])


def carried(raw: Sequence[Limb]) -> Limbs:
    """Limbs of any int64 values as they should be: below 10^9 but the last, and no more of them than are needed."""
    made: list[Limb] = []
    carry: Limb | None = None
    for limb in raw[:-1]:
        whole = limb if carry is None else limb + carry
        carry = whole // BASE
        made.append(whole - carry * BASE)
    last = raw[-1] if carry is None else raw[-1] + carry
    while span(last) >= BASE:
        carry = last // BASE
        made.append(last - carry * BASE)
        last = carry
    while made and len(last) and int(last.max()) <= 0 and int(last.min()) >= -1:  # it says no more than the sign
        below = made.pop()
        last = below + last * BASE if bool(last.any()) else below
    return (*made, last)


def whole_of(limbs: Limbs) -> Limb | None:
    """The numbers as int64; None where it may not hold them."""
    if len(limbs) > 2:
        return None
    return limbs[0] if len(limbs) == 1 else limbs[1] * BASE + limbs[0]


def added(a: Limbs, b: Limbs) -> Limbs:
    """a + b."""
    a, b = (a, b) if len(a) >= len(b) else (b, a)
    return carried([x + b[i] if i < len(b) else _filled(x, b[0]) for i, x in enumerate(a)])


def _filled(values: Limb, other: Limb) -> Limb:
    """A constant as long as its partner."""
    return values if len(values) >= len(other) else np.broadcast_to(values, other.shape)


def negated(a: Limbs) -> Limbs:
    """-a."""
    return a if not len(a[0]) else carried([-x for x in a])


def magnitudes(a: Limbs) -> tuple[Limbs, npt.NDArray[np.bool_]]:
    """|a|, and where a is below zero."""
    negative = a[-1] < 0
    if not negative.any():
        return a, negative
    sign = np.where(negative, -1, 1)
    return carried([x * sign for x in a]), negative


def signed(a: Limbs, negative: npt.NDArray[np.bool_]) -> Limbs:
    """Magnitudes with their signs."""
    if not negative.any():
        return a
    sign = np.where(negative, -1, 1)
    return carried([x * sign for x in a])


def multiplied(a: Limbs, b: Limbs) -> Limbs | None:
    """a * b; None where that is for Python's integers."""
    if len(a) + len(b) > MOST + 1:
        return None
    raw: list[Limb | None] = [None] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            part, before = x * y, raw[i + j]
            raw[i + j] = part if before is None else before + part
    return carried([x for x in raw if x is not None])


def shifted(a: Limbs, digits: int) -> Limbs | None:
    """a * 10^digits; None where that is for Python's integers."""
    if not digits:
        return a
    limbs, rest = divmod(digits, DIGITS)
    if len(a) + limbs > MOST:
        return None
    moved = carried([x * 10**rest for x in a]) if rest else a
    if len(moved) + limbs > MOST:
        return None
    zero = np.zeros(len(a[0]), np.int64)
    return (*[zero] * limbs, *moved)


def compared(a: Limbs, b: Limbs) -> npt.NDArray[np.int8]:
    """-1, 0 or 1: the sign of a - b."""
    found = added(a, negated(b))
    sign = np.sign(found[-1]).astype(np.int8)
    for limb in found[:-1]:
        sign[(sign == 0) & (limb > 0)] = 1
    return sign


def nonzero(a: Limbs) -> npt.NDArray[np.bool_]:
    """Where a is not 0."""
    found: npt.NDArray[np.bool_] = a[-1] != 0
    for limb in a[:-1]:
        found |= limb != 0
    return found


def rounded(a: Limbs, digits: int, half: bool) -> Limbs:
    """Numbers / 10^digits rounded downwards, or magnitudes rounded half up where `half` says so."""
    limbs, rest = divmod(digits, DIGITS)
    if limbs >= len(a):
        if half and limbs == len(a) and not rest:  # the last limb decides
            return ((a[-1] >= BASE // 2).astype(np.int64),)
        return (a[-1] >> 63,)
    kept = a[limbs:]
    if not rest:
        up = (a[limbs - 1] >= BASE // 2) if limbs and half else None
        return kept if up is None else carried([kept[0] + up, *kept[1:]])
    unit = 10**rest
    quotients = [x // unit for x in kept]
    left = [x - q * unit for x, q in zip(kept, quotients, strict=True)]
    raw = [q + left[i + 1] * (BASE // unit) if i + 1 < len(kept) else q for i, q in enumerate(quotients)]
    if half:
        raw[0] = raw[0] + (2 * left[0] >= unit)
    return carried(raw)


def settled(a: Limbs, digits: int) -> Limbs:
    """Magnitudes with their last `digits` digits rounded half up to zeros."""
    count, rest = divmod(digits, DIGITS)
    if not digits:
        return a
    if count >= len(a):
        found = shifted(rounded(a, digits, True), digits)
        assert found is not None  # a digit more than there were
        return found
    kept = a[count]
    unit = 10**rest
    if rest:
        cut = kept // unit * unit
        kept = cut + (2 * (kept - cut) >= unit) * unit
    else:
        kept = kept + (a[count - 1] >= BASE // 2)
    zero = np.zeros(len(kept), np.int64)
    return carried([*[zero] * count, kept, *a[count + 1 :]])


def divided(a: Limbs, divisors: Limb, digits: int) -> tuple[Limbs, Limb] | None:
    """Magnitudes * 10^digits / divisors (above zero), cut, and the remainders; None where that is for Python's integers."""
    most = int(divisors.max())
    step = min(len(str((2**63 - 1) // (most + 1))) - 1, DIGITS)  # digits that a remainder and they fit in int64 with
    if not step or len(a) + -(-digits // DIGITS) > MOST:
        return None
    by: Limb | np.int64 = divisors[0] if len(divisors) == 1 else divisors  # numpy divides by one number several times faster
    top, n = a[-1], max(len(a[0]), len(divisors))
    quotient = top // by
    rest = top - quotient * by
    made: list[Limb] = [quotient]
    for limb in reversed(a[:-1]):
        piece, rest = _continued(rest, by, limb, DIGITS, step)
        made.append(piece)
    lead = digits % DIGITS
    zero = np.zeros(1, np.int64)
    fraction = [DIGITS] * (digits // DIGITS)
    if lead:  # limbs of nine digits from the right: all digits so far move to the left by `lead`
        piece, rest = _continued(rest, by, zero, lead, step)
        unit = 10**lead
        made = [x * unit for x in made]
        made[-1] = made[-1] + piece
    for size in fraction:
        piece, rest = _continued(rest, by, zero, size, step)
        made.append(piece)
    return carried([x if len(x) == n else np.broadcast_to(x, (n,)) for x in reversed(made)]), rest


def _continued(rest: Limb, by: Limb | np.int64, limb: Limb, digits: int, step: int) -> tuple[Limb, Limb]:
    """Long division goes on with a limb's `digits` digits: their part of the quotient, and what is left."""
    found: Limb | None = None
    while digits:
        size = min(step, digits)
        digits -= size
        more = limb if not digits and size == DIGITS else limb // 10**digits % 10**size
        rest = rest * 10**size + more
        part = rest // by
        rest = rest - part * by
        found = part if found is None else found * 10**size + part
    assert found is not None
    return found, rest


def lengths(a: Limbs) -> npt.NDArray[np.int64]:
    """How many digits magnitudes have; 0 of 0."""
    found = np.zeros(len(a[0]), np.int64)
    for place, limb in enumerate(a):
        digits = np.searchsorted(POWERS, limb, "right")
        found = np.where(limb > 0, digits + DIGITS * place, found)
    return found


def leads(a: Limbs) -> tuple[Limb, npt.NDArray[np.int64]]:
    """The two highest limbs of magnitudes as one number, and how many limbs stand below them."""
    if len(a) == 1:
        return a[0], np.zeros(len(a[0]), np.int64)
    values, below = a[1] * BASE + a[0], np.zeros(len(a[0]), np.int64)
    for place in range(2, len(a)):
        above = a[place] > 0
        values = np.where(above, a[place] * BASE + a[place - 1], values)
        below[above] = place - 1
    return values, below


def integers(a: Limbs) -> np.ndarray:
    """The numbers as Python's integers."""
    found = a[-1].astype(object)
    rest = list(a[:-1])
    while len(rest) >= 2:
        found = found * BASE**2 + (rest[-1] * BASE + rest[-2])
        del rest[-2:]
    return found * BASE + rest[0] if rest else found


def of_integers(values: np.ndarray) -> Limbs | None:
    """Python's integers as limbs; None where they have too many digits."""
    if not len(values):
        return (np.zeros(0, np.int64),)
    most = max(int(values.max()), -int(values.min()))
    if most >= BASE**MOST:
        return None
    made: list[Limb] = []
    left = values
    while most >= 2**62:
        above = left // BASE**2
        low = (left - above * BASE**2).astype(np.int64)
        carry = low // BASE
        made += [low - carry * BASE, carry]
        left, most = above, most // BASE**2 + 1
    return carried([*made, left.astype(np.int64)])


def taken(a: Limbs, index: npt.NDArray[np.int64]) -> Limbs:
    """The numbers at `index` (where it is below zero, any)."""
    return tuple(x.take(index, mode="clip") for x in a)


def same_count(parts: Sequence[Limbs]) -> list[Limbs]:
    """Several numbers with as many limbs each, the signs drawn out."""
    most = max(map(len, parts))
    return [widened(a, most) for a in parts]


def widened(a: Limbs, count: int) -> Limbs:
    """The numbers with so many limbs, the sign drawn out."""
    if len(a) == count:
        return a
    sign = np.where(a[-1] < 0, -1, 0)
    lowest = np.where(sign, a[-1] + BASE, a[-1])
    return (*a[:-1], lowest, *[np.where(sign, BASE - 1, 0)] * (count - len(a) - 1), sign)


def joined(parts: Sequence[Limbs]) -> Limbs:
    """Numbers one after another."""
    return tuple(np.concatenate(limbs) for limbs in zip(*same_count(parts), strict=True))
