"""Sizes after PostgreSQL's own compression of wide values, pglz (pg_lzcompress.c)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

HISTORY = 4095  # bytes that a match may reach back
LONGEST = 273
GOOD, DROP = 128, 10  # a match this long ends the search; by so many percent less is good enough with each candidate
FIRST_SUCCESS = 1024  # bytes of output without a match that end the attempt
SHORTEST_INPUT = 32
HEADER = 4  # of a compressed value, beside its length


@lru_cache(maxsize=4096)
def compressed_size(data: bytes, most: int) -> int | None:
    """The bytes that pglz makes of `data`, its header included; None where it is left as it is: less than a quarter would be saved.

    Sizes beyond `most` are all the same to the caller: the first one found is given. Byte by byte, as each match depends on those before.
    """
    n = len(data)
    if n < SHORTEST_INPUT:
        return None
    limit = n * 75 // 100
    mask = (512 if n < 128 else 1024 if n < 256 else 2048 if n < 512 else 4096 if n < 1024 else 8192) - 1
    before = _before(data, mask)
    size, items, at, matched = 0, 0, 0, False
    while at < n:
        if size >= limit or (not matched and size >= FIRST_SUCCESS):
            return None
        if size > most:
            return size + HEADER
        length = _match(data, at, before) if before[at] >= 0 else 0
        if items % 8 == 0:
            size += 1  # a byte of flags
        items += 1
        if length > 2:
            size += 3 if length > 17 else 2
            matched = True
        else:
            size += 1
            length = 1
        at += length
    return None if size >= limit or size + HEADER + 4 >= n - 2 else size + HEADER


def _before(data: bytes, mask: int) -> list[int]:
    """For each place the last one before it in the same history list: of the same hash of the next four bytes, signed, or near the end of its own."""
    signed = np.frombuffer(data, np.int8).astype(np.int32)
    slots = signed.copy()
    slots[:-3] = signed[:-3] << 6 ^ signed[1:-2] << 4 ^ signed[2:-1] << 2 ^ signed[3:]
    slots &= mask
    order = np.argsort(slots, kind="stable")
    found = np.full(len(data), -1, np.int64)
    found[order[1:]] = np.where(slots[order[1:]] == slots[order[:-1]], order[:-1], -1)
    return found.tolist()


def _match(data: bytes, at: int, before: Sequence[int]) -> int:
    """The length of the match taken at a place: the longest, or one good enough, from the newest candidate back."""
    candidate, oldest = before[at], at - HISTORY
    most = min(len(data) - at, LONGEST)
    best, good, wanted = 0, GOOD, data[at]
    while candidate > oldest and candidate >= 0:
        if data[candidate + best] == wanted and data[at : at + best] == data[candidate : candidate + best]:  # else it is no longer than the best
            best += _common(data, at + best, candidate + best, most - best)
            if best >= most:
                return best
            wanted = data[at + best]
        candidate = before[candidate]
        if best >= good:
            break
        good -= good * DROP // 100
    return best


def _common(data: bytes, one: int, other: int, most: int) -> int:
    """How many bytes from two places on are equal."""
    a, b = data[one : one + most], data[other : other + most]
    if a == b:
        return most
    bits = int.from_bytes(a, "little") ^ int.from_bytes(b, "little")
    return ((bits & -bits).bit_length() - 1) // 8
