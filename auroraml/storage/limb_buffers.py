"""Growing columns of exact numerics of many scales, or beyond int64: a buffer for each limb, one for the scales."""

from __future__ import annotations

import numpy as np

from auroraml.batch import Mask, NumericVector, limbs, limbs_of, of_limbs, shown
from auroraml.batch.limbs import Limbs
from auroraml.storage.buffer import Buffer


class LimbBuffers:
    """Values at the largest scale so far, and the scale each shows."""

    def __init__(self) -> None:
        self.most = 0
        self.parts: list[Buffer] = [Buffer(np.int64)]
        self.scales = Buffer(np.int16)

    def extend(self, vector: NumericVector) -> bool:
        """Append values; False, and nothing done, where they are not exact or limbs do not hold them."""
        found = limbs_of(vector)
        if found is None:
            return False
        most = max(self.most, found[1])
        old, new = limbs.shifted(self._limbs(), most - self.most), limbs.shifted(found[0], most - found[1])
        if old is None or new is None:
            return False
        if most > self.most or len(new) > len(self.parts):
            old, new = limbs.same_count([old, new])
            self.parts = [Buffer(np.int64) for _ in old]
            for part, values in zip(self.parts, old, strict=True):
                part.extend(values)
            self.most = most
        else:
            new = limbs.widened(new, len(self.parts))
        for part, values in zip(self.parts, new, strict=True):
            part.extend(values)
        self.scales.extend(np.broadcast_to(np.asarray(shown(vector), np.int16), (vector.n,)))
        return True

    def _limbs(self) -> Limbs:
        return tuple(part.view for part in self.parts)

    def vector(self, validity: Mask | None) -> NumericVector:
        """All values."""
        return of_limbs(self._limbs(), self.most, self.scales.view, validity)
