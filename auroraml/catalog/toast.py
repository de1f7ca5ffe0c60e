"""Whether PostgreSQL would give a table a TOAST table: its rows may grow beyond a quarter of a page."""

from __future__ import annotations

from auroraml.ir.objects import Column, Relation

THRESHOLD = 2032  # bytes of a tuple beyond which values are compressed or moved out
BYTES_PER_CHARACTER = 4  # UTF-8
ALIGNMENTS = {"c": 1, "s": 2, "i": 4, "d": 8}


def _largest(column: Column) -> int | None:
    """The most bytes a value of a variable-length column takes; None where there is no bound."""
    typmod = column.typmod
    if typmod < 0:
        return None
    if column.type.name in ("varchar", "bpchar"):
        return (typmod - 4) * BYTES_PER_CHARACTER + 4
    if column.type.name == "numeric":
        precision = (typmod - 4) >> 16 & 0xFFFF
        return 8 + 2 * ((precision + 2 * 3) // 4 + 1)
    if column.type.name in ("bit", "varbit"):
        return 8 + (typmod + 7) // 8
    return None


def needs_toast(relation: Relation) -> bool:
    """Whether a TOAST table (and its empty index of one page) belongs to the relation."""
    live = [column for column in relation.columns if not column.dropped]
    if relation.kind not in "rm" or all(column.type.storage == "p" or column.type.length > 0 for column in live):
        return False
    length = 0
    for column in live:
        align = ALIGNMENTS.get(column.type.align, 4)
        length = (length + align - 1) // align * align
        size = column.type.length if column.type.length > 0 else _largest(column)
        if size is None:
            return True
        length += size
    header = (23 + (len(live) + 7) // 8 + 7) // 8 * 8
    return header + (length + 7) // 8 * 8 > THRESHOLD
