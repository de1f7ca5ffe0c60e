"""Wide numerics: exact decimals in limbs where int64 does not hold them, and any tier of exact decimals as limbs."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal, localcontext
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from auroraml.batch import limbs as of
from auroraml.batch.limbs import Limbs
from auroraml.batch.vector import Datum, Index, ManyScales, Mask, NumericVector, Vector

Scales: TypeAlias = npt.NDArray[np.int16]
SCALES = of.MOST * of.DIGITS  # decimals up to which values are kept in limbs
EXACT = Context(prec=3 * SCALES, Emin=-200_000, Emax=200_000)  # holds any number in limbs


class WideNumeric(NumericVector):
    """numeric values in limbs at the scale `most`, each showing as many decimals as `scales` says (None: `most`); no NaN; objects only for who asks."""

    __slots__ = ("_objects", "limbs", "most", "scales")

    def __init__(self, limbs: Limbs, most: int, scales: Scales | None, validity: Mask | None = None) -> None:
        Vector.__init__(self, len(limbs[0]), validity)
        self.scale = None
        self.limbs = limbs
        self.most = most
        self.scales = scales
        self._objects: np.ndarray | None = None

    @property
    def values(self) -> np.ndarray:
        """decimal.Decimal objects."""
        if self._objects is None:
            made = np.empty(self.n, object)
            whole = of.integers(self.limbs)
            if self.scales is not None:
                tens = np.array([10**power for power in range(self.most + 1)], object)
                whole = whole // tens[self.most - self.scales]
            made[:] = list(map(Decimal, whole.tolist()))
            with localcontext(EXACT):
                if self.scales is None:
                    made = made * Decimal((0, (1,), -self.most))
                else:
                    units = np.array([Decimal((0, (1,), -scale)) for scale in range(self.most + 1)], object)
                    made = made * units[self.scales]
            self._objects = made
        return self._objects

    def take(self, index: Index, nullable: bool = False) -> NumericVector:
        validity = self._taken_validity(index, nullable)
        if not self.n:
            return NumericVector(np.zeros(len(index), np.int64), 0, np.zeros(len(index), np.bool_)) if index.size else self
        limbs, scales = of.taken(self.limbs, index), None if self.scales is None else self.scales.take(index, mode="clip")
        if nullable and validity is not None and index.min() < 0:
            limbs = tuple(np.where(index < 0, 0, limb) for limb in limbs)
        return WideNumeric(limbs, self.most, scales, validity)

    def slice(self, start: int, stop: int) -> NumericVector:
        scales = None if self.scales is None else self.scales[start:stop]
        validity = None if self.validity is None else self.validity[start:stop]
        return WideNumeric(tuple(limb[start:stop] for limb in self.limbs), self.most, scales, validity)

    def with_validity(self, validity: Mask | None) -> NumericVector:
        made = WideNumeric(self.limbs, self.most, self.scales, validity)
        made._objects = self._objects
        return made

    def datum(self, row: int) -> Datum | None:
        if self.validity is not None and not self.validity[row]:
            return None
        found: Datum = self.slice(row, row + 1).values[0] if self._objects is None else self._objects[row]
        return found

    def as_objects(self) -> NumericVector:
        return NumericVector(self.values, None, self.validity)


def limbs_of(vector: NumericVector) -> tuple[Limbs, int] | None:
    """The values as whole numbers at one scale, and that scale; None for Decimal objects."""
    if isinstance(vector, WideNumeric):
        return vector.limbs, vector.most
    if isinstance(vector, ManyScales):
        return of.of_whole(vector.whole), vector.most
    return None if vector.scale is None else (of.of_whole(vector.values), vector.scale)


def shown(vector: NumericVector) -> int | Scales:
    """How many decimals each value of exact ones shows: one number where all show as many."""
    if isinstance(vector, ManyScales):
        return vector.scales
    if isinstance(vector, WideNumeric):
        return vector.most if vector.scales is None else vector.scales
    return vector.scale or 0


def of_limbs(limbs: Limbs, most: int, scales: int | Scales, validity: Mask | None = None) -> NumericVector:
    """A numeric vector of whole numbers at the scale `most`, in the narrowest tier; the values show `scales` decimals, at most so many."""
    many = None if isinstance(scales, int) else scales
    if many is not None and len(many) != len(limbs[0]):
        many = np.broadcast_to(many, limbs[0].shape)
    if many is not None and (not len(many) or bool((many == most).all())):
        many = None
    whole = of.whole_of(limbs)
    if whole is None:
        return WideNumeric(limbs, most, many, validity)
    return NumericVector(whole, most, validity) if many is None else ManyScales(whole, most, many, validity)


def of_decimals(values: Sequence[Decimal], validity: Mask | None = None) -> NumericVector | None:
    """Finite values, each at its own scale; None where limbs do not hold them."""
    exponents = [exponent for value in values if isinstance(exponent := value.as_tuple().exponent, int)]
    most = -min(exponents, default=0)
    if most > SCALES or max(exponents, default=0) > 0 or any(value.adjusted() + most >= of.MOST * of.DIGITS for value in values):
        return None
    whole = np.empty(len(values), object)
    whole[:] = [int(value.scaleb(most, EXACT)) for value in values]  # they come as objects
    limbs = of.of_integers(whole)
    return None if limbs is None else of_limbs(limbs, most, np.array([-exponent for exponent in exponents], np.int16), validity)


def at_scale(vector: NumericVector, scale: int) -> Limbs | None:
    """The values of an exact vector as whole numbers at a scale not below its own; None where they are not exact or too large."""
    found = limbs_of(vector)
    return None if found is None else of.shifted(found[0], scale - found[1])


def aligned_limbs(vectors: Sequence[NumericVector]) -> tuple[int, list[Limbs]] | None:
    """The largest scale of several exact vectors and all their values at it; None where limbs do not hold that."""
    scales = [found[1] for v in vectors if (found := limbs_of(v)) is not None]
    if len(scales) < len(vectors):
        return None
    most = max(scales)
    made = [at_scale(v, most) for v in vectors]
    known = [limbs for limbs in made if limbs is not None]
    return (most, known) if len(known) == len(made) else None


def joined_wide(vectors: Sequence[NumericVector], validity: Mask | None) -> NumericVector | None:
    """Exact vectors one after another; None where limbs do not hold them."""
    found = aligned_limbs(vectors)
    if found is None:
        return None
    scales = np.concatenate([np.broadcast_to(np.asarray(shown(v), np.int16), (v.n,)) for v in vectors])
    return of_limbs(of.joined(found[1]), found[0], scales, validity)
