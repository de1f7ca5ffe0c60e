"""The memory, or disk, that PostgreSQL's sort would have taken (tuplesort.c)."""

from __future__ import annotations

FIRST_SLOTS, SLOT = 1024, 24
ARRAY_HEADER, TUPLE_HEADER, CHUNK = 16, 16, 24  # of the array of slots; of a tuple kept; of the memory around it
ON_TAPE = 10  # bytes of a tuple's header that are not written


def kept(width: int) -> int:
    """Bytes of memory that one tuple of this data width takes."""
    return CHUNK + (TUPLE_HEADER + width + 7 & ~7)


def sort_space(rows: int, width: int, memory: int, *, most: int | None = None, by_value: bool = False) -> tuple[str, int]:
    """Memory or Disk, and kilobytes, for `rows` rows; `most` rows are kept by a top-N heapsort; `by_value`: one column, kept in its slot."""
    slots = FIRST_SLOTS
    held = rows if most is None else min(rows, most + 1)
    while slots <= held:
        slots *= 2
    each = 0 if by_value else kept(width)
    used = slots * SLOT + ARRAY_HEADER + held * each
    if used <= memory or most is not None:
        return "Memory", (used + 1023) // 1024
    return "Disk", (rows * (4 + TUPLE_HEADER + width - ON_TAPE) + 1023) // 1024
