"""How much of a table TABLESAMPLE is likely to read (bernoulli.c, system.c: samplescangetsamplesize)."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from auroraml.ir import logical as l
from auroraml.planner.cost.numbers import clamp_rows
from auroraml.planner.level.level import Level
from auroraml.planner.level.relation import Relation

BY_PAGE: Final = frozenset({"system"})  # methods that choose pages, and take all rows of these
DEFAULT_SHARE: Final = 0.1


def sample_size(level: Level, relation: Relation, item: l.SampledItem) -> tuple[float, float]:
    """Pages and tuples, of those of the whole table."""
    share = _share(level, item)
    pages = clamp_rows(relation.pages * share) if item.method in BY_PAGE else relation.pages
    return pages, clamp_rows(relation.tuples * share)


def _share(level: Level, item: l.SampledItem) -> float:
    """The percentage as a fraction, both float4 as in C."""
    known = level.estimates.estimator.constant(item.arguments[0])
    share = DEFAULT_SHARE
    if known is not None and known.value is not None:
        percentage = float(str(known.value))
        if 0 <= percentage <= 100 and not math.isnan(percentage):
            return float(np.float32(percentage) / np.float32(100))
    return float(np.float32(share))
