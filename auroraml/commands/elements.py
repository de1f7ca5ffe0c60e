"""The elements of a column of arrays as ANALYZE counts them: the most common ones, and how many distinct ones an array has (array_typanalyze.c)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from auroraml.records import dataclass

Counts = npt.NDArray[np.int64]
ELEMENTS_PER_TARGET = 10


@dataclass(frozen=True, kw_only=True)
class Elements:
    """The common elements (their codes, ascending), their frequencies with minimum, maximum and share of arrays with NULL; the histogram of counts."""

    common: tuple[int, ...]
    frequencies: tuple[float, ...]
    counts: tuple[float, ...]


def count_elements(arrays: Counts, codes: Counts, number: int, with_null: int, target: int) -> Elements | None:
    """The elements of `number` arrays: `arrays` has the number of its array for each element that is not NULL, `codes` its rank among all values.

    `with_null` arrays have a NULL element. None where there are no arrays.
    """
    if not number:
        return None
    arrays, codes = _once(arrays, codes)
    frequencies, seen = _tracked(codes, target * ELEMENTS_PER_TARGET * 1000 // 7)  # the bucket array_typanalyze.c takes, for Zipf distributions
    n = len(codes)
    most = target * ELEMENTS_PER_TARGET
    least, greatest = (int(frequencies[seen].min()), int(frequencies[seen].max())) if len(seen) else (0, 0)
    if most < len(seen):
        seen = seen[np.argsort(-frequencies[seen], kind="stable")][:most]
        least = int(frequencies[seen[-1]])
    seen = np.sort(seen)
    numbers = (*(float(f) for f in frequencies[seen]), float(least), float(greatest), float(with_null)) if len(seen) else ()
    return Elements(
        common=tuple(int(code) for code in seen), frequencies=tuple(_single(f / number) for f in numbers),
        counts=_histogram(np.bincount(arrays, minlength=number), number, n, max(target, 2)),
    )  # fmt: skip


def _once(arrays: Counts, codes: Counts) -> tuple[Counts, Counts]:
    """Each element once an array, where it stands first."""
    width = int(codes.max(initial=0)) + 1
    first = np.sort(np.unique(arrays * width + codes, return_index=True)[1])
    return arrays[first], codes[first]


def _tracked(codes: Counts, bucket: int) -> tuple[Counts, Counts]:
    """Frequencies by code as lossy counting has them (elements seen rarely are forgotten after each bucket), and the codes above its cut-off."""
    size = int(codes.max(initial=-1)) + 1
    frequencies, missed = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for number, start in enumerate(range(0, len(codes), bucket)):
        part = codes[start : start + bucket]
        fresh = np.unique(part)
        missed[fresh[frequencies[fresh] == 0]] = number
        frequencies += np.bincount(part, minlength=size)
        if start + bucket <= len(codes):
            frequencies[frequencies + missed <= number + 1] = 0
    cutoff = 9 * len(codes) // bucket
    return frequencies, np.flatnonzero(frequencies > cutoff)


def _histogram(counts: Counts, number: int, elements: int, bounds: int) -> tuple[float, ...]:
    """Bounds at equal distances in the sorted list of the arrays' counts, then the average count."""
    ordered = np.sort(counts)
    found: list[float] = []
    values, sizes = np.unique(ordered, return_counts=True)
    place, left = 0, int(sizes[0]) * (bounds - 1)
    for _ in range(bounds):  # at most the statistics target
        while left <= 0:
            place += 1
            left += int(sizes[place]) * (bounds - 1)
        found.append(_single(float(values[place])))
        left -= number - 1
    return (*found, _single(elements / number))


def _single(value: float) -> float:
    return float(np.float32(value))
