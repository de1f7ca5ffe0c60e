"""Scratch: zeroed int32 buffers for look-up tables, kept for the next one, as mapping fresh memory takes longer than clearing it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SMALLEST, LARGEST = 1 << 18, 1 << 23  # numbers in a buffer that is kept
KEPT = 10_000_000  # numbers in all of them
SPARSE = 16  # so many times fewer numbers written than there are: they alone are cleared

Buffer = npt.NDArray[np.int32]
_free: list[Buffer] = []  # popping and appending are atomic, so that threads share it


def borrow(size: int) -> Buffer:
    """`size` zeros."""
    if not SMALLEST <= size <= LARGEST:
        return np.zeros(size, np.int32)
    for _ in range(len(_free)):
        try:
            buffer = _free.pop()
        except IndexError:  # another thread took it
            break
        if size <= len(buffer) <= 4 * size:
            return buffer[:size]
        _free.insert(0, buffer)
    return np.zeros((size // SMALLEST + 1) * SMALLEST, np.int32)[:size]


def give_back(buffer: Buffer, written: npt.NDArray[np.int64] | None) -> None:
    """Nobody looks at `buffer` any more; `written` says where it is not zero (None: anywhere)."""
    whole = buffer.base
    if not isinstance(whole, np.ndarray) or sum(map(len, list(_free))) + len(whole) > KEPT:
        return
    if written is None:
        buffer.fill(0)
    else:
        buffer[written] = 0
    _free.append(whole)
