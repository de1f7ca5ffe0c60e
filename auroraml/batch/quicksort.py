"""PostgreSQL's qsort and its bounded heap: neither keeps equal items in order, and which order they leave them in shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

CHUNK = 65_536


def quick_sorted(keys: Sequence[int]) -> list[int]:
    """The places of `keys` in order (sort_template.h)."""
    order = list(range(len(keys)))
    _sort(order, 0, len(order), keys)
    return order


def _sort(a: list[int], start: int, n: int, key: Sequence[int]) -> None:
    while True:
        if all(key[a[i - 1]] <= key[a[i]] for i in range(start + 1, start + n)):
            return
        if n < 7:
            a[start : start + n] = sorted(a[start : start + n], key=key.__getitem__)  # insertion: stable
            return
        left, right = _parted(a, start, n, key)
        end = start + n
        if left <= right:
            if left > 1:
                _sort(a, start, left, key)
            if right <= 1:
                return
            start, n = end - right, right
        else:
            if right > 1:
                _sort(a, end - right, right, key)
            if left <= 1:
                return
            n = left


def _parted(a: list[int], start: int, n: int, key: Sequence[int]) -> tuple[int, int]:
    """Put what equals the pivot in the middle; how many are below and above it."""
    middle = _pivot(a, start, n, key)
    a[start], a[middle] = a[middle], a[start]
    pa = pb = start + 1
    pc = pd = start + n - 1
    pivot = key[a[start]]
    while True:
        while pb <= pc and key[a[pb]] <= pivot:
            if key[a[pb]] == pivot:
                a[pa], a[pb] = a[pb], a[pa]
                pa += 1
            pb += 1
        while pb <= pc and key[a[pc]] >= pivot:
            if key[a[pc]] == pivot:
                a[pc], a[pd] = a[pd], a[pc]
                pd -= 1
            pc -= 1
        if pb > pc:
            break
        a[pb], a[pc] = a[pc], a[pb]
        pb += 1
        pc -= 1
    end = start + n
    _swap(a, start, pb, min(pa - start, pb - pa))
    _swap(a, pb, end, min(pd - pc, end - pd - 1))
    return pb - pa, pd - pc


def _swap(a: list[int], first: int, end: int, count: int) -> None:
    """Exchange the `count` items from `first` on with those before `end`."""
    for i in range(count):
        a[first + i], a[end - count + i] = a[end - count + i], a[first + i]


def _pivot(a: list[int], start: int, n: int, key: Sequence[int]) -> int:
    def median(x: int, y: int, z: int) -> int:
        kx, ky, kz = key[a[x]], key[a[y]], key[a[z]]
        if kx < ky:
            return y if ky < kz else z if kx < kz else x
        return y if ky > kz else x if kx < kz else z

    low, middle, high = start, start + n // 2, start + n - 1
    if n > 40:
        step = n // 8
        low = median(low, low + step, low + 2 * step)
        middle = median(middle - step, middle, middle + step)
        high = median(high - 2 * step, high - step, high)
    return median(low, middle, high) if n > 7 else middle


class _Heap:
    """The smallest `bound` items, the largest of them on top."""

    def __init__(self, keys: npt.NDArray[np.int64], bound: int) -> None:
        self.key = keys
        self.bound = bound
        self.items: list[int] = []

    def insert(self, item: int) -> None:
        items, key = self.items, self.key
        items.append(item)
        j = len(items) - 1
        while j > 0 and key[item] > key[items[(j - 1) >> 1]]:
            items[j] = items[(j - 1) >> 1]
            j = (j - 1) >> 1
        items[j] = item

    def replace(self, item: int) -> None:
        """`item` in place of the top."""
        items, key, n, i = self.items, self.key, len(self.items), 0
        while (j := 2 * i + 1) < n:
            if j + 1 < n and key[items[j]] < key[items[j + 1]]:
                j += 1
            if key[item] >= key[items[j]]:
                break
            items[i] = items[j]
            i = j
        items[i] = item

    def drained(self) -> list[int]:
        """All items, smallest first."""
        found: list[int] = []
        while self.items:
            found.append(self.items[0])
            last = self.items.pop()
            if self.items:
                self.replace(last)
        return found[::-1]


def smallest(keys: npt.NDArray[np.int64], bound: int) -> list[int]:
    """The places of the `bound` smallest keys in order (tuplesort.c: make_bounded_heap); of equal ones those that the heap keeps."""
    heap = _Heap(keys, bound)
    for item in range(min(bound, len(keys))):
        heap.insert(item)
    for start in range(bound, len(keys), CHUNK):  # only keys below the top at the chunk's start are looked at one by one
        top = keys[heap.items[0]]
        for item in (np.flatnonzero(keys[start : start + CHUNK] < top) + start).tolist():
            if keys[item] < keys[heap.items[0]]:
                heap.replace(item)
    return heap.drained()
